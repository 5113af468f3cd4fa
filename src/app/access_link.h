#ifndef EP_APP_ACCESS_LINK_H
#define EP_APP_ACCESS_LINK_H

#include "access/access.h"
#include "app/cli.h"

/* What the commands about access share: the warehouse's definitions, and a connection to its PostgreSQL as who administers it. */
typedef struct ep_access_link {
    ep_warehouse *w;
    ep_server *server;
    ep_access_target target;
    ep_arena arena;
} ep_access_link;

typedef ep_code (*ep_access_command)(ep_cli *cli, ep_access_link *link, ep_error *err);

/** Opens the definitions, runs, closes everything, gives the exit code. */
int ep_access_link_run(ep_cli *cli, ep_access_command command);
/** Connects to --connect, else ENTREPOT_CONNECT, else the warehouse's store, and finds the tables. EP_E_CONFIG when the store is no PostgreSQL. */
EP_CHECK ep_code ep_access_link_open(ep_cli *cli, ep_access_link *link, ep_error *err);
/** After the loader opened a warehouse on PostgreSQL to write: gives rights anew when its migration asks for it. Nothing for other stores. */
EP_CHECK ep_code ep_access_after_migration(const ep_warehouse *w, ep_error *err);
/** Writes one entry of category access into the journal: what was done, by whom. */
EP_CHECK ep_code ep_access_journal(ep_access_link *link, const char *event, const char *message,
                                   ep_error *err);

#endif

#ifndef EP_ACCESS_ACCESS_H
#define EP_ACCESS_ACCESS_H

#include "access/server.h"
#include "warehouse/plan.h"

/*
 * Who may read what on PostgreSQL, made from the contracts: a table with an owner column is cut by a policy to the rows of the seller who asks,
 * a public one is the same for all, and what is neither is not reachable. Docs: docs/access.md.
 */

/* Where the statements go: a server, or a text for psql. */
typedef struct ep_access_target {
    ep_server *server;    /* NULL: only the script is written */
    ep_buf *script;       /* NULL: none */
    const char *star;     /* schema of the star's tables */
    const char *database; /* name of the database */
    const char *loader;   /* role that owns the tables */
} ep_access_target;

/**
 * Finds in the connected database where the warehouse's tables lie and who owns them.
 * @param ret  gets server and names; the names live in `arena`.
 * @return EP_OK; EP_E_NOT_FOUND no table of this warehouse is there.
 */
EP_CHECK ep_code ep_access_find(const ep_plan *plan, ep_server *server, ep_arena *arena,
                                ep_access_target *ret, ep_error *err);

/* The three parts, each for another right: to make roles; the owner's; the superuser's. */
typedef enum ep_access_part {
    EP_ACCESS_ROLES,
    EP_ACCESS_GRANTS,
    EP_ACCESS_SERVER,
    EP_N_ACCESS_PARTS
} ep_access_part;

/**
 * Makes group roles (ROLES), schemas, policies, column grants and role views (GRANTS), or closes the engine's telling functions (SERVER). Each
 * part may be run again; GRANTS takes everything back first and is one transaction of its own.
 * @return EP_OK; EP_E_PERMISSION when the connected role lacks the right; what the store says.
 */
EP_CHECK ep_code ep_access_apply(const ep_plan *plan, const ep_access_target *target, ep_access_part part,
                                 ep_error *err);

/**
 * Runs GRANTS again when they no longer are what the contracts and the relations of the database ask for: after a migration, or when a contract
 * calls another column personal. Nothing happens where they were never applied, or nothing changed.
 * @param target  of ep_access_find(), connected as the owner of the tables.
 */
EP_CHECK ep_code ep_access_refresh(const ep_plan *plan, const ep_access_target *target, bool *ret_applied,
                                   ep_error *err);

/** The query that looks for mistakes: rows of rule, object, wrong, mend. No row is good. Thread: any. */
EP_CHECK ep_code ep_access_lint_sql(const ep_plan *plan, const char *star, ep_buf *ret, ep_error *err);

/* Queries over what a server shows everybody (sql/access/server.sql), to stand inside others: what closes it and what looks whether it is closed. */
typedef struct ep_access_server {
    ep_buf functions, views; /* that tell of others */
    ep_buf class_columns;    /* of pg_class that stay open */
} ep_access_server;
/** Zero-initialised before; ep_access_server_done() also after an error. */
EP_CHECK ep_code ep_access_server_init(ep_access_server *server, ep_error *err);
void ep_access_server_done(ep_access_server *server);

/* The ways a column may be open. */
typedef enum ep_audience { EP_FOR_INSIDE, EP_FOR_ANALYSTS, EP_FOR_SELLERS } ep_audience;
/** Who may read a physical column of a table, at most; EP_FOR_SELLERS are also analysts'. */
ep_audience ep_access_column(const ep_table *table, const char *column);
/** True when the contract calls the column personal, or it repeats one that is. */
bool ep_access_is_personal(const ep_table *table, const char *column);

/** Connections a seller's login may hold at a time, and milliseconds a statement of it may take. */
enum { EP_SELLER_CONNECTIONS = 5, EP_SELLER_STATEMENT_MS = 60000 };

#endif

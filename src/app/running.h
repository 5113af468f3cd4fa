#ifndef EP_APP_RUNNING_H
#define EP_APP_RUNNING_H

#include "app/cli.h"

/* What a process that writes does now, for those whom it locks out of a file: the engine lets nobody even read while it is open.
 * One line in data/running, which nothing depends on: it is written without sync, and when that fails there is none. */

/** Begins a note: the command, and since when. Nothing on a server, where nobody is locked out. */
void ep_running_begin(ep_cli *cli, const ep_warehouse *w);
/** Says how far it is, after what the beginning said. */
void ep_running_tell(const ep_cli *cli, const char *text);
/** Takes this process's note away. */
void ep_running_end(ep_cli *cli);
/** Adds to EP_E_BUSY what the process that it names says of itself, if it does. */
void ep_running_explain(const char *folder, ep_error *err);

#endif

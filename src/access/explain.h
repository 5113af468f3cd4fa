#ifndef EP_ACCESS_EXPLAIN_H
#define EP_ACCESS_EXPLAIN_H

#include "access/server.h"

/* What a role could read of one table or view when it was tried. Views into the caller's memory of one callback. */
typedef struct ep_probe {
    const char *schema, *name;
    const char *kind;                             /* table, view, ... */
    const char *const *readable, *const *refused; /* columns */
    size_t n_readable, n_refused;
    int64_t n_rows; /* that show, counted up to EP_PROBE_MAX_ROWS; -1 when nothing is readable */
} ep_probe;

enum { EP_PROBE_MAX_ROWS = 100000 };

typedef ep_code (*ep_probe_fn)(void *context, const ep_probe *probe, ep_error *err);

/**
 * Becomes `role` in a read-only transaction that is rolled back, and tries every column of every table and view outside the engine's catalogue: what is
 * told is what the server answered, not what grants seem to say. Needs a superuser, a member of the role, or a role that may grant it.
 * @return EP_E_NOT_FOUND no such role; EP_E_PERMISSION; what the server or `fn` says.
 */
EP_CHECK ep_code ep_access_explain(ep_server *server, const char *role, ep_probe_fn fn, void *context,
                                   ep_error *err);

#endif

#ifndef EP_ACCESS_GATE_H
#define EP_ACCESS_GATE_H

#include "base/str.h"

/*
 * What stands before the engine when a seller writes SQL: one SELECT and nothing else. The text is parsed by PostgreSQL's own parser
 * (libpg_query) and every node of the tree must be on a list of what is allowed, so a construct nobody thought of is refused. Row-level
 * security remains the boundary; the gate closes what it leaves open: EXPLAIN, statistics, sizes, settings, locks, names of roles.
 */

#define EP_GATE_MAX_BYTES 65536 /* of one statement */
#define EP_GATE_MAX_NODES 20000
#define EP_GATE_MAX_DEPTH 200

/**
 * Judges one statement. Nothing is run.
 *
 * @return EP_OK; EP_E_PERMISSION with err->field one of statement, construct, function, relation, type, column and a text that says what
 *         is not allowed and names it; EP_E_ARG for a text that is not SQL, not UTF-8 or holds a NUL; EP_E_LIMIT; EP_E_NOMEM.
 * Thread: any; libpg_query keeps its memory per thread.
 */
EP_CHECK ep_code ep_gate_check(ep_str sql, ep_error *err);

/** The lists, for the reference page and the tests: NULL after the last one. `which` is function, relation, type or construct. */
const char *const *ep_gate_list(const char *which);

/** True when `name` is on the list `which`. */
bool ep_gate_lists(const char *which, const char *name);

#endif

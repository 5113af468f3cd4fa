#ifndef EP_WAREHOUSE_VERIFY_H
#define EP_WAREHOUSE_VERIFY_H

#include "warehouse/warehouse.h"

/* Recounts and recomputes the invariants of the design that one warehouse can be held against by itself. */

typedef struct ep_verdict {
    int invariant; /* 0 the contract of what is computed inside, 1 conservation, 3 convergence, 4 as it was, 7 reconciliation */
    const char *check; /* what was compared */
    const char *table; /* or "" */
    int64_t n_offenders;
    const char *offenders[20]; /* the first of them; texts live until the callback returns */
} ep_verdict;

typedef struct ep_verify_options {
    /** Called once a check, good or not. */
    void (*verdict)(void *context, const ep_verdict *verdict);
    void *context;
} ep_verify_options;

/**
 * Runs all checks on a warehouse opened for reading or writing; makes temporary tables only.
 * Invariant 7 runs the queries of reconcile/: each gives the rows where two figures that must agree do not.
 * @param ret_broken  checks with offenders.
 */
EP_CHECK ep_code ep_verify(ep_warehouse *w, const ep_verify_options *options, int64_t *ret_broken,
                           ep_error *err);

#endif

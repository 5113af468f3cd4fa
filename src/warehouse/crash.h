#ifndef EP_WAREHOUSE_CRASH_H
#define EP_WAREHOUSE_CRASH_H

/* Named moments at which a test kills the process, as power loss would: ENTREPOT_CRASH=name or name:n for the n-th time. */
#define EP_CRASH_POINTS(X)                                                        \
    X("staged")    /* rows are in temporary tables */                             \
    X("archived")  /* the raw archive's file is in place, nothing is committed */ \
    X("merged")    /* history and facts are written, books are not */             \
    X("booked")    /* ledger and position are written, nothing is committed */    \
    X("committed") /* the transaction is durable, nothing was said yet */

/** Kills the process when the environment asks for it. */
void ep_crash_point(const char *name);

#endif

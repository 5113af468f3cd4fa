#ifndef EP_DECODE_FLAW_H
#define EP_DECODE_FLAW_H

#include "contract/contract.h"

/* Why one record cannot be decoded. Private to src/decode: ep_parser_run makes the detail from it. */
typedef struct ep_flaw {
    ep_reason_code reason;
    size_t at;        /* byte of the record's UTF-8 text, SIZE_MAX: the record as a whole */
    const char *what; /* constant text: what is wrong, what was expected */
    uint32_t n_cells; /* EP_R_RAGGED */
    bool no_memory;   /* not the record's fault: reason says nothing */
} ep_flaw;

/** Fills `flaw` and returns false, so that `return ep_flaw_set(...)` is the idiom. */
static inline bool ep_flaw_set(ep_flaw *flaw, ep_reason_code reason, size_t at, const char *what) {
    flaw->reason = reason;
    flaw->at = at;
    flaw->what = what;
    flaw->no_memory = false;
    return false;
}

/** The same when memory is lacking. */
static inline bool ep_flaw_no_memory(ep_flaw *flaw) {
    ep_flaw_set(flaw, EP_R_TOO_LARGE, SIZE_MAX, "there is not enough memory for this record");
    flaw->no_memory = true;
    return false;
}

#endif

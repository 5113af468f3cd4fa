#ifndef EP_CONTRACT_PLAIN_PATTERN_H
#define EP_CONTRACT_PLAIN_PATTERN_H

#include "base/str.h"

/* Patterns that are a row of ASCII characters and classes with counts ("c-[0-9]{5,}", the form of a UUID): matched from a table,
 * without a regular expression engine and without ever going back. What they say is what PCRE2 says about the same text. */

#define EP_PLAIN_POSITIONS 96
#define EP_PLAIN_TAILS     8
#define EP_PLAIN_CLASSES   32

typedef struct ep_plain_tail {
    uint32_t class_bit;
    uint32_t min, max; /* UINT32_MAX: no end */
} ep_plain_tail;

typedef struct ep_plain_pattern {
    uint32_t classes_of[256]; /* by byte: one bit a class that holds it */
    uint32_t
        position[EP_PLAIN_POSITIONS]; /* class bit of each of the first characters, which all must be there */
    uint32_t n_positions;
    /* The same for 16 or more positions whose classes are at most two ranges: 16 bytes at a time. */
    bool has_ranges;
    uint8_t low[2][EP_PLAIN_POSITIONS], high[2][EP_PLAIN_POSITIONS];
    ep_plain_tail tails[EP_PLAIN_TAILS]; /* then, each as often as it can */
    uint32_t n_tails;
} ep_plain_pattern;

/** False: not such a pattern (or not surely), use the engine. The pattern is known to be good. */
bool ep_plain_pattern_compile(ep_str regex, ep_plain_pattern *ret);
/** True when the whole of the valid UTF-8 text matches. */
bool ep_plain_pattern_match(const ep_plain_pattern *pattern, ep_str text);

#endif

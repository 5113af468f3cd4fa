#ifndef EP_BASE_ZONE_H
#define EP_BASE_ZONE_H

#include "base/time.h"

/* Inside of zones, for time*.c and zone*.c. Seconds count from 1970-01-01 UTC, offsets are seconds east of UTC. */

struct ep_zone_change {
    int64_t at_s;
    int32_t offset_s; /* from then on */
};

/* A day of every year and a time on it, as in POSIX TZ: 'M' is the week-th (5: last) weekday (0: Sunday) of a month; 'J' is
 * day 1..365 that never counts a 29th of February; 'N' is day 0..365 that does. */
struct ep_zone_day {
    char form;
    int month, week, weekday, day;
    int32_t time_s; /* local, may be negative or beyond 24 h */
};

struct ep_zone {
    char name[64];
    int32_t first_offset_s; /* before the first change */
    const struct ep_zone_change *changes;
    size_t n_changes;
    bool has_rule; /* after the last change */
    int32_t standard_s, summer_s;
    struct ep_zone_day start, end;
    const struct ep_zone *next; /* in the list of those found */
};

extern const ep_zone ep_zone_utc, ep_zone_paris, ep_zone_london;

/** The moment of a local time (both microseconds): false when a change of clocks skips it, the first when it comes twice. */
bool ep_zone_from_local(const ep_zone *zone, int64_t local_us, int64_t *ret_us);
/** The first moment of a local day. */
int64_t ep_zone_day_start(const ep_zone *zone, int32_t day);

/** Fills a zone from the bytes of a TZif file (RFC 8536); false when they are malformed or count leap seconds. `changes` comes
 * from ep_malloc. */
bool ep_zone_parse(const void *data, size_t len, ep_zone *ret);

/** The greatest integer not above value / by; by is positive. */
static inline int64_t ep_floor_div(int64_t value, int64_t by) {
    return value / by - (value % by < 0);
}

#endif

#ifndef EP_FEED_LANE_H
#define EP_FEED_LANE_H

#include "feed/expr.h"

/* The short way of an emit through records of one layout: where the value of each plain field stands. Private to src/feed. */

typedef struct ep_lane_field {
    const ep_contract_field *field;
    uint32_t node; /* 0: this field goes the long way (the object itself is no cell) */
} ep_lane_field;

typedef struct ep_lane {
    uint64_t layout;       /* 0: not made yet */
    ep_lane_field *fields; /* as the emit's */
} ep_lane;

/** One a emit of the feed. */
EP_CHECK ep_code ep_lanes_new(const ep_feed *feed, ep_lane **ret, ep_error *err);
void ep_lanes_free(ep_lane *lanes, const ep_feed *feed);

/** Looks up the emit's paths in the record at work, whose layout is not the lane's. */
void ep_lane_make(ep_lane *lane, const ep_emit *emit, ep_eval *c);

/** The lane of an emit in the record at work, or NULL when it must go the long way. */
static inline const ep_lane *ep_lane_of(ep_lane *lanes, const ep_emit *emit, ep_eval *c) {
    ep_lane *lane = &lanes[emit->id];
    if (c->doc->layout == 0 || emit->needs_cells || c->depth > 0 || c->scope[0] != 0)
        return NULL;
    if (lane->layout != c->doc->layout)
        ep_lane_make(lane, emit, c);
    return lane;
}

#endif

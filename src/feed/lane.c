#include "feed/lane.h"

ep_code ep_lanes_new(const ep_feed *feed, ep_lane **ret, ep_error *err) {
    ep_lane *lanes = ep_calloc(feed->n_emits, sizeof(*lanes));
    bool whole = lanes;
    for (size_t i = 0; whole && i < feed->n_emits; i++) {
        lanes[i].fields = ep_calloc(feed->emits[i].n_fields, sizeof(*lanes[i].fields));
        whole = lanes[i].fields;
    }
    if (!whole) {
        ep_lanes_free(lanes, feed);
        return ep_fail(err, EP_E_NOMEM, "out of memory for the feed %s", feed->name);
    }
    *ret = lanes;
    return EP_OK;
}

void ep_lanes_free(ep_lane *lanes, const ep_feed *feed) {
    for (size_t i = 0; lanes && i < feed->n_emits; i++)
        ep_free(lanes[i].fields);
    ep_free(lanes);
}

/* A path without modifiers, read the contract's own way; the owner has rules of its own. */
static bool is_short(const ep_emit *emit, const ep_emit_field *f) {
    return f->is_plain && !f->expr->typing && (int)f->field != emit->contract->owner &&
           emit->contract->fields[f->field].quick != EP_QUICK_NONE;
}

void ep_lane_make(ep_lane *lane, const ep_emit *emit, ep_eval *c) {
    for (size_t i = 0; i < emit->n_fields; i++) {
        const ep_emit_field *f = &emit->fields[i];
        uint32_t node = is_short(emit, f) ? ep_eval_path(c, &f->expr->as.path) : EP_NO_NODE;
        lane->fields[i] = (ep_lane_field){&emit->contract->fields[f->field], node == EP_NO_NODE ? 0 : node};
    }
    lane->layout = c->doc->layout;
}

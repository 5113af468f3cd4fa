#ifndef EP_FEED_EXPR_H
#define EP_FEED_EXPR_H

#include "feed/model.h"

/* Evaluating mapping expressions and conditions of one record: what both need to know, filled by the runner. */

/* A failure whose reason stands elsewhere already: a field that this one needs could not be read. */
#define EP_R_QUIET ((ep_reason_code)EP_N_REASONS)

/* How often a text was seen in the record. */
typedef struct ep_seen ep_seen;

/* What a path found last time: items of a list ask the scopes around them the same things again and again. */
typedef struct ep_found {
    uint32_t round, from, node;
} ep_found;

/* Where a path leads to in records of one layout. */
typedef struct ep_slot {
    uint64_t layout;
    uint32_t node;
} ep_slot;

typedef struct ep_eval {
    const ep_feed *feed;
    const ep_doc *doc;
    uint32_t scope[EP_MAX_SCOPES]; /* node of the record, of the list item, of the item inside it ... */
    uint32_t depth;                /* the current one */
    uint32_t *hints;
    ep_found *found; /* by path id */
    ep_slot *slots;  /* by path id */
    uint32_t round;  /* of the record: what was found before is stale */
    ep_arena *arena; /* the unit's */
    ep_regex_run *run;
    ep_buf *scratch;
    ep_seen *seen;
    /* coordinates */
    const ep_raw *raw;
    const ep_feed_meta *meta;
    ep_str source, seller, received_at; /* copies in the arena, ptr NULL until asked for */
    /* the row */
    const ep_cell *cells; /* mapped fields by contract field */
    const uint64_t *failed;
    ep_str owner; /* once it is known */
    bool owner_is_platform;
    uint32_t emit;
    bool has_event_time, event_time_failed;
    int64_t event_time;
    /* out */
    const char *detail; /* of the last failure */
    bool no_memory;
} ep_eval;

/** @return EP_R_NONE with *ret; a reason with c->detail; EP_R_QUIET, also when memory ran out (c->no_memory). */
ep_reason_code ep_expr_eval(ep_eval *c, const ep_expr *expr, ep_cell *ret);
/** The value of a node as a cell. */
static inline void ep_cell_of_node(const ep_doc *doc, uint32_t node, ep_cell *ret) {
    static const uint8_t kinds[] = {[EP_N_BOOL] = EP_RAW_BOOL,
                                    [EP_N_NUMBER] = EP_RAW_NUMBER,
                                    [EP_N_TEXT] = EP_RAW_TEXT,
                                    [EP_N_ARRAY] = EP_RAW_JSON,
                                    [EP_N_OBJECT] = EP_RAW_JSON};
    if (node == EP_NO_NODE) {
        *ret = (ep_cell){.state = EP_ABSENT};
        return;
    }
    const ep_node *n = &doc->nodes[node];
    *ret = (ep_cell){.text = {n->text, n->text_len},
                     .state = n->kind == EP_N_NULL ? EP_NULL : EP_VALUE,
                     .kind = kinds[n->kind],
                     .is_clean = true};
}
/** A meta value; EP_ABSENT when there is none. */
void ep_meta_eval(ep_eval *c, ep_meta meta, ep_cell *ret);
/** Node that a path leads to from the current scope, or EP_NO_NODE. */
static inline uint32_t ep_eval_path(const ep_eval *c, const ep_path *path) {
    if (path->n_up > c->depth)
        return EP_NO_NODE;
    uint32_t scope = path->from_root ? 0 : c->depth - path->n_up, from = c->scope[scope];
    if (c->doc->layout != 0 && from == 0) {
        ep_slot *slot = &c->slots[path->id];
        if (slot->layout != c->doc->layout)
            *slot = (ep_slot){c->doc->layout, ep_path_walk(path, c->doc, from, c->hints)};
        return slot->node;
    }
    if (scope == c->depth)
        return ep_path_walk(path, c->doc, from, c->hints);
    ep_found *found = &c->found[path->id];
    if (found->round != c->round || found->from != from)
        *found = (ep_found){c->round, from, ep_path_walk(path, c->doc, from, c->hints)};
    return found->node;
}
/** Keeps `reason` with a text for `c->detail`. */
ep_reason_code ep_eval_fail(ep_eval *c, ep_reason_code reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** @return EP_R_NONE with *ret; else as above (a field it asks for could not be read; a pattern that takes too long). */
ep_reason_code ep_cond_eval(ep_eval *c, const ep_cond *cond, bool *ret);

/** Splitting, patterns, code lists, case, sign, default. */
ep_reason_code ep_mods_apply(ep_eval *c, const ep_mods *mods, ep_cell *cell);

/** Counters by (tag, text), forgotten at each record. */
EP_CHECK ep_code ep_seen_new(ep_seen **ret, ep_error *err);
void ep_seen_free(ep_seen **seen);
void ep_seen_reset(ep_seen *seen);
/** The entry's value, new ones are `first`; `text` must live until the reset. NULL when out of memory. */
uint32_t *ep_seen_find(ep_seen *seen, uint64_t tag, ep_str owner, ep_str text, uint32_t first);

#endif

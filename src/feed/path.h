#ifndef EP_FEED_PATH_H
#define EP_FEED_PATH_H

#include "decode/node.h"

#include <string.h>

/* Paths into a record: the subset of RFC 9535 that names one value (name, .name, ['name'], [n]), with the prefixes `^.` (the
 * scope around this one, may be repeated) and `$.` (the record). `[*]` only in `each`, where every star opens a scope. */

#define EP_MAX_PATH_STEPS 32
#define EP_MAX_SCOPES     8
#define EP_NO_NODE        UINT32_MAX

typedef struct ep_step {
    const char *name; /* member; NULL: an index */
    uint32_t name_len;
    uint32_t hint; /* slot in the runner's hints */
    int32_t index; /* negative: from the end */
} ep_step;

typedef struct ep_path {
    const char *text; /* as written */
    uint32_t id;      /* equal for paths of a feed that look the same from the same scope */
    bool from_root;
    uint32_t n_up;
    uint32_t n_steps;
    ep_step *steps;
} ep_path;

/* `items[*]`, `$.orders[*].items[*]`: one path a star, each relative to the scope that the one before opened. */
typedef struct ep_each {
    const char *text;
    ep_path levels[EP_MAX_SCOPES - 1];
    uint32_t n_levels;
    bool is_list; /* false: no star, the one value itself (only `records.each`) */
} ep_each;

/**
 * Compiles a path; all of it lives in `arena`. Every member step takes one of `*n_hints` slots.
 * @param ret_wrong  NULL when the path is good, else what is wrong with it (arena text or constant).
 * @return EP_OK also for a bad path; EP_E_NOMEM.
 */
EP_CHECK ep_code ep_path_compile(ep_str text, ep_arena *arena, uint32_t *n_hints, ep_path *ret,
                                 const char **ret_wrong, ep_error *err);
EP_CHECK ep_code ep_each_compile(ep_str text, ep_arena *arena, uint32_t *n_hints, ep_each *ret,
                                 const char **ret_wrong, ep_error *err);

/* The rest is the short way through flat objects whose members stand where they stood last time. */

/** True when the node is the member that the step names. */
static inline bool ep_step_names(const ep_step *step, const ep_node *node) {
    return node->key_len == step->name_len && ep_bytes_eq(step->name, node->key, step->name_len);
}

/** A member by name, wherever it stands; EP_NO_NODE when there is none. */
uint32_t ep_step_search(const ep_step *step, const ep_doc *doc, uint32_t object, uint32_t *hints);

/** The same, first looking where it stood last time. */
static inline uint32_t ep_step_member(const ep_step *step, const ep_doc *doc, uint32_t object,
                                      uint32_t *hints) {
    const ep_node *node = &doc->nodes[object];
    uint32_t hint = hints ? hints[step->hint] : UINT32_MAX;
    if (hint < node->n_children && node->end == object + 1 + node->n_children && node->kind == EP_N_OBJECT &&
        ep_step_names(step, node + 1 + hint))
        return object + 1 + hint;
    return ep_step_search(step, doc, object, hints);
}

/** Follows the steps from a node; EP_NO_NODE when a step leads nowhere. `hints` may be NULL. */
uint32_t ep_path_walk_far(const ep_path *path, const ep_doc *doc, uint32_t from, uint32_t *hints);
static inline uint32_t ep_path_walk(const ep_path *path, const ep_doc *doc, uint32_t from, uint32_t *hints) {
    if (path->n_steps == 1 && path->steps[0].name)
        return ep_step_member(&path->steps[0], doc, from, hints);
    return ep_path_walk_far(path, doc, from, hints);
}

#endif

#ifndef EP_FEED_PATH_H
#define EP_FEED_PATH_H

#include "decode/node.h"

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

/** Follows the steps from a node; EP_NO_NODE when a step leads nowhere. `hints` may be NULL. */
uint32_t ep_path_walk(const ep_path *path, const ep_doc *doc, uint32_t from, uint32_t *hints);

#endif

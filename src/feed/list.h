#ifndef EP_FEED_LIST_H
#define EP_FEED_LIST_H

#include "contract/yaml.h"

/* A code list: external text -> internal text, some lines only for a time [from, to). Immutable once sealed. */
typedef struct ep_list_line {
    ep_str external, internal;
    bool is_null; /* the code means NULL */
    int64_t from, to;
    int line; /* in its file */
} ep_list_line;

typedef struct ep_list {
    const char *name, *file; /* "" and the feed's file for an inline list */
    ep_list_line *lines;     /* sorted by (external, from) once sealed */
    size_t n_lines, capacity;
    uint32_t *slots; /* 1 + first line of a text, 0 empty */
    uint64_t slot_mask;
    bool dated;
    char hash[65]; /* SHA-256 of the file's bytes, "" for inline lists */
} ep_list;

/** Adds `key: value` members of a map. Wrong ones become lints. */
EP_CHECK ep_code ep_list_add_map(ep_list *list, const ep_yaml_node *map, ep_arena *arena, ep_lints *lints,
                                 ep_error *err);
/** Reads NAME.yaml or NAME.csv of a folder; `*ret_found` false when there is neither. */
EP_CHECK ep_code ep_list_load(ep_list *list, const char *folder, ep_arena *arena, bool *ret_found,
                              ep_lints *lints, ep_error *err);
/** Sorts, checks for overlaps and builds the table; call once. */
EP_CHECK ep_code ep_list_seal(ep_list *list, ep_arena *arena, ep_lints *lints, ep_error *err);
/** Frees what is not in the arena; needed only when a list was not sealed. */
void ep_list_done(ep_list *list);

/** The line of a text at a moment (only dated lists look at it), or NULL. */
const ep_list_line *ep_list_find(const ep_list *list, ep_str text, int64_t at_us);

#endif

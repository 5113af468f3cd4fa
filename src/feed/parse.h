#ifndef EP_FEED_PARSE_H
#define EP_FEED_PARSE_H

#include "contract/yaml.h"
#include "feed/model.h"

/* Inside of reading a feed file. What is wrong becomes a lint and the reading goes on, so that one run shows everything; the functions
 * return an error only when memory runs out. Private to src/feed. */
typedef struct ep_feed_reader {
    ep_feed *feed;
    const ep_contracts *contracts;
    const char *lists_folder;
    const char *file;
    ep_lints *lints;
    ep_error *err;
    const ep_yaml_node *lists; /* the feed's own code lists */
    /* where the reading stands */
    const ep_contract *contract; /* of the emit, or NULL */
    uint32_t field;              /* mapped at the moment, or EP_NO_FIELD */
    const ep_yaml_node *fields;  /* the emit's map of fields; NULL: fields may not be named here */
    uint32_t depth;              /* scopes around this place that `^.` reaches */
    uint32_t nesting;            /* of mappings in mappings */
    ep_emit *emit;
    uint64_t *needs;  /* bits of the fields that this one needs */
    bool needs_owner; /* {occurrence} */
    bool needs_time;  /* a dated code list */
    bool uses_item;   /* a path of the innermost scope */
} ep_feed_reader;

#define EP_MAX_NESTING 16

/** Adds an error at a node. */
EP_CHECK ep_code ep_read_wrong(ep_feed_reader *reader, const ep_yaml_node *node, const char *code,
                               const char *format, ...) __attribute__((format(printf, 4, 5)));
/** False, with a lint, when `node` is no map; unknown keys become lints. */
EP_CHECK ep_code ep_read_keys(ep_feed_reader *reader, const ep_yaml_node *node, const char *section,
                              bool *ret_is_map);
/** Copies of scalars into the feed's arena; anything else is a lint and leaves *ret. Text ends in NUL. */
EP_CHECK ep_code ep_read_text(ep_feed_reader *reader, const ep_yaml_node *node, ep_str *ret);
EP_CHECK ep_code ep_read_bool(ep_feed_reader *reader, const ep_yaml_node *node, bool *ret);
EP_CHECK ep_code ep_read_int(ep_feed_reader *reader, const ep_yaml_node *node, int64_t min, int64_t max,
                             int64_t *ret);
/** One of some words, separated by blanks: its number, -1 with a lint. A null counts as the word "null". */
EP_CHECK ep_code ep_read_word(ep_feed_reader *reader, const ep_yaml_node *node, const char *words, int *ret);
EP_CHECK ep_code ep_read_path(ep_feed_reader *reader, const ep_yaml_node *node, ep_str text, ep_path *ret);
EP_CHECK ep_code ep_read_regex(ep_feed_reader *reader, const ep_yaml_node *node, bool whole,
                               const ep_regex **ret);
EP_CHECK ep_code ep_read_meta(ep_feed_reader *reader, const ep_yaml_node *node, ep_str name, ep_meta *ret);
/** A field of this emit that a template or condition names; remembers that it is needed. EP_NO_FIELD with a lint. */
EP_CHECK ep_code ep_read_field_name(ep_feed_reader *reader, const ep_yaml_node *node, ep_str name,
                                    uint32_t *ret);

/** `*ret` stays NULL when the mapping or condition is wrong. */
EP_CHECK ep_code ep_read_mapping(ep_feed_reader *reader, const ep_yaml_node *node, const ep_expr **ret);
EP_CHECK ep_code ep_read_cond(ep_feed_reader *reader, const ep_yaml_node *node, const ep_cond **ret);
EP_CHECK ep_code ep_read_template(ep_feed_reader *reader, const ep_yaml_node *node, ep_template *ret);
EP_CHECK ep_code ep_read_mods(ep_feed_reader *reader, const ep_yaml_node *map, const ep_mods **ret);
EP_CHECK ep_code ep_read_typing(ep_feed_reader *reader, const ep_yaml_node *map, const ep_typing **ret);
EP_CHECK ep_code ep_read_list(ep_feed_reader *reader, const ep_yaml_node *node, const ep_list **ret);
EP_CHECK ep_code ep_read_emits(ep_feed_reader *reader, const ep_yaml_node *node);
EP_CHECK ep_code ep_read_checks(ep_feed_reader *reader, const ep_yaml_node *node);
EP_CHECK ep_code ep_read_decode(ep_feed_reader *reader, const ep_yaml_node *node);

/** What can only be said of a whole emit: fields that are missing. */
EP_CHECK ep_code ep_feed_lint_emit(ep_feed_reader *reader, const ep_emit *emit, const ep_yaml_node *node);
/** The word nearest to a mistyped key of a section, or "". */
void ep_feed_nearest_key(const char *section, const char *key, char out[64]);
bool ep_feed_has_key(const char *section, const char *key);

/** Fills the feed's hash: its bytes, its code lists', its contracts'. */
EP_CHECK ep_code ep_feed_make_hash(ep_feed *feed, ep_str text, ep_error *err);

#define EP_READ_NOMEM(reader) ep_fail((reader)->err, EP_E_NOMEM, "out of memory reading %s", (reader)->file)

#endif

#ifndef EP_CONTRACT_YAML_H
#define EP_CONTRACT_YAML_H

#include "contract/contract.h"

/* YAML 1.2 (core schema) as a read-only tree with places. Contracts, feeds and settings are read through it.
 * Refused, each with its place: aliases (they make small files huge), tags other than !!str, keys that are no plain
 * text, the same key twice in one map, a second document, text that is not UTF-8, and what passes the limits. */

#define EP_YAML_MAX_BYTES ((size_t)4 << 20)
#define EP_YAML_MAX_NODES 200000
#define EP_YAML_MAX_DEPTH 48

typedef enum ep_yaml_kind {
    EP_Y_NULL,  /* null, ~ or nothing at all */
    EP_Y_BOOL,  /* true, false: `yes` and `on` are text */
    EP_Y_INT,   /* whole numbers; `text` is decimal, also for 0x1F and 0o17 that fit 64 bits */
    EP_Y_FLOAT, /* `text` in JSON syntax (".5" became "0.5"), or .inf, .nan */
    EP_Y_TEXT,  /* every quoted scalar, and plain ones that are none of the above: dates too */
    EP_Y_LIST,
    EP_Y_MAP
} ep_yaml_kind;

typedef struct ep_yaml_node ep_yaml_node;
struct ep_yaml_node {
    ep_yaml_kind kind;
    bool boolean;             /* of EP_Y_BOOL */
    int line, column;         /* 1-based, of the value; column counts characters */
    int key_line, key_column; /* of the key, in a map; else those of the value */
    const char *key;          /* in a map, else NULL; ends in NUL */
    ep_str text;              /* scalars; ends in NUL (not counted) */
    size_t n;                 /* items or members */
    const ep_yaml_node *first, *next;
    const ep_yaml_node *const *sorted; /* members of a large map by key, NULL for small ones */
};

typedef struct ep_yaml ep_yaml;

/**
 * Parses one document. What is wrong goes to `lints` as an error with its place in `file`; nothing is printed.
 * The tree copies what it needs: `text` may go.
 * @return EP_OK; EP_E_CONFIG with at least one lint; EP_E_NOMEM.
 */
EP_CHECK ep_code ep_yaml_parse(const char *file, ep_str text, ep_yaml **ret, ep_lints *lints, ep_error *err);
void ep_yaml_free(ep_yaml **yaml);
/** Never NULL: an empty document has a null root. */
const ep_yaml_node *ep_yaml_root(const ep_yaml *yaml);

/** Member of a map; NULL when there is none, or `map` is NULL or no map. */
const ep_yaml_node *ep_yaml_get(const ep_yaml_node *map, const char *key);
/** Item of a list or map by place; NULL beyond the end. Linear: loop over ->first and ->next instead. */
const ep_yaml_node *ep_yaml_at(const ep_yaml_node *list, size_t index);
bool ep_yaml_is_number(const ep_yaml_node *node);
bool ep_yaml_is_scalar(const ep_yaml_node *node); /* null too; false for a NULL pointer */
/** Whole number; false when it is none or beyond 64 bits. */
bool ep_yaml_int(const ep_yaml_node *node, int64_t *ret);
/** For messages: "text", "a whole number", "a list" ... */
const char *ep_yaml_kind_text(ep_yaml_kind kind);

#endif

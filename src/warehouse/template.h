#ifndef EP_WAREHOUSE_TEMPLATE_H
#define EP_WAREHOUSE_TEMPLATE_H

#include "base/asset.h"

/*
 * SQL lives in .sql files cut into sections by lines "-- :name". Names of tables and columns, which come from contracts, are filled in by a
 * template so small that the SQL stays readable:
 *   {{name}}                      a scalar
 *   {{list|separator|item}}       each item of a list, `item` with placeholders, joined by the separator
 *   {{name?}} .. {{else}} .. {{end}}   kept when the scalar or list is not empty (not nested)
 * Placeholders: $ the item (a quoted identifier or an expression), $bit its mask, and identifiers made of its name: $from, $f, $now,
 * $previous.
 */

typedef struct ep_sql_item {
    const char *name; /* bare name */
    const char *sql;  /* quoted identifier or expression */
    int64_t bit;      /* mask in _present, 0 when it has none */
} ep_sql_item;

typedef struct ep_sql_list {
    ep_sql_item *items;
    size_t n, capacity;
} ep_sql_list;

typedef struct ep_sql_var {
    const char *name;
    const char *text;        /* scalar, or NULL */
    const ep_sql_list *list; /* list, or NULL */
} ep_sql_var;

/** Appends an item whose texts are copied into the arena; sql NULL makes the quoted identifier of the name. */
EP_CHECK ep_code ep_sql_list_add(ep_sql_list *list, ep_arena *arena, const char *name, const char *sql,
                                 int64_t bit, ep_error *err);
void ep_sql_list_done(ep_sql_list *list);

/**
 * Renders section `section` of the embedded file `asset` ("sql/history.sql") behind what `ret` holds. An unknown file, section or
 * variable is EP_E_BUG: names are ours.
 */
EP_CHECK ep_code ep_sql_render(const char *asset, const char *section, const ep_sql_var *vars, size_t n_vars,
                               ep_buf *ret, ep_error *err);
/** Fills ${name} in a text that a user wrote (derive/, marts/): scalars only. `origin` is its file, named in errors; an unknown variable is
 * EP_E_CONFIG. */
EP_CHECK ep_code ep_sql_render_text(const char *origin, ep_str text, const ep_sql_var *vars, size_t n_vars,
                                    ep_buf *ret, ep_error *err);

#endif

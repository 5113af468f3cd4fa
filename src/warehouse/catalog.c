#include "warehouse/catalog.h"

#include <string.h>

void ep_catalog_done(ep_catalog *c) {
    ep_free(c->items);
    ep_free(c->bits);
    ep_arena_done(&c->arena);
}

const ep_installed *ep_catalog_find(const ep_catalog *c, const char *table, const char *column) {
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->items[i].table, table) == 0 && (!column || strcmp(c->items[i].column, column) == 0))
            return &c->items[i];
    return NULL;
}

ep_code ep_catalog_load(ep_warehouse *w, ep_catalog *ret, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_store_query(
        w->store,
        "select table_name, column_name, type_text, present_bit, history from books.schema_column order by table_name, ordinal",
        NULL, 0, &cursor, err));
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            break;
        EP_TRY(ep_grow((void **)&ret->items, &ret->capacity, ret->n + 1, sizeof *ret->items, err));
        char *texts[3];
        for (size_t i = 0; i < 3; i++) {
            ep_value v = ep_cursor_get(cursor, i);
            if (!(texts[i] = ep_arena_strndup(&ret->arena, v.text.ptr, v.text.len)))
                return ep_fail(err, EP_E_NOMEM, "out of memory for the catalogue");
        }
        ret->items[ret->n++] = (ep_installed){texts[0], texts[1], texts[2], ep_cursor_get(cursor, 3).i64,
                                              ep_cursor_get(cursor, 4).i64};
    }
    if (!(ret->bits = ep_calloc(ret->n + 1, sizeof *ret->bits)))
        return ep_fail(err, EP_E_NOMEM, "out of memory for the catalogue");
    for (size_t i = 0; i < ret->n; i++)
        ret->bits[i] = (ep_known_bit){ret->items[i].table, ret->items[i].column, ret->items[i].bit};
    return EP_OK;
}

bool ep_catalog_in_key(const ep_table *t, size_t field) {
    for (size_t k = 0; t->keyed && k < t->contract->n_key; k++)
        if (t->contract->key[k] == (int)field)
            return true;
    return false;
}

int64_t ep_catalog_history(const ep_table *t, size_t field) {
    return ep_catalog_in_key(t, field) ? -1 : (int64_t)t->contract->fields[field].history;
}

ep_code ep_catalog_type(ep_warehouse *w, const ep_column_def *column, ep_buf *ret, ep_error *err) {
    ep_store_put_type(w->store, column, ret);
    return ep_buf_check(ret, err);
}

static ep_code column_agrees(ep_warehouse *w, const ep_catalog *c, const ep_table *t, size_t f,
                             ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf type = {0};
    const ep_contract_field *field = &t->contract->fields[f];
    const ep_installed *is = ep_catalog_find(c, t->name, field->name);
    EP_TRY(ep_catalog_type(w, &t->contract->schema.columns[f], &type, err));
    if (is && strcmp(is->type, type.data) == 0 && is->history == ep_catalog_history(t, f))
        return EP_OK;
    return ep_fail_field(
        err, EP_E_CONFLICT, field->name,
        "%s:%d: %s.%s is %s in the tables; bring them up to the contracts first: entrepot migrate",
        t->contract->file, field->line, t->name, field->name, is ? "of another type or history" : "not yet");
}

ep_code ep_catalog_agrees(ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(ep_catalog_done) ep_catalog c = {0};
    EP_TRY(ep_catalog_load(w, &c, err));
    for (size_t i = 0; i < w->plan->n; i++)
        for (size_t f = 0; f < w->plan->tables[i].contract->n_fields; f++)
            EP_TRY(column_agrees(w, &c, &w->plan->tables[i], f, err));
    return EP_OK;
}

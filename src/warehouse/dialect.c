#include "warehouse/dialect.h"

static const struct dialect {
    const char *text, *blob;
    const char *match_head, *match_middle, *match_tail; /* around column and pattern */
    const char *pattern_head, *pattern_tail;
} dialects[] = {
    [EP_ENGINE_DUCKDB] = {"varchar", "blob", "regexp_full_match(cast(", " as text), ", ")", "", ""},
    [EP_ENGINE_POSTGRES] = {"text collate \"C\"", "bytea", "(cast(", " as text) ~ ", ")", "^(?:", ")$"},
};

void ep_dialect_vars(const ep_store *store, ep_sql_var *vars) {
    const struct dialect *d = &dialects[ep_store_engine(store)];
    vars[0] = (ep_sql_var){"text", d->text, NULL};
    vars[1] = (ep_sql_var){"blob", d->blob, NULL};
}

void ep_dialect_put_match(const ep_store *store, const char *column, const char *pattern, ep_buf *ret) {
    const struct dialect *d = &dialects[ep_store_engine(store)];
    EP_CLEANUP(ep_buf_done) ep_buf whole = {0};
    ep_buf_puts(&whole, d->pattern_head);
    ep_buf_puts(&whole, pattern);
    ep_buf_puts(&whole, d->pattern_tail);
    ep_buf_puts(ret, d->match_head);
    ep_buf_put_ident(ret, ep_str_from(column));
    ep_buf_puts(ret, d->match_middle);
    ep_buf_put_literal(ret, (ep_str){whole.data, whole.len});
    ep_buf_puts(ret, d->match_tail);
    ret->failed = ret->failed || whole.failed;
}

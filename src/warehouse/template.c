#include "warehouse/template.h"

#include <inttypes.h>
#include <string.h>

ep_code ep_sql_list_add(ep_sql_list *list, ep_arena *arena, const char *name, const char *sql, int64_t bit,
                        ep_error *err) {
    EP_TRY(ep_grow((void **)&list->items, &list->capacity, list->n + 1, sizeof *list->items, err));
    EP_CLEANUP(ep_buf_done) ep_buf quoted = {0};
    if (!sql) {
        ep_buf_put_ident(&quoted, ep_str_from(name));
        EP_TRY(ep_buf_check(&quoted, err));
        sql = quoted.data;
    }
    ep_sql_item item = {ep_arena_strndup(arena, name, strlen(name)),
                        ep_arena_strndup(arena, sql, strlen(sql)), bit};
    if (!item.name || !item.sql)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a column list");
    list->items[list->n++] = item;
    return EP_OK;
}

void ep_sql_list_done(ep_sql_list *list) {
    ep_free(list->items);
    *list = (ep_sql_list){0};
}

static const ep_sql_var *find_var(const ep_sql_var *vars, size_t n_vars, ep_str name) {
    for (size_t i = 0; i < n_vars; i++)
        if (ep_str_is(name, vars[i].name))
            return &vars[i];
    return NULL;
}

static void put_made_name(ep_buf *out, const char *prefix, const char *name) {
    ep_buf_puts(out, "\"");
    ep_buf_puts(out, prefix);
    ep_buf_puts(out, name);
    ep_buf_puts(out, "\"");
}

static void put_item(ep_buf *out, ep_str pattern, const ep_sql_item *item) {
    static const struct {
        const char *word, *prefix;
    } made[] = {{"$from", "_from_"}, {"$now", "_now_"}, {"$previous", "previous_"}, {"$f", "_f_"}};
    for (size_t i = 0; i < pattern.len;) {
        ep_str rest = {pattern.ptr + i, pattern.len - i};
        if (rest.ptr[0] != '$') {
            ep_buf_putc(out, rest.ptr[0]);
            i++;
            continue;
        }
        if (ep_str_starts(rest, "$bit")) {
            ep_buf_printf(out, "%" PRId64, item->bit);
            i += 4;
            continue;
        }
        size_t m = 0;
        while (m < sizeof made / sizeof *made && !ep_str_starts(rest, made[m].word))
            m++;
        if (m < sizeof made / sizeof *made) {
            put_made_name(out, made[m].prefix, item->name);
            i += strlen(made[m].word);
        } else {
            ep_buf_puts(out, item->sql);
            i++;
        }
    }
}

/* {{list|separator|item}} */
static void put_list(ep_buf *out, const ep_sql_list *list, ep_str separator, ep_str item) {
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            ep_buf_put_str(out, separator);
        put_item(out, item, &list->items[i]);
    }
}

static bool is_set(const ep_sql_var *var) {
    return var->list ? var->list->n > 0 : var->text && var->text[0];
}

static const char *find(const char *from, const char *end, const char *word) {
    size_t len = strlen(word);
    return (size_t)(end - from) < len ? NULL : memmem(from, (size_t)(end - from), word, len);
}

static ep_str upto(const char *from, const char *end, char stop) {
    const char *at = memchr(from, stop, (size_t)(end - from));
    return (ep_str){from, (size_t)((at ? at : end) - from)};
}

static ep_code render(const char *origin, ep_str text, const ep_sql_var *vars, size_t n_vars, ep_buf *out,
                      ep_error *err) {
    bool skipping = false;
    const char *at = text.ptr, *end = text.ptr + text.len;
    while (at < end) {
        const char *open = find(at, end, "{{");
        if (!skipping)
            ep_buf_add(out, at, (size_t)((open ? open : end) - at));
        if (!open)
            break;
        const char *close = find(open, end, "}}");
        if (!close)
            return ep_fail(err, EP_E_BUG, "%s: {{ without }}", origin);
        ep_str tag = {open + 2, (size_t)(close - open - 2)};
        at = close + 2;
        if (ep_str_is(tag, "end") || ep_str_is(tag, "else")) {
            skipping = ep_str_is(tag, "else") ? !skipping : false;
            continue;
        }
        ep_str name = upto(tag.ptr, close, '|');
        bool condition = ep_str_ends(name, "?");
        ep_str bare = {name.ptr, name.len - condition};
        const ep_sql_var *var = find_var(vars, n_vars, bare);
        if (!var)
            return ep_fail(err, EP_E_BUG, "%s: unknown variable {{%.*s}}", origin, EP_STR_ARGS(bare));
        if (condition) {
            skipping = !is_set(var);
        } else if (skipping) {
            continue;
        } else if (name.len == tag.len) {
            ep_buf_puts(out, var->text ? var->text : "");
        } else {
            ep_str separator = upto(name.ptr + name.len + 1, close, '|');
            const char *item = separator.ptr + separator.len + 1;
            if (!var->list || item > close)
                return ep_fail(err, EP_E_BUG, "%s: {{%.*s}} is no list", origin, EP_STR_ARGS(bare));
            put_list(out, var->list, separator, (ep_str){item, (size_t)(close - item)});
        }
    }
    return ep_buf_check(out, err);
}

ep_code ep_sql_render_text(const char *origin, ep_str text, const ep_sql_var *vars, size_t n_vars,
                           ep_buf *ret, ep_error *err) {
    const char *at = text.ptr, *end = text.ptr + text.len;
    while (at < end) {
        const char *open = find(at, end, "${");
        ep_buf_add(ret, at, (size_t)((open ? open : end) - at));
        if (!open)
            break;
        ep_str name = upto(open + 2, end, '}');
        const ep_sql_var *var = find_var(vars, n_vars, name);
        if (!var || name.ptr + name.len == end)
            return ep_fail(err, EP_E_CONFIG, "%s: unknown variable ${%.*s}", origin, EP_STR_ARGS(name));
        ep_buf_puts(ret, var->text);
        at = name.ptr + name.len + 1;
    }
    return ep_buf_check(ret, err);
}

ep_code ep_sql_render(const char *asset, const char *section, const ep_sql_var *vars, size_t n_vars,
                      ep_buf *ret, ep_error *err) {
    const struct ep_asset *file = ep_asset_find(asset);
    if (!file)
        return ep_fail(err, EP_E_BUG, "no embedded file %s", asset);
    EP_CLEANUP(ep_buf_done) ep_buf mark = {0};
    ep_buf_printf(&mark, "\n-- :%s\n", section);
    EP_TRY(ep_buf_check(&mark, err));
    const char *end = file->data + file->size_bytes;
    const char *from = find(file->data, end, mark.data);
    if (!from)
        return ep_fail(err, EP_E_BUG, "%s has no section %s", asset, section);
    from += mark.len;
    const char *next = find(from, end, "\n-- :");
    return render(asset, (ep_str){from, (size_t)((next ? next : end) - from)}, vars, n_vars, ret, err);
}

#include "warehouse/views.h"
#include "base/hash.h"
#include "warehouse/content_hash.h"

#include <stdio.h>
#include <string.h>

typedef struct view {
    char *file;
    char name[128]; /* mart.sales */
    ep_buf sql;
    char made_of[65];
    bool made;
} view;

typedef struct views {
    view *items;
    size_t n, capacity;
} views;

static void views_done(views *v) {
    for (size_t i = 0; i < v->n; i++) {
        ep_free(v->items[i].file);
        ep_buf_done(&v->items[i].sql);
    }
    ep_free(v->items);
}

static ep_code read_view(ep_warehouse *w, const char *schema, const char *path, views *to, ep_error *err) {
    EP_TRY(ep_grow((void **)&to->items, &to->capacity, to->n + 1, sizeof *to->items, err));
    view *v = &to->items[to->n];
    *v = (view){0};
    const char *base = strrchr(path, '/') + 1;
    snprintf(v->name, sizeof v->name, "%s.%.*s", schema, (int)(strlen(base) - 4), base);
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    EP_TRY(ep_read_file(path, 1 << 20, &text, err));
    EP_CLEANUP(ep_buf_done) ep_buf currency = {0};
    ep_buf_put_literal(&currency, ep_str_from(w->settings.reporting_currency));
    ep_sql_var vars[] = {{"reporting_currency", currency.data, NULL}};
    to->n++;
    if (!(v->file = ep_strdup(path)))
        return ep_fail(err, EP_E_NOMEM, "out of memory for views");
    return ep_sql_render_text(path, (ep_str){text.data, text.len}, vars, 1, &v->sql, err);
}

static ep_code read_folder(ep_warehouse *w, const char *schema, const char *sub, views *to, ep_error *err) {
    char path[EP_PATH_BYTES];
    EP_CLEANUP(ep_paths_done) ep_paths files = {0};
    EP_TRY(ep_path(path, err, "%s/%s", w->folder, sub));
    EP_TRY(ep_paths_list(path, ".sql", &files, err));
    for (size_t i = 0; i < files.n; i++)
        EP_TRY(read_view(w, schema, files.items[i], to, err));
    return EP_OK;
}

/* Does the text name `view` as a whole word? */
static bool mentions(const ep_buf *sql, const char *name) {
    size_t len = strlen(name);
    for (const char *at = sql->data; (at = strstr(at, name)); at += len) {
        char next = at[len];
        bool word = (next >= 'a' && next <= 'z') || (next >= '0' && next <= '9') || next == '_';
        if (!word)
            return true;
    }
    return false;
}

/* Views that it reads are made already. */
static ep_code note_made_of(ep_warehouse *w, view *v, const views *all, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0}, name = {0};
    uint8_t digest[32];
    ep_buf_add(&text, v->sql.data, v->sql.len);
    for (size_t i = 0; i < all->n; i++)
        if (&all->items[i] != v && mentions(&v->sql, all->items[i].name))
            ep_buf_puts(&text, all->items[i].made_of);
    ep_buf_printf(&name, "view %s", v->name);
    EP_TRY(ep_buf_check(&text, err));
    EP_TRY(ep_buf_check(&name, err));
    ep_sha256_of(text.data, text.len, digest);
    ep_hex(digest, sizeof digest, v->made_of);
    const ep_value params[] = {ep_v_cstr(name.data), ep_v_cstr(v->made_of)};
    return ep_store_run(w->store, "insert into books.setting (name, value) values ($1, $2)", params, 2, NULL,
                        err);
}

static ep_code make_view(ep_warehouse *w, view *v, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    while (v->sql.len > 0 && strchr("; \n\t\r", v->sql.data[v->sql.len - 1]))
        v->sql.data[--v->sql.len] = '\0';
    ep_buf_printf(&sql, "create view %s as\n%s", v->name, v->sql.data);
    EP_TRY(ep_buf_check(&sql, err));
    ep_code code = ep_store_exec(w->store, sql.data, err);
    if (code == EP_E_STORE) {
        err->code = EP_E_CONFIG;
        return ep_fail_prefix(
            err, "%s: not a SELECT over the tables of contracts/ and other marts (mart.NAME)", v->file);
    }
    if (code != EP_OK)
        return ep_fail_prefix(err, "%s", v->file);
    v->made = true;
    return EP_OK;
}

ep_code ep_views_apply(ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(views_done) views all = {0};
    EP_TRY(read_folder(w, "mart", "marts", &all, err));
    EP_TRY(read_folder(w, "legacy", "marts/legacy", &all, err));
    EP_TRY(ep_views_drop(w, err));
    EP_TRY(ep_store_run(w->store, "delete from books.setting where name like 'view %'", NULL, 0, NULL, err));
    for (size_t left = all.n; left > 0;) {
        size_t before = left;
        for (size_t i = 0; i < all.n; i++) {
            bool ready = !all.items[i].made;
            for (size_t k = 0; ready && k < all.n; k++)
                ready = k == i || all.items[k].made || !mentions(&all.items[i].sql, all.items[k].name);
            if (!ready)
                continue;
            EP_TRY(make_view(w, &all.items[i], err));
            EP_TRY(note_made_of(w, &all.items[i], &all, err));
            left--;
        }
        if (left == before)
            return ep_fail(err, EP_E_CONFIG, "the views in %s/marts refer to each other in a circle",
                           w->folder);
    }
    return EP_OK;
}

typedef struct names {
    char (*items)[160];
    size_t n, capacity;
} names;

static void names_done(names *list) {
    ep_free(list->items);
}

static ep_code list_views(ep_warehouse *w, names *ret, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_store_query(w->store,
                          "select table_schema, table_name from information_schema.tables "
                          "where table_type = 'VIEW' and table_schema in ('mart', 'legacy') order by 1, 2",
                          NULL, 0, &cursor, err));
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        EP_TRY(ep_grow((void **)&ret->items, &ret->capacity, ret->n + 1, sizeof *ret->items, err));
        ep_value schema = ep_cursor_get(cursor, 0), name = ep_cursor_get(cursor, 1);
        snprintf(ret->items[ret->n++], 160, "%.*s.%.*s", EP_STR_ARGS(schema.text), EP_STR_ARGS(name.text));
    }
}

ep_code ep_views_drop(ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(names_done) names list = {0};
    EP_TRY(list_views(w, &list, err));
    for (size_t i = 0; i < list.n; i++) {
        EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
        ep_buf_printf(&sql, "drop view if exists %s cascade", list.items[i]);
        EP_TRY(ep_buf_check(&sql, err));
        EP_TRY(ep_store_exec(w->store, sql.data, err));
    }
    return EP_OK;
}

static ep_code read_made_of(ep_warehouse *w, ep_view_digest *d, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    const ep_value params[] = {ep_v_cstr(d->name)};
    bool row;
    EP_TRY(ep_store_query(w->store, "select value from books.setting where name = 'view ' || $1", params, 1,
                          &cursor, err));
    EP_TRY(ep_cursor_next(cursor, &row, err));
    if (row)
        snprintf(d->made_of, sizeof d->made_of, "%.*s", EP_STR_ARGS(ep_cursor_get(cursor, 0).text));
    return EP_OK;
}

ep_code ep_views_digest(ep_warehouse *w, ep_view_digests *ret, ep_error *err) {
    EP_CLEANUP(names_done) names list = {0};
    EP_TRY(list_views(w, &list, err));
    for (size_t i = 0; i < list.n; i++) {
        EP_TRY(ep_grow((void **)&ret->items, &ret->capacity, ret->n + 1, sizeof *ret->items, err));
        ep_view_digest *d = &ret->items[ret->n];
        *d = (ep_view_digest){0};
        memcpy(d->name, list.items[i], sizeof d->name);
        EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
        ep_buf_printf(&sql, "select * from %s", d->name);
        EP_TRY(ep_buf_check(&sql, err));
        EP_TRY(ep_query_hash(w->store, sql.data, &d->n_rows, d->digest, err));
        EP_TRY(read_made_of(w, d, err));
        ret->n++;
    }
    return EP_OK;
}

void ep_view_digests_done(ep_view_digests *digests) {
    ep_free(digests->items);
    *digests = (ep_view_digests){0};
}

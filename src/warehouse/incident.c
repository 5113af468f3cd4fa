#include "base/hash.h"
#include "warehouse/journal.h"
#include "warehouse/set_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ASSET "sql/set_rules.sql"

/* Incidents of a table that are open, to be compared with what was found. */
typedef struct open_incident {
    char *rule, *severity, *detail;
    bool still;
} open_incident;

typedef struct open_incidents {
    open_incident *items;
    size_t n, capacity;
    ep_arena arena;
} open_incidents;

static void open_done(open_incidents *list) {
    ep_free(list->items);
    ep_arena_done(&list->arena);
}

static ep_code run(ep_warehouse *w, const char *section, const ep_value *params, size_t n, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(ep_sql_render(ASSET, section, NULL, 0, &sql, err));
    return ep_store_run(w->store, sql.data, params, n, NULL, err);
}

static ep_code list_open(ep_warehouse *w, const char *table, open_incidents *ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    const ep_value params[] = {ep_v_cstr(table)};
    EP_TRY(ep_sql_render(ASSET, "open_incidents", NULL, 0, &sql, err));
    EP_TRY(ep_store_query(w->store, sql.data, params, 1, &cursor, err));
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        EP_TRY(ep_grow((void **)&ret->items, &ret->capacity, ret->n + 1, sizeof *ret->items, err));
        char *texts[3];
        for (size_t i = 0; i < 3; i++) {
            ep_str text = ep_cursor_get(cursor, i).text;
            if (!(texts[i] = ep_arena_strndup(&ret->arena, text.ptr, text.len)))
                return ep_fail(err, EP_E_NOMEM, "out of memory for incidents");
        }
        ret->items[ret->n++] = (open_incident){texts[0], texts[1], texts[2], false};
    }
}

static const char *severity_name(ep_severity severity) {
    return severity == EP_S_ERROR ? "error" : severity == EP_S_WARNING ? "warning" : "info";
}

static ep_code tell(ep_warehouse *w, const char *event, ep_journal_severity severity, const char *table,
                    const char *rule, const char *detail, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf message = {0};
    ep_buf_printf(&message, "%s: %s%s%s", table, rule, detail[0] ? ": " : "", detail);
    EP_TRY(ep_buf_check(&message, err));
    ep_journal_entry entry = {EP_J_QUALITY, severity, event, "", message.data, -1, -1, -1};
    return ep_journal_write(w, &entry, err);
}

static int64_t make_id(const char *table, const char *rule, int64_t now) {
    char text[600];
    int len = snprintf(text, sizeof text, "%s\n%s\n%" PRId64, table, rule, now);
    return ep_id63_of(text, len < (int)sizeof text ? (size_t)len : sizeof text - 1);
}

static ep_code fails(ep_warehouse *w, const ep_rule_result *r, open_incident *open, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf detail = {0};
    const char *severity = severity_name(r->rule->severity);
    if (r->state == EP_RULE_CANNOT_RUN)
        ep_buf_printf(&detail, "the rule itself fails: %s", r->why);
    else
        ep_buf_printf(&detail, "counted %s, %s", r->value, r->limit);
    EP_TRY(ep_buf_check(&detail, err));
    if (open) {
        const ep_value params[] = {ep_v_cstr(r->table->name), ep_v_cstr(r->rule->name), ep_v_cstr(severity),
                                   ep_v_cstr(detail.data)};
        open->still = true;
        return run(w, "update", params, 4, err);
    }
    int64_t now = ep_now_us();
    const ep_value params[] = {
        ep_v_int(make_id(r->table->name, r->rule->name, now)),
        ep_v_cstr(r->rule->name),
        ep_v_cstr(r->table->name),
        ep_v_cstr(severity),
        ep_v_ts(now),
        ep_v_cstr(detail.data),
    };
    EP_TRY(run(w, "open", params, 6, err));
    return tell(w, "rule_failed", r->rule->severity == EP_S_ERROR ? EP_JS_ERROR : EP_JS_ALERT, r->table->name,
                r->rule->name, detail.data, err);
}

static open_incident *find(open_incidents *list, const char *rule) {
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].rule, rule) == 0)
            return &list->items[i];
    return NULL;
}

static ep_code settle_table(ep_warehouse *w, const ep_table *t, const ep_rule_result *results, size_t n,
                            ep_error *err) {
    EP_CLEANUP(open_done) open_incidents open = {0};
    EP_TRY(list_open(w, t->name, &open, err));
    for (size_t i = 0; i < n; i++)
        if (results[i].table == t && results[i].state != EP_RULE_PASSES)
            EP_TRY(fails(w, &results[i], find(&open, results[i].rule->name), err));
    for (size_t i = 0; i < open.n; i++) {
        if (open.items[i].still)
            continue;
        bool known = false;
        for (size_t r = 0; r < n; r++)
            known =
                known || (results[r].table == t && strcmp(results[r].rule->name, open.items[i].rule) == 0);
        const ep_value params[] = {ep_v_cstr(t->name), ep_v_cstr(open.items[i].rule), ep_v_ts(ep_now_us())};
        EP_TRY(run(w, "close", params, 3, err));
        EP_TRY(
            tell(w, known ? "rule_passes" : "rule_gone", EP_JS_INFO, t->name, open.items[i].rule, "", err));
    }
    return EP_OK;
}

ep_code ep_incidents_write(ep_warehouse *w, const bool *tables, const ep_rule_result *results,
                           size_t n_results, ep_error *err) {
    for (size_t i = 0; i < w->plan->n; i++)
        if (!tables || tables[i])
            EP_TRY(settle_table(w, &w->plan->tables[i], results, n_results, err));
    return EP_OK;
}

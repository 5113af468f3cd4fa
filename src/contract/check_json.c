/* Lists and objects kept as JSON text: how many, which members, no equal items. */
#include "contract/check_private.h"
#include "contract/json_text.h"

#include <stdlib.h>
#include <string.h>

static size_t count(ep_str text) {
    ep_json_walk walk;
    ep_str name, value;
    size_t n = 0;
    if (ep_json_walk_begin(&walk, text))
        while (ep_json_walk_next(&walk, &name, &value))
            n++;
    return n;
}

static bool has_member(ep_str text, const char *member, bool valued) {
    ep_json_walk walk;
    ep_str name, value;
    if (ep_json_walk_begin(&walk, text))
        while (ep_json_walk_next(&walk, &name, &value))
            if (ep_json_name_is(name, member))
                return !valued || !ep_str_is(value, "null");
    return false;
}

static int by_bytes(const void *a, const void *b) {
    return ep_str_cmp(*(const ep_str *)a, *(const ep_str *)b);
}

static ep_code has_equal_items(ep_str text, bool *ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf all = {0};
    ep_json_walk walk;
    ep_str name, value;
    size_t n = count(text), at = 0;
    *ret = false;
    if (n < 2 || !ep_json_walk_begin(&walk, text))
        return EP_OK;
    size_t *ends = ep_calloc(n, sizeof(*ends));
    ep_str *items = ep_calloc(n, sizeof(*items));
    while (ends && items && at < n && ep_json_walk_next(&walk, &name, &value)) {
        ep_json_put_canonical(&all, value);
        ends[at++] = all.len;
    }
    bool good = ends && items && !all.failed;
    for (size_t i = 0; good && i < at; i++) {
        size_t start = i ? ends[i - 1] : 0;
        items[i] = (ep_str){all.data + start, ends[i] - start};
    }
    if (good)
        qsort(items, at, sizeof(*items), by_bytes);
    for (size_t i = 1; good && i < at; i++)
        *ret |= ep_str_eq(items[i - 1], items[i]);
    ep_free(ends);
    ep_free(items);
    return good ? EP_OK : ep_fail(err, EP_E_NOMEM, "out of memory comparing items");
}

static ep_code check_count(const ep_check_run *run, size_t row, size_t field) {
    const ep_field_checks *checks = &run->contract->checks->fields[field];
    bool list = checks->json == EP_J_LIST;
    ep_reason_code code = list ? EP_R_ITEMS : EP_R_MEMBERS;
    const char *what = list ? "items" : "members";
    int64_t n = (int64_t)count(run->batch->columns[field].text[row]);
    if (checks->min_items >= 0 && n < checks->min_items)
        EP_TRY(ep_check_add(run, row, (int)field, code, EP_S_ERROR, "has %lld %s, must have at least %lld",
                            (long long)n, what, (long long)checks->min_items));
    if (checks->max_items >= 0 && n > checks->max_items)
        EP_TRY(ep_check_add(run, row, (int)field, code, EP_S_ERROR, "has %lld %s, must have at most %lld",
                            (long long)n, what, (long long)checks->max_items));
    return EP_OK;
}

ep_code ep_check_json(const ep_check_run *run, size_t field) {
    const ep_field_checks *checks = &run->contract->checks->fields[field];
    const ep_column *column = &run->batch->columns[field];
    if (checks->min_items < 0 && checks->max_items < 0 && !checks->unique_items && checks->n_members == 0)
        return EP_OK;
    for (size_t row = run->from; row < run->to; row++) {
        if (column->state[row] != EP_VALUE)
            continue;
        EP_TRY(check_count(run, row, field));
        for (size_t i = 0; i < checks->n_members; i++)
            if (!has_member(column->text[row], checks->members[i], checks->member_valued[i]))
                EP_TRY(ep_check_add(run, row, (int)field, EP_R_MEMBERS, EP_S_ERROR, "lacks the member %s%s",
                                    checks->members[i],
                                    checks->member_valued[i] ? " or has no value in it" : ""));
        bool equal = false;
        if (checks->unique_items)
            EP_TRY(has_equal_items(column->text[row], &equal, run->err));
        if (equal)
            EP_TRY(ep_check_add(run, row, (int)field, EP_R_ITEMS, EP_S_ERROR, "holds two equal items"));
    }
    return EP_OK;
}

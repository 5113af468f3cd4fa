#include "warehouse/late.h"
#include "warehouse/archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ep_late_done(ep_late *late) {
    ep_free(late->rejected);
    ep_free(late->ignored);
    *late = (ep_late){0};
}

ep_code ep_late_reject(void *context, const ep_rejected *rejected, ep_error *err) {
    ep_late *late = context;
    EP_TRY(ep_grow((void **)&late->rejected, &late->rejected_capacity, late->n_rejected + 1,
                   sizeof *late->rejected, err));
    late->rejected[late->n_rejected++] = *rejected;
    return EP_OK;
}

ep_code ep_late_ignored(ep_late *late, int64_t load_id, const char *rule, ep_error *err) {
    for (size_t i = 0; i < late->n_ignored; i++)
        if (late->ignored[i].load_id == load_id && strcmp(late->ignored[i].rule, rule) == 0) {
            late->ignored[i].n++;
            return EP_OK;
        }
    EP_TRY(ep_grow((void **)&late->ignored, &late->ignored_capacity, late->n_ignored + 1,
                   sizeof *late->ignored, err));
    late->ignored[late->n_ignored++] = (ep_ignored){load_id, rule, 1};
    return EP_OK;
}

ep_code ep_late_write_ignored(ep_late *late, ep_warehouse *w, ep_error *err) {
    for (size_t i = 0; i < late->n_ignored; i++) {
        const ep_ignored *ignored = &late->ignored[i];
        const ep_value params[] = {ep_v_int(ignored->load_id), ep_v_cstr(ignored->rule),
                                   ep_v_int(ignored->n)};
        EP_TRY(ep_store_run(w->store,
                            "insert into books.load_ignored (load_id, rule, n_records) values ($1, $2, $3)",
                            params, 3, NULL, err));
    }
    late->n_ignored = 0;
    return EP_OK;
}

/* By load, record, group and table: rejections of one group lie side by side. */
static int by_group(const void *a, const void *b) {
    const ep_rejected *x = a, *y = b;
    if (x->load_id != y->load_id)
        return x->load_id < y->load_id ? -1 : 1;
    if (x->record != y->record)
        return x->record < y->record ? -1 : 1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return strcmp(x->table, y->table);
}

static bool same_group(const ep_rejected *a, const ep_rejected *b) {
    return a->load_id == b->load_id && a->record == b->record && a->group == b->group;
}

void ep_late_sort(ep_late *late) {
    if (late->n_rejected > 1)
        qsort(late->rejected, late->n_rejected, sizeof *late->rejected, by_group);
}

const ep_rejected *ep_late_find(const ep_late *late, int64_t load_id, uint64_t record, size_t *ret_n) {
    size_t from = 0, to;
    while (from < late->n_rejected &&
           (late->rejected[from].load_id != load_id || late->rejected[from].record != record))
        from++;
    for (to = from; to < late->n_rejected && late->rejected[to].load_id == load_id &&
                    late->rejected[to].record == record;)
        to++;
    *ret_n = to - from;
    return late->rejected + from;
}

void ep_late_drop(ep_late *late, int64_t load_id) {
    size_t n = 0;
    for (size_t i = 0; i < late->n_rejected; i++)
        if (late->rejected[i].load_id != load_id)
            late->rejected[n++] = late->rejected[i];
    late->n_rejected = n;
}

static size_t end_of_group(const ep_rejected *rejected, size_t from, size_t n) {
    size_t to = from + 1;
    while (to < n && same_group(&rejected[from], &rejected[to]))
        to++;
    return to;
}

/* One load's rejected groups while its archive is read. */
typedef struct search {
    ep_set_aside *aside;
    ep_set_aside_source source;
    const ep_rejected *rejected;
    bool *found;
    size_t n;
} search;

static ep_code match(void *context, ep_str raw, const ep_coordinates *at, uint32_t occurrence,
                     ep_encoding encoding, ep_error *err) {
    search *s = context;
    (void)encoding;
    for (size_t i = 0, end; i < s->n; i = end) {
        end = end_of_group(s->rejected, i, s->n);
        if (s->rejected[i].record != at->record || s->found[i])
            continue;
        s->found[i] = true;
        EP_TRY(ep_set_aside_late(s->aside, &s->source, &s->rejected[i], end - i, raw, at, occurrence, err));
    }
    return EP_OK;
}

typedef struct load_facts {
    ep_buf feed, source, path, columns;
    int64_t received_at;
} load_facts;

static void load_facts_done(load_facts *f) {
    ep_buf_done(&f->feed);
    ep_buf_done(&f->source);
    ep_buf_done(&f->path);
    ep_buf_done(&f->columns);
}

static ep_code find_load(ep_warehouse *w, int64_t load_id, load_facts *ret, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    const ep_value params[] = {ep_v_int(load_id)};
    bool found;
    EP_TRY(ep_store_query(
        w->store,
        "select l.feed, l.source, coalesce(a.path, ''), coalesce(a.columns, ''), l.received_at "
        "from books.load l left join books.archive a on a.load_id = l.load_id where l.load_id = $1",
        params, 1, &cursor, err));
    EP_TRY(ep_cursor_next(cursor, &found, err));
    if (!found)
        return ep_fail(err, EP_E_BUG, "no load %" PRId64 " in the books", load_id);
    ep_buf *texts[] = {&ret->feed, &ret->source, &ret->path, &ret->columns};
    for (size_t i = 0; i < 4; i++) {
        ep_buf_put_str(texts[i], ep_cursor_get(cursor, i).text);
        ep_buf_puts(texts[i], "");
        EP_TRY(ep_buf_check(texts[i], err));
    }
    ret->received_at = ep_cursor_get(cursor, 4).i64;
    return EP_OK;
}

/* A row of an earlier load lost its place: the ledger moves it, and its record unless that was set aside before. */
static ep_code correct_rows(ep_warehouse *w, const ep_rejected *r, ep_error *err) {
    const ep_value params[] = {ep_v_int(r->load_id), ep_v_cstr(r->table), ep_v_cstr(r->owner)};
    return ep_store_run(w->store,
                        "update books.load_rows set inserted = inserted - 1, quarantined = quarantined + 1 "
                        "where load_id = $1 and table_name = $2 and owner = $3",
                        params, 3, NULL, err);
}

static ep_code correct_record(ep_warehouse *w, const ep_rejected *r, ep_error *err) {
    const ep_value params[] = {ep_v_int(r->load_id), ep_v_int((int64_t)r->record)};
    int64_t n;
    EP_TRY(ep_store_get_int(
        w->store,
        "select count(*) from books.quarantine where load_id = $1 and record = $2 and status = 'open'",
        params, 2, &n, err));
    if (n > 0)
        return EP_OK;
    return ep_store_run(
        w->store,
        "update books.load set applied = applied - 1, quarantined = quarantined + 1 where load_id = $1",
        params, 1, NULL, err);
}

/* A group that a replay brought in, in the books of the load it came with. */
typedef struct returned {
    int64_t id, load_id, record;
} returned;

static ep_code find_returned(ep_warehouse *w, const ep_rejected *r, returned *ret, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    char place[40];
    bool found;
    snprintf(place, sizeof place, "record %" PRIu64, r->record);
    const ep_value params[] = {ep_v_int(r->load_id), ep_v_cstr(place)};
    EP_TRY(ep_store_query(
        w->store,
        "select q.quarantine_id, q.load_id, q.record from books.quarantine q "
        "join books.quarantine_event e on e.quarantine_id = q.quarantine_id "
        "where q.closed_load_id = $1 and e.event in ('replayed', 'released') and e.detail = $2",
        params, 2, &cursor, err));
    EP_TRY(ep_cursor_next(cursor, &found, err));
    if (!found)
        return ep_fail(err, EP_E_BUG, "no quarantined group came in with load %" PRId64, r->load_id);
    *ret =
        (returned){ep_cursor_get(cursor, 0).i64, ep_cursor_get(cursor, 1).i64, ep_cursor_get(cursor, 2).i64};
    return EP_OK;
}

/* Its rows go back from the replay's books to those of the load it came with. */
static ep_code return_rows(ep_warehouse *w, const ep_rejected *r, int64_t load_id, ep_error *err) {
    const ep_value params[] = {ep_v_int(r->load_id), ep_v_cstr(r->table), ep_v_cstr(r->owner),
                               ep_v_int(load_id)};
    int64_t changed;
    EP_TRY(ep_store_run(w->store,
                        "update books.load_rows set inserted = inserted - 1, emitted = emitted - 1 "
                        "where load_id = $1 and table_name = $2 and owner = $3",
                        params, 3, NULL, err));
    EP_TRY(ep_store_run(w->store,
                        "update books.load_rows set quarantined = quarantined + 1, emitted = emitted + 1 "
                        "where load_id = $3 and table_name = $1 and owner = $2",
                        (const ep_value[]){params[1], params[2], params[3]}, 3, &changed, err));
    if (changed > 0)
        return EP_OK;
    return ep_store_run(
        w->store,
        "insert into books.load_rows (load_id, table_name, owner, emitted, inserted, changed, "
        "unchanged, duplicate, quarantined, waiting) values ($3, $1, $2, 1, 0, 0, 0, 0, 1, 0)",
        (const ep_value[]){params[1], params[2], params[3]}, 3, NULL, err);
}

/* The group returns to the quarantine, where its bytes still are. */
static ep_code reopen(ep_warehouse *w, ep_set_aside *aside, const ep_rejected *rejected, size_t n,
                      ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf rows = {0};
    returned q = {0};
    EP_TRY(find_returned(w, rejected, &q, err));
    ep_rejected record = *rejected;
    record.load_id = q.load_id;
    record.record = (uint64_t)q.record;
    EP_TRY(correct_record(w, &record, err));
    EP_TRY(ep_set_aside_again(aside, q.id, rejected, n, &rows, err));
    for (size_t i = 0; i < n; i++)
        EP_TRY(return_rows(w, &rejected[i], q.load_id, err));
    const ep_value params[] = {ep_v_int(q.id)};
    return ep_store_run(
        w->store,
        "update books.quarantine set closed_at = null, closed_load_id = null where quarantine_id = $1",
        params, 1, NULL, err);
}

static ep_code reopen_all(ep_warehouse *w, ep_set_aside *aside, const ep_rejected *rejected, size_t n,
                          ep_error *err) {
    for (size_t i = 0, end; i < n; i = end) {
        end = end_of_group(rejected, i, n);
        EP_TRY(reopen(w, aside, &rejected[i], end - i, err));
    }
    return EP_OK;
}

static ep_code resolve_load(ep_warehouse *w, ep_set_aside *aside, const ep_rejected *rejected, size_t n,
                            ep_error *err) {
    EP_CLEANUP(load_facts_done) load_facts facts = {0};
    EP_TRY(find_load(w, rejected->load_id, &facts, err));
    if (strcmp(facts.source.data, "quarantine") == 0 && rejected->group < 0)
        return reopen_all(w, aside, rejected, n, err);
    const ep_feed *feed = ep_warehouse_feed(w, facts.feed.data);
    if (!feed)
        return ep_fail(
            err, EP_E_CONFIG,
            "the feed %s, which brought rows that are now in conflict, is gone from feeds/; put it back",
            facts.feed.data);
    bool *found = ep_calloc(n, sizeof *found);
    if (!found)
        return ep_fail(err, EP_E_NOMEM, "out of memory for the quarantine");
    search s = {aside,
                {feed, facts.source.data, facts.columns.len ? facts.columns.data : NULL, rejected->load_id,
                 facts.received_at},
                rejected,
                found,
                n};
    ep_code code = facts.path.len ? ep_archive_read(w, facts.path.data, match, &s, err) : EP_OK;
    for (size_t i = 0, end; code == EP_OK && i < n; i = end) {
        end = end_of_group(rejected, i, n);
        ep_coordinates at = {.record = rejected[i].record};
        if (!found[i]) /* the feed keeps no archive: coordinates only */
            code = ep_set_aside_late(aside, &s.source, &rejected[i], end - i, (ep_str){"", 0}, &at, 0, err);
        for (size_t k = i; code == EP_OK && k < end && rejected[k].group < 0; k++)
            code = correct_rows(w, &rejected[k], err);
        if (code == EP_OK && rejected[i].group < 0)
            code = correct_record(w, &rejected[i], err);
    }
    ep_free(found);
    return code;
}

ep_code ep_late_resolve(ep_late *late, ep_warehouse *w, ep_set_aside *aside, ep_error *err) {
    ep_late_sort(late);
    for (size_t from = 0; from < late->n_rejected;) {
        size_t to = from + 1;
        while (to < late->n_rejected && late->rejected[to].load_id == late->rejected[from].load_id)
            to++;
        EP_TRY(resolve_load(w, aside, &late->rejected[from], to - from, err));
        from = to;
    }
    late->n_rejected = 0;
    return ep_set_aside_flush(aside, err);
}

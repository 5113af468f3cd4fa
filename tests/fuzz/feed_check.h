/* What must hold for every feed and every source: what the fuzz targets of feeds share. Breaks abort, for the fuzzer to see. */
#ifndef EP_FUZZ_FEED_CHECK_H
#define EP_FUZZ_FEED_CHECK_H

#include "feed/explain.h"

#include <stdlib.h>
#include <string.h>

#define FUZZ_CHECK(condition) \
    do {                      \
        if (!(condition))     \
            abort();          \
    } while (0)

static const char fuzz_contract[] =
    "apiVersion: v3.1.0\nkind: DataContract\nid: f\nname: f\nversion: 1.0.0\nstatus: active\nschema:\n"
    "  - name: plain\n    physicalType: table\n    properties:\n"
    "      - {name: a, logicalType: string}\n      - {name: n, logicalType: number}\n"
    "      - {name: i, logicalType: integer}\n      - {name: ok, logicalType: boolean}\n"
    "      - {name: t, logicalType: timestamp}\n      - {name: d, logicalType: date}\n"
    "      - {name: o, logicalType: object}\n"
    "  - name: sale\n    physicalType: table\n    customProperties:\n"
    "      - {property: entrepot.kind, value: accumulating}\n      - {property: entrepot.owner, value: seller}\n"
    "      - {property: entrepot.validTime, value: at}\n    properties:\n"
    "      - {name: seller, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 1}\n"
    "      - {name: id, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 2}\n"
    "      - {name: at, logicalType: timestamp, required: true}\n"
    "      - {name: quantity, logicalType: integer}\n      - {name: price, logicalType: number}\n";

static inline const ep_contracts *fuzz_contracts(void) {
    static ep_contracts *contracts;
    const char *name = "fuzz.yaml";
    ep_str text = EP_STR(fuzz_contract);
    ep_lints lints = {0};
    ep_error err = {0};
    if (!contracts)
        FUZZ_CHECK(ep_contracts_load_text(&name, &text, 1, false, &contracts, &lints, &err) == EP_OK);
    ep_lints_done(&lints);
    return contracts;
}

/* Records, groups, rows and reasons point to each other, and an error rejects its group. */
static inline void fuzz_check_unit(const ep_unit *unit) {
    uint32_t next = 0;
    for (size_t i = 0; i < unit->n_records; i++) {
        const ep_unit_record *record = &unit->records[i];
        FUZZ_CHECK(record->first_group == next && record->ignored == (record->n_groups == 0));
        next += record->n_groups;
    }
    FUZZ_CHECK(next == unit->n_groups);
    for (size_t t = 0; t < unit->n_tables; t++)
        for (size_t row = 0; row < unit->tables[t].batch->n_rows; row++) {
            const ep_group *group = &unit->groups[unit->tables[t].group_of[row]];
            FUZZ_CHECK(group->record == unit->tables[t].record_of[row]);
            FUZZ_CHECK(group->owner_known || group->rejected);
        }
    for (size_t i = 0; i < unit->reasons.n; i++) {
        const ep_reason *reason = &unit->reasons.items[i];
        FUZZ_CHECK(i == 0 || unit->reasons.items[i - 1].record <= reason->record);
        FUZZ_CHECK(reason->severity != EP_S_ERROR || reason->group == UINT32_MAX ||
                   unit->groups[reason->group].rejected);
        FUZZ_CHECK(ep_utf8_valid(reason->detail, strlen(reason->detail)));
    }
}

/* The whole source in runs of at most `step` records; appends what came out. */
static inline void fuzz_run(const ep_feed *feed, ep_str source, size_t step, ep_buf *out) {
    static const char padding[EP_PADDING];
    ep_buf text = {0};
    ep_arena arena = {0};
    ep_splitter *splitter = NULL;
    ep_feed_runner *runner = NULL;
    ep_unit *unit = NULL;
    ep_error err = {0};
    const ep_raw *raws;
    size_t n, n_columns;
    ep_feed_meta meta = {.source = EP_STR("fuzz"), .received_at = 1, .seller = EP_STR("")};
    ep_buf_put_str(&text, source);
    ep_buf_add(&text, padding, sizeof padding);
    FUZZ_CHECK(ep_splitter_new(ep_feed_decode(feed), &splitter, &err) == EP_OK);
    FUZZ_CHECK(ep_feed_runner_new(feed, &runner, &err) == EP_OK);
    FUZZ_CHECK(ep_unit_new(feed, NULL, &unit, &err) == EP_OK);
    ep_splitter_count_occurrences(splitter, ep_feed_needs_occurrence(feed));
    if (ep_splitter_feed(splitter, (ep_str){text.data, source.len}, true, &arena, &raws, &n, &err) == EP_OK) {
        const ep_str *columns = ep_splitter_columns(splitter, &n_columns);
        if (n_columns > 0)
            ep_feed_runner_set_columns(runner, columns, n_columns, ep_splitter_delimiter(splitter));
        for (size_t at = 0; at < n; at += step)
            FUZZ_CHECK(ep_feed_runner_run(runner, raws + at, n - at < step ? n - at : step, &meta, unit,
                                          &err) == EP_OK);
        fuzz_check_unit(unit);
        ep_feed_explain(unit, &(ep_explain_options){.json = true}, out);
    }
    ep_unit_free(&unit);
    ep_feed_runner_free(&runner);
    ep_splitter_free(&splitter);
    ep_arena_done(&arena);
    ep_buf_done(&text);
}

#endif

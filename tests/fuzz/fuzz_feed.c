/* Any bytes through a fixed feed that uses everything; the first byte chooses the format and the length of a run. */
#include "feed_check.h"

#include <stdio.h>

static const char feed_text[] =
    "feed: fuzz\n"
    "decode: {format: %s}\n"
    "cut_over: 2026-01-01T00:00:00Z\n"
    "%s"
    "ignore: [{name: ping, when: {path: t, matches: \"pi.g\"}}]\n"
    "emit:\n"
    "  - contract: plain\n"
    "    fields:\n"
    "      a: {template: \"{o}/{path:x}/{meta:line}/{occurrence}\"}\n"
    "      n: {path: n, negate: true, decimal_mark: \",\", group_mark: \" \"}\n"
    "      i: {path: l, split: {by: \",\", index: -1}, trim: true, null_if: [\"\", x]}\n"
    "      ok: {path: l, regex: {pattern: \"([a-z]+)|(.)\", group: 1, no_match: null}, map: {a: true}, else: keep, case: lower}\n"
    "      t: {path: t, formats: [epoch_s, rfc3339, \"pattern:dd/MM/yyyy\", date], zone: Europe/Paris}\n"
    "      d: {coalesce: [d, {meta: received_at}], conflict: error}\n"
    "      o: {when: [{if: {path: o, lt: 5, is_not: null}, then: x}, {else: o}]}\n"
    "%s";

static const char list_text[] =
    "  - contract: sale\n"
    "    each: \"i[*].j[*]\"\n"
    "    fields:\n"
    "      seller: {coalesce: [s, ^.s, $.s], map: {V: acme}, else: seller, default: shopnow}\n"
    "      id: {coalesce: [k, {template: \"{path:p}#{occurrence}\"}]}\n"
    "      at: {path: ^.^.t, formats: [epoch_s_float, rfc3339]}\n"
    "      quantity: q\n"
    "      price: \"r[-1]\"\n"
    "checks:\n"
    "  - {name: sum, sum: {contract: sale, of: [quantity, price]}, equals: n, severity: error}\n";

static ep_feed *load(const char *format, const char *records, const char *lists) {
    char text[4096];
    ep_lints lints = {0};
    ep_error err = {0};
    ep_feed *feed = NULL;
    int len = snprintf(text, sizeof text, feed_text, format, records, lists);
    FUZZ_CHECK(len > 0 && (size_t)len < sizeof text);
    FUZZ_CHECK(ep_feed_load_text("fuzz.yaml", (ep_str){text, (size_t)len}, fuzz_contracts(), NULL, &feed,
                                 &lints, &err) == EP_OK);
    ep_lints_done(&lints);
    return feed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const ep_feed *feeds[3]; /* kept: reachable until the end */
    if (!feeds[0]) {
        feeds[0] = load("jsonl", "", list_text);
        feeds[1] = load("json", "records: {each: \"$[*]\"}\n", list_text);
        feeds[2] = load("csv", "", "");
    }
    if (size < 1)
        return 0;
    const ep_feed *feed = feeds[data[0] % 3];
    ep_str source = {(const char *)data + 1, size - 1};
    ep_buf whole = {0}, split = {0};
    fuzz_run(feed, source, SIZE_MAX, &whole);
    fuzz_run(feed, source, 1 + (data[0] >> 5), &split);
    FUZZ_CHECK(whole.len == split.len && (whole.len == 0 || !memcmp(whole.data, split.data, whole.len)));
    ep_buf_done(&whole);
    ep_buf_done(&split);
    return 0;
}

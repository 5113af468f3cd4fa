#include "warehouse/again.h"
#include "base/hash.h"

#include <string.h>

ep_code ep_again_init(ep_again *again, const ep_warehouse *w, const ep_feed *feed, ep_error *err) {
    *again = (ep_again){.w = w, .feed = feed};
    EP_TRY(ep_stage_schemas(w, feed, &again->schemas, err));
    EP_TRY(ep_feed_runner_new(feed, &again->runner, err));
    EP_TRY(ep_stamper_new(w, feed, &again->stamper, err));
    EP_TRY(ep_unit_new(feed, &again->schemas, &again->unit, err));
    ep_feed_runner_set_cut(again->runner, true);
    return EP_OK;
}

void ep_again_done(ep_again *again) {
    ep_unit_free(&again->unit);
    ep_stamper_free(&again->stamper);
    ep_feed_runner_free(&again->runner);
    ep_stage_schemas_done(&again->schemas);
    ep_arena_done(&again->arena);
}

ep_code ep_again_columns(ep_again *again, ep_str json, ep_error *err) {
    EP_CLEANUP(ep_parser_free) ep_parser *parser = NULL;
    EP_CLEANUP(ep_doc_done) ep_doc doc = {0};
    const ep_decode_options options = {.format = EP_FMT_JSON};
    const char *detail;
    if (json.len == 0)
        return EP_OK;
    char *padded = ep_arena_calloc(&again->arena, json.len + EP_PADDING, 1);
    if (!padded)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a header");
    memcpy(padded, json.ptr, json.len);
    json.ptr = padded;
    const ep_raw raw = {.raw = json, .text = json, .at = {.size_bytes = (uint32_t)json.len}};
    EP_TRY(ep_parser_new(&options, &parser, err));
    if (ep_parser_run(parser, &raw, &doc, &again->arena, &detail) != EP_R_NONE || doc.nodes[0].n_children < 2)
        return ep_fail(err, EP_E_CORRUPT, "the books keep no list of names for a header");
    again->n_columns = doc.nodes[0].n_children - 1;
    again->delimiter = doc.nodes[1].text[0];
    again->columns = ep_arena_calloc(&again->arena, again->n_columns, sizeof *again->columns);
    for (size_t i = 0; again->columns && i < again->n_columns; i++)
        again->columns[i] =
            (ep_str){ep_arena_strndup(&again->arena, doc.nodes[i + 2].text, doc.nodes[i + 2].text_len),
                     doc.nodes[i + 2].text_len};
    if (!again->columns)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a header");
    ep_feed_runner_set_columns(again->runner, again->columns, again->n_columns, again->delimiter);
    return EP_OK;
}

/* The raw bytes become text again the way they did when they came. */
static ep_code decode(ep_again *again, ep_str raw, const ep_coordinates *at, uint32_t occurrence, ep_raw *ret,
                      ep_error *err) {
    EP_CLEANUP(ep_splitter_free) ep_splitter *splitter = NULL;
    const ep_raw *raws;
    size_t n;
    EP_TRY(ep_splitter_new(ep_feed_decode(again->feed), &splitter, err));
    EP_TRY(ep_splitter_resume(splitter, at, again->columns, again->n_columns, err));
    if (again->delimiter)
        ep_splitter_set_delimiter(splitter, again->delimiter);
    EP_TRY(ep_splitter_feed(splitter, raw, true, &again->arena, &raws, &n, err));
    *ret = n > 0 ? raws[0] : (ep_raw){.raw = raw, .text = raw, .reason = EP_R_SYNTAX};
    ret->at = *at;
    ret->occurrence = occurrence;
    ret->content = ep_xxh3(raw.ptr, raw.len);
    if (n > 1)
        ret->reason = EP_R_SYNTAX; /* a correction must be one record */
    return EP_OK;
}

ep_code ep_again_run(ep_again *again, ep_str raw, const ep_coordinates *at, uint32_t occurrence,
                     const ep_feed_meta *meta, ep_error *err) {
    ep_raw text;
    size_t before = again->unit->n_records;
    EP_TRY(decode(again, raw, at, occurrence, &text, err));
    EP_TRY(ep_feed_runner_run(again->runner, &text, 1, meta, again->unit, err));
    if (again->unit->n_records != before + 1)
        return ep_fail(err, EP_E_BUG, "a record run again became %zu", again->unit->n_records - before);
    return EP_OK;
}

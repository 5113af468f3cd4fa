#include "feed/runner.h"
#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Rows are checked while their texts are still near the processor. */
enum { CHECK_RECORDS = 256 };

ep_code ep_feed_runner_new(const ep_feed *feed, ep_feed_runner **ret, ep_error *err) {
    EP_CLEANUP(ep_feed_runner_free) ep_feed_runner *runner = ep_calloc(1, sizeof(*runner));
    if (!runner)
        return ep_fail(err, EP_E_NOMEM, "out of memory for the feed %s", feed->name);
    runner->feed = feed;
    runner->cells = ep_calloc(feed->max_fields, sizeof(*runner->cells));
    runner->pending = ep_calloc(feed->max_fields, sizeof(*runner->pending));
    runner->uses = ep_calloc(feed->n_targets, sizeof(*runner->uses));
    runner->eval.hints = ep_calloc(feed->n_hints, sizeof(*runner->eval.hints));
    runner->eval.found = ep_calloc(feed->n_paths, sizeof(*runner->eval.found));
    runner->eval.slots = ep_calloc(feed->n_paths, sizeof(*runner->eval.slots));
    if (!runner->cells || !runner->pending || !runner->uses || !runner->eval.hints || !runner->eval.found ||
        !runner->eval.slots)
        return ep_fail(err, EP_E_NOMEM, "out of memory for the feed %s", feed->name);
    EP_TRY(ep_lanes_new(feed, &runner->lanes, err));
    EP_TRY(ep_parser_new(&feed->decode, &runner->parser, err));
    EP_TRY(ep_seen_new(&runner->eval.seen, err));
    if (feed->n_regexes > 0)
        EP_TRY(ep_regex_run_new(feed->max_groups, &runner->eval.run, err));
    runner->eval.feed = feed;
    runner->eval.doc = &runner->doc;
    runner->eval.cells = runner->cells;
    runner->eval.scratch = &runner->scratch;
    *ret = runner;
    runner = NULL;
    return EP_OK;
}

void ep_feed_runner_free(ep_feed_runner **runner) {
    if (!runner || !*runner)
        return;
    ep_feed_runner *old = *runner;
    ep_parser_free(&old->parser);
    ep_doc_done(&old->doc);
    ep_buf_done(&old->scratch);
    ep_seen_free(&old->seen_in_document);
    ep_seen_free(&old->eval.seen);
    ep_regex_run_free(&old->eval.run);
    ep_lanes_free(old->lanes, old->feed);
    ep_free(old->eval.hints);
    ep_free(old->eval.found);
    ep_free(old->eval.slots);
    ep_free(old->cells);
    ep_free(old->pending);
    ep_free(old->uses);
    ep_free(old);
    *runner = NULL;
}

void ep_feed_runner_set_columns(ep_feed_runner *runner, const ep_str *columns, size_t n_columns,
                                char delimiter) {
    ep_parser_set_columns(runner->parser, columns, n_columns, delimiter);
}

void ep_feed_runner_set_cut(ep_feed_runner *runner, bool cut) {
    runner->cut = cut;
}

static ep_code begin_record(ep_feed_runner *runner, const ep_raw *raw, ep_error *err) {
    EP_TRY(ep_unit_add_record(runner->unit, raw, err));
    ep_seen_reset(runner->eval.seen);
    runner->platform_group = runner->unknown_group = EP_NO_GROUP;
    runner->eval.raw = raw;
    runner->eval.depth = 0;
    if (++runner->eval.round == 0) {
        memset(runner->eval.found, 0, runner->feed->n_paths * sizeof(*runner->eval.found));
        runner->eval.round = 1;
    }
    for (size_t i = 0; i < runner->feed->n_targets; i++) {
        ep_target_use *use = &runner->uses[i];
        use->first_row = runner->unit->tables[i].batch->n_rows;
        use->entered = use->broken = false;
    }
    return EP_OK;
}

ep_code ep_record_reason(ep_feed_runner *runner, uint32_t group, ep_reason_code code, const char *contract,
                         const char *detail, ep_error *err) {
    ep_reason reason = {.code = code,
                        .severity = EP_S_ERROR,
                        .record = (uint32_t)runner->unit->n_records - 1,
                        .group = group,
                        .row = UINT32_MAX,
                        .contract = contract};
    runner->unit->groups[group].rejected = true;
    return ep_reasons_add(&runner->unit->reasons, &reason, err, "%s", detail ? detail : "");
}

/* A record that cannot be decoded or mapped at all: one group, nobody's. */
static ep_code bad_record(ep_feed_runner *runner, const ep_raw *raw, ep_reason_code code, const char *detail,
                          ep_error *err) {
    uint32_t group;
    EP_TRY(begin_record(runner, raw, err));
    EP_TRY(ep_record_unknown_group(runner, &group, err));
    return ep_record_reason(runner, group, code, "", detail, err);
}

/* Several emits may walk the same list: what is wrong with it is said once. */
static bool is_said(const ep_feed_runner *runner, ep_reason_code code, const char *detail) {
    const ep_reasons *reasons = &runner->unit->reasons;
    uint32_t record = (uint32_t)runner->unit->n_records - 1;
    for (size_t i = reasons->n; i > 0 && reasons->items[i - 1].record == record; i--) {
        const ep_reason *reason = &reasons->items[i - 1];
        if (reason->code == code && reason->row == UINT32_MAX && !strcmp(reason->detail, detail))
            return true;
    }
    return false;
}

/* A reason of an emit that belongs to no row: whose it is cannot be told, so it holds back no group with an owner. */
static ep_code emit_reason(ep_feed_runner *runner, const ep_emit *emit, ep_reason_code code,
                           const char *detail, ep_error *err) {
    uint32_t group;
    runner->uses[emit->target].broken = true;
    EP_TRY(ep_record_unknown_group(runner, &group, err));
    if (is_said(runner, code, detail))
        return EP_OK;
    return ep_record_reason(runner, group, code, emit->contract->name, detail, err);
}

static const char *kind_text(const ep_node *node) {
    static const char *const texts[] = {"null", "true or false", "a number", "a text", "a list", "an object"};
    return texts[node->kind];
}

static ep_code list_reason(ep_feed_runner *runner, const ep_emit *emit, uint32_t node, ep_error *err) {
    const ep_node *n = node == EP_NO_NODE ? NULL : &runner->doc.nodes[node];
    bool is_list = n && n->kind == EP_N_ARRAY;
    bool missing = !n || n->kind == EP_N_NULL || is_list;
    if (missing && emit->each_optional)
        return EP_OK;
    char detail[200];
    snprintf(detail, sizeof detail, "%.150s is %s", emit->each.text,
             !n        ? "missing"
             : is_list ? "empty"
                       : kind_text(n));
    return emit_reason(runner, emit, missing ? EP_R_EMPTY_LIST : EP_R_NOT_A_LIST, detail, err);
}

static ep_code run_list(ep_feed_runner *runner, const ep_emit *emit, uint32_t level, ep_error *err) {
    ep_eval *c = &runner->eval;
    const ep_doc *doc = &runner->doc;
    uint32_t list = ep_path_walk(&emit->each.levels[level], doc, c->scope[c->depth], c->hints);
    if (list == EP_NO_NODE || doc->nodes[list].kind != EP_N_ARRAY || doc->nodes[list].n_children == 0)
        return list_reason(runner, emit, list, err);
    uint32_t n = 0;
    for (uint32_t item = list + 1; item < doc->nodes[list].end; item = doc->nodes[item].end, n++) {
        if (doc->nodes[item].kind != EP_N_OBJECT) {
            char detail[200];
            snprintf(detail, sizeof detail, "item %" PRIu32 " of %.120s is %s, must be an object", n + 1,
                     emit->each.text, kind_text(&doc->nodes[item]));
            EP_TRY(emit_reason(runner, emit, EP_R_NULL_ITEM, detail, err));
            continue;
        }
        c->scope[++c->depth] = item;
        ep_code code = level + 1 < emit->each.n_levels ? run_list(runner, emit, level + 1, err)
                                                       : ep_row_map(runner, emit, err);
        c->depth--;
        EP_TRY(code);
    }
    return EP_OK;
}

static ep_code run_emit(ep_feed_runner *runner, const ep_emit *emit, ep_error *err) {
    ep_eval *c = &runner->eval;
    bool holds = true;
    if (emit->when) {
        ep_reason_code reason = ep_cond_eval(c, emit->when, &holds);
        if (c->no_memory)
            return ep_fail(err, EP_E_NOMEM, "out of memory mapping a record of the feed %s",
                           runner->feed->name);
        if (reason != EP_R_NONE)
            return emit_reason(runner, emit, reason, c->detail, err);
    }
    if (!holds)
        return EP_OK;
    runner->uses[emit->target].entered = true;
    return emit->has_each ? run_list(runner, emit, 0, err) : ep_row_map(runner, emit, err);
}

/* The first ignore rule that holds, or NULL. */
static ep_code find_ignore(ep_feed_runner *runner, const char **ret, ep_error *err) {
    const ep_feed *feed = runner->feed;
    ep_eval *c = &runner->eval;
    *ret = NULL;
    for (size_t i = 0; i < feed->n_ignores && !*ret; i++) {
        bool holds = false;
        ep_reason_code reason = ep_cond_eval(c, feed->ignores[i].when, &holds);
        if (c->no_memory)
            return ep_fail(err, EP_E_NOMEM, "out of memory mapping a record of the feed %s", feed->name);
        if (reason != EP_R_NONE) {
            uint32_t group;
            EP_TRY(ep_record_unknown_group(runner, &group, err));
            EP_TRY(ep_record_reason(runner, group, reason, "", c->detail, err));
        } else if (holds) {
            *ret = feed->ignores[i].name;
        }
    }
    return EP_OK;
}

static ep_code run_record(ep_feed_runner *runner, const ep_raw *raw, uint32_t node, ep_error *err) {
    const ep_feed *feed = runner->feed;
    if (runner->doc.nodes[node].kind != EP_N_OBJECT) {
        char detail[80];
        snprintf(detail, sizeof detail, "the record is %s, must be an object",
                 kind_text(&runner->doc.nodes[node]));
        return bad_record(runner, raw, EP_R_NULL_ITEM, detail, err);
    }
    EP_TRY(begin_record(runner, raw, err));
    ep_unit_record *record = &runner->unit->records[runner->unit->n_records - 1];
    runner->eval.scope[0] = node;
    const char *ignored;
    EP_TRY(find_ignore(runner, &ignored, err));
    if (ignored && record->n_groups == 0) {
        record->ignored = true;
        record->ignored_name = ignored;
        return EP_OK;
    }
    for (size_t i = 0; i < feed->n_emits; i++)
        EP_TRY(run_emit(runner, &feed->emits[i], err));
    for (size_t i = 0; i < feed->n_checks; i++)
        EP_TRY(ep_sum_run(runner, &feed->checks[i], err));
    if (record->n_groups == 0) {
        record->ignored = true;
        record->ignored_name = EP_IGNORED_NO_ROWS;
    }
    return EP_OK;
}

/* A document that is cut into records. */
typedef struct cutting {
    const ep_raw *document;
    size_t at; /* up to here lines are counted */
    uint64_t line, n_records;
} cutting;

/* Coordinates of one record inside its document; bytes as they stand there when the source is UTF-8. */
static ep_code cut_raw(ep_feed_runner *runner, cutting *cut, uint32_t node, ep_raw *ret, ep_error *err) {
    const ep_raw *document = cut->document;
    const ep_node *n = &runner->doc.nodes[node];
    ep_str text = {n->text, n->text_len};
    *ret = *document;
    ret->at.record = document->at.record + cut->n_records++;
    ret->raw = ret->text = text;
    ret->at.size_bytes = n->text_len;
    if (document->raw.ptr != document->text.ptr)
        ret->encoding = EP_ENC_UTF8;
    if (text.ptr >= document->text.ptr && text.ptr <= document->text.ptr + document->text.len) {
        size_t at = (size_t)(text.ptr - document->text.ptr);
        for (const char *p; cut->at < at && (p = memchr(document->text.ptr + cut->at, '\n', at - cut->at));) {
            cut->line++;
            cut->at = (size_t)(p - document->text.ptr) + 1;
        }
        cut->at = at;
        ret->at.line = cut->line;
        if (document->raw.ptr == document->text.ptr)
            ret->at.offset += at;
    }
    ret->content = 0;
    ret->occurrence = 0;
    if (!runner->feed->needs_occurrence)
        return EP_OK;
    if (!runner->seen_in_document)
        EP_TRY(ep_seen_new(&runner->seen_in_document, err));
    uint32_t *count = ep_seen_find(runner->seen_in_document, 0, (ep_str){0}, text, 0);
    if (!count)
        return ep_fail(err, EP_E_NOMEM, "out of memory cutting a document of the feed %s",
                       runner->feed->name);
    ret->content = ep_xxh3(text.ptr, text.len);
    ret->occurrence = ++*count;
    return EP_OK;
}

static ep_code run_cut(ep_feed_runner *runner, cutting *cut, uint32_t node, ep_error *err) {
    ep_raw *raw = ep_arena_alloc(&runner->unit->arena, sizeof(*raw));
    if (!raw)
        return ep_fail(err, EP_E_NOMEM, "out of memory cutting a document of the feed %s",
                       runner->feed->name);
    EP_TRY(cut_raw(runner, cut, node, raw, err));
    return run_record(runner, raw, node, err);
}

static ep_code bad_document(ep_feed_runner *runner, const ep_raw *raw, uint32_t node, ep_error *err) {
    const ep_each *each = &runner->feed->records;
    const ep_node *n = node == EP_NO_NODE ? NULL : &runner->doc.nodes[node];
    bool missing = !n || n->kind == EP_N_NULL;
    char detail[200];
    snprintf(detail, sizeof detail, "%.150s is %s", each->text, n ? kind_text(n) : "missing");
    ep_reason_code code = !each->is_list ? EP_R_NULL_ITEM : missing ? EP_R_EMPTY_LIST : EP_R_NOT_A_LIST;
    return bad_record(runner, raw, code, detail, err);
}

/* An empty list holds no records: an API with nothing new answers so. */
static ep_code cut_list(ep_feed_runner *runner, cutting *cut, uint32_t from, uint32_t level, ep_error *err) {
    const ep_each *each = &runner->feed->records;
    const ep_doc *doc = &runner->doc;
    uint32_t list = ep_path_walk(&each->levels[level], doc, from, runner->eval.hints);
    if (list == EP_NO_NODE || (each->is_list && doc->nodes[list].kind != EP_N_ARRAY))
        return bad_document(runner, cut->document, list, err);
    if (!each->is_list)
        return run_cut(runner, cut, list, err);
    for (uint32_t item = list + 1; item < doc->nodes[list].end; item = doc->nodes[item].end)
        if (level + 1 < each->n_levels)
            EP_TRY(cut_list(runner, cut, item, level + 1, err));
        else
            EP_TRY(run_cut(runner, cut, item, err));
    return EP_OK;
}

static ep_code run_raw(ep_feed_runner *runner, const ep_raw *raw, ep_error *err) {
    const ep_each *each = &runner->feed->records;
    const char *detail = "";
    if (raw->reason != EP_R_NONE)
        return bad_record(runner, raw, raw->reason, "", err);
    ep_reason_code reason = ep_parser_run(runner->parser, raw, &runner->doc, &runner->unit->arena, &detail);
    if (reason != EP_R_NONE) {
        EP_TRY(ep_parser_check(runner->parser, err));
        return bad_record(runner, raw, reason, detail, err);
    }
    if (runner->cut || (!each->is_list && each->levels[0].n_steps == 0))
        return run_record(runner, raw, 0, err);
    cutting cut = {.document = raw, .line = raw->at.line};
    if (runner->seen_in_document)
        ep_seen_reset(runner->seen_in_document);
    return cut_list(runner, &cut, 0, 0, err);
}

ep_code ep_feed_runner_run(ep_feed_runner *runner, const ep_raw *raws, size_t n, const ep_feed_meta *meta,
                           ep_unit *unit, ep_error *err) {
    size_t first_record = unit->n_records, first_reason = unit->reasons.n,
           n_dropped = unit->reasons.n_dropped;
    runner->unit = unit;
    runner->eval.arena = &unit->arena;
    runner->eval.meta = meta;
    runner->eval.source = runner->eval.seller = runner->eval.received_at = (ep_str){0};
    runner->eval.no_memory = false;
    for (size_t i = 0; i < unit->n_tables; i++)
        runner->uses[i].first_new = runner->uses[i].first_unchecked = unit->tables[i].batch->n_rows;
    for (size_t i = 0; i < n; i++) {
        EP_TRY(run_raw(runner, &raws[i], err));
        if ((i + 1) % CHECK_RECORDS == 0)
            EP_TRY(ep_check_rows(runner, err));
    }
    return ep_finish_run(runner, first_record, first_reason, n_dropped, err);
}

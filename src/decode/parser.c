#include "decode/csv.h"
#include "decode/decode.h"
#include "decode/encoding.h"
#include "decode/json.h"

#include <inttypes.h>
#include <string.h>

struct ep_parser {
    ep_decode_options options;
    ep_csv_rules rules;
    ep_json *json;
    ep_str *own_columns; /* views of the options' columns */
    const ep_str *columns;
    size_t n_columns;
    uint64_t layout; /* of a row */
    ep_csv_cell *cells;
    size_t cells_capacity;
    bool no_memory;
};

static ep_code init(ep_parser *parser, const ep_decode_options *options, ep_error *err) {
    parser->options = *options;
    parser->options.columns = NULL;
    if (options->format != EP_FMT_CSV)
        return ep_json_new(&parser->json, err);
    parser->rules = ep_csv_rules_of(options);
    parser->own_columns = ep_calloc(options->n_columns + 1, sizeof(*parser->own_columns));
    if (!parser->own_columns)
        return ep_fail(err, EP_E_NOMEM, "no memory for the names of columns");
    for (size_t i = 0; i < options->n_columns; i++)
        parser->own_columns[i] = ep_str_from(options->columns[i]);
    ep_parser_set_columns(parser, parser->own_columns, options->n_columns, options->delimiter);
    return EP_OK;
}

ep_code ep_parser_new(const ep_decode_options *options, ep_parser **ret, ep_error *err) {
    ep_parser *parser = ep_calloc(1, sizeof(*parser));
    if (!parser)
        return ep_fail(err, EP_E_NOMEM, "no memory for a parser");
    ep_code code = init(parser, options, err);
    if (code != EP_OK)
        ep_parser_free(&parser);
    else
        *ret = parser;
    return code;
}

void ep_parser_free(ep_parser **parser) {
    if (!parser || !*parser)
        return;
    ep_json_free(&(*parser)->json);
    ep_free((*parser)->own_columns);
    ep_free((*parser)->cells);
    ep_free(*parser);
    *parser = NULL;
}

void ep_parser_set_columns(ep_parser *parser, const ep_str *columns, size_t n_columns, char delimiter) {
    parser->columns = columns;
    parser->n_columns = n_columns;
    parser->layout = ep_layout_new();
    parser->rules.delimiter = delimiter ? delimiter : ',';
}

static bool reserve_cells(ep_parser *parser, ep_doc *doc) {
    return ep_doc_reserve(doc, parser->n_columns + 1) &&
           ep_grow((void **)&parser->cells, &parser->cells_capacity, parser->n_columns,
                   sizeof(*parser->cells), NULL) == EP_OK;
}

/* A row as an object: one member a column. */
static bool parse_row(ep_parser *parser, ep_str text, ep_doc *doc, ep_arena *arena, ep_flaw *flaw) {
    size_t n_cells;
    if (!ep_text_clean(text)) {
        bool is_cut;
        size_t at = ep_utf8_flaw(text, &is_cut);
        const char *nul = memchr(text.ptr, 0, text.len);
        if (nul && (size_t)(nul - text.ptr) < at)
            return ep_flaw_set(flaw, EP_R_TEXT_ENCODING, (size_t)(nul - text.ptr),
                               "a NUL byte cannot be stored in a text");
        return ep_flaw_set(flaw, EP_R_TEXT_ENCODING, at, "not valid UTF-8");
    }
    if (!reserve_cells(parser, doc))
        return ep_flaw_no_memory(flaw);
    if (!ep_csv_cells(&parser->rules, text, parser->cells, parser->n_columns, &n_cells, arena, flaw))
        return false;
    if (n_cells != parser->n_columns) {
        flaw->n_cells = (uint32_t)n_cells;
        return ep_flaw_set(flaw, EP_R_RAGGED, SIZE_MAX, "");
    }
    doc->nodes[0] = (ep_node){.text = text.ptr, .text_len = (uint32_t)text.len, .kind = EP_N_OBJECT};
    doc->nodes[0].end = (uint32_t)n_cells + 1;
    doc->nodes[0].n_children = (uint32_t)n_cells;
    for (size_t i = 0; i < n_cells; i++) {
        const ep_csv_cell *cell = &parser->cells[i];
        doc->nodes[i + 1] = (ep_node){
            .text = cell->text,
            .text_len = cell->len,
            .key = parser->columns[i].ptr,
            .key_len = (uint32_t)parser->columns[i].len,
            .end = (uint32_t)i + 2,
            .kind = cell->is_null ? EP_N_NULL : EP_N_TEXT,
        };
    }
    doc->n_nodes = (uint32_t)n_cells + 1;
    doc->layout = parser->layout;
    return true;
}

/* Why the splitter could not cut a whole record. */
static void explain_cut(const ep_raw *raw, ep_flaw *flaw) {
    bool is_cut;
    switch (raw->reason) {
    case EP_R_TOO_LARGE: ep_flaw_set(flaw, raw->reason, SIZE_MAX, ""); break;
    case EP_R_TRUNCATED:
        ep_flaw_set(flaw, raw->reason, SIZE_MAX, "a quoted cell is not closed before the source ends");
        break;
    case EP_R_TEXT_ENCODING:
        ep_flaw_set(flaw, raw->reason, ep_utf8_flaw(raw->text, &is_cut),
                    "not a character of the source's encoding");
        break;
    default: ep_flaw_set(flaw, raw->reason, SIZE_MAX, ep_reason_text(raw->reason));
    }
}

/* "byte 17", or "line 3, column 4 (byte 17)" in a record of several lines; bytes count from 1, as stored. */
static const char *place_of(const ep_raw *raw, size_t at, ep_arena *arena) {
    size_t line = 1, line_start = 0;
    for (size_t i = 0; i < at; i++) {
        if (raw->text.ptr[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    uint64_t byte = ep_encoding_source_bytes((ep_encoding)raw->encoding, (ep_str){raw->text.ptr, at}) + 1;
    if (line == 1)
        return ep_arena_printf(arena, "byte %" PRIu64, byte);
    size_t column = ep_utf8_count(raw->text.ptr + line_start, at - line_start) + 1;
    return ep_arena_printf(arena, "line %zu, column %zu (byte %" PRIu64 ")", line, column, byte);
}

static const char *detail_of(const ep_parser *parser, const ep_raw *raw, const ep_flaw *flaw,
                             ep_arena *arena) {
    if (flaw->no_memory)
        return flaw->what;
    if (flaw->reason == EP_R_RAGGED)
        return ep_arena_printf(arena, "has %" PRIu32 " cells, the header has %zu", flaw->n_cells,
                               parser->n_columns);
    if (flaw->reason == EP_R_TOO_LARGE && flaw->at == SIZE_MAX)
        return ep_arena_printf(arena, "has %" PRIu32 " bytes, at most %u are read", raw->at.size_bytes,
                               EP_MAX_RECORD_BYTES);
    if (flaw->at == SIZE_MAX)
        return flaw->what;
    const char *place = place_of(raw, flaw->at, arena);
    bool is_byte =
        flaw->reason == EP_R_TEXT_ENCODING && flaw->at < raw->text.len && (raw->text.ptr[flaw->at] & 0x80);
    bool is_guess = parser->options.encoding == EP_ENC_AUTO && raw->encoding <= EP_ENC_UTF8;
    const char *hint =
        is_byte && is_guess ? "; if the source is not UTF-8, declare decode.encoding: windows-1252" : "";
    return place ? ep_arena_printf(arena, "%s: %s%s", place, flaw->what, hint) : NULL;
}

ep_reason_code ep_parser_run(ep_parser *parser, const ep_raw *raw, ep_doc *doc, ep_arena *arena,
                             const char **ret_detail) {
    ep_flaw flaw;
    bool ok = false;
    doc->n_nodes = 0;
    doc->layout = 0;
    parser->no_memory = false;
    if (raw->reason != EP_R_NONE)
        explain_cut(raw, &flaw);
    else if (raw->text.len > (size_t)EP_MAX_RECORD_BYTES * 3)
        ep_flaw_set(&flaw, EP_R_TOO_LARGE, SIZE_MAX, "");
    else if (parser->options.format == EP_FMT_CSV)
        ok = parse_row(parser, raw->text, doc, arena, &flaw);
    else
        ok = ep_json_parse(parser->json, raw->text, doc, arena, &flaw);
    if (ok)
        return EP_R_NONE;
    doc->n_nodes = 0;
    parser->no_memory = flaw.no_memory;
    const char *detail = detail_of(parser, raw, &flaw, arena);
    *ret_detail = detail ? detail : ep_reason_text(flaw.reason);
    return flaw.reason;
}

ep_code ep_parser_check(const ep_parser *parser, ep_error *err) {
    return parser->no_memory ? ep_fail(err, EP_E_NOMEM, "no memory to parse a record") : EP_OK;
}

#include "feed/list.h"
#include "base/hash.h"
#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LIST_BYTES ((size_t)32 << 20)

static ep_code add_line(ep_list *list, ep_list_line line, ep_arena *arena, ep_error *err) {
    line.external.ptr = ep_arena_strndup(arena, line.external.ptr, line.external.len);
    line.internal.ptr = ep_arena_strndup(arena, line.internal.ptr, line.internal.len);
    if (!line.external.ptr || !line.internal.ptr)
        return ep_fail(err, EP_E_NOMEM, "out of memory reading the code list %s", list->name);
    EP_TRY(ep_grow((void **)&list->lines, &list->capacity, list->n_lines + 1, sizeof(*list->lines), err));
    list->lines[list->n_lines++] = line;
    return EP_OK;
}

ep_code ep_list_add_map(ep_list *list, const ep_yaml_node *map, ep_arena *arena, ep_lints *lints,
                        ep_error *err) {
    for (const ep_yaml_node *m = map->first; m; m = m->next) {
        if (!ep_yaml_is_scalar(m)) {
            EP_TRY(ep_lints_add(lints, err, EP_S_ERROR, list->file, m->line, m->column, "bad_list",
                                "the code \"%s\" leads to %s: write one value", m->key,
                                ep_yaml_kind_text(m->kind)));
            continue;
        }
        ep_list_line line = {.external = ep_str_from(m->key),
                             .internal = m->text,
                             .is_null = m->kind == EP_Y_NULL,
                             .from = INT64_MIN,
                             .to = INT64_MAX,
                             .line = m->key_line};
        EP_TRY(add_line(list, line, arena, err));
    }
    return EP_OK;
}

static ep_code load_yaml(ep_list *list, ep_str text, ep_arena *arena, ep_lints *lints, ep_error *err) {
    EP_CLEANUP(ep_yaml_free) ep_yaml *yaml = NULL;
    EP_TRY(ep_yaml_parse(list->file, text, &yaml, lints, err));
    const ep_yaml_node *root = ep_yaml_root(yaml);
    if (root->kind != EP_Y_MAP)
        return ep_lints_add(lints, err, EP_S_ERROR, list->file, root->line, root->column, "bad_list",
                            "a code list is a map, external: internal, not %s",
                            ep_yaml_kind_text(root->kind));
    return ep_list_add_map(list, root, arena, lints, err);
}

/* Cells of one CSV line. */
typedef struct csv_line {
    const ep_doc *doc;
    ep_list *list;
    ep_arena *arena;
    ep_lints *lints;
    int line;
} csv_line;

static bool cell(const csv_line *row, const char *name, ep_str *ret) {
    uint32_t at = ep_doc_member(row->doc, 0, name, (uint32_t)strlen(name), NULL);
    if (at == UINT32_MAX || row->doc->nodes[at].kind != EP_N_TEXT)
        return false;
    *ret = (ep_str){row->doc->nodes[at].text, row->doc->nodes[at].text_len};
    return true;
}

static ep_code read_moment(const csv_line *row, const char *name, int64_t *ret, ep_error *err) {
    ep_str text;
    int32_t days;
    if (!cell(row, name, &text))
        return EP_OK;
    row->list->dated = true;
    if (ep_date_parse(text, NULL, &days)) {
        *ret = days * EP_DAY_US;
        return EP_OK;
    }
    if (ep_time_parse(text, EP_TF_RFC3339, NULL, NULL, ret))
        return EP_OK;
    return ep_lints_add(
        row->lints, err, EP_S_ERROR, row->list->file, row->line, 1, "bad_list",
        "\"%s\" is neither a date (2026-03-01) nor a moment with a zone (2026-03-01T00:00:00Z)", name);
}

static ep_code take_row(const csv_line *row, ep_error *err) {
    ep_list_line line = {.from = INT64_MIN, .to = INT64_MAX, .line = row->line};
    if (!cell(row, "external", &line.external))
        return ep_lints_add(row->lints, err, EP_S_ERROR, row->list->file, row->line, 1, "bad_list",
                            "the external code is empty");
    line.is_null = !cell(row, "internal", &line.internal);
    if (line.is_null)
        line.internal = EP_STR("");
    EP_TRY(read_moment(row, "from", &line.from, err));
    EP_TRY(read_moment(row, "to", &line.to, err));
    if (line.from >= line.to)
        return ep_lints_add(row->lints, err, EP_S_ERROR, row->list->file, row->line, 1, "bad_list",
                            "the line ends (to) before it begins (from)");
    return add_line(row->list, line, row->arena, err);
}

static ep_code check_columns(ep_list *list, const ep_str *columns, size_t n, ep_lints *lints, ep_error *err) {
    bool external = false, internal = false;
    for (size_t i = 0; i < n; i++) {
        external |= ep_str_is(columns[i], "external");
        internal |= ep_str_is(columns[i], "internal");
    }
    if (external && internal)
        return EP_OK;
    return ep_lints_add(lints, err, EP_S_ERROR, list->file, 1, 1, "bad_list",
                        "the header must be external,internal or external,internal,from,to");
}

static ep_code load_rows(ep_list *list, ep_splitter *splitter, ep_parser *parser, ep_str text,
                         ep_arena *arena, ep_lints *lints, ep_error *err) {
    EP_CLEANUP(ep_arena_done) ep_arena scratch = {0};
    EP_CLEANUP(ep_doc_done) ep_doc doc = {0};
    const ep_raw *raws;
    size_t n, n_columns;
    EP_TRY(ep_splitter_feed(splitter, text, true, &scratch, &raws, &n, err));
    const ep_str *columns = ep_splitter_columns(splitter, &n_columns);
    EP_TRY(check_columns(list, columns, n_columns, lints, err));
    ep_parser_set_columns(parser, columns, n_columns, ep_splitter_delimiter(splitter));
    for (size_t i = 0; i < n; i++) {
        const char *detail = "";
        ep_reason_code reason = raws[i].reason;
        if (reason == EP_R_NONE)
            reason = ep_parser_run(parser, &raws[i], &doc, &scratch, &detail);
        csv_line row = {&doc, list, arena, lints, (int)raws[i].at.line};
        if (reason != EP_R_NONE)
            EP_TRY(ep_lints_add(lints, err, EP_S_ERROR, list->file, row.line, 1, "bad_list", "%s: %s",
                                ep_reason_text(reason), detail ? detail : ""));
        else
            EP_TRY(take_row(&row, err));
    }
    return EP_OK;
}

static ep_code load_csv(ep_list *list, const ep_buf *file, ep_arena *arena, ep_lints *lints, ep_error *err) {
    EP_CLEANUP(ep_splitter_free) ep_splitter *splitter = NULL;
    EP_CLEANUP(ep_parser_free) ep_parser *parser = NULL;
    EP_CLEANUP(ep_buf_done) ep_buf padded = {0};
    static const char padding[EP_PADDING];
    ep_decode_options options = {.format = EP_FMT_CSV, .has_header = true, .trim = true};
    ep_buf_add(&padded, file->data ? file->data : "", file->len);
    ep_buf_add(&padded, padding, sizeof padding);
    EP_TRY(ep_buf_check(&padded, err));
    EP_TRY(ep_splitter_new(&options, &splitter, err));
    EP_TRY(ep_parser_new(&options, &parser, err));
    ep_error inner = {0};
    ep_code code = load_rows(list, splitter, parser, (ep_str){padded.data, file->len}, arena, lints, &inner);
    if (code == EP_E_CONFIG)
        return ep_lints_add(lints, err, EP_S_ERROR, list->file, 1, 1, "bad_list", "%s", inner.text);
    if (code != EP_OK && err)
        *err = inner;
    return code;
}

ep_code ep_list_load(ep_list *list, const char *folder, ep_arena *arena, bool *ret_found, ep_lints *lints,
                     ep_error *err) {
    static const char *const suffixes[] = {"yaml", "csv"};
    *ret_found = false;
    for (int i = 0; i < 2; i++) {
        EP_CLEANUP(ep_buf_done) ep_buf file = {0};
        char *path = ep_arena_printf(arena, "%s/%s.%s", folder, list->name, suffixes[i]);
        if (!path)
            return ep_fail(err, EP_E_NOMEM, "out of memory reading the code list %s", list->name);
        ep_code code = ep_read_file(path, MAX_LIST_BYTES, &file, err);
        if (code == EP_E_NOT_FOUND)
            continue;
        EP_TRY(code);
        if (err)
            *err = (ep_error){0};
        uint8_t digest[32];
        ep_sha256_of(file.data ? file.data : "", file.len, digest);
        ep_hex(digest, sizeof digest, list->hash);
        list->file = path;
        *ret_found = true;
        ep_str text = {file.data ? file.data : "", file.len};
        return i == 0 ? load_yaml(list, text, arena, lints, err) : load_csv(list, &file, arena, lints, err);
    }
    if (err)
        *err = (ep_error){0};
    return EP_OK;
}

static int by_external(const void *a, const void *b) {
    const ep_list_line *x = a, *y = b;
    int order = ep_str_cmp(x->external, y->external);
    if (order)
        return order;
    return x->from != y->from ? (x->from < y->from ? -1 : 1) : x->line - y->line;
}

static ep_code check_overlaps(const ep_list *list, ep_lints *lints, ep_error *err) {
    for (size_t i = 1; i < list->n_lines; i++) {
        const ep_list_line *a = &list->lines[i - 1], *b = &list->lines[i];
        if (ep_str_eq(a->external, b->external) && b->from < a->to)
            EP_TRY(ep_lints_add(lints, err, EP_S_ERROR, list->file, b->line, 1, "bad_list",
                                "the code \"%.*s\" is already in line %d for the same time",
                                EP_STR_ARGS(b->external), a->line));
    }
    return EP_OK;
}

ep_code ep_list_seal(ep_list *list, ep_arena *arena, ep_lints *lints, ep_error *err) {
    ep_list_line *lines = ep_arena_alloc(arena, (list->n_lines + 1) * sizeof(*lines));
    size_t n_slots = 8;
    while (n_slots < list->n_lines * 2)
        n_slots *= 2;
    list->slots = ep_arena_calloc(arena, n_slots, sizeof(*list->slots));
    if (!lines || !list->slots)
        return ep_fail(err, EP_E_NOMEM, "out of memory reading the code list %s", list->name);
    if (list->n_lines > 0) {
        memcpy(lines, list->lines, list->n_lines * sizeof(*lines));
        qsort(lines, list->n_lines, sizeof(*lines), by_external);
    }
    ep_list_done(list);
    list->lines = lines;
    list->slot_mask = n_slots - 1;
    EP_TRY(check_overlaps(list, lints, err));
    for (size_t i = 0; i < list->n_lines; i++) {
        if (i > 0 && ep_str_eq(lines[i].external, lines[i - 1].external))
            continue;
        uint64_t slot = ep_xxh3(lines[i].external.ptr, lines[i].external.len) & list->slot_mask;
        while (list->slots[slot])
            slot = (slot + 1) & list->slot_mask;
        list->slots[slot] = (uint32_t)i + 1;
    }
    return EP_OK;
}

void ep_list_done(ep_list *list) {
    if (list->capacity)
        ep_free(list->lines);
    list->lines = NULL;
    list->capacity = 0;
}

const ep_list_line *ep_list_find(const ep_list *list, ep_str text, int64_t at_us) {
    uint64_t slot = ep_xxh3(text.ptr, text.len) & list->slot_mask;
    for (; list->slots[slot]; slot = (slot + 1) & list->slot_mask) {
        const ep_list_line *line = &list->lines[list->slots[slot] - 1];
        if (!ep_str_eq(line->external, text))
            continue;
        for (const ep_list_line *end = list->lines + list->n_lines; line < end; line++) {
            if (!ep_str_eq(line->external, text))
                return NULL;
            if (!list->dated || (at_us >= line->from && at_us < line->to))
                return line;
        }
        return NULL;
    }
    return NULL;
}

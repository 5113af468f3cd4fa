#include "decode/csv.h"
#include "decode/csv_header.h"
#include "decode/decode.h"
#include "decode/encoding.h"
#include "decode/json_simd.h"
#include "decode/occurrence.h"

#include "base/hash.h"

#include <string.h>

struct ep_splitter {
    ep_decode_options options; /* without the views of `columns` */
    ep_encoding encoding;      /* EP_ENC_AUTO until the first bytes are seen */
    ep_csv_rules rules;
    ep_csv_header header;
    bool has_begun, is_done, needs_header;
    bool flawed;   /* bytes that are no character were seen (not for UTF-8 sources) */
    bool after_cr; /* a row ended with the CR that ended a block: an LF now belongs to it */
    char head[4];  /* bytes that may be the beginning of a BOM */
    uint32_t n_head;
    ep_coordinates next; /* of the first record that is not returned yet */

    /* The record that goes on in the next block. */
    ep_buf text;            /* as UTF-8 */
    ep_buf raw;             /* as stored; unused for UTF-8 */
    uint64_t carried_bytes; /* as stored, without `n_pending` */
    uint32_t n_pending;     /* bytes at the end of `raw` that are no whole character yet */
    char pending[4];
    bool is_carried, is_skipped; /* is_skipped: too large, only its first bytes are kept */
    ep_csv_scan scan;
    ep_csv_guess guess;

    bool counts_occurrences;
    ep_occurrences occurrences;
    ep_raw *records;
    size_t n_records, records_capacity;
};

/* A block while it is cut: its text, and the stored bytes it came from (the same for UTF-8). */
struct input {
    ep_str text, raw;
    size_t raw_used; /* stored bytes of what was cut */
    bool is_last;
    ep_arena *arena;
};

static ep_code init(ep_splitter *s, const ep_decode_options *options, ep_error *err) {
    s->options = *options;
    s->options.columns = NULL;
    s->encoding = options->encoding;
    s->rules = ep_csv_rules_of(options);
    s->next.line = 1;
    if (options->format != EP_FMT_CSV)
        return EP_OK;
    if (!options->has_header && options->n_columns == 0)
        return ep_fail_field(err, EP_E_CONFIG, "columns",
                             "a CSV source without a header needs the names of its columns");
    s->needs_header = options->has_header;
    return ep_csv_header_init(&s->header, options, err);
}

ep_code ep_splitter_new(const ep_decode_options *options, ep_splitter **ret, ep_error *err) {
    ep_splitter *s = ep_calloc(1, sizeof(*s));
    if (!s)
        return ep_fail(err, EP_E_NOMEM, "no memory for a splitter");
    ep_code code = init(s, options, err);
    if (code != EP_OK)
        ep_splitter_free(&s);
    else
        *ret = s;
    return code;
}

void ep_splitter_free(ep_splitter **splitter) {
    if (!splitter || !*splitter)
        return;
    ep_splitter *s = *splitter;
    ep_csv_header_done(&s->header);
    ep_buf_done(&s->text);
    ep_buf_done(&s->raw);
    ep_occurrences_done(&s->occurrences);
    ep_free(s->records);
    ep_free(s);
    *splitter = NULL;
}

static bool is_transcoded(const ep_splitter *s) {
    return s->encoding != EP_ENC_UTF8 && s->encoding != EP_ENC_AUTO;
}

static ep_code no_memory(ep_error *err) {
    return ep_fail(err, EP_E_NOMEM, "no memory to cut a block into records");
}

/* A copy with EP_PADDING readable bytes behind it. */
static bool join(ep_arena *arena, ep_str a, ep_str b, ep_str *ret) {
    char *out = ep_arena_alloc(arena, a.len + b.len + EP_PADDING);
    if (!out)
        return false;
    if (a.len > 0)
        memcpy(out, a.ptr, a.len);
    if (b.len > 0)
        memcpy(out + a.len, b.ptr, b.len);
    memset(out + a.len + b.len, 0, EP_PADDING);
    *ret = (ep_str){out, a.len + b.len};
    return true;
}

static bool is_all(ep_str text, const char *set) {
    size_t i = 0;
    while (i < text.len && text.ptr[i] && strchr(set, text.ptr[i]))
        i++;
    return i == text.len;
}

/* Lines that are no record. */
static bool is_blank_record(const ep_splitter *s, ep_str text) {
    switch (s->options.format) {
    case EP_FMT_JSONL: return is_all(text, " \t\r");
    case EP_FMT_CSV:
        return text.len == 0 || (s->rules.trim && is_all(text, s->rules.delimiter == '\t' ? " " : " \t"));
    default: return false;
    }
}

static ep_code emit(ep_splitter *s, ep_raw *record, ep_error *err) {
    if (s->needs_header) {
        s->needs_header = false;
        return ep_csv_header_read(&s->header, &s->rules, record, err);
    }
    if (s->counts_occurrences) {
        record->content = ep_xxh3(record->raw.ptr, record->raw.len);
        EP_TRY(ep_occurrences_add(&s->occurrences, record->content, &record->occurrence, err));
    }
    if (s->n_records == s->records_capacity)
        EP_TRY(
            ep_grow((void **)&s->records, &s->records_capacity, s->n_records + 1, sizeof(*s->records), err));
    s->records[s->n_records++] = *record;
    s->next.record++;
    return EP_OK;
}

/* Views of the first bytes only; what is carried has them already. */
static ep_code cut_too_large(ep_splitter *s, ep_raw *record, ep_arena *arena, ep_error *err) {
    size_t used;
    bool flawed = false;
    record->reason = EP_R_TOO_LARGE;
    record->raw.len = record->raw.len < EP_TOO_LARGE_KEPT_BYTES ? record->raw.len : EP_TOO_LARGE_KEPT_BYTES;
    record->text = record->raw;
    if (is_transcoded(s) &&
        !ep_encoding_transcode(s->encoding, record->raw, true, arena, &record->text, &used, &flawed))
        return no_memory(err);
    return EP_OK;
}

static bool is_cut_off(const ep_splitter *s) {
    return s->options.format == EP_FMT_CSV && ep_csv_scan_open(&s->scan);
}

/* Text and stored bytes of the record: what was carried and `n_text` bytes of the block. */
static ep_code assemble(ep_splitter *s, struct input *in, size_t n_text, size_t n_raw, uint64_t size,
                        ep_raw *record, ep_error *err) {
    record->text = (ep_str){in->text.ptr, n_text};
    record->raw = (ep_str){in->raw.ptr + in->raw_used, n_raw};
    if (!s->is_carried)
        return EP_OK;
    if (s->is_skipped) { /* only the first bytes are left, and they are enough */
        n_text = 0;
        n_raw = 0;
        record->text.len = record->raw.len = 0;
    }
    if (!join(in->arena, (ep_str){s->text.data, s->text.len}, record->text, &record->text))
        return no_memory(err);
    if (!is_transcoded(s))
        record->raw = record->text;
    else if (!join(in->arena, (ep_str){s->raw.data, s->raw.len}, record->raw, &record->raw))
        return no_memory(err);
    if (record->raw.len > size)
        record->raw.len = (size_t)size; /* the rest is the first half of the line end */
    return EP_OK;
}

static void forget_carried(ep_splitter *s) {
    ep_buf_reset(&s->text);
    ep_buf_reset(&s->raw);
    s->carried_bytes = 0;
    s->n_pending = 0;
    s->is_carried = s->is_skipped = false;
    s->scan = (ep_csv_scan){0};
}

/* The last byte of a JSON line that ends with CR LF is no part of the record. */
static void cut_cr(const ep_splitter *s, ep_raw *record) {
    if (s->options.format != EP_FMT_JSONL || record->text.len == 0 ||
        record->text.ptr[record->text.len - 1] != '\r')
        return;
    size_t unit = ep_encoding_source_bytes(s->encoding, EP_STR("\r"));
    record->text.len--;
    record->raw.len -= unit;
    record->at.size_bytes -= (uint32_t)unit;
}

/* Goes over the next n_text bytes of text, which took n_bytes as stored. */
static void advance(ep_splitter *s, struct input *in, size_t n_text, size_t n_bytes) {
    in->text.ptr += n_text;
    in->text.len -= n_text;
    in->raw_used += n_bytes - s->n_pending;
    s->n_pending = 0;
}

/* The record ends with the next n_text bytes; n_line_end bytes of line end follow. */
static ep_code finish(ep_splitter *s, struct input *in, size_t n_text, size_t n_line_end, ep_error *err) {
    size_t n_bytes = ep_encoding_source_bytes(s->encoding, (ep_str){in->text.ptr, n_text});
    size_t n_end = ep_encoding_source_bytes(s->encoding, (ep_str){in->text.ptr + n_text, n_line_end});
    size_t n_raw = n_bytes > s->n_pending ? n_bytes - s->n_pending : 0;
    uint64_t size = s->carried_bytes + n_bytes;
    bool is_cut = n_line_end == 0 && is_cut_off(s);
    ep_raw record = {.at = s->next, .encoding = (uint8_t)s->encoding};
    record.at.size_bytes = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
    EP_TRY(assemble(s, in, n_text, n_raw, size, &record, err));
    if (n_bytes + n_end > 0)
        advance(s, in, n_text + n_line_end, n_bytes + n_end);
    s->next.offset += size + n_end;
    if (n_line_end > 0)
        s->next.line += 1 + s->scan.n_lines;
    forget_carried(s);
    if (size > EP_MAX_RECORD_BYTES) {
        EP_TRY(cut_too_large(s, &record, in->arena, err));
        return emit(s, &record, err);
    }
    cut_cr(s, &record);
    if (is_blank_record(s, record.text))
        return EP_OK;
    if (is_cut)
        record.reason = EP_R_TRUNCATED;
    else if (s->flawed && !ep_simd_utf8_valid(record.text.ptr, record.text.len))
        record.reason = EP_R_TEXT_ENCODING;
    return emit(s, &record, err);
}

/* Keeps the rest of the block for the next one. */
static ep_code carry(ep_splitter *s, struct input *in, ep_error *err) {
    ep_str rest = {in->raw.ptr + in->raw_used, in->raw.len - in->raw_used};
    size_t n_bytes = ep_encoding_source_bytes(s->encoding, in->text);
    if (!s->is_skipped) {
        ep_buf_put_str(&s->text, in->text);
        if (is_transcoded(s))
            ep_buf_put_str(&s->raw, rest);
        if (ep_buf_check(&s->text, NULL) != EP_OK || ep_buf_check(&s->raw, NULL) != EP_OK)
            return no_memory(err);
    }
    s->carried_bytes += n_bytes;
    s->n_pending = (uint32_t)(rest.len + s->n_pending - n_bytes);
    s->is_carried = s->carried_bytes > 0 || s->n_pending > 0;
    if (s->carried_bytes > EP_MAX_RECORD_BYTES && !s->is_skipped) {
        s->is_skipped = true;
        s->text.len = s->text.len < EP_TOO_LARGE_KEPT_BYTES ? s->text.len : EP_TOO_LARGE_KEPT_BYTES;
        s->raw.len = s->raw.len < EP_TOO_LARGE_KEPT_BYTES ? s->raw.len : EP_TOO_LARGE_KEPT_BYTES;
    }
    return EP_OK;
}

/* What is left of the block: the last record, or the beginning of one. */
static ep_code end_block(ep_splitter *s, struct input *in, ep_error *err) {
    if (!in->is_last)
        return carry(s, in, err);
    if (in->text.len > 0 || s->is_carried || s->options.format == EP_FMT_JSON)
        return finish(s, in, in->text.len, 0, err);
    return EP_OK;
}

static ep_code cut_lines(ep_splitter *s, struct input *in, ep_error *err) {
    const char *end;
    while (in->text.len > 0 && (end = memchr(in->text.ptr, '\n', in->text.len)) != NULL)
        EP_TRY(finish(s, in, (size_t)(end - in->text.ptr), 1, err));
    return end_block(s, in, err);
}

/* Looks at the first line that is not empty. False: it is not complete yet. */
static bool guess_delimiter(ep_splitter *s, const struct input *in) {
    ep_str line = {in->text.ptr, 0};
    while (line.len < in->text.len && line.ptr[line.len] != '\n' && line.ptr[line.len] != '\r')
        line.len++;
    bool is_complete = ep_csv_guess_add(&s->guess, &s->rules, line) || line.len < in->text.len || in->is_last;
    if (is_complete)
        s->rules.delimiter = ep_csv_guess_result(&s->guess);
    return is_complete;
}

/* Scans what was carried while the delimiter was not known; it holds no line end. */
static ep_code scan_carried(ep_splitter *s, struct input *in, ep_error *err) {
    ep_str text;
    if (!join(in->arena, (ep_str){s->text.data, s->text.len}, (ep_str){0}, &text))
        return no_memory(err);
    ep_csv_scan_run(&s->scan, &s->rules, text.ptr, text.ptr + text.len);
    return EP_OK;
}

static void skip_lf(ep_splitter *s, struct input *in) {
    s->after_cr = false;
    if (in->text.ptr[0] != '\n')
        return;
    size_t n_bytes = ep_encoding_source_bytes(s->encoding, (ep_str){in->text.ptr, 1});
    advance(s, in, 1, n_bytes);
    s->next.offset += n_bytes;
    forget_carried(s);
}

static ep_code cut_rows(ep_splitter *s, struct input *in, ep_error *err) {
    if (s->after_cr && in->text.len > 0)
        skip_lf(s, in);
    while (in->text.len > 0) {
        bool is_empty_line = s->text.len == 0 && (in->text.ptr[0] == '\n' || in->text.ptr[0] == '\r');
        if (!s->rules.delimiter && !is_empty_line) {
            if (!guess_delimiter(s, in))
                break;
            EP_TRY(scan_carried(s, in, err));
        }
        const char *end = ep_csv_scan_run(&s->scan, &s->rules, in->text.ptr, in->text.ptr + in->text.len);
        if (!end)
            break;
        size_t n_text = (size_t)(end - in->text.ptr), n_line_end = 1;
        if (*end == '\r' && n_text + 1 < in->text.len)
            n_line_end += end[1] == '\n';
        else
            s->after_cr = *end == '\r';
        EP_TRY(finish(s, in, n_text, n_line_end, err));
    }
    if (in->is_last && !s->rules.delimiter && s->is_carried) {
        s->rules.delimiter = ep_csv_guess_result(&s->guess);
        EP_TRY(scan_carried(s, in, err));
    }
    return end_block(s, in, err);
}

/* One piece of the source behind the BOM. */
static ep_code take_piece(ep_splitter *s, ep_str piece, bool is_last, ep_arena *arena, ep_error *err) {
    struct input in = {.text = piece, .raw = piece, .is_last = is_last, .arena = arena};
    if (is_transcoded(s)) {
        ep_str source = piece;
        size_t used;
        if (s->n_pending > 0 && !join(arena, (ep_str){s->pending, s->n_pending}, piece, &source))
            return no_memory(err);
        if (!ep_encoding_transcode(s->encoding, source, is_last, arena, &in.text, &used, &s->flawed))
            return no_memory(err);
        memcpy(s->pending, source.ptr + used, source.len - used);
    }
    switch (s->options.format) {
    case EP_FMT_CSV: return cut_rows(s, &in, err);
    case EP_FMT_JSONL: return cut_lines(s, &in, err);
    default: return end_block(s, &in, err);
    }
}

/* The first bytes of a source tell its encoding. */
static ep_code begin(ep_splitter *s, ep_str *block, bool is_last, ep_arena *arena, ep_error *err) {
    ep_str whole = *block;
    bool is_first = s->n_head == 0;
    while (block->len > 0 && ep_encoding_mark_open((ep_str){s->head, s->n_head}, s->encoding)) {
        s->head[s->n_head++] = *block->ptr++;
        block->len--;
    }
    ep_str head = {s->head, s->n_head};
    if (!is_last && ep_encoding_mark_open(head, s->encoding))
        return EP_OK;
    s->has_begun = true;
    size_t mark = ep_encoding_mark(head, &s->encoding);
    s->next.offset += mark;
    if (is_first) {
        *block = (ep_str){whole.ptr + mark, whole.len - mark};
        return EP_OK;
    }
    ep_str rest;
    if (!join(arena, (ep_str){s->head + mark, s->n_head - mark}, (ep_str){0}, &rest))
        return no_memory(err);
    return take_piece(s, rest, false, arena, err);
}

ep_code ep_splitter_feed(ep_splitter *s, ep_str block, bool is_last, ep_arena *arena, const ep_raw **ret,
                         size_t *ret_n, ep_error *err) {
    if (s->is_done)
        return ep_fail(err, EP_E_ARG, "the source has ended already");
    if (block.len == 0)
        block.ptr = "";
    s->is_done = is_last;
    s->n_records = 0;
    if (!s->has_begun)
        EP_TRY(begin(s, &block, is_last, arena, err));
    if (s->has_begun)
        EP_TRY(take_piece(s, block, is_last, arena, err));
    *ret = s->records;
    *ret_n = s->n_records;
    return EP_OK;
}

const ep_str *ep_splitter_columns(const ep_splitter *s, size_t *ret_n) {
    *ret_n = s->header.n_columns;
    return s->header.columns;
}

ep_code ep_splitter_resume(ep_splitter *s, const ep_coordinates *next, const ep_str *columns,
                           size_t n_columns, ep_error *err) {
    if (s->has_begun || s->n_head > 0)
        return ep_fail(err, EP_E_ARG, "a splitter can only resume before its first block");
    if (n_columns > 0) {
        EP_TRY(ep_csv_header_set(&s->header, columns, n_columns, err));
        s->needs_header = false;
    }
    s->next = *next;
    s->after_cr = next->size_bytes > 0;
    s->next.line += s->after_cr;
    s->next.size_bytes = 0;
    s->has_begun = next->offset > 0;
    if (s->has_begun && s->needs_header)
        return ep_fail(err, EP_E_ARG, "to resume behind the header its columns are needed");
    if (s->has_begun && s->encoding == EP_ENC_AUTO)
        s->encoding = EP_ENC_UTF8;
    return EP_OK;
}

char ep_splitter_delimiter(const ep_splitter *s) {
    return s->rules.delimiter;
}

void ep_splitter_set_delimiter(ep_splitter *s, char delimiter) {
    s->rules.delimiter = delimiter;
}

ep_encoding ep_splitter_encoding(const ep_splitter *s) {
    return s->encoding;
}

void ep_splitter_set_encoding(ep_splitter *s, ep_encoding encoding) {
    s->encoding = encoding;
}

void ep_splitter_position(const ep_splitter *s, ep_coordinates *ret) {
    *ret = s->next;
    ret->size_bytes = s->after_cr;
    ret->line -= s->after_cr; /* who forgets size_bytes will count the LF that comes as an empty line */
}

void ep_splitter_count_occurrences(ep_splitter *s, bool on) {
    s->counts_occurrences = on;
}

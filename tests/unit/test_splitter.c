#include "contract/contract.h"
#include "decode/decode.h"
#include "decode/encoding.h"
#include "decode/occurrence.h"

#include <setjmp.h>
#include <stddef.h>

#include "property.h"

#include <cmocka.h>
#include <string.h>

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

/* What a splitter gave for a whole source, copied out of it. */
struct outcome {
    ep_raw *records;
    size_t n, capacity;
    ep_str *columns;
    size_t n_columns;
    char delimiter;
    ep_encoding encoding;
    ep_code code;
    ep_error err;
    ep_arena arena;
};

static void outcome_done(struct outcome *outcome) {
    free(outcome->records);
    free(outcome->columns);
    ep_arena_done(&outcome->arena);
}

static ep_str keep(ep_arena *arena, ep_str text) {
    return (ep_str){ep_arena_strndup(arena, text.len ? text.ptr : "", text.len), text.len};
}

/* One block in memory of its own, with bait behind it. */
static void feed(ep_splitter *splitter, ep_str block, bool is_last, struct outcome *outcome) {
    ep_arena arena = {0};
    const ep_raw *records = NULL;
    size_t n = 0;
    char *copy = malloc(block.len + EP_PADDING);
    assert_non_null(copy);
    if (block.len > 0)
        memcpy(copy, block.ptr, block.len);
    memset(copy + block.len, '\n', EP_PADDING);
    outcome->code =
        ep_splitter_feed(splitter, (ep_str){copy, block.len}, is_last, &arena, &records, &n, &outcome->err);
    for (size_t i = 0; outcome->code == EP_OK && i < n; i++) {
        if (outcome->n == outcome->capacity) {
            outcome->capacity = outcome->capacity * 2 + 16;
            outcome->records = realloc(outcome->records, outcome->capacity * sizeof(ep_raw));
            assert_non_null(outcome->records);
        }
        ep_raw *kept = &outcome->records[outcome->n++];
        *kept = records[i];
        kept->raw = keep(&outcome->arena, records[i].raw);
        kept->text = keep(&outcome->arena, records[i].text);
    }
    ep_arena_done(&arena);
    free(copy);
}

static void end(const ep_splitter *splitter, struct outcome *outcome) {
    size_t n;
    const ep_str *columns = ep_splitter_columns(splitter, &n);
    outcome->columns = calloc(n + 1, sizeof(ep_str));
    assert_non_null(outcome->columns);
    for (size_t i = 0; i < n; i++)
        outcome->columns[i] = keep(&outcome->arena, columns[i]);
    outcome->n_columns = n;
    outcome->delimiter = ep_splitter_delimiter(splitter);
    outcome->encoding = ep_splitter_encoding(splitter);
}

/* The first block has `first` bytes, each further one `step`. */
static struct outcome split(const ep_decode_options *options, ep_str source, size_t first, size_t step) {
    struct outcome outcome = {0};
    ep_splitter *splitter = NULL;
    outcome.code = ep_splitter_new(options, &splitter, &outcome.err);
    if (outcome.code != EP_OK)
        return outcome;
    ep_splitter_count_occurrences(splitter, true);
    size_t at = 0, len = first;
    do {
        len = len < source.len - at ? len : source.len - at;
        at += len;
        feed(splitter, (ep_str){source.ptr + at - len, len}, at == source.len, &outcome);
        len = step;
    } while (at < source.len && outcome.code == EP_OK);
    end(splitter, &outcome);
    ep_splitter_free(&splitter);
    return outcome;
}

static struct outcome split_whole(const ep_decode_options *options, ep_str source) {
    return split(options, source, source.len, source.len);
}

static void assert_same_str(ep_str a, ep_str b) {
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.ptr, b.ptr, a.len);
}

static void assert_same(const struct outcome *a, const struct outcome *b) {
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_columns, b->n_columns);
    assert_int_equal(a->delimiter, b->delimiter);
    assert_int_equal(a->encoding, b->encoding);
    for (size_t i = 0; i < a->n_columns; i++)
        assert_same_str(a->columns[i], b->columns[i]);
    for (size_t i = 0; i < a->n; i++) {
        const ep_raw *x = &a->records[i], *y = &b->records[i];
        assert_same_str(x->raw, y->raw);
        assert_same_str(x->text, y->text);
        assert_int_equal(x->at.record, y->at.record);
        assert_int_equal(x->at.line, y->at.line);
        assert_int_equal(x->at.offset, y->at.offset);
        assert_int_equal(x->at.size_bytes, y->at.size_bytes);
        assert_int_equal(x->reason, y->reason);
        assert_int_equal(x->occurrence, y->occurrence);
        assert_int_equal(x->content, y->content);
        assert_int_equal(x->encoding, y->encoding);
    }
}

/* Coordinates point at the record's own bytes. */
static void assert_in_place(const struct outcome *outcome, ep_str source) {
    for (size_t i = 0; i < outcome->n; i++) {
        const ep_raw *record = &outcome->records[i];
        assert_int_equal(record->at.record, i);
        assert_true(record->at.offset + record->at.size_bytes <= source.len);
        assert_int_equal(record->raw.len, record->at.size_bytes);
        assert_memory_equal(record->raw.ptr, source.ptr + record->at.offset, record->raw.len);
    }
}

static const char *const example_columns[] = {"a", "b"};

static const ep_decode_options jsonl = {.format = EP_FMT_JSONL};
static const ep_decode_options csv = {.format = EP_FMT_CSV, .has_header = true};
static const ep_decode_options csv_bare = {
    .format = EP_FMT_CSV, .columns = (const char **)example_columns, .n_columns = 2};

/* Splits and compares the records' texts, which follow each other with a '~' behind each. */
static void check_split(const ep_decode_options *options, const char *source, size_t len,
                        const char *wanted) {
    struct outcome outcome = split_whole(options, (ep_str){source, len});
    EP_CLEANUP(ep_buf_done) ep_buf texts = {0};
    ep_buf_puts(&texts, "");
    for (size_t i = 0; i < outcome.n; i++) {
        ep_buf_put_str(&texts, outcome.records[i].text);
        ep_buf_putc(&texts, '~');
    }
    assert_int_equal(outcome.code, EP_OK);
    assert_string_equal(texts.data, wanted);
    assert_in_place(&outcome, (ep_str){source, len});
    outcome_done(&outcome);
}

#define CHECK_SPLIT(options, source, wanted) check_split(options, source, sizeof(source) - 1, wanted)

static void json_lines_end_at_newlines(void **state) {
    (void)state;
    CHECK_SPLIT(&jsonl, "{}\n[]\n", "{}~[]~");
    CHECK_SPLIT(&jsonl, "{}\n[]", "{}~[]~");
    CHECK_SPLIT(&jsonl, "{}\r\n[]\r\n", "{}~[]~");
    CHECK_SPLIT(&jsonl, "{}\r\n[]\r", "{}~[]~");
    CHECK_SPLIT(&jsonl, "\n \t\r\n\n{}\n\n", "{}~");
    CHECK_SPLIT(&jsonl, "  {} \n", "  {} ~");
    CHECK_SPLIT(&jsonl, "\"\\n\"\n{\"a", "\"\\n\"~{\"a~");
    CHECK_SPLIT(&jsonl, "", "");
    CHECK_SPLIT(&jsonl, "\n", "");
    CHECK_SPLIT(&jsonl, "\xEF\xBB\xBF{}\n", "{}~");
    CHECK_SPLIT(&jsonl, "\xEF\xBB\xBF", "");
}

static void a_json_document_is_one_record(void **state) {
    (void)state;
    static const ep_decode_options json = {.format = EP_FMT_JSON};
    CHECK_SPLIT(&json, "[1,\n2]\n", "[1,\n2]\n~");
    CHECK_SPLIT(&json, "", "~");
    CHECK_SPLIT(&json, "\xEF\xBB\xBF{}", "{}~");
}

static void csv_rows_end_at_any_line_end_outside_quotes(void **state) {
    (void)state;
    CHECK_SPLIT(&csv_bare, "1,2\n3,4\n", "1,2~3,4~");
    CHECK_SPLIT(&csv_bare, "1,2\r\n3,4\r\n", "1,2~3,4~");
    CHECK_SPLIT(&csv_bare, "1,2\r3,4\r", "1,2~3,4~");
    CHECK_SPLIT(&csv_bare, "1,2\r\r\n\n3,4", "1,2~3,4~");
    CHECK_SPLIT(&csv_bare, "1,\"2\n\"\"\r\n,\"\n3,4", "1,\"2\n\"\"\r\n,\"~3,4~");
    CHECK_SPLIT(&csv_bare, "\"\"\"\n\",2\n\"\",\"\"\n", "\"\"\"\n\",2~\"\",\"\"~");
    CHECK_SPLIT(&csv_bare, "1\",2\n3 \"a\n\",4\n", "1\",2~3 \"a~\",4\n~");
    CHECK_SPLIT(&csv_bare, "\"a\"b\"\n,c\n", "\"a\"b\"~,c~");
    CHECK_SPLIT(&csv, "a,b\n1,2\n", "1,2~");
    CHECK_SPLIT(&csv, "\xEF\xBB\xBF\n\na,b\n\n\n1,2", "1,2~");
    CHECK_SPLIT(&csv, "\"a\nx\",b\n1,2\n", "1,2~");
    CHECK_SPLIT(&csv, "a,b", "");
    CHECK_SPLIT(&csv, "", "");
    ep_decode_options options = csv_bare;
    options.backslash = true;
    CHECK_SPLIT(&options, "\"a\\\"\n\",2\n3,4\\\n5\n", "\"a\\\"\n\",2~3,4\\\n5~");
    options.backslash = false;
    options.quote = '\'';
    CHECK_SPLIT(&options, "'a\n',\"b\n", "'a\n',\"b~");
    options.quote = (char)-1;
    CHECK_SPLIT(&options, "\"a\nb\"\n", "\"a~b\"~");
    options.quote = 0;
    options.trim = true;
    CHECK_SPLIT(&options, "  \n1, \"a\nb\" \n", "1, \"a\nb\" ~");
    options.trim = false;
    CHECK_SPLIT(&options, "1, \"a\nb\" \n", "1, \"a~b\" ~");
}

static void check_columns(const char *source, char delimiter, size_t n, const char *first, const char *last) {
    struct outcome outcome = split_whole(&csv, ep_str_from(source));
    assert_int_equal(outcome.code, EP_OK);
    assert_int_equal(outcome.delimiter, delimiter);
    assert_int_equal(outcome.n_columns, n);
    assert_true(ep_str_is(outcome.columns[0], first));
    assert_true(ep_str_is(outcome.columns[n - 1], last));
    outcome_done(&outcome);
}

static void the_header_shows_the_delimiter(void **state) {
    (void)state;
    check_columns("a,b,c\n", ',', 3, "a", "c");
    check_columns("a;b;c\n", ';', 3, "a", "c");
    check_columns("a\tb\tc", '\t', 3, "a", "c");
    check_columns("\r\na|b|c\r\n", '|', 3, "a", "c");
    check_columns("a;\"b,,,,\";c\n", ';', 3, "a", "c");
    check_columns("\"a\";\"b;\"\"x\"\n", ';', 2, "a", "b;\"x");
    check_columns("a\n1;2;3\n", ',', 1, "a", "a");
}

static void check_config_error(const ep_decode_options *options, ep_str source, const char *text) {
    struct outcome outcome = split_whole(options, source);
    assert_int_equal(outcome.code, EP_E_CONFIG);
    if (!strstr(outcome.err.text, text))
        fail_msg("\"%s\" does not say \"%s\"", outcome.err.text, text);
    outcome_done(&outcome);
}

static void a_bad_header_is_the_sources_fault(void **state) {
    (void)state;
    check_config_error(&csv, EP_STR("a,b,a\n1,2,3\n"), "\"a\" twice");
    check_config_error(&csv, EP_STR("a,,c\n"), "no name for column 2");
    check_config_error(&csv, EP_STR("a,b,\n"), "no name for column 3");
    check_config_error(&csv, EP_STR("a,caf\xE9\n"), "decode.encoding");
    check_config_error(&csv, EP_STR("a,\0\n"), "decode.encoding");
    check_config_error(&csv, EP_STR("a,\"b\n"), "ends before it is complete");
    check_config_error(&csv, EP_STR("a,\"b\"x\n"), "text after the closing quote");
    static const ep_decode_options no_names = {.format = EP_FMT_CSV};
    check_config_error(&no_names, EP_STR("1,2\n"), "names of its columns");
    ep_decode_options both = csv_bare;
    both.has_header = true;
    check_config_error(&both, EP_STR("a,c\n"), "lacks the column \"b\"");
    CHECK_SPLIT(&both, "b,x,a\n1,2,3\n", "1,2,3~");
}

static void lines_are_counted_everywhere(void **state) {
    (void)state;
    struct outcome outcome = split_whole(&csv, EP_STR("a,b\r\n\r\n1,2\r3,\"4\r\n5\n6\r7\"\n\n8,9\n"));
    assert_int_equal(outcome.n, 3);
    assert_int_equal(outcome.records[0].at.line, 3);
    assert_int_equal(outcome.records[1].at.line, 4);
    assert_int_equal(outcome.records[2].at.line, 9);
    outcome_done(&outcome);
}

static void what_is_cut_off_is_told(void **state) {
    (void)state;
    struct outcome outcome = split_whole(&csv_bare, EP_STR("1,2\n3,\"4\n5,6\n"));
    assert_int_equal(outcome.n, 2);
    assert_int_equal(outcome.records[0].reason, EP_R_NONE);
    assert_int_equal(outcome.records[1].reason, EP_R_TRUNCATED);
    outcome_done(&outcome);
}

static void occurrences_are_counted_by_content(void **state) {
    (void)state;
    struct outcome outcome = split(&jsonl, EP_STR("1\n2\n1\r\n1\n2\n 1\n"), 3, 4);
    static const uint32_t wanted[] = {1, 1, 2, 3, 2, 1};
    assert_int_equal(outcome.n, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(outcome.records[i].occurrence, wanted[i]);
    assert_int_equal(outcome.records[0].content, outcome.records[2].content);
    assert_int_not_equal(outcome.records[0].content, outcome.records[5].content);
    outcome_done(&outcome);

    ep_occurrences occurrences = {.limit = 5000};
    ep_error err;
    uint32_t n;
    for (uint32_t round = 1; round <= 3; round++) {
        for (uint64_t i = 1; i <= 5000; i++) {
            assert_int_equal(ep_occurrences_add(&occurrences, i * i, &n, &err), EP_OK);
            assert_int_equal(n, round);
        }
    }
    assert_int_equal(ep_occurrences_add(&occurrences, 7, &n, &err), EP_E_LIMIT);
    assert_int_equal(ep_occurrences_add(&occurrences, 0, &n, &err), EP_OK); /* shares its place with 1 */
    assert_int_equal(n, 4);
    ep_occurrences_done(&occurrences);
}

/* A source of n bytes that is one record, in blocks of 1 MiB; `before` and `after` are lines of their own. */
static void check_too_large(const ep_decode_options *options, const char *before, const char *inside,
                            size_t n, const char *after, size_t n_records) {
    ep_buf source = {0};
    ep_buf_puts(&source, before);
    size_t start = source.len;
    ep_buf_puts(&source, inside);
    while (source.len - start < n)
        ep_buf_puts(&source, "0123456789abcde\xC3");
    size_t size = source.len - start;
    ep_buf_puts(&source, after);
    ep_str all = {source.data, source.len};
    struct outcome whole = split_whole(options, all);
    struct outcome parts = split(options, all, 777, 1 << 20);
    assert_int_equal(whole.n, n_records);
    assert_same(&whole, &parts);
    const ep_raw *large = &whole.records[1];
    assert_int_equal(large->reason, EP_R_TOO_LARGE);
    assert_int_equal(large->raw.len, EP_TOO_LARGE_KEPT_BYTES);
    assert_memory_equal(large->raw.ptr, source.data + start, large->raw.len);
    assert_int_equal(large->at.offset, start);
    if (n_records == 3) {
        assert_int_equal(large->at.size_bytes, size);
        assert_int_equal(whole.records[2].at.offset, start + size + 1);
        assert_int_equal(whole.records[2].at.line, 3);
    }
    outcome_done(&whole);
    outcome_done(&parts);
    ep_buf_done(&source);
}

static void a_record_that_is_too_large_is_skipped_and_told_once(void **state) {
    (void)state;
    size_t n = EP_MAX_RECORD_BYTES;
    check_too_large(&jsonl, "1\n", "{", n + 1, "\n2\n", 3);
    check_too_large(&jsonl, "1\n", "{", 2 * n, "\n2\n", 3);
    check_too_large(&csv_bare, "1,2\n", "3,", n + 1, "\n5,6\n", 3);
    check_too_large(&csv_bare, "1,2\n", "3,\"", n + 1, "\n5,6\n", 2);
    ep_decode_options options = jsonl;
    options.encoding = EP_ENC_WINDOWS1252;
    check_too_large(&options, "1\n", "{", n + 1, "\n2\n", 3);
}

/* However long the record, the arena of the caller gets its first bytes only. */
static void skipping_takes_no_memory(void **state) {
    (void)state;
    ep_splitter *splitter;
    ep_arena arena = {0};
    const ep_raw *records;
    size_t n, len = 1 << 20;
    char *block = malloc(len + EP_PADDING);
    assert_non_null(block);
    memset(block, 'x', len + EP_PADDING);
    assert_int_equal(ep_splitter_new(&jsonl, &splitter, NULL), EP_OK);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(
            ep_splitter_feed(splitter, (ep_str){block, len}, i == 299, &arena, &records, &n, NULL), EP_OK);
        assert_int_equal(n, i == 299);
    }
    assert_true(arena.used_bytes < 2 * EP_TOO_LARGE_KEPT_BYTES);
    assert_int_equal(records[0].at.size_bytes, 300u << 20);
    ep_splitter_free(&splitter);
    ep_arena_done(&arena);
    free(block);
}

/* A random source in one of the encodings, rich in all that means something. */
static void make_source(test_random *random, ep_encoding encoding, bool has_mark, ep_buf *out) {
    static const char *const pieces[] = {"\n", "\r", "\r\n", "\"", "\"\"", ",",    ";",
                                         "\\", " ",  "a",    "b1", "{}",   "\n\n", "x"};
    static const char *const wide[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    bool is_wide = encoding == EP_ENC_UTF16LE || encoding == EP_ENC_UTF16BE;
    ep_buf_reset(out);
    if (has_mark && is_wide)
        ep_buf_add(out, encoding == EP_ENC_UTF16LE ? "\xFF\xFE" : "\xFE\xFF", 2);
    else if (has_mark)
        ep_buf_puts(out, "\xEF\xBB\xBF");
    for (uint64_t n = test_random_below(random, 40); n > 0; n--) {
        const char *piece = pieces[test_random_below(random, N_OF(pieces))];
        uint64_t kind = test_random_below(random, 20);
        if (is_wide && kind < 3) { /* also halves of pairs and odd bytes */
            char bytes[3] = {(char)(0xD8 + test_random_below(random, 8)),
                             (char)(0xD8 + test_random_below(random, 8)), 'z'};
            ep_buf_add(out, bytes, 1 + kind);
            continue;
        }
        if (encoding == EP_ENC_WINDOWS1252 && kind < 3) {
            ep_buf_putc(out, (char)(0x80 + test_random_below(random, 0x80)));
            continue;
        }
        if (encoding == EP_ENC_UTF8 && kind < 3)
            piece = wide[kind];
        for (; *piece; piece++) {
            if (encoding == EP_ENC_UTF16BE)
                ep_buf_putc(out, 0);
            ep_buf_putc(out, *piece);
            if (encoding == EP_ENC_UTF16LE)
                ep_buf_putc(out, 0);
        }
    }
    ep_buf_add(out, "", 0);
    assert_false(out->failed);
}

static ep_decode_options make_options(test_random *random, ep_encoding encoding, bool is_declared) {
    ep_decode_options options = {.format = (ep_format)test_random_below(random, EP_N_FORMATS)};
    options.encoding = is_declared ? encoding : EP_ENC_AUTO;
    options.columns = (const char **)example_columns;
    options.n_columns = 2;
    options.backslash = test_random_below(random, 4) == 0;
    options.trim = test_random_below(random, 4) == 0;
    options.delimiter = test_random_below(random, 2) ? ',' : 0;
    return options;
}

static void borders_of_blocks_make_no_difference(void **state) {
    (void)state;
    test_random random = test_random_new();
    EP_CLEANUP(ep_buf_done) ep_buf source = {0};
    for (int round = 0; round < 600; round++) {
        ep_encoding encoding = (ep_encoding)(EP_ENC_UTF8 + round % 4);
        bool has_mark = encoding != EP_ENC_WINDOWS1252 && test_random_below(&random, 2);
        ep_decode_options options =
            make_options(&random, encoding, !has_mark || test_random_below(&random, 2));
        make_source(&random, encoding, has_mark, &source);
        ep_str all = {source.data, source.len};
        struct outcome whole = split_whole(&options, all);
        assert_int_equal(whole.code, EP_OK);
        assert_in_place(&whole, all);
        for (size_t cut = 0; cut <= all.len; cut++) {
            struct outcome parts = split(&options, all, cut, cut % 3 ? 1 + cut % 3 : all.len);
            assert_same(&whole, &parts);
            outcome_done(&parts);
        }
        outcome_done(&whole);
    }
}

/* A source with a header, stopped after any block and resumed by another splitter, gives the same records. */
static void a_source_can_be_resumed_after_any_block(void **state) {
    (void)state;
    test_random random = test_random_new();
    EP_CLEANUP(ep_buf_done) ep_buf body = {0}, source = {0};
    for (int round = 0; round < 300; round++) {
        bool has_header = round % 2;
        ep_decode_options options = make_options(&random, EP_ENC_UTF8, true);
        options.has_header = has_header;
        options.delimiter = ',';
        options.format = has_header ? EP_FMT_CSV : EP_FMT_JSONL;
        make_source(&random, EP_ENC_UTF8, false, &body);
        ep_buf_reset(&source);
        ep_buf_puts(&source, has_header ? "a,b,c\r\n" : "");
        ep_buf_put_str(&source, (ep_str){body.data, body.len});
        ep_str all = {source.data, source.len};
        struct outcome whole = split_whole(&options, all);
        for (size_t cut = has_header ? 7 : 0; cut < all.len; cut++) {
            struct outcome parts = {0};
            ep_splitter *first, *second;
            ep_coordinates next;
            size_t n_columns;
            assert_int_equal(ep_splitter_new(&options, &first, NULL), EP_OK);
            assert_int_equal(ep_splitter_new(&options, &second, NULL), EP_OK);
            ep_splitter_count_occurrences(first, true);
            feed(first, (ep_str){all.ptr, cut}, false, &parts);
            ep_splitter_position(first, &next);
            const ep_str *columns = ep_splitter_columns(first, &n_columns);
            assert_int_equal(ep_splitter_resume(second, &next, columns, n_columns, NULL), EP_OK);
            feed(second, (ep_str){all.ptr + next.offset, all.len - next.offset}, true, &parts);
            end(second, &parts);
            for (size_t i = 0; i < parts.n && i < whole.n; i++) { /* the second one does not count them */
                parts.records[i].occurrence = whole.records[i].occurrence;
                parts.records[i].content = whole.records[i].content;
            }
            assert_same(&whole, &parts);
            outcome_done(&parts);
            ep_splitter_free(&first);
            ep_splitter_free(&second);
        }
        outcome_done(&whole);
    }
}

static void every_lack_of_memory_is_an_error(void **state) {
    (void)state;
    ep_code code = EP_E_NOMEM;
    for (int64_t n = 1; code != EP_OK; n++) {
        ep_splitter *splitter = NULL;
        ep_arena arena = {0};
        const ep_raw *records;
        size_t n_records;
        ep_str block = EP_STR(
            "a,b\n1,2\n3,\"4\n5,6\n7,8\n9,\"0\n                                                                        ");
        block.len -= EP_PADDING;
        ep_decode_options options = csv;
        options.encoding = n % 2 ? EP_ENC_UTF8 : EP_ENC_WINDOWS1252;
        ep_mem_fail_after(n);
        code = ep_splitter_new(&options, &splitter, NULL);
        if (code == EP_OK) {
            ep_splitter_count_occurrences(splitter, true);
            code = ep_splitter_feed(splitter, block, false, &arena, &records, &n_records, NULL);
        }
        if (code == EP_OK)
            code = ep_splitter_feed(splitter, block, true, &arena, &records, &n_records, NULL);
        ep_mem_fail_after(0);
        assert_true(code == EP_OK || code == EP_E_NOMEM);
        assert_true(n < 100);
        ep_splitter_free(&splitter);
        ep_splitter_free(&splitter);
        ep_arena_done(&arena);
    }
}

static void the_end_comes_once(void **state) {
    (void)state;
    ep_splitter *splitter;
    ep_arena arena = {0};
    const ep_raw *records;
    size_t n;
    assert_int_equal(ep_splitter_new(&jsonl, &splitter, NULL), EP_OK);
    assert_int_equal(ep_splitter_feed(splitter, (ep_str){NULL, 0}, true, &arena, &records, &n, NULL), EP_OK);
    assert_int_equal(ep_splitter_feed(splitter, (ep_str){NULL, 0}, true, &arena, &records, &n, NULL),
                     EP_E_ARG);
    ep_splitter_free(&splitter);
    ep_arena_done(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_lines_end_at_newlines),
        cmocka_unit_test(a_json_document_is_one_record),
        cmocka_unit_test(csv_rows_end_at_any_line_end_outside_quotes),
        cmocka_unit_test(the_header_shows_the_delimiter),
        cmocka_unit_test(a_bad_header_is_the_sources_fault),
        cmocka_unit_test(lines_are_counted_everywhere),
        cmocka_unit_test(what_is_cut_off_is_told),
        cmocka_unit_test(occurrences_are_counted_by_content),
        cmocka_unit_test(a_record_that_is_too_large_is_skipped_and_told_once),
        cmocka_unit_test(skipping_takes_no_memory),
        cmocka_unit_test(borders_of_blocks_make_no_difference),
        cmocka_unit_test(a_source_can_be_resumed_after_any_block),
        cmocka_unit_test(every_lack_of_memory_is_an_error),
        cmocka_unit_test(the_end_comes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "contract/contract.h"
#include "decode/csv.h"
#include "decode/mask64.h"

#include <setjmp.h>
#include <stddef.h>

#include "property.h"

#include <cmocka.h>
#include <string.h>

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

struct fixture {
    ep_parser *parser;
    ep_doc doc;
    ep_arena arena;
    const char *detail;
};

static void done(struct fixture *f) {
    ep_parser_free(&f->parser);
    ep_doc_done(&f->doc);
    ep_arena_done(&f->arena);
}

/* In memory of its own, with bait behind it. The caller frees raw.ptr. */
static ep_raw raw_of(const char *row, size_t len) {
    static const char bait[] = "\",,;;\\\n\"\"";
    char *copy = malloc(len + EP_PADDING);
    assert_non_null(copy);
    memcpy(copy, row, len);
    for (size_t i = 0; i < EP_PADDING; i++)
        copy[len + i] = bait[i % (sizeof(bait) - 1)];
    return (ep_raw){.raw = {copy, len}, .text = {copy, len}, .at.size_bytes = (uint32_t)len};
}

static ep_reason_code run(struct fixture *f, ep_raw *raw) {
    f->detail = NULL;
    return ep_parser_run(f->parser, raw, &f->doc, &f->arena, &f->detail);
}

/* The cells of a row with n columns, each in <>, null as ~; or the reason and its detail. */
static void parse(const ep_decode_options *given, size_t n, const char *row, size_t len, ep_buf *out) {
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct fixture f = {0};
    ep_decode_options options = *given;
    options.format = EP_FMT_CSV;
    options.columns = (const char **)names;
    options.n_columns = n;
    ep_raw raw = raw_of(row, len);
    assert_int_equal(ep_parser_new(&options, &f.parser, NULL), EP_OK);
    ep_buf_reset(out);
    ep_buf_puts(out, "");
    ep_reason_code reason = run(&f, &raw);
    if (reason != EP_R_NONE) {
        ep_buf_printf(out, "%s: %s", ep_reason_name(reason), f.detail);
    } else {
        assert_int_equal(f.doc.n_nodes, n + 1);
        assert_int_equal(f.doc.nodes[0].kind, EP_N_OBJECT);
        assert_int_equal(f.doc.nodes[0].n_children, n);
        assert_int_equal(f.doc.nodes[0].end, n + 1);
        assert_ptr_equal(f.doc.nodes[0].text, raw.text.ptr);
        assert_int_equal(f.doc.nodes[0].text_len, len);
    }
    for (uint32_t i = 1; reason == EP_R_NONE && i <= n; i++) {
        const ep_node *node = &f.doc.nodes[i];
        assert_true(ep_str_is((ep_str){node->key, node->key_len}, names[i - 1]));
        assert_int_equal(node->end, i + 1);
        assert_true(node->kind == EP_N_TEXT || (node->kind == EP_N_NULL && node->text_len == 0));
        ep_buf_putc(out, node->kind == EP_N_NULL ? '~' : '<');
        ep_buf_add(out, node->text, node->text_len);
        ep_buf_puts(out, node->kind == EP_N_NULL ? "" : ">");
    }
    free((void *)(uintptr_t)raw.raw.ptr);
    done(&f);
}

static const ep_decode_options plain = {.delimiter = ','};
static const ep_decode_options empty = {.delimiter = ',', .empty_is_text = true};
static const ep_decode_options trim = {.delimiter = ',', .trim = true};
static const ep_decode_options tab_trim = {.delimiter = '\t', .trim = true};
static const ep_decode_options backslash = {.delimiter = ',', .backslash = true};
static const ep_decode_options single = {.delimiter = ';', .quote = '\''};
static const ep_decode_options no_quote = {.delimiter = '|', .quote = (char)-1};

static void every_row_has_its_cells(void **state) {
    (void)state;
    static const struct {
        const ep_decode_options *options;
        size_t n;
        const char *row, *wanted;
    } cases[] = {
        {&plain, 1, "a", "<a>"},
        {&plain, 3, "a,b,c", "<a><b><c>"},
        {&plain, 3, ",b,", "~<b>~"},
        {&plain, 3, ",,", "~~~"},
        {&plain, 1, "", "~"},
        {&plain, 1, "\"\"", "<>"},
        {&plain, 3, "\"\",,\"\"", "<>~<>"},
        {&plain, 2, " a , b ", "< a >< b >"},
        {&plain, 2, " , ", "< >< >"},
        {&plain, 2, "\"a,b\",c", "<a,b><c>"},
        {&plain, 2, "c,\"a,b\"", "<c><a,b>"},
        {&plain, 2, "\"a\nb\r\nc\",d", "<a\nb\r\nc><d>"},
        {&plain, 2, "\"a\"\"b\",\"\"\"\"", "<a\"b><\">"},
        {&plain, 2, "\"\"\"a\"\"\",\"\"\"\"\"\"", "<\"a\"><\"\">"},
        {&plain, 2, "a\"b,c\"", "<a\"b><c\">"},
        {&plain, 2, "a\"b\"c,5\"", "<a\"b\"c><5\">"},
        {&plain, 2, " \"a\",b", "< \"a\"><b>"},
        {&plain, 2, "a\"\"b,c", "<a\"\"b><c>"},
        {&plain, 2, "a\\,b", "<a\\><b>"},
        {&plain, 2, "caf\xC3\xA9,\"\xE2\x82\xAC \"\"5\"\"\"", "<caf\xC3\xA9><\xE2\x82\xAC \"5\">"},
        {&plain, 2, "a;b\tc|d,e", "<a;b\tc|d><e>"},
        {&plain, 2, "a\rb,c", "<a\rb><c>"},
        {&plain, 3, "a,b", "ragged: has 2 cells, the header has 3"},
        {&plain, 3, "a,b,c,d", "ragged: has 4 cells, the header has 3"},
        {&plain, 3, "a,b,\"c\",", "ragged: has 4 cells, the header has 3"},
        {&plain, 8, "", "ragged: has 1 cells, the header has 8"},
        {&plain, 2, "\"a\"b,c", "syntax: byte 4: text after the closing quote"},
        {&plain, 2, "a,\"b\" ", "syntax: byte 6: text after the closing quote"},
        {&plain, 2, "\"a\n\"x,c", "syntax: line 2, column 2 (byte 5): text after the closing quote"},
        {&plain, 2, "a,\"b", "truncated: byte 3: this quoted cell is not closed"},
        {&plain, 2, "a,\"b\"\"", "truncated: byte 3: this quoted cell is not closed"},
        {&plain, 2, "a,\"", "truncated: byte 3: this quoted cell is not closed"},
        {&plain, 2, "a,b\xC3",
         "text_encoding: byte 4: not valid UTF-8; if the source is not UTF-8, declare decode.encoding: windows-1252"},
        {&plain, 2, "caf\xE9,\"b",
         "text_encoding: byte 4: not valid UTF-8; if the source is not UTF-8, declare decode.encoding: windows-1252"},
        {&empty, 3, ",\"\",a", "<><><a>"},
        {&trim, 3, " a ,\tb\t, c d ", "<a><b><c d>"},
        {&trim, 3, "  , \"\" ,\" a \"", "~<>< a >"},
        {&trim, 3, " \"a\" ,\"b\"  ,  \"c,\"\"d\"", "<a><b><c,\"d>"},
        {&trim, 2, " \"a\" b,c", "syntax: byte 6: text after the closing quote"},
        {&trim, 2, " a \"b\" ,c", "<a \"b\"><c>"},
        {&tab_trim, 3, " a \t\t \"b\" ", "<a>~<b>"},
        {&backslash, 3, "a\\,b,c,d", "<a,b><c><d>"},
        {&backslash, 3, "\"a\\\"b\",\"c\\\\\",\\\"d", "<a\"b><c\\><\"d>"},
        {&backslash, 2, "\"a\\\nb\",c\\\nd", "<a\nb><c\nd>"},
        {&backslash, 2, "\\n,\\\\", "<n><\\>"},
        {&backslash, 2, "\"a\"\"b\",c", "syntax: byte 4: text after the closing quote"},
        {&backslash, 2, "a,b\\", "truncated: byte 4: nothing follows this backslash"},
        {&backslash, 2, "a,\"b\\\"", "truncated: byte 3: this quoted cell is not closed"},
        {&backslash, 2, "a,\"b\\", "truncated: byte 3: this quoted cell is not closed"},
        {&single, 3, "'a;b';\"c;''", "<a;b><\"c><>"},
        {&single, 2, "'a''b';c", "<a'b><c>"},
        {&no_quote, 3, "\"a|b\"|\"\"", "<\"a><b\"><\"\">"},
    };
    EP_CLEANUP(ep_buf_done) ep_buf out = {0};
    for (size_t i = 0; i < N_OF(cases); i++) {
        parse(cases[i].options, cases[i].n, cases[i].row, strlen(cases[i].row), &out);
        if (strcmp(out.data, cases[i].wanted) != 0)
            fail_msg("case %zu, [%s] is %s, not %s", i, cases[i].row, out.data, cases[i].wanted);
    }
    parse(&plain, 2, "a,\0b", 4, &out);
    assert_string_equal(out.data, "text_encoding: byte 3: a NUL byte cannot be stored in a text");
}

/* Rows of all lengths around the 64 bytes that are looked at together. */
static void blocks_of_64_bytes_make_no_difference(void **state) {
    (void)state;
    EP_CLEANUP(ep_buf_done) ep_buf row = {0}, wanted = {0}, out = {0};
    static const char *const cells[] = {"x", "\"y\"", "\"y,\"\"z\"", "\"\""};
    static const char *const texts[] = {"<x>", "<y>", "<y,\"z>", "<>"};
    for (size_t len = 0; len < 140; len++) {
        for (size_t k = 0; k < N_OF(cells); k++) {
            ep_buf_reset(&row);
            ep_buf_reset(&wanted);
            ep_buf_putc(&wanted, len ? '<' : '~');
            for (size_t i = 0; i < len; i++) {
                ep_buf_putc(&row, (char)('a' + i % 26));
                ep_buf_putc(&wanted, (char)('a' + i % 26));
            }
            ep_buf_puts(&wanted, len ? ">" : "");
            for (size_t i = 0; i < 3; i++) {
                ep_buf_printf(&row, ",%s", cells[(k + i) % N_OF(cells)]);
                ep_buf_puts(&wanted, texts[(k + i) % N_OF(cells)]);
            }
            parse(&plain, 4, row.data, row.len, &out);
            assert_string_equal(out.data, wanted.data);
        }
    }
}

static void masks_have_a_bit_a_byte(void **state) {
    (void)state;
    test_random random = test_random_new();
    char bytes[64];
    for (int round = 0; round < 1000; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (char)test_random_below(&random, 256);
        char wanted = bytes[test_random_below(&random, sizeof(bytes))];
        uint64_t equal = 0, high = 0;
        for (size_t i = 0; i < sizeof(bytes); i++) {
            equal |= (uint64_t)(bytes[i] == wanted) << i;
            high |= (uint64_t)((unsigned char)bytes[i] >> 7) << i;
        }
        ep_block64 block = ep_block64_load(bytes);
        assert_true(ep_block64_eq(&block, wanted) == equal);
        assert_true(ep_block64_high(&block) == high);
    }
    assert_true(ep_low_bits(0) == 0 && ep_low_bits(1) == 1 && ep_low_bits(63) == UINT64_MAX >> 1 &&
                ep_low_bits(64) == UINT64_MAX);
    assert_true(ep_low_bits(1000) == UINT64_MAX);
}

/* What is written by the rules is read back, whatever it is, and the splitter cuts where the parser does. */
static void written_rows_are_read_back(void **state) {
    (void)state;
    test_random random = test_random_new();
    EP_CLEANUP(ep_buf_done) ep_buf source = {0}, wanted = {0}, out = {0};
    static const char alphabet[] = "ab ,\"\n\r;x\\";
    for (int round = 0; round < 2000; round++) {
        size_t n_rows = 1 + test_random_below(&random, 5);
        ep_buf_reset(&source);
        ep_buf_reset(&wanted);
        ep_buf_reset(&out);
        for (size_t i = 0; i < n_rows * 3; i++) {
            ep_buf_putc(&source, '"');
            ep_buf_putc(&wanted, '<');
            for (uint64_t n = test_random_below(&random, 30); n > 0; n--) {
                char c = alphabet[test_random_below(&random, sizeof(alphabet) - 1)];
                ep_buf_puts(&source, c == '"' ? "\"" : "");
                ep_buf_putc(&source, c);
                ep_buf_putc(&wanted, c);
            }
            ep_buf_puts(&source, i % 3 == 2 ? "\"\r\n" : "\",");
            ep_buf_putc(&wanted, '>');
        }
        ep_raw whole = raw_of(source.data, source.len);
        ep_decode_options options = plain;
        static const char *const names[] = {"a", "b", "c"};
        options.format = EP_FMT_CSV;
        options.columns = (const char **)names;
        options.n_columns = 3;
        ep_splitter *splitter;
        struct fixture f = {0};
        const ep_raw *records;
        size_t n;
        assert_int_equal(ep_parser_new(&options, &f.parser, NULL), EP_OK);
        assert_int_equal(ep_splitter_new(&options, &splitter, NULL), EP_OK);
        assert_int_equal(ep_splitter_feed(splitter, whole.raw, true, &f.arena, &records, &n, NULL), EP_OK);
        assert_int_equal(n, n_rows);
        for (size_t i = 0; i < n; i++) {
            ep_raw record = records[i];
            assert_int_equal(run(&f, &record), EP_R_NONE);
            for (uint32_t k = 1; k <= 3; k++)
                ep_buf_printf(&out, "<%.*s>", (int)f.doc.nodes[k].text_len, f.doc.nodes[k].text);
        }
        assert_string_equal(out.data, wanted.data);
        ep_splitter_free(&splitter);
        done(&f);
        free((void *)(uintptr_t)whole.raw.ptr);
    }
}

static void every_lack_of_memory_is_told(void **state) {
    (void)state;
    static const char *const names[] = {"a", "b"};
    ep_decode_options options = {.format = EP_FMT_CSV, .columns = (const char **)names, .n_columns = 2};
    ep_raw raw = raw_of("\"a\"\"b\",c", 8);
    ep_reason_code reason = EP_R_TOO_LARGE;
    for (int64_t n = 1; reason != EP_R_NONE; n++) {
        struct fixture f = {0};
        ep_mem_fail_after(n);
        ep_code code = ep_parser_new(&options, &f.parser, NULL);
        if (code == EP_OK) {
            reason = run(&f, &raw);
            code = ep_parser_check(f.parser, NULL);
        }
        ep_mem_fail_after(0);
        assert_int_equal(code, reason == EP_R_NONE ? EP_OK : EP_E_NOMEM);
        assert_true(n < 20);
        done(&f);
    }
    free((void *)(uintptr_t)raw.raw.ptr);
}

static void options_are_listed(void **state) {
    (void)state;
    size_t n;
    const ep_option_doc *docs = ep_decode_option_docs(&n);
    assert_true(n >= 9);
    for (size_t i = 0; i < n; i++)
        assert_true(docs[i].name[0] && docs[i].type[0] && docs[i].default_text && docs[i].text[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_its_cells),
        cmocka_unit_test(blocks_of_64_bytes_make_no_difference),
        cmocka_unit_test(masks_have_a_bit_a_byte),
        cmocka_unit_test(written_rows_are_read_back),
        cmocka_unit_test(every_lack_of_memory_is_told),
        cmocka_unit_test(options_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

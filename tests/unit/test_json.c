#include "contract/contract.h"
#include "decode/decode.h"
#include "decode/json.h"
#include "decode/json_plain.h"
#include "decode/json_simd.h"

#include <setjmp.h>
#include <stddef.h>

#include "property.h"

#include <cmocka.h>
#include <string.h>

#define N_OF(array) (sizeof(array) / sizeof *(array))
#define CASES       "tests/data/json_cases.txt"

static const ep_decode_options options = {.format = EP_FMT_JSON};

/* A text in memory of its own; what lies behind it must not matter, so it is bait: it would complete the text. */
static ep_raw raw_of(const char *text, size_t len) {
    static const char bait[] = "\"]}]}0123456789\"]}0123456789true,\"a\":\"\\u0041\"]}]}]}0123456789\"]}]";
    char *copy = malloc(len + EP_PADDING);
    assert_non_null(copy);
    memcpy(copy, text, len);
    memcpy(copy + len, bait, EP_PADDING);
    return (ep_raw){.raw = {copy, len}, .text = {copy, len}, .at.size_bytes = (uint32_t)len};
}

static void raw_free(ep_raw *raw) {
    free((void *)(uintptr_t)raw->raw.ptr);
    raw->raw.ptr = NULL;
}

struct fixture {
    ep_parser *parser;
    ep_doc doc;
    ep_arena arena;
    const char *detail;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    *state = f;
    return f && ep_parser_new(&options, &f->parser, NULL) == EP_OK ? 0 : -1;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    ep_parser_free(&f->parser);
    ep_doc_done(&f->doc);
    ep_arena_done(&f->arena);
    free(f);
    return 0;
}

static ep_reason_code run(struct fixture *f, const char *text, size_t len) {
    ep_raw raw = raw_of(text, len);
    ep_arena_reset(&f->arena);
    f->detail = NULL;
    ep_reason_code reason = ep_parser_run(f->parser, &raw, &f->doc, &f->arena, &f->detail);
    raw_free(&raw);
    assert_int_equal(ep_parser_check(f->parser, NULL), EP_OK);
    assert_true(reason != EP_R_NONE || f->doc.n_nodes > 0);
    assert_true(reason == EP_R_NONE || (f->detail && f->detail[0]));
    return reason;
}

static void expand_group(ep_buf *out, const char *group, size_t len) {
    const char *star = memrchr(group, '*', len);
    if (star) {
        for (long n = strtol(star + 1, NULL, 10); n > 0; n--)
            ep_buf_add(out, group, (size_t)(star - group));
        return;
    }
    for (const char *p = group; p < group + len;) {
        char *end;
        ep_buf_putc(out, (char)strtol(p, &end, 16));
        p = end;
    }
}

/* The notation of json_cases.txt. */
static void expand(ep_buf *out, const char *text, size_t len) {
    ep_buf_reset(out);
    for (size_t i = 0; i < len; i++) {
        const char *close = text[i] == '<' ? memchr(text + i, '>', len - i) : NULL;
        if (close) {
            expand_group(out, text + i + 1, (size_t)(close - text) - i - 1);
            i = (size_t)(close - text);
        } else {
            ep_buf_putc(out, text[i]);
        }
    }
    assert_false(out->failed);
}

/* What a container lacks at its end is never taken for another flaw. */
static void check_prefixes(struct fixture *f, const ep_buf *text, int line) {
    for (size_t len = 0; len < text->len; len++) {
        ep_reason_code reason = run(f, text->data, len);
        if (reason != EP_R_TRUNCATED)
            fail_msg("%s:%d: the first %zu bytes are %s: %s", CASES, line, len, ep_reason_name(reason),
                     f->detail);
    }
}

/* The index made byte by byte is simdjson's. */
static void check_index(const ep_buf *text, int line) {
    ep_json_simd *simd = ep_json_simd_new();
    assert_non_null(simd);
    uint32_t *plain = NULL;
    const uint32_t *fast;
    size_t capacity = 0, n_plain, n_fast;
    assert_true(ep_json_index_plain((ep_str){text->data, text->len}, &plain, &capacity, &n_plain));
    assert_int_equal(ep_json_simd_index(simd, text->data, text->len, &fast, &n_fast), EP_JSON_SIMD_OK);
    if (n_plain != n_fast || memcmp(plain, fast, (n_fast + 1) * sizeof(*fast)) != 0)
        fail_msg("%s:%d: two indexes of one text differ", CASES, line);
    ep_free(plain);
    ep_json_simd_free(&simd);
}

static void every_case_has_its_verdict(void **state) {
    struct fixture *f = *state;
    ep_buf file = {0}, text = {0};
    const char *root = getenv("EP_ROOT");
    char path[4096];
    snprintf(path, sizeof(path), "%s/" CASES, root ? root : ".");
    assert_int_equal(ep_read_file(path, 1 << 20, &file, NULL), EP_OK);
    int n_cases = 0, line = 0;
    for (char *p = file.data, *end; *p; p = end + 1) {
        line++;
        end = strchr(p, '\n');
        assert_non_null(end);
        if (*p == '#' || *p == '\n')
            continue;
        char *blank = memchr(p, ' ', (size_t)(end - p));
        assert_non_null(blank);
        ep_reason_code wanted = ep_reason_find((ep_str){p, (size_t)(blank - p)});
        assert_true(wanted != EP_R_NONE || strncmp(p, "ok ", 3) == 0);
        expand(&text, blank + 1, (size_t)(end - blank) - 1);
        ep_reason_code reason = run(f, text.data, text.len);
        if (reason != wanted)
            fail_msg("%s:%d: is %s (%s)", CASES, line, reason ? ep_reason_name(reason) : "ok",
                     reason ? f->detail : "");
        if (wanted == EP_R_NONE)
            check_index(&text, line);
        if (wanted == EP_R_NONE && text.len < 2000 && memchr("[{", text.data[0], 2))
            check_prefixes(f, &text, line);
        n_cases++;
    }
    assert_true(n_cases > 300);
    ep_buf_done(&file);
    ep_buf_done(&text);
}

static void the_tree_is_in_pre_order(void **state) {
    struct fixture *f = *state;
    const char *text = "{\"a\": [1, {\"b\" : \"x\\n\"} ], \"c\\u00e9\":1.10,\"d\":null ,\"e\":true}";
    ep_raw raw = raw_of(text, strlen(text));
    assert_int_equal(ep_parser_run(f->parser, &raw, &f->doc, &f->arena, &f->detail), EP_R_NONE);
    static const struct {
        uint8_t kind;
        const char *key, *text;
        uint32_t end, n_children;
    } wanted[] = {
        {EP_N_OBJECT, NULL, NULL, 8, 4}, {EP_N_ARRAY, "a", "[1, {\"b\" : \"x\\n\"} ]", 5, 2},
        {EP_N_NUMBER, NULL, "1", 3, 0},  {EP_N_OBJECT, NULL, "{\"b\" : \"x\\n\"}", 5, 1},
        {EP_N_TEXT, "b", "x\n", 5, 0},   {EP_N_NUMBER, "c\xC3\xA9", "1.10", 6, 0},
        {EP_N_NULL, "d", "", 7, 0},      {EP_N_BOOL, "e", "true", 8, 0},
    };
    assert_int_equal(f->doc.n_nodes, sizeof(wanted) / sizeof(wanted[0]));
    for (uint32_t i = 0; i < f->doc.n_nodes; i++) {
        const ep_node *node = &f->doc.nodes[i];
        assert_int_equal(node->kind, wanted[i].kind);
        assert_int_equal(node->end, wanted[i].end);
        assert_int_equal(node->n_children, wanted[i].n_children);
        assert_true(ep_str_is((ep_str){node->text, node->text_len}, i == 0 ? text : wanted[i].text));
        assert_int_equal(node->key == NULL, wanted[i].key == NULL);
        if (node->key)
            assert_true(ep_str_is((ep_str){node->key, node->key_len}, wanted[i].key));
    }
    /* No copy where none is needed. */
    assert_ptr_equal(f->doc.nodes[2].text, raw.text.ptr + 7);
    assert_ptr_equal(f->doc.nodes[1].key, raw.text.ptr + 2);
    raw_free(&raw);
}

static void members_are_found_by_name(void **state) {
    struct fixture *f = *state;
    static const char *const texts[] = {"{\"a\":1,\"bb\":2,\"c\":3}",
                                        "{\"a\":{\"c\":0},\"bb\":[1,2],\"c\":3}"};
    for (size_t i = 0; i < 2; i++) {
        ep_raw raw = raw_of(texts[i], strlen(texts[i]));
        assert_int_equal(ep_parser_run(f->parser, &raw, &f->doc, &f->arena, &f->detail), EP_R_NONE);
        uint32_t c = i == 0 ? 3 : 6, hint = 0;
        assert_int_equal(ep_doc_member(&f->doc, 0, "c", 1, NULL), c);
        assert_int_equal(ep_doc_member(&f->doc, 0, "c", 1, &hint), c);
        assert_int_equal(hint, 2);
        assert_int_equal(ep_doc_member(&f->doc, 0, "c", 1, &hint), c);
        assert_int_equal(ep_doc_member(&f->doc, 0, "a", 1, &hint), 1);
        assert_int_equal(hint, 0);
        hint = 1; /* where the second text has another object's "c" */
        assert_int_equal(ep_doc_member(&f->doc, 0, "c", 1, &hint), c);
        hint = 77;
        assert_int_equal(ep_doc_member(&f->doc, 0, "bb", 2, &hint), i == 0 ? 2 : 3);
        assert_int_equal(hint, 1);
        assert_int_equal(ep_doc_member(&f->doc, 0, "b", 1, &hint), UINT32_MAX);
        assert_int_equal(ep_doc_member(&f->doc, c, "c", 1, NULL), UINT32_MAX);
        raw_free(&raw);
    }
}

static void details_say_where_and_never_what(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text, *detail;
    } cases[] = {
        {"{\"a\":tru}", "byte 6: expected true, false or null"},
        {"{\"a\":1", "byte 7: expected ',' or '}'"},
        {"", "byte 1: expected a value"},
        {"[1,\n \"\xC3\xA9\" x]", "line 2, column 6 (byte 11): expected ',' or ']'"},
        {"\"caf\xE9\"",
         "byte 5: not valid UTF-8; if the source is not UTF-8, declare decode.encoding: windows-1252"},
        {"\"\\u0000\"", "byte 2: NUL (\\u0000) cannot be stored in a text"},
        {"{\"secret\":1,\"secret\":2}", "byte 14: a member name comes twice in one object"},
        {"{\"a\":1,\"\\u0061\":2}", "a member name comes twice in one object"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_not_equal(run(f, cases[i].text, strlen(cases[i].text)), EP_R_NONE);
        assert_string_equal(f->detail, cases[i].detail);
    }
}

/* All sizes around the borders of the small check, the hashed one and its table. */
static void equal_names_are_found_in_objects_of_all_sizes(void **state) {
    struct fixture *f = *state;
    test_random random = test_random_new();
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    for (unsigned n = 1; n < 600; n += n < 70 ? 1 : 37) {
        unsigned twin = (unsigned)test_random_below(&random, n),
                 copy = (unsigned)test_random_below(&random, n);
        for (int has_twin = 0; has_twin < 2; has_twin++) {
            ep_buf_reset(&text);
            for (unsigned i = 0; i < n; i++)
                ep_buf_printf(&text, "%c\"k%u\":{\"k0\":%u}", i ? ',' : '{', has_twin && i == twin ? copy : i,
                              i);
            ep_buf_putc(&text, '}');
            bool is_duplicate = has_twin && twin != copy;
            assert_int_equal(run(f, text.data, text.len), is_duplicate ? EP_R_DUPLICATE_KEY : EP_R_NONE);
        }
    }
}

/* Random damage to a good text: any verdict, but none that reads or writes where it must not. */
static void damaged_texts_do_no_harm(void **state) {
    struct fixture *f = *state;
    test_random random = test_random_new();
    const char *good =
        "{\"id\":\"\\u00e9\\ud83d\\ude00\",\"n\":[-1.5e+10,0,{\"t\":true}],\"x\":{\"y\":null,\"z\":\"\\\\\\\"\"}}";
    const char *bytes = "{}[]:,\"\\0123456789.eE+-tfn \n\xC3\xA9\xED\xA0\xFF\x01";
    char text[200];
    for (int i = 0; i < 20000; i++) {
        size_t len = strlen(good);
        memcpy(text, good, len);
        for (uint64_t n = 1 + test_random_below(&random, 3); n > 0; n--) {
            size_t at = test_random_below(&random, len);
            if (test_random_below(&random, 2))
                text[at] = bytes[test_random_below(&random, strlen(bytes))];
            else
                memmove(text + at, text + at + 1, --len - at);
        }
        run(f, text, len);
    }
}

static void assert_same_docs(const ep_doc *a, const ep_doc *b) {
    assert_int_equal(a->n_nodes, b->n_nodes);
    for (uint32_t i = 0; i < a->n_nodes; i++) {
        const ep_node *x = &a->nodes[i], *y = &b->nodes[i];
        assert_int_equal(x->kind, y->kind);
        assert_int_equal(x->end, y->end);
        assert_int_equal(x->n_children, y->n_children);
        assert_int_equal(x->text_len, y->text_len);
        assert_memory_equal(x->text, y->text, x->text_len);
        assert_int_equal(x->key != NULL, y->key != NULL);
        if (x->key) {
            assert_int_equal(x->key_len, y->key_len);
            assert_memory_equal(x->key, y->key, x->key_len);
        }
    }
}

/* A record like the one before takes a short way: whatever is changed in it, it says what a parser says that saw no such record. */
static void the_short_way_is_the_long_one(void **state) {
    struct fixture *f = *state;
    static const char record[] = "{\"id\":\"15af\",\"n\":12,\"price\":-7.10,\"ok\":true,\"no\":false,"
                                 "\"none\":null,\"a_rather_long_name\":\"\",\"zero\":0}";
    static const char bytes[] = "0123456789\"{}[]:, \\-+.eEtfnulr\tax\x01\xc3\xa9";
    test_random random = test_random_new();
    ep_doc expected = {0};
    ep_arena arena = {0};
    size_t n_good = 0, n_short = 0;
    for (int i = 0; i < 60000; i++) {
        char text[sizeof record];
        size_t len = sizeof record - 1;
        memcpy(text, record, sizeof text);
        for (uint64_t n = test_random_below(&random, 4); n > 0; n--)
            text[test_random_below(&random, len)] = bytes[test_random_below(&random, sizeof bytes - 1)];
        len -= test_random_below(&random, 8) == 0;
        const char *detail = NULL, *expected_detail = NULL;
        ep_raw raw = raw_of(text, len);
        ep_arena_reset(&arena);
        assert_int_equal(run(f, "[]", 2), EP_R_NONE); /* forgets */
        ep_reason_code wanted = ep_parser_run(f->parser, &raw, &expected, &arena, &expected_detail);
        assert_int_equal(expected.layout, 0);
        assert_int_equal(run(f, "[]", 2), EP_R_NONE);
        assert_int_equal(run(f, record, sizeof record - 1), EP_R_NONE);
        ep_reason_code reason = ep_parser_run(f->parser, &raw, &f->doc, &arena, &detail);
        assert_int_equal(reason, wanted);
        if (reason == EP_R_NONE)
            assert_same_docs(&f->doc, &expected);
        else
            assert_string_equal(detail, expected_detail);
        n_good += reason == EP_R_NONE;
        n_short += f->doc.layout != 0;
        raw_free(&raw);
    }
    assert_true(n_short > 5000 && n_good > n_short && n_good < 50000);
    ep_doc_done(&expected);
    ep_arena_done(&arena);
}

/* Records of one layout have the same names in the same places, records of two layouts need not. */
static void a_layout_is_its_names(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text;
        bool is_flat;
    } steps[] = {
        {"{\"a\":1,\"b\":2}", false},
        {"{\"a\":3,\"b\":\"x\"}", true},
        {"{\"b\":3,\"a\":4}", false},
        {"{\"b\":5,\"a\":6}", true},
        {"{\"b\":[],\"a\":6}", false},
        {"{\"b\":5,\"a\":6}", true},
        {"{\"b\":5,\"a\":6}", true},
        {"{\"b\":5}", false},
        {"{}", false},
    };
    uint64_t seen[N_OF(steps)] = {0};
    for (size_t i = 0; i < N_OF(steps); i++) {
        assert_int_equal(run(f, steps[i].text, strlen(steps[i].text)), EP_R_NONE);
        assert_int_equal(f->doc.layout != 0, steps[i].is_flat);
        seen[i] = f->doc.layout;
    }
    assert_true(seen[1] != seen[3] && seen[3] == seen[6]); /* a list in between changed no name */
}

static void every_lack_of_memory_is_told(void **state) {
    struct fixture *f = *state;
    const char *text = "{\"a\\n\":\"b\\t\",\"c\":[1,2,3]}";
    ep_raw raw = raw_of(text, strlen(text));
    ep_reason_code reason = EP_R_TOO_LARGE;
    for (int64_t n = 1; reason != EP_R_NONE; n++) {
        ep_doc_done(&f->doc);
        ep_arena_done(&f->arena);
        ep_mem_fail_after(n);
        reason = ep_parser_run(f->parser, &raw, &f->doc, &f->arena, &f->detail);
        ep_mem_fail_after(0);
        if (reason != EP_R_NONE) {
            assert_int_equal(reason, EP_R_TOO_LARGE);
            assert_int_equal(ep_parser_check(f->parser, NULL), EP_E_NOMEM);
        }
        assert_true(n < 20);
    }
    assert_int_equal(ep_parser_check(f->parser, NULL), EP_OK);
    raw_free(&raw);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_case_has_its_verdict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_tree_is_in_pre_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_are_found_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(details_say_where_and_never_what, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equal_names_are_found_in_objects_of_all_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_texts_do_no_harm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_short_way_is_the_long_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_layout_is_its_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_lack_of_memory_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

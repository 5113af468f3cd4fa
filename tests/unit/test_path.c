/* Paths, numbers and patterns of feeds, below the language. */
#include "feed/number.h"
#include "feed/path.h"
#include "feed/regex.h"

#include "decode/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char document[] =
    "{\"a\": {\"b\": [10, {\"c\": 11}, [12, 13]]}, \"d e\": 14, \"f\": null, \"\": 15, \"b\": 16}";

typedef struct fixture {
    ep_arena arena;
    ep_parser *parser;
    ep_doc doc;
    char text[sizeof document + EP_PADDING];
} fixture;

static int setup(void **state) {
    static fixture f;
    ep_error err = {0};
    ep_decode_options options = {.format = EP_FMT_JSONL};
    const char *detail;
    f = (fixture){0};
    memcpy(f.text, document, sizeof document);
    ep_str text = {f.text, sizeof document - 1};
    ep_raw raw = {.raw = text, .text = text};
    *state = &f;
    return ep_parser_new(&options, &f.parser, &err) != EP_OK ||
           ep_parser_run(f.parser, &raw, &f.doc, &f.arena, &detail) != EP_R_NONE;
}

static int teardown(void **state) {
    fixture *f = *state;
    ep_parser_free(&f->parser);
    ep_doc_done(&f->doc);
    ep_arena_done(&f->arena);
    return 0;
}

/* Text of what the path finds, NULL when it finds nothing; `wrong` when it cannot be compiled. */
static const char *find(fixture *f, const char *path_text, uint32_t *hints, char out[64]) {
    uint32_t n_hints = 0;
    ep_path path;
    const char *wrong;
    ep_error err = {0};
    assert_int_equal(ep_path_compile(ep_str_from(path_text), &f->arena, &n_hints, &path, &wrong, &err),
                     EP_OK);
    if (wrong)
        return "wrong";
    assert_true(n_hints <= 8);
    uint32_t node = ep_path_walk(&path, &f->doc, 0, hints);
    if (node == EP_NO_NODE)
        return NULL;
    snprintf(out, 64, "%.*s", (int)f->doc.nodes[node].text_len, f->doc.nodes[node].text);
    return out;
}

static void test_paths_find(void **state) {
    static const struct {
        const char *path, *found;
    } cases[] = {
        {"a.b[0]", "10"},
        {"$.a.b[0]", "10"},
        {"['a']['b'][1].c", "11"},
        {"a.b[-1][0]", "12"},
        {"a.b[2][-1]", "13"},
        {"a.b[-4]", NULL},
        {"a.b[3]", NULL},
        {"a.b.c", NULL},
        {"d e", "14"},
        {"[\"d e\"]", "14"},
        {"f", ""},
        {"f.g", NULL},
        {"['']", "15"},
        {"b", "16"},
        {".b", "16"},
        {"$['b']", "16"},
        {"$", document},
        {"a[0]", NULL},
        {"[0]", NULL},
        {"x", NULL},
        {"a.b[99999999]", NULL},
        {"['\\u0062']", "16"},
        {"['\\ud83d\\ude00']", NULL},
    };
    fixture *f = *state;
    uint32_t hints[8] = {0};
    char out[64];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        /* Without hints, with fresh ones, with wrong ones. */
        for (int round = 0; round < 3; round++) {
            for (int h = 0; h < 8; h++)
                hints[h] = round == 1 ? 0 : 3;
            const char *found = find(f, cases[i].path, round == 0 ? NULL : hints, out);
            if (!cases[i].found ? found != NULL : !found || strncmp(found, cases[i].found, 63) != 0)
                fail_msg("%s: %s", cases[i].path, found ? found : "(nothing)");
        }
    }
}

static void test_paths_are_refused(void **state) {
    static const char *const paths[] = {
        "",
        ".",
        "a.",
        "a..b",
        "a[",
        "a[]",
        "a[*]",
        "a[b]",
        "a[1",
        "a[1]b",
        "a[-0]",
        "a[01]",
        "a[1:2]",
        "*",
        "a.*",
        "a['b",
        "a['b'",
        "a['\\x']",
        "a'b",
        "^a",
        "^^.a",
        "$a",
        "a b ",
        " a",
        "?a",
        "a[?(@)]",
        "a[\"b']",
        "['\\ud800']",
        "['\\u12']",
        "$.^.a",
        "['\\u0000']",
        "a[999999999999]",
        "a\tb",
        "a(b)",
        "{a}",
        "^.^",
        "['\\udc00']",
        "a[--1]",
        "a[1.5]",
    };
    fixture *f = *state;
    char out[64];
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        /* ^.^ is a good path to a scope that is not there. */
        const char *found = find(f, paths[i], NULL, out);
        bool good = !strcmp(paths[i], "^.^");
        if (good ? found && !strcmp(found, "wrong") : !found || strcmp(found, "wrong") != 0)
            fail_msg("%s: %s", paths[i], found ? found : "(nothing)");
    }
}

static void test_prefixes_are_counted(void **state) {
    fixture *f = *state;
    uint32_t n_hints = 0;
    ep_path path;
    const char *wrong;
    ep_error err = {0};
    assert_int_equal(ep_path_compile(EP_STR("^.^.order.id"), &f->arena, &n_hints, &path, &wrong, &err),
                     EP_OK);
    assert_null(wrong);
    assert_int_equal(path.n_up, 2);
    assert_int_equal(path.n_steps, 2);
    assert_int_equal(n_hints, 2);
    assert_false(path.from_root);
    assert_int_equal(ep_path_compile(EP_STR("^.^.^.^.^.^.^.^.x"), &f->arena, &n_hints, &path, &wrong, &err),
                     EP_OK);
    assert_non_null(wrong);
    /* 33 steps are one too many. */
    char deep[80] = "a";
    for (int i = 1; i < 33; i++)
        strcat(deep, ".a");
    assert_int_equal(ep_path_compile(ep_str_from(deep), &f->arena, &n_hints, &path, &wrong, &err), EP_OK);
    assert_non_null(wrong);
    deep[63] = '\0';
    assert_int_equal(ep_path_compile(ep_str_from(deep), &f->arena, &n_hints, &path, &wrong, &err), EP_OK);
    assert_null(wrong);
    assert_int_equal(path.n_steps, 32);
}

static void test_each_opens_a_scope_a_star(void **state) {
    static const struct {
        const char *text;
        uint32_t n_levels;
        bool is_list, good;
    } cases[] = {
        {"$", 1, false, true},
        {"$.a", 1, false, true},
        {"$[*]", 1, true, true},
        {"a.b[*]", 1, true, true},
        {"a[*].b[*]", 2, true, true},
        {"a[*][*]", 2, true, true},
        {"[*]", 1, true, true},
        {"a[*].b", 0, true, false},
        {"^.a[*]", 0, true, false},
        {"", 0, true, false},
        {"a[*", 0, true, false},
        {"a.*", 0, true, false},
        {"a[*]b", 0, true, false},
        {"[*][*][*][*][*][*][*]", 7, true, true},
        {"[*][*][*][*][*][*][*][*]", 0, true, false},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t n_hints = 0;
        ep_each each;
        const char *wrong;
        ep_error err = {0};
        assert_int_equal(
            ep_each_compile(ep_str_from(cases[i].text), &f->arena, &n_hints, &each, &wrong, &err), EP_OK);
        if (cases[i].good != !wrong ||
            (!wrong && (each.n_levels != cases[i].n_levels || each.is_list != cases[i].is_list)))
            fail_msg("%s: %s, %u levels", cases[i].text, wrong ? wrong : "good", each.n_levels);
    }
}

static void test_numbers_compare_exactly(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        int order;
    } cases[] = {
        {"1", "1.0", 0},         {"1", "2", -1},
        {"-1", "-2", 1},         {"0", "-0.00", 0},
        {"10", "9", 1},          {"1e3", "1000", 0},
        {"1e-3", "0.001", 0},    {"0.1", "0.10", 0},
        {"007", "7", 0},         {"+7", "7", 0},
        {"1e999999999", "9", 1}, {"1e-999999999", "0", 1},
        {"-1e9", "1e-9", -1},    {"123456789012345678901234567890", "123456789012345678901234567891", -1},
        {"0.000", "0e5", 0},     {"1.5", "1.49999999999999999999999", 1},
        {"100", "1e2", 0},       {"99", "1e2", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int forth, back;
        assert_true(ep_number_cmp(ep_str_from(cases[i].a), ep_str_from(cases[i].b), &forth));
        assert_true(ep_number_cmp(ep_str_from(cases[i].b), ep_str_from(cases[i].a), &back));
        if ((forth > 0) - (forth < 0) != cases[i].order || (back > 0) - (back < 0) != -cases[i].order)
            fail_msg("%s and %s: %d, %d", cases[i].a, cases[i].b, forth, back);
    }
    static const char *const wrong[] = {"",   "-",  ".",   "1.",  ".5",  "e5",   "1e",  "1e+",
                                        "1 ", " 1", "0x1", "1,5", "--1", "1e5x", "NaN", "1..2"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(ep_number_valid(ep_str_from(wrong[i])));
}

static void test_numbers_round_half_away_from_zero(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int scale;
        int64_t value;
    } cases[] = {{"1.005", 2, 101},
                 {"1.0049999", 2, 100},
                 {"-1.005", 2, -101},
                 {"0.5", 0, 1},
                 {"-0.5", 0, -1},
                 {"0.05", 0, 0},
                 {"0.4999", 0, 0},
                 {"1e2", 2, 10000},
                 {"5e-1", 0, 1},
                 {"5e-2", 0, 0},
                 {"59.97000000001", 2, 5997},
                 {"0", 18, 0},
                 {"9.995", 2, 1000},
                 {"1e-30", 2, 0},
                 {"99.5", 0, 100}};
    ep_int128 value;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(ep_number_round(ep_str_from(cases[i].text), cases[i].scale, &value));
        if ((int64_t)value != cases[i].value)
            fail_msg("%s: %lld", cases[i].text, (long long)value);
    }
    assert_false(ep_number_round(EP_STR("1e37"), 2, &value));
    assert_false(ep_number_round(EP_STR("1,5"), 2, &value));
    assert_true(ep_number_round(EP_STR("1e35"), 2, &value));
}

static void test_patterns(void **state) {
    fixture *f = *state;
    ep_regex *regex = NULL;
    ep_regex_run *run = NULL;
    const char *wrong;
    ep_error err = {0};
    ep_str group;
    assert_int_equal(ep_regex_run_new(2, &run, &err), EP_OK);
    assert_int_equal(ep_regex_compile(EP_STR("(\\d+)-(x)?"), false, &f->arena, &regex, &wrong, &err), EP_OK);
    assert_null(wrong);
    assert_int_equal(ep_regex_n_groups(regex), 2);
    assert_int_equal(ep_regex_match(regex, run, EP_STR("ab 12- c"), 1, &group), EP_REGEX_YES);
    assert_true(ep_str_is(group, "12"));
    assert_int_equal(ep_regex_match(regex, run, EP_STR("ab 12- c"), 2, &group), EP_REGEX_YES);
    assert_null(group.ptr);
    assert_int_equal(ep_regex_match(regex, run, EP_STR("none"), 1, &group), EP_REGEX_NO);
    ep_regex_free(&regex);
    assert_int_equal(ep_regex_compile(EP_STR("a|ab"), true, &f->arena, &regex, &wrong, &err), EP_OK);
    assert_int_equal(ep_regex_match(regex, run, EP_STR("ab"), 0, NULL), EP_REGEX_YES);
    assert_int_equal(ep_regex_match(regex, run, EP_STR("abc"), 0, NULL), EP_REGEX_NO);
    assert_int_equal(ep_regex_match(regex, run, EP_STR("\xff"), 0, NULL), EP_REGEX_NO);
    ep_regex_free(&regex);
    ep_regex_free(&regex);
    assert_int_equal(ep_regex_compile(EP_STR("a("), true, &f->arena, &regex, &wrong, &err), EP_OK);
    assert_non_null(wrong);
    assert_null(regex);
    ep_regex_run_free(&run);
    ep_regex_run_free(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_find),
        cmocka_unit_test(test_paths_are_refused),
        cmocka_unit_test(test_prefixes_are_counted),
        cmocka_unit_test(test_each_opens_a_scope_a_star),
        cmocka_unit_test(test_numbers_compare_exactly),
        cmocka_unit_test(test_numbers_round_half_away_from_zero),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

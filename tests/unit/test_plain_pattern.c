/* The short way through simple patterns says what PCRE2 says, on written and on random pairs. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "contract/plain_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <pcre2.h>

#include "property.h"

/* -1: not a pattern at all. */
static int engine_says(const char *regex, ep_str text) {
    int number;
    PCRE2_SIZE at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C,
                                     &number, &at, NULL);
    if (!code)
        return -1;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int result = pcre2_match(code, (PCRE2_SPTR)text.ptr, text.len, 0, 0, data, NULL);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return result >= 0;
}

static const struct {
    const char *regex, *text;
    bool matches;
} pairs[] = {
    {"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
     "15af8373-d9a7-4142-87bb-bb0595cbe1be", true},
    {"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
     "15af8373-d9a7-4142-c7bb-bb0595cbe1be", false},
    {"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
     "15af8373-d9a7-4142-87bb-bb0595cbe1b", false},
    {"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
     "15af8373-d9a7-4142-87bb-bb0595cbe1bee", false},
    {"c-[0-9]{5,}", "c-00979", true},
    {"c-[0-9]{5,}", "c-0097", false},
    {"c-[0-9]{5,}", "c-0097912345x", false},
    {"[A-Z]{2}", "FR", true},
    {"[A-Z]{2}", "F\xC3\x89", false},
    {"\\d{1,3}(?#)", "12", true},
    {"a?b*c+", "bbc", true},
    {"a?b*c+", "aab", false},
    {"[a-z]{2,4}\\.[0-9]", "abcde.1", false},
    {"[a-z]{2,4}\\.[0-9]", "abcd.1", true},
    {"[-a]{2}", "a-", true},
    {"[a-]{2}", "-a", true},
    {"", "", true},
    {"", "a", false},
};

static void written_pairs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ep_plain_pattern pattern;
        ep_str text = ep_str_from(pairs[i].text);
        assert_int_equal(engine_says(pairs[i].regex, text), pairs[i].matches);
        if (ep_plain_pattern_compile(ep_str_from(pairs[i].regex), &pattern) &&
            ep_plain_pattern_match(&pattern, text) != pairs[i].matches)
            fail_msg("%s on %s", pairs[i].regex, pairs[i].text);
    }
}

/* What it cannot say, or not surely, it leaves to the engine. */
static void the_rest_is_the_engines(void **state) {
    (void)state;
    static const char *const regexes[] = {
        "a|b",         "(a)",     "a.",       "[^a]",       "[]a]",     "a*a",       "[a-z]*[m-p]",
        "a?[b-d]*a",   "\\w",     "\\p{L}",   "a+?",        "a*+",      "^a",        "a$",
        "[[:digit:]]", "[a\\w]",  "\xC3\xA9", "[\xC3\xA9]", "a{99999}", "[0-9]{97}", "(?i)a",
        "\\x41",       "\\Qa\\E", "a{,3}",    "a{",         "[a-\\d]",
    };
    ep_plain_pattern pattern;
    for (size_t i = 0; i < sizeof regexes / sizeof *regexes; i++)
        if (ep_plain_pattern_compile(ep_str_from(regexes[i]), &pattern))
            fail_msg("%s is taken", regexes[i]);
}

static void put_random(test_random *random, char *out, size_t size, const char *const *parts,
                       size_t n_parts) {
    size_t n = test_random_below(random, 7);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        const char *part = parts[test_random_below(random, n_parts)];
        if (strlen(out) + strlen(part) < size)
            strcat(out, part);
    }
}

#define N_OF(array) (sizeof(array) / sizeof *(array))

static void random_pairs(void **state) {
    (void)state;
    static const char *const of_regex[] = {
        "a",     "b",    "[ab]", "[a-c]", "[^a]", "\\d",      "\\.",      "-",      "{2}",
        "{0,2}", "{2,}", "?",    "*",     "+",    ".",        "[c]",      "[1-]",   "1",
        "\\-",   "]",    "[",    "{",     "a{0}", "[b1]",     "_",        "[\\d_]", "|",
        "(a)",   " ",    "[a-]", "{1,1}", "c",    "\xC3\xA9", "[ab]{17}", "a{9}",   "[a-c]{20}"};
    static const char *const of_text[] = {"a",
                                          "b",
                                          "c",
                                          "1",
                                          "2",
                                          "-",
                                          ".",
                                          "_",
                                          "aa",
                                          "bb",
                                          " ",
                                          "\xC3\xA9",
                                          "]",
                                          "\n",
                                          "aaaaaaaaa",
                                          "aaaaaaaaaaaaaaaa",
                                          "babbabababababbab",
                                          "cbbabbababababababba"};
    test_random random = test_random_new();
    size_t n_plain = 0, n_matches = 0;
    for (int i = 0; i < 60000; i++) {
        char regex[96], text[128];
        ep_plain_pattern pattern;
        put_random(&random, regex, sizeof regex, of_regex, N_OF(of_regex));
        if (!ep_plain_pattern_compile(ep_str_from(regex), &pattern))
            continue;
        for (int k = 0; k < 8; k++) {
            put_random(&random, text, sizeof text, of_text, N_OF(of_text));
            int says = engine_says(regex, ep_str_from(text));
            if (says < 0)
                break; /* no pattern of a contract */
            bool matches = ep_plain_pattern_match(&pattern, ep_str_from(text));
            if (matches != says)
                fail_msg("'%s' on '%s': %d, PCRE2 %d", regex, text, matches, says);
            n_matches += matches;
        }
        n_plain++;
    }
    assert_true(n_plain > 1000 && n_matches > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_pairs),
        cmocka_unit_test(the_rest_is_the_engines),
        cmocka_unit_test(random_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

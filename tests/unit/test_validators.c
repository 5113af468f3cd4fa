/* The table tests/data/validators.txt is for everybody; here are the properties that no table can list. */
#include "contract/valid_private.h"
#include "contract/validators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEFAULT_SEED UINT64_C(20261124)

static uint64_t state;

/* The seed is printed, so that a failure comes again: EP_SEED=... */
static void seed_random(void) {
    const char *seed = getenv("EP_SEED");
    state = seed ? strtoull(seed, NULL, 10) : DEFAULT_SEED;
    print_message("seed %llu (EP_SEED)\n", (unsigned long long)state);
    state = state * UINT64_C(6364136223846793005) + 1;
}

static size_t random_below(size_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state >> 11) % n;
}

/* Checks a copy of exactly its length, so that the sanitizer sees a read beyond the end. */
static const char *check(const ep_validator *validator, const char *text, size_t len) {
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    const char *reason = validator->check((ep_str){copy, len});
    free(copy);
    return reason;
}

static const ep_validator *find(const char *name) {
    const ep_validator *validator = ep_validator_find(ep_str_from(name));
    if (!validator)
        fail_msg("no validator %s", name);
    return validator;
}

static bool is_known_reason(const char *reason) {
    static const char *const known[] = {
        EP_BAD_CHARACTER, EP_BAD_CHECK_DIGIT, EP_BAD_COUNTRY,    EP_BAD_DOMAIN,     EP_BAD_ENCODING,
        EP_BAD_FORMAT,    EP_BAD_HOST,        EP_BAD_LENGTH,     EP_BAD_LOCAL_PART, EP_BAD_PORT,
        EP_BAD_PREFIX,    EP_BAD_RESERVED,    EP_BAD_RESTRICTED, EP_BAD_SCHEME,     EP_BAD_UNASSIGNED,
        EP_BAD_USERINFO,  EP_BAD_WITHDRAWN,   EP_BAD_ZEROS,
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i], reason) == 0)
            return true;
    }
    return false;
}

/* --- the table of cases */

#define MAX_CASES 2000

struct table_case {
    int line;
    const ep_validator *validator;
    char *value;
    size_t len;
    char expected[32];
};

static struct table_case cases[MAX_CASES];
static size_t n_cases;

static int hex_value(char c) {
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* \xHH is a byte, \\ a backslash; all else stands for itself. */
static size_t unescape(char *text) {
    char *out = text;
    for (const char *in = text; *in; out++) {
        if (in[0] == '\\' && in[1] == 'x' && ep_is_hex(in[2]) && ep_is_hex(in[3])) {
            *out = (char)(16 * hex_value(in[2]) + hex_value(in[3]));
            in += 4;
        } else {
            in += in[0] == '\\' && in[1] == '\\';
            *out = *in++;
        }
    }
    return (size_t)(out - text);
}

static int load_cases(void **unused) {
    (void)unused;
    const char *root = getenv("EP_ROOT");
    char path[4096], line[4096];
    snprintf(path, sizeof path, "%s/tests/data/validators.txt", root ? root : ".");
    FILE *file = fopen(path, "r");
    if (!file) {
        print_error("%s is missing: run in the root of the tree or set EP_ROOT\n", path);
        return -1;
    }
    int number = 0, result = 0;
    while (result == 0 && fgets(line, sizeof line, file)) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#')
            continue;
        char *value = strchr(line, '\t'), *expected = value ? strchr(value + 1, '\t') : NULL;
        if (!expected || strchr(expected + 1, '\t') || strlen(expected + 1) >= sizeof cases[0].expected ||
            n_cases == MAX_CASES) {
            print_error("%s:%d: not name, tab, value, tab, ok or reason\n", path, number);
            result = -1;
            break;
        }
        *value++ = *expected++ = '\0';
        struct table_case *test = &cases[n_cases];
        test->validator = ep_validator_find(ep_str_from(line));
        if (!test->validator || (strcmp(expected, "ok") != 0 && !is_known_reason(expected))) {
            print_error("%s:%d: no validator %s or no reason %s\n", path, number, line, expected);
            result = -1;
            break;
        }
        test->line = number;
        test->value = strdup(value);
        test->len = test->value ? unescape(test->value) : 0;
        snprintf(test->expected, sizeof test->expected, "%s", expected);
        n_cases++;
    }
    fclose(file);
    return result;
}

static int free_cases(void **unused) {
    (void)unused;
    for (size_t i = 0; i < n_cases; i++)
        free(cases[i].value);
    return 0;
}

static void every_line_of_the_table_holds(void **unused) {
    (void)unused;
    size_t n_wrong = 0;
    for (size_t i = 0; i < n_cases; i++) {
        const char *reason = check(cases[i].validator, cases[i].value, cases[i].len);
        if (strcmp(reason ? reason : "ok", cases[i].expected) != 0) {
            print_error("tests/data/validators.txt:%d: %s \"%s\" is %s, expected %s\n", cases[i].line,
                        cases[i].validator->name, cases[i].value, reason ? reason : "ok", cases[i].expected);
            n_wrong++;
        }
    }
    assert_int_equal(n_wrong, 0);
    assert_true(n_cases >= 300);
}

static void the_table_has_good_and_bad_ones_of_each(void **unused) {
    (void)unused;
    size_t n;
    const ep_validator *all = ep_validators(&n);
    for (size_t v = 0; v < n; v++) {
        size_t n_good = 0, n_bad = 0;
        for (size_t i = 0; i < n_cases; i++) {
            bool good = strcmp(cases[i].expected, "ok") == 0;
            n_good += cases[i].validator == &all[v] && good;
            n_bad += cases[i].validator == &all[v] && !good;
        }
        bool takes_all = strcmp(all[v].name, "password") == 0 || strcmp(all[v].name, "binary") == 0;
        if (n_good == 0 || (n_bad == 0) != takes_all)
            fail_msg("%s has %zu good and %zu bad lines", all[v].name, n_good, n_bad);
    }
}

/* --- the table of validators */

static void validators_are_found_by_name(void **unused) {
    (void)unused;
    size_t n;
    const ep_validator *all = ep_validators(&n);
    assert_int_equal(n, 30);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(ep_validator_find(ep_str_from(all[i].name)), &all[i]);
        const char *texts[] = {all[i].what, all[i].algorithm};
        for (size_t j = 0; j < 2; j++) {
            size_t len = strlen(texts[j]);
            assert_true(len > 0 && len < 160 && !strchr(texts[j], '\n') && ep_utf8_valid(texts[j], len));
        }
    }
    assert_null(ep_validator_find(EP_STR("")));
    assert_null(ep_validator_find(EP_STR("GTIN")));
    assert_null(ep_validator_find(EP_STR("gtin ")));
    assert_null(ep_validator_find(EP_STR("gti")));
    assert_null(ep_validator_find((ep_str){"gtin\0", 5}));
}

/* "what it is: a good value": the manual must not print one that is refused. */
static void the_examples_of_the_manual_are_valid(void **unused) {
    (void)unused;
    size_t n;
    const ep_validator *all = ep_validators(&n);
    for (size_t i = 0; i < n; i++) {
        const char *example = NULL;
        for (const char *p = all[i].what; (p = strstr(p, ": ")); p += 2)
            example = p + 2;
        if (!example)
            continue; /* password, binary */
        const char *reason = check(&all[i], example, strlen(example));
        if (reason)
            fail_msg("%s: the example %s is refused: %s", all[i].name, example, reason);
    }
}

static void nothing_at_all_is_refused_except_where_all_is_taken(void **unused) {
    (void)unused;
    size_t n;
    const ep_validator *all = ep_validators(&n);
    for (size_t i = 0; i < n; i++) {
        bool taken = all[i].check((ep_str){NULL, 0}) == NULL;
        bool takes_all = strcmp(all[i].name, "password") == 0 || strcmp(all[i].name, "binary") == 0;
        bool is_base64 = strcmp(all[i].name, "byte") == 0; /* of no bytes */
        assert_int_equal(taken, takes_all || is_base64);
    }
}

static void any_bytes_give_a_known_reason_and_the_same_twice(void **unused) {
    (void)unused;
    static const char alphabet[] = "0123456789ABCXZabcxz .-+@:/?#[]%\"\\_=!\0\t\n\xc3\xa9\xff";
    seed_random();
    size_t n;
    const ep_validator *all = ep_validators(&n);
    for (size_t round = 0; round < 20000; round++) {
        char text[300];
        size_t len = random_below(round % 10 ? 40 : sizeof text),
               n_letters = round % 3 ? sizeof alphabet - 1 : 12;
        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[random_below(n_letters)];
        for (size_t v = 0; v < n; v++) {
            const char *reason = check(&all[v], text, len);
            assert_true(!reason || is_known_reason(reason));
            assert_ptr_equal(check(&all[v], text, len), reason);
        }
    }
}

/* --- what a check digit is for */

/* Mod 10 with odd weights, Luhn and mod 97 notice every single wrong digit. */
static bool catches_single_digits(const struct table_case *test) {
    static const char *const families[] = {"gtin", "gtin8", "gtin12", "gtin13", "gtin14",
                                           "isbn", "siren", "iban",   "rib",    "lei"};
    const char *name = test->validator->name;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (strcmp(name, families[i]) == 0)
            return true;
    }
    /* La Poste's sum of digits misses a change by 5; the French key with letters is a remainder of 11. */
    if (strcmp(name, "siret") == 0)
        return strncmp(test->value, "356000000", 9) != 0;
    return strcmp(name, "fr_vat") == 0 && ep_is_digit(test->value[2]) && ep_is_digit(test->value[3]);
}

static void assert_single_digits_caught(const ep_validator *validator, const char *value, size_t len) {
    char changed[64];
    assert_true(len < sizeof changed);
    assert_null(check(validator, value, len));
    for (size_t at = 0; at < len; at++) {
        if (!ep_is_digit(value[at]))
            continue;
        for (char digit = '0'; digit <= '9'; digit++) {
            memcpy(changed, value, len);
            changed[at] = digit;
            if (digit != value[at] && !check(validator, changed, len))
                fail_msg("%s %.*s: changed to %.*s it is still valid", validator->name, (int)len, value,
                         (int)len, changed);
        }
    }
}

static void a_single_wrong_digit_is_caught(void **unused) {
    (void)unused;
    size_t n_tried = 0;
    for (size_t i = 0; i < n_cases; i++) {
        if (strcmp(cases[i].expected, "ok") == 0 && catches_single_digits(&cases[i])) {
            assert_single_digits_caught(cases[i].validator, cases[i].value, cases[i].len);
            n_tried++;
        }
    }
    assert_true(n_tried >= 120);
}

/* A random number whose last `n_check` characters are tried until it is valid. */
static size_t make_valid(const ep_validator *validator, const char *shape, int n_check, char *ret) {
    size_t len = strlen(shape);
    int n_endings = n_check == 1 ? 10 : 100;
    for (;;) {
        for (size_t i = 0; i < len; i++) {
            bool letter = shape[i] == 'c' && random_below(2);
            ret[i] = letter                               ? (char)('A' + random_below(26))
                     : shape[i] == 'n' || shape[i] == 'c' ? (char)('0' + random_below(10))
                                                          : shape[i];
        }
        for (int ending = 0; ending < n_endings; ending++) {
            if (n_check == 2)
                ret[len - 2] = (char)('0' + ending / 10);
            ret[len - 1] = (char)('0' + ending % 10);
            if (!check(validator, ret, len))
                return len;
        }
    }
}

static void a_single_wrong_digit_is_caught_in_random_numbers(void **unused) {
    (void)unused;
    static const struct {
        const char *name, *shape;
        int n_check;
    } families[] = {
        {"gtin8", "nnnnnnnn", 1},
        {"gtin12", "nnnnnnnnnnnn", 1},
        {"gtin13", "nnnnnnnnnnnnn", 1},
        {"gtin14", "nnnnnnnnnnnnnn", 1},
        {"isbn", "978nnnnnnnnnn", 1},
        {"siren", "nnnnnnnnn", 1},
        {"siret", "732829320nnnnn", 1},
        {"rib", "nnnnnnnnnncccccccccccnn", 2},
        {"lei", "ccccccccccccccccccnn", 2},
        {"iban", "FR76nnnnnnnnnncccccccccccnn", 2},
        {"iban", "DE89nnnnnnnnnnnnnnnnnn", 2},
    };
    seed_random();
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        const ep_validator *validator = find(families[f].name);
        for (int round = 0; round < 100; round++) {
            char value[64];
            size_t len = make_valid(validator, families[f].shape, families[f].n_check, value);
            assert_single_digits_caught(validator, value, len);
        }
    }
}

/* ISO 7064 MOD 97-10 also notices swapped neighbours; not a letter with a digit (B1 and 1B are both 111). */
static void swapped_neighbours_are_caught(void **unused) {
    (void)unused;
    for (size_t i = 0; i < n_cases; i++) {
        const char *name = cases[i].validator->name;
        bool mod97 = strcmp(name, "iban") == 0 || strcmp(name, "lei") == 0;
        if (!mod97 || strcmp(cases[i].expected, "ok") != 0)
            continue;
        for (size_t at = 4; at + 1 < cases[i].len; at++) {
            char swapped[64];
            memcpy(swapped, cases[i].value, cases[i].len);
            swapped[at] = cases[i].value[at + 1];
            swapped[at + 1] = cases[i].value[at];
            bool alike = ep_is_digit(swapped[at]) == ep_is_digit(swapped[at + 1]);
            if (alike && swapped[at] != swapped[at + 1] && !check(cases[i].validator, swapped, cases[i].len))
                fail_msg("%s %s: swapped at %zu it is still valid", name, cases[i].value, at);
        }
    }
}

/* --- tables */

static void code_tables_are_sorted_and_complete(void **unused) {
    (void)unused;
    const ep_validator *country = find("country"), *country3 = find("country3"), *currency = find("currency"),
                       *historic = find("currency_historic"), *iban = find("iban"), *vat = find("eu_vat");
    size_t n_country = 0, n_country3 = 0, n_currency = 0, n_historic = 0, n_iban = 0, n_vat = 0;
    /* An unsorted table would lose some of its codes to the binary search. */
    for (int i = 0; i < 26 * 26 * 26; i++) {
        char code[4] = {(char)('A' + i / 676), (char)('A' + i / 26 % 26), (char)('A' + i % 26), '\0'};
        n_country3 += check(country3, code, 3) == NULL;
        n_currency += check(currency, code, 3) == NULL;
        n_historic += check(historic, code, 3) == NULL;
        if (i % 26 == 0) {
            char number[5] = {code[0], code[1], '0', '0', '\0'};
            n_country += check(country, code, 2) == NULL;
            n_iban += strcmp(check(iban, number, 4), EP_BAD_COUNTRY) != 0;
            n_vat += strcmp(check(vat, number, 4), EP_BAD_COUNTRY) != 0;
        }
    }
    assert_int_equal(n_country, 249);
    assert_int_equal(n_country3, 249);
    assert_int_equal(n_currency, 176); /* 178 of list one without the two reserved */
    assert_int_equal(n_historic, 176 + 129);
    assert_int_equal(n_iban, 89); /* registry, release 103 */
    assert_int_equal(n_vat, 28);
}

/* A structure that does not add up to its length would refuse the registry's own example. */
static void iban_structures_fit_their_lengths(void **unused) {
    (void)unused;
    size_t n_seen = 0;
    for (size_t i = 0; i < n_cases; i++)
        n_seen += strcmp(cases[i].validator->name, "iban") == 0 && strcmp(cases[i].expected, "ok") == 0;
    assert_true(n_seen >= 89); /* the table has the registry's example of every country */
    for (int i = 0; i < 676; i++) {
        char prefix[3] = {(char)('A' + i / 26), (char)('A' + i % 26), '\0'};
        bool known =
            strcmp(check(find("iban"), (char[]){prefix[0], prefix[1], '0', '0'}, 4), EP_BAD_COUNTRY) != 0;
        bool seen = false;
        for (size_t c = 0; c < n_cases && !seen; c++)
            seen = strcmp(cases[c].validator->name, "iban") == 0 && strcmp(cases[c].expected, "ok") == 0 &&
                   strncmp(cases[c].value, prefix, 2) == 0;
        if (known != seen)
            fail_msg("no example for %s", prefix);
    }
}

static void currencies_have_minor_units_and_end_days(void **unused) {
    (void)unused;
    static const struct {
        const char *code;
        int minor_units;
        int32_t end_day;
    } expected[] = {
        {"EUR", 2, INT32_MAX},  {"JPY", 0, INT32_MAX},  {"KWD", 3, INT32_MAX},  {"CLF", 4, INT32_MAX},
        {"UYW", 4, INT32_MAX},  {"ISK", 0, INT32_MAX},  {"XAU", -1, INT32_MAX}, {"XCG", 2, INT32_MAX},
        {"ZWG", 2, INT32_MAX},  {"XAD", 2, INT32_MAX},  {"VED", 2, INT32_MAX},  {"XTS", -1, INT32_MIN},
        {"XXX", -1, INT32_MIN}, {"ABC", -1, INT32_MIN}, {"eur", -1, INT32_MIN}, {"EURO", -1, INT32_MIN},
        {"EU", -1, INT32_MIN},  {"", -1, INT32_MIN},    {"DEM", 2, 11687},      {"FRF", 2, 11687},
        {"ITL", 0, 11687},      {"GRD", 0, 11687},      {"SIT", 2, 13513},      {"CYP", 2, 13878},
        {"MTL", 2, 13878},      {"SKK", 2, 14244},      {"EEK", 2, 14974},      {"LVL", 2, 16070},
        {"LTL", 2, 16435},      {"HRK", 2, 19357},      {"BGN", 2, 20453},      {"ANG", 2, 20269},
        {"SLL", 2, 19722},      {"ZWL", 2, 19966},      {"CUC", 2, 18808},      {"XEU", -1, 10591},
        {"BYR", 0, 17166},      {"VEF", 2, 17762},      {"ILP", -1, 4382},      {"LAJ", -1, 3651},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        ep_str code = ep_str_from(expected[i].code);
        if (ep_currency_minor_units(code) != expected[i].minor_units ||
            ep_currency_end_day(code) != expected[i].end_day)
            fail_msg("%s: %d minor units, ends on day %d", expected[i].code, ep_currency_minor_units(code),
                     (int)ep_currency_end_day(code));
    }
}

/* Every byte at every place of every length. */
static void sellers_are_of_their_characters_only(void **unused) {
    (void)unused;
    for (size_t len = 0; len <= 42; len++)
        for (size_t at = 0; at < len; at++)
            for (unsigned c = 0; c < 256; c++) {
                char text[64];
                memset(text, 'z', sizeof text);
                text[len] = '!';
                text[at] = (char)c;
                bool of_set = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                assert_int_equal(ep_is_seller_id((ep_str){text, len}), of_set && len <= 40);
            }
    assert_false(ep_is_seller_id(EP_STR("")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_of_the_table_holds),
        cmocka_unit_test(the_table_has_good_and_bad_ones_of_each),
        cmocka_unit_test(validators_are_found_by_name),
        cmocka_unit_test(sellers_are_of_their_characters_only),
        cmocka_unit_test(the_examples_of_the_manual_are_valid),
        cmocka_unit_test(nothing_at_all_is_refused_except_where_all_is_taken),
        cmocka_unit_test(any_bytes_give_a_known_reason_and_the_same_twice),
        cmocka_unit_test(a_single_wrong_digit_is_caught),
        cmocka_unit_test(a_single_wrong_digit_is_caught_in_random_numbers),
        cmocka_unit_test(swapped_neighbours_are_caught),
        cmocka_unit_test(code_tables_are_sorted_and_complete),
        cmocka_unit_test(iban_structures_fit_their_lengths),
        cmocka_unit_test(currencies_have_minor_units_and_end_days),
    };
    return cmocka_run_group_tests(tests, load_cases, free_cases);
}

#include "contract/contract.h"
#include "decode/encoding.h"

#include <setjmp.h>
#include <stddef.h>

#include "property.h"

#include <cmocka.h>
#include <string.h>

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

struct result {
    char text[512];
    size_t len, used;
    bool flawed;
};

static struct result transcode(ep_encoding encoding, const char *bytes, size_t n, bool is_last) {
    struct result result = {0};
    assert_true(ep_encoding_utf8_room(encoding, n) <= sizeof(result.text));
    result.len =
        ep_encoding_to_utf8(encoding, (ep_str){bytes, n}, is_last, result.text, &result.used, &result.flawed);
    assert_true(result.len <= ep_encoding_utf8_room(encoding, n));
    return result;
}

static void characters_become_utf8(void **state) {
    (void)state;
    static const struct {
        ep_encoding encoding;
        const char *bytes;
        size_t n;
        const char *text;
    } cases[] = {
        {EP_ENC_UTF16LE, "a\0\xE9\0\xAC\x20\x3D\xD8\x00\xDE", 10, "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {EP_ENC_UTF16BE, "\0a\0\xE9\x20\xAC\xD8\x3D\xDE\x00", 10, "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {EP_ENC_UTF16LE, "\xFF\xFF\x00\xD8\x00\xDC\xFF\xDB\xFF\xDF", 10,
         "\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"},
        {EP_ENC_WINDOWS1252, "caf\xE9 \x80 \x8A\xFF\x7F", 10,
         "caf\xC3\xA9 \xE2\x82\xAC \xC5\xA0\xC3\xBF\x7F"},
        {EP_ENC_UTF8, "caf\xC3\xA9", 5, "caf\xC3\xA9"},
        {EP_ENC_UTF8, "", 0, ""},
        {EP_ENC_UTF16LE, "", 0, ""},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct result result = transcode(cases[i].encoding, cases[i].bytes, cases[i].n, true);
        assert_true(ep_str_is((ep_str){result.text, result.len}, cases[i].text));
        assert_false(result.flawed);
        assert_int_equal(result.used, cases[i].n);
        assert_int_equal(ep_encoding_source_bytes(cases[i].encoding, (ep_str){result.text, result.len}),
                         cases[i].n);
    }
}

static void what_is_no_character_stays_visible(void **state) {
    (void)state;
    static const struct {
        ep_encoding encoding;
        const char *bytes;
        size_t n, at;
    } cases[] = {
        {EP_ENC_UTF16LE, "a\0\x00\xD8", 4, 2},
        {EP_ENC_UTF16LE,
         "a\0\x00\xDC"
         "b\0",
         6, 2},
        {EP_ENC_UTF16LE,
         "\x00\xD8"
         "b\0",
         4, 0},
        {EP_ENC_UTF16LE, "\x00\xD8\x00\xD8\x00\xDC", 6, 0},
        {EP_ENC_UTF16BE, "\xDC\x00\xD8\x00", 4, 0},
        {EP_ENC_UTF16LE, "a\0b", 3, 2},
        {EP_ENC_UTF16LE, "\x00\xD8\x00", 3, 0},
        {EP_ENC_WINDOWS1252,
         "a\x81"
         "b",
         3, 1},
        {EP_ENC_WINDOWS1252, "\x8D", 1, 0},
        {EP_ENC_WINDOWS1252, "\xE9\x8F", 2, 1},
        {EP_ENC_WINDOWS1252, "\x90", 1, 0},
        {EP_ENC_WINDOWS1252, "\x80\x9D", 2, 1},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct result result = transcode(cases[i].encoding, cases[i].bytes, cases[i].n, true);
        ep_str text = {result.text, result.len};
        bool is_cut;
        assert_true(result.flawed);
        assert_int_equal(result.used, cases[i].n);
        size_t at = ep_utf8_flaw(text, &is_cut);
        assert_int_not_equal(at, SIZE_MAX);
        assert_int_equal(ep_encoding_source_bytes(cases[i].encoding, (ep_str){text.ptr, at}), cases[i].at);
        assert_int_equal(ep_encoding_source_bytes(cases[i].encoding, text), cases[i].n);
    }
}

static void the_mark_tells_the_encoding(void **state) {
    (void)state;
    static const struct {
        ep_encoding declared;
        const char *head;
        size_t n, mark;
        ep_encoding found;
        bool is_open;
    } cases[] = {
        {EP_ENC_AUTO, "\xEF\xBB\xBF{", 4, 3, EP_ENC_UTF8, false},
        {EP_ENC_AUTO, "\xFF\xFE", 2, 2, EP_ENC_UTF16LE, false},
        {EP_ENC_AUTO, "\xFE\xFF", 2, 2, EP_ENC_UTF16BE, false},
        {EP_ENC_AUTO, "\xEF\xBB", 2, 0, EP_ENC_UTF8, true},
        {EP_ENC_AUTO, "\xFF", 1, 0, EP_ENC_UTF8, true},
        {EP_ENC_AUTO, "", 0, 0, EP_ENC_UTF8, true},
        {EP_ENC_AUTO, "{", 1, 0, EP_ENC_UTF8, false},
        {EP_ENC_UTF8, "\xFF\xFE", 2, 0, EP_ENC_UTF8, false},
        {EP_ENC_UTF8, "\xEF\xBB\xBF", 3, 3, EP_ENC_UTF8, false},
        {EP_ENC_UTF16LE, "\xFF\xFE", 2, 2, EP_ENC_UTF16LE, false},
        {EP_ENC_UTF16LE, "\xFE\xFF", 2, 0, EP_ENC_UTF16LE, false},
        {EP_ENC_WINDOWS1252, "\xEF\xBB\xBF", 3, 0, EP_ENC_WINDOWS1252, false},
        {EP_ENC_WINDOWS1252, "", 0, 0, EP_ENC_WINDOWS1252, false},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        ep_encoding encoding = cases[i].declared;
        ep_str head = {cases[i].head, cases[i].n};
        assert_int_equal(ep_encoding_mark_open(head, encoding), cases[i].is_open);
        assert_int_equal(ep_encoding_mark(head, &encoding), cases[i].mark);
        assert_int_equal(encoding, cases[i].found);
    }
}

/* In two pieces at any place as in one. */
static void a_character_may_be_cut_anywhere(void **state) {
    (void)state;
    test_random random = test_random_new();
    char bytes[60];
    for (int round = 0; round < 300; round++) {
        ep_encoding encoding = round % 2 ? EP_ENC_UTF16LE : EP_ENC_UTF16BE;
        size_t n = test_random_below(&random, sizeof(bytes));
        for (size_t i = 0; i < n; i++)
            bytes[i] = test_random_below(&random, 3) ? (char)(0xD7 + test_random_below(&random, 9))
                                                     : (char)('a' + i % 3);
        struct result whole = transcode(encoding, bytes, n, true);
        for (size_t cut = 0; cut <= n; cut++) {
            struct result first = transcode(encoding, bytes, cut, false);
            assert_true(cut - first.used <= 3);
            struct result second = transcode(encoding, bytes + first.used, n - first.used, true);
            assert_int_equal(first.len + second.len, whole.len);
            memcpy(first.text + first.len, second.text, second.len);
            assert_memory_equal(first.text, whole.text, whole.len);
            assert_int_equal(first.flawed || second.flawed, whole.flawed);
        }
        assert_int_equal(ep_encoding_source_bytes(encoding, (ep_str){whole.text, whole.len}), n);
    }
}

/* A slow second opinion: table 3-7 of the Unicode standard, written out. */
static bool is_utf8(const unsigned char *p, size_t n) {
    static const struct {
        unsigned char low[4], high[4];
        size_t len;
    } rows[] = {
        {{0x00}, {0x7F}, 1},
        {{0xC2, 0x80}, {0xDF, 0xBF}, 2},
        {{0xE0, 0xA0, 0x80}, {0xE0, 0xBF, 0xBF}, 3},
        {{0xE1, 0x80, 0x80}, {0xEC, 0xBF, 0xBF}, 3},
        {{0xED, 0x80, 0x80}, {0xED, 0x9F, 0xBF}, 3},
        {{0xEE, 0x80, 0x80}, {0xEF, 0xBF, 0xBF}, 3},
        {{0xF0, 0x90, 0x80, 0x80}, {0xF0, 0xBF, 0xBF, 0xBF}, 4},
        {{0xF1, 0x80, 0x80, 0x80}, {0xF3, 0xBF, 0xBF, 0xBF}, 4},
        {{0xF4, 0x80, 0x80, 0x80}, {0xF4, 0x8F, 0xBF, 0xBF}, 4},
    };
    for (size_t i = 0, len; i < n; i += len) {
        len = 0;
        for (size_t row = 0; row < N_OF(rows) && len == 0; row++) {
            size_t k = 0;
            while (k < rows[row].len && i + k < n && p[i + k] >= rows[row].low[k] &&
                   p[i + k] <= rows[row].high[k])
                k++;
            len = k == rows[row].len ? k : 0;
        }
        if (len == 0)
            return false;
    }
    return true;
}

static void flaws_are_found_where_they_are(void **state) {
    (void)state;
    test_random random = test_random_new();
    static const unsigned char lead[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                         0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                         0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFE, 0xFF};
    unsigned char bytes[200 + EP_PADDING] = {0};
    for (int round = 0; round < 30000; round++) {
        size_t n = test_random_below(&random, round % 50 ? 6 : 200);
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] =
                round % 50 ? lead[test_random_below(&random, sizeof(lead))] : (unsigned char)('a' + i % 26);
        if (n > 0 && round % 50 == 0)
            bytes[test_random_below(&random, n)] = lead[test_random_below(&random, sizeof(lead))];
        ep_str text = {(const char *)bytes, n};
        bool is_cut;
        size_t at = ep_utf8_flaw(text, &is_cut);
        assert_int_equal(at == SIZE_MAX, is_utf8(bytes, n));
        assert_int_equal(ep_text_clean(text), is_utf8(bytes, n) && !memchr(bytes, 0, n));
        if (at != SIZE_MAX)
            assert_true(at < n && is_utf8(bytes, at));
        if (is_cut)
            assert_true(n - at < 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_become_utf8),
        cmocka_unit_test(what_is_no_character_stays_visible),
        cmocka_unit_test(the_mark_tells_the_encoding),
        cmocka_unit_test(a_character_may_be_cut_anywhere),
        cmocka_unit_test(flaws_are_found_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

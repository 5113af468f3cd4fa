#include "base/str.h"

#include <setjmp.h>
#include <stddef.h>

#include "property.h"

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

static void views_compare_bytewise(void **state) {
    (void)state;
    ep_str none = {0};
    assert_true(ep_str_eq(EP_STR("abc"), EP_STR("abc")));
    assert_false(ep_str_eq(EP_STR("abc"), EP_STR("abd")));
    assert_false(ep_str_eq(EP_STR("abc"), EP_STR("ab")));
    assert_true(ep_str_eq(none, EP_STR("")));
    assert_true(ep_str_is(EP_STR("abc"), "abc"));
    assert_false(ep_str_is(EP_STR("abc"), "abcd"));
    assert_true(ep_str_is(none, NULL));
    assert_true(ep_str_cmp(EP_STR("a"), EP_STR("b")) < 0);
    assert_true(ep_str_cmp(EP_STR("ab"), EP_STR("a")) > 0);
    assert_true(ep_str_cmp(EP_STR("Z"), EP_STR("a")) < 0);
    assert_true(ep_str_cmp(EP_STR("\xc3\xa9"), EP_STR("z")) > 0); /* unsigned bytes */
    assert_true(ep_str_cmp(none, EP_STR("a")) < 0);
    assert_int_equal(ep_str_cmp(none, EP_STR("")), 0);
    assert_int_equal(ep_str_from(NULL).len, 0);
}

/* Two words of a short text tell it from every other of its length, and hold no byte of anything else. */
static void short_texts_as_words(void **state) {
    (void)state;
    test_random random = test_random_new();
    for (int i = 0; i < 200000; i++) {
        char a[24], b[24];
        size_t len = test_random_below(&random, 20);
        memset(a, 'x', sizeof a);
        for (size_t k = 0; k < len; k++)
            a[k] = "ab"[test_random_below(&random, 2)];
        memcpy(b, a, sizeof b);
        if (len > 0 && test_random_below(&random, 2) == 0)
            b[test_random_below(&random, len)] ^= 3;
        bool same = memcmp(a, b, len) == 0;
        assert_int_equal(ep_bytes_eq(a, b, len), same);
        if (len > EP_SHORT_BYTES)
            continue;
        uint64_t x[2], y[2];
        ep_short_words(a, len, x);
        ep_short_words(b, len, y);
        assert_int_equal(x[0] == y[0] && x[1] == y[1], same);
        assert_null(memchr(x, 'x', sizeof x));
    }
}

static void views_trim_start_and_end(void **state) {
    (void)state;
    assert_true(ep_str_is(ep_str_trim(EP_STR(" \t\r\n\v\fa b \n")), "a b"));
    assert_true(ep_str_is(ep_str_trim(EP_STR("   ")), ""));
    assert_true(ep_str_is(ep_str_trim((ep_str){0}), ""));
    assert_true(ep_str_starts(EP_STR("entrepot"), "entre"));
    assert_true(ep_str_starts(EP_STR("entrepot"), ""));
    assert_false(ep_str_starts(EP_STR("ent"), "entre"));
    assert_false(ep_str_starts(EP_STR("xentre"), "entre"));
    assert_true(ep_str_ends(EP_STR("a.csv"), ".csv"));
    assert_false(ep_str_ends(EP_STR("csv"), ".csv"));
    assert_false(ep_str_ends(EP_STR("a.csv.gz"), ".csv"));
    assert_true(ep_str_ends((ep_str){0}, ""));
}

/* Well-formed sequences by the table of RFC 3629, chapter 4, written as ranges. */
static size_t rfc3629_length(const unsigned char *p, size_t len) {
    static const unsigned char table[][9] = {
        /* length, then lowest and highest of each byte */
        {1, 0x00, 0x7f},
        {2, 0xc2, 0xdf, 0x80, 0xbf},
        {3, 0xe0, 0xe0, 0xa0, 0xbf, 0x80, 0xbf},
        {3, 0xe1, 0xec, 0x80, 0xbf, 0x80, 0xbf},
        {3, 0xed, 0xed, 0x80, 0x9f, 0x80, 0xbf},
        {3, 0xee, 0xef, 0x80, 0xbf, 0x80, 0xbf},
        {4, 0xf0, 0xf0, 0x90, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
        {4, 0xf1, 0xf3, 0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
        {4, 0xf4, 0xf4, 0x80, 0x8f, 0x80, 0xbf, 0x80, 0xbf},
    };
    for (size_t row = 0; row < N_OF(table); row++) {
        size_t n = table[row][0], i = 0;
        while (i < n && i < len && p[i] >= table[row][1 + 2 * i] && p[i] <= table[row][2 + 2 * i])
            i++;
        if (i == n)
            return n;
    }
    return 0;
}

static bool rfc3629_valid(const char *text, size_t len) {
    for (size_t at = 0; at < len;) {
        size_t step = rfc3629_length((const unsigned char *)text + at, len - at);
        if (step == 0 || text[at] == '\0')
            return false;
        at += step;
    }
    return true;
}

/* All pairs and triples of bytes, and quadruples over the bytes at which the table changes. */
static void utf8_follows_the_table_for_all_short_texts(void **state) {
    (void)state;
    static const unsigned char edges[] = {0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                          0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
                                          0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
    char text[4];
    for (unsigned code = 0; code < 1u << 24; code += code % 3 + 1) {
        text[0] = (char)(code >> 16);
        text[1] = (char)(code >> 8);
        text[2] = (char)code;
        for (size_t len = 1; len <= 3; len++)
            if (ep_utf8_valid(text, len) != rfc3629_valid(text, len))
                fail_msg("%06x of %zu bytes", code, len);
    }
    for (size_t i = 0; i < N_OF(edges) * N_OF(edges) * N_OF(edges) * N_OF(edges); i++) {
        for (size_t k = 0, rest = i; k < 4; k++, rest /= N_OF(edges))
            text[k] = (char)edges[rest % N_OF(edges)];
        if (ep_utf8_valid(text, 4) != rfc3629_valid(text, 4) ||
            ep_utf8_next(text, 4) != rfc3629_length((const unsigned char *)text, 4))
            fail_msg("case %zu", i);
    }
    assert_true(ep_utf8_valid(NULL, 0));
    assert_int_equal(ep_utf8_next("x", 0), 0);
}

static void every_code_point_survives(void **state) {
    (void)state;
    for (uint32_t code = 1; code <= 0x10ffff; code++) {
        char text[4];
        size_t n = ep_utf8_put(code, text);
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        if (surrogate) {
            assert_memory_equal(text, "\xef\xbf\xbd", 3);
            continue;
        }
        uint32_t read = (unsigned char)text[0];
        if (n > 1)
            read &= 0x7fu >> n;
        for (size_t i = 1; i < n; i++)
            read = read << 6 | ((unsigned char)text[i] & 0x3f);
        if (read != code || !ep_utf8_valid(text, n) || ep_utf8_count(text, n) != 1 ||
            ep_utf8_next(text, n) != n)
            fail_msg("U+%04X", code);
    }
    char text[4];
    assert_int_equal(ep_utf8_put(0x110000, text), 3);
    assert_memory_equal(text, "\xef\xbf\xbd", 3);
}

/* Long texts at every alignment, sound or with one byte spoilt: the fast ways say the same as the table. */
static void long_texts_follow_the_table(void **state) {
    (void)state;
    test_random random = test_random_new();
    char *text = ep_malloc(400);
    size_t n_invalid = 0;
    for (int round = 0; round < 100000; round++) {
        size_t len = 0, want = test_random_below(&random, 200), n_points = 0;
        uint32_t widest = (uint32_t[]){0x7f, 0x7f, 0x7ff, 0xd7ff, 0x10ffff}[test_random_below(&random, 5)];
        char *start = text + test_random_below(&random, 16);
        while (len < want) {
            bool plain = test_random_below(&random, 3) > 0;
            len += ep_utf8_put((uint32_t)test_random_below(&random, plain ? 0x7f : widest) + 1, start + len);
            n_points++;
        }
        assert_true(ep_utf8_valid(start, len));
        assert_int_equal(ep_utf8_count(start, len), n_points);
        if (len == 0)
            continue;
        start[test_random_below(&random, len)] = (char)test_random_below(&random, 256);
        bool valid = rfc3629_valid(start, len);
        if (ep_utf8_valid(start, len) != valid)
            fail_msg("round %d", round);
        n_invalid += !valid;
    }
    assert_in_range(n_invalid, 10000, 90000);
    ep_free(text);
}

static void nul_is_not_text(void **state) {
    (void)state;
    char text[40];
    for (size_t at = 0; at < sizeof text; at++) {
        memset(text, 'a', sizeof text);
        assert_true(ep_utf8_valid(text, sizeof text));
        text[at] = '\0';
        assert_false(ep_utf8_valid(text, sizeof text));
    }
}

static void a_buffer_grows_and_ends_with_nul(void **state) {
    (void)state;
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    ep_buf_add(&buf, NULL, 0);
    assert_string_equal(buf.data, "");
    ep_buf_puts(&buf, "a");
    ep_buf_putc(&buf, 'b');
    ep_buf_put_str(&buf, EP_STR("cd"));
    ep_buf_printf(&buf, "-%d-%s", 5, "x");
    assert_string_equal(buf.data, "abcd-5-x");
    assert_int_equal(buf.len, 8);
    for (int i = 0; i < 1000; i++)
        ep_buf_printf(&buf, "%0100d", i);
    assert_int_equal(buf.len, 100008);
    assert_string_equal(buf.data + buf.len - 5, "00999");
    assert_int_equal(strlen(buf.data), buf.len);
    assert_int_equal(ep_buf_check(&buf, NULL), EP_OK);
    ep_buf_reset(&buf);
    assert_string_equal(buf.data, "");
}

static void a_print_of_any_length_fits(void **state) {
    (void)state;
    char text[301];
    memset(text, 'p', 300);
    for (size_t len = 0; len <= 300; len++) {
        EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
        text[len] = '\0';
        ep_buf_printf(&buf, "%s", text);
        assert_int_equal(buf.len, len);
        assert_string_equal(buf.data, text);
        text[len] = 'p';
    }
}

static void integers_print_like_printf(void **state) {
    (void)state;
    test_random random = test_random_new();
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    static const int64_t edges[] = {0, 1, -1, 9, 10, -10, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < 20000; i++) {
        int64_t value = i < N_OF(edges) ? edges[i] : (int64_t)test_random_next(&random) >> i % 64;
        char expected[24];
        snprintf(expected, sizeof expected, "%" PRId64, value);
        ep_buf_reset(&buf);
        ep_buf_put_int(&buf, value);
        assert_string_equal(buf.data, expected);
    }
}

static void assert_json(ep_str text, const char *expected) {
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    ep_buf_put_json(&buf, text);
    assert_string_equal(buf.data, expected);
}

static void json_strings(void **state) {
    (void)state;
    assert_json((ep_str){0}, "\"\"");
    assert_json(EP_STR("plain"), "\"plain\"");
    assert_json(EP_STR("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
    assert_json(EP_STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    assert_json(EP_STR("\x01\x1f\x7f"), "\"\\u0001\\u001f\x7f\"");
    assert_json((ep_str){"a\xc3\xa9", 2}, "\"a\xef\xbf\xbd\""); /* cut inside a character */
    assert_json((ep_str){"a\0b", 3}, "\"a\\u0000b\"");
    assert_json(EP_STR("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\xb2"),
                "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\xb2\"");
    assert_json(EP_STR("\xff"
                       "a\xc3"),
                "\"\xef\xbf\xbd"
                "a\xef\xbf\xbd\"");
    assert_json(EP_STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_json(EP_STR("\n"), "\"\\n\"");
    assert_json(EP_STR("a long text without anything to escape \" but one"),
                "\"a long text without anything to escape \\\" but one\"");
}

/* Character by character, apart from the code under test. */
static size_t naive_json(const char *text, size_t len, char *out) {
    size_t n = 0;
    out[n++] = '"';
    for (size_t at = 0; at < len;) {
        unsigned char c = (unsigned char)text[at];
        size_t step = rfc3629_length((const unsigned char *)text + at, len - at);
        const char *named =
            c ? strchr("\"\"\\\\\bb\ff\nn\rr\tt", c) : NULL; /* a character, then its letter */
        if (named && (c < 0x20 || c == '"' || c == '\\'))
            n += (size_t)sprintf(out + n, "\\%c", named[1]);
        else if (c < 0x20)
            n += (size_t)sprintf(out + n, "\\u%04x", c);
        else if (step > 0)
            n += (size_t)sprintf(out + n, "%.*s", (int)step, text + at);
        else
            n += (size_t)sprintf(out + n, "\xef\xbf\xbd");
        at += step ? step : 1;
    }
    out[n++] = '"';
    return n;
}

static void json_strings_at_every_length_and_place(void **state) {
    (void)state;
    test_random random = test_random_new();
    for (int i = 0; i < 100000; i++) {
        char expected[400];
        size_t len = test_random_below(&random, 60);
        char *text = ep_malloc(len);
        for (size_t k = 0; k < len; k++)
            text[k] = (char)(0x20 + test_random_below(&random, 0x60));
        for (uint64_t k = test_random_below(&random, 4); len > 0 && k > 0; k--)
            text[test_random_below(&random, len)] = (char)test_random_next(&random);
        EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
        ep_buf_put_json(&buf, (ep_str){text, len});
        assert_int_equal(buf.len, naive_json(text, len, expected));
        assert_memory_equal(buf.data, expected, buf.len);
        ep_free(text);
    }
}

static void sql_literals_and_identifiers(void **state) {
    (void)state;
    static const struct {
        const char *text, *literal, *ident;
    } cases[] = {
        {"", "''", "\"\""},
        {"it's", "'it''s'", "\"it's\""},
        {"'", "''''", "\"'\""},
        {"''x", "'''''x'", "\"''x\""},
        {"a\"b", "'a\"b'", "\"a\"\"b\""},
        {"\"", "'\"'", "\"\"\"\""},
        {"x'; DROP TABLE t; --", "'x''; DROP TABLE t; --'", "\"x'; DROP TABLE t; --\""},
        {"back\\slash", "'back\\slash'", "\"back\\slash\""},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
        ep_buf_put_literal(&buf, ep_str_from(cases[i].text));
        assert_string_equal(buf.data, cases[i].literal);
        ep_buf_reset(&buf);
        ep_buf_put_ident(&buf, ep_str_from(cases[i].text));
        assert_string_equal(buf.data, cases[i].ident);
    }
}

static void build_text(ep_buf *buf) {
    for (int i = 0; i < 10; i++) {
        ep_buf_put_json(buf, EP_STR("a \"longer\" text\nthat makes the buffer grow"));
        ep_buf_printf(buf, "%0*d", i * 50 + 1, i);
        ep_buf_put_literal(buf, EP_STR("it's"));
        ep_buf_put_int(buf, i);
    }
}

static void a_failed_append_is_remembered(void **state) {
    (void)state;
    EP_CLEANUP(ep_buf_done) ep_buf expected = {0};
    build_text(&expected);
    bool passed = false;
    int n = 0;
    while (!passed) {
        EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
        ep_error err = {0};
        ep_mem_fail_after(++n);
        build_text(&buf);
        ep_mem_fail_after(0);
        passed = !buf.failed;
        if (!passed) {
            size_t len = buf.len;
            ep_buf_puts(&buf, "more"); /* refused although there is memory again */
            assert_int_equal(buf.len, len);
            assert_int_equal(ep_buf_check(&buf, &err), EP_E_NOMEM);
            assert_int_equal(err.action, EP_RETRY);
            ep_buf_reset(&buf);
            build_text(&buf);
        }
        assert_int_equal(ep_buf_check(&buf, NULL), EP_OK);
        assert_string_equal(buf.data, expected.data);
    }
    assert_in_range(n, 5, 20);
}

static void a_sum_of_lengths_that_overflows_is_refused(void **state) {
    (void)state;
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    ep_buf_puts(&buf, "abc");
    ep_buf_add(&buf, "x", SIZE_MAX - 1);
    assert_true(buf.failed);
    assert_int_equal(buf.len, 3);
    ep_buf_done(&buf);
    ep_buf_done(&buf);
    ep_buf_done(NULL);
}

/* A folder of the test's own; removed by leave_folder. */
static char folder[] = "/tmp/entrepot-test-XXXXXX";
static char path[64], tmp_path[72];

static int enter_folder(void **state) {
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    if (!mkdtemp(folder) || chmod(folder, 0755) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(tmp_path, sizeof tmp_path, "%s.tmp", path);
    return 0;
}

static int leave_folder(void **state) {
    (void)state;
    unlink(path);
    rmdir(path);
    unlink(tmp_path);
    return rmdir(folder);
}

static void write_must(const char *text) {
    ep_error err = {0};
    if (ep_write_file(path, text, strlen(text), 0644, &err) != EP_OK)
        fail_msg("%s", err.text);
}

static void assert_file(const char *expected) {
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    ep_error err = {0};
    if (ep_read_file(path, 1 << 20, &buf, &err) != EP_OK)
        fail_msg("%s", err.text);
    assert_int_equal(buf.len, strlen(expected));
    assert_string_equal(buf.data, expected);
}

static void files_are_written_and_read(void **state) {
    (void)state;
    struct stat info;
    write_must("one");
    assert_file("one");
    write_must("two, longer");
    assert_file("two, longer");
    write_must("");
    assert_file("");
    write_must("1");
    assert_file("1");
    assert_int_not_equal(access(tmp_path, F_OK), 0);
    assert_int_equal(ep_write_file(path, "secret", 6, 0600, NULL), EP_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void a_left_over_temporary_file_is_replaced(void **state) {
    (void)state;
    FILE *stale = fopen(tmp_path, "w");
    struct stat info;
    assert_non_null(stale);
    fputs("left by a crash, readable by all", stale);
    fclose(stale);
    assert_int_equal(ep_write_file(path, "new", 3, 0600, NULL), EP_OK);
    assert_file("new");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void a_write_that_fails_leaves_the_old_file(void **state) {
    (void)state;
    struct rlimit before, small;
    static const char much[4096];
    write_must("old");
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 100;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    ep_error err = {0};
    ep_code code = ep_write_file(path, much, sizeof much, 0644, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    assert_int_equal(code, EP_E_IO);
    assert_non_null(strstr(err.text, path));
    assert_file("old");
    assert_int_not_equal(access(tmp_path, F_OK), 0);
}

static void a_folder_is_not_overwritten(void **state) {
    (void)state;
    ep_error err = {0};
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(ep_write_file(path, "x", 1, 0644, &err), EP_E_IO);
    assert_non_null(strstr(err.text, path));
    assert_int_not_equal(access(tmp_path, F_OK), 0);
}

static void assert_unreadable(const char *name, size_t max_bytes, ep_code expected) {
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    ep_error err = {0};
    assert_int_equal(ep_read_file(name, max_bytes, &buf, &err), expected);
    assert_int_equal(err.code, expected);
    assert_non_null(strstr(err.text, name));
    assert_null(buf.data);
}

static void errors_of_reading_name_the_file(void **state) {
    (void)state;
    assert_unreadable(path, 100, EP_E_NOT_FOUND);
    assert_unreadable(folder, 100, EP_E_IO);
    write_must("12345");
    assert_unreadable(path, 4, EP_E_LIMIT);
    assert_unreadable("/dev/zero", 100000, EP_E_LIMIT); /* no size to look at */
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    assert_int_equal(ep_read_file(path, 5, &buf, NULL), EP_OK);
}

static void a_file_of_somebody_else_is_not_readable(void **state) {
    (void)state;
    bool root = geteuid() == 0;
    write_must("secret");
    assert_int_equal(chmod(path, 0), 0);
    if (root) /* root reads everything */
        assert_int_equal(seteuid(65534), 0);
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    ep_error err = {0};
    ep_code code = ep_read_file(path, 100, &buf, &err);
    ep_code write_code = root ? ep_write_file(path, "x", 1, 0644, NULL) : EP_E_PERMISSION;
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(code, EP_E_PERMISSION);
    assert_int_equal(write_code, EP_E_PERMISSION);
    assert_non_null(strstr(err.text, path));
}

static void reading_survives_a_lack_of_memory(void **state) {
    (void)state;
    write_must("something to read");
    bool passed = false;
    for (int n = 1; !passed; n++) {
        EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
        ep_mem_fail_after(n);
        ep_code code = ep_write_file(path, "something to read", 17, 0644, NULL);
        if (code == EP_OK)
            code = ep_read_file(path, 100, &buf, NULL);
        ep_mem_fail_after(0);
        passed = code == EP_OK;
        assert_true(passed || code == EP_E_NOMEM);
        assert_file("something to read");
    }
}

int main(void) {
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_bytewise),
        cmocka_unit_test(short_texts_as_words),
        cmocka_unit_test(views_trim_start_and_end),
        cmocka_unit_test(utf8_follows_the_table_for_all_short_texts),
        cmocka_unit_test(every_code_point_survives),
        cmocka_unit_test(long_texts_follow_the_table),
        cmocka_unit_test(nul_is_not_text),
        cmocka_unit_test(a_buffer_grows_and_ends_with_nul),
        cmocka_unit_test(a_print_of_any_length_fits),
        cmocka_unit_test(integers_print_like_printf),
        cmocka_unit_test(json_strings),
        cmocka_unit_test(json_strings_at_every_length_and_place),
        cmocka_unit_test(sql_literals_and_identifiers),
        cmocka_unit_test(a_failed_append_is_remembered),
        cmocka_unit_test(a_sum_of_lengths_that_overflows_is_refused),
        WITH_FOLDER(files_are_written_and_read),
        WITH_FOLDER(a_left_over_temporary_file_is_replaced),
        WITH_FOLDER(a_write_that_fails_leaves_the_old_file),
        WITH_FOLDER(a_folder_is_not_overwritten),
        WITH_FOLDER(errors_of_reading_name_the_file),
        WITH_FOLDER(a_file_of_somebody_else_is_not_readable),
        WITH_FOLDER(reading_survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

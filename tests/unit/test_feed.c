/* The mapping language by cases: tests/data/feed/NAME.txt hold feeds, records, and what they become. A case:
 *
 *     ==== what it shows
 *     ---- feed            the whole feed; or
 *     ---- fields          only the fields of an emit into contract `plain`, from JSON lines
 *     ---- seller          optional: the seller of the source
 *     ---- input
 *     ---- expect          the text of `entrepot feed test`; for a feed that does not load its findings, line:column code: text
 *
 * EP_BLESS=1 writes what came out into the files: read the difference before you keep it. */
#include "feed_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <glob.h>

typedef struct feed_case {
    ep_str name, feed, fields, seller, input, expect;
} feed_case;

static ep_contracts *contracts;
static char lists_folder[512];

static int setup(void **state) {
    (void)state;
    ep_error err = {0};
    test_path(FEED_DATA "lists", lists_folder);
    contracts = test_contracts(&err);
    return contracts ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    ep_contracts_free(&contracts);
    return 0;
}

/* Up to the line that begins with the mark, which is left in *rest. */
static ep_str section(ep_str *rest, const char *mark) {
    ep_str found = *rest;
    size_t at = 0, len = strlen(mark);
    while (at < rest->len && !(rest->len - at >= len && !memcmp(rest->ptr + at, mark, len))) {
        const char *end = memchr(rest->ptr + at, '\n', rest->len - at);
        at = end ? (size_t)(end - rest->ptr) + 1 : rest->len;
    }
    found.len = at;
    *rest = (ep_str){rest->ptr + at, rest->len - at};
    return found;
}

static ep_str first_line(ep_str *rest) {
    const char *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
    ep_str line = {rest->ptr, len};
    len += end != NULL;
    *rest = (ep_str){rest->ptr + len, rest->len - len};
    return line;
}

static bool next_case(ep_str *rest, feed_case *ret) {
    *ret = (feed_case){0};
    section(rest, "==== ");
    if (rest->len == 0)
        return false;
    ret->name = first_line(rest);
    ep_str body = section(rest, "==== ");
    while (section(&body, "---- "), body.len > 0) {
        ep_str mark = first_line(&body), *into = ep_str_is(mark, "---- feed")     ? &ret->feed
                                                 : ep_str_is(mark, "---- fields") ? &ret->fields
                                                 : ep_str_is(mark, "---- seller") ? &ret->seller
                                                 : ep_str_is(mark, "---- input")  ? &ret->input
                                                 : ep_str_is(mark, "---- expect") ? &ret->expect
                                                                                  : NULL;
        if (!into)
            fail_msg("unknown section in %.*s: %.*s", EP_STR_ARGS(ret->name), EP_STR_ARGS(mark));
        *into = section(&body, "---- ");
    }
    return true;
}

static void feed_text(const feed_case *c, ep_buf *out) {
    if (c->feed.ptr) {
        ep_buf_put_str(out, c->feed);
        return;
    }
    ep_buf_puts(out, "feed: t\ndecode: {format: jsonl}\nemit:\n  - contract: plain\n    fields:\n");
    for (ep_str rest = c->fields; rest.len > 0;) {
        ep_str line = first_line(&rest);
        ep_buf_printf(out, "      %.*s\n", EP_STR_ARGS(line));
    }
}

static void run_case(const feed_case *c, ep_buf *out) {
    ep_error err = {0};
    ep_lints lints = {0};
    ep_feed *feed = NULL;
    ep_buf text = {0};
    feed_text(c, &text);
    ep_code code = ep_feed_load_text("t.yaml", (ep_str){text.data, text.len}, contracts, lists_folder, &feed,
                                     &lints, &err);
    if (code == EP_OK) {
        char seller[64];
        ep_str name = ep_str_trim(c->seller);
        snprintf(seller, sizeof seller, "%.*s", EP_STR_ARGS(name));
        code = test_run(feed, c->input, seller, out, &err);
        assert_int_equal(code, EP_OK);
    } else {
        assert_int_equal(code, EP_E_CONFIG);
        for (size_t i = 0; i < lints.n; i++) {
            const char *name = strrchr(lints.items[i].file, '/');
            if (name)
                ep_buf_printf(out, "%s ", name + 1);
            ep_buf_printf(out, "%d:%d %s: %s\n", lints.items[i].line, lints.items[i].column,
                          lints.items[i].code, lints.items[i].text);
        }
    }
    assert_false(out->failed);
    ep_feed_free(&feed);
    ep_lints_done(&lints);
    ep_buf_done(&text);
}

static void put_section(ep_buf *out, const char *name, ep_str text) {
    if (text.ptr)
        ep_buf_printf(out, "---- %s\n%.*s", name, EP_STR_ARGS(text));
}

static void bless(ep_buf *file, const feed_case *c, const ep_buf *actual) {
    ep_buf_printf(file, "%.*s\n", EP_STR_ARGS(c->name));
    put_section(file, "feed", c->feed);
    put_section(file, "fields", c->fields);
    put_section(file, "seller", c->seller);
    put_section(file, "input", c->input);
    put_section(file, "expect", (ep_str){actual->data ? actual->data : "", actual->len});
    ep_buf_putc(file, '\n');
}

static size_t run_file(const char *path, size_t *n_wrong) {
    ep_error err = {0};
    ep_buf text = {0}, blessed = {0};
    size_t n = 0;
    assert_int_equal(ep_read_file(path, 1 << 22, &text, &err), EP_OK);
    ep_str rest = {text.data, text.len};
    ep_str head = section(&rest, "==== ");
    ep_buf_put_str(&blessed, head);
    for (feed_case c; next_case(&rest, &c); n++) {
        ep_buf actual = {0};
        run_case(&c, &actual);
        ep_str got = {actual.data ? actual.data : "", actual.len};
        bless(&blessed, &c, &actual);
        if (!ep_str_eq(ep_str_trim(got), ep_str_trim(c.expect))) {
            ++*n_wrong;
            printf("# %s: %.*s\n# expected:\n%.*s# got:\n%.*s", path, EP_STR_ARGS(c.name),
                   EP_STR_ARGS(c.expect), EP_STR_ARGS(got));
        }
        ep_buf_done(&actual);
    }
    if (getenv("EP_BLESS"))
        assert_int_equal(ep_write_file(path, blessed.data, blessed.len, 0644, &err), EP_OK);
    ep_buf_done(&text);
    ep_buf_done(&blessed);
    return n;
}

static void test_cases(void **state) {
    (void)state;
    char pattern[512];
    glob_t files;
    size_t n = 0, n_wrong = 0;
    assert_int_equal(glob(test_path(FEED_DATA "*.txt", pattern), 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        n += run_file(files.gl_pathv[i], &n_wrong);
    printf("# %zu cases in %zu files\n", n, (size_t)files.gl_pathc);
    globfree(&files);
    assert_true(n >= 80);
    assert_int_equal(n_wrong, 0);
}

/* Every key of the reference is used by some case: a key that nobody tries is a key that may not work. */
static void test_cases_use_every_key(void **state) {
    (void)state;
    char pattern[512];
    glob_t files;
    ep_error err = {0};
    ep_buf all = {0};
    assert_int_equal(glob(test_path(FEED_DATA "*.txt", pattern), 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        ep_buf text = {0};
        assert_int_equal(ep_read_file(files.gl_pathv[i], 1 << 22, &text, &err), EP_OK);
        ep_buf_put_str(&all, (ep_str){text.data, text.len});
        ep_buf_done(&text);
    }
    globfree(&files);
    size_t n;
    const ep_feed_key_doc *docs = ep_feed_key_docs(&n);
    for (size_t i = 0; i < n; i++) {
        char key[64];
        snprintf(key, sizeof key, "%s:", docs[i].key);
        if (!memmem(all.data, all.len, key, strlen(key)))
            fail_msg("no case uses %s of section %s", docs[i].key, docs[i].section);
        assert_true(strlen(docs[i].text) > 5);
        assert_true(strlen(docs[i].type) > 0);
    }
    ep_buf_done(&all);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases),
                                       cmocka_unit_test(test_cases_use_every_key)};
    return cmocka_run_group_tests(tests, setup, teardown);
}

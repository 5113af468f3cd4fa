/* The corpora of the fuzz targets of feeds, replayed. */
#include "feed/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <glob.h>

typedef int fuzz_target(const uint8_t *data, size_t size);
fuzz_target fuzz_feed, fuzz_feed_yaml;

#define LLVMFuzzerTestOneInput fuzz_feed
#include "../fuzz/fuzz_feed.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_feed_yaml
#include "../fuzz/fuzz_feed_yaml.c"
#undef LLVMFuzzerTestOneInput

static void replay(const char *folder, fuzz_target *target) {
    char pattern[512];
    glob_t files;
    const char *root = getenv("EP_ROOT");
    snprintf(pattern, sizeof pattern, "%s/tests/fuzz/corpus/%s/*", root ? root : ".", folder);
    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    assert_true(files.gl_pathc >= 5);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        ep_buf text = {0};
        ep_error err = {0};
        assert_int_equal(ep_read_file(files.gl_pathv[i], 1 << 20, &text, &err), EP_OK);
        const uint8_t *data = (const uint8_t *)(text.data ? text.data : "");
        target(data, text.len);
        /* Cut short, and with a byte turned over: what a broken disk or a broken sender makes of it. */
        for (size_t n = 0; n < text.len; n += 1 + text.len / 16)
            target(data, n);
        for (size_t n = 0; n < text.len; n += 1 + text.len / 16) {
            text.data[n] ^= 0x10;
            target(data, text.len);
            text.data[n] ^= 0x10;
        }
        ep_buf_done(&text);
    }
    globfree(&files);
}

static void test_records(void **state) {
    (void)state;
    replay("feed", fuzz_feed);
}

static void test_feeds(void **state) {
    (void)state;
    replay("feed_yaml", fuzz_feed_yaml);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_records), cmocka_unit_test(test_feeds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

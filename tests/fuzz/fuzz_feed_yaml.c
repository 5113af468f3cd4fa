/* Any bytes as a feed file: findings with places inside the file, or a feed that runs. */
#include "feed_check.h"

static const char records[] =
    "{\"a\": 1, \"x\": \"text\", \"i\": [{\"s\": \"acme\", \"id\": 1}, null], \"at\": \"2026-01-01T00:00:00Z\"}\n"
    "[{\"a\": null}]\n"
    "a,b\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ep_lints lints = {0};
    ep_error err = {0};
    ep_feed *feed = NULL;
    ep_code code = ep_feed_load_text("fuzz.yaml", (ep_str){(const char *)data, size}, fuzz_contracts(), NULL,
                                     &feed, &lints, &err);
    FUZZ_CHECK(code == EP_OK || code == EP_E_CONFIG);
    FUZZ_CHECK((code == EP_OK) == (feed != NULL) && (code == EP_OK) == (lints.n_errors == 0));
    for (size_t i = 0; i < lints.n; i++)
        FUZZ_CHECK(lints.items[i].line >= 1 && lints.items[i].column >= 1);
    if (feed) {
        ep_buf out = {0};
        fuzz_run(feed, EP_STR(records), 1, &out);
        ep_buf_done(&out);
    }
    ep_feed_free(&feed);
    ep_lints_done(&lints);
    return 0;
}

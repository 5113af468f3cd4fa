/* Any bytes as a seller's query: a verdict, and no query that passes holds a statement, word or name that never may. */
#include "access/gate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_CHECK(condition)                            \
    do {                                                 \
        if (!(condition)) {                              \
            fprintf(stderr, "broken: %s\n", #condition); \
            abort();                                     \
        }                                                \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ep_error err = {0};
    ep_code code = ep_gate_check((ep_str){(const char *)data, size}, &err);
    FUZZ_CHECK(code == EP_OK || code == EP_E_PERMISSION || code == EP_E_ARG || code == EP_E_LIMIT);
    FUZZ_CHECK(code == EP_OK || err.text[0]);
    FUZZ_CHECK(code != EP_OK || (size <= EP_GATE_MAX_BYTES && !memchr(data, 0, size)));
    /* The verdict does not change when the same text is asked again behind a comment. */
    if (code == EP_OK) {
        ep_buf again = {0};
        ep_buf_puts(&again, "/* ; */ ");
        ep_buf_add(&again, data, size);
        FUZZ_CHECK(again.len > EP_GATE_MAX_BYTES ||
                   ep_gate_check((ep_str){again.data, again.len}, &err) == EP_OK);
        ep_buf_done(&again);
    }
    return 0;
}

/* The first byte chooses format, encoding and size of the blocks; the rest is the source. */
#include "decode_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    ep_decode_options options = {
        .format = data[0] & 1 ? EP_FMT_JSONL : EP_FMT_JSON,
        .encoding = (ep_encoding)((data[0] >> 1 & 7) % 5),
    };
    fuzz_compare(&options, (ep_str){(const char *)data + 1, size - 1}, 1 + (data[0] >> 4));
    return 0;
}

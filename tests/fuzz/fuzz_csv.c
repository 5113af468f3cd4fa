/* The first two bytes choose options, encoding and size of the blocks; the rest is the source. */
#include "decode_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *columns[] = {"a", "b", "c"};
    static const char delimiters[] = {0, ',', ';', '\t'};
    static const char quotes[] = {0, '"', '\'', (char)-1};
    if (size < 2)
        return 0;
    ep_decode_options options = {
        .format = EP_FMT_CSV,
        .delimiter = delimiters[data[0] & 3],
        .quote = quotes[data[0] >> 2 & 3],
        .has_header = data[0] >> 4 & 1,
        .empty_is_text = data[0] >> 5 & 1,
        .trim = data[0] >> 6 & 1,
        .backslash = data[0] >> 7 & 1,
        .encoding = (ep_encoding)((data[1] & 7) % 5),
    };
    if (!options.has_header) {
        options.columns = columns;
        options.n_columns = 3;
    }
    fuzz_compare(&options, (ep_str){(const char *)data + 2, size - 2}, 1 + (data[1] >> 3));
    return 0;
}

#include "decode/json_plain.h"

bool ep_json_index_plain(ep_str text, uint32_t **at, size_t *capacity, size_t *ret_n) {
    bool in_text = false, in_scalar = false;
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (in_text) {
            i += c == '\\';
            in_text = c != '"';
            continue;
        }
        bool is_operator = c == '{' || c == '}' || c == '[' || c == ']' || c == ':' || c == ',';
        if (!ep_json_is_blank(c) && (is_operator || !in_scalar)) {
            if (ep_grow((void **)at, capacity, n + 2, sizeof(**at), NULL) != EP_OK)
                return false;
            (*at)[n++] = (uint32_t)i;
        }
        in_text = c == '"';
        in_scalar = !in_text && !is_operator && !ep_json_is_blank(c);
    }
    if (ep_grow((void **)at, capacity, n + 1, sizeof(**at), NULL) != EP_OK)
        return false;
    (*at)[n] = (uint32_t)text.len;
    *ret_n = n;
    return true;
}

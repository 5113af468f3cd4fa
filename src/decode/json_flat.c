#include "decode/json_flat.h"

#include <string.h>

/* A member is four tokens: name, colon, value and what follows. */
enum { MEMBER_TOKENS = 4 };

static inline bool is_digit(char c) {
    return (unsigned char)(c - '0') < 10;
}

/* RFC 8259, section 6, without an exponent. */
static inline bool is_plain_number(const char *at, const char *end) {
    at += *at == '-';
    const char *first = at;
    while (at < end && is_digit(*at))
        at++;
    if (at == first || (*first == '0' && at - first > 1))
        return false;
    if (at == end)
        return true;
    if (*at++ != '.')
        return false;
    first = at;
    while (at < end && is_digit(*at))
        at++;
    return at == end && at > first;
}

static inline bool is_word(const char *at, size_t len, const char *word, size_t word_len) {
    return len == word_len && memcmp(at, word, word_len) == 0;
}

/* The value in [at, end), which is not empty. */
static inline bool read_value(const char *at, const char *end, ep_node *node) {
    size_t len = (size_t)(end - at);
    node->text = at;
    node->text_len = (uint32_t)len;
    switch (*at) {
    case '"':
        node->kind = EP_N_TEXT;
        node->text = at + 1;
        node->text_len = (uint32_t)len - 2;
        return len >= 2 && end[-1] == '"';
    case 't': node->kind = EP_N_BOOL; return is_word(at, len, "true", 4);
    case 'f': node->kind = EP_N_BOOL; return is_word(at, len, "false", 5);
    case 'n':
        node->kind = EP_N_NULL;
        node->text_len = 0;
        return is_word(at, len, "null", 4);
    default: node->kind = EP_N_NUMBER; return is_plain_number(at, end);
    }
}

/* `"name":` at the first of the member's tokens. */
static inline bool has_name(const char *text, const uint32_t *token, const char *name, uint32_t len) {
    const char *at = text + token[0];
    return token[1] - token[0] == len + 2 && at[0] == '"' && at[len + 1] == '"' && at[len + 2] == ':' &&
           ep_bytes_eq(at + 1, name, len);
}

bool ep_json_flat_read(const ep_json_flat *flat, const char *text, const uint32_t *index, size_t n_index,
                       ep_node *nodes) {
    uint32_t n = flat->n;
    if (flat->layout == 0 || n_index != (size_t)n * MEMBER_TOKENS + 1 || text[index[0]] != '{')
        return false;
    const uint32_t *token = index + 1;
    for (uint32_t i = 0; i < n; i++, token += MEMBER_TOKENS) {
        ep_node *node = &nodes[i + 1];
        if (!has_name(text, token, flat->name[i], flat->len[i]) ||
            text[token[3]] != (i + 1 < n ? ',' : '}') || !read_value(text + token[2], text + token[3], node))
            return false;
        node->key = text + token[0] + 1;
        node->key_len = flat->len[i];
        node->end = i + 2;
        node->n_children = 0;
    }
    nodes[0] = (ep_node){.text = text + index[0],
                         .text_len = index[n_index - 1] + 1 - index[0],
                         .end = n + 1,
                         .n_children = n,
                         .kind = EP_N_OBJECT};
    return true;
}

static bool is_same(const ep_json_flat *flat, const ep_doc *doc) {
    bool same = flat->layout != 0 && flat->n == doc->nodes[0].n_children;
    for (uint32_t i = 0; same && i < flat->n; i++)
        same = doc->nodes[i + 1].key_len == flat->len[i] &&
               memcmp(doc->nodes[i + 1].key, flat->name[i], flat->len[i]) == 0;
    return same;
}

static bool is_flat(const ep_doc *doc) {
    const ep_node *root = &doc->nodes[0];
    return root->kind == EP_N_OBJECT && root->n_children > 0 && root->n_children <= EP_FLAT_NAMES &&
           root->end == root->n_children + 1;
}

void ep_json_flat_learn(ep_json_flat *flat, const ep_doc *doc) {
    if (!is_flat(doc)) {
        flat->layout = 0;
        return;
    }
    /* The same names, in a record that was not plain otherwise. */
    if (is_same(flat, doc))
        return;
    size_t used = 0;
    flat->layout = 0;
    flat->n = doc->nodes[0].n_children;
    for (uint32_t i = 0; i < flat->n; i++) {
        const ep_node *node = &doc->nodes[i + 1];
        if (node->kind == EP_N_ARRAY || node->kind == EP_N_OBJECT ||
            node->key_len > EP_FLAT_NAME_BYTES - used)
            return;
        memcpy(flat->bytes + used, node->key, node->key_len);
        flat->name[i] = flat->bytes + used;
        flat->len[i] = node->key_len;
        used += node->key_len;
    }
    flat->layout = ep_layout_new();
}

#include "generate/edit.h"

#include <string.h>

/* The end of the value that begins at `at`. */
static size_t value_end(const ep_buf *text, size_t at) {
    int depth = 0;
    bool in_text = false;
    for (; at < text->len; at++) {
        char c = text->data[at];
        if (in_text) {
            if (c == '\\')
                at++;
            else if (c == '"')
                in_text = false;
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
            return at;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return at;
}

bool ep_edit_find(const ep_buf *text, struct ep_span object, const char *name, size_t *ret_name,
                  struct ep_span *ret_value) {
    size_t len = strlen(name), at = object.start + 1;
    while (at < object.end && text->data[at] == '"') {
        const char *found = text->data + at + 1;
        size_t found_len = (size_t)(strchr(found, '"') - found);
        struct ep_span value = {.start = at + found_len + 4};
        value.end = value_end(text, value.start);
        if (found_len == len && memcmp(found, name, len) == 0) {
            *ret_name = at;
            *ret_value = value;
            return true;
        }
        at = value.end + 2;
    }
    return false;
}

bool ep_edit_item(const ep_buf *text, struct ep_span list, size_t n, struct ep_span *ret) {
    size_t at = list.start + 1;
    while (at < list.end && text->data[at] != ']') {
        size_t end = value_end(text, at);
        if (n-- == 0) {
            *ret = (struct ep_span){at, end};
            return true;
        }
        at = end + 2;
    }
    return false;
}

void ep_edit_replace(ep_buf *text, struct ep_span span, const char *value) {
    size_t rest = text->len - span.end, value_len = strlen(value);
    EP_CLEANUP(ep_buf_done) ep_buf tail = {0};
    ep_buf_add(&tail, text->data + span.end, rest);
    if (tail.failed) {
        text->failed = true;
        return;
    }
    text->len = span.start;
    ep_buf_add(text, value, value_len);
    ep_buf_add(text, tail.data, rest);
}

void ep_edit_set(ep_buf *text, struct ep_span object, const char *name, const char *value) {
    size_t at;
    struct ep_span found;
    if (ep_edit_find(text, object, name, &at, &found)) {
        ep_edit_replace(text, found, value);
        return;
    }
    char member[512];
    size_t n = strlen(name), m = strlen(value);
    if (n + m + 8 > sizeof member)
        return;
    memcpy(member, ", \"", 3);
    memcpy(member + 3, name, n);
    memcpy(member + 3 + n, "\": ", 3);
    memcpy(member + 6 + n, value, m + 1);
    ep_edit_replace(text, (struct ep_span){object.end - 1, object.end - 1}, member);
}

bool ep_edit_drop(ep_buf *text, struct ep_span object, const char *name) {
    size_t at;
    struct ep_span value;
    if (!ep_edit_find(text, object, name, &at, &value))
        return false;
    if (text->data[value.end] == ',')
        ep_edit_replace(text, (struct ep_span){at, value.end + 2}, "");
    else if (at > object.start + 1)
        ep_edit_replace(text, (struct ep_span){at - 2, value.end}, "");
    else
        ep_edit_replace(text, (struct ep_span){at, value.end}, "");
    return true;
}

#include "feed/path.h"

#include <string.h>

typedef struct reader {
    ep_str text;
    size_t at;
    ep_arena *arena;
    uint32_t *n_hints;
    ep_step steps[EP_MAX_PATH_STEPS];
    uint32_t n_steps;
    bool star; /* the last segment was [*] */
    const char *wrong;
    bool no_memory;
} reader;

static int peek(const reader *r) {
    return r->at < r->text.len ? (unsigned char)r->text.ptr[r->at] : -1;
}

static void wrong(reader *r, const char *text) {
    if (!r->wrong)
        r->wrong = text;
}

static ep_step *new_step(reader *r) {
    if (r->n_steps == EP_MAX_PATH_STEPS) {
        wrong(r, "has more than 32 steps");
        return NULL;
    }
    ep_step *step = &r->steps[r->n_steps++];
    *step = (ep_step){0};
    return step;
}

static void add_member(reader *r, const char *name, size_t len) {
    ep_step *step = new_step(r);
    if (!step)
        return;
    step->name = ep_arena_strndup(r->arena, name, len);
    if (!step->name) {
        r->no_memory = true;
        wrong(r, "");
        return;
    }
    step->name_len = (uint32_t)len;
    step->hint = (*r->n_hints)++;
}

/* A name without quotes: up to the next '.' or '['. Blanks inside are allowed, CSV headers have them. */
static void read_name(reader *r) {
    size_t from = r->at;
    for (int c; (c = peek(r)) != -1 && c != '.' && c != '['; r->at++)
        if (c < 0x20 || strchr("'\"]*?^$(){}", c)) {
            wrong(r, c == '*' ? "may hold a star only as [*] in `each`"
                              : "holds a character that a name needs quotes for: write ['name']");
            return;
        }
    const char *name = r->text.ptr + from;
    size_t len = r->at - from;
    if (len == 0)
        wrong(r, "has a step without a name");
    else if (name[0] == ' ' || name[len - 1] == ' ')
        wrong(r, "has a blank at the end of a name: write ['name ']");
    else
        add_member(r, name, len);
}

static bool read_hex4(reader *r, uint32_t *ret) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int c = peek(r);
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return false;
        value = value * 16 + (uint32_t)digit;
    }
    *ret = value;
    return true;
}

/* The part of an escape behind its backslash (RFC 9535, 2.3.1.2). */
static bool read_escape(reader *r, ep_buf *out) {
    static const char from[] = "bfnrt/\\'\"", to[] = "\b\f\n\r\t/\\'\"";
    int c = peek(r);
    r->at++;
    if (c == 'u') {
        uint32_t point, low;
        char utf8[4];
        if (!read_hex4(r, &point) || point == 0)
            return false;
        if (point >= 0xD800 && point < 0xDC00) {
            if (peek(r) != '\\' || r->at + 1 >= r->text.len || r->text.ptr[r->at + 1] != 'u')
                return false;
            r->at += 2;
            if (!read_hex4(r, &low) || low < 0xDC00 || low > 0xDFFF)
                return false;
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        } else if (point >= 0xDC00 && point <= 0xDFFF) {
            return false;
        }
        ep_buf_add(out, utf8, ep_utf8_put(point, utf8));
        return true;
    }
    const char *found = c > 0 ? strchr(from, c) : NULL;
    if (!found)
        return false;
    ep_buf_putc(out, to[found - from]);
    return true;
}

static void read_quoted(reader *r, int quote) {
    EP_CLEANUP(ep_buf_done) ep_buf name = {0};
    for (int c; (c = peek(r)) != quote; r->at++) {
        if (c == -1) {
            wrong(r, "has a quote that does not end");
            return;
        }
        if (c != '\\') {
            ep_buf_putc(&name, (char)c);
            continue;
        }
        r->at++;
        if (!read_escape(r, &name)) {
            wrong(r, "has an escape that is not one of \\' \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
            return;
        }
        r->at--;
    }
    r->at++;
    if (name.failed) {
        r->no_memory = true;
        wrong(r, "");
        return;
    }
    add_member(r, name.data ? name.data : "", name.len);
}

static void read_index(reader *r) {
    bool negative = peek(r) == '-';
    r->at += negative;
    size_t from = r->at;
    int32_t value = 0;
    for (int c; (c = peek(r)) >= '0' && c <= '9'; r->at++) {
        if (value > 99999999) {
            wrong(r, "has an index beyond 99999999");
            return;
        }
        value = value * 10 + (c - '0');
    }
    size_t len = r->at - from;
    if (len == 0 || (len > 1 && r->text.ptr[from] == '0') || (negative && value == 0)) {
        wrong(r, "has brackets that hold neither a whole number, a quoted name nor *");
        return;
    }
    ep_step *step = new_step(r);
    if (step)
        step->index = negative ? -value : value;
}

/* '[' was read. */
static void read_bracket(reader *r) {
    int c = peek(r);
    if (c == '*') {
        r->at++;
        r->star = true;
    } else if (c == '\'' || c == '"') {
        r->at++;
        read_quoted(r, c);
    } else {
        read_index(r);
    }
    if (r->wrong)
        return;
    if (peek(r) != ']')
        wrong(r, "has brackets that are not closed after one name, number or star");
    r->at++;
}

static void read_segment(reader *r, bool first) {
    r->star = false;
    int c = peek(r);
    if (c == '[') {
        r->at++;
        read_bracket(r);
    } else if (c == '.' || first) {
        r->at += c == '.';
        if (peek(r) == '.')
            wrong(r, "holds '..', which could find many values: name each step");
        else
            read_name(r);
    } else {
        wrong(r, "needs a '.' or '[' here");
    }
}

/* `$.`, `^.^.`: leaves `at` at the first segment. */
static void read_prefix(reader *r, ep_path *ret) {
    if (peek(r) == '$') {
        r->at++;
        ret->from_root = true;
        return;
    }
    while (peek(r) == '^') {
        ret->n_up++;
        r->at++;
        bool more = r->at + 1 < r->text.len && r->text.ptr[r->at] == '.' && r->text.ptr[r->at + 1] == '^';
        r->at += more;
        if (!more && peek(r) == '^')
            wrong(r, "needs a '.' between two ^");
        if (!more)
            break;
    }
    if (ret->n_up >= EP_MAX_SCOPES)
        wrong(r, "leaves more scopes than there can be");
}

/* Moves the steps read so far into a path. */
static void finish(reader *r, const char *text, ep_path *ret) {
    ret->text = text;
    ret->n_steps = r->n_steps;
    ret->steps = ep_arena_calloc(r->arena, r->n_steps ? r->n_steps : 1, sizeof(*ret->steps));
    if (!ret->steps) {
        r->no_memory = true;
        return;
    }
    if (r->n_steps)
        memcpy(ret->steps, r->steps, r->n_steps * sizeof(*ret->steps));
    r->n_steps = 0;
}

static ep_code done(const reader *r, const char **ret_wrong, ep_error *err) {
    if (r->no_memory)
        return ep_fail(err, EP_E_NOMEM, "out of memory compiling a path");
    *ret_wrong = r->wrong;
    return EP_OK;
}

ep_code ep_path_compile(ep_str text, ep_arena *arena, uint32_t *n_hints, ep_path *ret, const char **ret_wrong,
                        ep_error *err) {
    reader r = {.text = text, .arena = arena, .n_hints = n_hints};
    *ret = (ep_path){0};
    const char *copy = ep_arena_strndup(arena, text.ptr, text.len);
    if (!copy)
        return ep_fail(err, EP_E_NOMEM, "out of memory compiling a path");
    if (text.len == 0)
        wrong(&r, "is empty");
    read_prefix(&r, ret);
    bool first = !ret->from_root && ret->n_up == 0;
    for (; !r.wrong && r.at < text.len; first = false) {
        read_segment(&r, first);
        if (r.star)
            wrong(&r, "may hold [*] only in `each`");
    }
    if (!r.wrong)
        finish(&r, copy, ret);
    return done(&r, ret_wrong, err);
}

ep_code ep_each_compile(ep_str text, ep_arena *arena, uint32_t *n_hints, ep_each *ret, const char **ret_wrong,
                        ep_error *err) {
    reader r = {.text = text, .arena = arena, .n_hints = n_hints};
    *ret = (ep_each){0};
    ret->text = ep_arena_strndup(arena, text.ptr, text.len);
    if (!ret->text)
        return ep_fail(err, EP_E_NOMEM, "out of memory compiling a path");
    if (text.len == 0)
        wrong(&r, "is empty");
    ep_path prefix = {0};
    read_prefix(&r, &prefix);
    if (prefix.n_up)
        wrong(&r, "may not begin with ^");
    for (bool first = !prefix.from_root; !r.wrong && r.at < text.len; first = false) {
        if (ret->is_list && ret->n_levels == EP_MAX_SCOPES - 1) {
            wrong(&r, "has more than 7 stars");
            break;
        }
        read_segment(&r, first);
        if (r.wrong || !r.star)
            continue;
        ret->is_list = true;
        finish(&r, ret->text, &ret->levels[ret->n_levels++]);
    }
    if (!r.wrong && ret->is_list && r.n_steps > 0)
        wrong(&r, "must end in [*]");
    if (!r.wrong && !ret->is_list)
        finish(&r, ret->text, &ret->levels[ret->n_levels++]);
    return done(&r, ret_wrong, err);
}

/* Not where it was last time. */
uint32_t ep_step_search(const ep_step *step, const ep_doc *doc, uint32_t object, uint32_t *hints) {
    const ep_node *nodes = doc->nodes, *node = &nodes[object];
    uint32_t ordinal = 0;
    if (node->kind != EP_N_OBJECT)
        return EP_NO_NODE;
    for (uint32_t child = object + 1; child < node->end; child = nodes[child].end, ordinal++)
        if (ep_step_names(step, &nodes[child])) {
            if (hints)
                hints[step->hint] = ordinal;
            return child;
        }
    return EP_NO_NODE;
}

static uint32_t find_item(const ep_doc *doc, uint32_t array, int32_t index) {
    const ep_node *node = &doc->nodes[array];
    if (node->kind != EP_N_ARRAY)
        return EP_NO_NODE;
    int64_t at = index < 0 ? (int64_t)node->n_children + index : index;
    if (at < 0 || at >= node->n_children)
        return EP_NO_NODE;
    if (node->end == array + 1 + node->n_children)
        return array + 1 + (uint32_t)at;
    uint32_t child = array + 1;
    for (; at > 0; at--)
        child = doc->nodes[child].end;
    return child;
}

uint32_t ep_path_walk_far(const ep_path *path, const ep_doc *doc, uint32_t from, uint32_t *hints) {
    for (uint32_t i = 0; i < path->n_steps && from != EP_NO_NODE; i++) {
        const ep_step *step = &path->steps[i];
        from = step->name ? ep_step_member(step, doc, from, hints) : find_item(doc, from, step->index);
    }
    return from;
}

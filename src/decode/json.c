#include "decode/json.h"

#include "decode/encoding.h"
#include "decode/json_escape.h"
#include "decode/json_flat.h"
#include "decode/json_names.h"
#include "decode/json_plain.h"
#include "decode/json_simd.h"

#include <string.h>

/* Objects up to this many members are checked for equal names one by one, larger ones through a hash table.
 */
#define SMALL_OBJECT 32

struct ep_json {
    ep_json_simd *simd;
    ep_json_flat flat;
    uint32_t *plain; /* index of texts that simd refuses */
    size_t plain_capacity;
    ep_json_names names;
};

#define NAME_WORDS 4

struct frame {
    uint64_t names[NAME_WORDS]; /* one bit a hashed name: an unset bit proves that a name is new */
    uint32_t node;
    bool is_object;
};

/* One pass over the tokens of a text: what the common path does not change. */
struct walk {
    ep_json *json;
    const char *text;
    size_t len;
    const uint32_t *index; /* n_index offsets and len */
    size_t n_index;
    bool is_plain; /* nothing was checked by simd */
    ep_node *nodes;
    uint32_t depth;
    struct frame stack[EP_MAX_DEPTH + 1];
    ep_arena *arena;
    ep_flaw *flaw;
};

/* What it changes at every token; its address stays inside walk_tokens, so that it lives in registers. */
struct cursor {
    const char *text;
    const uint32_t *token, *end;
    ep_node *nodes;
    uint32_t n_nodes;
    bool is_simple; /* texts are known to be good and free of escapes */
};

static inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Whatever is wrong at the very end is a text cut off there. */
static bool wrong(const struct walk *w, size_t at, const char *what) {
    return ep_flaw_set(w->flaw, at >= w->len ? EP_R_TRUNCATED : EP_R_SYNTAX, at, what);
}

/* End of a token: only blanks lie between it and the next one. */
static inline size_t token_end(const char *text, size_t next) {
    while (ep_json_is_blank(text[next - 1]))
        next--;
    return next;
}

static size_t skip_digits(const struct walk *w, size_t at, size_t end) {
    while (at < end && is_digit(w->text[at]))
        at++;
    return at;
}

/* RFC 8259, section 6. */
static bool check_number(const struct walk *w, size_t at, size_t end) {
    const char *text = w->text;
    at += text[at] == '-';
    size_t digits = at;
    at = skip_digits(w, at, end);
    if (at == digits)
        return wrong(w, at, "expected a digit");
    if (text[digits] == '0' && at - digits > 1)
        return wrong(w, digits, "a number has no leading zeros");
    if (at < end && text[at] == '.') {
        digits = ++at;
        at = skip_digits(w, at, end);
        if (at == digits)
            return wrong(w, at, "expected a digit after the decimal point");
    }
    if (at < end && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < end && (text[at] == '+' || text[at] == '-');
        digits = at;
        at = skip_digits(w, at, end);
        if (at == digits)
            return wrong(w, at, "expected a digit in the exponent");
    }
    return at == end || wrong(w, at, "the number goes on with something else");
}

static bool check_literal(const struct walk *w, size_t at, size_t end, const char *literal) {
    size_t len = strlen(literal), n = 0;
    while (n < len && at + n < end && w->text[at + n] == literal[n])
        n++;
    if (n == len && at + n == end)
        return true;
    return wrong(w, at + n >= w->len ? w->len : at, "expected true, false or null");
}

/* The closing quote of a text that nobody has checked. */
static bool find_close(const struct walk *w, size_t at, size_t *ret) {
    for (size_t i = at + 1; i < w->len; i++) {
        if (w->text[i] == '"') {
            *ret = i;
            return true;
        }
        if ((unsigned char)w->text[i] < 0x20)
            return wrong(w, i, "a control character in a text must be escaped");
        if (w->text[i] == '\\')
            i++;
    }
    return ep_flaw_set(w->flaw, EP_R_TRUNCATED, at, "this text is not closed");
}

/* A text that may have escapes, or flaws; `next` is where the next token begins. */
static bool take_any_text(struct walk *w, size_t at, size_t next, const char **ret, uint32_t *ret_len) {
    size_t close = 0;
    if (w->is_plain) {
        if (!find_close(w, at, &close))
            return false;
    } else {
        close = token_end(w->text, next) - 1;
        if (close <= at || w->text[close] != '"')
            return wrong(w, at, "this text is not closed");
    }
    size_t len = close - at - 1;
    if (memchr(w->text + at + 1, '\\', len))
        return ep_json_unescape(w->text, at + 1, close, w->arena, w->flaw, ret, ret_len);
    *ret = w->text + at + 1;
    *ret_len = (uint32_t)len;
    return true;
}

/* The text whose opening quote at `at` was just passed. */
static inline bool take_text(struct walk *w, const struct cursor *c, size_t at, const char **ret,
                             uint32_t *ret_len) {
    size_t next = *c->token;
    if (c->is_simple && c->text[next - 1] == '"' && next - 1 > at) {
        *ret = c->text + at + 1;
        *ret_len = (uint32_t)(next - at - 2);
        return true;
    }
    const char *text = NULL;
    uint32_t len = 0;
    bool ok = take_any_text(w, at, next, &text, &len);
    *ret = text;
    *ret_len = len;
    return ok;
}

static inline uint32_t name_hash(const char *name, uint32_t len) {
    if (len == 0)
        return 0;
    uint32_t mix = (unsigned char)name[0] * 3u + (unsigned char)name[len / 2] * 17u +
                   (unsigned char)name[len - 1] * 71u + len * 29u;
    return mix * 0x9E3779B1u >> 24;
}

static bool twice(const struct walk *w, const ep_node *member) {
    bool is_view = member->key >= w->text && member->key < w->text + w->len;
    return ep_flaw_set(w->flaw, EP_R_DUPLICATE_KEY, is_view ? (size_t)(member->key - w->text) : SIZE_MAX,
                       "a member name comes twice in one object");
}

/* Node `n` has the name of none of the members before it. */
static bool check_siblings(const struct walk *w, const struct frame *frame, uint32_t n) {
    const ep_node *member = &w->nodes[n];
    for (uint32_t i = frame->node + 1; i < n; i = w->nodes[i].end) {
        if (ep_json_same_name(&w->nodes[i], member))
            return twice(w, member);
    }
    return true;
}

static inline bool check_name(const struct walk *w, struct frame *frame, const struct cursor *c) {
    const ep_node *member = &c->nodes[c->n_nodes];
    if (c->nodes[frame->node].n_children >= SMALL_OBJECT)
        return true; /* check_names sees it */
    uint32_t hash = name_hash(member->key, member->key_len);
    uint64_t bit = UINT64_C(1) << (hash & 63), *word = &frame->names[hash >> 6];
    if (*word & bit)
        return check_siblings(w, frame, c->n_nodes);
    *word |= bit;
    return true;
}

/* All names of a large object, which ends before node `end`, differ. */
static bool check_names(struct walk *w, const ep_node *object, uint32_t end) {
    const ep_node *member;
    uint32_t first = (uint32_t)(object - w->nodes) + 1;
    if (!ep_json_names_find_twice(&w->json->names, w->nodes, first, end, object->n_children, &member))
        return ep_flaw_no_memory(w->flaw);
    return !member || twice(w, member);
}

/* Reads a name and its colon into the node at n_nodes. */
static inline bool take_name(struct walk *w, struct cursor *c) {
    size_t at = *c->token;
    if (c->token == c->end || c->text[at] != '"')
        return wrong(w, at, "expected a member name in double quotes");
    c->token++;
    ep_node *node = &c->nodes[c->n_nodes];
    if (!take_text(w, c, at, &node->key, &node->key_len) || !check_name(w, &w->stack[w->depth], c))
        return false;
    at = *c->token;
    if (c->token == c->end || c->text[at] != ':')
        return wrong(w, at, "expected ':' after the member name");
    c->token++;
    return true;
}

static inline bool open_container(struct walk *w, uint32_t n, size_t at, bool is_object) {
    if (w->depth == EP_MAX_DEPTH)
        return ep_flaw_set(w->flaw, EP_R_DEPTH, at, "nested deeper than a record may be");
    w->stack[++w->depth] = (struct frame){.node = n, .is_object = is_object};
    return true;
}

static inline bool close_container(struct walk *w, const struct cursor *c, size_t at) {
    ep_node *node = &c->nodes[w->stack[w->depth].node];
    if (node->kind == EP_N_OBJECT && node->n_children > SMALL_OBJECT && !check_names(w, node, c->n_nodes))
        return false;
    node->text_len = (uint32_t)(c->text + at + 1 - node->text);
    node->end = c->n_nodes;
    w->depth--;
    return true;
}

static inline bool take_scalar(const struct walk *w, const struct cursor *c, ep_node *node, size_t at) {
    size_t end = token_end(c->text, *c->token);
    node->text_len = (uint32_t)(end - at);
    switch (c->text[at]) {
    case 't': node->kind = EP_N_BOOL; return check_literal(w, at, end, "true");
    case 'f': node->kind = EP_N_BOOL; return check_literal(w, at, end, "false");
    case 'n':
        node->kind = EP_N_NULL;
        node->text_len = 0;
        return check_literal(w, at, end, "null");
    default: node->kind = EP_N_NUMBER; return check_number(w, at, end);
    }
}

static inline bool is_scalar_start(char c) {
    return is_digit(c) || c == '-' || c == 't' || c == 'f' || c == 'n';
}

/* Reads the value at the next token into the node at n_nodes; of a container only its opening (`*opened`). */
static inline bool take_value(struct walk *w, struct cursor *c, bool *opened) {
    size_t at = *c->token;
    if (c->token == c->end)
        return wrong(w, at, "expected a value");
    if (c->n_nodes == EP_MAX_NODES)
        return ep_flaw_set(w->flaw, EP_R_TOO_LARGE, at, "more values than a record may have");
    c->token++;
    uint32_t n = c->n_nodes++;
    ep_node *node = &c->nodes[n];
    if (!w->stack[w->depth].is_object) {
        node->key = NULL;
        node->key_len = 0;
    }
    node->n_children = 0;
    node->end = n + 1;
    node->text = c->text + at;
    char first = c->text[at];
    *opened = false;
    if (first == '"') {
        node->kind = EP_N_TEXT;
        return take_text(w, c, at, &node->text, &node->text_len);
    }
    if (is_scalar_start(first))
        return take_scalar(w, c, node, at);
    if (first != '{' && first != '[')
        return wrong(w, at, "expected a value");
    *opened = true;
    node->kind = first == '{' ? EP_N_OBJECT : EP_N_ARRAY;
    return open_container(w, n, at, first == '{');
}

/* After a value: closes what ends here. `*done` when the root is complete, else the next value follows. */
static inline bool after_value(struct walk *w, struct cursor *c, bool *done) {
    while (w->depth > 0) {
        const struct frame *frame = &w->stack[w->depth];
        c->nodes[frame->node].n_children++;
        size_t at = *c->token;
        char found = c->token < c->end ? c->text[at] : 0;
        if (found == ',') {
            c->token++;
            return !frame->is_object || take_name(w, c);
        }
        if (found != (frame->is_object ? '}' : ']'))
            return wrong(w, at, frame->is_object ? "expected ',' or '}'" : "expected ',' or ']'");
        c->token++;
        if (!close_container(w, c, at))
            return false;
    }
    *done = true;
    return c->token == c->end || wrong(w, *c->token, "expected nothing after the value");
}

/* After an opening bracket: `*is_empty` when it is closed at once (and then a value is complete). */
static inline bool after_opening(struct walk *w, struct cursor *c, bool *is_empty) {
    bool is_object = w->stack[w->depth].is_object;
    size_t at = *c->token;
    *is_empty = c->token < c->end && c->text[at] == (is_object ? '}' : ']');
    if (*is_empty) {
        c->token++;
        return close_container(w, c, at);
    }
    return !is_object || take_name(w, c);
}

static bool walk_tokens(struct walk *w, bool is_simple, uint32_t *ret_n) {
    struct cursor c = {w->text, w->index, w->index + w->n_index, w->nodes, 0, is_simple};
    for (bool done = false; !done;) {
        bool opened = false, is_complete = true;
        if (!take_value(w, &c, &opened))
            return false;
        if (opened && !after_opening(w, &c, &is_complete))
            return false;
        if (is_complete && !after_value(w, &c, &done))
            return false;
    }
    *ret_n = c.n_nodes;
    return true;
}

static bool walk_index(struct walk *w, const uint32_t *index, size_t n_index, ep_doc *doc) {
    /* One more: a name is read before its value is counted. */
    if (!ep_doc_reserve(doc, n_index < EP_MAX_NODES ? n_index + 1 : EP_MAX_NODES + 1))
        return ep_flaw_no_memory(w->flaw);
    w->nodes = doc->nodes;
    w->index = index;
    w->n_index = n_index;
    w->depth = 0;
    w->stack[0].is_object = false;
    bool is_simple = !w->is_plain && !memchr(w->text, '\\', w->len);
    if (is_simple && ep_json_flat_read(&w->json->flat, w->text, index, n_index, w->nodes)) {
        doc->n_nodes = w->nodes[0].end;
        doc->layout = w->json->flat.layout;
        return true;
    }
    bool ok = walk_tokens(w, is_simple, &doc->n_nodes);
    if (ok && is_simple)
        ep_json_flat_learn(&w->json->flat, doc);
    return ok;
}

/* Says what is wrong with a text that the first stage refused. */
static bool explain(struct walk *w, ep_doc *doc) {
    ep_str text = {w->text, w->len};
    bool is_cut;
    size_t at = ep_utf8_flaw(text, &is_cut);
    const char *nul = memchr(text.ptr, 0, text.len);
    if (nul && (size_t)(nul - text.ptr) < at)
        return ep_flaw_set(w->flaw, EP_R_TEXT_ENCODING, (size_t)(nul - text.ptr),
                           "a NUL byte cannot be stored in a text");
    if (at != SIZE_MAX && !is_cut)
        return ep_flaw_set(w->flaw, EP_R_TEXT_ENCODING, at, "not valid UTF-8");
    size_t n_index;
    if (!ep_json_index_plain(text, &w->json->plain, &w->json->plain_capacity, &n_index))
        return ep_flaw_no_memory(w->flaw);
    w->is_plain = true;
    if (!walk_index(w, w->json->plain, n_index, doc))
        return false;
    doc->n_nodes = 0;
    return ep_flaw_set(w->flaw, EP_R_TEXT_ENCODING, at, "not valid UTF-8");
}

bool ep_json_parse(ep_json *json, ep_str text, ep_doc *doc, ep_arena *arena, ep_flaw *flaw) {
    size_t mark = ep_str_starts(text, "\xEF\xBB\xBF") ? 3 : 0;
    struct walk w;
    w.json = json;
    w.text = text.len > 0 ? text.ptr + mark : "";
    w.len = text.len - mark;
    w.is_plain = false;
    w.arena = arena;
    w.flaw = flaw;
    doc->n_nodes = 0;
    doc->layout = 0;
    const uint32_t *index;
    size_t n_index;
    bool ok;
    switch (ep_json_simd_index(json->simd, w.text, w.len, &index, &n_index)) {
    case EP_JSON_SIMD_OK: ok = walk_index(&w, index, n_index, doc); break;
    case EP_JSON_SIMD_REFUSED: ok = explain(&w, doc); break;
    default: ok = ep_flaw_no_memory(flaw);
    }
    if (!ok && flaw->reason == EP_R_SYNTAX) {
        const char *nul = memchr(w.text, 0, w.len);
        if (nul)
            ep_flaw_set(flaw, EP_R_TEXT_ENCODING, (size_t)(nul - w.text),
                        "a NUL byte cannot be stored in a text");
    }
    if (!ok && flaw->at != SIZE_MAX)
        flaw->at += mark;
    return ok;
}

ep_code ep_json_new(ep_json **ret, ep_error *err) {
    ep_json *json = ep_calloc(1, sizeof(*json));
    if (!json || !(json->simd = ep_json_simd_new())) {
        ep_free(json);
        return ep_fail(err, EP_E_NOMEM, "no memory for a JSON parser");
    }
    ep_json_names_init(&json->names);
    *ret = json;
    return EP_OK;
}

void ep_json_free(ep_json **json) {
    if (!json || !*json)
        return;
    ep_json_simd_free(&(*json)->simd);
    ep_free((*json)->plain);
    ep_json_names_done(&(*json)->names);
    ep_free(*json);
    *json = NULL;
}

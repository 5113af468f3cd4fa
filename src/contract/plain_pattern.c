#include "contract/plain_pattern.h"

#include <string.h>

/* 16 bytes, for which compilers know the machine's own instructions. */
enum { WIDE_BYTES = 16 };
typedef uint8_t wide __attribute__((vector_size(WIDE_BYTES)));

/* A set of ASCII characters. */
typedef struct char_set {
    uint64_t bits[2];
} char_set;

/* One character or class and how often it stands. */
struct item {
    char_set set;
    uint32_t min, max;
};

enum { MAX_ITEMS = 64 };

typedef struct reader {
    const char *at, *end;
    struct item items[MAX_ITEMS];
    size_t n_items;
} reader;

static void add_range(char_set *set, unsigned char first, unsigned char last) {
    for (unsigned c = first; c <= last; c++)
        set->bits[c >> 6] |= UINT64_C(1) << (c & 63);
}

static bool overlap(const char_set *a, const char_set *b) {
    return (a->bits[0] & b->bits[0]) || (a->bits[1] & b->bits[1]);
}

static bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A character that can stand for itself. */
static bool is_printable(char c) {
    return c >= ' ' && c <= '~';
}

/* Behind a backslash: a class of one letter, or punctuation that stands for itself. */
static bool read_escape(reader *r, char_set *set, char *ret_char) {
    if (r->at == r->end || !is_printable(*r->at))
        return false;
    char c = *r->at++;
    *ret_char = 0;
    if (c == 'd') {
        add_range(set, '0', '9');
        return true;
    }
    if (is_alnum(c))
        return false;
    *ret_char = c;
    return true;
}

/* One member of a class. `*ret_char` is 0 when it can be no end of a range. */
static bool read_member(reader *r, char_set *set, char *ret_char) {
    if (r->at == r->end || !is_printable(*r->at) || *r->at == '[')
        return false;
    if (*r->at == '\\') {
        r->at++;
        return read_escape(r, set, ret_char);
    }
    *ret_char = *r->at++;
    return true;
}

/* Behind '['. A ']' or '^' that stands first has another meaning: left to the engine. */
static bool read_class(reader *r, char_set *set) {
    if (r->at < r->end && (*r->at == '^' || *r->at == ']'))
        return false;
    while (r->at < r->end && *r->at != ']') {
        char first, last;
        if (!read_member(r, set, &first))
            return false;
        last = first;
        if (r->end - r->at >= 2 && r->at[0] == '-' && r->at[1] != ']') {
            r->at++;
            if (!first || !read_member(r, set, &last) || last < first)
                return false;
        }
        if (first)
            add_range(set, (unsigned char)first, (unsigned char)last);
    }
    return r->at++ < r->end;
}

static bool read_number(reader *r, uint32_t *ret) {
    const char *from = r->at;
    *ret = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - from < 4)
        *ret = *ret * 10 + (uint32_t)(*r->at++ - '0');
    return r->at > from;
}

/* "{2}", "{2,}", "{2,5}" behind the brace. */
static bool read_braces(reader *r, struct item *item) {
    if (!read_number(r, &item->min) || r->at == r->end)
        return false;
    item->max = item->min;
    if (*r->at == ',') {
        r->at++;
        item->max = UINT32_MAX;
        if (r->at < r->end && *r->at != '}' && (!read_number(r, &item->max) || item->max < item->min))
            return false;
    }
    return r->at < r->end && *r->at++ == '}';
}

/* How often the item stands; a second sign (lazy, possessive) is left to the engine. */
static bool read_count(reader *r, struct item *item) {
    item->min = item->max = 1;
    if (r->at == r->end || !strchr("?*+{", *r->at))
        return true;
    switch (*r->at++) {
    case '?': item->min = 0; break;
    case '*': item->min = 0, item->max = UINT32_MAX; break;
    case '+': item->max = UINT32_MAX; break;
    default:
        if (!read_braces(r, item))
            return false;
    }
    return r->at == r->end || !strchr("?*+{", *r->at);
}

static bool read_item(reader *r, struct item *item) {
    char c = *r->at++, same = c;
    if (c == '[') {
        if (!read_class(r, &item->set))
            return false;
        same = 0;
    } else if (c == '\\') {
        if (!read_escape(r, &item->set, &same))
            return false;
    } else if (!is_printable(c) || strchr("^$.|()?*+{}]", c)) {
        return false;
    }
    if (same)
        add_range(&item->set, (unsigned char)same, (unsigned char)same);
    return read_count(r, item);
}

/* To take as many as there are is right only when nothing that may follow wants one of them. */
static bool is_greedy_exact(const reader *r) {
    for (size_t i = 0; i < r->n_items; i++) {
        if (r->items[i].min == r->items[i].max)
            continue;
        for (size_t next = i + 1; next < r->n_items; next++) {
            if (overlap(&r->items[i].set, &r->items[next].set))
                return false;
            if (r->items[next].min > 0)
                break;
        }
    }
    return true;
}

/* The bit of the i-th item's class; equal classes share one. */
static bool class_bit(const reader *r, size_t i, ep_plain_pattern *pattern, uint32_t *bits,
                      uint32_t *n_classes) {
    const char_set *set = &r->items[i].set;
    for (size_t k = 0; k < i; k++)
        if (memcmp(&r->items[k].set, set, sizeof *set) == 0) {
            bits[i] = bits[k];
            return true;
        }
    if (*n_classes == EP_PLAIN_CLASSES)
        return false;
    bits[i] = UINT32_C(1) << (*n_classes)++;
    for (unsigned c = 0; c < 128; c++)
        if (set->bits[c >> 6] >> (c & 63) & 1)
            pattern->classes_of[c] |= bits[i];
    return true;
}

static bool add_item(ep_plain_pattern *pattern, const struct item *item, uint32_t bit) {
    uint32_t rest_min = item->min, rest_max = item->max;
    /* What must be there is looked at by position, as long as no tail came before. */
    if (pattern->n_tails == 0) {
        for (; rest_min > 0; rest_min--, rest_max -= rest_max != UINT32_MAX) {
            if (pattern->n_positions == EP_PLAIN_POSITIONS)
                return false;
            pattern->position[pattern->n_positions++] = bit;
        }
        if (rest_max == 0)
            return true;
    }
    if (pattern->n_tails == EP_PLAIN_TAILS)
        return false;
    pattern->tails[pattern->n_tails++] = (ep_plain_tail){bit, rest_min, rest_max};
    return true;
}

/* The first run of characters in the class from `from` on; false when there is none. */
static bool next_range(const ep_plain_pattern *pattern, uint32_t bit, unsigned from, uint8_t *low,
                       uint8_t *high) {
    while (from < 128 && !(pattern->classes_of[from] & bit))
        from++;
    if (from == 128)
        return false;
    *low = (uint8_t)from;
    while (from < 128 && (pattern->classes_of[from] & bit))
        from++;
    *high = (uint8_t)(from - 1);
    return true;
}

static bool find_ranges(ep_plain_pattern *pattern, uint32_t i) {
    uint32_t bit = pattern->position[i];
    uint8_t low, high;
    if (!next_range(pattern, bit, 0, &pattern->low[0][i], &pattern->high[0][i]))
        return false;
    pattern->low[1][i] = pattern->low[0][i];
    pattern->high[1][i] = pattern->high[0][i];
    if (!next_range(pattern, bit, pattern->high[0][i] + 1u, &low, &high))
        return true;
    pattern->low[1][i] = low;
    pattern->high[1][i] = high;
    return !next_range(pattern, bit, high + 1u, &low, &high);
}

bool ep_plain_pattern_compile(ep_str regex, ep_plain_pattern *ret) {
    reader r = {.at = regex.ptr, .end = regex.ptr + regex.len};
    uint32_t n_classes = 0, bits[MAX_ITEMS];
    *ret = (ep_plain_pattern){0};
    while (r.at < r.end) {
        if (r.n_items == MAX_ITEMS || !read_item(&r, &r.items[r.n_items++]))
            return false;
    }
    if (!is_greedy_exact(&r))
        return false;
    for (size_t i = 0; i < r.n_items; i++)
        if (!class_bit(&r, i, ret, bits, &n_classes) || !add_item(ret, &r.items[i], bits[i]))
            return false;
    ret->has_ranges = ret->n_positions >= WIDE_BYTES;
    for (uint32_t i = 0; i < ret->n_positions && ret->has_ranges; i++)
        ret->has_ranges = find_ranges(ret, i);
    return true;
}

/* Bytes of `at` that lie outside both ranges of their positions get bits. */
static inline wide outside(const ep_plain_pattern *pattern, const unsigned char *at, uint32_t position) {
    wide bytes, low[2], high[2];
    memcpy(&bytes, at + position, sizeof bytes);
    for (int k = 0; k < 2; k++) {
        memcpy(&low[k], pattern->low[k] + position, sizeof low[k]);
        memcpy(&high[k], pattern->high[k] + position, sizeof high[k]);
    }
    return (wide)(((bytes < low[0]) | (bytes > high[0])) & ((bytes < low[1]) | (bytes > high[1])));
}

/* The last step overlaps the one before. */
static bool match_ranges(const ep_plain_pattern *pattern, const unsigned char *at) {
    uint32_t last = pattern->n_positions - WIDE_BYTES;
    wide bad = outside(pattern, at, last);
    for (uint32_t i = 0; i < last; i += WIDE_BYTES)
        bad |= outside(pattern, at, i);
    uint64_t halves[2];
    memcpy(halves, &bad, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

static bool match_positions(const ep_plain_pattern *pattern, const unsigned char *at) {
    uint32_t bad = 0;
    for (uint32_t i = 0; i < pattern->n_positions; i++)
        bad |= ~pattern->classes_of[at[i]] & pattern->position[i];
    return bad == 0;
}

bool ep_plain_pattern_match(const ep_plain_pattern *pattern, ep_str text) {
    const unsigned char *at = (const unsigned char *)text.ptr, *end = at + text.len;
    uint32_t n = pattern->n_positions;
    if (text.len < n || !(pattern->has_ranges ? match_ranges(pattern, at) : match_positions(pattern, at)))
        return false;
    at += n;
    for (uint32_t i = 0; i < pattern->n_tails; i++) {
        const ep_plain_tail *tail = &pattern->tails[i];
        uint32_t count = 0;
        for (; at < end && count < tail->max && (pattern->classes_of[*at] & tail->class_bit); at++)
            count++;
        if (count < tail->min)
            return false;
    }
    return at == end;
}

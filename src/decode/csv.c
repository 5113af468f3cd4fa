#include "decode/csv.h"

#include "decode/mask64.h"

static const char candidates[4] = {',', ';', '\t', '|'};

ep_csv_rules ep_csv_rules_of(const ep_decode_options *options) {
    return (ep_csv_rules){
        .delimiter = options->delimiter,
        .quote = options->quote ? options->quote : '"',
        .has_quote = options->quote != (char)-1,
        .backslash = options->backslash,
        .trim = options->trim,
        .empty_is_text = options->empty_is_text,
    };
}

static inline bool is_delimiter(const ep_csv_rules *rules, char c) {
    return rules->delimiter ? c == rules->delimiter : memchr(candidates, c, sizeof(candidates)) != NULL;
}

static inline bool is_blank(const ep_csv_rules *rules, char c) {
    return (c == ' ' || c == '\t') && !is_delimiter(rules, c);
}

static inline bool is_line_end(char c) {
    return c == '\n' || c == '\r';
}

/* The bytes that can change the state of a scan, among the first `n` of a block. */
static inline uint64_t events_of(const ep_csv_rules *rules, const ep_block64 *block, size_t n) {
    uint64_t events = ep_block64_eq(block, '\n') | ep_block64_eq(block, '\r');
    if (rules->has_quote)
        events |= ep_block64_eq(block, rules->quote);
    if (rules->backslash)
        events |= ep_block64_eq(block, '\\');
    return events & ep_low_bits(n);
}

/* The state of unquoted bytes up to `p`, of which those from `begin` on follow `state`. */
static inline ep_csv_state state_at(const ep_csv_rules *rules, ep_csv_state state, const char *begin,
                                    const char *p) {
    if (rules->trim) {
        while (p > begin && is_blank(rules, p[-1]))
            p--;
    }
    if (p == begin)
        return state;
    return is_delimiter(rules, p[-1]) ? EP_CSV_CELL_START : EP_CSV_IN_CELL;
}

static void count_line(ep_csv_scan *scan, const char *begin, const char *p) {
    bool after_cr = p > begin ? p[-1] == '\r' : scan->after_cr;
    scan->n_lines += *p == '\r' || !after_cr;
}

/* The byte at `begin` belongs to a quote or backslash of the block before; returns where the scan goes on. */
static const char *finish_pair(ep_csv_scan *scan, const ep_csv_rules *rules, const char *begin) {
    switch (scan->state) {
    case EP_CSV_QUOTE_SEEN:
        if (*begin == rules->quote) {
            scan->state = EP_CSV_QUOTED;
            return begin + 1;
        }
        scan->state = EP_CSV_IN_CELL;
        return begin;
    case EP_CSV_ESCAPE_IN_CELL:
    case EP_CSV_ESCAPE_IN_QUOTED:
        if (is_line_end(*begin))
            count_line(scan, begin, begin);
        scan->state = scan->state == EP_CSV_ESCAPE_IN_CELL ? EP_CSV_IN_CELL : EP_CSV_QUOTED;
        return begin + 1;
    default: return begin;
    }
}

/* A scan inside one block. */
struct piece {
    const char *begin, *end;
    const char
        *from; /* bytes before this one are done with; unquoted bytes from here on follow scan->state */
};

/* A backslash at `p`: the byte behind it is text, whatever it is. */
static void take_escape(ep_csv_scan *scan, struct piece *piece, const char *p) {
    bool is_quoted = scan->state == EP_CSV_QUOTED;
    piece->from = p + 2;
    scan->state = is_quoted ? EP_CSV_QUOTED : EP_CSV_IN_CELL;
    if (p + 1 == piece->end)
        scan->state = is_quoted ? EP_CSV_ESCAPE_IN_QUOTED : EP_CSV_ESCAPE_IN_CELL;
    else if (is_line_end(p[1]))
        count_line(scan, piece->begin, p + 1);
}

/* A quote at `p` inside a quoted cell. */
static void take_quote(ep_csv_scan *scan, const ep_csv_rules *rules, struct piece *piece, const char *p) {
    piece->from = p + 1;
    scan->state = EP_CSV_IN_CELL;
    if (rules->backslash)
        return;
    if (p + 1 == piece->end) {
        scan->state = EP_CSV_QUOTE_SEEN;
    } else if (p[1] == rules->quote) {
        scan->state = EP_CSV_QUOTED;
        piece->from = p + 2;
    }
}

/* True when the byte at `p` ends the row. */
static inline bool take_event(ep_csv_scan *scan, const ep_csv_rules *rules, struct piece *piece,
                              const char *p) {
    char c = *p;
    bool is_quoted = scan->state == EP_CSV_QUOTED;
    if (is_line_end(c)) {
        if (is_quoted)
            count_line(scan, piece->begin, p);
        return !is_quoted;
    }
    if (rules->has_quote && c == rules->quote) {
        if (is_quoted) {
            take_quote(scan, rules, piece, p);
        } else if (state_at(rules, scan->state, piece->from, p) == EP_CSV_CELL_START) {
            scan->state = EP_CSV_QUOTED;
            piece->from = p + 1;
        }
        return false;
    }
    take_escape(scan, piece, p);
    return false;
}

const char *ep_csv_scan_run(ep_csv_scan *scan, const ep_csv_rules *rules, const char *begin,
                            const char *end) {
    if (begin == end)
        return NULL;
    struct piece piece = {begin, end, finish_pair(scan, rules, begin)};
    for (const char *p = begin; p < end; p += 64) {
        ep_block64 block = ep_block64_load(p);
        uint64_t events = events_of(rules, &block, (size_t)(end - p));
        for (; events; events &= events - 1) {
            const char *event = p + __builtin_ctzll(events);
            if (event >= piece.from && take_event(scan, rules, &piece, event))
                return event;
        }
    }
    if ((scan->state == EP_CSV_CELL_START || scan->state == EP_CSV_IN_CELL) && piece.from < end)
        scan->state = state_at(rules, scan->state, piece.from, end);
    scan->after_cr = end[-1] == '\r';
    return NULL;
}

bool ep_csv_scan_open(const ep_csv_scan *scan) {
    return scan->state == EP_CSV_QUOTED || scan->state == EP_CSV_ESCAPE_IN_QUOTED ||
           scan->state == EP_CSV_ESCAPE_IN_CELL;
}

bool ep_csv_guess_add(ep_csv_guess *guess, const ep_csv_rules *rules, ep_str piece) {
    for (size_t i = 0; i < piece.len && guess->n_bytes < EP_TOO_LARGE_KEPT_BYTES; i++, guess->n_bytes++) {
        char c = piece.ptr[i];
        if (rules->has_quote && c == rules->quote)
            guess->in_quotes = !guess->in_quotes;
        for (size_t k = 0; k < sizeof(candidates); k++)
            guess->count[k] += !guess->in_quotes && c == candidates[k];
    }
    return guess->n_bytes == EP_TOO_LARGE_KEPT_BYTES;
}

char ep_csv_guess_result(const ep_csv_guess *guess) {
    size_t best = 0;
    for (size_t k = 1; k < sizeof(candidates); k++)
        best = guess->count[k] > guess->count[best] ? k : best;
    return candidates[best];
}

/* A row that is being cut. */
struct cut {
    const ep_csv_rules *rules;
    const char *p, *end;
    const char *row;
    ep_csv_cell *cells;
    size_t capacity, n;
    ep_arena *arena;
    ep_flaw *flaw;
};

static inline void put_cell(struct cut *cut, const char *text, size_t len, bool is_quoted) {
    if (cut->n < cut->capacity) {
        if (!is_quoted && cut->rules->trim) {
            for (; len > 0 && is_blank(cut->rules, text[0]); len--)
                text++;
            while (len > 0 && is_blank(cut->rules, text[len - 1]))
                len--;
        }
        bool is_null = len == 0 && !is_quoted && !cut->rules->empty_is_text;
        cut->cells[cut->n] = (ep_csv_cell){text, (uint32_t)len, is_null};
    }
    cut->n++;
}

static bool wrong(const struct cut *cut, ep_reason_code reason, const char *at, const char *what) {
    return ep_flaw_set(cut->flaw, reason, (size_t)(at - cut->row), what);
}

/* Copies [from, to) without the first byte of each pair that `escape` begins. */
static bool put_unescaped(struct cut *cut, const char *from, const char *to, char escape, bool is_quoted) {
    char *out = ep_arena_alloc(cut->arena, (size_t)(to - from) + 1);
    if (!out)
        return ep_flaw_no_memory(cut->flaw);
    size_t n = 0;
    for (const char *p = from; p < to; p++) {
        if (*p == escape)
            p++;
        out[n++] = *p;
    }
    put_cell(cut, out, n, is_quoted);
    return true;
}

/* After the cell's last byte: true at the end of the row or behind a delimiter. */
static bool end_cell(struct cut *cut, bool *ret_more) {
    *ret_more = cut->p < cut->end;
    if (*ret_more) {
        if (*cut->p != cut->rules->delimiter)
            return wrong(cut, EP_R_SYNTAX, cut->p, "text after the closing quote");
        cut->p++;
    }
    return true;
}

/* p stands behind the opening quote. */
static bool cut_quoted(struct cut *cut, bool *ret_more) {
    const ep_csv_rules *rules = cut->rules;
    const char *from = cut->p, *p = from;
    char escape = rules->backslash ? '\\' : rules->quote;
    bool has_escape = false;
    for (;; p++) {
        if (rules->backslash) {
            while (p < cut->end && *p != '\\' && *p != rules->quote)
                p++;
        } else {
            p = memchr(p, rules->quote, (size_t)(cut->end - p));
        }
        if (!p || p == cut->end)
            return wrong(cut, EP_R_TRUNCATED, from - 1, "this quoted cell is not closed");
        bool is_pair = rules->backslash ? *p == '\\' : p + 1 < cut->end && p[1] == rules->quote;
        if (!is_pair)
            break;
        has_escape = true;
        if (++p == cut->end)
            return wrong(cut, EP_R_TRUNCATED, from - 1, "this quoted cell is not closed");
    }
    cut->p = p + 1;
    if (rules->trim) {
        while (cut->p < cut->end && is_blank(rules, *cut->p))
            cut->p++;
    }
    if (!has_escape)
        put_cell(cut, from, (size_t)(p - from), true);
    else if (!put_unescaped(cut, from, p, escape, true))
        return false;
    return end_cell(cut, ret_more);
}

static bool cut_unquoted(struct cut *cut, bool *ret_more) {
    const char *from = cut->p, *p = from;
    if (!cut->rules->backslash) {
        const char *found = memchr(p, cut->rules->delimiter, (size_t)(cut->end - p));
        cut->p = found ? found : cut->end;
        put_cell(cut, from, (size_t)(cut->p - from), false);
        return end_cell(cut, ret_more);
    }
    bool has_escape = false;
    for (; p < cut->end && *p != cut->rules->delimiter; p++) {
        if (*p == '\\') {
            has_escape = true;
            if (++p == cut->end)
                return wrong(cut, EP_R_TRUNCATED, p - 1, "nothing follows this backslash");
        }
    }
    cut->p = p;
    if (!has_escape)
        put_cell(cut, from, (size_t)(p - from), false);
    else if (!put_unescaped(cut, from, p, '\\', false))
        return false;
    return end_cell(cut, ret_more);
}

static bool cut_cell(struct cut *cut, bool *ret_more) {
    const char *p = cut->p;
    if (cut->rules->has_quote) {
        if (cut->rules->trim) {
            while (p < cut->end && is_blank(cut->rules, *p))
                p++;
        }
        if (p < cut->end && *p == cut->rules->quote) {
            cut->p = p + 1;
            return cut_quoted(cut, ret_more);
        }
    }
    return cut_unquoted(cut, ret_more);
}

/* Cells up to the first one that is not plain bytes between delimiters; true when that was all. */
static bool cut_plain(struct cut *cut) {
    for (const char *p = cut->row; p < cut->end; p += 64) {
        ep_block64 block = ep_block64_load(p);
        uint64_t inside = ep_low_bits((size_t)(cut->end - p));
        uint64_t special = cut->rules->has_quote ? ep_block64_eq(&block, cut->rules->quote) : 0;
        if (cut->rules->backslash)
            special |= ep_block64_eq(&block, '\\');
        special &= inside;
        uint64_t ends = ep_block64_eq(&block, cut->rules->delimiter) & inside;
        if (special)
            ends &= (special & -special) - 1;
        for (; ends; ends &= ends - 1) {
            const char *end = p + __builtin_ctzll(ends);
            put_cell(cut, cut->p, (size_t)(end - cut->p), false);
            cut->p = end + 1;
        }
        if (special)
            return false;
    }
    put_cell(cut, cut->p, (size_t)(cut->end - cut->p), false);
    return true;
}

bool ep_csv_cells(const ep_csv_rules *rules, ep_str row, ep_csv_cell *cells, size_t capacity, size_t *ret_n,
                  ep_arena *arena, ep_flaw *flaw) {
    struct cut cut = {rules, row.ptr, row.ptr + row.len, row.ptr, cells, capacity, 0, arena, flaw};
    bool more = !cut_plain(&cut);
    while (more) {
        if (!cut_cell(&cut, &more))
            return false;
    }
    *ret_n = cut.n;
    return true;
}

#ifndef EP_DECODE_CSV_H
#define EP_DECODE_CSV_H

#include "decode/decode.h"
#include "decode/flaw.h"

/* RFC 4180 and what is sent instead. Private to src/decode.
 *
 * A cell is quoted when its first byte is the quote character (with `trim`: the first that is not blank).
 * Inside it a doubled quote, or with `backslash` an escaped one, stands for itself. A quote anywhere else is
 * text. With `backslash` the byte after a backslash is text in unquoted cells too. A row ends at LF, CR LF or
 * CR outside quotes. */
typedef struct ep_csv_rules {
    char delimiter; /* 0: not known yet, any of the four counts */
    char quote;
    bool has_quote, backslash, trim, empty_is_text;
} ep_csv_rules;

ep_csv_rules ep_csv_rules_of(const ep_decode_options *options);

/* Where the end of a row is looked for, kept from block to block. Zero is the start of a row. */
typedef enum ep_csv_state {
    EP_CSV_CELL_START,
    EP_CSV_IN_CELL,
    EP_CSV_ESCAPE_IN_CELL,
    EP_CSV_QUOTED,
    EP_CSV_ESCAPE_IN_QUOTED,
    EP_CSV_QUOTE_SEEN /* the end of the cell, or the first half of a doubled quote */
} ep_csv_state;

typedef struct ep_csv_scan {
    ep_csv_state state;
    bool after_cr;
    uint64_t n_lines; /* line ends inside the row */
} ep_csv_scan;

/**
 * Goes on with the row. Needs EP_PADDING readable bytes behind `end`.
 * @return the CR or LF that ends it, or NULL when it goes on behind `end`.
 */
const char *ep_csv_scan_run(ep_csv_scan *scan, const ep_csv_rules *rules, const char *begin, const char *end);
/** True when a row that ends here would lack a closing quote or the byte after a backslash. */
bool ep_csv_scan_open(const ep_csv_scan *scan);

/* How often the candidates stand outside quotes in a first line that may come in pieces. */
typedef struct ep_csv_guess {
    size_t count[4];
    size_t n_bytes;
    bool in_quotes;
} ep_csv_guess;

/** True when enough bytes (64 KiB) were seen: the line need not end. */
bool ep_csv_guess_add(ep_csv_guess *guess, const ep_csv_rules *rules, ep_str piece);
char ep_csv_guess_result(
    const ep_csv_guess *guess); /* the most frequent of , ; tab | and a comma when there is none */

typedef struct ep_csv_cell {
    const char *text;
    uint32_t len;
    bool is_null;
} ep_csv_cell;

/**
 * Cuts a row (without its line end) into cells; the first `capacity` are stored. Texts are views or lie in
 * `arena`. Needs EP_PADDING readable bytes behind the row.
 * @return false: `flaw` says why.
 */
bool ep_csv_cells(const ep_csv_rules *rules, ep_str row, ep_csv_cell *cells, size_t capacity, size_t *ret_n,
                  ep_arena *arena, ep_flaw *flaw);

#endif

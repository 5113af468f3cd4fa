#ifndef EP_DECODE_DECODE_H
#define EP_DECODE_DECODE_H

#include "decode/node.h"

typedef enum ep_format { EP_FMT_JSON, EP_FMT_JSONL, EP_FMT_CSV, EP_N_FORMATS } ep_format;
typedef enum ep_encoding {
    EP_ENC_AUTO,
    EP_ENC_UTF8,
    EP_ENC_UTF16LE,
    EP_ENC_UTF16BE,
    EP_ENC_WINDOWS1252
} ep_encoding;

typedef struct ep_decode_options {
    ep_format format;
    ep_encoding encoding; /* auto: BOM, else UTF-8 */
    char delimiter;       /* CSV; 0 finds it among , ; tab | in the header line */
    char quote;           /* CSV; 0 is '"', (char)-1 no quoting */
    bool has_header;      /* CSV; else `columns` names the cells */
    const char **columns;
    size_t n_columns;
    bool empty_is_text; /* CSV: an empty unquoted cell is "" instead of NULL */
    bool trim;          /* CSV: blanks around unquoted cells are cut */
    bool backslash;     /* CSV: backslash escapes instead of doubled quotes */
} ep_decode_options;

/* Where a record lay in its source. */
typedef struct ep_coordinates {
    uint64_t record;     /* 0-based ordinal in the source */
    uint64_t line;       /* 1-based line of its first byte (text formats) */
    uint64_t offset;     /* bytes from the start of the source, as stored there */
    uint32_t size_bytes; /* of the raw record, as stored there */
} ep_coordinates;

/* A raw record as cut from the source, not parsed yet. `raw` and `text` have at least EP_PADDING
 * readable bytes behind them. */
typedef struct ep_raw {
    ep_str raw;  /* the bytes as received (quarantine keeps these) */
    ep_str text; /* the same as UTF-8 (== raw when the source is UTF-8) */
    ep_coordinates at;
    ep_reason_code reason; /* EP_R_NONE, or why it cannot be decoded: too_large, text_encoding, truncated */
    uint32_t occurrence; /* 1 for the first record of this content in the source, 2 for the second ...; 0 when
                            not asked for */
    uint64_t content;    /* XXH3 of raw; 0 when not asked for */
    uint8_t encoding;    /* ep_encoding of raw as found or declared; EP_ENC_AUTO counts as UTF-8 */
} ep_raw;

#define EP_PADDING 64

/**
 * Cuts a byte stream into records. Fed with consecutive blocks; gives as many whole records as a block holds.
 * Constant memory: an unfinished record is carried over, at most EP_MAX_RECORD_BYTES; a longer one is skipped
 * to its end and reported once as too_large with its first 64 KiB. One thread at a time; splitting is cheap,
 * parsing (below) runs in many threads.
 */
typedef struct ep_splitter ep_splitter;

/* Different contents that ep_splitter_count_occurrences can tell apart in one source, 12 to 24 bytes each. */
#define EP_MAX_OCCURRENCE_RECORDS 20000000
/* What is kept of a record that is too large. */
#define EP_TOO_LARGE_KEPT_BYTES (64u * 1024)

EP_CHECK ep_code ep_splitter_new(const ep_decode_options *options, ep_splitter **ret, ep_error *err);
void ep_splitter_free(ep_splitter **splitter);
/**
 * A CSV header is consumed, not returned; with a header AND `columns` in the options it must hold all of those.
 * Blank lines are skipped (they count as lines), so is a BOM. For EP_FMT_JSON the whole source is one record
 * (bounded by EP_MAX_RECORD_BYTES), an empty one too: `records.each` of the feed makes many of it.
 *
 * @param block   bytes of the source with EP_PADDING readable bytes behind them; must live as long as the returned
 *                records are used.
 * @param is_last the source ends with this block: the rest without a newline is a record, `truncated` when it is an
 *                unfinished quoted cell.
 * @param ret     array owned by the splitter, valid until the next call; records that crossed a block border lie in
 *                `arena`.
 * @return EP_OK; EP_E_CONFIG when the header lacks a name or has a name twice; EP_E_LIMIT when occurrences
 * are counted and there are too many; EP_E_NOMEM. After an error the splitter can only be freed.
 */
EP_CHECK ep_code ep_splitter_feed(ep_splitter *splitter, ep_str block, bool is_last, ep_arena *arena,
                                  const ep_raw **ret, size_t *ret_n, ep_error *err);
/** CSV: names of the columns, known after the first records; else 0. Owned by the splitter. */
const ep_str *ep_splitter_columns(const ep_splitter *splitter, size_t *ret_n);
/** Continue in the middle of a source: coordinates of the next record, and for CSV the header as it was. */
EP_CHECK ep_code ep_splitter_resume(ep_splitter *splitter, const ep_coordinates *next, const ep_str *columns,
                                    size_t n_columns, ep_error *err);
/** Delimiter found for CSV (0 when not yet known). */
char ep_splitter_delimiter(const ep_splitter *splitter);
void ep_splitter_set_delimiter(ep_splitter *splitter, char delimiter);
/** Encoding found or declared (EP_ENC_AUTO: not yet known). Who resumes behind a BOM sets what was found. */
ep_encoding ep_splitter_encoding(const ep_splitter *splitter);
void ep_splitter_set_encoding(ep_splitter *splitter, ep_encoding encoding);
/** Where the first record lies that was not returned yet: what ep_splitter_resume wants. size_bytes is 1
 * after a CR whose LF may still come; without it a resumed source with lone CR as line ends could count one
 * line too few. */
void ep_splitter_position(const ep_splitter *splitter, ep_coordinates *ret);
/** Fill `content` and `occurrence` of the records from now on. To resume, feed what was skipped once more. */
void ep_splitter_count_occurrences(ep_splitter *splitter, bool on);

/* Parses one record into a tree. One per thread. */
typedef struct ep_parser ep_parser;
EP_CHECK ep_code ep_parser_new(const ep_decode_options *options, ep_parser **ret, ep_error *err);
void ep_parser_free(ep_parser **parser);
/** CSV: the header; views must outlive the parser. */
void ep_parser_set_columns(ep_parser *parser, const ep_str *columns, size_t n_columns, char delimiter);
/**
 * Every value of a JSON record is validated, also the ones nobody asks for (RFC 8259); numbers stay tokens. A CSV
 * row is an object of texts and nulls with one member a column. The doc is reused from call to call.
 *
 * @return EP_R_NONE with doc filled; or the reason (syntax, truncated, text_encoding, duplicate_key, depth, too_large,
 *         ragged) with `*ret_detail` a text in `arena` that names line or position and what was expected, never a
 *         value. Ask ep_parser_check after a too_large.
 */
ep_reason_code ep_parser_run(ep_parser *parser, const ep_raw *raw, ep_doc *doc, ep_arena *arena,
                             const char **ret_detail);
/** EP_OK, or EP_E_NOMEM when the last run (it returned too_large) lacked memory: no flaw of the record. */
EP_CHECK ep_code ep_parser_check(const ep_parser *parser, ep_error *err);

/* For reference pages and the feed's `decode` section: name, default and text of each option. */
typedef struct ep_option_doc {
    const char *name, *type, *default_text, *text;
} ep_option_doc;
/** A constant table in the order of the reference page. */
const ep_option_doc *ep_decode_option_docs(size_t *ret_n);

#endif

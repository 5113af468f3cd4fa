/* Reading moments, dates and times of day, of time.h. */
#include "base/decimal.h"
#include "base/zone.h"

#include <string.h>

/* A text taken apart; what it does not name stays as it starts. */
struct fields {
    unsigned year, month, day, hour, minute, second, us;
    bool has_offset;
    int32_t offset_s;
    const ep_zone *zone;
};

/* Above every valid value, so that bad digits fail the check of the range that is needed anyway. */
#define BAD 1000u

static inline bool is_digit(char c) {
    return (unsigned char)(c - '0') < 10;
}

static inline unsigned two(const char *at) {
    unsigned tens = (unsigned char)(at[0] - '0'), ones = (unsigned char)(at[1] - '0');
    return tens > 9 || ones > 9 ? BAD : tens * 10 + ones;
}

static inline unsigned four(const char *at) {
    unsigned high = two(at), low = two(at + 2);
    return high >= BAD || low >= BAD ? 0 : high * 100 + low; /* 0 is no year either */
}

static unsigned days_of_month(unsigned year, unsigned month) {
    static const uint8_t days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month] + (month == 2 && leap);
}

static bool to_days(const struct fields *f, int32_t *ret_days) {
    if (f->year < 1 || f->year > 9999 || f->month < 1 || f->month > 12 || f->day < 1 ||
        (f->day > 28 && f->day > days_of_month(f->year, f->month)))
        return false;
    *ret_days = ep_days_from_civil((int)f->year, f->month, f->day);
    return true;
}

static bool to_tod(const struct fields *f, int64_t *ret_us) {
    if (f->hour > 23 || f->minute > 59 || f->second > 59)
        return false;
    *ret_us = (f->hour * 3600 + f->minute * 60 + f->second) * INT64_C(1000000) + f->us;
    return true;
}

static bool in_range(int64_t ts_us) {
    return ts_us >= EP_TS_MIN && ts_us <= EP_TS_MAX;
}

static bool to_moment(const struct fields *f, const ep_zone *zone, int64_t *ret) {
    int32_t days;
    int64_t tod_us, ts_us;
    if (!to_days(f, &days) || !to_tod(f, &tod_us))
        return false;
    ts_us = days * EP_DAY_US + tod_us;
    if (f->has_offset)
        ts_us -= f->offset_s * INT64_C(1000000);
    else if (!zone || !ep_zone_from_local(zone, ts_us, &ts_us))
        return false;
    if (!in_range(ts_us))
        return false;
    *ret = ts_us;
    return true;
}

/* "2026-03-01": 10 characters. */
static bool read_date(const char *at, struct fields *f) {
    f->year = four(at);
    f->month = two(at + 5);
    f->day = two(at + 8);
    return at[4] == '-' && at[7] == '-';
}

/* ".123": at least one digit; microseconds, the rest is cut. NULL when there is none. */
static const char *read_fraction(const char *at, const char *end, struct fields *f) {
    const char *first = at;
    unsigned us = 0, unit = 100000;
    for (; at < end && is_digit(*at); at++) {
        us += (unsigned)(*at - '0') * unit;
        unit /= 10;
    }
    f->us = us;
    return at > first ? at : NULL;
}

/* "12:34", and what follows of ":56" and ".789"; NULL when it is no time of day. */
static const char *read_tod(const char *at, const char *end, bool seconds_required, struct fields *f) {
    if (end - at < 5 || at[2] != ':')
        return NULL;
    f->hour = two(at);
    f->minute = two(at + 3);
    at += 5;
    if (end - at < 3 || *at != ':')
        return seconds_required || (at < end && *at == ':') ? NULL : at;
    f->second = two(at + 1);
    at += 3;
    return at < end && *at == '.' ? read_fraction(at + 1, end, f) : at;
}

/* "+02:00" or, without colon, "+0200"; at most 23:59 (RFC 3339). NULL when it is no offset. */
static const char *read_offset(const char *at, const char *end, bool colon, bool minutes, struct fields *f) {
    if (end - at < 3 + (minutes ? 2 + colon : 0) || (*at != '+' && *at != '-'))
        return NULL;
    bool west = *at == '-';
    unsigned hour = two(at + 1), minute = 0;
    at += 3;
    if (minutes) {
        if (colon && *at++ != ':')
            return NULL;
        minute = two(at);
        at += 2;
    }
    if (hour > 23 || minute > 59)
        return NULL;
    f->has_offset = true;
    f->offset_s = (int32_t)(hour * 3600 + minute * 60) * (west ? -1 : 1);
    return at;
}

static bool parse_iso(ep_str text, bool with_offset, const ep_zone *zone, int64_t *ret) {
    struct fields f = {0};
    const char *at = text.ptr, *end = text.ptr + text.len;
    if (text.len < 19 || !read_date(at, &f) || (at[10] != 'T' && at[10] != ' ' && at[10] != 't'))
        return false;
    at = read_tod(at + 11, end, true, &f);
    if (!at)
        return false;
    if (with_offset) {
        if (at < end && (*at == 'Z' || *at == 'z')) {
            f.has_offset = true;
            at++;
        } else if (!(at = read_offset(at, end, true, true, &f))) {
            return false;
        }
    }
    return at == end && to_moment(&f, zone, ret);
}

static bool parse_epoch(ep_str text, int decimals, int64_t *ret) {
    int64_t us;
    if (ep_int_parse_floor(text, decimals, &us) != EP_NUM_OK || !in_range(us))
        return false;
    *ret = us;
    return true;
}

/* The usual case: 1 to 12 digits, perhaps a point and digits. The rest goes the exact general way. */
static bool parse_epoch_s(ep_str text, int64_t *ret) {
    const char *at = text.ptr, *end = text.ptr + text.len;
    int64_t seconds = 0;
    struct fields f = {0};
    while (at < end && is_digit(*at) && at - text.ptr < 12)
        seconds = seconds * 10 + (*at++ - '0');
    if (at > text.ptr && at < end && *at == '.')
        at = read_fraction(at + 1, end, &f);
    if (at != end || text.len == 0)
        return parse_epoch(text, 6, ret);
    int64_t us = seconds * 1000000 + f.us;
    if (!in_range(us))
        return false;
    *ret = us;
    return true;
}

/* Whole units only. */
static bool parse_epoch_whole(ep_str text, int64_t unit_us, int64_t *ret) {
    int64_t value, us;
    if (ep_int_parse(text, &value) != EP_NUM_OK || __builtin_mul_overflow(value, unit_us, &us) ||
        !in_range(us))
        return false;
    *ret = us;
    return true;
}

static bool parse_date(ep_str text, const ep_zone *zone, int64_t *ret) {
    int32_t days;
    if (!zone || !ep_date_parse(text, NULL, &days))
        return false;
    int64_t ts_us = ep_zone_day_start(zone, days);
    if (!in_range(ts_us))
        return false;
    *ret = ts_us;
    return true;
}

/* What a letter of a pattern reads. */
enum part {
    PART_YEAR,
    PART_MONTH,
    PART_DAY,
    PART_HOUR,
    PART_MINUTE,
    PART_SECOND,
    PART_FRACTION,
    PART_OFFSET,
    PART_ZONE
};
#define BIT(part) (1u << (part))
#define DATE_BITS (BIT(PART_YEAR) | BIT(PART_MONTH) | BIT(PART_DAY))

/* By letter: how often it may stand in a row, as bits (bit 2: "MM"); 0 for a letter that reads nothing. */
#define ONE_OR_TWO   (1u << 1 | 1u << 2)
#define TWO_OR_FOUR  (1u << 2 | 1u << 4)
#define ONE_TO_THREE (ONE_OR_TWO | 1u << 3)
#define ONE_TO_NINE  0x3feu
static const struct letter {
    enum part part;
    unsigned counts;
} letters['z' + 1] = {
    ['y'] = {PART_YEAR, TWO_OR_FOUR},    ['u'] = {PART_YEAR, TWO_OR_FOUR},
    ['M'] = {PART_MONTH, ONE_OR_TWO},    ['d'] = {PART_DAY, ONE_OR_TWO},
    ['H'] = {PART_HOUR, ONE_OR_TWO},     ['m'] = {PART_MINUTE, ONE_OR_TWO},
    ['s'] = {PART_SECOND, ONE_OR_TWO},   ['S'] = {PART_FRACTION, ONE_TO_NINE},
    ['X'] = {PART_OFFSET, ONE_TO_THREE}, ['x'] = {PART_OFFSET, ONE_TO_THREE},
    ['Z'] = {PART_OFFSET, ONE_TO_THREE}, ['V'] = {PART_ZONE, 1u << 2},
};

/* One piece of a pattern: a field, which is `letter` `count` times, or one literal character, or (all 0) a quote. */
struct piece {
    const char *fault; /* the piece cannot be read, and why */
    size_t count;
    enum part part;
    char letter, literal;
};

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *next_field(const char *at, struct piece *ret) {
    const struct letter *letter = &letters[(unsigned char)*at];
    ret->letter = *at;
    ret->part = letter->part;
    while (at[ret->count] == *at)
        ret->count++;
    if (letter->counts == 0)
        ret->fault = "a letter outside y u M d H m s S X x Z V (literal text stands in single quotes)";
    else if (ret->count > 9 || !(letter->counts >> ret->count & 1))
        ret->fault = "a letter repeated in a way that is not supported (names of months, one-digit years)";
    return at + ret->count;
}

static bool is_reserved(char c) {
    return c == '[' || c == ']' || c == '{' || c == '}' || c == '#';
}

/* The piece at `at`, which is not the end; returns what follows it. `quoted` says whether it stands between quotes. */
static const char *next_piece(const char *at, bool *quoted, struct piece *ret) {
    *ret = (struct piece){0};
    if (!*quoted && is_letter(*at))
        return next_field(at, ret);
    if (at[0] == '\'' && at[1] != '\'') {
        *quoted = !*quoted;
        return at + 1;
    }
    if (!*quoted && is_reserved(*at))
        ret->fault = "one of the reserved characters [ ] { } #";
    ret->literal = *at;
    return at + (*at == '\'' ? 2 : 1); /* two quotes are one, inside quotes and outside */
}

/* One or two digits ("M"), or exactly two ("MM"). */
static const char *read_number(const char *at, const char *end, size_t count, unsigned *ret) {
    if (at < end && is_digit(*at) && count == 1 && (end - at == 1 || !is_digit(at[1]))) {
        *ret = (unsigned)(*at - '0');
        return at + 1;
    }
    if (end - at < 2)
        return NULL;
    *ret = two(at);
    return at + 2;
}

static const char *read_year(const char *at, const char *end, size_t count, unsigned *ret) {
    if (end - at < (ptrdiff_t)count)
        return NULL;
    if (count == 2) {
        unsigned year = two(at);
        *ret = year >= BAD ? 0 : 2000 + year;
    } else {
        *ret = four(at);
    }
    return at + count;
}

/* X reads Z, +02 or +0230, twice Z or +0200, three times Z or +02:00; x the same without Z; Z, ZZ, ZZZ +0200. */
static const char *read_pattern_offset(const char *at, const char *end, char letter, size_t count,
                                       struct fields *f) {
    if (letter == 'X' && at < end && *at == 'Z') {
        f->has_offset = true;
        return at + 1;
    }
    if (letter == 'Z')
        return read_offset(at, end, false, true, f);
    bool minutes = count > 1 || (end - at >= 5 && is_digit(at[3]) && is_digit(at[4]));
    return read_offset(at, end, count == 3, minutes, f);
}

static const char *read_zone(const char *at, const char *end, struct fields *f) {
    const char *first = at;
    while (at < end && (is_letter(*at) || is_digit(*at) || strchr("/_+-:", *at)))
        at++;
    f->zone = ep_zone_find((ep_str){first, (size_t)(at - first)});
    return f->zone ? at : NULL;
}

static const char *read_field(const char *at, const char *end, const struct piece *piece, struct fields *f) {
    switch (piece->part) {
    case PART_YEAR: return read_year(at, end, piece->count, &f->year);
    case PART_MONTH: return read_number(at, end, piece->count, &f->month);
    case PART_DAY: return read_number(at, end, piece->count, &f->day);
    case PART_HOUR: return read_number(at, end, piece->count, &f->hour);
    case PART_MINUTE: return read_number(at, end, piece->count, &f->minute);
    case PART_SECOND: return read_number(at, end, piece->count, &f->second);
    case PART_FRACTION:
        if ((size_t)(end - at) < piece->count || read_fraction(at, at + piece->count, f) != at + piece->count)
            return NULL;
        return at + piece->count;
    case PART_OFFSET: return read_pattern_offset(at, end, piece->letter, piece->count, f);
    case PART_ZONE: return read_zone(at, end, f);
    }
    return NULL;
}

/* Reads the whole text; `ret_parts` gets the bits of the fields it has. */
static bool read_pattern(ep_str text, const char *pattern, struct fields *f, unsigned *ret_parts) {
    const char *at = text.ptr, *end = text.ptr + text.len;
    bool quoted = false;
    *ret_parts = 0;
    while (*pattern) {
        struct piece piece;
        pattern = next_piece(pattern, &quoted, &piece);
        if (piece.fault)
            return false;
        if (piece.letter) {
            *ret_parts |= BIT(piece.part);
            if (!(at = read_field(at, end, &piece, f)))
                return false;
        } else if (piece.literal && (at == end || *at++ != piece.literal)) {
            return false;
        }
    }
    return at == end && !quoted;
}

static bool parse_pattern(ep_str text, const char *pattern, const ep_zone *zone, int64_t *ret) {
    struct fields f = {0};
    unsigned parts;
    if (!pattern || !read_pattern(text, pattern, &f, &parts) || (parts & DATE_BITS) != DATE_BITS)
        return false;
    return to_moment(&f, f.zone ? f.zone : zone, ret);
}

bool ep_time_parse(ep_str text, ep_time_format format, const char *pattern, const ep_zone *zone,
                   int64_t *ret) {
    switch (format) {
    case EP_TF_RFC3339: return ep_time_parse_utc(text, ret) || parse_iso(text, true, NULL, ret);
    case EP_TF_LOCAL: return parse_iso(text, false, zone, ret);
    case EP_TF_EPOCH_S: return parse_epoch_s(text, ret);
    case EP_TF_EPOCH_MS: return parse_epoch_whole(text, 1000, ret);
    case EP_TF_EPOCH_US: return parse_epoch_whole(text, 1, ret);
    case EP_TF_DATE: return parse_date(text, zone, ret);
    case EP_TF_PATTERN: return parse_pattern(text, pattern, zone, ret);
    }
    return false;
}

bool ep_date_parse(ep_str text, const char *pattern, int32_t *ret_days) {
    struct fields f = {0};
    unsigned parts = DATE_BITS;
    int64_t tod_us;
    if (pattern ? !read_pattern(text, pattern, &f, &parts) : text.len != 10 || !read_date(text.ptr, &f))
        return false;
    return (parts & DATE_BITS) == DATE_BITS && to_tod(&f, &tod_us) && to_days(&f, ret_days);
}

bool ep_timeofday_parse(ep_str text, const char *pattern, int64_t *ret_us) {
    struct fields f = {0};
    unsigned parts = BIT(PART_HOUR);
    const char *end = text.ptr + text.len;
    if (pattern ? !read_pattern(text, pattern, &f, &parts) : read_tod(text.ptr, end, false, &f) != end)
        return false;
    return parts & BIT(PART_HOUR) && to_tod(&f, ret_us);
}

/* NULL when the fields named together make a date, a time of day or a moment. */
static const char *missing_part(unsigned parts) {
    unsigned date = parts & DATE_BITS;
    if (date != 0 && date != DATE_BITS)
        return "a date without year, month or day";
    if (date == 0 && !(parts & BIT(PART_HOUR)))
        return "neither a date nor an hour";
    if ((parts & BIT(PART_MINUTE) && !(parts & BIT(PART_HOUR))) ||
        (parts & BIT(PART_SECOND) && !(parts & BIT(PART_MINUTE))) ||
        (parts & BIT(PART_FRACTION) && !(parts & BIT(PART_SECOND))))
        return "minutes without hour, seconds without minutes or a fraction without seconds";
    return NULL;
}

static const char *pattern_fault(const char *pattern) {
    bool quoted = false, open_number = false; /* the field before is a number of one or two digits */
    unsigned parts = 0;
    while (*pattern) {
        struct piece piece;
        pattern = next_piece(pattern, &quoted, &piece);
        if (piece.fault)
            return piece.fault;
        if (!piece.letter) {
            open_number = open_number && !piece.literal;
            continue;
        }
        if (parts & BIT(piece.part))
            return "a field named twice";
        if (open_number && piece.part <= PART_FRACTION)
            return "a number of one or two digits directly before another number";
        parts |= BIT(piece.part);
        open_number = piece.count == 1 && piece.part <= PART_SECOND;
    }
    return quoted ? "a quote that is not closed" : missing_part(parts);
}

bool ep_time_pattern_valid(const char *pattern, const char **why) {
    const char *fault = pattern ? pattern_fault(pattern) : "no pattern";
    if (fault && why)
        *why = fault;
    return !fault;
}

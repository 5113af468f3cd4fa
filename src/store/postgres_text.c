#include <string.h>

#include "store/postgres_private.h"

/* Results come as text: exact for every type, also those that we have no name for. DateStyle is ISO and the time zone UTC. */

static bool take_digits(ep_str *text, size_t n, int64_t *ret) {
    *ret = 0;
    if (text->len < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (text->ptr[i] < '0' || text->ptr[i] > '9')
            return false;
        *ret = *ret * 10 + (text->ptr[i] - '0');
    }
    text->ptr += n;
    text->len -= n;
    return true;
}

static bool take_char(ep_str *text, char c) {
    if (text->len == 0 || text->ptr[0] != c)
        return false;
    text->ptr++;
    text->len--;
    return true;
}

bool ep_pg_read_decimal(ep_str text, ep_int128 *ret, uint8_t *ret_scale) {
    const char *point = memchr(text.ptr, '.', text.len);
    size_t scale = point ? text.len - (size_t)(point - text.ptr) - 1 : 0;
    /* PostgreSQL shows decimals of its own quotients that we cannot hold. */
    if (scale > EP_DECIMAL_MAX_PRECISION)
        return false;
    *ret_scale = (uint8_t)scale;
    return ep_decimal_parse(text, EP_DECIMAL_MAX_PRECISION, (int)scale, ret) == EP_NUM_OK;
}

/* What lies beyond our years: -1 before, 1 after, 0 within. */
static int beyond(ep_str text) {
    if (ep_str_is(text, "infinity"))
        return 1;
    if (ep_str_is(text, "-infinity") || ep_str_ends(text, " BC"))
        return -1;
    const char *dash = memchr(text.ptr, '-', text.len);
    return dash && dash - text.ptr > 4;
}

static bool take_date(ep_str *text, int32_t *ret) {
    int64_t year, month, day;
    if (!take_digits(text, 4, &year) || !take_char(text, '-') || !take_digits(text, 2, &month) ||
        !take_char(text, '-') || !take_digits(text, 2, &day) || month < 1 || month > 12 || day < 1 ||
        day > 31)
        return false;
    *ret = ep_days_from_civil((int)year, (unsigned)month, (unsigned)day);
    return true;
}

static bool take_time(ep_str *text, int64_t *ret) {
    int64_t hour, minute, second, digit, fraction = 0;
    if (!take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute) ||
        !take_char(text, ':') || !take_digits(text, 2, &second))
        return false;
    if (take_char(text, '.'))
        for (int64_t unit = 100000; unit > 0 && take_digits(text, 1, &digit); unit /= 10)
            fraction += digit * unit;
    *ret = ((hour * 60 + minute) * 60 + second) * 1000000 + fraction;
    return true;
}

bool ep_pg_read_timestamp(ep_str text, int64_t *ret) {
    int32_t day;
    int64_t time;
    int side = beyond(text);
    if (side != 0) {
        *ret = side < 0 ? EP_TS_MIN : EP_TS_MAX;
        return true;
    }
    if (!take_date(&text, &day) || !take_char(&text, ' ') || !take_time(&text, &time))
        return false;
    if (text.len > 0 && !ep_str_is(text, "+00")) /* of a timestamp with time zone */
        return false;
    *ret = day * EP_DAY_US + time;
    return true;
}

bool ep_pg_read_date(ep_str text, int64_t *ret) {
    int32_t day;
    int side = beyond(text);
    if (side != 0) {
        *ret = ep_days_from_civil(side < 0 ? 1 : 9999, side < 0 ? 1 : 12, side < 0 ? 1 : 31);
        return true;
    }
    if (!take_date(&text, &day) || text.len > 0)
        return false;
    *ret = day;
    return true;
}

bool ep_pg_read_time(ep_str text, int64_t *ret) {
    return take_time(&text, ret) && text.len == 0;
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool ep_pg_read_bytea(ep_str text, char *out, size_t *ret_len) {
    if (!ep_str_starts(text, "\\x") || text.len % 2 != 0)
        return false;
    *ret_len = (text.len - 2) / 2;
    for (size_t i = 0; i < *ret_len; i++) {
        int high = hex_digit(text.ptr[2 + 2 * i]), low = hex_digit(text.ptr[3 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (char)(high << 4 | low);
    }
    return true;
}

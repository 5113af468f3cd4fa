/* The shape in which most moments come, a word at a time. */
#include "base/time.h"

#include <string.h>

/* Shape "0000-00-00T00:00:00.000000Z": 8 bytes of it, and what to add to the difference of a byte so that its high bit says
 * that a digit (above 9) or a mark (above 0) is wrong. Lowest byte first. */
#define DIGIT UINT64_C(0x76)
#define MARK  UINT64_C(0x7f)
#define PACK(a, b, c, d, e, f, g, h)                                                                        \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | (uint64_t)(e) << 32 | \
     (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)
#define HIGH_BITS UINT64_C(0x8080808080808080)

static inline uint64_t load8(const char *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Digits as numbers, marks as 0; `*bad` gets bits when the word has another shape. */
static inline uint64_t digits_of(const char *at, uint64_t shape, uint64_t limits, uint64_t *bad) {
    uint64_t values = load8(at) ^ shape;
    *bad |= (values + limits) | values;
    return values;
}

/* Two digits, the first of them at byte `first`. */
static inline unsigned pair(uint64_t values, int first) {
    return (unsigned)(values >> (8 * first) & 15) * 10 + (unsigned)(values >> (8 * first + 8) & 15);
}

static unsigned last_day(unsigned year, unsigned month) {
    static const uint8_t days[16] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month & 15] + (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

bool ep_time_parse_utc(ep_str text, int64_t *ret) {
    uint64_t bad = 0, day, tod, fraction = 0;
    if (text.len != 27 && text.len != 20)
        return false;
    const char *at = text.ptr;
    uint64_t year = digits_of(at, PACK('0', '0', '0', '0', '-', '0', '0', '-'),
                              PACK(DIGIT, DIGIT, DIGIT, DIGIT, MARK, DIGIT, DIGIT, MARK), &bad);
    day = digits_of(at + 8, PACK('0', '0', 'T', '0', '0', ':', '0', '0'),
                    PACK(DIGIT, DIGIT, MARK, DIGIT, DIGIT, MARK, DIGIT, DIGIT), &bad);
    tod = digits_of(at + 12, PACK('0', ':', '0', '0', ':', '0', '0', text.len == 27 ? '.' : 'Z'),
                    PACK(DIGIT, MARK, DIGIT, DIGIT, MARK, DIGIT, DIGIT, MARK), &bad);
    if (text.len == 27)
        fraction = digits_of(at + 19, PACK('.', '0', '0', '0', '0', '0', '0', 'Z'),
                             PACK(MARK, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, MARK), &bad);
    if (bad & HIGH_BITS)
        return false;
    unsigned y = pair(year, 0) * 100 + pair(year, 2), m = pair(year, 5), d = pair(day, 0);
    unsigned hour = pair(day, 3), minute = pair(tod, 2), second = pair(tod, 5);
    if (y < 1 || m < 1 || m > 12 || d < 1 || (d > 28 && d > last_day(y, m)) || hour > 23 || minute > 59 ||
        second > 59)
        return false;
    unsigned us = pair(fraction, 1) * 10000 + pair(fraction, 3) * 100 + pair(fraction, 5);
    *ret = ep_days_from_civil((int)y, m, d) * EP_DAY_US +
           (int64_t)(hour * 3600 + minute * 60 + second) * INT64_C(1000000) + us;
    return true;
}

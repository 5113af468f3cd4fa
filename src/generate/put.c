#include "generate/put.h"

#include "base/time.h"

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
    "9899";

char *ep_put_uint(char *p, uint64_t value) {
    char text[20];
    size_t at = sizeof text;
    while (value >= 100) {
        at -= 2;
        memcpy(text + at, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(text + at, pairs + 2 * value, 2);
    } else {
        text[--at] = (char)('0' + value);
    }
    return ep_put_mem(p, text + at, sizeof text - at);
}

char *ep_put_int(char *p, int64_t value) {
    if (value < 0)
        *p++ = '-';
    return ep_put_uint(p, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

char *ep_put_padded(char *p, uint64_t value, int width) {
    char text[20];
    char *end = ep_put_uint(text, value);
    for (int len = (int)(end - text); len < width; len++)
        *p++ = '0';
    return ep_put_mem(p, text, (size_t)(end - text));
}

/* Eight hexadecimal digits at once: a nibble a byte, then '0' to each and what lies between '9' and 'a' to the large ones. */
static char *put_hex32(char *p, uint32_t word) {
    uint64_t x = word;
    x = ((x & UINT64_C(0xffff0000)) << 16) | (x & 0xffff);
    x = ((x & UINT64_C(0x0000ff000000ff00)) << 8) | (x & UINT64_C(0x000000ff000000ff));
    x = ((x & UINT64_C(0x00f000f000f000f0)) << 4) | (x & UINT64_C(0x000f000f000f000f));
    uint64_t large = ((x + UINT64_C(0x0606060606060606)) >> 4) & UINT64_C(0x0101010101010101);
    x += UINT64_C(0x3030303030303030) + large * 0x27;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    memcpy(p, &x, 8);
    return p + 8;
}

char *ep_put_uuid(char *p, uint64_t a, uint64_t b) {
    /* RFC 9562: version 4, variant 10. */
    a = (a & ~UINT64_C(0xf000)) | 0x4000;
    b = (b & ~(UINT64_C(3) << 62)) | (UINT64_C(1) << 63);
    char hex[32];
    put_hex32(put_hex32(hex, (uint32_t)(a >> 32)), (uint32_t)a);
    put_hex32(put_hex32(hex + 16, (uint32_t)(b >> 32)), (uint32_t)b);
    memcpy(p, hex, 8);
    p[8] = '-';
    memcpy(p + 9, hex + 8, 4);
    p[13] = '-';
    memcpy(p + 14, hex + 12, 4);
    p[18] = '-';
    memcpy(p + 19, hex + 16, 4);
    p[23] = '-';
    memcpy(p + 24, hex + 20, 12);
    return p + 36;
}

char *ep_put_float_cents(char *p, int64_t cents) {
    if (cents < 0) {
        *p++ = '-';
        cents = -cents;
    }
    p = ep_put_uint(p, (uint64_t)cents / 100);
    *p++ = '.';
    int fraction = (int)(cents % 100);
    *p++ = (char)('0' + fraction / 10);
    if (fraction % 10 != 0)
        *p++ = (char)('0' + fraction % 10);
    return p;
}

char *ep_put_money(char *p, int64_t units, int decimals) {
    if (units < 0) {
        *p++ = '-';
        units = -units;
    }
    p = ep_put_uint(p, (uint64_t)units / 10000);
    if (decimals > 0) {
        *p++ = '.';
        p = decimals == 2 ? ep_put_padded(p, (uint64_t)units % 10000 / 100, 2)
                          : ep_put_padded(p, (uint64_t)units % 10000, 4);
    }
    return p;
}

/* "seconds.fraction" without trailing zeros, at least one decimal. */
static char *put_seconds(char *p, int64_t seconds, uint64_t fraction, int digits) {
    p = ep_put_int(p, seconds);
    *p++ = '.';
    p = ep_put_padded(p, fraction, digits);
    for (int i = 1; i < digits && p[-1] == '0'; i++)
        p--;
    return p;
}

char *ep_put_epoch_us(char *p, int64_t ts_us) {
    /* Doubles of this size lie less than half a microsecond apart, so that at most six decimals tell them apart. */
    return put_seconds(p, ts_us / 1000000, (uint64_t)(ts_us % 1000000), 6);
}

char *ep_put_epoch_ns(char *p, int64_t ts_us, uint32_t nanoseconds) {
    int64_t seconds = ts_us / 1000000;
    uint64_t ns = (uint64_t)(ts_us % 1000000) * 1000 + nanoseconds;
    /* A double has 52 bits after the first: here 21 to 23 of them are the fraction. */
    int bits = 52 - (63 - __builtin_clzll((uint64_t)seconds | 1));
    uint64_t ticks = ((ns << bits) + 500000000) / 1000000000;
    uint64_t six = ((ticks * 1000000) + (UINT64_C(1) << (bits - 1))) >> bits;
    uint64_t exact = ticks * 1000000, near = six << bits;
    uint64_t off = exact > near ? exact - near : near - exact;
    uint64_t value = six, one = 1000000;
    int digits = 6;
    if (2 * off >= 1000000) {
        /* No six decimals within half a tick: seven always suffice, and Python takes the nearest. */
        value = ((ticks * 10000000) + (UINT64_C(1) << (bits - 1))) >> bits;
        /* Of two that are equally near, the even one. */
        if (value << bits == ticks * 10000000 + (UINT64_C(1) << (bits - 1)))
            value -= value & 1;
        one = 10000000;
        digits = 7;
    }
    return put_seconds(p, seconds + (int64_t)(value / one), value % one, digits);
}

char *ep_put_date(char *p, int32_t day) {
    char text[11];
    ep_time_format_date(day, text);
    return ep_put_mem(p, text, 10);
}

/* The day's text rarely changes from record to record. */
static char *put_moment(char *p, int64_t ts_us) {
    static __thread int32_t last_day = INT32_MIN;
    static __thread char last_text[11];
    int32_t day = (int32_t)(ts_us / EP_DAY_US);
    if (day != last_day) {
        ep_time_format_date(day, last_text);
        last_day = day;
    }
    uint64_t us = (uint64_t)(ts_us % EP_DAY_US);
    uint32_t seconds = (uint32_t)(us / 1000000), fraction = (uint32_t)(us % 1000000);
    p = ep_put_mem(p, last_text, 10);
    *p++ = 'T';
    p = ep_put_mem(p, pairs + 2 * (seconds / 3600), 2);
    *p++ = ':';
    p = ep_put_mem(p, pairs + 2 * (seconds / 60 % 60), 2);
    *p++ = ':';
    p = ep_put_mem(p, pairs + 2 * (seconds % 60), 2);
    *p++ = '.';
    p = ep_put_mem(p, pairs + 2 * (fraction / 10000), 2);
    p = ep_put_mem(p, pairs + 2 * (fraction / 100 % 100), 2);
    return ep_put_mem(p, pairs + 2 * (fraction % 100), 2);
}

char *ep_put_rfc3339(char *p, int64_t ts_us) {
    p = put_moment(p, ts_us);
    *p++ = 'Z';
    return p;
}

char *ep_put_rfc3339_offset(char *p, int64_t ts_us, int offset_hours) {
    p = put_moment(p, ts_us + offset_hours * INT64_C(3600000000));
    *p++ = offset_hours < 0 ? '-' : '+';
    p = ep_put_padded(p, (uint64_t)(offset_hours < 0 ? -offset_hours : offset_hours), 2);
    return EP_PUT(p, ":00");
}

char *ep_put_ascii(char *p, const char *text) {
    static const char hex[] = "0123456789abcdef";
    for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
        if (*s < 0x80) {
            *p++ = (char)*s;
            continue;
        }
        uint32_t c;
        if (*s < 0xe0) {
            c = (uint32_t)(*s & 0x1f) << 6 | (s[1] & 0x3f);
            s += 1;
        } else {
            c = (uint32_t)(*s & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);
            s += 2;
        }
        *p++ = '\\';
        *p++ = 'u';
        for (int shift = 12; shift >= 0; shift -= 4)
            *p++ = hex[c >> shift & 15];
    }
    return p;
}

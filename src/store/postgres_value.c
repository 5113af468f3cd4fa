#include <endian.h>
#include <string.h>

#include "store/postgres_private.h"

/* Of src/include/catalog/pg_type.dat: these numbers are part of the protocol and never change. */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25, OID_DATE = 1082, OID_TIME = 1083 };
enum { OID_TIMESTAMP = 1114, OID_NUMERIC = 1700 };

Oid ep_pg_oid(ep_type type) {
    static const Oid oids[EP_N_TYPES] = {
        [EP_T_TEXT] = OID_TEXT,           [EP_T_BOOL] = OID_BOOL,  [EP_T_INT] = OID_INT8,
        [EP_T_DECIMAL] = OID_NUMERIC,     [EP_T_DATE] = OID_DATE,  [EP_T_TIME] = OID_TIME,
        [EP_T_TIMESTAMP] = OID_TIMESTAMP, [EP_T_BLOB] = OID_BYTEA,
    };
    return oids[type];
}

static void put_null(ep_buf *buf) {
    ep_buf_add(buf, "\xff\xff\xff\xff", 4); /* length -1 */
}

static void put_8(ep_buf *buf, int64_t value) {
    struct __attribute__((packed)) {
        uint32_t len;
        uint64_t value;
    } cell = {htobe32(8), htobe64((uint64_t)value)};
    ep_buf_add(buf, &cell, sizeof cell);
}

static void put_4(ep_buf *buf, int32_t value) {
    uint32_t cell[2] = {htobe32(4), htobe32((uint32_t)value)};
    ep_buf_add(buf, cell, sizeof cell);
}

static void put_bool(ep_buf *buf, bool value) {
    char cell[5] = {0, 0, 0, 1, (char)value};
    ep_buf_add(buf, cell, sizeof cell);
}

static void put_bytes(ep_buf *buf, ep_str bytes) {
    uint32_t len = htobe32((uint32_t)bytes.len);
    ep_buf_add(buf, &len, sizeof len);
    ep_buf_put_str(buf, bytes);
}

/* numeric: number of digits to base 10,000, weight of the first, sign, decimals shown, then the digits. */
static void put_numeric(ep_buf *buf, ep_int128 value, int scale) {
    enum { BASE = 10000, MAX_DIGITS = 24, HEAD = 5 };
    uint16_t digits[MAX_DIGITS]; /* least significant first */
    int n = 0, n_fraction = (scale + 3) / 4, odd = scale % 4;
    ep_int128 rest = value < 0 ? -value : value; /* below 10^38 */
    if (odd > 0) {                               /* the last group is filled up with zeros */
        unsigned part = (unsigned)ep_pow10(odd);
        digits[n++] = (uint16_t)((unsigned)(rest % part) * (unsigned)ep_pow10(4 - odd));
        rest /= part;
    }
    while (rest > UINT64_MAX) {
        digits[n++] = (uint16_t)(rest % BASE);
        rest /= BASE;
    }
    for (uint64_t small = (uint64_t)rest; small > 0; small /= BASE)
        digits[n++] = (uint16_t)(small % BASE);
    int first = 0; /* zeros at the end are not sent */
    while (first < n && digits[first] == 0)
        first++;
    int n_sent = n - first;
    uint16_t cell[2 + HEAD - 1 + MAX_DIGITS];
    uint32_t len = htobe32((uint32_t)(8 + 2 * n_sent));
    memcpy(cell, &len, sizeof len);
    cell[2] = htobe16((uint16_t)n_sent);
    cell[3] = htobe16((uint16_t)(n_sent > 0 ? n - n_fraction - 1 : 0));
    cell[4] = htobe16(value < 0 ? 0x4000 : 0);
    cell[5] = htobe16((uint16_t)scale);
    for (int i = 0; i < n_sent; i++)
        cell[6 + i] = htobe16(digits[n - 1 - i]);
    ep_buf_add(buf, cell, 12 + 2 * (size_t)n_sent);
}

static bool put_i64(ep_buf *buf, ep_type type, int64_t value) {
    switch (type) {
    case EP_T_BOOL:
        if (value != 0 && value != 1)
            return false;
        put_bool(buf, value != 0);
        return true;
    case EP_T_INT: put_8(buf, value); return true;
    case EP_T_DATE:
        if (value < EP_TS_MIN / EP_DAY_US || value > EP_TS_MAX / EP_DAY_US)
            return false;
        put_4(buf, (int32_t)value - EP_PG_EPOCH_DAYS);
        return true;
    case EP_T_TIME:
        if (value < 0 || value >= EP_DAY_US)
            return false;
        put_8(buf, value);
        return true;
    case EP_T_TIMESTAMP:
        if (value < EP_TS_MIN || value > EP_TS_MAX)
            return false;
        put_8(buf, value - EP_PG_EPOCH_US);
        return true;
    case EP_T_TEXT:
    case EP_T_DECIMAL:
    case EP_T_BLOB:
    case EP_N_TYPES: break;
    }
    return false;
}

static bool put_decimal(ep_buf *buf, const ep_column_def *column, ep_int128 value) {
    if (column->precision < 1 || column->precision > EP_DECIMAL_MAX_PRECISION ||
        column->scale > column->precision)
        return false;
    ep_int128 limit = ep_pow10(column->precision);
    if (value >= limit || value <= -limit)
        return false;
    put_numeric(buf, value, column->scale);
    return true;
}

static bool put_text(ep_buf *buf, ep_type type, ep_str text) {
    /* A message of the protocol holds less than 1 GB. */
    if (text.len >= (size_t)1 << 30 || (type == EP_T_TEXT && !ep_utf8_valid(text.ptr, text.len)))
        return false;
    put_bytes(buf, text);
    return true;
}

bool ep_pg_put_cell(ep_buf *buf, const ep_column_def *column, const ep_value *value) {
    if (value->state != EP_VALUE) {
        put_null(buf);
        return true;
    }
    if (column->type == EP_T_TEXT || column->type == EP_T_BLOB)
        return put_text(buf, column->type, value->text);
    if (column->type == EP_T_DECIMAL)
        return put_decimal(buf, column, value->i128);
    return put_i64(buf, column->type, value->i64);
}

bool ep_pg_put_batch_cell(ep_buf *buf, const ep_column_def *def, const ep_column *column, size_t row) {
    if (column->state[row] != EP_VALUE) {
        put_null(buf);
        return true;
    }
    if (column->text)
        return put_text(buf, def->type, column->text[row]);
    if (def->type == EP_T_DECIMAL)
        return put_decimal(buf, def, column->i128 ? column->i128[row] : column->i64[row]);
    return put_i64(buf, def->type, column->i64[row]);
}

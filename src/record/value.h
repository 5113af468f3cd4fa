#ifndef EP_RECORD_VALUE_H
#define EP_RECORD_VALUE_H

#include "base/decimal.h"
#include "base/time.h"

typedef enum ep_type {
    EP_T_TEXT,      /* ep_str, valid UTF-8 without NUL */
    EP_T_BOOL,      /* i64 0 or 1 */
    EP_T_INT,       /* i64 */
    EP_T_DECIMAL,   /* i128, value times 10^scale */
    EP_T_DATE,      /* i64: days since 1970-01-01 */
    EP_T_TIME,      /* i64: microseconds of the day */
    EP_T_TIMESTAMP, /* i64: microseconds UTC */
    EP_T_BLOB,      /* ep_str, any bytes; only the warehouse's own books */
    EP_N_TYPES
} ep_type;

/* A cell has three states: absent leaves an attribute as it was, NULL sets it. */
typedef enum ep_state { EP_ABSENT = 0, EP_NULL = 1, EP_VALUE = 2 } ep_state;

/* One typed cell, a parameter or a result. Text is a view: whoever hands it over says how long it lives. */
typedef struct ep_value {
    ep_type type;
    ep_state state;
    uint8_t precision, scale; /* decimals only */
    ep_str text;
    int64_t i64;
    ep_int128 i128;
} ep_value;

const char *ep_type_name(ep_type type); /* text, boolean, integer, decimal, date, time, timestamp, blob */

ep_value ep_v_null(ep_type type);
ep_value ep_v_text(ep_str text);
ep_value ep_v_cstr(const char *text); /* NULL pointer gives NULL */
ep_value ep_v_blob(ep_str bytes);
ep_value ep_v_int(int64_t value);
ep_value ep_v_bool(bool value);
ep_value ep_v_ts(int64_t ts_us);
ep_value ep_v_date(int32_t days);
ep_value ep_v_decimal(ep_int128 value, int precision, int scale);

/** Canonical text of h1 and of displays: decimals with exactly their scale, "true"/"false", ISO dates, 26-character
 * timestamps; NULL and absent append nothing. */
void ep_value_put(ep_buf *buf, const ep_value *value);

#endif

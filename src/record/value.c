#include "record/value.h"

#include "base/hash.h"

const char *ep_type_name(ep_type type) {
    static const char *const names[EP_N_TYPES] = {
        [EP_T_TEXT] = "text",           [EP_T_BOOL] = "boolean", [EP_T_INT] = "integer",
        [EP_T_DECIMAL] = "decimal",     [EP_T_DATE] = "date",    [EP_T_TIME] = "time",
        [EP_T_TIMESTAMP] = "timestamp", [EP_T_BLOB] = "blob",
    };
    return (unsigned)type < EP_N_TYPES ? names[type] : "unknown";
}

ep_value ep_v_null(ep_type type) {
    return (ep_value){.type = type, .state = EP_NULL};
}

ep_value ep_v_text(ep_str text) {
    return (ep_value){.type = EP_T_TEXT, .state = EP_VALUE, .text = text};
}

ep_value ep_v_cstr(const char *text) {
    return text ? ep_v_text(ep_str_from(text)) : ep_v_null(EP_T_TEXT);
}

ep_value ep_v_blob(ep_str bytes) {
    return (ep_value){.type = EP_T_BLOB, .state = EP_VALUE, .text = bytes};
}

static ep_value of_i64(ep_type type, int64_t value) {
    return (ep_value){.type = type, .state = EP_VALUE, .i64 = value};
}

ep_value ep_v_int(int64_t value) {
    return of_i64(EP_T_INT, value);
}

ep_value ep_v_bool(bool value) {
    return of_i64(EP_T_BOOL, value);
}

ep_value ep_v_ts(int64_t ts_us) {
    return of_i64(EP_T_TIMESTAMP, ts_us);
}

ep_value ep_v_date(int32_t days) {
    return of_i64(EP_T_DATE, days);
}

ep_value ep_v_decimal(ep_int128 value, int precision, int scale) {
    return (ep_value){.type = EP_T_DECIMAL,
                      .state = EP_VALUE,
                      .precision = (uint8_t)precision,
                      .scale = (uint8_t)scale,
                      .i128 = value};
}

static void put_hex(ep_buf *buf, ep_str bytes) {
    char digits[65];
    for (size_t at = 0; at < bytes.len;) {
        size_t n = bytes.len - at < 32 ? bytes.len - at : 32;
        ep_hex((const uint8_t *)bytes.ptr + at, n, digits);
        ep_buf_add(buf, digits, 2 * n);
        at += n;
    }
}

void ep_value_put(ep_buf *buf, const ep_value *value) {
    char text[48];
    if (value->state != EP_VALUE)
        return;
    switch (value->type) {
    case EP_T_TEXT: ep_buf_put_str(buf, value->text); break;
    case EP_T_BOOL: ep_buf_puts(buf, value->i64 ? "true" : "false"); break;
    case EP_T_INT: ep_buf_put_int(buf, value->i64); break;
    case EP_T_DECIMAL: ep_buf_add(buf, text, ep_decimal_format(value->i128, value->scale, text)); break;
    case EP_T_DATE:
        ep_time_format_date((int32_t)value->i64, text);
        ep_buf_add(buf, text, 10);
        break;
    case EP_T_TIME:
        ep_time_format_tod(value->i64, text);
        ep_buf_add(buf, text, 15);
        break;
    case EP_T_TIMESTAMP:
        ep_time_format_ts(value->i64, text);
        ep_buf_add(buf, text, 26);
        break;
    case EP_T_BLOB: put_hex(buf, value->text); break;
    case EP_N_TYPES: break;
    }
}

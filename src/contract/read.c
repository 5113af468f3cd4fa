#include "contract/check_private.h"
#include "contract/json_text.h"

#include <stdio.h>
#include <string.h>

/* What is asked of one cell. */
typedef struct request {
    const ep_contract_field *field;
    ep_raw_kind kind;
    ep_str text;
    const ep_read_options *options;
    ep_batch *batch;
    size_t row, column;
    bool dates_rows; /* the field of validTime or bindTime */
    const char *detail;
} request;

/* "is text of 12 characters, must be a whole number": kind and length, never the value. */
static ep_reason_code refuse(request *r, ep_reason_code code, const char *must) {
    const char *text = NULL;
    switch (r->kind) {
    case EP_RAW_TEXT:
        if (ep_utf8_valid(r->text.ptr, r->text.len))
            text = ep_arena_printf(&r->batch->arena, "is text of %zu characters, must be %s",
                                   ep_utf8_count(r->text.ptr, r->text.len), must);
        break;
    case EP_RAW_NUMBER: text = ep_arena_printf(&r->batch->arena, "is a number, must be %s", must); break;
    case EP_RAW_BOOL: text = ep_arena_printf(&r->batch->arena, "is true or false, must be %s", must); break;
    case EP_RAW_JSON:
        text = ep_arena_printf(&r->batch->arena, "is %s, must be %s",
                               r->text.len > 0 && r->text.ptr[0] == '[' ? "a list" : "an object", must);
        break;
    }
    r->detail = text ? text : "is not of the field's type";
    return code;
}

/* Takes out marks between thousands and makes the decimal mark a point. False when the marks stand where they cannot. */
static bool plain_number(const request *r, char room[64], ep_str *ret) {
    char decimal = r->options && r->options->decimal_mark ? r->options->decimal_mark : '.';
    char group = r->options ? r->options->group_mark : 0;
    if ((decimal == '.' && !group) || r->kind == EP_RAW_NUMBER) {
        *ret = r->text;
        return true;
    }
    size_t n = 0, since_group = 0;
    bool grouped = false, fraction = false;
    for (size_t i = 0; i < r->text.len; i++) {
        char c = r->text.ptr[i];
        if (n == 63)
            return false;
        if (c == group && group && !fraction) {
            /* 1 234 567: up to three digits before the first mark, three between two. */
            if (grouped ? since_group != 3 : since_group < 1 || since_group > 3)
                return false;
            grouped = true;
            since_group = 0;
            continue;
        }
        if (c == decimal) {
            if (fraction || (grouped && since_group != 3))
                return false;
            fraction = true;
            room[n++] = '.';
            continue;
        }
        if (c == '.' || c == ',')
            return false;
        since_group += c >= '0' && c <= '9';
        room[n++] = c;
    }
    if (grouped && !fraction && since_group != 3)
        return false;
    *ret = (ep_str){room, n};
    return true;
}

static ep_reason_code number_result(request *r, ep_num_result result, const char *must) {
    static const char *const range = "has more digits than the type holds";
    static const char *const scale = "has more decimals than the type holds";
    switch (result) {
    case EP_NUM_OK: return EP_R_NONE;
    case EP_NUM_SYNTAX: return refuse(r, EP_R_TYPE, must);
    case EP_NUM_RANGE: r->detail = range; return EP_R_RANGE;
    case EP_NUM_SCALE: break;
    }
    r->detail = scale;
    return EP_R_SCALE;
}

static ep_reason_code read_number(request *r) {
    const ep_column_def *column = &r->field->column;
    bool whole = column->type == EP_T_INT;
    const char *must = whole ? "a whole number" : "a number";
    char room[64];
    ep_str text;
    if (r->kind == EP_RAW_BOOL || r->kind == EP_RAW_JSON || !plain_number(r, room, &text))
        return refuse(r, EP_R_TYPE, must);
    if (whole) {
        int64_t value;
        ep_reason_code code = number_result(r, ep_int_parse(text, &value), must);
        if (code == EP_R_SCALE)
            return refuse(r, EP_R_TYPE, must);
        if (code == EP_R_NONE)
            ep_batch_set_i64(r->batch, r->row, r->column, value);
        return code;
    }
    ep_int128 value;
    ep_reason_code code =
        number_result(r, ep_decimal_parse(text, column->precision, column->scale, &value), must);
    if (code == EP_R_NONE)
        ep_batch_set_i128(r->batch, r->row, r->column, value);
    return code;
}

static ep_reason_code read_bool(request *r) {
    bool is_true = ep_str_is(r->text, "true") || (r->kind == EP_RAW_TEXT && ep_str_is(r->text, "1"));
    bool is_false = ep_str_is(r->text, "false") || (r->kind == EP_RAW_TEXT && ep_str_is(r->text, "0"));
    if ((r->kind != EP_RAW_BOOL && r->kind != EP_RAW_TEXT) || !(is_true || is_false))
        return refuse(r, EP_R_TYPE, "true or false");
    ep_batch_set_i64(r->batch, r->row, r->column, is_true);
    return EP_R_NONE;
}

static ep_reason_code read_text(request *r) {
    if (r->kind != EP_RAW_TEXT && r->kind != EP_RAW_NUMBER)
        return refuse(r, EP_R_TYPE, "text");
    if (r->kind == EP_RAW_TEXT && !ep_utf8_valid(r->text.ptr, r->text.len)) {
        r->detail = "must be UTF-8 without NUL";
        return EP_R_TEXT_ENCODING;
    }
    ep_batch_set_text(r->batch, r->row, r->column, r->text);
    return EP_R_NONE;
}

static ep_reason_code read_json(request *r, ep_json_kind kind) {
    const char *must = kind == EP_J_LIST ? "a list" : "an object";
    char first = kind == EP_J_LIST ? '[' : '{';
    ep_str text = ep_str_trim(r->text);
    if ((r->kind != EP_RAW_JSON && r->kind != EP_RAW_TEXT) || text.len == 0 || text.ptr[0] != first)
        return refuse(r, EP_R_TYPE, must);
    /* Text, a CSV cell for example, has not been through a JSON parser yet. */
    if (r->kind == EP_RAW_TEXT && !ep_json_text_valid(text))
        return refuse(r, EP_R_TYPE, kind == EP_J_LIST ? "a JSON list" : "a JSON object");
    ep_batch_set_text(r->batch, r->row, r->column, text);
    return EP_R_NONE;
}

static int32_t floor_day(int64_t local_us) {
    int64_t day = local_us / EP_DAY_US;
    return (int32_t)(local_us % EP_DAY_US < 0 ? day - 1 : day);
}

/* A date field may be sent as a moment: its day in the declared zone, without one in Europe/Paris. */
static bool parse_day(ep_str text, ep_time_format format, const char *pattern, const ep_zone *zone,
                      int64_t *ret) {
    int32_t day;
    int64_t moment;
    if (format == EP_TF_DATE || format == EP_TF_PATTERN) {
        if (!ep_date_parse(text, format == EP_TF_PATTERN ? pattern : NULL, &day))
            return false;
        *ret = day;
        return true;
    }
    if (!ep_time_parse(text, format, NULL, zone, &moment))
        return false;
    int64_t local_us = zone ? moment + (int64_t)ep_zone_offset_s(zone, moment) * 1000000 : moment;
    if (local_us < EP_TS_MIN || local_us > EP_TS_MAX)
        return false;
    *ret = zone ? floor_day(local_us) : ep_paris_day(moment);
    return true;
}

static bool parse_moment(ep_type type, ep_str text, ep_time_format format, const char *pattern,
                         const ep_zone *zone, int64_t *ret) {
    switch (type) {
    case EP_T_DATE: return parse_day(text, format, pattern, zone, ret);
    case EP_T_TIME: return ep_timeofday_parse(text, format == EP_TF_PATTERN ? pattern : NULL, ret);
    default: return ep_time_parse(text, format, pattern, zone, ret);
    }
}

static bool parse_by_field(const ep_contract_field *field, ep_str text, const ep_zone *zone, int64_t *ret) {
    ep_type type = field->column.type;
    if (parse_moment(type, text, field->time_format, field->time_pattern, zone, ret))
        return true;
    /* With a declared zone a text without zone is good too. */
    return type == EP_T_TIMESTAMP && field->time_format == EP_TF_RFC3339 && zone &&
           ep_time_parse(text, EP_TF_LOCAL, NULL, zone, ret);
}

bool ep_read_moment_literal(const ep_contract_field *field, ep_str text, int64_t *ret) {
    const ep_zone *zone = field->zone ? field->zone : ep_zone_find(EP_STR("UTC"));
    if (parse_by_field(field, text, zone, ret))
        return true;
    if (field->column.type != EP_T_TIMESTAMP)
        return parse_moment(field->column.type, text, EP_TF_DATE, NULL, zone, ret);
    return ep_time_parse(text, EP_TF_RFC3339, NULL, zone, ret) ||
           ep_time_parse(text, EP_TF_LOCAL, NULL, zone, ret) ||
           ep_time_parse(text, EP_TF_DATE, NULL, zone, ret);
}

static ep_reason_code read_moment(request *r) {
    static const char *const musts[] = {
        [EP_T_DATE] = "a date", [EP_T_TIME] = "a time of day", [EP_T_TIMESTAMP] = "a date and time"};
    const ep_read_options *options = r->options;
    const ep_zone *zone = options && options->zone ? options->zone : r->field->zone;
    ep_type type = r->field->column.type;
    int64_t value;
    bool good = false;
    if (r->kind == EP_RAW_TEXT || r->kind == EP_RAW_NUMBER) {
        if (options && options->n_formats > 0)
            for (size_t i = 0; i < options->n_formats && !good; i++)
                good = parse_moment(type, r->text, options->formats[i], options->pattern, zone, &value);
        else
            good = parse_by_field(r->field, r->text, zone, &value);
    }
    /* That instant says "still": no version is valid then, and nothing can be bound to one. */
    if (good && r->dates_rows && type == EP_T_TIMESTAMP && value == EP_TS_MAX)
        return refuse(r, EP_R_RANGE, "before 9999-12-31T23:59:59.999999Z");
    if (good) {
        ep_batch_set_i64(r->batch, r->row, r->column, value);
        return EP_R_NONE;
    }
    char must[120];
    const char *pattern = options && options->n_formats > 0 ? options->pattern : r->field->time_pattern;
    if (pattern)
        snprintf(must, sizeof must, "%s as %.60s", musts[type], pattern);
    return refuse(r, EP_R_TYPE, pattern ? must : musts[type]);
}

ep_reason_code ep_contract_read(const ep_contract *contract, size_t field, ep_raw_kind kind, ep_str text,
                                const ep_read_options *options, ep_batch *batch, size_t row,
                                const char **ret_detail) {
    bool dates_rows = (int)field == contract->valid_time || (int)field == contract->bind_time;
    request r = {&contract->fields[field], kind, text, options, batch, row, field, dates_rows, ""};
    ep_reason_code code = EP_R_TYPE;
    switch (r.field->column.type) {
    case EP_T_TEXT: {
        ep_json_kind json = contract->checks->fields[field].json;
        code = json == EP_J_NONE ? read_text(&r) : read_json(&r, json);
        break;
    }
    case EP_T_INT:
    case EP_T_DECIMAL: code = read_number(&r); break;
    case EP_T_BOOL: code = read_bool(&r); break;
    case EP_T_DATE:
    case EP_T_TIME:
    case EP_T_TIMESTAMP: code = read_moment(&r); break;
    default: break;
    }
    if (code != EP_R_NONE && ret_detail)
        *ret_detail = r.detail;
    return code;
}

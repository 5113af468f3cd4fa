/* Row-level checks, a column at a time: a cheap pass over the column first, the slow one only when something is wrong. */
#include "contract/check_private.h"

#include <stdio.h>
#include <string.h>

ep_code ep_check_add(const ep_check_run *run, size_t row, int field, ep_reason_code code,
                     ep_severity severity, const char *format, ...) {
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ep_reason reason = {.code = code,
                        .severity = severity,
                        .record = run->record_of[row],
                        .group = run->group_of[row],
                        .row = (uint32_t)row,
                        .contract = run->contract->name,
                        .field = field >= 0 ? run->contract->fields[field].name : ""};
    return ep_reasons_add(run->reasons, &reason, run->err, "%s", text);
}

bool ep_check_failed(const ep_check_run *run, size_t row, size_t field) {
    size_t words = (run->contract->n_fields + 63) / 64;
    return run->failed && (run->failed[row * words + field / 64] >> (field % 64) & 1);
}

ep_int128 ep_cell_number(const ep_column *column, size_t row) {
    return column->i128 ? column->i128[row] : column->i64[row];
}

/* "rule NAME: " before the detail of a quality rule. */
#define RULE_FORMAT     "%s%s%s"
#define RULE_ARGS(name) (name)[0] ? "rule " : "", (name), (name)[0] ? ": " : ""

static bool all_have_values(const uint8_t *state, size_t n) {
    unsigned bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= state[i] ^ EP_VALUE;
    return bad == 0;
}

static ep_code check_required(const ep_check_run *run, size_t field) {
    const ep_field_checks *checks = &run->contract->checks->fields[field];
    const uint8_t *state = run->batch->columns[field].state;
    if (all_have_values(state + run->from, run->to - run->from))
        return EP_OK;
    for (size_t row = run->from; row < run->to; row++) {
        if (state[row] == EP_VALUE || ep_check_failed(run, row, field))
            continue;
        for (size_t i = 0; i < checks->n_required; i++)
            EP_TRY(ep_check_add(run, row, (int)field, EP_R_REQUIRED, checks->required[i].severity,
                                RULE_FORMAT "%s", RULE_ARGS(checks->required[i].rule),
                                state[row] == EP_NULL ? "is null, must have a value"
                                                      : "is missing, must have a value"));
    }
    return EP_OK;
}

static bool all_within(const uint8_t *state, const int64_t *values, size_t n, int64_t low, int64_t high) {
    unsigned bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |=
            (unsigned)(state[i] == EP_VALUE) & ((unsigned)(values[i] < low) | (unsigned)(values[i] > high));
    return bad == 0;
}

static const char *bound_words(const ep_bound *bound, bool upper) {
    if (bound->exclusive)
        return upper ? "less than" : "more than";
    return upper ? "at most" : "at least";
}

static ep_code check_bound(const ep_check_run *run, size_t field, const ep_bound *bound, bool upper) {
    const ep_column *column = &run->batch->columns[field];
    for (size_t row = run->from; row < run->to; row++) {
        if (column->state[row] != EP_VALUE)
            continue;
        ep_int128 value = ep_cell_number(column, row);
        if (upper ? value > bound->value : value < bound->value)
            EP_TRY(ep_check_add(run, row, (int)field, bound->code, EP_S_ERROR, "must be %s %s",
                                bound_words(bound, upper), bound->text));
    }
    return EP_OK;
}

static int64_t clamp(ep_int128 value) {
    return value < INT64_MIN ? INT64_MIN : value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static ep_code check_bounds(const ep_check_run *run, size_t field) {
    const ep_field_checks *checks = &run->contract->checks->fields[field];
    const ep_column *column = &run->batch->columns[field];
    ep_int128 low = INT64_MIN, high = INT64_MAX;
    bool any = false;
    for (int i = 0; i < 6; i++) {
        const ep_bound *bound = &checks->bounds[i];
        any |= bound->set;
        if (bound->set && i % 2 == 0 && bound->value > low)
            low = bound->value;
        if (bound->set && i % 2 == 1 && bound->value < high)
            high = bound->value;
    }
    /* A bound beyond 64 bits cannot be told by clamped ones. */
    bool exact = low <= INT64_MAX && high >= INT64_MIN;
    if (!any || (column->i64 && exact &&
                 all_within(column->state + run->from, column->i64 + run->from, run->to - run->from,
                            clamp(low), clamp(high))))
        return EP_OK;
    for (int i = 0; i < 6; i++)
        if (checks->bounds[i].set)
            EP_TRY(check_bound(run, field, &checks->bounds[i], i % 2 == 1));
    return EP_OK;
}

static ep_code check_step(const ep_check_run *run, size_t field) {
    const ep_field_checks *checks = &run->contract->checks->fields[field];
    const ep_column *column = &run->batch->columns[field];
    bool narrow = column->i64 && checks->step <= INT64_MAX;
    for (size_t row = run->from; row < run->to; row++) {
        if (column->state[row] != EP_VALUE)
            continue;
        bool good = narrow ? column->i64[row] % (int64_t)checks->step == 0
                           : ep_cell_number(column, row) % checks->step == 0;
        if (!good)
            EP_TRY(ep_check_add(run, row, (int)field, EP_R_MULTIPLE, EP_S_ERROR, "must be a multiple of %s",
                                checks->step_text));
    }
    return EP_OK;
}

/* True when the bytes alone show that the length is good: a code point has one to four. */
static bool surely_long_enough(ep_str text, const ep_field_checks *checks) {
    return (checks->min_length < 0 || (int64_t)(text.len / 4) >= checks->min_length) &&
           (checks->max_length < 0 || (int64_t)text.len <= checks->max_length);
}

static ep_code check_length(const ep_check_run *run, size_t field) {
    const ep_field_checks *checks = &run->contract->checks->fields[field];
    const ep_column *column = &run->batch->columns[field];
    for (size_t row = run->from; row < run->to; row++) {
        if (column->state[row] != EP_VALUE || surely_long_enough(column->text[row], checks))
            continue;
        int64_t length = (int64_t)ep_utf8_count(column->text[row].ptr, column->text[row].len);
        if (checks->min_length >= 0 && length < checks->min_length)
            EP_TRY(ep_check_add(run, row, (int)field, EP_R_MIN_LENGTH, EP_S_ERROR,
                                "has %lld characters, must have at least %lld", (long long)length,
                                (long long)checks->min_length));
        if (checks->max_length >= 0 && length > checks->max_length)
            EP_TRY(ep_check_add(run, row, (int)field, EP_R_MAX_LENGTH, EP_S_ERROR,
                                "has %lld characters, must have at most %lld", (long long)length,
                                (long long)checks->max_length));
    }
    return EP_OK;
}

static ep_code check_pattern(const ep_check_run *run, size_t field, const ep_pattern_check *check) {
    const ep_column *column = &run->batch->columns[field];
    for (size_t row = run->from; row < run->to; row++) {
        if (column->state[row] != EP_VALUE)
            continue;
        ep_match match = ep_pattern_match(check->pattern, run->matcher, column->text[row]);
        if (match != EP_MATCH_YES)
            EP_TRY(ep_check_add(run, row, (int)field, EP_R_PATTERN, check->severity, RULE_FORMAT "%s%.200s",
                                RULE_ARGS(check->rule),
                                match == EP_MATCH_NO ? "must match " : "takes too many steps to match ",
                                check->text));
    }
    return EP_OK;
}

static ep_code check_format(const ep_check_run *run, size_t field) {
    const ep_validator *validator = run->contract->checks->fields[field].validator;
    const ep_column *column = &run->batch->columns[field];
    for (size_t row = run->from; row < run->to; row++) {
        const char *why = column->state[row] == EP_VALUE ? validator->check(column->text[row]) : NULL;
        if (why)
            EP_TRY(
                ep_check_add(run, row, (int)field, EP_R_FORMAT, EP_S_ERROR, "%s: %s", validator->name, why));
    }
    return EP_OK;
}

static ep_code check_set(const ep_check_run *run, size_t field, const ep_value_set *set) {
    const ep_column *column = &run->batch->columns[field];
    for (size_t row = run->from; row < run->to; row++) {
        if (column->state[row] != EP_VALUE)
            continue;
        bool in = column->text ? ep_value_set_has_text(set, column->text[row])
                               : ep_value_set_has_number(set, ep_cell_number(column, row));
        if (in == set->missing)
            EP_TRY(ep_check_add(run, row, (int)field, set->missing ? EP_R_REQUIRED : EP_R_ENUM, set->severity,
                                RULE_FORMAT "%s", RULE_ARGS(set->rule),
                                set->missing ? "holds a text that counts as missing" : set->detail));
    }
    return EP_OK;
}

ep_code ep_check_field(const ep_check_run *run, size_t field) {
    const ep_field_checks *checks = &run->contract->checks->fields[field];
    if (checks->n_required > 0)
        EP_TRY(check_required(run, field));
    if (checks->json != EP_J_NONE)
        return ep_check_json(run, field);
    EP_TRY(check_bounds(run, field));
    if (checks->step > 0)
        EP_TRY(check_step(run, field));
    if (checks->min_length >= 0 || checks->max_length >= 0)
        EP_TRY(check_length(run, field));
    for (size_t i = 0; i < checks->n_patterns; i++)
        EP_TRY(check_pattern(run, field, &checks->patterns[i]));
    if (checks->validator)
        EP_TRY(check_format(run, field));
    for (size_t i = 0; i < checks->n_sets; i++)
        EP_TRY(check_set(run, field, checks->sets[i]));
    return EP_OK;
}

ep_code ep_contract_check(const ep_contract *contract, const ep_batch *batch, size_t from,
                          const uint32_t *record_of, const uint32_t *group_of, const uint64_t *failed,
                          ep_reasons *reasons, ep_error *err) {
    EP_CLEANUP(ep_matcher_free) ep_matcher *matcher = NULL;
    if (from >= batch->n_rows)
        return EP_OK;
    if (contract->checks->has_patterns)
        EP_TRY(ep_matcher_new(&matcher, err));
    ep_check_run run = {contract, batch,  from,    batch->n_rows, record_of,
                        group_of, failed, matcher, reasons,       err};
    for (size_t field = 0; field < contract->n_fields; field++)
        EP_TRY(ep_check_field(&run, field));
    return ep_check_cross(&run);
}

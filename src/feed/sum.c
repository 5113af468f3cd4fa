#include "feed/number.h"
#include "feed/runner.h"

#include <string.h>

/* Do the rows of a record add up to its total? Exact: 128-bit decimals, no division. */

static bool has_failed(const ep_unit_table *table, size_t row, uint32_t field) {
    size_t words = (table->contract->n_fields + 63) / 64;
    return table->failed[row * words + field / 64] >> (field % 64) & 1;
}

typedef enum sum_state { SUM_GOOD, SUM_UNREADABLE, SUM_TOO_LARGE } sum_state;

/* Adds the product of a row's fields; a row without one of them adds nothing. */
static sum_state add_row(const ep_sum_check *check, const ep_unit_table *table, size_t row, ep_int128 *sum) {
    ep_int128 product = 1;
    bool complete = true, fits = true;
    for (size_t i = 0; i < check->n_of; i++) {
        const ep_column *cells = &table->batch->columns[check->of[i]];
        if (has_failed(table, row, check->of[i]))
            return SUM_UNREADABLE;
        if (cells->state[row] != EP_VALUE)
            complete = false;
        else
            fits =
                fits && ep_decimal_mul(product, cells->i128 ? cells->i128[row] : cells->i64[row], &product);
    }
    if (!complete)
        return SUM_GOOD;
    return fits && !__builtin_add_overflow(*sum, product, sum) ? SUM_GOOD : SUM_TOO_LARGE;
}

static sum_state add_rows(const ep_feed_runner *runner, const ep_sum_check *check, ep_int128 *ret) {
    const ep_unit_table *table = &runner->unit->tables[check->target];
    ep_int128 sum = 0;
    sum_state state = SUM_GOOD;
    for (size_t row = runner->uses[check->target].first_row; row < table->batch->n_rows; row++) {
        sum_state of_row = add_row(check, table, row, &sum);
        if (of_row == SUM_UNREADABLE)
            return of_row;
        if (of_row != SUM_GOOD)
            state = of_row;
    }
    *ret = check->scale <= check->sum_scale ? ep_decimal_round(sum, check->sum_scale, check->scale) : sum;
    if (check->scale > check->sum_scale &&
        !ep_decimal_mul(sum, ep_pow10(check->scale - check->sum_scale), ret))
        state = SUM_TOO_LARGE;
    return state;
}

/* "1 234,50" as the feed declares it -> "1234.50"; false when it is too long for any number. */
static bool plain_number(ep_str text, const ep_typing *typing, char *out, size_t size, ep_str *ret) {
    char decimal = typing && typing->reads[0].decimal_mark ? typing->reads[0].decimal_mark : '.';
    char group = typing ? typing->reads[0].group_mark : 0;
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (group && text.ptr[i] == group)
            continue;
        if (n == size)
            return false;
        /* With another decimal mark a point is none. */
        out[n++] = text.ptr[i] == decimal ? '.' : text.ptr[i] == '.' ? '?' : text.ptr[i];
    }
    *ret = (ep_str){out, n};
    return true;
}

static ep_code mismatch(ep_feed_runner *runner, const ep_sum_check *check, const char *what, ep_error *err) {
    ep_unit *unit = runner->unit;
    const ep_unit_table *table = &unit->tables[check->target];
    ep_reason reason = {.code = EP_R_SUM,
                        .severity = check->severity,
                        .record = (uint32_t)unit->n_records - 1,
                        .group = UINT32_MAX,
                        .row = UINT32_MAX,
                        .contract = table->contract->name,
                        .field = table->contract->fields[check->of[check->n_of - 1]].name};
    if (check->severity == EP_S_ERROR) {
        ep_unit_record *record = &unit->records[unit->n_records - 1];
        uint32_t group;
        if (record->n_groups == 0)
            EP_TRY(ep_record_platform_group(runner, &group, err));
        for (uint32_t i = 0; i < record->n_groups; i++)
            unit->groups[record->first_group + i].rejected = true;
    }
    return ep_reasons_add(&unit->reasons, &reason, err, "%s: %s", check->name, what);
}

ep_code ep_sum_run(ep_feed_runner *runner, const ep_sum_check *check, ep_error *err) {
    const ep_target_use *use = &runner->uses[check->target];
    ep_eval *c = &runner->eval;
    if (!use->entered || use->broken)
        return EP_OK;
    ep_int128 sum, total;
    sum_state state = add_rows(runner, check, &sum);
    if (state == SUM_UNREADABLE)
        return EP_OK;
    ep_cell cell;
    ep_reason_code reason = ep_expr_eval(c, check->equals, &cell);
    if (c->no_memory)
        return ep_fail(err, EP_E_NOMEM, "out of memory checking the sum %s", check->name);
    if (reason != EP_R_NONE)
        return mismatch(runner, check, c->detail, err);
    if (cell.state != EP_VALUE)
        return EP_OK;
    char digits[128];
    ep_str text;
    if (cell.kind == EP_RAW_JSON || !plain_number(cell.text, cell.typing, digits, sizeof digits, &text) ||
        !ep_number_round(text, check->scale, &total))
        return mismatch(runner, check, "the total is not a number of at most 38 digits", err);
    if (state == SUM_TOO_LARGE)
        return mismatch(runner, check, "the sum of the lines has more than 38 digits", err);
    return sum == total ? EP_OK : mismatch(runner, check, "the sum of the lines is not the total", err);
}

/* Rules over several fields of a row: run here, compiled in cross_compile.c. NULL and unread cells never break one that
 * compares; a rule that needs a cell which could not be read is not judged. */
#include "contract/check_private.h"

#include <string.h>

static bool has_value(const ep_check_run *run, int field, size_t row) {
    return run->batch->columns[field].state[row] == EP_VALUE;
}

static bool any_failed(const ep_check_run *run, const ep_cross_check *check, size_t row) {
    if (run->failed)
        for (size_t i = 0; i < check->n_fields; i++)
            if (ep_check_failed(run, row, (size_t)check->fields[i]))
                return true;
    return false;
}

static int scale_of(const ep_check_run *run, int field) {
    const ep_column_def *column = &run->contract->fields[field].column;
    return column->type == EP_T_DECIMAL ? column->scale : 0;
}

/* Compares a / 10^scale_a with b / 10^scale_b without overflow: whole parts first, then fractions. */
static int compare_scaled(ep_int128 a, int scale_a, ep_int128 b, int scale_b) {
    ep_int128 unit_a = ep_pow10(scale_a), unit_b = ep_pow10(scale_b);
    ep_int128 whole_a = a / unit_a, whole_b = b / unit_b;
    if (whole_a != whole_b)
        return whole_a < whole_b ? -1 : 1;
    ep_int128 rest_a = a % unit_a, rest_b = b % unit_b;
    if (scale_a < scale_b)
        rest_a *= ep_pow10(scale_b - scale_a);
    else
        rest_b *= ep_pow10(scale_a - scale_b);
    return (rest_a > rest_b) - (rest_a < rest_b);
}

static bool compares(const ep_check_run *run, const ep_cross_check *check, size_t row) {
    const ep_column *columns = run->batch->columns;
    int left = check->fields[0], right = check->is_literal ? -1 : check->fields[1];
    if (!has_value(run, left, row) || (right >= 0 && !has_value(run, right, row)))
        return true;
    int order;
    if (columns[left].text)
        order = ep_str_cmp(columns[left].text[row], right >= 0 ? columns[right].text[row] : check->text);
    else
        order = compare_scaled(ep_cell_number(&columns[left], row), scale_of(run, left),
                               right >= 0 ? ep_cell_number(&columns[right], row) : check->number,
                               scale_of(run, right >= 0 ? right : left));
    switch (check->compare) {
    case EP_CMP_LT: return order < 0;
    case EP_CMP_LE: return order <= 0;
    case EP_CMP_EQ: return order == 0;
    case EP_CMP_NE: return order != 0;
    case EP_CMP_GE: return order >= 0;
    case EP_CMP_GT: break;
    }
    return order > 0;
}

static size_t n_with_value(const ep_check_run *run, const ep_cross_check *check, size_t row) {
    size_t n = 0;
    for (size_t i = 0; i < check->n_fields; i++)
        n += has_value(run, check->fields[i], row);
    return n;
}

static bool applies(const ep_check_run *run, const ep_cross_check *check, size_t row) {
    int when = check->fields[1];
    const ep_column *column = &run->batch->columns[when];
    if (!has_value(run, when, row))
        return false;
    return column->text ? ep_value_set_has_text(check->when_in, column->text[row])
                        : ep_value_set_has_number(check->when_in, ep_cell_number(column, row));
}

static bool minor_units_fit(const ep_check_run *run, const ep_cross_check *check, size_t row) {
    int amount = check->fields[0], currency = check->fields[1];
    if (!has_value(run, amount, row) || !has_value(run, currency, row))
        return true;
    int units = ep_currency_minor_units(run->batch->columns[currency].text[row]);
    int scale = scale_of(run, amount);
    return units < 0 || units >= scale ||
           ep_cell_number(&run->batch->columns[amount], row) % ep_pow10(scale - units) == 0;
}

static bool currency_in_use(const ep_check_run *run, const ep_cross_check *check, size_t row) {
    int currency = check->fields[0], at = check->fields[1];
    if (!has_value(run, currency, row) || !has_value(run, at, row))
        return true;
    int64_t value = run->batch->columns[at].i64[row];
    int64_t day = run->contract->fields[at].column.type == EP_T_DATE ? value : ep_paris_day(value);
    int32_t end = ep_currency_end_day(run->batch->columns[currency].text[row]);
    return end == INT32_MIN || day <= end; /* an unknown code is a matter of `format` */
}

static bool holds(const ep_check_run *run, const ep_cross_check *check, size_t row) {
    size_t n;
    switch (check->kind) {
    case EP_X_COMPARE: return compares(run, check, row);
    case EP_X_ANY_OF: return n_with_value(run, check, row) > 0;
    case EP_X_ALL_OR_NONE: n = n_with_value(run, check, row); return n == 0 || n == check->n_fields;
    case EP_X_REQUIRED_WHEN: return has_value(run, check->fields[0], row) || !applies(run, check, row);
    case EP_X_FORBIDDEN_WHEN: return !has_value(run, check->fields[0], row) || !applies(run, check, row);
    case EP_X_MINOR_UNITS: return minor_units_fit(run, check, row);
    case EP_X_CURRENCY_IN_USE: break;
    }
    return currency_in_use(run, check, row);
}

ep_code ep_check_cross(const ep_check_run *run) {
    const ep_checks *checks = run->contract->checks;
    for (size_t i = 0; i < checks->n_cross; i++) {
        const ep_cross_check *check = &checks->cross[i];
        for (size_t row = run->from; row < run->to; row++)
            if (!holds(run, check, row) && !any_failed(run, check, row))
                EP_TRY(ep_check_add(run, row, -1, EP_R_RULE, check->severity, "rule %s: %s", check->name,
                                    check->detail));
    }
    return EP_OK;
}

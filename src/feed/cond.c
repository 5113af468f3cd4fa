#include "feed/expr.h"
#include "feed/number.h"

static bool same(const ep_cell *cell, const ep_literal *literal) {
    if (literal->is_null)
        return cell->state != EP_VALUE;
    if (cell->state != EP_VALUE || cell->kind == EP_RAW_JSON)
        return false;
    if (ep_str_eq(cell->text, literal->text))
        return true;
    /* 1 and 1.0 are one number. */
    int order;
    return literal->is_number && cell->kind == EP_RAW_NUMBER &&
           ep_number_cmp(cell->text, literal->text, &order) && order == 0;
}

static bool is_in(const ep_cell *cell, const ep_literal *literals, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (same(cell, &literals[i]))
            return true;
    return false;
}

static bool within(const ep_cell *cell, const ep_str bound[4]) {
    for (int i = 0; i < 4; i++) {
        int order;
        if (!bound[i].ptr)
            continue;
        if (cell->state != EP_VALUE || cell->kind == EP_RAW_JSON ||
            !ep_number_cmp(cell->text, bound[i], &order))
            return false;
        bool holds = i == 0 ? order < 0 : i == 1 ? order <= 0 : i == 2 ? order > 0 : order >= 0;
        if (!holds)
            return false;
    }
    return true;
}

static ep_reason_code operand(ep_eval *c, const ep_cond *cond, ep_cell *ret) {
    switch (cond->operand) {
    case EP_O_PATH: ep_cell_of_node(c->doc, ep_eval_path(c, &cond->path), ret); break;
    case EP_O_META: ep_meta_eval(c, cond->meta, ret); break;
    case EP_O_FIELD:
        if (c->failed[cond->field / 64] >> (cond->field % 64) & 1)
            return EP_R_QUIET;
        *ret = c->cells[cond->field];
        break;
    }
    return c->no_memory ? EP_R_QUIET : EP_R_NONE;
}

static ep_reason_code matches(ep_eval *c, const ep_cond *cond, const ep_cell *cell, bool *ret) {
    *ret = false;
    if (cell->state != EP_VALUE || cell->kind == EP_RAW_JSON)
        return EP_R_NONE;
    switch (ep_regex_match(cond->matches, c->run, cell->text, 0, NULL)) {
    case EP_REGEX_NOMEM: c->no_memory = true; return EP_R_QUIET;
    case EP_REGEX_LIMIT:
        return ep_eval_fail(c, EP_R_MAPPING, "the pattern needs too many steps on this text");
    case EP_REGEX_YES: *ret = true; break;
    case EP_REGEX_NO: break;
    }
    return EP_R_NONE;
}

static ep_reason_code test(ep_eval *c, const ep_cond *cond, bool *ret) {
    ep_cell cell;
    ep_reason_code reason = operand(c, cond, &cell);
    if (reason != EP_R_NONE)
        return reason;
    *ret = (!cond->has_is || same(&cell, &cond->is)) && (!cond->has_is_not || !same(&cell, &cond->is_not)) &&
           (!cond->has_exists || (cell.state != EP_ABSENT) == cond->exists) &&
           (!cond->in || is_in(&cell, cond->in, cond->n_in)) &&
           (!cond->not_in || !is_in(&cell, cond->not_in, cond->n_not_in)) && within(&cell, cond->bound);
    return *ret && cond->matches ? matches(c, cond, &cell, ret) : EP_R_NONE;
}

ep_reason_code ep_cond_eval(ep_eval *c, const ep_cond *cond, bool *ret) {
    if (cond->kind == EP_C_TEST)
        return test(c, cond, ret);
    bool stop_at = cond->kind == EP_C_ANY; /* the answer of one that ends the search */
    *ret = !stop_at;
    for (size_t i = 0; i < cond->n; i++) {
        bool holds;
        ep_reason_code reason = ep_cond_eval(c, cond->items[i], &holds);
        if (reason != EP_R_NONE)
            return reason;
        if (cond->kind == EP_C_NOT) {
            *ret = !holds;
            break;
        }
        if (holds == stop_at) {
            *ret = stop_at;
            break;
        }
    }
    return EP_R_NONE;
}

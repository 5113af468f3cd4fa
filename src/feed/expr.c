#include "feed/expr.h"
#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const ep_cell absent_cell = {.state = EP_ABSENT};

/* The program's own way to write moments. */
static const ep_time_format own_formats[] = {EP_TF_RFC3339};
static const ep_read_options own_reads = {.formats = own_formats, .n_formats = 1};
static const ep_typing own_typing = {&own_reads, 1};

ep_reason_code ep_eval_fail(ep_eval *c, ep_reason_code reason, const char *format, ...) {
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->detail = ep_arena_printf(c->arena, "%s", text);
    if (c->detail)
        return reason;
    c->no_memory = true;
    return EP_R_QUIET;
}

static bool put_text(ep_eval *c, const char *text, size_t len, ep_cell *ret) {
    const char *copy = ep_arena_strndup(c->arena, text, len);
    if (!copy)
        c->no_memory = true;
    *ret = (ep_cell){.text = {copy, copy ? len : 0}, .state = copy ? EP_VALUE : EP_ABSENT};
    return copy;
}

/* A text of the caller's that may not outlive the run: copied once. */
static void put_once(ep_eval *c, ep_str *kept, ep_str text, ep_cell *ret) {
    if (!kept->ptr && put_text(c, text.ptr, text.len, ret))
        *kept = ret->text;
    *ret = (ep_cell){.text = *kept, .state = kept->ptr ? EP_VALUE : EP_ABSENT};
}

/* Writes decimal digits; returns how many. */
static size_t put_digits(uint64_t value, char out[20]) {
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

static void put_number(ep_eval *c, uint64_t value, ep_cell *ret) {
    char digits[20];
    if (put_text(c, digits, put_digits(value, digits), ret))
        ret->kind = EP_RAW_NUMBER;
}

static void put_content(ep_eval *c, ep_cell *ret) {
    uint64_t content = c->raw->content ? c->raw->content : ep_xxh3(c->raw->raw.ptr, c->raw->raw.len);
    char hex[24];
    int len = snprintf(hex, sizeof hex, "%016" PRIx64, content);
    put_text(c, hex, (size_t)len, ret);
}

void ep_meta_eval(ep_eval *c, ep_meta meta, ep_cell *ret) {
    char moment[28];
    *ret = absent_cell;
    switch (meta) {
    case EP_META_SOURCE: put_once(c, &c->source, c->meta->source, ret); return;
    case EP_META_RECORD: put_number(c, c->raw->at.record, ret); return;
    case EP_META_LINE: put_number(c, c->raw->at.line, ret); return;
    case EP_META_OFFSET: put_number(c, c->raw->at.offset, ret); return;
    case EP_META_RECEIVED_AT:
        ep_time_format_rfc3339(c->meta->received_at, moment);
        put_once(c, &c->received_at, ep_str_from(moment), ret);
        ret->typing = &own_typing;
        return;
    case EP_META_SELLER:
        if (c->meta->seller.len > 0)
            put_once(c, &c->seller, c->meta->seller, ret);
        return;
    case EP_META_CONTENT: put_content(c, ret); return;
    case EP_META_OCCURRENCE:
        if (c->raw->occurrence > 0)
            put_number(c, c->raw->occurrence, ret);
        return;
    case EP_META_FEED:
        *ret = (ep_cell){.text = ep_str_from(c->feed->name), .state = EP_VALUE, .is_fixed = true};
        return;
    case EP_N_METAS: return;
    }
}

static ep_reason_code part_value(ep_eval *c, const ep_part *part, ep_cell *ret) {
    if (part->kind == EP_PART_PATH) {
        ep_cell_of_node(c->doc, ep_eval_path(c, &part->path), ret);
    } else if (part->kind == EP_PART_META) {
        ep_meta_eval(c, part->meta, ret);
    } else {
        if (c->failed[part->field / 64] >> (part->field % 64) & 1)
            return EP_R_QUIET;
        *ret = c->cells[part->field];
    }
    if (ret->state == EP_VALUE && ret->kind == EP_RAW_JSON)
        return ep_eval_fail(c, EP_R_MAPPING, "a part of the template is a list or an object");
    return EP_R_NONE;
}

/* The n-th text of this kind, the {occurrence} left out, of this owner in this record: 0 when memory ran out. */
static uint32_t count_text(ep_eval *c, const ep_template *t, ep_str rest) {
    uint32_t *count = ep_seen_find(c->seen, (uint64_t)c->emit << 32 | (t->id + 1), c->owner, rest, 0);
    return count ? ++*count : 0;
}

/* Puts the count where the marks are. */
static bool put_occurrence(ep_eval *c, const ep_template *t, const size_t *marks, size_t n_marks,
                           ep_cell *ret) {
    ep_str rest = {c->scratch->data ? c->scratch->data : "", c->scratch->len};
    char digits[20], *whole = ep_arena_alloc(c->arena, rest.len + n_marks * sizeof digits);
    /* Counted at the end of the text, which is usual: the text without its count is the beginning of the whole. */
    bool at_end = n_marks == 1 && marks[0] == rest.len;
    char *key = at_end || !whole ? whole : ep_arena_alloc(c->arena, rest.len);
    if (!key)
        return false;
    if (rest.len > 0)
        memcpy(key, rest.ptr, rest.len);
    uint32_t count = count_text(c, t, (ep_str){key, rest.len});
    size_t n_digits = put_digits(count, digits), n = 0, done = 0;
    if (count == 0)
        return false;
    for (size_t i = 0; i <= n_marks; i++) {
        size_t to = i < n_marks ? marks[i] : rest.len;
        if (to > done)
            memcpy(whole + n, rest.ptr + done, to - done);
        n += to - done;
        done = to;
        if (i < n_marks)
            memcpy(whole + n, digits, n_digits);
        n += i < n_marks ? n_digits : 0;
    }
    *ret = (ep_cell){.text = {whole, n}, .state = EP_VALUE};
    return true;
}

#define MAX_MARKS 4 /* {occurrence} in one template; the parser refuses more */

static ep_reason_code template_eval(ep_eval *c, const ep_template *t, ep_cell *ret) {
    size_t marks[MAX_MARKS], n_marks = 0, n_values = 0, n_missing = 0, n_absent = 0;
    ep_buf *out = c->scratch;
    ep_buf_reset(out);
    for (size_t i = 0; i < t->n_parts; i++) {
        const ep_part *part = &t->parts[i];
        if (part->kind == EP_PART_TEXT) {
            ep_buf_put_str(out, part->text);
            continue;
        }
        if (part->kind == EP_PART_OCCURRENCE) {
            if (n_marks < MAX_MARKS)
                marks[n_marks++] = out->len;
            continue;
        }
        ep_cell cell;
        ep_reason_code reason = part_value(c, part, &cell);
        if (reason != EP_R_NONE)
            return reason;
        n_values++;
        n_missing += cell.state != EP_VALUE;
        n_absent += cell.state == EP_ABSENT;
        ep_buf_put_str(out, cell.text);
    }
    *ret = absent_cell;
    if (n_missing > 0) {
        ret->state = n_absent == n_values ? EP_ABSENT : EP_NULL;
        return EP_R_NONE;
    }
    if (out->failed || !(n_marks > 0 ? put_occurrence(c, t, marks, n_marks, ret)
                                     : put_text(c, out->data ? out->data : "", out->len, ret))) {
        c->no_memory = true;
        return EP_R_QUIET;
    }
    return EP_R_NONE;
}

static ep_reason_code coalesce_eval(ep_eval *c, const ep_expr *expr, ep_cell *ret) {
    ep_cell found = absent_cell;
    for (size_t i = 0; i < expr->as.coalesce.n; i++) {
        ep_cell cell;
        ep_reason_code reason = ep_expr_eval(c, expr->as.coalesce.items[i], &cell);
        if (reason != EP_R_NONE)
            return reason;
        if (cell.state != EP_VALUE) {
            if (found.state == EP_ABSENT)
                found.state = cell.state;
            continue;
        }
        if (found.state != EP_VALUE) {
            found = cell;
            if (expr->as.coalesce.conflict == EP_R_NONE)
                break;
        } else if (!ep_str_eq(found.text, cell.text)) {
            return ep_eval_fail(c, expr->as.coalesce.conflict,
                                "mapping %zu of coalesce differs from one before it", i + 1);
        }
    }
    *ret = found;
    return EP_R_NONE;
}

static ep_reason_code when_eval(ep_eval *c, const ep_expr *expr, ep_cell *ret) {
    *ret = absent_cell;
    for (size_t i = 0; i < expr->as.when.n; i++) {
        const ep_branch *branch = &expr->as.when.items[i];
        bool holds = true;
        ep_reason_code reason = branch->when ? ep_cond_eval(c, branch->when, &holds) : EP_R_NONE;
        if (reason != EP_R_NONE)
            return reason;
        if (holds)
            return ep_expr_eval(c, branch->then, ret);
    }
    return EP_R_NONE;
}

static ep_reason_code source_eval(ep_eval *c, const ep_expr *expr, ep_cell *ret) {
    switch (expr->source) {
    case EP_X_PATH: ep_cell_of_node(c->doc, ep_eval_path(c, &expr->as.path), ret); break;
    case EP_X_CONST: *ret = expr->as.constant; break;
    case EP_X_META: ep_meta_eval(c, expr->as.meta, ret); break;
    case EP_X_TEMPLATE: return template_eval(c, &expr->as.template, ret);
    case EP_X_COALESCE: return coalesce_eval(c, expr, ret);
    case EP_X_WHEN: return when_eval(c, expr, ret);
    }
    return c->no_memory ? EP_R_QUIET : EP_R_NONE;
}

ep_reason_code ep_expr_eval(ep_eval *c, const ep_expr *expr, ep_cell *ret) {
    ep_reason_code reason = source_eval(c, expr, ret);
    if (reason == EP_R_NONE && expr->mods)
        reason = ep_mods_apply(c, expr->mods, ret);
    if (expr->typing)
        ret->typing = expr->typing;
    return reason;
}

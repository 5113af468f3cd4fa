#include "base/hash.h"
#include "feed/expr.h"

#include <inttypes.h>
#include <string.h>

static ep_reason_code no_memory(ep_eval *c) {
    c->no_memory = true;
    return EP_R_QUIET;
}

static ep_reason_code split(ep_eval *c, const ep_mods *mods, ep_cell *cell) {
    ep_str by = mods->split_by, rest = cell->text;
    int64_t n_parts = 1;
    for (const char *at = rest.ptr; (at = memmem(at, (size_t)(rest.ptr + rest.len - at), by.ptr, by.len));
         at += by.len)
        n_parts++;
    int64_t index = mods->split_index < 0 ? n_parts + mods->split_index : mods->split_index;
    if (index < 0 || index >= n_parts)
        return ep_eval_fail(c, EP_R_MAPPING,
                            "split gives %" PRId64 " part%s, the feed asks for index %" PRId64, n_parts,
                            n_parts == 1 ? "" : "s", mods->split_index);
    for (;; index--) {
        const char *at = memmem(rest.ptr, rest.len, by.ptr, by.len);
        size_t len = at ? (size_t)(at - rest.ptr) : rest.len;
        if (index == 0) {
            cell->text = (ep_str){rest.ptr, len};
            cell->kind = EP_RAW_TEXT;
            return EP_R_NONE;
        }
        rest = (ep_str){rest.ptr + len + by.len, rest.len - len - by.len};
    }
}

static ep_reason_code match(ep_eval *c, const ep_mods *mods, ep_cell *cell) {
    ep_str group = {0};
    switch (ep_regex_match(mods->regex, c->run, cell->text, mods->regex_group, &group)) {
    case EP_REGEX_NOMEM: return no_memory(c);
    case EP_REGEX_LIMIT:
        return ep_eval_fail(c, EP_R_MAPPING, "the pattern needs too many steps on this text");
    case EP_REGEX_YES:
        if (group.ptr) {
            *cell = (ep_cell){.text = group, .state = EP_VALUE};
            return EP_R_NONE;
        }
        break;
    case EP_REGEX_NO: break;
    }
    if (!mods->regex_null)
        return ep_eval_fail(c, EP_R_MAPPING,
                            "the pattern of the feed is not found in a text of %zu characters",
                            ep_utf8_count(cell->text.ptr, cell->text.len));
    *cell = (ep_cell){.state = EP_NULL};
    return EP_R_NONE;
}

/* A platform id for a seller that only another system knows: always the same for the same text. */
static ep_reason_code seller_id(ep_eval *c, ep_cell *cell) {
    if (cell->text.len == 0 || ep_is_seller_id(cell->text))
        return EP_R_NONE;
    uint8_t digest[32];
    char *id = ep_arena_alloc(c->arena, 2 + 24 + 1);
    if (!id)
        return no_memory(c);
    ep_sha256_of(cell->text.ptr, cell->text.len, digest);
    memcpy(id, "x_", 2);
    ep_hex(digest, 12, id + 2);
    *cell = (ep_cell){.text = {id, 26}, .state = EP_VALUE};
    return EP_R_NONE;
}

static ep_reason_code map(ep_eval *c, const ep_mods *mods, ep_cell *cell) {
    if (mods->map->dated && c->event_time_failed)
        return EP_R_QUIET;
    if (mods->map->dated && !c->has_event_time)
        return ep_eval_fail(c, EP_R_MAP, "the code list %s is dated and the row has no event time",
                            mods->map->name);
    const ep_list_line *line = ep_list_find(mods->map, cell->text, c->event_time);
    if (line) {
        *cell =
            (ep_cell){.text = line->internal, .state = line->is_null ? EP_NULL : EP_VALUE, .is_fixed = true};
        return EP_R_NONE;
    }
    switch (mods->map_else) {
    case EP_ELSE_KEEP: return EP_R_NONE;
    case EP_ELSE_NULL: *cell = (ep_cell){.state = EP_NULL}; return EP_R_NONE;
    case EP_ELSE_SELLER: return seller_id(c, cell);
    case EP_ELSE_ERROR: break;
    }
    if (*mods->map->name)
        return ep_eval_fail(c, EP_R_MAP, "the code list %s has no line for it", mods->map->name);
    return ep_eval_fail(c, EP_R_MAP, "the feed's map has no line for it");
}

/* ASCII letters only: what the codes of other systems are made of. */
static ep_reason_code change_case(ep_eval *c, ep_case wanted, ep_cell *cell) {
    char first = wanted == EP_CASE_LOWER ? 'A' : 'a';
    size_t i = 0;
    while (i < cell->text.len && (unsigned char)(cell->text.ptr[i] - first) >= 26)
        i++;
    if (i == cell->text.len)
        return EP_R_NONE;
    char *copy = ep_arena_strndup(c->arena, cell->text.ptr, cell->text.len);
    if (!copy)
        return no_memory(c);
    for (; i < cell->text.len; i++)
        if ((unsigned char)(copy[i] - first) < 26)
            copy[i] ^= 0x20;
    cell->text.ptr = copy;
    return EP_R_NONE;
}

static ep_reason_code negate(ep_eval *c, ep_cell *cell) {
    ep_str text = cell->text;
    char first = text.len > 0 ? text.ptr[0] : 'x';
    bool sign = first == '-' || first == '+';
    char digit = text.len > sign ? text.ptr[sign] : 'x';
    if (cell->kind == EP_RAW_BOOL || !((digit >= '0' && digit <= '9') || digit == '.' || digit == ','))
        return ep_eval_fail(c, EP_R_MAPPING, "negate wants a number");
    if (sign)
        text = (ep_str){text.ptr + 1, text.len - 1};
    if (first == '-') {
        cell->text = text;
        return EP_R_NONE;
    }
    char *copy = ep_arena_alloc(c->arena, text.len + 1);
    if (!copy)
        return no_memory(c);
    copy[0] = '-';
    memcpy(copy + 1, text.ptr, text.len);
    cell->text = (ep_str){copy, text.len + 1};
    return EP_R_NONE;
}

static bool is_one_of(const ep_str *texts, size_t n, ep_str text) {
    for (size_t i = 0; i < n; i++)
        if (ep_str_eq(texts[i], text))
            return true;
    return false;
}

static ep_reason_code change_text(ep_eval *c, const ep_mods *mods, ep_cell *cell) {
    ep_reason_code reason = EP_R_NONE;
    if (mods->split_by.len > 0)
        reason = split(c, mods, cell);
    if (reason == EP_R_NONE && mods->regex)
        reason = match(c, mods, cell);
    if (reason == EP_R_NONE && mods->map && cell->state == EP_VALUE)
        reason = map(c, mods, cell);
    if (reason == EP_R_NONE && mods->letter_case != EP_CASE_KEEP && cell->state == EP_VALUE)
        reason = change_case(c, mods->letter_case, cell);
    if (reason == EP_R_NONE && mods->negate && cell->state == EP_VALUE)
        reason = negate(c, cell);
    return reason;
}

ep_reason_code ep_mods_apply(ep_eval *c, const ep_mods *mods, ep_cell *cell) {
    if (cell->state == EP_VALUE && cell->kind != EP_RAW_JSON) {
        if (mods->trim)
            cell->text = ep_str_trim(cell->text);
        if (is_one_of(mods->null_if, mods->n_null_if, cell->text))
            *cell = (ep_cell){.state = EP_NULL};
    }
    bool changes = mods->split_by.len > 0 || mods->regex || mods->map || mods->letter_case != EP_CASE_KEEP ||
                   mods->negate;
    if (cell->state == EP_VALUE && changes) {
        if (cell->kind == EP_RAW_JSON)
            return ep_eval_fail(c, EP_R_MAPPING, "is a list or an object, the feed wants one value here");
        ep_reason_code reason = change_text(c, mods, cell);
        if (reason != EP_R_NONE)
            return reason;
    }
    if (mods->has_default &&
        (cell->state == EP_ABSENT || (cell->state == EP_NULL && !mods->default_absent_only)))
        *cell = mods->default_cell;
    return EP_R_NONE;
}

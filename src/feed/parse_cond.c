#include "feed/number.h"
#include "feed/parse.h"

#include <string.h>

/* Templates and conditions: the places where other fields are named. */

#define MAX_OCCURRENCES 4

static ep_code read_part(ep_feed_reader *r, const ep_yaml_node *node, ep_str name, ep_part *part) {
    if (ep_str_is(name, "occurrence")) {
        part->kind = EP_PART_OCCURRENCE;
        r->needs_owner = true;
        if (!r->fields)
            return ep_read_wrong(r, node, "bad_template", "{occurrence} is known only inside `fields`");
        return EP_OK;
    }
    if (ep_str_starts(name, "path:")) {
        part->kind = EP_PART_PATH;
        return ep_read_path(r, node, (ep_str){name.ptr + 5, name.len - 5}, &part->path);
    }
    if (ep_str_starts(name, "meta:")) {
        part->kind = EP_PART_META;
        return ep_read_meta(r, node, (ep_str){name.ptr + 5, name.len - 5}, &part->meta);
    }
    part->kind = EP_PART_FIELD;
    return ep_read_field_name(r, node, name, &part->field);
}

/* Literal text up to the next brace that opens or closes something; doubled braces are text. */
static ep_code read_literal(ep_feed_reader *r, ep_str text, size_t *at, ep_part *part) {
    char *out = ep_arena_alloc(&r->feed->arena, text.len + 1);
    size_t n = 0;
    if (!out)
        return EP_READ_NOMEM(r);
    for (; *at < text.len; ++*at) {
        char c = text.ptr[*at];
        if (c == '{' || c == '}') {
            if (*at + 1 >= text.len || text.ptr[*at + 1] != c)
                break;
            ++*at;
        }
        out[n++] = c;
    }
    *part = (ep_part){.kind = EP_PART_TEXT, .text = {out, n}};
    return EP_OK;
}

ep_code ep_read_template(ep_feed_reader *r, const ep_yaml_node *node, ep_template *ret) {
    if (!ep_yaml_is_scalar(node) || node->text.len == 0)
        return ep_read_wrong(r, node, "bad_template", "must be a text such as \"{order_id}-{path:line.no}\"");
    ep_str text = node->text;
    ret->id = r->feed->n_templates++;
    /* No more parts than characters. */
    ret->parts = ep_arena_calloc(&r->feed->arena, text.len, sizeof(*ret->parts));
    if (!ret->parts)
        return EP_READ_NOMEM(r);
    size_t n_occurrences = 0;
    for (size_t at = 0; at < text.len;) {
        ep_part *part = &ret->parts[ret->n_parts];
        EP_TRY(read_literal(r, text, &at, part));
        if (part->text.len > 0)
            part = &ret->parts[++ret->n_parts];
        if (at == text.len)
            break;
        const char *end = text.ptr[at] == '{' ? memchr(text.ptr + at, '}', text.len - at) : NULL;
        if (!end)
            return ep_read_wrong(r, node, "bad_template",
                                 "the template has a single { or }: write {{ or }} for the character");
        ep_str name = {text.ptr + at + 1, (size_t)(end - text.ptr) - at - 1};
        *part = (ep_part){0};
        EP_TRY(read_part(r, node, name, part));
        n_occurrences += part->kind == EP_PART_OCCURRENCE;
        ret->n_parts++;
        at = (size_t)(end - text.ptr) + 1;
    }
    ret->has_occurrence = n_occurrences > 0;
    if (n_occurrences > MAX_OCCURRENCES)
        return ep_read_wrong(r, node, "bad_template", "{occurrence} more than %d times", MAX_OCCURRENCES);
    if (n_occurrences > 0 && r->contract && r->field == (uint32_t)r->contract->owner)
        return ep_read_wrong(r, node, "bad_template",
                             "{occurrence} counts within the seller, so the seller cannot use it");
    return EP_OK;
}

static ep_code read_literal_value(ep_feed_reader *r, const ep_yaml_node *node, ep_literal *ret) {
    ret->is_null = node->kind == EP_Y_NULL;
    ret->is_number = ep_yaml_is_number(node);
    return ret->is_null ? EP_OK : ep_read_text(r, node, &ret->text);
}

static ep_code read_literals(ep_feed_reader *r, const ep_yaml_node *node, ep_literal **ret, size_t *ret_n) {
    if (node->kind != EP_Y_LIST || node->n == 0)
        return ep_read_wrong(r, node, "wrong_kind", "%s must be a list of values", node->key);
    *ret = ep_arena_calloc(&r->feed->arena, node->n, sizeof(**ret));
    if (!*ret)
        return EP_READ_NOMEM(r);
    for (const ep_yaml_node *item = node->first; item; item = item->next)
        EP_TRY(read_literal_value(r, item, &(*ret)[(*ret_n)++]));
    return EP_OK;
}

static ep_code read_bound(ep_feed_reader *r, const ep_yaml_node *node, ep_str *ret) {
    if (!ep_yaml_is_scalar(node) || !ep_number_valid(node->text))
        return ep_read_wrong(r, node, "wrong_kind", "%s compares numbers: write one", node->key);
    return ep_read_text(r, node, ret);
}

static ep_code read_operators(ep_feed_reader *r, const ep_yaml_node *map, ep_cond *cond, bool *ret_any) {
    static const char *const bounds[] = {"lt", "le", "gt", "ge"};
    const ep_yaml_node *node;
    if ((node = ep_yaml_get(map, "is"))) {
        cond->has_is = *ret_any = true;
        EP_TRY(read_literal_value(r, node, &cond->is));
    }
    if ((node = ep_yaml_get(map, "is_not"))) {
        cond->has_is_not = *ret_any = true;
        EP_TRY(read_literal_value(r, node, &cond->is_not));
    }
    if ((node = ep_yaml_get(map, "exists"))) {
        cond->has_exists = *ret_any = true;
        EP_TRY(ep_read_bool(r, node, &cond->exists));
    }
    if ((node = ep_yaml_get(map, "in"))) {
        *ret_any = true;
        EP_TRY(read_literals(r, node, &cond->in, &cond->n_in));
    }
    if ((node = ep_yaml_get(map, "not_in"))) {
        *ret_any = true;
        EP_TRY(read_literals(r, node, &cond->not_in, &cond->n_not_in));
    }
    if ((node = ep_yaml_get(map, "matches"))) {
        *ret_any = true;
        EP_TRY(ep_read_regex(r, node, true, &cond->matches));
    }
    for (int i = 0; i < 4; i++)
        if ((node = ep_yaml_get(map, bounds[i]))) {
            *ret_any = true;
            EP_TRY(read_bound(r, node, &cond->bound[i]));
        }
    return EP_OK;
}

static ep_code read_operand(ep_feed_reader *r, const ep_yaml_node *node, ep_cond *cond) {
    if (!ep_yaml_is_scalar(node) || node->text.len == 0)
        return ep_read_wrong(r, node, "wrong_kind", "%s must be a text", node->key);
    switch (cond->operand) {
    case EP_O_PATH: return ep_read_path(r, node, node->text, &cond->path);
    case EP_O_META: return ep_read_meta(r, node, node->text, &cond->meta);
    case EP_O_FIELD: return ep_read_field_name(r, node, node->text, &cond->field);
    }
    return EP_OK;
}

static ep_code read_test(ep_feed_reader *r, const ep_yaml_node *map, ep_cond *cond) {
    static const char *const operands[] = {"path", "meta", "field"};
    const ep_yaml_node *operand = NULL;
    bool any = false;
    cond->kind = EP_C_TEST;
    for (int i = 0; i < 3; i++) {
        const ep_yaml_node *found = ep_yaml_get(map, operands[i]);
        if (found && operand)
            return ep_read_wrong(r, map, "bad_condition", "looks at two things: write {all: [..]}");
        if (found) {
            operand = found;
            cond->operand = (ep_operand)i;
        }
    }
    if (!operand)
        return ep_read_wrong(r, map, "bad_condition",
                             "needs what to look at: path, meta or field, or all, any, not");
    EP_TRY(read_operand(r, operand, cond));
    EP_TRY(read_operators(r, map, cond, &any));
    if (!any)
        return ep_read_wrong(r, map, "bad_condition",
                             "needs a comparison: is, is_not, in, not_in, matches, exists, lt, le, gt or ge");
    return EP_OK;
}

static ep_code read_group(ep_feed_reader *r, const ep_yaml_node *map, const ep_yaml_node *node,
                          ep_cond *cond) {
    if (map->n != 1)
        return ep_read_wrong(r, map, "bad_condition", "%s stands alone: put the rest inside it", node->key);
    bool is_list = cond->kind != EP_C_NOT;
    if (is_list && (node->kind != EP_Y_LIST || node->n == 0))
        return ep_read_wrong(r, node, "wrong_kind", "%s must be a list of conditions", node->key);
    cond->items = ep_arena_calloc(&r->feed->arena, is_list ? node->n : 1, sizeof(*cond->items));
    if (!cond->items)
        return EP_READ_NOMEM(r);
    if (!is_list) {
        cond->n = 1;
        return ep_read_cond(r, node, &cond->items[0]);
    }
    for (const ep_yaml_node *item = node->first; item; item = item->next)
        EP_TRY(ep_read_cond(r, item, &cond->items[cond->n++]));
    return EP_OK;
}

static ep_code read_cond_map(ep_feed_reader *r, const ep_yaml_node *node, const ep_cond **ret) {
    static const char *const groups[] = {"all", "any", "not"};
    size_t n_before = r->lints->n_errors;
    bool is_map;
    EP_TRY(ep_read_keys(r, node, "condition", &is_map));
    if (!is_map)
        return EP_OK;
    ep_cond *cond = ep_arena_calloc(&r->feed->arena, 1, sizeof(*cond));
    if (!cond)
        return EP_READ_NOMEM(r);
    const ep_yaml_node *group = NULL;
    for (int i = 0; i < 3 && !group; i++) {
        cond->kind = (ep_cond_kind)i;
        group = ep_yaml_get(node, groups[i]);
    }
    EP_TRY(group ? read_group(r, node, group, cond) : read_test(r, node, cond));
    if (r->lints->n_errors == n_before)
        *ret = cond;
    return EP_OK;
}

ep_code ep_read_cond(ep_feed_reader *r, const ep_yaml_node *node, const ep_cond **ret) {
    if (r->nesting == EP_MAX_NESTING)
        return ep_read_wrong(r, node, "nesting", "conditions nested deeper than %d", EP_MAX_NESTING);
    r->nesting++;
    ep_code code = read_cond_map(r, node, ret);
    r->nesting--;
    return code;
}

#include "feed/parse.h"

#include <string.h>

static bool at_owner(const ep_feed_reader *r) {
    return r->contract && r->contract->owner >= 0 && r->field == (uint32_t)r->contract->owner;
}

/* A scalar as a fixed cell. */
static ep_code read_cell(ep_feed_reader *r, const ep_yaml_node *node, ep_cell *ret) {
    *ret = (ep_cell){.state = EP_NULL, .is_fixed = true};
    if (node->kind == EP_Y_NULL)
        return EP_OK;
    ret->state = EP_VALUE;
    return ep_read_text(r, node, &ret->text);
}

/* A constant as last resort of the owner is a default that knows no end. */
static ep_code lint_fallback(ep_feed_reader *r, const ep_yaml_node *item) {
    if (!at_owner(r) || !ep_yaml_get(item, "const"))
        return EP_OK;
    return ep_read_wrong(
        r, item, "owner_default",
        "a constant seller as last resort: write it as `default` of the field, which ends at cut_over");
}

static ep_code read_coalesce(ep_feed_reader *r, const ep_yaml_node *map, const ep_yaml_node *list,
                             ep_expr *expr, bool *ret_good) {
    const ep_yaml_node *conflict = ep_yaml_get(map, "conflict");
    int word = at_owner(r) ? 0 : 1;
    if (conflict)
        EP_TRY(ep_read_word(r, conflict, "error first", &word));
    if (word == 0)
        expr->as.coalesce.conflict = at_owner(r) ? EP_R_OWNER_CONFLICT : EP_R_MAPPING;
    if (list->kind != EP_Y_LIST || list->n == 0)
        return ep_read_wrong(r, list, "wrong_kind", "coalesce must be a list of mappings, not %s",
                             list->n == 0 && list->kind == EP_Y_LIST ? "an empty one"
                                                                     : ep_yaml_kind_text(list->kind));
    expr->as.coalesce.items = ep_arena_calloc(&r->feed->arena, list->n, sizeof(*expr->as.coalesce.items));
    if (!expr->as.coalesce.items)
        return EP_READ_NOMEM(r);
    *ret_good = true;
    for (const ep_yaml_node *item = list->first; item; item = item->next) {
        const ep_expr *inner = NULL;
        EP_TRY(lint_fallback(r, item));
        EP_TRY(ep_read_mapping(r, item, &inner));
        *ret_good = *ret_good && inner;
        expr->as.coalesce.items[expr->as.coalesce.n++] = inner;
    }
    return EP_OK;
}

static ep_code read_branch(ep_feed_reader *r, const ep_yaml_node *item, ep_branch *ret, bool *ret_good) {
    bool is_map;
    *ret_good = false;
    EP_TRY(ep_read_keys(r, item, "when", &is_map));
    if (!is_map)
        return EP_OK;
    const ep_yaml_node *when = ep_yaml_get(item, "if"), *then = ep_yaml_get(item, "then"),
                       *otherwise = ep_yaml_get(item, "else");
    if (otherwise ? when || then : !when || !then)
        return ep_read_wrong(r, item, "bad_branch",
                             "a branch is {if: condition, then: mapping}, the last may be {else: mapping}");
    if (otherwise && item->next)
        return ep_read_wrong(r, item, "bad_branch",
                             "`else` must be the last branch: those behind it are never reached");
    if (when)
        EP_TRY(ep_read_cond(r, when, &ret->when));
    EP_TRY(ep_read_mapping(r, otherwise ? otherwise : then, &ret->then));
    *ret_good = ret->then && (ret->when || otherwise);
    return EP_OK;
}

static ep_code read_when(ep_feed_reader *r, const ep_yaml_node *list, ep_expr *expr, bool *ret_good) {
    if (list->kind != EP_Y_LIST || list->n == 0)
        return ep_read_wrong(r, list, "wrong_kind",
                             "when must be a list of branches, {if: condition, then: mapping}");
    expr->as.when.items = ep_arena_calloc(&r->feed->arena, list->n, sizeof(*expr->as.when.items));
    if (!expr->as.when.items)
        return EP_READ_NOMEM(r);
    *ret_good = true;
    for (const ep_yaml_node *item = list->first; item; item = item->next) {
        bool good;
        EP_TRY(read_branch(r, item, &expr->as.when.items[expr->as.when.n++], &good));
        *ret_good = *ret_good && good;
    }
    return EP_OK;
}

static ep_code read_path_source(ep_feed_reader *r, const ep_yaml_node *node, ep_expr *expr, bool *ret_good) {
    size_t n_before = r->lints->n_errors;
    if (!ep_yaml_is_scalar(node) || node->kind == EP_Y_NULL)
        return ep_read_wrong(r, node, "bad_path", "must be a path, not %s", ep_yaml_kind_text(node->kind));
    EP_TRY(ep_read_path(r, node, node->text, &expr->as.path));
    *ret_good = r->lints->n_errors == n_before;
    return EP_OK;
}

static const char *const sources[] = {"path", "const", "meta", "template", "coalesce", "when"};
#define N_SOURCES (sizeof(sources) / sizeof(sources[0]))

static ep_code read_source(ep_feed_reader *r, const ep_yaml_node *map, ep_expr *expr, bool *ret_good) {
    const ep_yaml_node *source = NULL;
    for (size_t i = 0; i < N_SOURCES; i++) {
        const ep_yaml_node *found = ep_yaml_get(map, sources[i]);
        if (!found)
            continue;
        if (source)
            return ep_read_wrong(r, map, "two_sources",
                                 "has both %s and %s: a mapping has one of path, const, meta, template, "
                                 "coalesce, when",
                                 source->key, found->key);
        source = found;
        expr->source = (ep_source)i;
    }
    if (!source)
        return ep_read_wrong(r, map, "no_source", "needs one of path, const, meta, template, coalesce, when");
    size_t n_before = r->lints->n_errors;
    *ret_good = true;
    switch (expr->source) {
    case EP_X_PATH: return read_path_source(r, source, expr, ret_good);
    case EP_X_CONST: EP_TRY(read_cell(r, source, &expr->as.constant)); break;
    case EP_X_META:
        if (!ep_yaml_is_scalar(source))
            return ep_read_wrong(r, source, "wrong_kind", "meta must be a word, not %s",
                                 ep_yaml_kind_text(source->kind));
        EP_TRY(ep_read_meta(r, source, source->text, &expr->as.meta));
        break;
    case EP_X_TEMPLATE: EP_TRY(ep_read_template(r, source, &expr->as.template)); break;
    case EP_X_COALESCE: *ret_good = false; return read_coalesce(r, map, source, expr, ret_good);
    case EP_X_WHEN: *ret_good = false; return read_when(r, source, expr, ret_good);
    }
    *ret_good = r->lints->n_errors == n_before;
    return EP_OK;
}

/* The default: of the field's outermost mapping when it is the owner's, where it ends at the feed's cut_over. */
static ep_code read_default(ep_feed_reader *r, const ep_yaml_node *map, ep_mods *mods) {
    const ep_yaml_node *value = ep_yaml_get(map, "default"), *when = ep_yaml_get(map, "default_when");
    int word = 1;
    if (when)
        EP_TRY(ep_read_word(r, when, "absent absent_or_null", &word));
    if (!value)
        return when ? ep_read_wrong(r, when, "no_default", "default_when without a default") : EP_OK;
    ep_cell cell;
    EP_TRY(read_cell(r, value, &cell));
    if (!at_owner(r)) {
        mods->has_default = true;
        mods->default_cell = cell;
        mods->default_absent_only = word == 0;
        return EP_OK;
    }
    if (r->nesting > 1)
        return ep_read_wrong(r, value, "owner_default",
                             "a default of the seller stands at the field itself, not inside its mapping");
    if (when)
        return ep_read_wrong(r, when, "owner_default",
                             "a seller's default stands in for a missing and a null seller alike");
    if (!ep_is_seller_id(cell.text))
        return ep_read_wrong(r, value, "owner_default", "the default seller must be 1 to 40 of a-z 0-9 _");
    r->emit->has_owner_default = true;
    r->emit->owner_default = cell;
    r->needs_time = true;
    return EP_OK;
}

static ep_code read_map(ep_feed_reader *r, const ep_yaml_node *map, const ep_expr **ret) {
    bool is_map, good = false;
    EP_TRY(ep_read_keys(r, map, "mapping", &is_map));
    if (!is_map)
        return EP_OK;
    ep_expr *expr = ep_arena_calloc(&r->feed->arena, 1, sizeof(*expr));
    if (!expr)
        return EP_READ_NOMEM(r);
    EP_TRY(read_source(r, map, expr, &good));
    const ep_yaml_node *conflict = ep_yaml_get(map, "conflict");
    if (conflict && !ep_yaml_get(map, "coalesce"))
        EP_TRY(ep_read_wrong(r, conflict, "no_coalesce", "conflict belongs to a coalesce"));
    EP_TRY(ep_read_mods(r, map, &expr->mods));
    ep_mods with_default = expr->mods ? *expr->mods : (ep_mods){0};
    EP_TRY(read_default(r, map, &with_default));
    if (with_default.has_default) {
        ep_mods *copy = ep_arena_alloc(&r->feed->arena, sizeof(*copy));
        if (!copy)
            return EP_READ_NOMEM(r);
        *copy = with_default;
        expr->mods = copy;
    }
    EP_TRY(ep_read_typing(r, map, &expr->typing));
    if (good)
        *ret = expr;
    return EP_OK;
}

static ep_code read_short(ep_feed_reader *r, const ep_yaml_node *node, const ep_expr **ret) {
    if (node->kind != EP_Y_TEXT)
        return ep_read_wrong(r, node, "bad_mapping", "must be a path or a mapping, not %s%s",
                             ep_yaml_kind_text(node->kind),
                             ep_yaml_is_scalar(node) ? ": write {const: value}" : "");
    ep_expr *expr = ep_arena_calloc(&r->feed->arena, 1, sizeof(*expr));
    bool good = false;
    if (!expr)
        return EP_READ_NOMEM(r);
    EP_TRY(read_path_source(r, node, expr, &good));
    if (good)
        *ret = expr;
    return EP_OK;
}

ep_code ep_read_mapping(ep_feed_reader *r, const ep_yaml_node *node, const ep_expr **ret) {
    if (r->nesting == EP_MAX_NESTING)
        return ep_read_wrong(r, node, "nesting", "mappings nested deeper than %d", EP_MAX_NESTING);
    r->nesting++;
    ep_code code = node->kind == EP_Y_MAP ? read_map(r, node, ret) : read_short(r, node, ret);
    r->nesting--;
    return code;
}

/* relationships: references to other datasets, in this file or another, resolved to their columns. */
#include "contract/draft.h"

#include <string.h>

#define MAX_PARTS 8

typedef struct link {
    const ep_yaml_node *node; /* the relationship */
    ep_draft *from, *to;
    int from_fields[MAX_PARTS], to_fields[MAX_PARTS];
    size_t n;
} link;

static bool same_text(const char *text, ep_str part) {
    return ep_str_is(part, text);
}

/* The part before the separator; `*rest` goes behind it. */
static ep_str cut(ep_str *rest, char separator) {
    const char *at = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
    ep_str part = *rest;
    if (at) {
        part.len = (size_t)(at - rest->ptr);
        *rest = (ep_str){at + 1, rest->len - part.len - 1};
    } else {
        *rest = (ep_str){rest->ptr + rest->len, 0};
    }
    return part;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static ep_draft *find_by_id(const ep_load *load, const ep_draft *from, ep_str file, ep_str id) {
    for (size_t i = 0; i < load->n_drafts; i++) {
        ep_draft *draft = load->drafts[i];
        const char *name = base_name(draft->file->name);
        bool here = file.len == 0 ? draft->file == from->file : ep_str_ends(file, name);
        if (here && draft->id[0] && same_text(draft->id, id))
            return draft;
    }
    return NULL;
}

/* A name in this file goes before the same name elsewhere; the ODCS name before the table's. */
static ep_draft *find_by_name(const ep_load *load, const ep_draft *from, ep_str name) {
    for (int pass = 0; pass < 4; pass++)
        for (size_t i = 0; i < load->n_drafts; i++) {
            ep_draft *draft = load->drafts[i];
            const char *own = pass % 2 ? draft->contract->name : draft->name;
            if ((pass < 2) == (draft->file == from->file) && same_text(own, name))
                return draft;
        }
    return NULL;
}

static int find_field(const ep_draft *draft, ep_str name, bool by_id) {
    for (size_t i = 0; i < draft->contract->n_fields; i++)
        if (same_text(by_id ? draft->fields[i].id : draft->fields[i].name, name))
            return (int)i;
    return by_id ? -1 : ep_contract_field_index(draft->contract, name);
}

static ep_code missing_dataset(ep_load *load, const ep_draft *from, const ep_yaml_node *node, ep_str name) {
    char word[64];
    size_t len = name.len < sizeof word - 1 ? name.len : sizeof word - 1;
    if (len > 0)
        memcpy(word, name.ptr, len);
    word[len] = '\0';
    ep_nearest near;
    ep_nearest_init(&near, word);
    for (size_t i = 0; i < load->n_drafts; i++)
        ep_nearest_try(&near, ep_str_from(load->drafts[i]->name));
    return ep_draft_doubt(load, from->file, node, "unknown_dataset",
                          "\"%s\" is no dataset of the contracts read here%s%s%s", word,
                          near.best[0] ? "; did you mean \"" : "", near.best, near.best[0] ? "\"?" : "");
}

/* One end of a relationship. *ret_draft stays NULL when a finding was written. */
static ep_code resolve(ep_load *load, const ep_draft *from, const ep_yaml_node *node, ep_draft **ret_draft,
                       int *ret_field) {
    ep_str rest = node->text, file = {NULL, 0}, dataset, field;
    bool by_id = memchr(rest.ptr, '/', rest.len) != NULL;
    *ret_draft = NULL;
    if (by_id) {
        if (memchr(rest.ptr, '#', rest.len))
            file = cut(&rest, '#');
        if (rest.len > 0 && rest.ptr[0] == '/')
            rest = (ep_str){rest.ptr + 1, rest.len - 1};
        ep_str section = cut(&rest, '/');
        dataset = cut(&rest, '/');
        ep_str properties = cut(&rest, '/');
        field = cut(&rest, '/');
        if (!same_text("schema", section) || !same_text("properties", properties) || dataset.len == 0 ||
            field.len == 0)
            return ep_draft_error(load, from->file, node, "bad_reference",
                                  "a reference is written table.column or schema/ID/properties/ID");
    } else {
        dataset = cut(&rest, '.');
        field = cut(&rest, '.');
        if (dataset.len == 0 || field.len == 0)
            return ep_draft_error(load, from->file, node, "bad_reference",
                                  "a reference is written table.column or schema/ID/properties/ID");
    }
    ep_draft *draft = by_id ? find_by_id(load, from, file, dataset) : find_by_name(load, from, dataset);
    if (!draft)
        return missing_dataset(load, from, node, dataset);
    *ret_field = find_field(draft, field, by_id);
    if (*ret_field < 0)
        return ep_draft_error(load, from->file, node, "unknown_field",
                              "%s has no property with the %s \"%.*s\"", draft->name, by_id ? "id" : "name",
                              (int)(field.len > 60 ? 60 : field.len), field.ptr);
    if (rest.len > 0)
        return ep_draft_doubt(load, from->file, node, "bad_reference",
                              "a member inside %s cannot be a key: name the property",
                              draft->contract->fields[*ret_field].name);
    *ret_draft = draft;
    return EP_OK;
}

static bool same_column(const ep_column_def *a, const ep_column_def *b) {
    return a->type == b->type && a->precision == b->precision && a->scale == b->scale;
}

static ep_code add_pair(ep_load *load, link *l, const ep_yaml_node *to, int from_field, ep_draft *parent,
                        int to_field) {
    if (l->to && l->to != parent)
        return ep_draft_error(load, l->from->file, to, "bad_reference",
                              "one relationship leads to one dataset: %s and %s are two", l->to->name,
                              parent->name);
    if (l->n == MAX_PARTS)
        return ep_draft_error(load, l->from->file, to, "too_many", "a relationship has at most %d fields",
                              MAX_PARTS);
    const ep_contract_field *a = &l->from->contract->fields[from_field],
                            *b = &parent->contract->fields[to_field];
    l->to = parent;
    l->from_fields[l->n] = from_field;
    l->to_fields[l->n++] = to_field;
    if (!same_column(&a->column, &b->column))
        return ep_draft_error(
            load, l->from->file, to, "relationship_type", "%s is %s, %s of %s is %s: both must have one type",
            a->name, ep_type_name(a->column.type), b->name, parent->name, ep_type_name(b->column.type));
    return EP_OK;
}

/* The seller of the parent is the row's own unless the relationship says otherwise. */
static void add_owner(link *l) {
    const ep_contract *child = l->from->contract, *parent = l->to->contract;
    if (parent->owner < 0 || child->owner < 0 || l->n == MAX_PARTS)
        return;
    for (size_t i = 0; i < l->n; i++)
        if (l->to_fields[i] == parent->owner)
            return;
    l->from_fields[l->n] = child->owner;
    l->to_fields[l->n++] = parent->owner;
}

/* Puts the pairs into the order of the parent's key; false when they are not that key. */
static bool order_by_key(link *l) {
    const ep_contract *parent = l->to->contract;
    if (parent->n_key != l->n)
        return false;
    for (size_t i = 0; i < l->n; i++) {
        size_t at = i;
        while (at < l->n && l->to_fields[at] != parent->key[i])
            at++;
        if (at == l->n)
            return false;
        int from = l->from_fields[at], to = l->to_fields[at];
        l->from_fields[at] = l->from_fields[i];
        l->to_fields[at] = l->to_fields[i];
        l->from_fields[i] = from;
        l->to_fields[i] = to;
    }
    return true;
}

static const char *default_role(ep_load *load, const link *l, size_t property) {
    const char *parent = l->to->contract->name;
    if (property != SIZE_MAX) {
        ep_str name = ep_str_from(l->from->contract->fields[property].name);
        if (ep_str_ends(name, "_id") && name.len > 3)
            return ep_arena_strndup(load->arena, name.ptr, name.len - 3);
        return name.ptr;
    }
    return !strncmp(parent, "dim_", 4) && parent[4] ? parent + 4 : parent;
}

static ep_code add_parent(ep_load *load, link *l, const ep_yaml_node *owner, size_t property) {
    ep_contract *contract = l->from->contract;
    ep_parent *list = ep_draft_alloc(load, contract->n_parents + 1, sizeof(*list));
    if (!list)
        return EP_E_NOMEM;
    if (contract->n_parents > 0)
        memcpy(list, contract->parents, contract->n_parents * sizeof(*list));
    ep_parent *parent = &list[contract->n_parents];
    const char *role = ep_custom_text(l->node, "role");
    if (!role[0] && property != SIZE_MAX)
        role = ep_custom_text(owner, "role");
    parent->role = role[0] ? role : default_role(load, l, property);
    if (!parent->role)
        return ep_fail(load->err, EP_E_NOMEM, "out of memory reading contracts");
    parent->contract = l->to->contract->name;
    parent->n = l->n;
    for (size_t i = 0; i < l->n; i++) {
        parent->from[i] = contract->fields[l->from_fields[i]].name;
        parent->to[i] = l->to->contract->fields[l->to_fields[i]].name;
    }
    parent->on_unknown = l->from->on_unknown;
    if (!ep_custom_on_unknown(l->node, &parent->on_unknown) && property != SIZE_MAX)
        (void)ep_custom_on_unknown(owner, &parent->on_unknown);
    parent->line = l->node->line;
    contract->parents = list;
    for (size_t i = 0; i < contract->n_parents; i++)
        if (!strcmp(list[i].role, parent->role))
            return ep_draft_doubt(load, l->from->file, l->node, "duplicate_role",
                                  "two relationships have the role %s: give one another entrepot.role",
                                  parent->role);
    contract->n_parents++;
    return EP_OK;
}

static ep_code finish(ep_load *load, link *l, const ep_yaml_node *owner, size_t property) {
    add_owner(l);
    if (!order_by_key(l))
        EP_TRY(ep_draft_doubt(load, l->from->file, l->node, "parent_key",
                              "the relationship must name the key of %s, all of it", l->to->name));
    return add_parent(load, l, owner, property);
}

static ep_code parse_single(ep_load *load, ep_draft *draft, const ep_yaml_node *node, size_t property) {
    const ep_yaml_node *from = ep_yaml_get(node, "from"), *to = ep_yaml_get(node, "to");
    link l = {.node = node, .from = draft};
    ep_draft *parent;
    int field;
    if (from)
        return ep_draft_error(load, draft->file, from, "relationship_from",
                              "from stands at the dataset only: take it out here");
    if (to && to->kind == EP_Y_LIST && to->n == 1)
        to = to->first;
    if (!to || to->kind == EP_Y_LIST)
        return to ? ep_draft_error(
                        load, draft->file, to, "relationship_length",
                        "one property leads to one field: write a composite relationship at the dataset")
                  : EP_OK;
    if (to->kind != EP_Y_TEXT)
        return EP_OK;
    EP_TRY(resolve(load, draft, to, &parent, &field));
    if (!parent)
        return EP_OK;
    size_t before = load->lints->n_errors;
    EP_TRY(add_pair(load, &l, to, (int)property, parent, field));
    return load->lints->n_errors > before ? EP_OK : finish(load, &l, draft->fields[property].node, property);
}

static ep_code parse_composite(ep_load *load, ep_draft *draft, const ep_yaml_node *node) {
    const ep_yaml_node *from = ep_yaml_get(node, "from"), *to = ep_yaml_get(node, "to");
    link l = {.node = node, .from = draft};
    if (!from)
        return ep_draft_error(load, draft->file, node, "relationship_from",
                              "a relationship at the dataset needs from");
    if (!to)
        return EP_OK;
    if ((from->kind == EP_Y_LIST) != (to->kind == EP_Y_LIST))
        return ep_draft_error(load, draft->file, to, "relationship_length",
                              "from and to must both be texts or both be lists");
    bool list = from->kind == EP_Y_LIST;
    if (list && from->n != to->n)
        return ep_draft_error(load, draft->file, to, "relationship_length",
                              "from names %zu fields, to %zu: they must be as many", from->n, to->n);
    const ep_yaml_node *a = list ? from->first : from, *b = list ? to->first : to;
    size_t before = load->lints->n_errors;
    bool whole = true;
    for (; a && b; a = list ? a->next : NULL, b = list ? b->next : NULL) {
        ep_draft *here, *parent;
        int from_field = -1, to_field = -1;
        if (a->kind != EP_Y_TEXT || b->kind != EP_Y_TEXT)
            return EP_OK;
        EP_TRY(resolve(load, draft, a, &here, &from_field));
        EP_TRY(resolve(load, draft, b, &parent, &to_field));
        if (here && here != draft)
            EP_TRY(ep_draft_error(load, draft->file, a, "relationship_from",
                                  "from must name properties of %s", draft->name));
        whole &= here && parent;
        if (here == draft && parent)
            EP_TRY(add_pair(load, &l, b, from_field, parent, to_field));
    }
    return !whole || l.n == 0 || load->lints->n_errors > before ? EP_OK
                                                                : finish(load, &l, draft->node, SIZE_MAX);
}

ep_code ep_draft_parse_parents(ep_load *load, ep_draft *draft) {
    for (size_t i = 0; i < draft->contract->n_fields; i++) {
        const ep_yaml_node *list = ep_yaml_get(draft->fields[i].node, "relationships");
        for (const ep_yaml_node *node = list && list->kind == EP_Y_LIST ? list->first : NULL; node;
             node = node->next)
            EP_TRY(parse_single(load, draft, node, i));
    }
    const ep_yaml_node *list = ep_yaml_get(draft->node, "relationships");
    for (const ep_yaml_node *node = list && list->kind == EP_Y_LIST ? list->first : NULL; node;
         node = node->next)
        EP_TRY(parse_composite(load, draft, node));
    return EP_OK;
}

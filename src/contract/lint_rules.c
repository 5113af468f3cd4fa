/* What a loadable dataset needs beyond the standard, and what contradicts itself. */
#include "contract/draft.h"

#include <stdio.h>
#include <string.h>

static const ep_yaml_node *name_node(const ep_yaml_node *owner) {
    const ep_yaml_node *physical = ep_yaml_get(owner, "physicalName");
    const ep_yaml_node *name = ep_yaml_get(owner, "name");
    return physical && physical->kind == EP_Y_TEXT && physical->text.len > 0 ? physical : name;
}

/* What the warehouse adds: to a dimension the versions' columns, to others the mark of a deletion. Fields that are not
 * stored as they are may have these names. */
static bool is_reserved(const ep_contract *contract, size_t at) {
    const char *name = contract->fields[at].name;
    bool versions = contract->kind == EP_K_DIMENSION;
    if (name[0] == '_')
        return true;
    if ((int)at == contract->deleted ||
        (versions && ((int)at == contract->valid_time || (int)at == contract->sequence)))
        return false;
    if (versions)
        return ep_word_in("valid_from valid_to is_current is_deleted is_inferred", name);
    return contract->deleted >= 0 && !strcmp(name, "is_deleted");
}

/* The durable key of dim_seller is seller_key. */
static bool is_own_key(const ep_contract *contract, const char *name) {
    const char *table = contract->name;
    if (contract->kind == EP_K_NONE || contract->kind == EP_K_TRANSACTION)
        return false;
    table += !strncmp(table, "dim_", 4) ? 4 : !strncmp(table, "fact_", 5) ? 5 : 0;
    size_t len = strlen(table);
    return len > 0 && !strncmp(name, table, len) && !strcmp(name + len, "_key");
}

/* The columns that the warehouse adds for a parent. */
static const char *role_of_column(const ep_contract *contract, const char *name) {
    for (size_t i = 0; i < contract->n_parents; i++) {
        const char *role = contract->parents[i].role;
        size_t len = strlen(role);
        if (!strncmp(name, role, len) && (!strcmp(name + len, "_key") || !strcmp(name + len, "_from")))
            return role;
    }
    return NULL;
}

static ep_code lint_column_name(ep_load *load, const ep_draft *draft, size_t at) {
    const ep_contract_field *field = &draft->contract->fields[at];
    const ep_yaml_node *node = name_node(draft->fields[at].node);
    const char *role = role_of_column(draft->contract, field->name);
    if (!ep_draft_is_name(field->name))
        return ep_draft_error(
            load, draft->file, node, "bad_name",
            "the column name \"%.70s\" must be lower-case letters, digits and _, at most 63: give a physicalName",
            field->name);
    if (is_reserved(draft->contract, at) || is_own_key(draft->contract, field->name))
        return ep_draft_error(load, draft->file, node, "reserved_name",
                              "%s is a column that the warehouse makes itself: choose another physicalName",
                              field->name);
    if (role)
        return ep_draft_error(
            load, draft->file, node, "reserved_name",
            "%s is the column of the relationship with the role %s: choose another name or entrepot.role",
            field->name, role);
    return EP_OK;
}

static const ep_yaml_node *history_node(const ep_draft *draft, size_t at) {
    const ep_yaml_node *own = ep_custom_value(draft->fields[at].node, "history");
    return own ? own : ep_custom_value(draft->node, "history");
}

static ep_code lint_history(ep_load *load, const ep_draft *draft, size_t at) {
    const ep_contract *contract = draft->contract;
    const ep_contract_field *field = &contract->fields[at];
    const ep_yaml_node *node = history_node(draft, at);
    char previous[80];
    if (!node || field->history < EP_H_VERSIONS)
        return EP_OK;
    if (contract->kind != EP_K_DIMENSION && contract->kind != EP_K_NONE) {
        bool own = ep_custom_value(draft->fields[at].node, "history") != NULL;
        return own || at == 0
                   ? ep_draft_error(load, draft->file, node, "history_kind",
                                    "history %d needs versions, which only a dimension has: write 0 or 1",
                                    (int)field->history)
                   : EP_OK;
    }
    snprintf(previous, sizeof previous, "previous_%.60s", field->name);
    if (field->history == EP_H_PREVIOUS && ep_contract_field_index(contract, ep_str_from(previous)) >= 0)
        return ep_draft_error(load, draft->file, node, "reserved_name",
                              "history 3 of %s makes the column %s, which exists already", field->name,
                              previous);
    return EP_OK;
}

static bool has_checks_inside(const ep_yaml_node *node) {
    static const char *const places[] = {"items", "key", "value", "map"};
    bool found = false;
    const ep_yaml_node *list = ep_yaml_get(node, "properties");
    for (const ep_yaml_node *item = list && list->kind == EP_Y_LIST ? list->first : NULL; item && !found;
         item = item->next)
        found = ep_yaml_get(item, "logicalTypeOptions") || ep_yaml_get(item, "quality") ||
                ep_yaml_get(item, "enum") || has_checks_inside(item);
    for (size_t i = 0; i < 4 && !found; i++) {
        const ep_yaml_node *item = ep_yaml_get(node, places[i]);
        if (item && item->kind == EP_Y_MAP)
            found = ep_yaml_get(item, "logicalTypeOptions") || ep_yaml_get(item, "quality") ||
                    ep_yaml_get(item, "enum") || has_checks_inside(item);
    }
    return found;
}

static ep_code lint_field(ep_load *load, ep_draft *draft, size_t at) {
    const ep_contract *contract = draft->contract;
    const ep_contract_field *field = &contract->fields[at];
    const ep_draft_field *from = &draft->fields[at];
    if (!from->has_type && !ep_yaml_get(from->node, "logicalType"))
        EP_TRY(ep_draft_doubt(load, draft->file, from->node, "no_type",
                              "%s has no logicalType: it would be kept as text", field->name));
    if (field->key_position > 0 && contract->checks->fields[at].n_required == 0 && !field->derived &&
        field->day_of < 0 && !contract->generated[0])
        EP_TRY(ep_draft_doubt(load, draft->file, from->node, "optional_key",
                              "%s is part of the key: write required: true", field->name));
    if (field->personal && contract->kind != EP_K_NONE && !field->purpose[0] && !contract->purpose[0])
        EP_TRY(ep_draft_lint(load, draft->file, EP_S_WARNING, from->node, "no_purpose",
                             "%s is personal: say why in entrepot.purpose, here or at the dataset",
                             field->name));
    if (contract->checks->fields[at].json != EP_J_NONE && has_checks_inside(from->node))
        EP_TRY(ep_draft_lint(
            load, draft->file, EP_S_INFO, from->node, "not_executed",
            "limits of what is inside %s are documentation; only its required members are checked",
            field->name));
    EP_TRY(lint_history(load, draft, at));
    return load->strict ? lint_column_name(load, draft, at) : EP_OK;
}

static ep_code lint_positions(ep_load *load, ep_draft *draft) {
    bool seen[65] = {false};
    int64_t n = 0, greatest = 0, place;
    const ep_yaml_node *last = NULL;
    for (size_t i = 0; i < draft->contract->n_fields; i++) {
        const ep_yaml_node *node = draft->fields[i].node, *position = ep_yaml_get(node, "primaryKeyPosition");
        bool key = ep_draft_bool(node, "primaryKey");
        n += key;
        if (!ep_yaml_int(position, &place) || (place < 1 && !key) || (place == -1 && key))
            continue;
        if (!key)
            EP_TRY(ep_draft_doubt(load, draft->file, position, "key_position",
                                  "a position without primaryKey: true"));
        else if (place < 1 || place > 64)
            EP_TRY(ep_draft_doubt(load, draft->file, position, "key_position",
                                  "positions in the key count from 1"));
        else if (seen[place])
            EP_TRY(ep_draft_doubt(load, draft->file, position, "key_position", "position %d is already taken",
                                  (int)place));
        else {
            seen[place] = true;
            greatest = place > greatest ? place : greatest;
            last = position;
        }
    }
    if (greatest > n && last)
        return ep_draft_doubt(load, draft->file, last, "key_position",
                              "the key has %d properties, its positions have a hole", (int)n);
    return EP_OK;
}

/* What a table needs before rows can be put into it. */
static ep_code lint_loadable(ep_load *load, ep_draft *draft) {
    const ep_contract *contract = draft->contract;
    const ep_yaml_node *node = draft->node;
    if (!ep_draft_is_name(contract->name) || contract->name[0] == '_')
        EP_TRY(ep_draft_error(
            load, draft->file, name_node(node), "bad_name",
            "the table name \"%.70s\" must be lower-case letters, digits and _, at most 63: give a physicalName",
            contract->name));
    /* Views of these names show a seller its own rejected records and remarks (sql/access/grants.sql), beside one of each of its tables. */
    if (ep_word_in("rejected remark", contract->name))
        EP_TRY(
            ep_draft_error(load, draft->file, name_node(node), "reserved_name",
                           "%s is a view that the warehouse makes for sellers: choose another physicalName",
                           contract->name));
    if (contract->n_fields == 0)
        EP_TRY(ep_draft_error(load, draft->file, node, "no_properties", "%s has no properties", draft->name));
    if (contract->kind == EP_K_NONE && !ep_custom_value(node, "kind"))
        return ep_draft_error(
            load, draft->file, node, "no_kind",
            "%s needs the custom property entrepot.kind: dimension, transaction, accumulating, snapshot or reference",
            draft->name);
    bool has_key = contract->n_key > 0 || ep_custom_value(node, "key");
    bool has_identity = contract->n_identity > 0 || ep_custom_value(node, "dedupe");
    if (contract->kind != EP_K_SNAPSHOT && !has_key && !(contract->kind == EP_K_TRANSACTION && has_identity))
        EP_TRY(ep_draft_error(load, draft->file, node, "no_key",
                              "%s needs a key: entrepot.key, or primaryKey: true on properties",
                              draft->name));
    bool needs_time = contract->kind == EP_K_DIMENSION || contract->kind == EP_K_TRANSACTION ||
                      contract->kind == EP_K_ACCUMULATING;
    if (needs_time && contract->valid_time < 0 && !ep_custom_value(node, "validTime") &&
        !contract->generated[0])
        EP_TRY(ep_draft_error(
            load, draft->file, node, "no_valid_time",
            "%s needs entrepot.validTime: the timestamp at which a change or event happened", draft->name));
    return EP_OK;
}

static ep_code lint_roles(ep_load *load, ep_draft *draft) {
    const ep_contract *contract = draft->contract;
    for (size_t i = 0; i < contract->n_parents; i++) {
        const ep_parent *parent = &contract->parents[i];
        if (ep_draft_is_name(parent->role) && strlen(parent->role) <= 58)
            continue;
        ep_yaml_node place = *draft->node;
        place.line = parent->line;
        place.column = 1;
        EP_TRY(ep_draft_doubt(
            load, draft->file, &place, "bad_name",
            "the role \"%.60s\" makes no column name: give entrepot.role in lower-case letters",
            parent->role));
    }
    return EP_OK;
}

ep_code ep_lint_rules(ep_load *load, ep_draft *draft) {
    const ep_contract *contract = draft->contract;
    for (size_t i = 0; i < contract->n_fields; i++)
        EP_TRY(lint_field(load, draft, i));
    EP_TRY(lint_positions(load, draft));
    if (contract->is_public && contract->owner >= 0)
        EP_TRY(ep_draft_error(load, draft->file, draft->node, "owner_public",
                              "%s has an owner and is public: rows of one seller are not the same for all",
                              draft->name));
    EP_TRY(lint_roles(load, draft));
    if (contract->valid_time >= 0 && load->strict &&
        contract->checks->fields[contract->valid_time].n_required == 0 &&
        !contract->fields[contract->valid_time].derived)
        EP_TRY(ep_draft_lint(load, draft->file, EP_S_WARNING, draft->fields[contract->valid_time].node,
                             "optional_time", "%s is the event time: write required: true",
                             contract->fields[contract->valid_time].name));
    return load->strict ? lint_loadable(load, draft) : EP_OK;
}

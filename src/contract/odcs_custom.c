/* Our own properties, entrepot.*, and what follows from them: key, identity, times, history. */
#include "contract/draft.h"

#include <string.h>

#define PREFIX     "entrepot."
#define PREFIX_LEN (sizeof PREFIX - 1)

static ep_code unknown(ep_load *load, const ep_draft_file *file, const ep_yaml_node *name,
                       const ep_custom_key *keys, size_t n, const char *where) {
    ep_nearest near;
    ep_nearest_init(&near, name->text.ptr + PREFIX_LEN);
    for (size_t i = 0; i < n; i++)
        ep_nearest_try(&near, ep_str_from(keys[i].name));
    return ep_draft_error(load, file, name, "unknown_property", "\"%.60s\" is no property of %s%s%s%s",
                          name->text.ptr, where, near.best[0] ? "; did you mean \"" PREFIX : "", near.best,
                          near.best[0] ? "\"?" : "");
}

static ep_code check_value(ep_load *load, const ep_draft_file *file, const ep_yaml_node *name,
                           const ep_custom_key *key, const ep_yaml_node *value) {
    static const unsigned types[] = {EP_KT_NULL, EP_KT_BOOL, EP_KT_INT, EP_KT_NUMBER,
                                     EP_KT_TEXT, EP_KT_LIST, EP_KT_MAP};
    if (!value)
        return EP_OK; /* lint.c says so */
    if (!(types[value->kind] & key->types))
        return ep_draft_error(load, file, value, "bad_property", "%s must be %s, this is %s", name->text.ptr,
                              key->value_text, ep_yaml_kind_text(value->kind));
    if (key->values && !ep_word_in(key->values, value->text.ptr)) {
        ep_nearest near;
        ep_nearest_init(&near, value->text.ptr);
        ep_nearest_try_words(&near, key->values);
        return ep_draft_error(load, file, value, "bad_property",
                              "\"%.40s\" is no value of %s%s%s%s: write one of %s", value->text.ptr,
                              name->text.ptr, near.best[0] ? "; did you mean \"" : "", near.best,
                              near.best[0] ? "\"?" : "", key->values);
    }
    return EP_OK;
}

/* Looks at each entrepot. entry of a customProperties list. */
static ep_code lint_list(ep_load *load, const ep_draft_file *file, const ep_yaml_node *owner,
                         const ep_custom_key *keys, size_t n, const char *where) {
    const ep_yaml_node *list = ep_yaml_get(owner, "customProperties");
    for (const ep_yaml_node *item = list && list->kind == EP_Y_LIST ? list->first : NULL; item;
         item = item->next) {
        const ep_yaml_node *name = ep_yaml_get(item, "property");
        if (!name || name->kind != EP_Y_TEXT)
            continue;
        if (!ep_str_starts(name->text, PREFIX)) {
            if (ep_str_starts(name->text, "entrepo") || ep_str_starts(name->text, "Entrepo"))
                EP_TRY(ep_draft_lint(load, file, EP_S_WARNING, name, "unknown_property",
                                     "\"%.60s\" is not read: our properties begin with \"" PREFIX "\"",
                                     name->text.ptr));
            continue;
        }
        const ep_custom_key *key = ep_custom_find(keys, n, name->text.ptr + PREFIX_LEN);
        if (!key)
            EP_TRY(unknown(load, file, name, keys, n, where));
        else
            EP_TRY(check_value(load, file, name, key, ep_yaml_get(item, "value")));
        for (const ep_yaml_node *before = list->first; before != item; before = before->next)
            if (!strcmp(ep_draft_text(before, "property"), name->text.ptr)) {
                EP_TRY(ep_draft_error(load, file, name, "duplicate_property",
                                      "%s is already given on line %d: keep one", name->text.ptr,
                                      before->line));
                break;
            }
    }
    return EP_OK;
}

const ep_yaml_node *ep_custom_value(const ep_yaml_node *owner, const char *name) {
    const ep_yaml_node *list = ep_yaml_get(owner, "customProperties");
    for (const ep_yaml_node *item = list && list->kind == EP_Y_LIST ? list->first : NULL; item;
         item = item->next) {
        const char *property = ep_draft_text(item, "property");
        if (!strncmp(property, PREFIX, PREFIX_LEN) && !strcmp(property + PREFIX_LEN, name))
            return ep_yaml_get(item, "value");
    }
    return NULL;
}

const char *ep_custom_text(const ep_yaml_node *owner, const char *name) {
    const ep_yaml_node *value = ep_custom_value(owner, name);
    return value && value->kind == EP_Y_TEXT ? value->text.ptr : "";
}

static bool custom_bool(const ep_yaml_node *owner, const char *name) {
    const ep_yaml_node *value = ep_custom_value(owner, name);
    return value && value->kind == EP_Y_BOOL && value->boolean;
}

bool ep_custom_on_unknown(const ep_yaml_node *owner, ep_on_unknown *ret) {
    static const char *const words[] = {"inferred", "wait", "quarantine"};
    const char *word = ep_custom_text(owner, "onUnknownParent");
    for (int i = 0; i < 3; i++)
        if (!strcmp(word, words[i])) {
            *ret = (ep_on_unknown)i;
            return true;
        }
    return false;
}

/* The field that a value names; -1 and a finding when there is none. */
static ep_code field_of(ep_load *load, ep_draft *draft, const ep_yaml_node *value, const char *what,
                        int *ret) {
    *ret = ep_draft_field_index(draft, value->text.ptr);
    if (*ret >= 0)
        return EP_OK;
    return ep_draft_error(load, draft->file, value, "unknown_field",
                          "entrepot.%s names \"%.60s\", which is no property of %s%s", what, value->text.ptr,
                          draft->name, ep_draft_near_field(load, draft, value->text.ptr));
}

static ep_code single(ep_load *load, ep_draft *draft, const char *what, unsigned types, const char *type_text,
                      int *ret) {
    const ep_yaml_node *value = ep_custom_value(draft->node, what);
    if (!value || value->kind != EP_Y_TEXT)
        return EP_OK;
    EP_TRY(field_of(load, draft, value, what, ret));
    if (*ret < 0)
        return EP_OK;
    const ep_contract_field *field = &draft->contract->fields[*ret];
    bool is_json = draft->contract->checks->fields[*ret].json != EP_J_NONE;
    if (!(types >> field->column.type & 1) || is_json) {
        EP_TRY(ep_draft_error(load, draft->file, value, "field_type", "entrepot.%s must name %s, %s is %s",
                              what, type_text, value->text.ptr,
                              is_json ? "an object or array" : ep_type_name(field->column.type)));
        *ret = -1;
    }
    return EP_OK;
}

static ep_code field_list(ep_load *load, ep_draft *draft, const char *what, int fields[8], size_t *ret_n,
                          bool *ret_given) {
    const ep_yaml_node *value = ep_custom_value(draft->node, what);
    *ret_given = value && (value->kind == EP_Y_LIST || value->kind == EP_Y_TEXT);
    if (!*ret_given)
        return EP_OK;
    const ep_yaml_node *item = value->kind == EP_Y_LIST ? value->first : value;
    if (!item)
        return ep_draft_error(load, draft->file, value, "bad_property",
                              "entrepot.%s must name at least one property", what);
    for (; item; item = value->kind == EP_Y_LIST ? item->next : NULL) {
        int at = -1;
        if (item->kind != EP_Y_TEXT) {
            EP_TRY(ep_draft_error(load, draft->file, item, "bad_property",
                                  "entrepot.%s must be a list of property names", what));
            continue;
        }
        EP_TRY(field_of(load, draft, item, what, &at));
        bool twice = false;
        for (size_t i = 0; i < *ret_n; i++)
            twice |= fields[i] == at;
        if (at >= 0 && twice)
            EP_TRY(ep_draft_error(load, draft->file, item, "duplicate_item", "entrepot.%s names %s twice",
                                  what, item->text.ptr));
        else if (at >= 0 && *ret_n == 8)
            return ep_draft_error(load, draft->file, item, "too_many",
                                  "entrepot.%s holds at most 8 properties", what);
        else if (at >= 0)
            fields[(*ret_n)++] = at;
    }
    return EP_OK;
}

/* Properties with primaryKey by position; equal or missing positions keep the order of the file. */
static void primary_key(const ep_draft *draft, int key[8], size_t *ret_n) {
    int64_t places[8];
    for (size_t i = 0; i < draft->contract->n_fields && *ret_n < 8; i++) {
        const ep_yaml_node *node = draft->fields[i].node;
        int64_t place;
        if (!ep_draft_bool(node, "primaryKey"))
            continue;
        if (!ep_yaml_int(ep_yaml_get(node, "primaryKeyPosition"), &place) || place < 1)
            place = INT64_MAX;
        size_t at = (*ret_n)++;
        for (; at > 0 && places[at - 1] > place; at--) {
            places[at] = places[at - 1];
            key[at] = key[at - 1];
        }
        places[at] = place;
        key[at] = (int)i;
    }
}

static bool in_list(const int *fields, size_t n, int field) {
    for (size_t i = 0; i < n; i++)
        if (fields[i] == field)
            return true;
    return false;
}

static void owner_first(ep_contract *contract) {
    int key[9] = {contract->owner};
    size_t n = 1;
    for (size_t i = 0; i < contract->n_key && n < 8; i++)
        if (contract->key[i] != contract->owner)
            key[n++] = contract->key[i];
    memcpy(contract->key, key, n * sizeof key[0]);
    contract->n_key = n;
}

static ep_code set_key(ep_load *load, ep_draft *draft) {
    ep_contract *contract = draft->contract;
    int identity[8];
    size_t n_identity = 0;
    EP_TRY(field_list(load, draft, "key", contract->key, &contract->n_key, &draft->key_is_declared));
    EP_TRY(field_list(load, draft, "dedupe", identity, &n_identity, &draft->identity_is_declared));
    if (!draft->key_is_declared)
        primary_key(draft, contract->key, &contract->n_key);
    if (contract->owner >= 0 && contract->n_key > 0)
        owner_first(contract);
    for (size_t i = 0; i < contract->n_key; i++)
        contract->fields[contract->key[i]].key_position = (int)i + 1;
    if (!draft->identity_is_declared) {
        memcpy(identity, contract->key, sizeof identity);
        n_identity = contract->n_key;
    }
    for (size_t i = 0; i < n_identity; i++)
        if (identity[i] != contract->owner && identity[i] != contract->valid_time &&
            !in_list(contract->identity, contract->n_identity, identity[i]))
            contract->identity[contract->n_identity++] = identity[i];
    return EP_OK;
}

static ep_kind kind_of(const char *word) {
    static const char *const words[] = {"",         "dimension",    "transaction",
                                        "snapshot", "accumulating", "reference"};
    for (int i = 1; i < 6; i++)
        if (!strcmp(word, words[i]))
            return (ep_kind)i;
    return EP_K_NONE;
}

static void set_history(const ep_draft *draft, size_t at) {
    ep_contract *contract = draft->contract;
    int64_t number = contract->kind == EP_K_DIMENSION ? 2 : 1;
    const ep_yaml_node *own = ep_custom_value(draft->fields[at].node, "history");
    const ep_yaml_node *all = ep_custom_value(draft->node, "history");
    if (!ep_yaml_int(own, &number) || number < 0 || number > 3)
        if (!ep_yaml_int(all, &number) || number < 0 || number > 3)
            number = contract->kind == EP_K_DIMENSION ? 2 : 1;
    contract->fields[at].history = (ep_history)number;
}

/* P3Y, P18M, P2W, P90D or several parts; times of day make no retention. */
static bool is_duration(const char *text) {
    size_t digits = 0, parts = 0;
    const char *units = "YMWD";
    if (*text++ != 'P')
        return false;
    for (; *text; text++) {
        const char *unit = strchr(units, *text);
        if (*text >= '0' && *text <= '9' && digits < 5) {
            digits++;
        } else if (unit && digits > 0) {
            units = unit + 1;
            digits = 0;
            parts++;
        } else {
            return false;
        }
    }
    return parts > 0 && digits == 0;
}

static ep_code set_retention(ep_load *load, ep_draft *draft, const ep_yaml_node *owner, const char **ret) {
    *ret = ep_custom_text(owner, "retention");
    if (**ret && !is_duration(*ret))
        return ep_draft_error(
            load, draft->file, ep_custom_value(owner, "retention"), "bad_property",
            "entrepot.retention must be an ISO 8601 duration in years, months, weeks or days: P3Y, P18M, P90D");
    return EP_OK;
}

static ep_code set_day_of(ep_load *load, ep_draft *draft, size_t at) {
    ep_contract_field *field = &draft->contract->fields[at];
    const ep_yaml_node *value = ep_custom_value(draft->fields[at].node, "dayOf");
    if (!value || value->kind != EP_Y_TEXT)
        return EP_OK;
    EP_TRY(field_of(load, draft, value, "dayOf", &field->day_of));
    if (field->day_of < 0)
        return EP_OK;
    if (field->column.type == EP_T_DATE &&
        draft->contract->fields[field->day_of].column.type == EP_T_TIMESTAMP)
        return EP_OK;
    field->day_of = -1;
    return ep_draft_error(load, draft->file, value, "field_type",
                          "entrepot.dayOf stands on a date and names a timestamp");
}

static ep_code set_lookup_value(ep_load *load, ep_draft *draft, size_t at) {
    ep_contract_field *field = &draft->contract->fields[at];
    const ep_yaml_node *value = ep_custom_value(draft->fields[at].node, "lookupValue");
    field->lookup_value = ep_custom_text(draft->fields[at].node, "lookupValue");
    if (!value || field->column.type == EP_T_TEXT)
        return EP_OK;
    return ep_draft_error(load, draft->file, value, "field_type", "entrepot.lookupValue stands on a string");
}

static ep_code parse_field(ep_load *load, ep_draft *draft, size_t at) {
    const ep_yaml_node *node = draft->fields[at].node;
    ep_contract_field *field = &draft->contract->fields[at];
    EP_TRY(lint_list(load, draft->file, node, ep_custom_property, ep_n_custom_property, "a property"));
    field->personal = custom_bool(node, "personal");
    field->derived = custom_bool(node, "derived");
    field->purpose = ep_custom_text(node, "purpose");
    EP_TRY(set_retention(load, draft, node, &field->retention));
    EP_TRY(set_day_of(load, draft, at));
    EP_TRY(set_lookup_value(load, draft, at));
    set_history(draft, at);
    const ep_yaml_node *relationships = ep_yaml_get(node, "relationships");
    for (const ep_yaml_node *item = relationships ? relationships->first : NULL; item; item = item->next)
        EP_TRY(lint_list(load, draft->file, item, ep_custom_relationship, ep_n_custom_relationship,
                         "a relationship"));
    return EP_OK;
}

ep_code ep_draft_parse_custom(ep_load *load, ep_draft *draft) {
    ep_contract *contract = draft->contract;
    const unsigned times = 1u << EP_T_TIMESTAMP | 1u << EP_T_DATE;
    bool any;
    EP_TRY(lint_list(load, draft->file, draft->node, ep_custom_dataset, ep_n_custom_dataset, "a dataset"));
    contract->kind = kind_of(ep_custom_text(draft->node, "kind"));
    contract->generated = ep_custom_text(draft->node, "generated");
    contract->is_public = custom_bool(draft->node, "public");
    contract->purpose = ep_custom_text(draft->node, "purpose");
    EP_TRY(set_retention(load, draft, draft->node, &contract->retention));
    draft->on_unknown = EP_U_INFERRED;
    (void)ep_custom_on_unknown(draft->node, &draft->on_unknown);
    EP_TRY(single(load, draft, "validTime", times, "a timestamp or date", &contract->valid_time));
    EP_TRY(single(load, draft, "bindTime", times, "a timestamp or date", &contract->bind_time));
    EP_TRY(single(load, draft, "sequence", 1u << EP_T_INT, "an integer", &contract->sequence));
    EP_TRY(single(load, draft, "owner", 1u << EP_T_TEXT, "a string", &contract->owner));
    EP_TRY(single(load, draft, "deleted", 1u << EP_T_BOOL, "a boolean", &contract->deleted));
    if (contract->bind_time < 0)
        contract->bind_time = contract->valid_time;
    EP_TRY(set_key(load, draft));
    EP_TRY(field_list(load, draft, "lookup", contract->lookup, &contract->n_lookup, &any));
    for (size_t i = 0; i < contract->n_fields; i++)
        EP_TRY(parse_field(load, draft, i));
    const ep_yaml_node *relationships = ep_yaml_get(draft->node, "relationships");
    for (const ep_yaml_node *item = relationships ? relationships->first : NULL; item; item = item->next)
        EP_TRY(lint_list(load, draft->file, item, ep_custom_relationship, ep_n_custom_relationship,
                         "a relationship"));
    return EP_OK;
}

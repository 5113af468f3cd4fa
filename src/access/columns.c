#include "access/access.h"

#include <string.h>

/* The contract's field behind a physical column: its own, or the one it keeps the previous value of. */
static const ep_contract_field *field_of(const ep_table *t, const char *column) {
    static const char previous[] = "previous_";
    int f = ep_contract_field_index(t->contract, ep_str_from(column));
    if (f < 0 && strncmp(column, previous, sizeof previous - 1) == 0)
        f = ep_contract_field_index(t->contract, ep_str_from(column + sizeof previous - 1));
    return f < 0 ? NULL : &t->contract->fields[f];
}

/* A table with one row an owner tells of the owner alone: its personal columns are the reader's own. */
static bool tells_of_its_owner(const ep_table *t) {
    const ep_contract *c = t->contract;
    return c->owner >= 0 && c->n_key == 1 && c->key[0] == c->owner;
}

/* Durable keys of persons stand for them: pseudonyms, the same for everybody who sees one, so not for sellers. */
static bool is_person_key(const ep_table *t, const char *column) {
    if (t->personal && t->key_column && strcmp(column, t->key_column) == 0)
        return true;
    for (size_t l = 0; l < t->n_links; l++)
        if (t->links[l].table->personal &&
            (strcmp(column, t->links[l].key_column) == 0 ||
             (t->links[l].from_column && strcmp(column, t->links[l].from_column) == 0)))
            return true;
    return false;
}

bool ep_access_is_personal(const ep_table *t, const char *column) {
    const ep_contract_field *field = field_of(t, column);
    return field && field->personal;
}

ep_audience ep_access_column(const ep_table *t, const char *column) {
    if (column[0] == '_')
        return EP_FOR_INSIDE;
    if (is_person_key(t, column))
        return EP_FOR_ANALYSTS;
    const ep_contract_field *field = field_of(t, column);
    if (field && field->personal && !tells_of_its_owner(t))
        return strcmp(field->classification, "confidential") == 0 ? EP_FOR_ANALYSTS : EP_FOR_INSIDE;
    if (field && field->personal)
        return EP_FOR_SELLERS;
    return t->contract->owner >= 0 || t->contract->is_public ? EP_FOR_SELLERS : EP_FOR_ANALYSTS;
}

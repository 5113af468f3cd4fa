#include "warehouse/schema.h"

#include <string.h>

static ep_code add(ep_physical *to, const char *name, ep_column_def type, ep_error *err) {
    EP_TRY(ep_grow((void **)&to->items, &to->capacity, to->n + 1, sizeof *to->items, err));
    type.name = name;
    to->items[to->n++] = type;
    return EP_OK;
}

static ep_code add_system(ep_physical *to, const char *const *names, const ep_type *types, size_t n,
                          ep_error *err) {
    for (size_t i = 0; i < n; i++)
        EP_TRY(add(to, names[i], (ep_column_def){.type = types[i]}, err));
    return EP_OK;
}

/* The contract's own columns, computed ones included unless this is a change log. */
static ep_code add_fields(const ep_table *t, bool log, ep_arena *arena, ep_physical *to, ep_error *err) {
    const ep_contract *c = t->contract;
    for (size_t f = 0; f < c->n_fields; f++) {
        if (!ep_field_is_stored(t, f) || (log && c->fields[f].derived))
            continue;
        EP_TRY(add(to, c->fields[f].name, c->schema.columns[f], err));
        if (t->versions && !log && c->fields[f].history == EP_H_PREVIOUS) {
            const char *name = ep_arena_printf(arena, "previous_%s", c->fields[f].name);
            if (!name)
                return ep_fail(err, EP_E_NOMEM, "out of memory for a table's columns");
            EP_TRY(add(to, name, c->schema.columns[f], err));
        }
    }
    return EP_OK;
}

static ep_code add_links(const ep_table *t, bool with_versions, ep_physical *to, ep_error *err) {
    if (t->versions)
        return EP_OK;
    for (size_t l = 0; l < t->n_links; l++)
        EP_TRY(add(to, t->links[l].key_column, (ep_column_def){.type = EP_T_INT}, err));
    for (size_t r = 0; with_versions && r < t->roles.n; r++)
        EP_TRY(add(to, t->roles.items[r].name, (ep_column_def){.type = EP_T_TIMESTAMP}, err));
    return EP_OK;
}

static ep_code log_columns(const ep_table *t, ep_arena *arena, ep_physical *ret, ep_error *err) {
    static const char *const first[] = {"_key", "_at", "_seq", "_hash", "_present", "_deleted"};
    static const ep_type first_types[] = {EP_T_INT, EP_T_TIMESTAMP, EP_T_INT, EP_T_INT, EP_T_INT, EP_T_BOOL};
    static const char *const last[] = {"_outcome", "_record", "_load_id", "_recorded_at"};
    static const ep_type last_types[] = {EP_T_INT, EP_T_INT, EP_T_INT, EP_T_TIMESTAMP};
    EP_TRY(add_system(ret, first, first_types, 6, err));
    EP_TRY(add_fields(t, true, arena, ret, err));
    EP_TRY(add_links(t, false, ret, err));
    return add_system(ret, last, last_types, 4, err);
}

ep_code ep_schema_columns(const ep_table *t, bool log, ep_arena *arena, ep_physical *ret, ep_error *err) {
    static const char *const version[] = {"valid_from", "valid_to", "is_current", "is_deleted",
                                          "is_inferred"};
    static const ep_type version_types[] = {EP_T_TIMESTAMP, EP_T_TIMESTAMP, EP_T_BOOL, EP_T_BOOL, EP_T_BOOL};
    static const char *const single[] = {"_at", "_seq",    "_hash",    "_present",    "_deleted",
                                         "_n",  "_record", "_load_id", "_recorded_at"};
    static const ep_type single_types[] = {EP_T_TIMESTAMP, EP_T_INT, EP_T_INT, EP_T_INT,      EP_T_BOOL,
                                           EP_T_INT,       EP_T_INT, EP_T_INT, EP_T_TIMESTAMP};
    static const char *const event[] = {"_at", "_seq", "_hash", "_record", "_load_id"};
    static const ep_type event_types[] = {EP_T_TIMESTAMP, EP_T_INT, EP_T_INT, EP_T_INT, EP_T_INT};
    if (log)
        return log_columns(t, arena, ret, err);
    if (t->keyed && t->fed)
        EP_TRY(add(ret, t->key_column, (ep_column_def){.type = EP_T_INT}, err));
    EP_TRY(add_fields(t, false, arena, ret, err));
    EP_TRY(add_links(t, true, ret, err));
    if (!t->fed)
        return EP_OK;
    if (t->versions)
        return add_system(ret, version, version_types, 5, err);
    if (t->keyed && t->contract->deleted >= 0)
        EP_TRY(add(ret, "is_deleted", (ep_column_def){.type = EP_T_BOOL}, err));
    return t->keyed ? add_system(ret, single, single_types, 9, err)
                    : add_system(ret, event, event_types, 5, err);
}

ep_code ep_schema_content(const ep_table *t, ep_arena *arena, ep_physical *ret, ep_error *err) {
    ep_physical all = {0};
    ep_code code = ep_schema_columns(t, false, arena, &all, err);
    for (size_t i = 0; code == EP_OK && i < all.n; i++) {
        bool ours =
            all.items[i].name[0] == '_' || (t->key_column && strcmp(all.items[i].name, t->key_column) == 0);
        for (size_t l = 0; l < t->n_links; l++)
            ours = ours || strcmp(all.items[i].name, t->links[l].key_column) == 0;
        if (!ours)
            code = add(ret, all.items[i].name, all.items[i], err);
    }
    ep_free(all.items);
    return code;
}

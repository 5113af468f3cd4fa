#include "warehouse/plan.h"
#include "base/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *ep_short_name(const char *table) {
    if (strncmp(table, "dim_", 4) == 0)
        return table + 4;
    if (strncmp(table, "fact_", 5) == 0)
        return table + 5;
    return table;
}

bool ep_field_is_stored(const ep_table *table, size_t field) {
    const ep_contract *c = table->contract;
    int f = (int)field;
    if (f == c->deleted)
        return false;
    return !table->versions || (f != c->valid_time && f != c->sequence);
}

static bool is_key(const ep_contract *c, int field) {
    for (size_t i = 0; i < c->n_key; i++)
        if (c->key[i] == field)
            return true;
    return false;
}

static bool has_versions(const ep_contract *c) {
    if (c->kind != EP_K_DIMENSION)
        return false;
    for (size_t f = 0; f < c->n_fields; f++)
        if (!is_key(c, (int)f) && (int)f != c->valid_time && (int)f != c->sequence &&
            c->fields[f].history >= EP_H_VERSIONS)
            return true;
    return c->deleted >= 0;
}

static ep_code give_bits(ep_plan *plan, ep_table *t, const ep_known_bit *known, size_t n_known,
                         ep_error *err) {
    const ep_contract *c = t->contract;
    t->bit = ep_arena_calloc(&plan->arena, c->n_fields + 1, sizeof *t->bit);
    if (!t->bit)
        return ep_fail(err, EP_E_NOMEM, "out of memory for the plan");
    int64_t used = 0;
    for (size_t f = 0; f < c->n_fields; f++)
        for (size_t k = 0; k < n_known; k++)
            if (strcmp(known[k].table, t->name) == 0 && strcmp(known[k].column, c->fields[f].name) == 0)
                t->bit[f] = known[k].bit;
    for (size_t k = 0; k < n_known; k++)
        if (strcmp(known[k].table, t->name) == 0)
            used |= known[k].bit;
    for (size_t f = 0; f < c->n_fields; f++) {
        int field = (int)f;
        bool attribute = t->keyed && !is_key(c, field) && field != c->valid_time && field != c->sequence &&
                         field != c->deleted;
        if (!attribute || c->fields[f].derived)
            continue;
        for (int b = 0; t->bit[f] == 0 && b < 62; b++)
            if (!(used & (INT64_C(1) << b)))
                t->bit[f] = INT64_C(1) << b;
        if (t->bit[f] == 0)
            return ep_fail_field(err, EP_E_CONFIG, c->fields[f].name, "%s has more than 62 attributes",
                                 t->name);
        used |= t->bit[f];
        t->full |= t->bit[f];
    }
    return EP_OK;
}

static const char *made(ep_plan *plan, const char *a, const char *b) {
    return ep_arena_printf(&plan->arena, "%s%s", a, b);
}

static ep_code make_links(ep_plan *plan, ep_table *t, ep_error *err) {
    const ep_contract *c = t->contract;
    t->links = ep_arena_calloc(&plan->arena, c->n_parents + 1, sizeof *t->links);
    if (!t->links)
        return ep_fail(err, EP_E_NOMEM, "out of memory for the plan");
    for (size_t p = 0; p < c->n_parents; p++) {
        const ep_parent *parent = &c->parents[p];
        const ep_table *table = ep_plan_find(plan, parent->contract);
        if (!table || !table->keyed || !table->fed)
            continue; /* dim_date and the like: joined by value */
        ep_link link = {.parent = parent, .table = table, .n_from = table->contract->n_key};
        for (size_t k = 0; k < table->contract->n_key; k++) {
            const char *want = table->contract->fields[table->contract->key[k]].name;
            link.from[k] = -1;
            for (size_t i = 0; i < parent->n; i++)
                if (strcmp(parent->to[i], want) == 0)
                    link.from[k] = ep_contract_field_index(c, ep_str_from(parent->from[i]));
            if (link.from[k] < 0)
                return ep_fail_field(err, EP_E_CONFIG, want,
                                     "%s:%d: the relationship of %s to %s does not name its key field %s",
                                     c->file, parent->line, t->name, parent->contract, want);
        }
        link.key_column = made(plan, parent->role, "_key");
        link.from_column = has_versions(table->contract) ? made(plan, parent->role, "_from") : NULL;
        if (!link.key_column || (has_versions(table->contract) && !link.from_column))
            return ep_fail(err, EP_E_NOMEM, "out of memory for the plan");
        t->links[t->n_links++] = link;
    }
    return EP_OK;
}

static ep_code make_stage(ep_plan *plan, ep_table *t, ep_error *err) {
    const ep_contract *c = t->contract;
    size_t n = c->n_fields + 10 + t->n_links;
    ep_column_def *columns = ep_arena_calloc(&plan->arena, n, sizeof *columns);
    if (!columns)
        return ep_fail(err, EP_E_NOMEM, "out of memory for the plan");
    size_t at = 0;
    for (; at < c->n_fields; at++)
        columns[at] = c->schema.columns[at];
    const struct {
        const char *name;
        ep_type type;
        int *place;
    } system[] = {
        {"_row", EP_T_INT, &t->c_row},         {"_load_id", EP_T_INT, &t->c_load},
        {"_record", EP_T_INT, &t->c_record},   {"_group", EP_T_INT, &t->c_group},
        {"_key", EP_T_INT, &t->c_key},         {"_at", EP_T_TIMESTAMP, &t->c_at},
        {"_seq", EP_T_INT, &t->c_seq},         {"_hash", EP_T_INT, &t->c_hash},
        {"_present", EP_T_INT, &t->c_present}, {"_deleted", EP_T_BOOL, &t->c_deleted},
    };
    for (size_t s = 0; s < sizeof system / sizeof *system; s++) {
        *system[s].place = (int)at;
        columns[at++] = (ep_column_def){.name = system[s].name, .type = system[s].type};
    }
    for (size_t l = 0; l < t->n_links; l++) {
        t->links[l].stage_column = (int)at;
        columns[at++] = (ep_column_def){.name = t->links[l].key_column, .type = EP_T_INT};
    }
    t->stage = (ep_schema){columns, n};
    return EP_OK;
}

static int by_tag(const void *a, const void *b) {
    const ep_content_field *x = a, *y = b;
    return x->tag < y->tag ? -1 : x->tag > y->tag;
}

/* Content must not change when a contract gets a column, or another order of them: a row sent again is still a duplicate. */
static ep_code list_content(ep_plan *plan, ep_table *t, ep_error *err) {
    const ep_contract *c = t->contract;
    t->content = ep_arena_calloc(&plan->arena, c->n_fields + 1, sizeof *t->content);
    if (!t->content)
        return ep_fail(err, EP_E_NOMEM, "out of memory for the plan");
    for (size_t f = 0; f < c->n_fields; f++)
        if (!c->fields[f].derived && c->fields[f].day_of < 0)
            t->content[t->n_content++] =
                (ep_content_field){f, ep_xxh3(c->fields[f].name, strlen(c->fields[f].name))};
    qsort(t->content, t->n_content, sizeof *t->content, by_tag);
    return EP_OK;
}

static ep_code list_field(ep_plan *plan, ep_table *t, const char *name, int64_t bit, ep_history history,
                          bool key, ep_error *err) {
    EP_TRY(ep_sql_list_add(&t->stored, &plan->arena, name, NULL, bit, err));
    if (key)
        return ep_sql_list_add(&t->keys, &plan->arena, name, NULL, bit, err);
    EP_TRY(ep_sql_list_add(&t->attributes, &plan->arena, name, NULL, bit, err));
    if (history != EP_H_FIRST)
        EP_TRY(ep_sql_list_add(&t->carried, &plan->arena, name, NULL, bit, err));
    ep_sql_list *by_type[] = {&t->type0, &t->type1, &t->type2, &t->type3};
    return ep_sql_list_add(by_type[history], &plan->arena, name, NULL, bit, err);
}

static ep_code list_own(ep_plan *plan, ep_table *t, const char *name, ep_error *err) {
    EP_TRY(ep_sql_list_add(&t->stored, &plan->arena, name, NULL, 0, err));
    EP_TRY(ep_sql_list_add(&t->own, &plan->arena, name, NULL, 0, err));
    return ep_sql_list_add(&t->type1, &plan->arena, name, NULL, 0, err);
}

static ep_code list_fields(ep_plan *plan, ep_table *t, ep_error *err) {
    const ep_contract *c = t->contract;
    for (size_t f = 0; f < c->n_fields; f++) {
        const ep_contract_field *field = &c->fields[f];
        if (!ep_field_is_stored(t, f) || field->derived)
            continue;
        /* Event time and sequence of a single row are those of its last change. */
        bool own = ((int)f == c->valid_time || (int)f == c->sequence) && !is_key(c, (int)f);
        if (own)
            EP_TRY(list_own(plan, t, field->name, err));
        else
            EP_TRY(list_field(plan, t, field->name, t->bit[f], field->history, is_key(c, (int)f), err));
    }
    return EP_OK;
}

/* A fact's link: its key column is stored like an attribute, its version is looked up at the bind time. */
static ep_code list_links(ep_plan *plan, ep_table *t, ep_error *err) {
    const ep_contract *c = t->contract;
    if (c->kind == EP_K_DIMENSION)
        return EP_OK;
    for (size_t l = 0; l < t->n_links; l++) {
        const ep_link *link = &t->links[l];
        bool key = true;
        int64_t bit = 0;
        ep_history history = EP_H_LAST;
        for (size_t k = 0; k < link->n_from; k++)
            if (!is_key(c, link->from[k])) {
                key = false;
                bit = t->bit[link->from[k]];
                history = c->fields[link->from[k]].history;
            }
        EP_TRY(list_field(plan, t, link->key_column, bit, history, key, err));
        if (!link->from_column || c->bind_time < 0)
            continue;
        const char *alias = made(plan, "b_", link->parent->role);
        const char *expression = ep_arena_printf(&plan->arena, "%s.valid_from", alias);
        const char *versions = plan->near ? made(plan, "near_", link->from_column) : link->table->name;
        const char *join = ep_arena_printf(
            &plan->arena,
            "left join %s %s on %s.%s = s.%s and %s.valid_from <= s.\"%s\" and s.\"%s\" < %s.valid_to",
            versions, alias, alias, link->table->key_column, link->key_column, alias,
            c->fields[c->bind_time].name, c->fields[c->bind_time].name, alias);
        if (!alias || !expression || !versions || !join)
            return ep_fail(err, EP_E_NOMEM, "out of memory for the plan");
        EP_TRY(ep_sql_list_add(&t->roles, &plan->arena, link->from_column, NULL, 0, err));
        EP_TRY(ep_sql_list_add(&t->bound, &plan->arena, link->from_column, expression, 0, err));
        EP_TRY(ep_sql_list_add(&t->binds, &plan->arena, link->from_column, join, 0, err));
    }
    return EP_OK;
}

static ep_code list_identity(ep_plan *plan, ep_table *t, ep_error *err) {
    const ep_contract *c = t->contract;
    if (c->kind != EP_K_TRANSACTION)
        return EP_OK;
    bool used[3] = {false};
    for (size_t i = 0; i < c->n_identity; i++) {
        used[0] |= c->identity[i] == c->owner;
        used[1] |= c->identity[i] == c->valid_time;
        EP_TRY(ep_sql_list_add(&t->identity, &plan->arena, c->fields[c->identity[i]].name, NULL, 0, err));
    }
    if (c->owner >= 0 && !used[0])
        EP_TRY(ep_sql_list_add(&t->identity, &plan->arena, c->fields[c->owner].name, NULL, 0, err));
    if (c->valid_time >= 0 && !used[1])
        EP_TRY(ep_sql_list_add(&t->identity, &plan->arena, c->fields[c->valid_time].name, NULL, 0, err));
    return EP_OK;
}

static void start_table(ep_table *t, const ep_contract *c) {
    t->contract = c;
    t->name = c->name;
    t->versions = c->kind == EP_K_DIMENSION;
    t->keyed = c->kind == EP_K_DIMENSION || c->kind == EP_K_REFERENCE || c->kind == EP_K_ACCUMULATING;
    t->fed = c->kind != EP_K_SNAPSHOT && c->kind != EP_K_NONE && !c->generated[0];
    for (size_t f = 0; f < c->n_fields; f++)
        t->personal |= c->fields[f].personal && is_key(c, (int)f);
}

ep_code ep_plan_new(const ep_contracts *contracts, const ep_known_bit *known, size_t n_known, bool near,
                    ep_plan **ret, ep_error *err) {
    EP_CLEANUP(ep_plan_free) ep_plan *plan = ep_calloc(1, sizeof *plan);
    if (!plan || !(plan->tables = ep_calloc(contracts->n + 1, sizeof *plan->tables)))
        return ep_fail(err, EP_E_NOMEM, "out of memory for the plan");
    plan->near = near;
    for (size_t i = 0; i < contracts->n; i++)
        if (contracts->items[i]->kind != EP_K_NONE)
            start_table(&plan->tables[plan->n++], contracts->items[i]);
    for (size_t i = 0; i < plan->n; i++) {
        ep_table *t = &plan->tables[i];
        if (t->keyed && !(t->key_column = made(plan, ep_short_name(t->name), "_key")))
            return ep_fail(err, EP_E_NOMEM, "out of memory for the plan");
        t->there = near ? made(plan, "near_", t->name) : t->name;
        t->there_log = made(plan, near ? "near_log_" : "log.", t->name);
        if (!t->there || !t->there_log)
            return ep_fail(err, EP_E_NOMEM, "out of memory for the plan");
        EP_TRY(give_bits(plan, t, known, n_known, err));
    }
    for (size_t i = 0; i < plan->n; i++) {
        ep_table *t = &plan->tables[i];
        EP_TRY(make_links(plan, t, err));
        EP_TRY(make_stage(plan, t, err));
        EP_TRY(list_content(plan, t, err));
        EP_TRY(list_fields(plan, t, err));
        EP_TRY(list_links(plan, t, err));
        EP_TRY(list_identity(plan, t, err));
    }
    *ret = plan;
    plan = NULL;
    return EP_OK;
}

void ep_plan_free(ep_plan **plan) {
    if (!plan || !*plan)
        return;
    for (size_t i = 0; i < (*plan)->n; i++) {
        ep_table *t = &(*plan)->tables[i];
        ep_sql_list *lists[] = {&t->stored, &t->keys,  &t->attributes, &t->own,   &t->carried,
                                &t->type0,  &t->type1, &t->type2,      &t->type3, &t->roles,
                                &t->bound,  &t->binds, &t->identity};
        for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
            ep_sql_list_done(lists[l]);
    }
    ep_free((*plan)->tables);
    ep_arena_done(&(*plan)->arena);
    ep_free(*plan);
    *plan = NULL;
}

const ep_table *ep_plan_find(const ep_plan *plan, const char *name) {
    for (size_t i = 0; i < plan->n; i++)
        if (strcmp(plan->tables[i].name, name) == 0)
            return &plan->tables[i];
    return NULL;
}

size_t ep_table_vars(const ep_table *t, ep_sql_var *vars) {
    const ep_sql_var all[] = {
        {"x", t->name, NULL},
        {"there", t->there, NULL},
        {"log", t->there_log, NULL},
        {"key", t->key_column, NULL},
        {"deleted", t->contract->deleted >= 0 ? "yes" : "", NULL},
        {"min", "timestamp '0001-01-01 00:00:00'", NULL},
        {"max", "timestamp '9999-12-31 23:59:59.999999'", NULL},
        {"stored", NULL, &t->stored},
        {"keys", NULL, &t->keys},
        {"attributes", NULL, &t->attributes},
        {"own", NULL, &t->own},
        {"carried", NULL, &t->carried},
        {"type0", NULL, &t->type0},
        {"type1", NULL, &t->type1},
        {"type2", NULL, &t->type2},
        {"type3", NULL, &t->type3},
        {"roles", NULL, &t->roles},
        {"bound", NULL, &t->bound},
        {"binds", NULL, &t->binds},
        {"identity", NULL, &t->identity},
    };
    memcpy(vars, all, sizeof all);
    return sizeof all / sizeof *all;
}

#include "contract/odcs_keys.h"
#include "feed/parse.h"

#include <string.h>

/* A field as read, before the order of evaluation is known. */
typedef struct draft {
    uint32_t field;
    const ep_expr *expr;
    const ep_yaml_node *node;
    uint64_t *needs; /* bits of contract fields */
    bool uses_item;
    enum { NEW, OPEN, DONE } state;
} draft;

typedef struct drafts {
    draft *items;
    size_t n;
    size_t n_words;
} drafts;

static bool has_bit(const uint64_t *bits, uint32_t i) {
    return bits[i / 64] >> (i % 64) & 1;
}

/* Every row of a list gets the same from it: nothing of the item, no other field. */
static bool is_outer(const ep_feed_reader *r, const drafts *all, const draft *d) {
    bool needs_any = false;
    for (size_t i = 0; i < all->n_words; i++)
        needs_any |= d->needs[i] != 0;
    return r->emit->has_each && !d->uses_item && !needs_any && (int)d->field != r->contract->owner;
}

static void set_bit(uint64_t *bits, uint32_t i) {
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool is_mapped(const ep_feed_reader *r, int field) {
    for (const ep_yaml_node *m = r->fields->first; m; m = m->next)
        if (ep_contract_field_index(r->contract, ep_str_from(m->key)) == field)
            return true;
    return false;
}

static ep_code unknown_field(ep_feed_reader *r, const ep_yaml_node *node) {
    ep_nearest nearest;
    ep_nearest_init(&nearest, node->key);
    for (size_t i = 0; i < r->contract->n_fields; i++)
        ep_nearest_try(&nearest, ep_str_from(r->contract->fields[i].name));
    return ep_lints_add(r->lints, r->err, EP_S_ERROR, r->file, node->key_line, node->key_column,
                        "unknown_field", "the contract %s has no field \"%.60s\"%s%s%s", r->contract->name,
                        node->key, *nearest.best ? "; did you mean \"" : "", nearest.best,
                        *nearest.best ? "\"?" : "");
}

/* What the field needs beside the fields it names. */
static ep_code add_hidden_needs(ep_feed_reader *r, const ep_yaml_node *node, draft *d) {
    const ep_contract *contract = r->contract;
    if (r->needs_owner && contract->owner >= 0)
        set_bit(d->needs, (uint32_t)contract->owner);
    if (!r->needs_time)
        return EP_OK;
    if (contract->valid_time < 0 || !is_mapped(r, contract->valid_time))
        return ep_read_wrong(
            r, node, "no_event_time",
            "a dated code list or a default of the seller looks at the event time, and %s %s", contract->name,
            contract->valid_time < 0 ? "has none (entrepot.validTime)" : "is not given one here");
    if (d->field == (uint32_t)contract->valid_time)
        return ep_read_wrong(r, node, "no_event_time", "the event time itself cannot use a dated code list");
    set_bit(d->needs, (uint32_t)contract->valid_time);
    return EP_OK;
}

static ep_code read_field(ep_feed_reader *r, const ep_yaml_node *node, drafts *all) {
    int field = ep_contract_field_index(r->contract, ep_str_from(node->key));
    if (field < 0)
        return unknown_field(r, node);
    const ep_contract_field *def = &r->contract->fields[field];
    if (def->derived || def->day_of >= 0)
        return ep_lints_add(r->lints, r->err, EP_S_ERROR, r->file, node->key_line, node->key_column,
                            "derived_field", "%s is computed inside (%s): take it out", def->name,
                            def->derived ? "entrepot.derived" : "entrepot.dayOf");
    draft *d = &all->items[all->n];
    *d = (draft){.field = (uint32_t)field, .node = node};
    d->needs = ep_arena_calloc(&r->feed->arena, all->n_words, sizeof(*d->needs));
    if (!d->needs)
        return EP_READ_NOMEM(r);
    r->field = d->field;
    r->needs = d->needs;
    r->needs_owner = r->needs_time = r->uses_item = false;
    EP_TRY(ep_read_mapping(r, node, &d->expr));
    EP_TRY(add_hidden_needs(r, node, d));
    d->uses_item = r->uses_item || r->needs_owner || r->needs_time;
    if (d->expr)
        all->n++;
    return EP_OK;
}

/* Puts a field behind those that it needs. */
static ep_code place(ep_feed_reader *r, drafts *all, draft *d) {
    if (d->state == DONE)
        return EP_OK;
    if (d->state == OPEN)
        return ep_lints_add(r->lints, r->err, EP_S_ERROR, r->file, d->node->key_line, d->node->key_column,
                            "cycle", "%s needs itself, through the fields it names", d->node->key);
    d->state = OPEN;
    for (size_t i = 0; i < all->n; i++)
        if (has_bit(d->needs, all->items[i].field))
            EP_TRY(place(r, all, &all->items[i]));
    d->state = DONE;
    const ep_expr *x = d->expr;
    ep_emit_field *f = &r->emit->fields[r->emit->n_fields++];
    *f = (ep_emit_field){.field = d->field,
                         .expr = x,
                         .is_plain = x->source == EP_X_PATH && !x->mods,
                         .is_outer = is_outer(r, all, d)};
    return EP_OK;
}

static ep_code read_fields(ep_feed_reader *r, const ep_yaml_node *node) {
    ep_emit *emit = r->emit;
    drafts all = {.n_words = (r->contract->n_fields + 63) / 64};
    r->fields = node;
    all.items = ep_arena_calloc(&r->feed->arena, node->n, sizeof(*all.items));
    emit->fields = ep_arena_calloc(&r->feed->arena, node->n, sizeof(*emit->fields));
    if (!all.items || !emit->fields)
        return EP_READ_NOMEM(r);
    for (const ep_yaml_node *m = node->first; m; m = m->next)
        EP_TRY(read_field(r, m, &all));
    for (size_t i = 0; i < all.n; i++)
        EP_TRY(place(r, &all, &all.items[i]));
    return EP_OK;
}

static ep_code read_days(ep_feed_reader *r) {
    const ep_contract *contract = r->contract;
    r->emit->days = ep_arena_calloc(&r->feed->arena, contract->n_fields, sizeof(*r->emit->days));
    if (!r->emit->days)
        return EP_READ_NOMEM(r);
    for (size_t i = 0; i < contract->n_fields; i++)
        if (contract->fields[i].day_of >= 0)
            r->emit->days[r->emit->n_days++] = (uint32_t)i;
    return EP_OK;
}

static ep_code read_each(ep_feed_reader *r, const ep_yaml_node *map) {
    const ep_yaml_node *each = ep_yaml_get(map, "each"), *optional = ep_yaml_get(map, "each_optional");
    ep_emit *emit = r->emit;
    const char *wrong;
    if (optional && !each)
        return ep_read_wrong(r, optional, "no_each", "each_optional without an each");
    if (!each)
        return EP_OK;
    if (optional)
        EP_TRY(ep_read_bool(r, optional, &emit->each_optional));
    if (!ep_yaml_is_scalar(each))
        return ep_read_wrong(r, each, "bad_path", "each must be a path such as items[*]");
    if (r->feed->decode.format == EP_FMT_CSV)
        return ep_read_wrong(r, each, "bad_path", "a CSV row holds no lists: leave each out");
    EP_TRY(ep_each_compile(each->text, &r->feed->arena, &r->feed->n_hints, &emit->each, &wrong, r->err));
    if (wrong)
        return ep_read_wrong(r, each, "bad_path", "the path \"%.120s\" %s", each->text.ptr, wrong);
    if (!emit->each.is_list)
        return ep_read_wrong(r, each, "bad_path", "each must end in [*]: write \"%.120s[*]\"",
                             each->text.ptr);
    emit->has_each = true;
    return EP_OK;
}

static ep_code unknown_contract(ep_feed_reader *r, const ep_yaml_node *node) {
    ep_nearest nearest;
    ep_nearest_init(&nearest, node->text.ptr);
    for (size_t i = 0; i < r->contracts->n; i++)
        ep_nearest_try(&nearest, ep_str_from(r->contracts->items[i]->name));
    return ep_read_wrong(r, node, "unknown_contract", "there is no contract \"%.60s\"%s%s%s", node->text.ptr,
                         *nearest.best ? "; did you mean \"" : "", nearest.best, *nearest.best ? "\"?" : "");
}

static uint32_t find_target(ep_feed *feed, const ep_contract *contract) {
    for (size_t i = 0; i < feed->n_targets; i++)
        if (feed->targets[i] == contract)
            return (uint32_t)i;
    feed->targets[feed->n_targets++] = contract;
    if (contract->n_fields > feed->max_fields)
        feed->max_fields = contract->n_fields;
    return (uint32_t)feed->n_targets - 1;
}

static ep_code read_emit(ep_feed_reader *r, const ep_yaml_node *node) {
    bool is_map;
    EP_TRY(ep_read_keys(r, node, "emit", &is_map));
    if (!is_map)
        return EP_OK;
    const ep_yaml_node *name = ep_yaml_get(node, "contract"), *when = ep_yaml_get(node, "when"),
                       *fields = ep_yaml_get(node, "fields");
    if (!name || !ep_yaml_is_scalar(name))
        return ep_read_wrong(r, name ? name : node, "no_contract",
                             "an emit needs the contract whose rows it gives");
    const ep_contract *contract = ep_contracts_find(r->contracts, name->text);
    if (!contract)
        return unknown_contract(r, name);
    ep_emit *emit = &r->feed->emits[r->feed->n_emits];
    *emit = (ep_emit){
        .contract = contract, .id = (uint32_t)r->feed->n_emits, .target = find_target(r->feed, contract)};
    r->feed->n_emits++;
    r->emit = emit;
    if (when)
        EP_TRY(ep_read_cond(r, when, &emit->when));
    EP_TRY(read_each(r, node));
    if (!fields || fields->kind != EP_Y_MAP || fields->n == 0)
        return ep_read_wrong(r, fields ? fields : node, "no_fields",
                             "an emit needs fields: a map, field: path or mapping");
    r->contract = contract;
    r->depth = emit->each.n_levels;
    EP_TRY(read_fields(r, fields));
    EP_TRY(read_days(r));
    return ep_feed_lint_emit(r, emit, name);
}

static void leave_emit(ep_feed_reader *r) {
    r->contract = NULL;
    r->field = EP_NO_FIELD;
    r->fields = NULL;
    r->needs = NULL;
    r->emit = NULL;
    r->depth = 0;
}

ep_code ep_read_emits(ep_feed_reader *r, const ep_yaml_node *node) {
    if (node->kind != EP_Y_LIST || node->n == 0)
        return ep_read_wrong(r, node, "wrong_kind", "emit must be a list with at least one contract");
    r->feed->emits = ep_arena_calloc(&r->feed->arena, node->n, sizeof(*r->feed->emits));
    r->feed->targets = ep_arena_calloc(&r->feed->arena, node->n, sizeof(*r->feed->targets));
    if (!r->feed->emits || !r->feed->targets)
        return EP_READ_NOMEM(r);
    for (const ep_yaml_node *item = node->first; item; item = item->next) {
        leave_emit(r);
        EP_TRY(read_emit(r, item));
    }
    leave_emit(r);
    return EP_OK;
}

static ep_code read_factor(ep_feed_reader *r, const ep_yaml_node *item, const ep_contract *contract,
                           ep_sum_check *check) {
    int field = ep_yaml_is_scalar(item) ? ep_contract_field_index(contract, item->text) : -1;
    if (field < 0)
        return ep_read_wrong(r, item, "unknown_field", "the contract %s has no such field", contract->name);
    const ep_column_def *column = &contract->fields[field].column;
    if (column->type != EP_T_INT && column->type != EP_T_DECIMAL)
        return ep_read_wrong(r, item, "bad_check", "%s is %s, only numbers add up", column->name,
                             ep_type_name(column->type));
    check->of[check->n_of++] = (uint32_t)field;
    check->sum_scale += column->type == EP_T_DECIMAL ? column->scale : 0;
    return EP_OK;
}

static ep_code read_sum(ep_feed_reader *r, const ep_yaml_node *node, ep_sum_check *check) {
    bool is_map;
    EP_TRY(ep_read_keys(r, node, "check.sum", &is_map));
    if (!is_map)
        return EP_OK;
    const ep_yaml_node *name = ep_yaml_get(node, "contract"), *of = ep_yaml_get(node, "of"),
                       *scale = ep_yaml_get(node, "scale");
    uint32_t target = EP_NO_FIELD;
    for (size_t i = 0; name && ep_yaml_is_scalar(name) && i < r->feed->n_targets; i++)
        if (ep_str_is(name->text, r->feed->targets[i]->name))
            target = (uint32_t)i;
    if (target == EP_NO_FIELD)
        return ep_read_wrong(r, name ? name : node, "bad_check", "sum needs a contract that this feed emits");
    if (!of || of->kind != EP_Y_LIST || of->n < 1 || of->n > 4)
        return ep_read_wrong(r, of ? of : node, "bad_check", "sum needs `of`: a list of 1 to 4 fields");
    int64_t places = 2;
    check->target = target;
    for (const ep_yaml_node *item = of->first; item; item = item->next)
        EP_TRY(read_factor(r, item, r->feed->targets[target], check));
    if (scale)
        EP_TRY(ep_read_int(r, scale, 0, 18, &places));
    check->scale = (int)places;
    return EP_OK;
}

static ep_code read_check(ep_feed_reader *r, const ep_yaml_node *node) {
    bool is_map;
    EP_TRY(ep_read_keys(r, node, "check", &is_map));
    if (!is_map)
        return EP_OK;
    const ep_yaml_node *name = ep_yaml_get(node, "name"), *sum = ep_yaml_get(node, "sum"),
                       *equals = ep_yaml_get(node, "equals"), *severity = ep_yaml_get(node, "severity");
    if (!name || !sum || !equals)
        return ep_read_wrong(r, node, "bad_check", "a check needs name, sum and equals");
    ep_sum_check *check = &r->feed->checks[r->feed->n_checks++];
    ep_str text = EP_STR("");
    int word = 1;
    EP_TRY(ep_read_text(r, name, &text));
    check->name = text.ptr;
    EP_TRY(read_sum(r, sum, check));
    EP_TRY(ep_read_mapping(r, equals, &check->equals));
    if (severity)
        EP_TRY(ep_read_word(r, severity, "info warning error", &word));
    check->severity = (ep_severity)word;
    return EP_OK;
}

ep_code ep_read_checks(ep_feed_reader *r, const ep_yaml_node *node) {
    if (node->kind != EP_Y_LIST)
        return ep_read_wrong(r, node, "wrong_kind", "checks must be a list");
    r->feed->checks = ep_arena_calloc(&r->feed->arena, node->n, sizeof(*r->feed->checks));
    if (!r->feed->checks)
        return EP_READ_NOMEM(r);
    for (const ep_yaml_node *item = node->first; item; item = item->next)
        EP_TRY(read_check(r, item));
    return EP_OK;
}

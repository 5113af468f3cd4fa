/* quality entries {type: custom, engine: entrepot}: rules over several fields. */
#include "contract/draft.h"

#include <stdio.h>
#include <string.h>

typedef struct maker {
    ep_load *load;
    const ep_draft *draft;
    ep_cross_check *check;
    bool good; /* false: a finding was written */
} maker;

static ep_code wrong(maker *m, const ep_yaml_node *node, const char *code, const char *text) {
    m->good = false;
    return ep_draft_error(m->load, m->draft->file, node, code, "%s", text);
}

/* The map must have exactly these keys, separated by blanks. */
static ep_code check_keys(maker *m, const ep_yaml_node *map, const char *words, const char *shape) {
    char text[200];
    size_t n = 0;
    for (const char *at = words; *at; at += strspn(at, " ")) {
        n++;
        at += strcspn(at, " ");
    }
    bool good = map->kind == EP_Y_MAP && map->n == n;
    for (const ep_yaml_node *member = map->first; good && member; member = member->next)
        good = ep_word_in(words, member->key);
    if (good)
        return EP_OK;
    snprintf(text, sizeof text, "%s must be written as %s", map->key, shape);
    return wrong(m, map, "bad_rule", text);
}

static ep_code take_field(maker *m, const ep_yaml_node *node) {
    int field = node->kind == EP_Y_TEXT ? ep_draft_field_index(m->draft, node->text.ptr) : -1;
    if (field >= 0) {
        m->check->fields[m->check->n_fields++] = field;
        return EP_OK;
    }
    m->good = false;
    if (node->kind != EP_Y_TEXT)
        return ep_draft_error(m->load, m->draft->file, node, "unknown_field",
                              "the name of a property is expected here, this is %s",
                              ep_yaml_kind_text(node->kind));
    return ep_draft_error(m->load, m->draft->file, node, "unknown_field", "\"%.60s\" is no property of %s%s",
                          node->text.ptr, m->draft->name,
                          ep_draft_near_field(m->load, m->draft, node->text.ptr));
}

static const char *name_of(const maker *m, size_t i) {
    return m->draft->contract->fields[m->check->fields[i]].name;
}

static ep_type type_of(const maker *m, size_t i) {
    return m->draft->contract->fields[m->check->fields[i]].column.type;
}

static ep_code set_detail(maker *m, const char *text) {
    m->check->detail = text;
    return text ? EP_OK : ep_fail(m->load->err, EP_E_NOMEM, "out of memory reading contracts");
}

static ep_type family(ep_type type) {
    return type == EP_T_INT ? EP_T_DECIMAL : type;
}

static bool operator_of(const char *word, ep_compare *ret) {
    static const char *const words[] = {"<", "<=", "=", "!=", ">=", ">"};
    for (int i = 0; i < 6; i++)
        if (!strcmp(word, words[i])) {
            *ret = (ep_compare)i;
            return true;
        }
    return false;
}

static ep_code compare_right(maker *m, const ep_yaml_node *right) {
    const ep_contract *contract = m->draft->contract;
    size_t left = (size_t)m->check->fields[0];
    if (right->kind == EP_Y_TEXT && ep_draft_field_index(m->draft, right->text.ptr) >= 0) {
        EP_TRY(take_field(m, right));
        if (family(type_of(m, 0)) != family(type_of(m, 1)))
            return wrong(m, right, "field_type", "both sides of a comparison must be of one type");
        return EP_OK;
    }
    m->check->is_literal = true;
    if (ep_yaml_is_scalar(right) &&
        ep_compile_literal(contract, left, right, &m->check->number, &m->check->text))
        return EP_OK;
    return wrong(m, right, "bad_literal",
                 "the right side is neither a property nor a value of the left side's type");
}

static ep_code make_compare(maker *m, const ep_yaml_node *map) {
    const ep_yaml_node *operator= ep_yaml_get(map, "operator"), *right = ep_yaml_get(map, "right");
    EP_TRY(check_keys(m, map, "left operator right",
                      "{left: property, operator: \"<=\", right: property or value}"));
    if (!m->good)
        return EP_OK;
    EP_TRY(take_field(m, ep_yaml_get(map, "left")));
    if (!m->good)
        return EP_OK;
    if (m->draft->contract->checks->fields[m->check->fields[0]].json != EP_J_NONE)
        return wrong(m, ep_yaml_get(map, "left"), "field_type",
                     "objects and arrays have no order: compare another property");
    if (!operator_of(operator->text.len ? operator->text.ptr : "", &m->check->compare))
        return wrong(m, operator, "bad_operator",
                     "the operator must be one of \"<\" \"<=\" \"=\" \"!=\" \">\" \">=\", in quotes");
    EP_TRY(compare_right(m, right));
    if (!m->good)
        return EP_OK;
    if (type_of(m, 0) == EP_T_BOOL && m->check->compare != EP_CMP_EQ && m->check->compare != EP_CMP_NE)
        return wrong(m, operator, "bad_operator", "true and false have no order: use \"=\" or \"!=\"");
    return set_detail(m, ep_arena_printf(m->load->arena, "%s must be %s %.100s",
                                         name_of(m, 0), operator->text.ptr,
                                         m->check->is_literal ? right->text.ptr : name_of(m, 1)));
}

static ep_code make_list(maker *m, const ep_yaml_node *list) {
    if (list->kind != EP_Y_LIST || list->n < 2)
        return wrong(m, list, "bad_rule", "write a list of two or more properties");
    for (const ep_yaml_node *item = list->first; item; item = item->next)
        EP_TRY(take_field(m, item));
    if (!m->good)
        return EP_OK;
    ep_buf buf = {0};
    for (size_t i = 0; i < m->check->n_fields; i++)
        ep_buf_printf(&buf, "%s%s", i ? ", " : "", name_of(m, i));
    const char *text = NULL;
    if (!buf.failed)
        text = ep_arena_printf(m->load->arena,
                               m->check->kind == EP_X_ANY_OF ? "one of %s must have a value"
                                                             : "%s must all have a value, or none",
                               buf.data);
    ep_buf_done(&buf);
    return set_detail(m, text);
}

static ep_code make_when(maker *m, const ep_yaml_node *map) {
    const char *shape = "{field: property, when: {field: property, in: [values]}}";
    EP_TRY(check_keys(m, map, "field when", shape));
    if (!m->good)
        return EP_OK;
    const ep_yaml_node *when = ep_yaml_get(map, "when"), *in = ep_yaml_get(when, "in");
    EP_TRY(check_keys(m, when, "field in", "{field: property, in: [values]}"));
    if (!m->good)
        return EP_OK;
    if (in->kind != EP_Y_LIST || in->n == 0)
        return wrong(m, in, "bad_rule", "in must be a list of values");
    EP_TRY(take_field(m, ep_yaml_get(map, "field")));
    EP_TRY(take_field(m, ep_yaml_get(when, "field")));
    if (!m->good)
        return EP_OK;
    size_t field = (size_t)m->check->fields[1];
    ep_value_set *set = NULL;
    EP_TRY(ep_compile_values(m->load, m->draft, in, NULL, false, field, &set));
    m->check->when_in = set;
    return set_detail(m, ep_arena_printf(m->load->arena, "%s must %s when %s is one of the named values",
                                         name_of(m, 0),
                                         m->check->kind == EP_X_REQUIRED_WHEN ? "have a value" : "be empty",
                                         name_of(m, 1)));
}

static ep_code make_minor_units(maker *m, const ep_yaml_node *map) {
    EP_TRY(check_keys(m, map, "amount currency", "{amount: property, currency: property}"));
    if (!m->good)
        return EP_OK;
    EP_TRY(take_field(m, ep_yaml_get(map, "amount")));
    EP_TRY(take_field(m, ep_yaml_get(map, "currency")));
    if (m->good && (family(type_of(m, 0)) != EP_T_DECIMAL || type_of(m, 1) != EP_T_TEXT))
        return wrong(m, map, "field_type", "amount must be a number and currency a string");
    return m->good
               ? set_detail(m, ep_arena_printf(m->load->arena,
                                               "%s must have no more decimals than the currency in %s has",
                                               name_of(m, 0), name_of(m, 1)))
               : EP_OK;
}

static ep_code make_currency_in_use(maker *m, const ep_yaml_node *map) {
    EP_TRY(check_keys(m, map, "currency at", "{currency: property, at: property}"));
    if (!m->good)
        return EP_OK;
    EP_TRY(take_field(m, ep_yaml_get(map, "currency")));
    EP_TRY(take_field(m, ep_yaml_get(map, "at")));
    if (m->good &&
        (type_of(m, 0) != EP_T_TEXT || (type_of(m, 1) != EP_T_TIMESTAMP && type_of(m, 1) != EP_T_DATE)))
        return wrong(m, map, "field_type", "currency must be a string and at a timestamp or date");
    return m->good
               ? set_detail(m, ep_arena_printf(m->load->arena, "the currency in %s was withdrawn before %s",
                                               name_of(m, 0), name_of(m, 1)))
               : EP_OK;
}

static const struct {
    const char *name;
    ep_code (*make)(maker *m, const ep_yaml_node *node);
} kinds[] = {
    [EP_X_COMPARE] = {"compare", make_compare},
    [EP_X_ANY_OF] = {"anyOf", make_list},
    [EP_X_ALL_OR_NONE] = {"allOrNone", make_list},
    [EP_X_REQUIRED_WHEN] = {"requiredWhen", make_when},
    [EP_X_FORBIDDEN_WHEN] = {"forbiddenWhen", make_when},
    [EP_X_MINOR_UNITS] = {"minorUnits", make_minor_units},
    [EP_X_CURRENCY_IN_USE] = {"currencyInUse", make_currency_in_use},
};
#define N_KINDS (sizeof kinds / sizeof kinds[0])

static ep_code unknown_kind(ep_load *load, const ep_draft *draft, const ep_yaml_node *node) {
    ep_nearest near;
    ep_nearest_init(&near, node->key);
    for (size_t i = 0; i < N_KINDS; i++)
        ep_nearest_try(&near, ep_str_from(kinds[i].name));
    return ep_draft_error(
        load, draft->file, node, "bad_rule",
        "\"%.40s\" is no rule%s%s%s: write one of compare anyOf allOrNone requiredWhen forbiddenWhen "
        "minorUnits currencyInUse",
        node->key, near.best[0] ? "; did you mean \"" : "", near.best, near.best[0] ? "\"?" : "");
}

static ep_code append(ep_load *load, ep_checks *checks, const ep_cross_check *check) {
    ep_cross_check *list = ep_draft_alloc(load, checks->n_cross + 1, sizeof(*list));
    if (!list)
        return EP_E_NOMEM;
    if (checks->n_cross > 0)
        memcpy(list, checks->cross, checks->n_cross * sizeof(*list));
    list[checks->n_cross++] = *check;
    checks->cross = list;
    return EP_OK;
}

ep_code ep_draft_compile_cross(ep_load *load, ep_draft *draft, const ep_yaml_node *rule, ep_severity severity,
                               const char *name) {
    const ep_yaml_node *body = ep_yaml_get(rule, "implementation");
    if (!body || body->kind != EP_Y_MAP || body->n != 1)
        return ep_draft_error(load, draft->file, body ? body : rule, "bad_rule",
                              "implementation must be a map with one rule: {compare: {...}}");
    const ep_yaml_node *node = body->first;
    size_t kind = 0;
    while (kind < N_KINDS && strcmp(kinds[kind].name, node->key) != 0)
        kind++;
    if (kind == N_KINDS)
        return unknown_kind(load, draft, node);
    ep_cross_check check = {.kind = (ep_cross_kind)kind, .severity = severity, .name = name};
    check.fields = ep_draft_alloc(load, node->n + 2, sizeof(*check.fields));
    if (!check.fields)
        return EP_E_NOMEM;
    maker m = {load, draft, &check, true};
    EP_TRY(kinds[kind].make(&m, node));
    return m.good ? append(load, draft->contract->checks, &check) : EP_OK;
}

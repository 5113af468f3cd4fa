/* quality entries: to row checks where every failing row can be named, else to set rules. */
#include "contract/draft.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DATASET SIZE_MAX /* the entry stands at the dataset */

typedef struct rule {
    const ep_yaml_node *node, *op; /* op: the one operator, or NULL */
    const char *name, *metric;
    size_t field;
    ep_severity severity;
    bool percent;
} rule;

static const char *const operators =
    "mustBe mustNotBe mustBeGreaterThan mustBeGreaterOrEqualTo mustBeLessThan "
    "mustBeLessOrEqualTo mustBeBetween mustNotBeBetween";

static ep_code find_severity(ep_load *load, const ep_draft *draft, const ep_yaml_node *node,
                             ep_severity *ret) {
    static const char *const words[] = {"info", "warning", "error"};
    const ep_yaml_node *severity = ep_yaml_get(node, "severity");
    *ret = EP_S_ERROR;
    if (!severity || severity->kind != EP_Y_TEXT)
        return EP_OK;
    for (int i = 0; i < 3; i++)
        if (!strcmp(severity->text.ptr, words[i])) {
            *ret = (ep_severity)i;
            return EP_OK;
        }
    return ep_draft_doubt(
        load, draft->file, severity, "bad_severity",
        "\"%.40s\" is no severity that is known, it counts as error: write error, warning or info",
        severity->text.ptr);
}

static const char *rule_name(ep_load *load, const ep_draft *draft, const rule *r) {
    const char *name = ep_draft_text(r->node, "name");
    if (!name[0])
        name = ep_draft_text(r->node, "id");
    if (name[0])
        return name;
    const char *what = r->metric[0] ? r->metric : ep_draft_text(r->node, "type");
    name = r->field == DATASET
               ? ep_arena_printf(load->arena, "%s on line %d", what, r->node->line)
               : ep_arena_printf(load->arena, "%s of %s", what, draft->contract->fields[r->field].name);
    if (!name)
        (void)ep_fail(load->err, EP_E_NOMEM, "out of memory reading contracts");
    return name;
}

/* The one operator; a finding when there is none, or two. */
static ep_code find_operator(ep_load *load, const ep_draft *draft, rule *r) {
    for (const ep_yaml_node *member = r->node->first; member; member = member->next) {
        if (!ep_word_in(operators, member->key))
            continue;
        if (r->op)
            return ep_draft_error(
                load, draft->file, member, "two_operators",
                "a rule has one operator: %s is already given on line %d; write a second rule", r->op->key,
                r->op->key_line);
        r->op = member;
    }
    if (!r->op)
        return ep_draft_error(load, draft->file, r->node, "no_operator",
                              "the rule lacks an operator: mustBe, mustBeLessThan ...");
    return EP_OK;
}

/* Negative: the sign; 0; positive. Numbers of any size. */
static int sign_of(ep_str number) {
    ep_int128 value;
    if (number.len > 0 && number.ptr[0] == '-')
        return strspn(number.ptr, "-0.") == number.len ? 0 : -1;
    if (ep_decimal_parse(number, EP_DECIMAL_MAX_PRECISION, 18, &value) == EP_NUM_OK)
        return value > 0;
    return 1;
}

static ep_code check_operator(ep_load *load, const ep_draft *draft, const rule *r) {
    const char *word = r->op->key;
    if (r->op->kind == EP_Y_LIST) {
        const ep_yaml_node *low = r->op->first, *high = low ? low->next : NULL;
        ep_int128 a, b;
        if (ep_yaml_is_number(low) && ep_yaml_is_number(high) &&
            ep_decimal_parse(low->text, 38, 9, &a) == EP_NUM_OK &&
            ep_decimal_parse(high->text, 38, 9, &b) == EP_NUM_OK && a > b)
            return ep_draft_error(load, draft->file, r->op, "reversed_range",
                                  "%s wants [low, high]: swap the two", word);
        return EP_OK;
    }
    if (!r->metric[0])
        return EP_OK;
    if (!ep_yaml_is_number(r->op))
        return ep_draft_error(load, draft->file, r->op, "wrong_type", "%s of %s must be a number", word,
                              r->metric);
    int sign = sign_of(r->op->text);
    bool never = (sign < 0 && ep_word_in("mustBe mustBeLessThan mustBeLessOrEqualTo", word)) ||
                 (sign == 0 && !strcmp(word, "mustBeLessThan"));
    if (never)
        return ep_draft_error(load, draft->file, r->op, "never_true", "%s counts from 0: %s %s never holds",
                              r->metric, word, r->op->text.ptr);
    return EP_OK;
}

static ep_code check_unit(ep_load *load, const ep_draft *draft, rule *r) {
    const ep_yaml_node *unit = ep_yaml_get(r->node, "unit");
    if (!unit || unit->kind != EP_Y_TEXT)
        return EP_OK;
    r->percent = ep_word_in("percent %", unit->text.ptr);
    if (r->percent || ep_word_in("rows row", unit->text.ptr))
        return EP_OK;
    return ep_draft_doubt(load, draft->file, unit, "bad_unit",
                          "\"%.40s\" is no unit that is executed: write rows or percent", unit->text.ptr);
}

/* Every failing row can be named: none is allowed. */
static bool is_row_rule(const ep_draft *draft, const rule *r) {
    if (r->field == DATASET || r->percent ||
        !ep_word_in("nullValues missingValues invalidValues", r->metric) || !ep_yaml_is_number(r->op))
        return false;
    const ep_contract_field *field = &draft->contract->fields[r->field];
    if (field->derived || field->day_of >= 0)
        return false;
    ep_int128 value;
    if (ep_decimal_parse(r->op->text, EP_DECIMAL_MAX_PRECISION, 9, &value) != EP_NUM_OK)
        return false;
    bool zero = value == 0 && ep_word_in("mustBe mustBeLessOrEqualTo", r->op->key);
    return zero || (value == ep_pow10(9) && !strcmp(r->op->key, "mustBeLessThan"));
}

static ep_code texts_of(ep_load *load, const ep_yaml_node *list, ep_set_rule *set) {
    set->valid_values = ep_draft_alloc(load, list->n, sizeof(*set->valid_values));
    if (!set->valid_values)
        return EP_E_NOMEM;
    for (const ep_yaml_node *item = list->first; item; item = item->next)
        if (ep_yaml_is_scalar(item) && item->kind != EP_Y_NULL)
            set->valid_values[set->n_valid_values++] = item->text.ptr;
    return EP_OK;
}

static ep_code add_set_rule(ep_load *load, ep_contract *contract, const ep_set_rule *set) {
    ep_set_rule *list = ep_draft_alloc(load, contract->n_set_rules + 1, sizeof(*list));
    if (!list)
        return EP_E_NOMEM;
    if (contract->n_set_rules > 0)
        memcpy(list, contract->set_rules, contract->n_set_rules * sizeof(*list));
    list[contract->n_set_rules++] = *set;
    contract->set_rules = list;
    return EP_OK;
}

static ep_code make_set_rule(ep_load *load, ep_draft *draft, const rule *r) {
    const ep_yaml_node *arguments = ep_yaml_get(r->node, "arguments");
    ep_set_rule set = {.name = r->name,
                       .metric = r->metric[0] ? r->metric : "sql",
                       .field = r->field == DATASET ? "" : draft->contract->fields[r->field].name,
                       .query = ep_draft_text(r->node, "query"),
                       .op = r->op->key,
                       .unit = r->percent ? "percent" : "rows",
                       .low = r->op->text.ptr,
                       .pattern = ep_draft_text(arguments, "pattern"),
                       .severity = r->severity,
                       .line = r->node->line};
    if (r->op->kind == EP_Y_LIST) {
        const ep_yaml_node *low = ep_yaml_at(r->op, 0), *high = ep_yaml_at(r->op, 1);
        if (!low || !high)
            return EP_OK; /* lint.c says so */
        set.low = low->text.ptr;
        set.high = high->text.ptr;
    }
    static const char *const lists[] = {"validValues", "missingValues", "properties"};
    for (size_t i = 0; i < 3; i++) {
        const ep_yaml_node *list = ep_yaml_get(arguments, lists[i]);
        if (list && list->kind == EP_Y_LIST && !set.valid_values)
            EP_TRY(texts_of(load, list, &set));
    }
    return add_set_rule(load, draft->contract, &set);
}

/* A set rule's arguments are compiled too, so that what is wrong in them is found; the result is not kept. */
static ep_code check_arguments(ep_load *load, ep_draft *draft, const rule *r) {
    const ep_yaml_node *arguments = ep_yaml_get(r->node, "arguments");
    const ep_yaml_node *values = ep_yaml_get(arguments, "validValues"),
                       *pattern = ep_yaml_get(arguments, "pattern");
    ep_value_set *unused;
    ep_pattern *compiled = NULL;
    ep_error fault = {0};
    if (values && r->field != DATASET)
        EP_TRY(ep_compile_values(load, draft, values, NULL, false, r->field, &unused));
    if (!pattern)
        return EP_OK;
    ep_code code = ep_pattern_new(load->set->own->pattern_memory, pattern->text, &compiled, &fault);
    ep_pattern_free(&compiled);
    if (code == EP_E_CONFIG)
        return ep_draft_error(load, draft->file, pattern, "bad_regex", "not a regular expression: %s",
                              fault.text);
    return code == EP_OK ? EP_OK : ep_fail(load->err, code, "%s", fault.text);
}

static ep_code make_row_rule(ep_load *load, ep_draft *draft, const rule *r) {
    const ep_yaml_node *arguments = ep_yaml_get(r->node, "arguments");
    const ep_yaml_node *values = ep_yaml_get(arguments, "validValues"),
                       *pattern = ep_yaml_get(arguments, "pattern");
    if (!strcmp(r->metric, "invalidValues")) {
        if (values)
            EP_TRY(ep_compile_set(load, draft, values, NULL, r->severity, r->name, false, r->field));
        return pattern ? ep_compile_pattern(load, draft, pattern, r->severity, r->name, r->field) : EP_OK;
    }
    if (!strcmp(r->metric, "missingValues"))
        EP_TRY(ep_compile_set(load, draft, ep_yaml_get(arguments, "missingValues"), NULL, r->severity,
                              r->name, true, r->field));
    return ep_compile_required(load, draft, r->severity, r->name, r->field);
}

static const struct {
    const char *metric;
    bool of_property, of_dataset;
    const char *arguments;
} metrics[] = {
    {"nullValues", true, false, ""},
    {"missingValues", true, false, "missingValues"},
    {"invalidValues", true, false, "validValues pattern"},
    {"duplicateValues", true, true, "properties"},
    {"rowCount", false, true, ""},
};

/* Arguments that the metric does not have, and those of a wrong type. */
static ep_code check_argument_keys(ep_load *load, const ep_draft *draft, const rule *r, const char *known,
                                   bool *ret_good) {
    const ep_yaml_node *arguments = ep_yaml_get(r->node, "arguments");
    for (const ep_yaml_node *member = arguments ? arguments->first : NULL; member; member = member->next) {
        ep_nearest near;
        ep_nearest_init(&near, member->key ? member->key : "");
        ep_nearest_try_words(&near, known);
        ep_yaml_kind want = member->key && !strcmp(member->key, "pattern") ? EP_Y_TEXT : EP_Y_LIST;
        if (!member->key || !ep_word_in(known, member->key)) {
            *ret_good = false;
            EP_TRY(ep_draft_error(load, draft->file, member, "unknown_argument",
                                  "%s has no argument \"%.40s\"%s%s%s", r->metric,
                                  member->key ? member->key : "", near.best[0] ? "; did you mean \"" : "",
                                  near.best, near.best[0] ? "\"?" : ""));
        } else if (member->kind != want) {
            *ret_good = false;
            EP_TRY(ep_draft_error(load, draft->file, member, "wrong_type", "%s must be %s, this is %s",
                                  member->key, ep_yaml_kind_text(want), ep_yaml_kind_text(member->kind)));
        }
    }
    return EP_OK;
}

static ep_code check_properties(ep_load *load, const ep_draft *draft, const rule *r, bool *ret_good) {
    const ep_yaml_node *list = ep_yaml_get(ep_yaml_get(r->node, "arguments"), "properties");
    for (const ep_yaml_node *item = list ? list->first : NULL; item; item = item->next) {
        if (item->kind == EP_Y_TEXT && ep_draft_field_index(draft, item->text.ptr) >= 0)
            continue;
        *ret_good = false;
        EP_TRY(
            ep_draft_error(load, draft->file, item, "unknown_field", "\"%.60s\" is no property of %s%s",
                           item->kind == EP_Y_TEXT ? item->text.ptr : "", draft->name,
                           item->kind == EP_Y_TEXT ? ep_draft_near_field(load, draft, item->text.ptr) : ""));
    }
    return EP_OK;
}

static ep_code check_metric(ep_load *load, const ep_draft *draft, const rule *r, bool *ret_good) {
    const ep_yaml_node *arguments = ep_yaml_get(r->node, "arguments");
    size_t m = 0;
    while (m < 5 && strcmp(metrics[m].metric, r->metric) != 0)
        m++;
    *ret_good = false;
    if (m == 5)
        return EP_OK; /* lint.c says so */
    if (r->field == DATASET ? !metrics[m].of_dataset : !metrics[m].of_property)
        return ep_draft_error(
            load, draft->file, ep_yaml_get(r->node, "metric"), "metric_level",
            "%s is a metric of a %s: move it %s", r->metric, r->field == DATASET ? "property" : "dataset",
            r->field == DATASET ? "to the property's quality" : "up to the dataset's quality");
    *ret_good = true;
    EP_TRY(check_argument_keys(load, draft, r, metrics[m].arguments, ret_good));
    EP_TRY(check_properties(load, draft, r, ret_good));
    bool has = ep_yaml_get(arguments, "validValues") || ep_yaml_get(arguments, "pattern") ||
               ep_yaml_get(arguments, "missingValues") || ep_yaml_get(arguments, "properties");
    bool needs = !strcmp(r->metric, "missingValues") || !strcmp(r->metric, "invalidValues") ||
                 (!strcmp(r->metric, "duplicateValues") && r->field == DATASET);
    if (!needs || has || !*ret_good)
        return EP_OK;
    *ret_good = false;
    return ep_draft_error(load, draft->file, r->node, "missing_argument", "%s needs arguments: %s", r->metric,
                          r->metric[0] == 'm'   ? "missingValues, a list of texts"
                          : r->metric[0] == 'i' ? "validValues (a list) or pattern"
                                                : "properties, a list of names");
}

static ep_code parse_library(ep_load *load, ep_draft *draft, rule *r) {
    bool good;
    if (!r->metric[0]) {
        /* In 3.0 the key was called rule and its words were free. */
        if (draft->file->odcs == EP_ODCS_3_0 && ep_yaml_get(r->node, "rule"))
            return ep_draft_lint(load, draft->file, EP_S_WARNING, r->node, "not_executed",
                                 "rules of 3.0 are not executed: write metric and apiVersion v3.1.0");
        return ep_draft_error(load, draft->file, r->node, "no_metric",
                              "a library rule needs a metric: nullValues, rowCount ...");
    }
    EP_TRY(find_operator(load, draft, r));
    EP_TRY(check_metric(load, draft, r, &good));
    if (!r->op || !good)
        return EP_OK;
    EP_TRY(check_unit(load, draft, r));
    EP_TRY(check_operator(load, draft, r));
    if (is_row_rule(draft, r))
        return make_row_rule(load, draft, r);
    EP_TRY(check_arguments(load, draft, r));
    return make_set_rule(load, draft, r);
}

static ep_code parse_sql(ep_load *load, ep_draft *draft, rule *r) {
    const ep_yaml_node *query = ep_yaml_get(r->node, "query");
    if (!query || query->kind != EP_Y_TEXT)
        return ep_draft_error(load, draft->file, r->node, "missing_key",
                              "a sql rule needs a query: one SELECT of one value");
    EP_TRY(find_operator(load, draft, r));
    EP_TRY(check_unit(load, draft, r));
    ep_str text = ep_str_trim(query->text);
    if (ep_str_ends(text, ";"))
        text.len--;
    bool select = text.len > 6 && (!strncasecmp(text.ptr, "select", 6) || !strncasecmp(text.ptr, "with", 4));
    if (!select || memchr(text.ptr, ';', text.len))
        EP_TRY(ep_draft_doubt(load, draft->file, query, "bad_query", "the query must be one SELECT"));
    if (!r->op)
        return EP_OK;
    EP_TRY(check_operator(load, draft, r));
    return make_set_rule(load, draft, r);
}

static ep_code parse_custom(ep_load *load, ep_draft *draft, const rule *r) {
    const ep_yaml_node *engine = ep_yaml_get(r->node, "engine");
    if (!engine || !ep_yaml_get(r->node, "implementation"))
        return ep_draft_error(load, draft->file, r->node, "missing_key",
                              "a custom rule needs engine and implementation");
    if (strcmp(ep_draft_text(r->node, "engine"), "entrepot") != 0)
        return ep_draft_lint(load, draft->file, EP_S_INFO, engine, "not_executed",
                             "rules of this engine are kept, not executed");
    if (r->field != DATASET)
        return ep_draft_error(
            load, draft->file, r->node, "metric_level",
            "a rule over several fields stands at the dataset: move it up to the dataset's quality");
    return ep_draft_compile_cross(load, draft, r->node, r->severity, r->name);
}

/* Keys that belong to another type of rule. */
static ep_code check_keys(ep_load *load, const ep_draft *draft, const rule *r, const char *type) {
    static const struct {
        const char *key, *types;
    } owners[] = {{"metric", "library"}, {"rule", "library"},  {"arguments", "library"},
                  {"query", "sql"},      {"engine", "custom"}, {"implementation", "custom"}};
    for (const ep_yaml_node *member = r->node->first; member; member = member->next) {
        const char *types = ep_word_in(operators, member->key) ? "library sql" : NULL;
        for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++)
            if (!strcmp(owners[i].key, member->key))
                types = owners[i].types;
        if (types && !ep_word_in(types, type))
            EP_TRY(ep_draft_error(load, draft->file, member, "rule_key",
                                  "%s is a key of type %s, this rule is of type %s", member->key, types,
                                  type));
    }
    return EP_OK;
}

static ep_code parse_rule(ep_load *load, ep_draft *draft, const ep_yaml_node *node, size_t field) {
    rule r = {.node = node, .metric = ep_draft_text(node, "metric"), .field = field};
    const char *type = ep_draft_text(node, "type");
    if (!type[0])
        type = "library";
    EP_TRY(find_severity(load, draft, node, &r.severity));
    r.name = rule_name(load, draft, &r);
    if (!r.name)
        return EP_E_NOMEM;
    EP_TRY(check_keys(load, draft, &r, type));
    if (!strcmp(type, "library"))
        return parse_library(load, draft, &r);
    if (!strcmp(type, "sql"))
        return parse_sql(load, draft, &r);
    return strcmp(type, "custom") ? EP_OK : parse_custom(load, draft, &r);
}

static ep_code parse_list(ep_load *load, ep_draft *draft, const ep_yaml_node *owner, size_t field) {
    const ep_yaml_node *list = ep_yaml_get(owner, "quality");
    for (const ep_yaml_node *node = list && list->kind == EP_Y_LIST ? list->first : NULL; node;
         node = node->next)
        if (node->kind == EP_Y_MAP)
            EP_TRY(parse_rule(load, draft, node, field));
    return EP_OK;
}

/* unique: true is a rule over the set, unless the field alone is the key (then a second row is a change). */
static ep_code add_unique(ep_load *load, ep_draft *draft, size_t field) {
    ep_contract *contract = draft->contract;
    const ep_contract_field *f = &contract->fields[field];
    size_t n_besides_owner = contract->n_key - (contract->owner >= 0 && contract->n_key > 0);
    if (!f->unique || (f->key_position > 0 && n_besides_owner <= 1))
        return EP_OK;
    const char *name = ep_arena_printf(load->arena, "unique %s", f->name);
    if (!name)
        return ep_fail(load->err, EP_E_NOMEM, "out of memory reading contracts");
    ep_set_rule set = {.name = name,
                       .metric = "duplicateValues",
                       .field = f->name,
                       .query = "",
                       .op = "mustBe",
                       .unit = "rows",
                       .low = "0",
                       .pattern = "",
                       .severity = EP_S_ERROR,
                       .line = f->line};
    return add_set_rule(load, contract, &set);
}

ep_code ep_draft_parse_quality(ep_load *load, ep_draft *draft) {
    EP_TRY(parse_list(load, draft, draft->node, DATASET));
    for (size_t i = 0; i < draft->contract->n_fields; i++) {
        EP_TRY(parse_list(load, draft, draft->fields[i].node, i));
        EP_TRY(add_unique(load, draft, i));
    }
    return EP_OK;
}

/* logicalTypeOptions and enum of a property to compiled checks; what cannot be compiled is a finding. */
#include "contract/draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define BUCKETS_FROM 9 /* fewer values are compared one by one */

bool ep_compile_literal(const ep_contract *contract, size_t field, const ep_yaml_node *node, ep_int128 *ret,
                        ep_str *ret_text) {
    const ep_column_def *column = &contract->fields[field].column;
    int64_t value;
    if (contract->checks->fields[field].json != EP_J_NONE)
        return false;
    switch (column->type) {
    case EP_T_TEXT: *ret_text = node->text; return node->kind == EP_Y_TEXT;
    case EP_T_BOOL: *ret = node->boolean; return node->kind == EP_Y_BOOL;
    case EP_T_INT:
        if (!ep_yaml_is_number(node) || ep_int_parse(node->text, &value) != EP_NUM_OK)
            return false;
        *ret = value;
        return true;
    case EP_T_DECIMAL:
        return ep_yaml_is_number(node) &&
               ep_decimal_parse(node->text, column->precision, column->scale, ret) == EP_NUM_OK;
    case EP_T_DATE:
    case EP_T_TIME:
    case EP_T_TIMESTAMP:
        if (node->kind != EP_Y_TEXT || !ep_read_moment_literal(&contract->fields[field], node->text, &value))
            return false;
        *ret = value;
        return true;
    default: return false;
    }
}

const char *ep_compile_type_text(const ep_contract *contract, size_t field) {
    static const char *const texts[] = {[EP_T_TEXT] = "text (in quotes when it looks like a number)",
                                        [EP_T_BOOL] = "true or false",
                                        [EP_T_INT] = "a whole number",
                                        [EP_T_DECIMAL] = "a number with no more digits than the column",
                                        [EP_T_DATE] = "a date in the field's format or 2026-03-01",
                                        [EP_T_TIME] = "a time of day in the field's format or 12:34:56",
                                        [EP_T_TIMESTAMP] =
                                            "a moment in the field's format or 2026-03-01T12:00:00Z",
                                        [EP_T_BLOB] = "bytes"};
    return texts[contract->fields[field].column.type];
}

static int64_t natural(const ep_yaml_node *options, const char *name) {
    int64_t value;
    return ep_yaml_int(ep_yaml_get(options, name), &value) && value >= 0 ? value : -1;
}

static ep_code compile_pair(ep_load *load, ep_draft *draft, size_t at, const char *low_name,
                            const char *high_name, int64_t *ret_low, int64_t *ret_high) {
    const ep_yaml_node *options = draft->fields[at].options;
    *ret_low = natural(options, low_name);
    *ret_high = natural(options, high_name);
    if (*ret_low >= 0 && *ret_high >= 0 && *ret_low > *ret_high)
        return ep_draft_error(load, draft->file, ep_yaml_get(options, low_name), "reversed_range",
                              "%s of %s is greater than %s: no value can pass", low_name,
                              draft->contract->fields[at].name, high_name);
    return EP_OK;
}

ep_code ep_compile_pattern(ep_load *load, const ep_draft *draft, const ep_yaml_node *text,
                           ep_severity severity, const char *rule, size_t field) {
    ep_field_checks *checks = &draft->contract->checks->fields[field];
    struct ep_contracts_private *own = load->set->own;
    ep_pattern *pattern = NULL;
    ep_error fault = {0};
    ep_code code = ep_pattern_new(own->pattern_memory, text->text, &pattern, &fault);
    if (code == EP_E_CONFIG)
        return ep_draft_error(load, draft->file, text, "bad_regex", "not a regular expression: %s",
                              fault.text);
    if (code != EP_OK)
        return ep_fail(load->err, code, "%s", fault.text);
    code = ep_grow((void **)&own->patterns, &own->patterns_capacity, own->n_patterns + 1,
                   sizeof(*own->patterns), load->err);
    if (code != EP_OK) {
        ep_pattern_free(&pattern);
        return code;
    }
    own->patterns[own->n_patterns++] = pattern;
    ep_pattern_check *list = ep_draft_alloc(load, checks->n_patterns + 1, sizeof(*list));
    if (!list)
        return EP_E_NOMEM;
    if (checks->n_patterns > 0)
        memcpy(list, checks->patterns, checks->n_patterns * sizeof(*list));
    list[checks->n_patterns++] = (ep_pattern_check){pattern, text->text.ptr, rule, severity};
    checks->patterns = list;
    draft->contract->checks->has_patterns |= ep_pattern_needs_matcher(pattern);
    return EP_OK;
}

ep_code ep_compile_required(ep_load *load, const ep_draft *draft, ep_severity severity, const char *rule,
                            size_t field) {
    ep_field_checks *checks = &draft->contract->checks->fields[field];
    if (checks->n_required == sizeof checks->required / sizeof checks->required[0])
        return ep_draft_error(load, draft->file, draft->fields[field].node, "too_many",
                              "%s has too many rules against null", draft->contract->fields[field].name);
    checks->required[checks->n_required++] = (ep_required_check){rule, severity};
    return EP_OK;
}

static int by_text(const void *a, const void *b) {
    return ep_str_cmp(*(const ep_str *)a, *(const ep_str *)b);
}

static int by_number(const void *a, const void *b) {
    ep_int128 x = *(const ep_int128 *)a, y = *(const ep_int128 *)b;
    return (x > y) - (x < y);
}

static bool fill_buckets(ep_load *load, ep_value_set *set) {
    size_t size = 16;
    while (size < 2 * set->n)
        size *= 2;
    set->buckets = ep_draft_alloc(load, size, sizeof(*set->buckets));
    if (!set->buckets)
        return false;
    set->mask = size - 1;
    for (size_t i = 0; i < set->n; i++) {
        size_t at = ep_xxh3(set->texts[i].ptr, set->texts[i].len) & set->mask;
        while (set->buckets[at])
            at = (at + 1) & set->mask;
        set->buckets[at] = (uint32_t)i + 1;
    }
    return true;
}

/* Leaves a set with a long text as it is. */
static bool fill_short_texts(ep_load *load, ep_value_set *set) {
    for (size_t i = 0; i < set->n; i++)
        if (set->texts[i].len > EP_SHORT_BYTES)
            return true;
    set->short_texts = ep_draft_alloc(load, set->n, sizeof(*set->short_texts));
    for (size_t i = 0; set->short_texts && i < set->n; i++) {
        set->short_texts[i].len = set->texts[i].len;
        ep_short_words(set->texts[i].ptr, set->texts[i].len, set->short_texts[i].words);
    }
    return set->short_texts;
}

static const char *list_detail(ep_load *load, const ep_yaml_node *values, const char *member) {
    ep_buf buf = {0};
    size_t n = 0;
    ep_buf_puts(&buf, "must be one of ");
    for (const ep_yaml_node *item = values->first; item && n < 12; item = item->next) {
        const ep_yaml_node *value = member ? ep_yaml_get(item, member) : item;
        if (!ep_yaml_is_scalar(value) || value->kind == EP_Y_NULL)
            continue;
        ep_buf_printf(&buf, "%s%.*s", n++ ? ", " : "", (int)(value->text.len > 40 ? 40 : value->text.len),
                      value->text.ptr);
    }
    if (values->n > n)
        ep_buf_puts(&buf, " ...");
    char *text = buf.failed ? NULL : ep_arena_strndup(load->arena, buf.data, buf.len);
    ep_buf_done(&buf);
    if (!text)
        (void)ep_fail(load->err, EP_E_NOMEM, "out of memory reading contracts");
    return text;
}

ep_code ep_compile_values(ep_load *load, const ep_draft *draft, const ep_yaml_node *values,
                          const char *member, bool missing, size_t field, ep_value_set **ret) {
    const ep_contract *contract = draft->contract;
    bool is_text = contract->fields[field].column.type == EP_T_TEXT;
    ep_value_set *set = ep_draft_alloc(load, 1, sizeof(*set));
    if (!set)
        return EP_E_NOMEM;
    set->missing = missing;
    set->texts = is_text ? ep_draft_alloc(load, values->n, sizeof(*set->texts)) : NULL;
    set->numbers = is_text ? NULL : ep_draft_alloc(load, values->n, sizeof(*set->numbers));
    set->detail = list_detail(load, values, member);
    if ((!set->texts && !set->numbers) || !set->detail)
        return EP_E_NOMEM;
    for (const ep_yaml_node *item = values->first; item; item = item->next) {
        const ep_yaml_node *value = member ? ep_yaml_get(item, member) : item;
        ep_str text = {NULL, 0};
        ep_int128 number = 0;
        if (!value || value->kind == EP_Y_NULL) /* NULL is judged by `required` alone */
            continue;
        if (!ep_yaml_is_scalar(value) || !ep_compile_literal(contract, field, value, &number, &text)) {
            /* "N/A" may count as missing in a feed of numbers: it never gets as far as here. */
            if (!missing)
                EP_TRY(ep_draft_error(load, draft->file, value, "bad_enum", "a value of %s must be %s",
                                      contract->fields[field].name, ep_compile_type_text(contract, field)));
            continue;
        }
        if (is_text)
            set->texts[set->n++] = text;
        else
            set->numbers[set->n++] = number;
    }
    if (set->n > 0 && is_text)
        qsort(set->texts, set->n, sizeof(*set->texts), by_text);
    else if (set->n > 0)
        qsort(set->numbers, set->n, sizeof(*set->numbers), by_number);
    if (is_text && !(set->n < BUCKETS_FROM ? fill_short_texts(load, set) : fill_buckets(load, set)))
        return EP_E_NOMEM;
    *ret = set;
    return EP_OK;
}

ep_code ep_compile_set(ep_load *load, const ep_draft *draft, const ep_yaml_node *values, const char *member,
                       ep_severity severity, const char *rule, bool missing, size_t field) {
    ep_field_checks *checks = &draft->contract->checks->fields[field];
    ep_value_set **list = ep_draft_alloc(load, checks->n_sets + 1, sizeof(*list));
    if (!list)
        return EP_E_NOMEM;
    if (checks->n_sets > 0)
        memcpy(list, checks->sets, checks->n_sets * sizeof(*list));
    EP_TRY(ep_compile_values(load, draft, values, member, missing, field, &list[checks->n_sets]));
    list[checks->n_sets]->rule = rule;
    list[checks->n_sets++]->severity = severity;
    checks->sets = list;
    return EP_OK;
}

static ep_code compile_format(ep_load *load, ep_draft *draft, size_t at) {
    const ep_yaml_node *format = ep_yaml_get(draft->fields[at].options, "format");
    ep_field_checks *checks = &draft->contract->checks->fields[at];
    if (!format || format->kind != EP_Y_TEXT)
        return EP_OK;
    checks->validator = ep_validator_find(format->text);
    if (checks->validator)
        return EP_OK;
    size_t n;
    const ep_validator *all = ep_validators(&n);
    ep_nearest near;
    ep_nearest_init(&near, format->text.ptr);
    for (size_t i = 0; i < n; i++)
        ep_nearest_try(&near, ep_str_from(all[i].name));
    return ep_draft_doubt(load, draft->file, format, "unknown_format",
                          "\"%.40s\" is no check that is known%s%s%s", format->text.ptr,
                          near.best[0] ? "; did you mean \"" : "", near.best, near.best[0] ? "\"?" : "");
}

static ep_code compile_text(ep_load *load, ep_draft *draft, size_t at) {
    ep_field_checks *checks = &draft->contract->checks->fields[at];
    const ep_yaml_node *pattern = ep_yaml_get(draft->fields[at].options, "pattern");
    EP_TRY(compile_pair(load, draft, at, "minLength", "maxLength", &checks->min_length, &checks->max_length));
    EP_TRY(compile_format(load, draft, at));
    if (pattern && pattern->kind == EP_Y_TEXT)
        EP_TRY(ep_compile_pattern(load, draft, pattern, EP_S_ERROR, "", at));
    return EP_OK;
}

static void add_member(ep_field_checks *checks, const char *name, bool valued) {
    for (size_t i = 0; i < checks->n_members; i++)
        if (!strcmp(checks->members[i], name)) {
            checks->member_valued[i] |= valued;
            return;
        }
    checks->members[checks->n_members] = name;
    checks->member_valued[checks->n_members++] = valued;
}

static ep_code compile_members(ep_load *load, ep_draft *draft, size_t at) {
    ep_field_checks *checks = &draft->contract->checks->fields[at];
    const ep_yaml_node *required = ep_yaml_get(draft->fields[at].options, "required");
    const ep_yaml_node *properties = ep_yaml_get(draft->fields[at].node, "properties");
    size_t room = (required ? required->n : 0) + (properties ? properties->n : 0);
    EP_TRY(compile_pair(load, draft, at, "minProperties", "maxProperties", &checks->min_items,
                        &checks->max_items));
    checks->members = ep_draft_alloc(load, room, sizeof(*checks->members));
    checks->member_valued = ep_draft_alloc(load, room, sizeof(*checks->member_valued));
    if (!checks->members || !checks->member_valued)
        return EP_E_NOMEM;
    for (const ep_yaml_node *item = required ? required->first : NULL; item; item = item->next)
        if (item->kind == EP_Y_TEXT)
            add_member(checks, item->text.ptr, false);
    for (const ep_yaml_node *item = properties ? properties->first : NULL; item; item = item->next)
        if (ep_draft_bool(item, "required"))
            add_member(checks, ep_draft_text(item, "name"), true);
    return EP_OK;
}

static ep_code compile_json(ep_load *load, ep_draft *draft, size_t at) {
    ep_field_checks *checks = &draft->contract->checks->fields[at];
    const ep_yaml_node *options = draft->fields[at].options;
    if (checks->json == EP_J_MAP)
        return compile_members(load, draft, at);
    EP_TRY(compile_pair(load, draft, at, "minItems", "maxItems", &checks->min_items, &checks->max_items));
    checks->unique_items = ep_draft_bool(options, "uniqueItems");
    int64_t dimensions = natural(options, "dimensions");
    if (dimensions > 0)
        checks->min_items = checks->max_items = dimensions;
    return EP_OK;
}

static ep_code compile_enums(ep_load *load, ep_draft *draft, size_t at) {
    const ep_yaml_node *own = ep_yaml_get(draft->fields[at].node, "enum");
    const ep_yaml_node *option = ep_yaml_get(draft->fields[at].options, "enum");
    if (own && own->kind == EP_Y_LIST && own->n > 0)
        EP_TRY(ep_compile_set(load, draft, own, "value", EP_S_ERROR, "", false, at));
    if (option && option->kind == EP_Y_LIST && option->n > 0)
        EP_TRY(ep_compile_set(load, draft, option, NULL, EP_S_ERROR, "", false, at));
    return EP_OK;
}

ep_code ep_draft_compile(ep_load *load, ep_draft *draft) {
    for (size_t at = 0; at < draft->contract->n_fields; at++) {
        const ep_contract_field *field = &draft->contract->fields[at];
        ep_field_checks *checks = &draft->contract->checks->fields[at];
        checks->min_length = checks->max_length = checks->min_items = checks->max_items = -1;
        /* What is computed inside is not there yet when a row is checked. */
        if (field->required && !field->derived && field->day_of < 0)
            EP_TRY(ep_compile_required(load, draft, EP_S_ERROR, "", at));
        if (checks->json != EP_J_NONE)
            EP_TRY(compile_json(load, draft, at));
        else if (field->column.type == EP_T_TEXT)
            EP_TRY(compile_text(load, draft, at));
        EP_TRY(ep_compile_bounds(load, draft, at));
        EP_TRY(ep_compile_step(load, draft, at));
        EP_TRY(compile_enums(load, draft, at));
    }
    return EP_OK;
}

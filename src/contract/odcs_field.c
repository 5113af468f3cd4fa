/* A property: its column, its type, how its text is read. */
#include "contract/draft.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* decimal(12,2), numeric(12), number (18,4): false when the text is none of these. */
static bool parse_decimal(const char *text, long *ret_precision, long *ret_scale) {
    static const char *const names[] = {"decimal", "numeric", "number", "dec"};
    for (size_t i = 0; i < 4; i++) {
        size_t len = strlen(names[i]);
        if (strncasecmp(text, names[i], len) != 0)
            continue;
        const char *at = text + len + strspn(text + len, " ");
        char *end;
        if (*at != '(')
            continue;
        *ret_precision = strtol(at + 1, &end, 10);
        *ret_scale = *end == ',' ? strtol(end + 1, &end, 10) : 0;
        return *end == ')';
    }
    return false;
}

static ep_code number_type(ep_load *load, ep_draft *draft, const ep_yaml_node *node, ep_column_def *column) {
    const char *physical = ep_draft_text(node, "physicalType");
    long precision = 18, scale = 4;
    column->type = EP_T_DECIMAL;
    if (!strncasecmp(physical, "float", 5) || !strncasecmp(physical, "double", 6) ||
        !strcasecmp(physical, "real"))
        precision = 38, scale = 9;
    else if (parse_decimal(physical, &precision, &scale) &&
             (precision < 1 || precision > EP_DECIMAL_MAX_PRECISION || scale < 0 || scale > precision)) {
        EP_TRY(ep_draft_error(load, draft->file, ep_yaml_get(node, "physicalType"), "bad_decimal",
                              "decimal(p,s) needs p from 1 to %d and s from 0 to p",
                              EP_DECIMAL_MAX_PRECISION));
        precision = 18, scale = 4;
    }
    column->precision = (uint8_t)precision;
    column->scale = (uint8_t)scale;
    return EP_OK;
}

static void integer_type(const ep_yaml_node *options, ep_column_def *column) {
    const char *format = ep_draft_text(options, "format");
    column->type = EP_T_INT;
    if (!strcmp(format, "u64") || !strcmp(format, "i128") || !strcmp(format, "u128")) {
        column->type = EP_T_DECIMAL;
        column->precision = !strcmp(format, "u64") ? 20 : 38;
    }
}

static ep_code set_type(ep_load *load, ep_draft *draft, size_t at, const char *type) {
    const ep_draft_field *from = &draft->fields[at];
    ep_column_def *column = &draft->contract->fields[at].column;
    ep_field_checks *checks = &draft->contract->checks->fields[at];
    column->type = EP_T_TEXT;
    if (!strcmp(type, "number"))
        return number_type(load, draft, from->node, column);
    if (!strcmp(type, "integer"))
        integer_type(from->options, column);
    else if (!strcmp(type, "boolean"))
        column->type = EP_T_BOOL;
    else if (!strcmp(type, "date"))
        column->type = EP_T_DATE;
    else if (!strcmp(type, "time"))
        column->type = EP_T_TIME;
    else if (!strcmp(type, "timestamp"))
        column->type = EP_T_TIMESTAMP;
    else if (!strcmp(type, "array") || !strcmp(type, "vector"))
        checks->json = EP_J_LIST;
    else if (!strcmp(type, "object") || !strcmp(type, "map"))
        checks->json = EP_J_MAP;
    return EP_OK;
}

/* Puts a bare T into quotes, which the standard's own examples forget. */
static const char *quote_t(ep_load *load, const char *pattern, bool *ret_changed) {
    size_t len = strlen(pattern);
    char *text = ep_draft_alloc(load, 3 * len + 1, 1);
    bool quoted = false;
    *ret_changed = false;
    if (!text)
        return NULL;
    char *out = text;
    for (const char *at = pattern; *at; at++) {
        quoted ^= *at == '\'';
        if (*at == 'T' && !quoted) {
            memcpy(out, "'T'", 3);
            out += 3;
            *ret_changed = true;
        } else {
            *out++ = *at;
        }
    }
    return text;
}

static bool has_letter(const char *pattern, const char *letters) {
    bool quoted = false;
    for (; *pattern; pattern++) {
        quoted ^= *pattern == '\'';
        if (!quoted && strchr(letters, *pattern))
            return true;
    }
    return false;
}

static const char *missing_part(ep_type type, const char *pattern) {
    if (type != EP_T_TIME &&
        !(has_letter(pattern, "yu") && has_letter(pattern, "M") && has_letter(pattern, "d")))
        return "it lacks the year (yyyy), the month (MM) or the day (dd)";
    if (type == EP_T_TIME && !has_letter(pattern, "H"))
        return "it lacks the hour (HH)";
    return NULL;
}

static ep_code set_pattern(ep_load *load, ep_draft *draft, size_t at, const ep_yaml_node *format) {
    ep_contract_field *field = &draft->contract->fields[at];
    const char *pattern = format->text.ptr, *why = NULL;
    bool changed = false;
    if (!ep_time_pattern_valid(pattern, &why)) {
        const char *quoted = quote_t(load, pattern, &changed);
        if (!quoted)
            return EP_E_NOMEM;
        if (changed && ep_time_pattern_valid(quoted, &why)) {
            EP_TRY(ep_draft_doubt(load, draft->file, format, "bad_time_pattern",
                                  "in a JDK pattern the letter T stands in quotes: write \"%s\"", quoted));
            pattern = quoted;
        } else {
            return ep_draft_error(load, draft->file, format, "bad_time_pattern",
                                  "not a JDK pattern that is read: %s", why ? why : "");
        }
    }
    why = missing_part(field->column.type, pattern);
    if (why)
        return ep_draft_error(load, draft->file, format, "bad_time_pattern", "the pattern makes no %s: %s",
                              ep_type_name(field->column.type), why);
    field->time_format = EP_TF_PATTERN;
    field->time_pattern = pattern;
    return EP_OK;
}

static ep_code set_zone(ep_load *load, ep_draft *draft, size_t at, const ep_yaml_node *options) {
    ep_contract_field *field = &draft->contract->fields[at];
    const ep_yaml_node *zone = ep_yaml_get(options, "defaultTimezone");
    const ep_yaml_node *has_zone = ep_yaml_get(options, "timezone");
    if (zone && zone->kind == EP_Y_TEXT) {
        field->zone = ep_zone_find(zone->text);
        if (!field->zone)
            return ep_draft_error(load, draft->file, zone, "unknown_zone",
                                  "\"%.40s\" is no time zone: write UTC, Europe/Paris, +02:00 ...",
                                  zone->text.ptr);
        return EP_OK;
    }
    if (field->column.type != EP_T_TIMESTAMP)
        return EP_OK;
    bool without = has_zone && has_zone->kind == EP_Y_BOOL && !has_zone->boolean;
    if (!without && (!field->time_pattern || has_letter(field->time_pattern, "XxZV")))
        return EP_OK;
    /* The standard: "if timezone is not defined, the default timezone UTC is used". */
    field->zone = ep_zone_find(EP_STR("UTC"));
    return ep_draft_doubt(load, draft->file, options, "zone_missing",
                          "the text of %s names no zone: declare defaultTimezone (the standard assumes UTC)",
                          field->name);
}

static ep_code set_time(ep_load *load, ep_draft *draft, size_t at) {
    ep_contract_field *field = &draft->contract->fields[at];
    const ep_yaml_node *options = draft->fields[at].options;
    ep_type type = field->column.type;
    field->time_format = type == EP_T_DATE ? EP_TF_DATE : EP_TF_RFC3339;
    if (type != EP_T_DATE && type != EP_T_TIME && type != EP_T_TIMESTAMP)
        return EP_OK;
    const ep_yaml_node *format = ep_yaml_get(options, "format");
    if (format && format->kind == EP_Y_TEXT)
        EP_TRY(set_pattern(load, draft, at, format));
    return options ? set_zone(load, draft, at, options) : EP_OK;
}

static ep_code set_examples(ep_load *load, ep_contract_field *field, const ep_yaml_node *node) {
    const ep_yaml_node *examples = ep_yaml_get(node, "examples");
    if (!examples || examples->kind != EP_Y_LIST || examples->n == 0)
        return EP_OK;
    field->examples = ep_draft_alloc(load, examples->n, sizeof(*field->examples));
    if (!field->examples)
        return EP_E_NOMEM;
    for (const ep_yaml_node *item = examples->first; item; item = item->next)
        if (ep_yaml_is_scalar(item) && item->kind != EP_Y_NULL)
            field->examples[field->n_examples++] = item->text.ptr;
    return EP_OK;
}

ep_code ep_draft_parse_field(ep_load *load, ep_draft *draft, size_t at) {
    ep_draft_field *from = &draft->fields[at];
    ep_contract_field *field = &draft->contract->fields[at];
    const char *physical = ep_draft_text(from->node, "physicalName");
    const ep_yaml_node *options = ep_yaml_get(from->node, "logicalTypeOptions");
    const char *type = ep_draft_text(from->node, "logicalType");
    from->options = options && options->kind == EP_Y_MAP ? options : NULL;
    from->has_type = ep_level_options(type) != NULL;
    field->name = physical[0] ? physical : from->name;
    field->column.name = field->name;
    field->description = ep_draft_text(from->node, "description");
    field->classification = ep_draft_text(from->node, "classification");
    field->purpose = field->retention = "";
    field->required = ep_draft_bool(from->node, "required");
    field->unique = ep_draft_bool(from->node, "unique");
    field->day_of = -1;
    field->line = from->node->line;
    EP_TRY(set_type(load, draft, at, type));
    EP_TRY(set_time(load, draft, at));
    return set_examples(load, field, from->node);
}

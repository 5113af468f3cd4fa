#include "feed/parse.h"

#include <stdio.h>
#include <string.h>

static ep_code read_null_if(ep_feed_reader *r, const ep_yaml_node *node, ep_mods *mods) {
    bool is_list = node->kind == EP_Y_LIST;
    mods->null_if = ep_arena_calloc(&r->feed->arena, is_list ? node->n : 1, sizeof(*mods->null_if));
    if (!mods->null_if)
        return EP_READ_NOMEM(r);
    if (!is_list) {
        EP_TRY(ep_read_text(r, node, &mods->null_if[0]));
        mods->n_null_if = 1;
        return EP_OK;
    }
    for (const ep_yaml_node *item = node->first; item; item = item->next)
        EP_TRY(ep_read_text(r, item, &mods->null_if[mods->n_null_if++]));
    return EP_OK;
}

static ep_code read_split(ep_feed_reader *r, const ep_yaml_node *node, ep_mods *mods) {
    bool is_map;
    EP_TRY(ep_read_keys(r, node, "split", &is_map));
    if (!is_map)
        return EP_OK;
    const ep_yaml_node *by = ep_yaml_get(node, "by"), *index = ep_yaml_get(node, "index");
    if (!by || !ep_yaml_is_scalar(by) || by->text.len == 0)
        return ep_read_wrong(r, by ? by : node, "bad_split",
                             "split needs the separator: {by: \"|\", index: 0}");
    EP_TRY(ep_read_text(r, by, &mods->split_by));
    return index ? ep_read_int(r, index, -1000000, 1000000, &mods->split_index) : EP_OK;
}

static ep_code read_pattern(ep_feed_reader *r, const ep_yaml_node *node, ep_mods *mods) {
    const ep_yaml_node *pattern = node, *group = NULL, *no_match = NULL;
    if (!ep_yaml_is_scalar(node)) {
        bool is_map;
        EP_TRY(ep_read_keys(r, node, "regex", &is_map));
        if (!is_map)
            return EP_OK;
        pattern = ep_yaml_get(node, "pattern");
        group = ep_yaml_get(node, "group");
        no_match = ep_yaml_get(node, "no_match");
    }
    if (!pattern)
        return ep_read_wrong(r, node, "bad_regex", "regex needs a pattern");
    EP_TRY(ep_read_regex(r, pattern, false, &mods->regex));
    if (!mods->regex)
        return EP_OK;
    int64_t n_groups = ep_regex_n_groups(mods->regex), wanted = n_groups > 0;
    if (group)
        EP_TRY(ep_read_int(r, group, 0, n_groups, &wanted));
    mods->regex_group = (uint32_t)wanted;
    int word = 0;
    if (no_match)
        EP_TRY(ep_read_word(r, no_match, "error null", &word));
    mods->regex_null = word == 1;
    return EP_OK;
}

static ep_code read_code_list(ep_feed_reader *r, const ep_yaml_node *map, ep_mods *mods) {
    const ep_yaml_node *list = ep_yaml_get(map, "map"), *otherwise = ep_yaml_get(map, "else");
    int word = 0;
    if (otherwise && !list)
        return ep_read_wrong(r, otherwise, "no_map", "else belongs to a map");
    if (!list)
        return EP_OK;
    EP_TRY(ep_read_list(r, list, &mods->map));
    if (otherwise)
        EP_TRY(ep_read_word(r, otherwise, "error keep null seller", &word));
    mods->map_else = word < 0 ? EP_ELSE_ERROR : (ep_map_else)word;
    if (mods->map && mods->map->dated)
        r->needs_time = true;
    return EP_OK;
}

static ep_code read_flags(ep_feed_reader *r, const ep_yaml_node *map, ep_mods *mods) {
    const ep_yaml_node *trim = ep_yaml_get(map, "trim"), *negate = ep_yaml_get(map, "negate"),
                       *letter_case = ep_yaml_get(map, "case");
    int word = -1;
    if (trim)
        EP_TRY(ep_read_bool(r, trim, &mods->trim));
    if (negate)
        EP_TRY(ep_read_bool(r, negate, &mods->negate));
    if (letter_case)
        EP_TRY(ep_read_word(r, letter_case, "lower upper", &word));
    if (word >= 0)
        mods->letter_case = word == 0 ? EP_CASE_LOWER : EP_CASE_UPPER;
    return EP_OK;
}

ep_code ep_read_mods(ep_feed_reader *r, const ep_yaml_node *map, const ep_mods **ret) {
    static const char *const keys[] = {"trim", "null_if", "split", "regex", "map", "else", "case", "negate"};
    bool any = false;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        any |= ep_yaml_get(map, keys[i]) != NULL;
    if (!any)
        return EP_OK;
    ep_mods *mods = ep_arena_calloc(&r->feed->arena, 1, sizeof(*mods));
    if (!mods)
        return EP_READ_NOMEM(r);
    const ep_yaml_node *node;
    if ((node = ep_yaml_get(map, "null_if")))
        EP_TRY(read_null_if(r, node, mods));
    if ((node = ep_yaml_get(map, "split")))
        EP_TRY(read_split(r, node, mods));
    if ((node = ep_yaml_get(map, "regex")))
        EP_TRY(read_pattern(r, node, mods));
    EP_TRY(read_code_list(r, map, mods));
    EP_TRY(read_flags(r, map, mods));
    *ret = mods;
    return EP_OK;
}

/* Time formats by name, in the order of the words. */
static const char format_words[] = "rfc3339 local epoch_s epoch_s_float epoch_ms epoch_us date";
static const ep_time_format format_of[] = {EP_TF_RFC3339,  EP_TF_LOCAL,    EP_TF_EPOCH_S, EP_TF_EPOCH_S,
                                           EP_TF_EPOCH_MS, EP_TF_EPOCH_US, EP_TF_DATE};

typedef struct draft {
    ep_read_options *reads; /* room for one more than there are formats */
    size_t n_reads;
    ep_time_format *formats; /* all of them, the options share slices */
    size_t n_formats;
} draft;

/* An option holds one pattern: a second pattern begins a new option. */
static void add_format(draft *d, ep_time_format format, const char *pattern) {
    if (d->n_reads == 0 || (pattern && d->reads[d->n_reads - 1].pattern))
        d->reads[d->n_reads++] = (ep_read_options){.formats = d->formats + d->n_formats};
    d->formats[d->n_formats++] = format;
    d->reads[d->n_reads - 1].n_formats++;
    if (pattern)
        d->reads[d->n_reads - 1].pattern = pattern;
}

static ep_code read_format(ep_feed_reader *r, const ep_yaml_node *item, draft *d, bool *needs_zone) {
    static const char prefix[] = "pattern:";
    if (item->kind == EP_Y_TEXT && ep_str_starts(item->text, prefix)) {
        ep_str text = {0};
        const char *why = "";
        EP_TRY(ep_read_text(r, item, &text));
        const char *pattern = text.ptr + strlen(prefix);
        if (!ep_time_pattern_valid(pattern, &why))
            return ep_read_wrong(r, item, "bad_format", "the pattern \"%.60s\" cannot be read: %s", pattern,
                                 why ? why : "");
        add_format(d, EP_TF_PATTERN, pattern);
        return EP_OK;
    }
    int word;
    EP_TRY(ep_read_word(r, item, format_words, &word));
    if (word < 0)
        return EP_OK;
    add_format(d, format_of[word], NULL);
    *needs_zone |= format_of[word] == EP_TF_LOCAL || format_of[word] == EP_TF_DATE;
    return EP_OK;
}

static ep_code read_formats(ep_feed_reader *r, const ep_yaml_node *node, draft *d, bool *needs_zone) {
    size_t n = node->kind == EP_Y_LIST ? node->n : 1;
    if (n == 0)
        return ep_read_wrong(r, node, "bad_format", "formats is an empty list");
    d->formats = ep_arena_calloc(&r->feed->arena, n, sizeof(*d->formats));
    d->reads = ep_arena_calloc(&r->feed->arena, n, sizeof(*d->reads));
    if (!d->formats || !d->reads)
        return EP_READ_NOMEM(r);
    if (node->kind != EP_Y_LIST)
        return read_format(r, node, d, needs_zone);
    for (const ep_yaml_node *item = node->first; item; item = item->next)
        EP_TRY(read_format(r, item, d, needs_zone));
    return EP_OK;
}

static ep_code read_zone(ep_feed_reader *r, const ep_yaml_node *node, const ep_zone **ret) {
    *ret = ep_yaml_is_scalar(node) ? ep_zone_find(node->text) : NULL;
    if (!*ret)
        return ep_read_wrong(r, node, "bad_zone", "is no known zone: write Europe/Paris, UTC or +02:00");
    return EP_OK;
}

static ep_code read_mark(ep_feed_reader *r, const ep_yaml_node *node, const char *allowed, char *ret) {
    if (node->kind != EP_Y_TEXT || node->text.len != 1 || !strchr(allowed, node->text.ptr[0]))
        return ep_read_wrong(r, node, "bad_mark", "must be one of the characters \"%s\", in quotes", allowed);
    *ret = node->text.ptr[0];
    return EP_OK;
}

/* `type: decimal(18,4)`: what the author believes. */
static ep_code lint_type(ep_feed_reader *r, const ep_yaml_node *node) {
    static const char *const names[EP_N_TYPES] = {[EP_T_TEXT] = "text string object array json",
                                                  [EP_T_BOOL] = "boolean bool",
                                                  [EP_T_INT] = "integer int",
                                                  [EP_T_DECIMAL] = "decimal number numeric",
                                                  [EP_T_DATE] = "date",
                                                  [EP_T_TIME] = "time",
                                                  [EP_T_TIMESTAMP] = "timestamp"};
    if (!r->contract || r->field == EP_NO_FIELD)
        return ep_read_wrong(r, node, "type", "type belongs to a field of a contract");
    const ep_column_def *column = &r->contract->fields[r->field].column;
    char full[48];
    ep_str said = node->text;
    const char *names_of = names[column->type] ? names[column->type] : "";
    bool good = false;
    for (const char *at = names_of; ep_yaml_is_scalar(node) && *at;) {
        size_t len = strcspn(at, " ");
        good |= ep_str_eq(said, (ep_str){at, len});
        if (column->type == EP_T_DECIMAL) {
            snprintf(full, sizeof full, "%.*s(%d,%d)", (int)len, at, column->precision, column->scale);
            good |= ep_str_is(said, full);
        }
        at += len + (at[len] == ' ');
    }
    if (good)
        return EP_OK;
    snprintf(full, sizeof full, column->type == EP_T_DECIMAL ? "%s(%d,%d)" : "%s", ep_type_name(column->type),
             column->precision, column->scale);
    return ep_read_wrong(r, node, "type", "the contract's %s is %s: change one of the two",
                         r->contract->fields[r->field].name, full);
}

static ep_code check_use(ep_feed_reader *r, const ep_yaml_node *map, bool times, bool numbers) {
    if (!r->contract || r->field == EP_NO_FIELD)
        return EP_OK;
    ep_type type = r->contract->fields[r->field].column.type;
    bool is_time = type == EP_T_TIMESTAMP || type == EP_T_DATE || type == EP_T_TIME;
    bool is_number = type == EP_T_INT || type == EP_T_DECIMAL;
    if (times && !is_time)
        return ep_read_wrong(r, map, "bad_format", "formats and zone are for moments, %s is %s",
                             r->contract->fields[r->field].name, ep_type_name(type));
    if (numbers && !is_number)
        return ep_read_wrong(r, map, "bad_mark", "decimal_mark and group_mark are for numbers, %s is %s",
                             r->contract->fields[r->field].name, ep_type_name(type));
    return EP_OK;
}

ep_code ep_read_typing(ep_feed_reader *r, const ep_yaml_node *map, const ep_typing **ret) {
    const ep_yaml_node *formats = ep_yaml_get(map, "formats"), *zone = ep_yaml_get(map, "zone"),
                       *decimal = ep_yaml_get(map, "decimal_mark"), *group = ep_yaml_get(map, "group_mark"),
                       *type = ep_yaml_get(map, "type");
    if (type)
        EP_TRY(lint_type(r, type));
    if (!formats && !zone && !decimal && !group)
        return EP_OK;
    EP_TRY(check_use(r, map, formats || zone, decimal || group));
    draft d = {0};
    bool needs_zone = false;
    ep_read_options common = {0};
    const ep_contract_field *field =
        r->contract && r->field != EP_NO_FIELD ? &r->contract->fields[r->field] : NULL;
    if (formats)
        EP_TRY(read_formats(r, formats, &d, &needs_zone));
    if (zone)
        EP_TRY(read_zone(r, zone, &common.zone));
    else if (field)
        common.zone = field->zone;
    if (needs_zone && !common.zone && !zone && field && field->column.type == EP_T_TIMESTAMP)
        EP_TRY(
            ep_read_wrong(r, formats, "no_zone", "a moment without zone needs one: add zone: Europe/Paris"));
    if (decimal)
        EP_TRY(read_mark(r, decimal, ".,", &common.decimal_mark));
    if (group)
        EP_TRY(read_mark(r, group, " .,'", &common.group_mark));
    if (common.group_mark && common.group_mark == (common.decimal_mark ? common.decimal_mark : '.'))
        EP_TRY(ep_read_wrong(r, group, "bad_mark",
                             decimal ? "decimal_mark and group_mark are the same"
                                     : "a group_mark . needs decimal_mark: \",\" beside it"));
    ep_typing *typing = ep_arena_calloc(&r->feed->arena, 1, sizeof(*typing));
    if (d.n_reads == 0) {
        d.reads = ep_arena_calloc(&r->feed->arena, 1, sizeof(*d.reads));
        d.n_reads = 1;
    }
    if (!typing || !d.reads)
        return EP_READ_NOMEM(r);
    for (size_t i = 0; i < d.n_reads; i++) {
        d.reads[i].zone = common.zone;
        d.reads[i].decimal_mark = common.decimal_mark;
        d.reads[i].group_mark = common.group_mark;
    }
    *typing = (ep_typing){d.reads, d.n_reads};
    *ret = typing;
    return EP_OK;
}

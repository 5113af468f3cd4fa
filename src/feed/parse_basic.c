#include "contract/odcs_keys.h"
#include "feed/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

ep_code ep_read_wrong(ep_feed_reader *reader, const ep_yaml_node *node, const char *code, const char *format,
                      ...) {
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return ep_lints_add(reader->lints, reader->err, EP_S_ERROR, reader->file, node->line, node->column, code,
                        "%s", text);
}

static ep_code unknown_key(ep_feed_reader *reader, const ep_yaml_node *member, const char *section) {
    char near[64];
    ep_feed_nearest_key(section, member->key, near);
    return ep_lints_add(reader->lints, reader->err, EP_S_ERROR, reader->file, member->key_line,
                        member->key_column, "unknown_key", "%s knows no \"%.60s\"%s%s%s", section,
                        member->key, *near ? "; did you mean \"" : "", near, *near ? "\"?" : "");
}

ep_code ep_read_keys(ep_feed_reader *reader, const ep_yaml_node *node, const char *section,
                     bool *ret_is_map) {
    *ret_is_map = node->kind == EP_Y_MAP;
    if (!*ret_is_map)
        return ep_read_wrong(reader, node, "wrong_kind", "%s must be a map, not %s", section,
                             ep_yaml_kind_text(node->kind));
    for (const ep_yaml_node *m = node->first; m; m = m->next)
        if (!ep_feed_has_key(section, m->key))
            EP_TRY(unknown_key(reader, m, section));
    return EP_OK;
}

ep_code ep_read_text(ep_feed_reader *reader, const ep_yaml_node *node, ep_str *ret) {
    if (!ep_yaml_is_scalar(node) || node->kind == EP_Y_NULL)
        return ep_read_wrong(reader, node, "wrong_kind", "must be a text, not %s",
                             ep_yaml_kind_text(node->kind));
    const char *copy = ep_arena_strndup(&reader->feed->arena, node->text.ptr, node->text.len);
    if (!copy)
        return EP_READ_NOMEM(reader);
    *ret = (ep_str){copy, node->text.len};
    return EP_OK;
}

ep_code ep_read_bool(ep_feed_reader *reader, const ep_yaml_node *node, bool *ret) {
    if (node->kind != EP_Y_BOOL)
        return ep_read_wrong(reader, node, "wrong_kind", "must be true or false, not %s",
                             ep_yaml_kind_text(node->kind));
    *ret = node->boolean;
    return EP_OK;
}

ep_code ep_read_int(ep_feed_reader *reader, const ep_yaml_node *node, int64_t min, int64_t max,
                    int64_t *ret) {
    int64_t value;
    if (!ep_yaml_int(node, &value) || value < min || value > max)
        return ep_read_wrong(reader, node, "wrong_kind",
                             "must be a whole number from %" PRId64 " to %" PRId64, min, max);
    *ret = value;
    return EP_OK;
}

ep_code ep_read_word(ep_feed_reader *reader, const ep_yaml_node *node, const char *words, int *ret) {
    *ret = -1;
    ep_str word = node->kind == EP_Y_NULL ? EP_STR("null") : node->text;
    int number = 0;
    for (const char *at = words; ep_yaml_is_scalar(node) && *at; number++) {
        size_t len = strcspn(at, " ");
        if (ep_str_eq(word, (ep_str){at, len})) {
            *ret = number;
            return EP_OK;
        }
        at += len + (at[len] == ' ');
    }
    if (!ep_yaml_is_scalar(node))
        return ep_read_wrong(reader, node, "wrong_kind", "must be one of: %s", words);
    ep_nearest nearest;
    ep_nearest_init(&nearest, node->text.ptr);
    ep_nearest_try_words(&nearest, words);
    return ep_read_wrong(reader, node, "unknown_word", "\"%.60s\" is none of: %s%s%s%s", word.ptr, words,
                         *nearest.best ? "; did you mean \"" : "", nearest.best, *nearest.best ? "\"?" : "");
}

/* Gives the path its id: the same for the same text from the same scope. */
static ep_code name_path(ep_feed_reader *reader, ep_path *path) {
    ep_feed *feed = reader->feed;
    uint32_t scope = path->from_root ? 0 : reader->depth - path->n_up;
    reader->uses_item |= scope == reader->depth;
    for (path->id = 0; path->id < feed->n_paths; path->id++)
        if (feed->paths[path->id].scope == scope && !strcmp(feed->paths[path->id].text, path->text))
            return EP_OK;
    EP_TRY(ep_grow((void **)&feed->paths, &feed->paths_capacity, feed->n_paths + 1, sizeof(*feed->paths),
                   reader->err));
    feed->paths[feed->n_paths++] = (ep_path_name){path->text, scope};
    return EP_OK;
}

ep_code ep_read_path(ep_feed_reader *reader, const ep_yaml_node *node, ep_str text, ep_path *ret) {
    const char *wrong;
    EP_TRY(ep_path_compile(text, &reader->feed->arena, &reader->feed->n_hints, ret, &wrong, reader->err));
    if (wrong)
        return ep_read_wrong(reader, node, "bad_path", "the path \"%.*s\" %s",
                             (int)(text.len > 120 ? 120 : text.len), text.ptr, wrong);
    if (ret->n_up > reader->depth)
        return ep_read_wrong(reader, node, "bad_path",
                             "the path \"%.*s\" leaves the record: ^. reaches %" PRIu32 " scope%s here",
                             (int)(text.len > 120 ? 120 : text.len), text.ptr, reader->depth,
                             reader->depth == 1 ? "" : "s");
    return name_path(reader, ret);
}

ep_code ep_read_regex(ep_feed_reader *reader, const ep_yaml_node *node, bool whole, const ep_regex **ret) {
    ep_feed *feed = reader->feed;
    if (!ep_yaml_is_scalar(node) || node->text.len == 0)
        return ep_read_wrong(reader, node, "bad_regex", "must be a pattern, not %s",
                             node->kind == EP_Y_TEXT ? "an empty text" : ep_yaml_kind_text(node->kind));
    const char *wrong;
    EP_TRY(ep_grow((void **)&feed->regexes, &feed->regexes_capacity, feed->n_regexes + 1,
                   sizeof(*feed->regexes), reader->err));
    ep_regex *regex = NULL;
    EP_TRY(ep_regex_compile(node->text, whole, &feed->arena, &regex, &wrong, reader->err));
    if (wrong)
        return ep_read_wrong(reader, node, "bad_regex", "the pattern cannot be read: %s", wrong);
    feed->regexes[feed->n_regexes++] = regex;
    if (ep_regex_n_groups(regex) > feed->max_groups)
        feed->max_groups = ep_regex_n_groups(regex);
    *ret = regex;
    return EP_OK;
}

ep_code ep_read_meta(ep_feed_reader *reader, const ep_yaml_node *node, ep_str name, ep_meta *ret) {
    static const char words[] = "source record line offset received_at seller content occurrence feed";
    int word;
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)(name.len > 60 ? 60 : name.len), name.ptr);
    ep_yaml_node scalar = {
        .kind = EP_Y_TEXT, .line = node->line, .column = node->column, .text = ep_str_from(text)};
    EP_TRY(ep_read_word(reader, &scalar, words, &word));
    if (word < 0)
        return EP_OK;
    *ret = (ep_meta)word;
    if (*ret == EP_META_CONTENT || *ret == EP_META_OCCURRENCE)
        reader->feed->needs_occurrence = true;
    return EP_OK;
}

ep_code ep_read_field_name(ep_feed_reader *reader, const ep_yaml_node *node, ep_str name, uint32_t *ret) {
    *ret = EP_NO_FIELD;
    if (!reader->fields)
        return ep_read_wrong(reader, node, "unknown_field",
                             "\"%.*s\": fields are known only inside `fields`: use a path here",
                             EP_STR_ARGS(name));
    for (const ep_yaml_node *m = reader->fields->first; m; m = m->next)
        if (ep_str_is(name, m->key)) {
            int field = ep_contract_field_index(reader->contract, name);
            if (field < 0)
                return EP_OK; /* said where it is mapped */
            *ret = (uint32_t)field;
            if (reader->needs)
                reader->needs[field / 64] |= UINT64_C(1) << (field % 64);
            reader->emit->needs_cells = true;
            return EP_OK;
        }
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)(name.len > 60 ? 60 : name.len), name.ptr);
    ep_nearest nearest;
    ep_nearest_init(&nearest, text);
    for (const ep_yaml_node *m = reader->fields->first; m; m = m->next)
        ep_nearest_try(&nearest, ep_str_from(m->key));
    return ep_read_wrong(reader, node, "unknown_field", "this emit maps no field \"%s\"%s%s%s", text,
                         *nearest.best ? "; did you mean \"" : "", nearest.best, *nearest.best ? "\"?" : "");
}

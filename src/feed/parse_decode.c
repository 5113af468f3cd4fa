#include "feed/parse.h"

#include <string.h>

/* The feed's `decode` section: options of src/decode, by the words of the feed language. */

static ep_code read_format(ep_feed_reader *r, const ep_yaml_node *root, const ep_yaml_node *format) {
    static const struct {
        const char *ending;
        ep_format format;
    } endings[] = {
        {".jsonl", EP_FMT_JSONL}, {".ndjson", EP_FMT_JSONL}, {".json", EP_FMT_JSON}, {".csv", EP_FMT_CSV}};
    int word = -1;
    if (format) {
        EP_TRY(ep_read_word(r, format, "json jsonl csv", &word));
        r->feed->decode.format = word < 0 ? EP_FMT_JSONL : (ep_format)word;
        return EP_OK;
    }
    for (size_t i = 0; r->feed->glob && i < sizeof(endings) / sizeof(endings[0]); i++)
        if (ep_str_ends(ep_str_from(r->feed->glob), endings[i].ending)) {
            r->feed->decode.format = endings[i].format;
            return EP_OK;
        }
    return ep_read_wrong(r, root, "no_format", "a feed needs decode: {format: json, jsonl or csv}");
}

/* One character, or a word for one. */
static ep_code read_char(ep_feed_reader *r, const ep_yaml_node *node, const char *word, char of_word,
                         char *ret) {
    if (ep_yaml_is_scalar(node) && ep_str_is(node->text, word))
        *ret = of_word;
    else if (ep_yaml_is_scalar(node) && node->text.len == 1 && node->text.ptr[0] > 0)
        *ret = node->text.ptr[0];
    else
        return ep_read_wrong(r, node, "wrong_kind", "must be one ASCII character in quotes, or %s", word);
    return EP_OK;
}

static ep_code read_columns(ep_feed_reader *r, const ep_yaml_node *node) {
    ep_decode_options *options = &r->feed->decode;
    if (node->kind != EP_Y_LIST || node->n == 0)
        return ep_read_wrong(r, node, "wrong_kind", "columns must be a list of names");
    options->columns = ep_arena_calloc(&r->feed->arena, node->n, sizeof(*options->columns));
    if (!options->columns)
        return EP_READ_NOMEM(r);
    for (const ep_yaml_node *item = node->first; item; item = item->next) {
        ep_str text = EP_STR("");
        EP_TRY(ep_read_text(r, item, &text));
        for (size_t i = 0; i < options->n_columns; i++)
            if (ep_str_is(text, options->columns[i]))
                EP_TRY(ep_read_wrong(r, item, "bad_columns", "the column \"%.60s\" comes twice", text.ptr));
        options->columns[options->n_columns++] = text.ptr;
    }
    return EP_OK;
}

static ep_code read_csv(ep_feed_reader *r, const ep_yaml_node *map) {
    ep_decode_options *options = &r->feed->decode;
    const ep_yaml_node *node;
    int word = 0;
    if ((node = ep_yaml_get(map, "delimiter")))
        EP_TRY(read_char(r, node, "tab", '\t', &options->delimiter));
    if ((node = ep_yaml_get(map, "quote")))
        EP_TRY(read_char(r, node, "none", (char)-1, &options->quote));
    if ((node = ep_yaml_get(map, "header")))
        EP_TRY(ep_read_bool(r, node, &options->has_header));
    if ((node = ep_yaml_get(map, "columns")))
        EP_TRY(read_columns(r, node));
    if ((node = ep_yaml_get(map, "empty"))) {
        EP_TRY(ep_read_word(r, node, "null text", &word));
        options->empty_is_text = word == 1;
    }
    if ((node = ep_yaml_get(map, "trim")))
        EP_TRY(ep_read_bool(r, node, &options->trim));
    if ((node = ep_yaml_get(map, "escape"))) {
        EP_TRY(ep_read_word(r, node, "double backslash", &word));
        options->backslash = word == 1;
    }
    if (!options->has_header && options->n_columns == 0)
        return ep_read_wrong(r, map, "no_columns",
                             "without a header the columns need names: columns: [a, b, c]");
    return EP_OK;
}

ep_code ep_read_decode(ep_feed_reader *r, const ep_yaml_node *root) {
    const ep_yaml_node *map = ep_yaml_get(root, "decode"), *encoding = ep_yaml_get(map, "encoding");
    ep_decode_options *options = &r->feed->decode;
    bool is_map = true;
    options->has_header = true;
    if (map)
        EP_TRY(ep_read_keys(r, map, "decode", &is_map));
    EP_TRY(read_format(r, map ? map : root, ep_yaml_get(map, "format")));
    int word = 0;
    if (encoding)
        EP_TRY(ep_read_word(r, encoding, "auto utf-8 utf-16le utf-16be windows-1252", &word));
    options->encoding = word < 0 ? EP_ENC_AUTO : (ep_encoding)word;
    if (!map || !is_map)
        return EP_OK;
    if (options->format == EP_FMT_CSV)
        return read_csv(r, map);
    for (const ep_yaml_node *m = map->first; m; m = m->next)
        if (strcmp(m->key, "format") && strcmp(m->key, "encoding") && ep_feed_has_key("decode", m->key))
            EP_TRY(ep_read_wrong(r, m, "not_csv", "%s is for CSV only", m->key));
    return EP_OK;
}

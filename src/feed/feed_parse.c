#include "contract/odcs_keys.h"
#include "feed/parse.h"

#include <string.h>

static bool is_name(ep_str text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'))
            return false;
    }
    return text.len > 0 && text.len <= 100 && text.ptr[0] != '.';
}

static ep_code read_name(ep_feed_reader *r, const ep_yaml_node *root) {
    const ep_yaml_node *name = ep_yaml_get(root, "feed");
    ep_str text = EP_STR("");
    if (!name)
        return ep_read_wrong(r, root, "no_name", "a feed needs its name: feed: shop.orders");
    EP_TRY(ep_read_text(r, name, &text));
    r->feed->name = text.ptr;
    return is_name(text) ? EP_OK
                         : ep_read_wrong(r, name, "bad_name", "a feed's name is made of a-z 0-9 _ . -");
}

static ep_code read_texts(ep_feed_reader *r, const ep_yaml_node *root) {
    const ep_yaml_node *version = ep_yaml_get(root, "version"),
                       *description = ep_yaml_get(root, "description");
    ep_str text = EP_STR("");
    if (version)
        EP_TRY(ep_read_text(r, version, &text));
    r->feed->version = text.ptr;
    text = EP_STR("");
    if (description)
        EP_TRY(ep_read_text(r, description, &text));
    r->feed->description = text.ptr;
    return EP_OK;
}

static ep_code read_flags(ep_feed_reader *r, const ep_yaml_node *root) {
    const ep_yaml_node *delivery = ep_yaml_get(root, "delivery"), *atomic = ep_yaml_get(root, "atomic"),
                       *archive = ep_yaml_get(root, "archive"), *cut_over = ep_yaml_get(root, "cut_over");
    int word = 0;
    if (delivery)
        EP_TRY(ep_read_word(r, delivery, "append upsert snapshot", &word));
    r->feed->delivery = word < 0 ? EP_D_APPEND : (ep_delivery)word;
    word = 0;
    if (atomic)
        EP_TRY(ep_read_word(r, atomic, "group record", &word));
    r->feed->atomic_record = word == 1;
    r->feed->keeps_archive = true;
    if (archive)
        EP_TRY(ep_read_bool(r, archive, &r->feed->keeps_archive));
    if (!cut_over)
        return EP_OK;
    r->feed->has_cut_over = true;
    if (!ep_yaml_is_scalar(cut_over) ||
        !ep_time_parse(cut_over->text, EP_TF_RFC3339, NULL, NULL, &r->feed->cut_over))
        return ep_read_wrong(r, cut_over, "bad_moment",
                             "cut_over must be a moment with a zone: 2026-01-01T00:00:00Z");
    return EP_OK;
}

static ep_code read_source(ep_feed_reader *r, const ep_yaml_node *node) {
    bool is_map;
    EP_TRY(ep_read_keys(r, node, "source", &is_map));
    const ep_yaml_node *files = ep_yaml_get(node, "files");
    if (!files)
        return EP_OK;
    EP_TRY(ep_read_keys(r, files, "source.files", &is_map));
    const ep_yaml_node *pattern = ep_yaml_get(files, "pattern");
    ep_str text = {0};
    if (!is_map)
        return EP_OK;
    if (!pattern)
        return ep_read_wrong(r, files, "no_pattern", "files needs a pattern: {pattern: \"orders/*.jsonl\"}");
    EP_TRY(ep_read_text(r, pattern, &text));
    if (text.ptr && (text.len == 0 || text.ptr[0] == '/' || strstr(text.ptr, "..")))
        return ep_read_wrong(r, pattern, "bad_pattern",
                             "the pattern stays inside the incoming folder: no leading / and no ..");
    r->feed->glob = text.ptr;
    return EP_OK;
}

static ep_code read_records(ep_feed_reader *r, const ep_yaml_node *root) {
    const ep_yaml_node *records = ep_yaml_get(root, "records"), *each = NULL;
    const char *wrong;
    bool is_map;
    if (records) {
        EP_TRY(ep_read_keys(r, records, "records", &is_map));
        each = ep_yaml_get(records, "each");
    }
    if (each && !ep_yaml_is_scalar(each))
        return ep_read_wrong(r, each, "bad_path", "each must be a path such as $.items[*]");
    EP_TRY(ep_each_compile(each ? each->text : EP_STR("$"), &r->feed->arena, &r->feed->n_hints,
                           &r->feed->records, &wrong, r->err));
    if (wrong)
        return ep_read_wrong(r, each, "bad_path", "the path \"%.120s\" %s", each->text.ptr, wrong);
    if (each && r->feed->decode.format == EP_FMT_CSV && !ep_str_is(each->text, "$"))
        return ep_read_wrong(r, each, "bad_path", "a CSV row is a record by itself: leave records out");
    return EP_OK;
}

static ep_code read_ignores(ep_feed_reader *r, const ep_yaml_node *list) {
    if (list->kind != EP_Y_LIST)
        return ep_read_wrong(r, list, "wrong_kind", "ignore must be a list of named rules");
    r->feed->ignores = ep_arena_calloc(&r->feed->arena, list->n, sizeof(*r->feed->ignores));
    if (!r->feed->ignores)
        return EP_READ_NOMEM(r);
    for (const ep_yaml_node *item = list->first; item; item = item->next) {
        bool is_map;
        ep_str text = EP_STR("");
        EP_TRY(ep_read_keys(r, item, "ignore", &is_map));
        const ep_yaml_node *name = ep_yaml_get(item, "name"), *when = ep_yaml_get(item, "when");
        if (!is_map)
            continue;
        if (!name || !when) {
            EP_TRY(
                ep_read_wrong(r, item, "bad_ignore", "an ignore rule needs a name and a condition (when)"));
            continue;
        }
        EP_TRY(ep_read_text(r, name, &text));
        if (text.len == 0 || ep_str_is(text, EP_IGNORED_NO_ROWS))
            EP_TRY(ep_read_wrong(r, name, "bad_ignore", "an ignore rule needs a name of its own"));
        ep_ignore *ignore = &r->feed->ignores[r->feed->n_ignores++];
        ignore->name = text.ptr;
        EP_TRY(ep_read_cond(r, when, &ignore->when));
    }
    return EP_OK;
}

static ep_code new_list(ep_feed_reader *r, const char *name, ep_list **ret) {
    ep_feed *feed = r->feed;
    EP_TRY(ep_grow((void **)&feed->lists, &feed->lists_capacity, feed->n_lists + 1, sizeof(*feed->lists),
                   r->err));
    ep_list *list = ep_arena_calloc(&feed->arena, 1, sizeof(*list));
    if (!list)
        return EP_READ_NOMEM(r);
    list->name = ep_arena_strndup(&feed->arena, name, strlen(name));
    list->file = r->file;
    if (!list->name)
        return EP_READ_NOMEM(r);
    feed->lists[feed->n_lists++] = list;
    *ret = list;
    return EP_OK;
}

static ep_code unknown_list(ep_feed_reader *r, const ep_yaml_node *node) {
    ep_nearest nearest;
    ep_nearest_init(&nearest, node->text.ptr);
    for (const ep_yaml_node *m = r->lists ? r->lists->first : NULL; m; m = m->next)
        ep_nearest_try(&nearest, ep_str_from(m->key));
    return ep_read_wrong(
        r, node, "unknown_list",
        "there is no code list \"%.60s\", neither under `lists` nor as a file .yaml or .csv%s%s%s",
        node->text.ptr, *nearest.best ? "; did you mean \"" : "", nearest.best, *nearest.best ? "\"?" : "");
}

/* A list by name: the feed's own, else a file. */
static ep_code named_list(ep_feed_reader *r, const ep_yaml_node *node, const ep_list **ret) {
    for (size_t i = 0; i < r->feed->n_lists; i++)
        if (ep_str_is(node->text, r->feed->lists[i]->name)) {
            *ret = r->feed->lists[i];
            return EP_OK;
        }
    const ep_yaml_node *own = ep_yaml_get(r->lists, node->text.ptr);
    bool found = own && own->kind == EP_Y_MAP;
    ep_list *list;
    if (!is_name(node->text))
        return ep_read_wrong(r, node, "unknown_list", "a code list's name is made of a-z 0-9 _ . -");
    if (!found && !r->lists_folder)
        return unknown_list(r, node);
    EP_TRY(new_list(r, node->text.ptr, &list));
    if (found) {
        EP_TRY(ep_list_add_map(list, own, &r->feed->arena, r->lints, r->err));
    } else {
        ep_code code = ep_list_load(list, r->lists_folder, &r->feed->arena, &found, r->lints, r->err);
        if (code != EP_OK && code != EP_E_CONFIG)
            return code;
    }
    EP_TRY(ep_list_seal(list, &r->feed->arena, r->lints, r->err));
    if (!found) {
        r->feed->n_lists--;
        return unknown_list(r, node);
    }
    *ret = list;
    if (list->n_lines == 0)
        return ep_read_wrong(r, node, "empty_list", "the code list \"%.60s\" has no lines", node->text.ptr);
    return EP_OK;
}

ep_code ep_read_list(ep_feed_reader *r, const ep_yaml_node *node, const ep_list **ret) {
    ep_list *list;
    if (ep_yaml_is_scalar(node) && node->text.len > 0)
        return named_list(r, node, ret);
    if (node->kind != EP_Y_MAP)
        return ep_read_wrong(r, node, "wrong_kind", "map must be the name of a code list or a map, not %s",
                             ep_yaml_kind_text(node->kind));
    EP_TRY(new_list(r, "", &list));
    EP_TRY(ep_list_add_map(list, node, &r->feed->arena, r->lints, r->err));
    EP_TRY(ep_list_seal(list, &r->feed->arena, r->lints, r->err));
    *ret = list;
    return EP_OK;
}

static ep_code read_lists(ep_feed_reader *r, const ep_yaml_node *lists) {
    if (lists->kind != EP_Y_MAP)
        return ep_read_wrong(r, lists, "wrong_kind", "lists must be a map of code lists by name");
    r->lists = lists;
    for (const ep_yaml_node *m = lists->first; m; m = m->next)
        if (m->kind != EP_Y_MAP || m->n == 0)
            EP_TRY(ep_read_wrong(r, m, "bad_list", "a code list is a map, external: internal, not %s",
                                 m->n == 0 && m->kind == EP_Y_MAP ? "an empty one"
                                                                  : ep_yaml_kind_text(m->kind)));
    return EP_OK;
}

static ep_code read_root(ep_feed_reader *r, const ep_yaml_node *root) {
    bool is_map;
    const ep_yaml_node *node;
    EP_TRY(ep_read_keys(r, root, "feed", &is_map));
    if (!is_map)
        return EP_OK;
    EP_TRY(read_name(r, root));
    EP_TRY(read_texts(r, root));
    EP_TRY(read_flags(r, root));
    if ((node = ep_yaml_get(root, "source")))
        EP_TRY(read_source(r, node));
    EP_TRY(ep_read_decode(r, root));
    EP_TRY(read_records(r, root));
    if ((node = ep_yaml_get(root, "lists")))
        EP_TRY(read_lists(r, node));
    if ((node = ep_yaml_get(root, "ignore")))
        EP_TRY(read_ignores(r, node));
    node = ep_yaml_get(root, "emit");
    EP_TRY(node ? ep_read_emits(r, node)
                : ep_read_wrong(r, root, "no_emit", "a feed needs emit: the rows that a record yields"));
    if ((node = ep_yaml_get(root, "checks")))
        EP_TRY(ep_read_checks(r, node));
    return EP_OK;
}

ep_code ep_feed_load_text(const char *name, ep_str text, const ep_contracts *contracts,
                          const char *lists_folder, ep_feed **ret, ep_lints *lints, ep_error *err) {
    EP_CLEANUP(ep_feed_free) ep_feed *feed = ep_calloc(1, sizeof(*feed));
    EP_CLEANUP(ep_yaml_free) ep_yaml *yaml = NULL;
    if (!feed)
        return ep_fail(err, EP_E_NOMEM, "out of memory reading %s", name);
    size_t n_before = lints->n_errors;
    EP_TRY(ep_yaml_parse(name, text, &yaml, lints, err));
    const char *file = ep_arena_strndup(&feed->arena, name, strlen(name));
    if (!file)
        return ep_fail(err, EP_E_NOMEM, "out of memory reading %s", name);
    ep_feed_reader reader = {.feed = feed,
                             .contracts = contracts,
                             .lists_folder = lists_folder,
                             .file = file,
                             .lints = lints,
                             .err = err,
                             .field = EP_NO_FIELD};
    EP_TRY(read_root(&reader, ep_yaml_root(yaml)));
    if (lints->n_errors > n_before)
        return ep_fail(err, EP_E_CONFIG, "%s: %zu error%s", name, lints->n_errors - n_before,
                       lints->n_errors - n_before == 1 ? "" : "s");
    EP_TRY(ep_feed_make_hash(feed, text, err));
    *ret = feed;
    feed = NULL;
    return EP_OK;
}

#define MAX_FEED_BYTES ((size_t)4 << 20)

ep_code ep_feed_load(const char *path, const ep_contracts *contracts, const char *lists_folder, ep_feed **ret,
                     ep_lints *lints, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    EP_TRY(ep_read_file(path, MAX_FEED_BYTES, &text, err));
    return ep_feed_load_text(path, (ep_str){text.data ? text.data : "", text.len}, contracts, lists_folder,
                             ret, lints, err);
}

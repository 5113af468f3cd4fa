/* What the JSON Schema of the standard knows: keys, types, allowed words, at every level. */
#include "contract/draft.h"

#include <stdio.h>
#include <string.h>

typedef struct walk {
    ep_load *load;
    const ep_draft_file *file;
} walk;

static ep_code check_map(walk *w, const ep_level *level, const ep_level *more, const ep_yaml_node *node);
static ep_code check_value(walk *w, const ep_level *level, const ep_key *key, const ep_yaml_node *value);

/* A copy that points at the key instead of the value. */
static ep_yaml_node key_of(const ep_yaml_node *node) {
    ep_yaml_node key = *node;
    key.line = node->key_line;
    key.column = node->key_column;
    return key;
}

static unsigned types_of(const ep_yaml_node *node) {
    static const unsigned types[] = {
        EP_KT_NULL, EP_KT_BOOL, EP_KT_INT | EP_KT_NUMBER, EP_KT_NUMBER, EP_KT_TEXT, EP_KT_LIST, EP_KT_MAP};
    return types[node->kind];
}

static ep_code wrong_type(walk *w, const char *what, unsigned types, const ep_yaml_node *value) {
    const char *hint = "";
    if (types & EP_KT_TEXT &&
        (value->kind == EP_Y_INT || value->kind == EP_Y_FLOAT || value->kind == EP_Y_BOOL))
        hint = ": put it into quotes";
    else if (types == EP_KT_BOOL && value->kind == EP_Y_TEXT)
        hint = ": write true or false without quotes";
    else if (types & EP_KT_NUMBER && value->kind == EP_Y_TEXT)
        hint = ": write the number without quotes";
    else if (value->kind == EP_Y_NULL)
        hint = ": give a value or take the key out";
    return ep_draft_error(w->load, w->file, value, "wrong_type", "%s must be %s, this is %s%s", what,
                          ep_key_types_text(types), ep_yaml_kind_text(value->kind), hint);
}

static bool is_id(ep_str text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
              c == '-'))
            return false;
    }
    return text.len > 0;
}

static ep_code bad_word(walk *w, const char *what, const char *words, const ep_yaml_node *value) {
    ep_nearest near;
    ep_nearest_init(&near, value->text.ptr);
    ep_nearest_try_words(&near, words);
    return ep_draft_error(w->load, w->file, value, "bad_value",
                          "\"%.60s\" is no value of %s%s%s%s: write one of %s", value->text.ptr, what,
                          near.best[0] ? "; did you mean \"" : "", near.best, near.best[0] ? "\"?" : "",
                          words);
}

static ep_code check_scalar(walk *w, const ep_key *key, const ep_yaml_node *value) {
    int64_t number;
    int32_t day;
    int64_t moment;
    if (key->values && value->kind == EP_Y_TEXT && !ep_word_in(key->values, value->text.ptr))
        EP_TRY(bad_word(w, key->name, key->values, value));
    if (key->flags & EP_KF_ID && !is_id(value->text))
        EP_TRY(ep_draft_error(w->load, w->file, value, "bad_id", "%s may hold letters, digits, _ and - only",
                              key->name));
    if (key->flags & EP_KF_NATURAL && ep_yaml_int(value, &number) && number < 0)
        EP_TRY(ep_draft_error(w->load, w->file, value, "bad_value", "%s must be 0 or more", key->name));
    if (key->flags & EP_KF_POSITIVE && ep_yaml_is_number(value) &&
        (value->text.ptr[0] == '-' || value->text.ptr[strspn(value->text.ptr, "+0.")] == '\0'))
        EP_TRY(ep_draft_error(w->load, w->file, value, "bad_value", "%s must be more than 0", key->name));
    if (key->flags & EP_KF_DATE && !ep_date_parse(value->text, NULL, &day))
        EP_TRY(ep_draft_error(w->load, w->file, value, "bad_value", "%s must be a date such as 2026-03-01",
                              key->name));
    if (key->flags & EP_KF_MOMENT && !ep_time_parse(value->text, EP_TF_RFC3339, NULL, NULL, &moment))
        EP_TRY(ep_draft_error(w->load, w->file, value, "bad_value",
                              "%s must be a moment with its zone such as 2026-03-01T12:00:00Z", key->name));
    return EP_OK;
}

static bool equal(const ep_yaml_node *a, const ep_yaml_node *b) {
    if (a->kind != b->kind || a->n != b->n)
        return false;
    if (a->kind < EP_Y_LIST)
        return ep_str_eq(a->text, b->text);
    const ep_yaml_node *x = a->first;
    for (const ep_yaml_node *y = b->first; x && y; x = x->next, y = y->next) {
        const ep_yaml_node *other = a->kind == EP_Y_MAP ? ep_yaml_get(b, x->key) : y;
        if (!other || !equal(x, other))
            return false;
    }
    return true;
}

/* What makes an item of a list of maps itself: two enum entries are the same when their values are. */
static const ep_yaml_node *identity_of(const ep_yaml_node *item) {
    const ep_yaml_node *value = ep_yaml_get(item, "value");
    return value ? value : item;
}

static ep_code check_unique(walk *w, const ep_key *key, const ep_yaml_node *list) {
    if (list->n > 2000)
        return EP_OK; /* compared one by one; a list of that length is made by a program */
    for (const ep_yaml_node *b = list->first; b; b = b->next)
        for (const ep_yaml_node *a = list->first; a != b; a = a->next)
            if (equal(identity_of(a), identity_of(b))) {
                EP_TRY(ep_draft_error(w->load, w->file, b, "duplicate_item",
                                      "%s holds this item twice, first on line %d: keep one", key->name,
                                      a->line));
                break;
            }
    return EP_OK;
}

static ep_code check_list(walk *w, const ep_key *key, const ep_yaml_node *list) {
    if (key->flags & EP_KF_NOT_EMPTY && list->n == 0)
        EP_TRY(ep_draft_error(w->load, w->file, list, "empty_list", "%s must hold at least one item",
                              key->name));
    if (key->flags & EP_KF_PAIR && list->n != 2)
        EP_TRY(ep_draft_error(w->load, w->file, list, "wrong_type", "%s must hold two numbers: [low, high]",
                              key->name));
    char what[80];
    snprintf(what, sizeof what, "an item of %s", key->name);
    for (const ep_yaml_node *item = list->first; item; item = item->next) {
        if (key->item_types && !(key->item_types & types_of(item)))
            EP_TRY(wrong_type(w, what, key->item_types, item));
        else if (item->kind == EP_Y_MAP && key->level)
            EP_TRY(
                check_map(w, key->level == &ep_level_team ? ep_level_team_member() : key->level, NULL, item));
    }
    return key->flags & EP_KF_UNIQUE ? check_unique(w, key, list) : EP_OK;
}

static ep_code check_value(walk *w, const ep_level *level, const ep_key *key, const ep_yaml_node *value) {
    static const char *const versions[] = {"v3.0.0", "v3.1.0", "v3.2.0"};
    (void)level;
    if (key->since > w->file->odcs) {
        ep_yaml_node place = key_of(value);
        /* The schema of 3.0 lets unknown keys pass, that of 3.1 does not. */
        EP_TRY(ep_draft_lint(w->load, w->file, w->file->odcs == EP_ODCS_3_0 ? EP_S_WARNING : EP_S_ERROR,
                             &place, "new_key", "%s came with %s: raise apiVersion", key->name,
                             versions[key->since]));
    }
    if (key->flags & EP_KF_DEPRECATED) {
        ep_yaml_node place = key_of(value);
        EP_TRY(ep_draft_lint(w->load, w->file, EP_S_WARNING, &place, "deprecated",
                             "%s is deprecated: write %s", key->name, key->text));
    }
    if (key->flags & EP_KF_FLAG_IN_3_0 && w->file->odcs == EP_ODCS_3_0 && value->kind == EP_Y_BOOL)
        return EP_OK;
    if (!(key->types & types_of(value)))
        return wrong_type(w, key->name, key->types, value);
    if (value->kind == EP_Y_LIST)
        return check_list(w, key, value);
    if (value->kind != EP_Y_MAP)
        return check_scalar(w, key, value);
    return key->level ? check_map(w, key->level, NULL, value) : EP_OK;
}

static ep_code unknown_key(walk *w, const ep_level *level, const ep_level *more, const ep_yaml_node *member) {
    ep_nearest near;
    ep_nearest_init(&near, member->key);
    for (size_t i = 0; i < level->n; i++)
        ep_nearest_try(&near, ep_str_from(level->keys[i].name));
    for (size_t i = 0; more && i < more->n; i++)
        ep_nearest_try(&near, ep_str_from(more->keys[i].name));
    ep_yaml_node place = key_of(member);
    /* The schema of 3.0 is open. */
    bool open = level->open || (w->file->odcs == EP_ODCS_3_0 && !w->load->strict);
    return ep_draft_lint(w->load, w->file, open ? EP_S_WARNING : EP_S_ERROR, &place, "unknown_key",
                         "\"%.60s\" is no key of %s%s%s%s%s%s", member->key, level->name,
                         more ? " of type " : "", more ? more->name : "",
                         near.best[0] ? "; did you mean \"" : "", near.best,
                         near.best[0] ? "\"?" : ": take it out, or use customProperties");
}

static ep_code check_required(walk *w, const ep_level *level, const ep_yaml_node *map) {
    for (size_t i = 0; i < level->n; i++) {
        const ep_key *key = &level->keys[i];
        bool required = key->flags & EP_KF_REQUIRED ||
                        (key->flags & EP_KF_REQUIRED_BEFORE_3_2 && w->file->odcs < EP_ODCS_3_2);
        if (required && !ep_yaml_get(map, key->name))
            EP_TRY(ep_draft_error(w->load, w->file, map, "missing_key", "%s lacks the key %s%s%s",
                                  level->name, key->name, key->text[0] ? ": " : "", key->text));
    }
    return EP_OK;
}

static ep_code require(walk *w, const char *where, const char *name, const ep_yaml_node *map) {
    if (ep_yaml_get(map, name))
        return EP_OK;
    return ep_draft_error(w->load, w->file, map, "missing_key", "%s lacks the key %s", where, name);
}

/* An option of another type is told from one that does not exist. */
static ep_code check_options(walk *w, const char *type, const ep_yaml_node *options) {
    static const char *const types[] = {"string", "date",   "timestamp", "integer",
                                        "number", "object", "array",     "vector"};
    const ep_level *level = ep_level_options(type);
    for (const ep_yaml_node *member = options->first; member; member = member->next) {
        const ep_key *key = ep_key_find(level, member->key);
        char others[80] = "";
        for (size_t i = 0; !key && i < sizeof types / sizeof types[0]; i++)
            if (ep_key_find(ep_level_options(types[i]), member->key)) {
                size_t len = strlen(others);
                snprintf(others + len, sizeof others - len, "%s%s", len ? ", " : "", types[i]);
            }
        ep_yaml_node place = key_of(member);
        if (key)
            EP_TRY(check_value(w, level, key, member));
        else if (others[0])
            EP_TRY(ep_draft_error(w->load, w->file, &place, "option_type",
                                  "%s is an option of logicalType %s; this is %s", member->key, others,
                                  type));
        else {
            ep_level named = *level;
            named.name = "logicalTypeOptions";
            EP_TRY(unknown_key(w, &named, level, member));
        }
    }
    return check_required(w, level, options);
}

static ep_code check_property(walk *w, const ep_yaml_node *node) {
    const ep_yaml_node *type = ep_yaml_get(node, "logicalType");
    const ep_yaml_node *options = ep_yaml_get(node, "logicalTypeOptions");
    const char *name = type && type->kind == EP_Y_TEXT ? type->text.ptr : "";
    if (node->key == NULL) /* in a list; `items`, `key` and `value` need no name */
        EP_TRY(require(w, "a property", "name", node));
    if (options && options->kind == EP_Y_MAP && ep_level_options(name))
        EP_TRY(check_options(w, name, options));
    if (options && !type) {
        ep_yaml_node place = key_of(options);
        EP_TRY(ep_draft_error(w->load, w->file, &place, "option_type",
                              "logicalTypeOptions need a logicalType beside them"));
    }
    if (!strcmp(name, "map"))
        EP_TRY(require(w, "logicalType map", "map", node));
    if (!strcmp(name, "vector"))
        EP_TRY(require(w, "logicalType vector", "logicalTypeOptions", node));
    static const struct {
        const char *key, *type;
    } nested[] = {{"properties", "object"}, {"items", "array"}, {"map", "map"}};
    for (size_t i = 0; i < 3; i++) {
        const ep_yaml_node *member = ep_yaml_get(node, nested[i].key);
        if (member && type && strcmp(name, nested[i].type) != 0) {
            ep_yaml_node place = key_of(member);
            EP_TRY(ep_draft_error(w->load, w->file, &place, "option_type",
                                  "%s is for logicalType %s, this is %s", nested[i].key, nested[i].type,
                                  name));
        }
    }
    const ep_yaml_node *is_new = type && (!strcmp(name, "map") || !strcmp(name, "vector")) ? type : NULL;
    if (is_new && w->file->odcs < EP_ODCS_3_2)
        EP_TRY(ep_draft_error(w->load, w->file, type, "new_key",
                              "logicalType %s came with v3.2.0: raise apiVersion", name));
    return EP_OK;
}

static ep_code check_server_type(walk *w, const ep_yaml_node *type) {
    ep_nearest near;
    ep_nearest_init(&near, type->text.ptr);
    ep_nearest_try_servers(&near);
    return ep_draft_error(w->load, w->file, type, "bad_value", "\"%.60s\" is no type of server%s%s%s",
                          type->text.ptr, near.best[0] ? "; did you mean \"" : "", near.best,
                          near.best[0] ? "\"?" : ": write custom for one the standard does not know");
}

static ep_code check_map(walk *w, const ep_level *level, const ep_level *more, const ep_yaml_node *node) {
    bool server = !strcmp(level->name, "servers");
    const ep_yaml_node *type = server ? ep_yaml_get(node, "type") : NULL;
    bool any = false;
    if (type && type->kind == EP_Y_TEXT) {
        more = ep_level_server(type->text.ptr);
        any = !more;
        if (!more)
            EP_TRY(check_server_type(w, type));
    }
    for (const ep_yaml_node *member = node->first; member; member = member->next) {
        const ep_key *key = ep_key_find(level, member->key);
        if (!key)
            key = ep_key_find(more, member->key);
        if (key)
            EP_TRY(check_value(w, level, key, member));
        else if (!any)
            EP_TRY(unknown_key(w, level, more, member));
    }
    EP_TRY(check_required(w, level, node));
    if (more)
        EP_TRY(check_required(w, more, node));
    if (level == &ep_level_dataset)
        EP_TRY(require(w, "a dataset", "name", node));
    return level == &ep_level_property ? check_property(w, node) : EP_OK;
}

/* False: nothing else of the file can be judged. */
static ep_code check_version(walk *w, ep_draft_file *file, const ep_yaml_node *root, bool *ret_go_on) {
    const ep_yaml_node *version = ep_yaml_get(root, "apiVersion");
    file->odcs = EP_ODCS_3_1;
    *ret_go_on = true;
    if (!version || version->kind != EP_Y_TEXT)
        return EP_OK; /* the walk says so */
    const char *text = version->text.ptr;
    if (!strncmp(text, "v3.0.", 5))
        file->odcs = EP_ODCS_3_0;
    else if (!strcmp(text, "v3.2.0"))
        file->odcs = EP_ODCS_3_2;
    if (ep_word_in(ep_key_find(&ep_level_contract, "apiVersion")->values, text))
        return EP_OK;
    *ret_go_on = false;
    if (!strncmp(text, "v2.", 3) || !strncmp(text, "2.", 2))
        return ep_draft_error(
            w->load, file, version, "api_version",
            "version 2 of the standard is not read (its keys are others): convert the contract and write v3.1.0");
    if (text[0] == '3')
        return ep_draft_error(w->load, file, version, "api_version", "write the version with a v: v%.20s",
                              text);
    return ep_draft_error(w->load, file, version, "api_version",
                          "\"%.20s\" is not read: v3.0.0, v3.0.1, v3.0.2, v3.1.0 and v3.2.0 are", text);
}

ep_code ep_lint_structure(ep_load *load, ep_draft_file *file) {
    walk w = {load, file};
    const ep_yaml_node *root = ep_yaml_root(file->yaml);
    if (root->kind != EP_Y_MAP) {
        file->yaml = NULL;
        return ep_draft_error(load, file, root, "wrong_type", "a contract must be a map, this is %s",
                              ep_yaml_kind_text(root->kind));
    }
    bool go_on;
    EP_TRY(check_version(&w, file, root, &go_on));
    if (!go_on) {
        file->yaml = NULL;
        return EP_OK;
    }
    return check_map(&w, &ep_level_contract, NULL, root);
}

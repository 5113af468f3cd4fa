/* The reference page of the contract language, made from the tables that parser and lint use. */
#include "contract/odcs_keys.h"

#include <string.h>

/* A cell of a table: no line breaks, bars escaped. */
static void put_cell(ep_buf *buf, const char *text) {
    for (; *text; text++) {
        if (*text == '|')
            ep_buf_putc(buf, '\\');
        ep_buf_putc(buf, *text == '\n' ? ' ' : *text);
    }
}

static void put_words(ep_buf *buf, const char *words) {
    for (const char *at = words; *at;) {
        size_t len = strcspn(at, " ");
        ep_buf_printf(buf, "%s`%.*s`", at == words ? "" : ", ", (int)len, at);
        at += len + (at[len] == ' ');
    }
}

static void put_key(ep_buf *buf, const ep_key *key) {
    static const char *const versions[] = {"", " (3.1)", " (3.2)"};
    ep_buf_printf(buf, "| `%s`%s | ", key->name, versions[key->since]);
    if (key->values)
        put_words(buf, key->values);
    else
        put_cell(buf, ep_key_types_text(key->types));
    ep_buf_puts(buf, key->flags & EP_KF_REQUIRED ? " | yes | " : " | | ");
    if (key->flags & EP_KF_DEPRECATED)
        ep_buf_puts(buf, "deprecated: write ");
    put_cell(buf, key->text);
    ep_buf_puts(buf, " |\n");
}

static void put_level(ep_buf *buf, const char *title, const ep_level *level) {
    ep_buf_printf(buf, "\n### %s\n\n| key | value | required | meaning |\n|---|---|---|---|\n", title);
    for (size_t i = 0; i < level->n; i++)
        put_key(buf, &level->keys[i]);
}

/* A level and, the first time they are met, those below it. */
static void put_tree(ep_buf *buf, const ep_level *level, const ep_level **done, size_t *n_done, size_t room) {
    for (size_t i = 0; i < *n_done; i++)
        if (done[i] == level)
            return;
    if (*n_done == room)
        return;
    done[(*n_done)++] = level;
    put_level(buf, level->name, level);
    for (size_t i = 0; i < level->n; i++)
        if (level->keys[i].level)
            put_tree(buf, level->keys[i].level, done, n_done, room);
}

static void put_custom(ep_buf *buf, const char *title, const ep_custom_key *keys, size_t n) {
    ep_buf_printf(buf, "\n### %s\n\n| property | value | meaning |\n|---|---|---|\n", title);
    for (size_t i = 0; i < n; i++) {
        ep_buf_printf(buf, "| `entrepot.%s` | ", keys[i].name);
        if (keys[i].values)
            put_words(buf, keys[i].values);
        else
            put_cell(buf, keys[i].value_text);
        ep_buf_puts(buf, " | ");
        put_cell(buf, keys[i].text);
        ep_buf_puts(buf, " |\n");
    }
}

static void put_options(ep_buf *buf) {
    static const char *const types[] = {"string", "integer", "number", "date", "timestamp",
                                        "time",   "array",   "object", "map",  "vector"};
    ep_buf_puts(buf, "\n## Options of a type\n\nKeys of `logicalTypeOptions`.\n");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        put_level(buf, types[i], ep_level_options(types[i]));
}

static void put_formats(ep_buf *buf) {
    size_t n;
    const ep_validator *all = ep_validators(&n);
    ep_buf_puts(buf, "\n## Formats of strings\n\n| format | what it is | algorithm |\n|---|---|---|\n");
    for (size_t i = 0; i < n; i++) {
        ep_buf_printf(buf, "| `%s` | ", all[i].name);
        put_cell(buf, all[i].what);
        ep_buf_puts(buf, " | ");
        put_cell(buf, all[i].algorithm);
        ep_buf_puts(buf, " |\n");
    }
}

static void put_reasons(ep_buf *buf) {
    ep_buf_puts(buf, "\n## Reasons\n\n| code | meaning |\n|---|---|\n");
    for (int i = 1; i < EP_N_REASONS; i++) {
        ep_buf_printf(buf, "| `%s` | ", ep_reason_name((ep_reason_code)i));
        put_cell(buf, ep_reason_text((ep_reason_code)i));
        ep_buf_puts(buf, " |\n");
    }
}

ep_code ep_contract_key_docs(ep_buf *ret, ep_error *err) {
    const ep_level *done[40];
    size_t n_done = 0;
    ep_buf_puts(
        ret,
        "# Contract language\n\nMade by the program from the tables that it reads contracts with. A number in "
        "brackets is the version of the standard (ODCS) that brought a key.\n\n## Our own properties\n\n"
        "Entries of `customProperties`.\n");
    put_custom(ret, "On a dataset", ep_custom_dataset, ep_n_custom_dataset);
    put_custom(ret, "On a property", ep_custom_property, ep_n_custom_property);
    put_custom(ret, "On a relationship", ep_custom_relationship, ep_n_custom_relationship);
    ep_buf_puts(ret, "\n## Keys of the standard\n");
    put_tree(ret, &ep_level_contract, done, &n_done, sizeof done / sizeof done[0]);
    put_options(ret);
    put_formats(ret);
    put_reasons(ret);
    return ep_buf_check(ret, err);
}

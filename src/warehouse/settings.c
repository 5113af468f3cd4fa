#include "warehouse/settings.h"
#include "contract/yaml.h"
#include "store/store.h"
#include "warehouse/paths.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef enum { TEXT, INTEGER } setting_type;

static const struct setting {
    ep_setting_doc doc;
    setting_type type;
    size_t offset, size;
    int64_t low, high, scale;
    const char *text_default;
    int64_t int_default;
} settings[] = {
    {{"name", "text", "warehouse", "", "Name of the warehouse, shown in status and reports."},
     TEXT,
     offsetof(ep_settings, name),
     64,
     0,
     0,
     0,
     "warehouse",
     0},
    {{"store", "text", "data/warehouse.duckdb", "",
      "Where the tables are: a file below this folder, or postgres://user@host:port/database (never with a password: "
      "PGPASSWORD, PGPASSFILE or a service file has it)."},
     TEXT,
     offsetof(ep_settings, store),
     512,
     0,
     0,
     0,
     "data/warehouse.duckdb",
     0},
    {{"reporting_currency", "text", "EUR", "ISO 4217",
      "Currency in which amounts are reported besides their own."},
     TEXT,
     offsetof(ep_settings, reporting_currency),
     4,
     0,
     0,
     0,
     "EUR",
     0},
    {{"memory_limit_mb", "integer", "200", "MiB",
      "What the engine of a command that writes may use before it spills to data/tmp; the process takes some 250 MiB beside it."},
     INTEGER,
     offsetof(ep_settings, memory_limit_bytes),
     0,
     64,
     1 << 20,
     1 << 20,
     NULL,
     200},
    {{"query_memory_limit_mb", "integer", "1024", "MiB",
      "The same of a command that only reads: `entrepot sql` runs what people ask, and not all of that can spill."},
     INTEGER,
     offsetof(ep_settings, query_memory_bytes),
     0,
     64,
     1 << 20,
     1 << 20,
     NULL,
     1024},
    {{"threads", "integer", "0", "", "Threads that decode and check; 0 is one a core."},
     INTEGER,
     offsetof(ep_settings, threads),
     0,
     0,
     256,
     1,
     NULL,
     0},
    {{"commit_records", "integer", "600000", "records",
      "A transaction ends after so many records (a table of events alone: at the next whole row groups) ..."},
     INTEGER,
     offsetof(ep_settings, commit_records),
     0,
     1,
     100000000,
     1,
     NULL,
     600000},
    {{"commit_rows", "integer", "600000", "rows",
      "... or so many rows of all its tables, which bounds memory ..."},
     INTEGER,
     offsetof(ep_settings, commit_rows),
     0,
     1,
     100000000,
     1,
     NULL,
     600000},
    {{"commit_mb", "integer", "512", "MiB",
      "... or so many raw bytes. On a server also after about 65,000 records, because a transaction keeps other loads waiting."},
     INTEGER,
     offsetof(ep_settings, commit_bytes),
     0,
     1,
     65536,
     1 << 20,
     NULL,
     512},
};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

const ep_setting_doc *ep_setting_docs(size_t *ret_n) {
    static ep_setting_doc docs[N_SETTINGS];
    for (size_t i = 0; i < N_SETTINGS; i++)
        docs[i] = settings[i].doc;
    *ret_n = N_SETTINGS;
    return docs;
}

static void put_text(ep_settings *to, const struct setting *s, ep_str text) {
    memcpy((char *)to + s->offset, text.ptr, text.len);
    ((char *)to + s->offset)[text.len] = '\0';
}

static void put_int(ep_settings *to, const struct setting *s, int64_t value) {
    memcpy((char *)to + s->offset, &(int64_t){value * s->scale}, sizeof value);
}

static ep_code read_one(const char *path, const ep_yaml_node *node, ep_settings *ret, ep_error *err) {
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const struct setting *s = &settings[i];
        if (strcmp(s->doc.name, node->key) != 0)
            continue;
        int64_t value;
        if (s->type == INTEGER) {
            if (!ep_yaml_int(node, &value) || value < s->low || value > s->high)
                return ep_fail_field(err, EP_E_CONFIG, s->doc.name,
                                     "%s:%d:%d: %s must be an integer from %" PRId64 " to %" PRId64, path,
                                     node->line, node->column, s->doc.name, s->low, s->high);
            put_int(ret, s, value);
        } else {
            if (node->kind != EP_Y_TEXT || node->text.len == 0 || node->text.len >= s->size)
                return ep_fail_field(err, EP_E_CONFIG, s->doc.name,
                                     "%s:%d:%d: %s must be a text of 1 to %zu characters", path, node->line,
                                     node->column, s->doc.name, s->size - 1);
            put_text(ret, s, node->text);
            if (strcmp(s->doc.name, "store") == 0 && ep_store_check_location(ret->store, err) != EP_OK) {
                err->code = EP_E_CONFIG;
                return ep_fail_prefix(err, "%s:%d:%d", path, node->line, node->column);
            }
        }
        return EP_OK;
    }
    return ep_fail_field(err, EP_E_CONFIG, node->key,
                         "%s:%d:%d: unknown setting %s; docs/reference/settings.md lists them", path,
                         node->key_line, node->key_column, node->key);
}

ep_code ep_settings_load(const char *folder, ep_settings *ret, ep_error *err) {
    *ret = (ep_settings){0};
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (settings[i].type == TEXT)
            put_text(ret, &settings[i], ep_str_from(settings[i].text_default));
        else
            put_int(ret, &settings[i], settings[i].int_default);
    }
    char path[EP_PATH_BYTES];
    EP_TRY(ep_path(path, err, "%s/entrepot.yaml", folder));
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    ep_code code = ep_read_file(path, EP_YAML_MAX_BYTES, &text, err);
    if (code == EP_E_NOT_FOUND)
        return ep_fail(err, code,
                       "%s is not a warehouse: it has no entrepot.yaml; make one with: entrepot init %s",
                       folder, folder);
    EP_TRY(code);
    EP_CLEANUP(ep_lints_done) ep_lints lints = {0};
    EP_CLEANUP(ep_yaml_free) ep_yaml *yaml = NULL;
    code = ep_yaml_parse(path, (ep_str){text.data, text.len}, &yaml, &lints, err);
    if (code == EP_E_CONFIG && lints.n > 0)
        return ep_fail(err, code, "%s:%d:%d: %s", path, lints.items[0].line, lints.items[0].column,
                       lints.items[0].text);
    EP_TRY(code);
    const ep_yaml_node *root = ep_yaml_root(yaml);
    if (root->kind != EP_Y_MAP && root->kind != EP_Y_NULL)
        return ep_fail(err, EP_E_CONFIG, "%s:%d:%d: settings are lines of name: value, not %s", path,
                       root->line, root->column, ep_yaml_kind_text(root->kind));
    for (const ep_yaml_node *node = root->first; node; node = node->next)
        EP_TRY(read_one(path, node, ret, err));
    return EP_OK;
}

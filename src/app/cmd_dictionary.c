/* The data dictionary: every table of the warehouse, from its contracts and nothing else. */
#include "app/cli.h"
#include "app/dictionary.h"

#include <string.h>

static const char head[] =
    "# Data dictionary\n\n"
    "Made by `entrepot dictionary` from the contracts.\n\n"
    "## Columns that follow from the kind of a table\n\n"
    "The tables below list what contracts declare. From the kind of a table follow more columns:\n\n"
    "| column | in | meaning |\n|---|---|---|\n"
    "| `<name>_key` | all but transactions and snapshots | Durable key: 63 bits that stand for the natural key, the same after every "
    "load, replay and restore. |\n"
    "| `valid_from`, `valid_to` | dimensions | When this version holds, UTC, `valid_to` exclusive. The first version begins at "
    "0001-01-01, the open one ends at 9999-12-31 23:59:59.999999. |\n"
    "| `is_current` | dimensions | The open version; exactly one a key. |\n"
    "| `is_deleted` | dimensions; tables whose contract declares a deletion | The source deleted it. |\n"
    "| `is_inferred` | dimensions | A fact named it, nobody described it yet; completed in place. |\n"
    "| `previous_<column>` | history type 3 | The last value that differs from the present one. |\n"
    "| `<role>_key` | tables with a relationship | Durable key of the parent: join on it and `is_current` for the parent as it is. |\n"
    "| `<role>_from` | the same, when the parent keeps versions | `valid_from` of the version valid at the row's time: join on both "
    "for the parent as it was. |\n"
    "| names with `_` in front | all | The program's own; no report may use them. |\n\n"
    "History: 0 keeps the first value, 1 the last, 2 every value with its time, 3 the last and the one before. Types are those of the\n"
    "engine; `timestamp` is microseconds in UTC. A column computed inside is not sent by any feed.\n";

const char *ep_dictionary_kind(ep_kind kind) {
    static const char *const names[] = {"",         "dimension",    "transaction",
                                        "snapshot", "accumulating", "reference"};
    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "";
}

void ep_dictionary_put_type(ep_buf *page, const ep_column_def *column) {
    static const char *const names[] = {
        [EP_T_TEXT] = "text", [EP_T_BOOL] = "boolean", [EP_T_INT] = "bigint",         [EP_T_DATE] = "date",
        [EP_T_TIME] = "time", [EP_T_BLOB] = "bytes",   [EP_T_TIMESTAMP] = "timestamp"};
    if (column->type == EP_T_DECIMAL)
        ep_buf_printf(page, "decimal(%u,%u)", column->precision, column->scale);
    else
        ep_buf_puts(page, names[column->type]);
}

static void put_names(ep_buf *page, const ep_contract *c, const int *fields, size_t n) {
    for (size_t i = 0; i < n; i++)
        ep_buf_printf(page, "%s`%s`", i ? ", " : "", c->fields[fields[i]].name);
}

static void put_overview(ep_buf *page, const ep_contracts *contracts) {
    ep_buf_puts(
        page, "\n## Tables\n\n| table | kind | a row | key, or identity of an event |\n|---|---|---|---|\n");
    for (size_t i = 0; i < contracts->n; i++) {
        const ep_contract *c = contracts->items[i];
        ep_buf_printf(page, "| [`%s`](#%s) | %s | ", c->name, c->name, ep_dictionary_kind(c->kind));
        ep_put_markdown(page, c->description);
        ep_buf_puts(page, " | ");
        if (c->n_key > 0)
            put_names(page, c, c->key, c->n_key);
        else
            put_names(page, c, c->identity, c->n_identity);
        ep_buf_puts(page, " |\n");
    }
}

static void put_line(ep_buf *page, const char *label, const char *text) {
    if (!text || !text[0])
        return;
    ep_buf_printf(page, "- %s: ", label);
    ep_put_markdown(page, text);
    ep_buf_puts(page, "\n");
}

static void put_field_line(ep_buf *page, const char *label, const ep_contract *c, int field) {
    if (field >= 0)
        ep_buf_printf(page, "- %s: `%s`\n", label, c->fields[field].name);
}

static void put_facts(ep_buf *page, const ep_contract *c) {
    ep_buf_printf(page, "- kind: %s, contract version %s\n", ep_dictionary_kind(c->kind), c->version);
    if (c->n_key > 0) {
        ep_buf_puts(page, "- key: ");
        put_names(page, c, c->key, c->n_key);
        ep_buf_puts(page, "\n");
    }
    if (c->kind == EP_K_TRANSACTION) {
        ep_buf_puts(page, "- identity of an event, with its owner and time: ");
        put_names(page, c, c->identity, c->n_identity);
        ep_buf_puts(page, "\n");
    }
    put_field_line(page, "event time", c, c->valid_time);
    if (c->bind_time != c->valid_time)
        put_field_line(page, "binds to versions of dimensions at", c, c->bind_time);
    put_field_line(page, "order of equal event times", c, c->sequence);
    put_field_line(page, "deletion", c, c->deleted);
    put_field_line(page, "owner, who sees the row", c, c->owner);
    if (c->is_public)
        ep_buf_puts(page, "- public: the same rows for every seller\n");
    put_line(page, "made by the program", c->generated);
    put_line(page, "purpose", c->purpose);
    put_line(page, "kept for", c->retention);
}

bool ep_dictionary_is_key(const ep_contract *c, size_t field) {
    bool is_key = c->fields[field].key_position > 0;
    for (size_t k = 0; k < c->n_key; k++)
        is_key = is_key || c->key[k] == (int)field;
    return is_key;
}

bool ep_dictionary_has_history(const ep_table *t, size_t field) {
    const ep_contract_field *f = &t->contract->fields[field];
    return t->keyed && !ep_dictionary_is_key(t->contract, field) && ep_field_is_stored(t, field) &&
           !f->derived && f->day_of < 0;
}

static void put_column(ep_buf *page, const ep_table *t, size_t field) {
    const ep_contract *c = t->contract;
    const ep_contract_field *f = &c->fields[field];
    ep_buf_printf(page, "| `%s` | ", f->name);
    ep_dictionary_put_type(page, &f->column);
    ep_buf_puts(page, f->required ? " | yes | " : " | | ");
    if (ep_dictionary_has_history(t, field))
        ep_buf_printf(page, "%d", (int)f->history);
    else
        ep_buf_puts(page, t->keyed && ep_dictionary_is_key(c, field) ? "key" : "");
    ep_buf_printf(page, " | %s | ", f->personal ? "yes" : "");
    ep_put_markdown(page, f->description);
    if (f->derived)
        ep_buf_puts(page, " Computed inside.");
    if (f->day_of >= 0)
        ep_buf_puts(page, " Computed by the program.");
    if (!ep_field_is_stored(t, field))
        ep_buf_puts(page, " Sent, not a column of its own.");
    ep_buf_puts(page, " |\n");
}

static void put_links(ep_buf *page, const ep_table *t) {
    static const char *const unknown[] = {"inferred", "the row waits", "quarantine"};
    if (t->n_links > 0)
        ep_buf_puts(page, "\n| relationship | to | columns | unknown parent |\n|---|---|---|---|\n");
    for (size_t l = 0; l < t->n_links; l++) {
        const ep_link *link = &t->links[l];
        ep_buf_puts(page, "| ");
        for (size_t i = 0; i < link->parent->n; i++)
            ep_buf_printf(page, "%s`%s`", i ? ", " : "", link->parent->from[i]);
        ep_buf_printf(page, " | [`%s`](#%s) | ", link->table->name, link->table->name);
        if (t->versions)
            ep_buf_puts(page, "none");
        else
            ep_buf_printf(page, "`%s`", link->key_column);
        if (!t->versions && link->from_column)
            ep_buf_printf(page, ", `%s`", link->from_column);
        ep_buf_printf(page, " | %s |\n", unknown[link->parent->on_unknown]);
    }
}

static void put_table(ep_buf *page, const ep_table *t) {
    const ep_contract *c = t->contract;
    ep_buf_printf(page, "\n### %s\n\n", c->name);
    ep_put_markdown(page, c->description);
    ep_buf_puts(page, "\n\n");
    put_facts(page, c);
    ep_buf_puts(page,
                "\n| column | type | required | history | personal | meaning |\n|---|---|---|---|---|---|\n");
    for (size_t f = 0; f < c->n_fields; f++)
        put_column(page, t, f);
    put_links(page, t);
}

static void put_page(ep_buf *page, const ep_warehouse *w) {
    ep_buf_puts(page, head);
    put_overview(page, w->contracts);
    for (size_t i = 0; i < w->contracts->n; i++)
        put_table(page, ep_plan_find(w->plan, w->contracts->items[i]->name));
}

static ep_code dictionary(ep_cli *cli, ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf page = {0};
    const char *output = ep_cli_get(cli, "output");
    if (cli->json)
        for (size_t i = 0; i < w->contracts->n; i++)
            ep_dictionary_put_json(&page, ep_plan_find(w->plan, w->contracts->items[i]->name));
    else
        put_page(&page, w);
    EP_TRY(ep_buf_check(&page, err));
    if (output)
        return ep_write_file(output, page.data, page.len, 0644, err);
    fwrite(page.data, 1, page.len, stdout);
    return EP_OK;
}

int ep_cmd_dictionary(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_code code = ep_cli_open(cli, EP_OPEN_FILES, &w, &err);
    if (code == EP_OK)
        code = dictionary(cli, w, &err);
    ep_warehouse_close(&w);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}

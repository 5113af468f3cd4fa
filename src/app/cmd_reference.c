/* The pages of docs/reference, made from the tables that the program itself works with. */
#include "app/cli.h"
#include "feed/feed.h"
#include "generate/generate.h"
#include "warehouse/journal.h"
#include "warehouse/schema.h"

#include <string.h>

void ep_put_markdown(ep_buf *page, const char *text) {
    for (; *text; text++) {
        if (*text == '|' || *text == '<')
            ep_buf_putc(page, '\\');
        ep_buf_putc(page, *text == '\n' ? ' ' : *text);
    }
}

static void put_head(ep_buf *page, const char *title, const char *text) {
    ep_buf_printf(page, "# %s\n\n%s\n", title, text);
}

/* A table's row of n cells; the first is code. */
static void put_row(ep_buf *page, const char *const *cells, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const char *quote = i == 0 ? "`" : "";
        ep_buf_printf(page, "%s%s", i ? " | " : "| ", quote);
        ep_put_markdown(page, cells[i]);
        ep_buf_puts(page, quote);
    }
    ep_buf_puts(page, " |\n");
}

static ep_code contract_page(ep_cli *cli, ep_buf *page, ep_error *err) {
    (void)cli;
    return ep_contract_key_docs(page, err);
}

static ep_code feed_page(ep_cli *cli, ep_buf *page, ep_error *err) {
    size_t n;
    const ep_feed_key_doc *docs = ep_feed_key_docs(&n);
    const char *section = "";
    (void)cli;
    (void)err;
    put_head(
        page, "Feed language",
        "Made by the program from the tables that it reads feeds with. A mapping is one source (path, const, meta, template,\n"
        "coalesce or when) and any modifiers, which apply in the order in which they stand here.");
    for (size_t i = 0; i < n; i++) {
        const ep_feed_key_doc *d = &docs[i];
        if (strcmp(section, d->section) != 0)
            ep_buf_printf(page, "\n## %s\n\n| key | value | default | meaning |\n|---|---|---|---|\n",
                          d->section);
        section = d->section;
        put_row(page, (const char *[]){d->key, d->type, d->default_text ? d->default_text : "", d->text}, 4);
    }
    return EP_OK;
}

static ep_code reasons_page(ep_cli *cli, ep_buf *page, ep_error *err) {
    (void)cli;
    (void)err;
    put_head(
        page, "Reasons",
        "Why a record is quarantined, or what was found in one that was loaded. A record gets all its reasons in one pass. `entrepot\n"
        "quarantine list --code CODE` lists the records with one of them; warnings are in `books.finding`.\n\n"
        "| code | meaning |\n|---|---|");
    for (int i = 1; i < EP_N_REASONS; i++)
        put_row(page, (const char *[]){ep_reason_name((ep_reason_code)i), ep_reason_text((ep_reason_code)i)},
                2);
    return EP_OK;
}

static ep_code errors_page(ep_cli *cli, ep_buf *page, ep_error *err) {
    static const char *const actions[] = {"", "try again", "this record only", "stop"};
#define ROW(id, name, action, http, exit_code, text) {name, text, action, exit_code},
    static const struct {
        const char *name, *text;
        ep_action action;
        int exit_code;
    } rows[] = {EP_CODES(ROW)};
#undef ROW
    (void)cli;
    (void)err;
    put_head(page, "Errors and exit codes",
             "With `--json` an error is one line on standard error, `{\"error\": CODE, \"text\": ...}`.\n\n"
             "| exit code | meaning |\n|---|---|\n"
             "| 0 | done |\n"
             "| 1 | checks failed: a lint, a test of a feed, verify, a limit |\n"
             "| 2 | usage or configuration: the command line, a contract, a feed, a setting |\n"
             "| 3 | environment: files, permissions, another writer, no space, no memory |\n\n"
             "| code | meaning | what the program does | exit code |\n|---|---|---|---|");
    for (size_t i = 1; i < sizeof rows / sizeof *rows; i++) {
        char exit_code[12];
        snprintf(exit_code, sizeof exit_code, "%d", rows[i].exit_code);
        put_row(page, (const char *[]){rows[i].name, rows[i].text, actions[rows[i].action], exit_code}, 4);
    }
    return EP_OK;
}

static ep_code settings_page(ep_cli *cli, ep_buf *page, ep_error *err) {
    size_t n;
    const ep_setting_doc *docs = ep_setting_docs(&n);
    (void)cli;
    (void)err;
    put_head(page, "Settings",
             "Of `entrepot.yaml` in the folder of a warehouse. All may be left out.\n\n"
             "| setting | value | default | unit | meaning |\n|---|---|---|---|---|");
    for (size_t i = 0; i < n; i++)
        put_row(
            page,
            (const char *[]){docs[i].name, docs[i].type, docs[i].default_text, docs[i].unit, docs[i].text},
            5);
    return EP_OK;
}

static ep_code journal_page(ep_cli *cli, ep_buf *page, ep_error *err) {
    static const char *const meanings[EP_N_JOURNAL_SEVERITIES] = {
        "something was done", "done, but somebody should look", "not done"};
    (void)cli;
    (void)err;
    put_head(
        page, "Journal",
        "`entrepot journal --category NAME --severity NAME` filters by these; the table is `books.journal`.\n\n"
        "| category | what it holds |\n|---|---|");
    for (int i = 0; i < EP_N_JOURNAL_CATEGORIES; i++)
        put_row(page,
                (const char *[]){ep_journal_category_name((ep_journal_category)i),
                                 ep_journal_category_text((ep_journal_category)i)},
                2);
    ep_buf_puts(page, "\n| severity | meaning |\n|---|---|\n");
    for (int i = 0; i < EP_N_JOURNAL_SEVERITIES; i++)
        put_row(page, (const char *[]){ep_journal_severity_name((ep_journal_severity)i), meanings[i]}, 2);
    return EP_OK;
}

static ep_code validators_page(ep_cli *cli, ep_buf *page, ep_error *err) {
    size_t n;
    const ep_validator *all = ep_validators(&n);
    (void)cli;
    (void)err;
    put_head(
        page, "Validators",
        "Named checks of text: `logicalTypeOptions: {format: NAME}` in a contract. A value that fails has the reason `format`, with\n"
        "the part that is wrong as its detail. No validator trims or changes case.\n\n"
        "| format | what it is, and a good value | algorithm |\n|---|---|---|");
    for (size_t i = 0; i < n; i++)
        put_row(page, (const char *[]){all[i].name, all[i].what, all[i].algorithm}, 3);
    return EP_OK;
}

static void put_generate(ep_buf *page) {
    size_t n, n_faults;
    const ep_generate_option *options = ep_generate_option_table(&n);
    const ep_generate_fault *faults = ep_generate_fault_table(&n_faults);
    ep_buf_puts(page, "\n| option | meaning | default | range |\n|---|---|---|---|\n");
    for (size_t i = 0; i < n; i++) {
        char name[64];
        bool flag = strcmp(options[i].type, "flag") == 0;
        snprintf(name, sizeof name, "--%s%s%s", options[i].name, flag ? "" : " ",
                 flag ? "" : options[i].type);
        put_row(page, (const char *[]){name, options[i].text, options[i].default_text, options[i].range}, 4);
    }
    ep_buf_puts(page, "\n| fault | what is done | class |\n|---|---|---|\n");
    for (size_t i = 0; i < n_faults; i++)
        put_row(page, (const char *[]){faults[i].name, faults[i].text, faults[i].outcome}, 3);
}

static ep_code commands_page(ep_cli *cli, ep_buf *page, ep_error *err) {
    (void)cli;
    (void)err;
    put_head(
        page, "Commands",
        "`entrepot [-C FOLDER] [--json] [--quiet] [--verbose] COMMAND [OPTIONS] [ARGUMENTS]`. The warehouse is `-C FOLDER`, else\n"
        "`ENTREPOT_WAREHOUSE`, else the current folder. The common options may also stand behind the command. `--` ends the\n"
        "options. Exit codes: [errors.md](errors.md).");
    for (const ep_command *c = ep_commands; c->name; c++) {
        ep_buf_printf(page, "\n## %s\n\n`entrepot %s%s%s%s`: ", c->name, c->name,
                      c->options ? " [OPTIONS]" : "", c->args[0] ? " " : "", c->args);
        ep_put_markdown(page, c->summary);
        ep_buf_puts(page, ".\n");
        if (c->text)
            ep_buf_printf(page, "\n```text\n%s\n```\n", c->text);
        if (c->options)
            ep_buf_puts(page, "\n| option | meaning |\n|---|---|\n");
        for (const ep_cli_option *o = c->options; o && o->name; o++) {
            char name[64];
            snprintf(name, sizeof name, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
            put_row(page, (const char *[]){name, o->text}, 2);
        }
        if (strcmp(c->name, "generate") == 0)
            put_generate(page);
    }
    return EP_OK;
}

static ep_code put_content(const ep_table *t, ep_buf *page, ep_error *err) {
    EP_CLEANUP(ep_arena_done) ep_arena arena = {0};
    ep_physical columns = {0};
    ep_code code = ep_schema_content(t, &arena, &columns, err);
    ep_buf_printf(page, "| `%s` | ", t->name);
    for (size_t c = 0; code == EP_OK && c < columns.n; c++)
        ep_buf_printf(page, "%s%s", c ? ", " : "", columns.items[c].name);
    ep_buf_puts(page, " |\n");
    ep_free(columns.items);
    return code;
}

static ep_code hash_page(ep_cli *cli, ep_buf *page, ep_error *err) {
    ep_warehouse *w = NULL;
    ep_code code = ep_cli_open(cli, EP_OPEN_FILES, &w, err);
    put_head(
        page, "Content hash h1",
        "`entrepot hash` prints one hash a table. Equal content gives equal hashes, whatever the order, batching or repetition of the\n"
        "input, and on any machine: load times, recorded times, ids of loads and our own surrogate keys do not enter.\n\n"
        "A cell is one byte (`v` a value, `n` NULL), the length of its text as 4 bytes little-endian, and its canonical text: UTF-8\n"
        "text as it is; whole numbers in decimal; decimals with all their places; `true` and `false`; `2026-03-01`;\n"
        "`2026-03-01 12:34:56.123456` in UTC. A row is its cells one behind the other, in the order below. The hash of a table is\n"
        "the sum of the SHA-256 of its rows, each read as a big-endian number, modulo 2^256, in hexadecimal.\n\n"
        "| table | columns |\n|---|---|");
    for (size_t i = 0; code == EP_OK && i < w->contracts->n; i++)
        code = put_content(ep_plan_find(w->plan, w->contracts->items[i]->name), page, err);
    ep_warehouse_close(&w);
    return code;
}

static const struct {
    const char *name;
    ep_code (*put)(ep_cli *cli, ep_buf *page, ep_error *err);
} pages[] = {{"commands", commands_page}, {"contract", contract_page}, {"errors", errors_page},
             {"feed", feed_page},         {"hash", hash_page},         {"journal", journal_page},
             {"reasons", reasons_page},   {"settings", settings_page}, {"validators", validators_page}};

static ep_code reference(ep_cli *cli, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf page = {0};
    for (size_t i = 0; cli->n_args == 1 && i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(pages[i].name, cli->args[0]) != 0)
            continue;
        EP_TRY(pages[i].put(cli, &page, err));
        EP_TRY(ep_buf_check(&page, err));
        return ep_cli_print_text(cli, "markdown", page.data, err);
    }
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        ep_buf_printf(&page, "%s%s", i ? ", " : "", pages[i].name);
    EP_TRY(ep_buf_check(&page, err));
    return ep_fail(err, EP_E_USAGE, "name one page: %s", page.data);
}

int ep_cmd_reference(ep_cli *cli) {
    ep_error err = {0};
    ep_code code = reference(cli, &err);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}

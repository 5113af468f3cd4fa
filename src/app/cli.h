#ifndef EP_APP_CLI_H
#define EP_APP_CLI_H

#include "warehouse/warehouse.h"

#include <stdio.h>

/* The command line: one table of commands, each with a table of options, from which parsing and --help come. Only this folder prints and exits. */

typedef struct ep_cli {
    const char *folder; /* -C, ENTREPOT_WAREHOUSE or "." */
    bool json, quiet, verbose;
    const struct ep_command *command;
    const char *
        options[32]; /* values by place in the command's table; "" for flags that were given, NULL for none */
    char **args;     /* what is not an option */
    int n_args;
    char running[EP_PATH_BYTES]; /* file of running.h's note, "" for none */
    char doing[128];             /* what it begins with */
} ep_cli;

typedef struct ep_cli_option {
    const char *name;  /* long name without dashes */
    const char *value; /* NULL for a flag, else what stands for the value in the help */
    const char *text;
} ep_cli_option;

typedef struct ep_command {
    const char *name;             /* "quarantine list" */
    const char *args;             /* "FEED FILE..." */
    const char *summary;          /* one line */
    const char *text;             /* paragraphs and examples */
    const ep_cli_option *options; /* ends with {0} */
    int (*run)(ep_cli *cli);      /* gives the exit code */
    bool raw;                     /* reads its options itself */
} ep_command;

/** Ends with {0}; in the order of the help. */
extern const ep_command ep_commands[];

/** Value of an option of the running command, NULL when it was not given. */
const char *ep_cli_get(const ep_cli *cli, const char *name);
bool ep_cli_has(const ep_cli *cli, const char *name);
/** A whole number option in a range; EP_E_USAGE with the option's name. `ret` keeps its value when the option was not given. */
EP_CHECK ep_code ep_cli_int(const ep_cli *cli, const char *name, int64_t low, int64_t high, int64_t *ret,
                            ep_error *err);
/** An option whose words are a closed list, name(0) to name(n - 1): another one would find nothing and look like good news. */
EP_CHECK ep_code ep_cli_word(const ep_cli *cli, const char *option, const char *(*name)(int), int n,
                             ep_error *err);
/** A moment: RFC 3339, or a date (midnight UTC). */
EP_CHECK ep_code ep_cli_time(const ep_cli *cli, const char *name, int64_t *ret, ep_error *err);

/** Prints the error once ("entrepot: ...", or a JSON object) and gives its exit code. */
int ep_cli_fail(const ep_cli *cli, ep_code code, const ep_error *err);
/** Opens the warehouse; on failure prints lints and error. Installs the interrupt handler for writers. */
EP_CHECK ep_code ep_cli_open(ep_cli *cli, ep_open_mode mode, ep_warehouse **ret, ep_error *err);
/** Prints a text that is no table: as it is, or with --json as {"name": "text"}. */
EP_CHECK ep_code ep_cli_print_text(const ep_cli *cli, const char *name, const char *text, ep_error *err);
/** Prints lints as FILE:LINE:COLUMN: severity: text [code]. */
void ep_cli_print_lints(const ep_cli *cli, const ep_lints *lints, FILE *out);

/** Appends text for a cell of a Markdown table: one line, bars escaped. */
void ep_put_markdown(ep_buf *page, const char *text);

/** Who runs this: the user's login name. */
const char *ep_cli_actor(void);

/** Streams a query's rows to stdout: aligned text (the first 1,000 rows decide the widths), JSON lines with --json, or CSV. */
typedef enum ep_print_format { EP_PRINT_TABLE, EP_PRINT_JSON, EP_PRINT_CSV } ep_print_format;
EP_CHECK ep_code ep_print_cursor(ep_cursor *cursor, ep_print_format format, int64_t *ret_rows, ep_error *err);
/** The same for a query of ours. */
EP_CHECK ep_code ep_print_query(ep_warehouse *w, const ep_cli *cli, const char *sql, const ep_value *params,
                                size_t n_params, int64_t *ret_rows, ep_error *err);

/* Commands, one file each. */
int ep_cmd_init(ep_cli *cli);
int ep_cmd_load(ep_cli *cli);
int ep_cmd_status(ep_cli *cli);
int ep_cmd_check(ep_cli *cli);
int ep_cmd_verify(ep_cli *cli);
int ep_cmd_hash(ep_cli *cli);
int ep_cmd_sql(ep_cli *cli);
int ep_cmd_journal(ep_cli *cli);
int ep_cmd_migrate(ep_cli *cli);
int ep_cmd_reprocess(ep_cli *cli);
int ep_cmd_generate(ep_cli *cli);
int ep_cmd_quarantine_list(ep_cli *cli);
int ep_cmd_quarantine_show(ep_cli *cli);
int ep_cmd_quarantine_export(ep_cli *cli);
int ep_cmd_quarantine_replay(ep_cli *cli);
int ep_cmd_quarantine_discard(ep_cli *cli);
int ep_cmd_contract_lint(ep_cli *cli);
int ep_cmd_feed_list(ep_cli *cli);
int ep_cmd_feed_lint(ep_cli *cli);
int ep_cmd_feed_test(ep_cli *cli);
int ep_cmd_dictionary(ep_cli *cli);
int ep_cmd_reference(ep_cli *cli);
int ep_cmd_period_close(ep_cli *cli);
int ep_cmd_access_apply(ep_cli *cli);
int ep_cmd_access_lint(ep_cli *cli);
int ep_cmd_access_gate(ep_cli *cli);
int ep_cmd_access_explain(ep_cli *cli);
int ep_cmd_seller_add(ep_cli *cli);
int ep_cmd_seller_revoke(ep_cli *cli);
int ep_cmd_seller_list(ep_cli *cli);

#endif

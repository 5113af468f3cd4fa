#include "app/cli.h"

static const ep_cli_option init_options[] = {
    {"store", "ADDRESS", "postgres://user@host:port/database: the tables are there, not in a file of FOLDER"},
    {0},
};
static const ep_cli_option load_options[] = {
    {"again", NULL, "read sources from the start though they were loaded before"},
    {0},
};
static const ep_cli_option migrate_options[] = {
    {"dry-run", NULL, "show what would be done, change nothing"},
    {0},
};
static const ep_cli_option sql_options[] = {
    {"format", "FORMAT", "table (default), json or csv"},
    {0},
};
static const ep_cli_option journal_options[] = {
    {"category", "NAME", "load, quarantine, quality, schema, query, admin, access, privacy or backup"},
    {"severity", "NAME", "info, alert or error"},
    {"feed", "NAME", "of one feed"},
    {"since", "TIME", "from a date or time on"},
    {"limit", "N", "at most N entries, the newest (default 100)"},
    {0},
};
static const ep_cli_option quarantine_list_options[] = {
    {"feed", "NAME", "of one feed"},
    {"seller", "ID", "of one seller"},
    {"code", "CODE", "with this reason code"},
    {"status", "STATUS", "open (default), waiting, replayed, released, discarded or all"},
    {"limit", "N", "at most N (default 100)"},
    {"summary", NULL, "counts by feed, seller and reason instead of records"},
    {0},
};
static const ep_cli_option quarantine_export_options[] = {
    {"feed", "NAME", "of one feed"},
    {"seller", "ID", "of one seller"},
    {"code", "CODE", "with this reason code"},
    {"raw", NULL, "only the raw records, one a line, as they came"},
    {0},
};
static const ep_cli_option quarantine_replay_options[] = {
    {"feed", "NAME", "all open records of one feed"},
    {"code", "CODE", "all open records with this reason code"},
    {"all", NULL, "all open records"},
    {"with", "FILE", "the corrected record, for exactly one ID"},
    {0},
};
static const ep_cli_option discard_options[] = {
    {"why", "TEXT", "written beside the record (required)"},
    {0},
};
static const ep_cli_option feed_test_options[] = {
    {"show-personal", NULL, "show personal values instead of ***"},
    {"limit", "N", "stop after N records (default 1000)"},
    {0},
};
static const ep_cli_option reprocess_options[] = {
    {"feed", "NAME", "the feed whose archive is read again (required)"},
    {"since", "TIME", "records received from then on (default: all)"},
    {"dry-run", NULL, "show the difference, change nothing"},
    {0},
};
#define CONNECT                                                                                      \
    {                                                                                                \
        "connect", "URI",                                                                            \
            "PostgreSQL as an administrator (default: ENTREPOT_CONNECT, else the store's own login)" \
    }
static const ep_cli_option access_apply_options[] = {
    CONNECT,
    {"print", NULL, "write what would be run, for psql, and run nothing; with --json {\"sql\": TEXT}"},
    {"schema", "NAME", "with --print: schema of the star (default main)"},
    {"database", "NAME", "with --print: the database (default: the warehouse's name)"},
    {"loader", "ROLE", "with --print: the role that owns the tables (default entrepot_loader)"},
    {0},
};
static const ep_cli_option access_lint_options[] = {
    CONNECT,
    {"gate-only", NULL,
     "sellers come in through the gate alone: what only a superuser can close is shown and no mistake"},
    {"print", NULL, "write the query, for psql, and run nothing; with --json {\"sql\": TEXT}"},
    {"schema", "NAME", "with --print: schema of the star (default main)"},
    {0},
};
static const ep_cli_option connect_options[] = {
    CONNECT,
    {0},
};
static const ep_cli_option seller_add_options[] = {
    CONNECT,
    {"password-file", "FILE", "its first line is the password; without it one is made and printed once"},
    {0},
};
static const ep_cli_option dictionary_options[] = {
    {"output", "FILE", "write there instead of the terminal"},
    {0},
};

const ep_command ep_commands[] = {
    {"init", "FOLDER", "make a warehouse with the shipped ShopNow definitions",
     "Writes entrepot.yaml, contracts/, feeds/, lists/, derive/, marts/ and data/ into FOLDER. Edit them freely: adding a\n"
     "source or a column is editing YAML. Example:\n\n  entrepot init shop && cd shop && entrepot load shopnow.orders orders/*.jsonl\n\n"
     "With --store the tables are on a PostgreSQL server (15.18 or later), in one database that holds this warehouse only. The\n"
     "password never stands in ADDRESS nor in entrepot.yaml: PGPASSWORD, the file PGPASSFILE names, or a service file has it.",
     init_options, ep_cmd_init},
    {"load", "FEED FILE...", "load files with a feed",
     "Every record ends applied, unchanged, duplicate, quarantined, waiting or ignored; the sum is what was received. A file\n"
     "that was loaded before is skipped, one that grew is read from where it was left, one that changed is read anew. A\n"
     "killed load goes on where its last transaction ended. - is standard input.",
     load_options, ep_cmd_load},
    {"status", "", "what the warehouse holds, feed by feed", NULL, NULL, ep_cmd_status},
    {"verify", "", "recount and recompute the whole warehouse: invariants 1, 3, 4 and 7",
     "1 conservation: the ledger's classes add up and agree with the rows; 3 convergence: each history equals the projection of\n"
     "its change log; 4 as it was: every fact points to the version valid at its own time; 7 reconciliation: sums over sellers\n"
     "equal the whole; 0 contract: what scripts of derive/ and the calendar make has its keys and required values.\n"
     "Exit code 1 and the offending keys when something is broken.",
     NULL, ep_cmd_verify},
    {"check", "[TABLE...]", "look at the set rules of the contracts: counts, percentages, duplicates, SQL",
     "Loading does this for the tables it changed. A rule that fails opens an incident (books.incident), which is closed when it\n"
     "passes again; no record is ever set aside for it. Exit code 1 when a rule fails or cannot run.",
     NULL, ep_cmd_check},
    {"hash", "", "order-independent content hash of each table",
     "Equal content gives equal hashes, on any machine and engine, whatever the order, batching or repetition of the input.",
     NULL, ep_cmd_hash},
    {"sql", "QUERY", "run a query, read-only",
     "Reads from standard input when QUERY is -. Star tables have their plain names; schemas: mart, legacy, log, books. Example:\n\n"
     "  entrepot sql 'select * from mart.sales_by_seller_month order by month, seller_id'",
     sql_options, ep_cmd_sql},
    {"quarantine list", "", "records that were set aside, with their reasons", NULL, quarantine_list_options,
     ep_cmd_quarantine_list},
    {"quarantine show", "ID", "one record: bytes as received, where it lay, all reasons", NULL, NULL,
     ep_cmd_quarantine_show},
    {"quarantine export", "FILE", "write quarantined records to a file",
     "JSON lines with coordinates and reasons, or with --raw the records alone, ready to be corrected and loaded again. FILE - is\n"
     "standard output.",
     quarantine_export_options, ep_cmd_quarantine_export},
    {"quarantine replay", "[ID...]", "run records through today's feeds and contracts again",
     "After a mapping, contract or code list was mended, or with --with after the record was. What is accepted moves in the\n"
     "ledger from quarantined to its class; what is refused stays. Replaying twice changes nothing.",
     quarantine_replay_options, ep_cmd_quarantine_replay},
    {"quarantine discard", "ID...", "give records up for good", NULL, discard_options,
     ep_cmd_quarantine_discard},
    {"reprocess", "", "run archived raw records through today's mapping",
     "Shows rows a table before and after.", reprocess_options, ep_cmd_reprocess},
    {"contract lint", "FILE...", "check contract files (ODCS v3)",
     "Any published ODCS 3.0, 3.1 or 3.2 file can be checked. Without FILE: all contracts of the warehouse, and what loading\n"
     "needs besides.",
     NULL, ep_cmd_contract_lint},
    {"feed list", "", "the feeds and what they fill", NULL, NULL, ep_cmd_feed_list},
    {"feed lint", "", "check all feeds of the warehouse", NULL, NULL, ep_cmd_feed_lint},
    {"feed test", "FEED FILE", "show record by record what a file would become, without loading", NULL,
     feed_test_options, ep_cmd_feed_test},
    {"dictionary", "", "the data dictionary, generated from the contracts",
     "A page in Markdown; with --json an object a table: its facts, columns and relationships.",
     dictionary_options, ep_cmd_dictionary},
    {"journal", "", "what happened, newest last", NULL, journal_options, ep_cmd_journal},
    {"migrate", "", "bring tables and views up to the contracts",
     "Loading does this too. Adding a column is done in place, changing a history type rebuilds the history from the change log;\n"
     "legacy views and marts are compared before and after. A breaking change is refused with the way to do it.",
     migrate_options, ep_cmd_migrate},
    {"period close", "MONTH", "close a month (2026-03): its commissions no longer change",
     "What a late rule, rate or category would change afterwards becomes a dated adjustment row.", NULL,
     ep_cmd_period_close},
    {"access apply", "", "make roles, policies and grants on PostgreSQL from the contracts",
     "Run it once; loads and migrations keep it up to the contracts from then on. What it does not grant is not reachable. Makes what\n"
     "the connected role may: roles need CREATEROLE, grants the tables' owner, the engine's own functions a superuser. Can be run again.",
     access_apply_options, ep_cmd_access_apply},
    {"access lint", "", "look in PostgreSQL's catalogue for anything a seller could reach without a policy",
     "Exit code 1 and rule, object, what is wrong and how to mend it, a mistake each.", access_lint_options,
     ep_cmd_access_lint},
    {"access explain", "ROLE",
     "try live what a role can and cannot read, table by table and column by column",
     "Becomes the role in a read-only transaction that is rolled back.", connect_options,
     ep_cmd_access_explain},
    {"access gate", "QUERY",
     "tell whether a seller's query would pass the gate before PostgreSQL, and why not",
     "One plain SELECT over the views of seller and mart, with listed functions and types, passes; nothing is run. Exit code 3\n"
     "when it is refused.",
     NULL, ep_cmd_access_gate},
    {"seller add", "ID", "give a seller a login of its own on PostgreSQL",
     "The role seller_ID sees its own rows and public data. A revoked login is opened again with a new password.",
     seller_add_options, ep_cmd_seller_add},
    {"seller revoke", "ID", "end a seller's access at once: login, rights and open sessions", NULL,
     connect_options, ep_cmd_seller_revoke},
    {"seller list", "", "who has a login, and how many sessions are open", NULL, connect_options,
     ep_cmd_seller_list},
    {"reference", "PAGE", "a page of the reference, as Markdown",
     "Pages: commands, contract, errors, feed, hash, journal, reasons, settings, validators. They come from the tables that the\n"
     "program itself works with; docs/reference holds them as files. With --json: {\"markdown\": TEXT}.",
     NULL, ep_cmd_reference},
    {"generate", "", "make example streams: a legacy shop's or a marketplace's, with faults", NULL, NULL,
     ep_cmd_generate, .raw = true},
    {0},
};

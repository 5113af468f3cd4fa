#include "app/cli.h"
#include "app/running.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const char overview[] =
    "usage: entrepot [-C FOLDER] [--json] [--quiet] COMMAND [OPTIONS] [ARGUMENTS]\n"
    "\n"
    "A data warehouse for a shop that became a marketplace: takes what arrives, sets bad records aside with every\n"
    "reason, keeps the history of sellers, products and offers, and proves that nothing was lost.\n"
    "\n";

static void print_overview(FILE *out) {
    fputs(overview, out);
    fputs("commands:\n", out);
    for (const ep_command *c = ep_commands; c->name; c++)
        fprintf(out, "  %-20s %s\n", c->name, c->summary);
    fputs(
        "\n"
        "  -C FOLDER            the warehouse; default: ENTREPOT_WAREHOUSE, else the current folder\n"
        "  --json               JSON lines instead of text\n"
        "  --quiet              no progress\n"
        "  --verbose            also warnings of contracts and feeds\n"
        "  --version\n"
        "\n"
        "entrepot COMMAND --help explains one command. Exit codes: 0 done, 1 checks failed, 2 usage or configuration,\n"
        "3 environment (files, permissions, another writer, no space).\n",
        out);
}

static void print_help(const ep_command *c) {
    printf("usage: entrepot [-C FOLDER] %s%s%s%s\n\n%s\n", c->name, c->options ? " [OPTIONS]" : "",
           c->args[0] ? " " : "", c->args, c->summary);
    if (c->text)
        printf("\n%s\n", c->text);
    if (c->options)
        puts("\noptions:");
    for (const ep_cli_option *o = c->options; o && o->name; o++) {
        char name[64];
        snprintf(name, sizeof name, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        printf("  %-24s %s\n", name, o->text);
    }
}

static int usage_error(const ep_cli *cli, const char *what, const char *which) {
    ep_error err = {0};
    ep_code code = ep_fail(&err, EP_E_USAGE, "%s %s; entrepot --help lists what there is", what, which);
    return ep_cli_fail(cli, code, &err);
}

/* "quarantine list" is one or two words of the command line. */
static const ep_command *find_command(char **argv, int argc, int *ret_words) {
    for (const ep_command *c = ep_commands; c->name; c++) {
        const char *space = strchr(c->name, ' ');
        size_t first = space ? (size_t)(space - c->name) : strlen(c->name);
        if (strlen(argv[0]) != first || strncmp(argv[0], c->name, first) != 0)
            continue;
        if (space && (argc < 2 || strcmp(argv[1], space + 1) != 0))
            continue;
        *ret_words = space ? 2 : 1;
        return c;
    }
    return NULL;
}

/* The next command of a group, "quarantine list" of "quarantine"; NULL when there is no other. */
static const ep_command *next_of_group(const ep_command *c, const char *group) {
    size_t len = strlen(group);
    while (c->name && (strncmp(c->name, group, len) != 0 || c->name[len] != ' '))
        c++;
    return c->name ? c : NULL;
}

/* What was typed is no command: maybe a group of them, alone, with --help or with a word it does not have. */
static int without_command(const ep_cli *cli, char **argv, int argc) {
    const ep_command *c = next_of_group(ep_commands, argv[0]);
    bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (!c)
        return usage_error(cli, "unknown command", argv[0]);
    if (!help) {
        ep_error err = {0};
        ep_code code = ep_fail(&err, EP_E_USAGE, "%s: %s%s; entrepot %s --help lists its commands", argv[0],
                               argc > 1 ? "unknown command " : "name one of its commands",
                               argc > 1 ? argv[1] : "", argv[0]);
        return ep_cli_fail(cli, code, &err);
    }
    printf("usage: entrepot [-C FOLDER] %s COMMAND [OPTIONS] [ARGUMENTS]\n\ncommands:\n", argv[0]);
    for (; c; c = next_of_group(c + 1, argv[0]))
        printf("  %-20s %s\n", c->name, c->summary);
    return 0;
}

/* Options that every command knows, also behind its name. */
static bool common_option(ep_cli *cli, const char *arg) {
    bool *flags[] = {&cli->json, &cli->quiet, &cli->verbose};
    const char *names[] = {"--json", "--quiet", "--verbose"};
    for (size_t i = 0; i < 3; i++)
        if (strcmp(arg, names[i]) == 0) {
            *flags[i] = true;
            return true;
        }
    return false;
}

/* One option at argv[*at]; 0 when it was understood, else the exit code. */
static int take_option(ep_cli *cli, char **argv, int argc, int *at) {
    const char *arg = argv[*at] + 2;
    size_t len = strcspn(arg, "=");
    for (int i = 0; cli->command->options && cli->command->options[i].name; i++) {
        const ep_cli_option *o = &cli->command->options[i];
        if (strlen(o->name) != len || strncmp(o->name, arg, len) != 0)
            continue;
        if (!o->value) {
            cli->options[i] = "";
            return arg[len] ? usage_error(cli, "no value belongs to", argv[*at]) : 0;
        }
        if (arg[len])
            cli->options[i] = arg + len + 1;
        else if (*at + 1 < argc)
            cli->options[i] = argv[++*at];
        else
            return usage_error(cli, "a value is missing behind", argv[*at]);
        return 0;
    }
    ep_error err = {0};
    ep_code code = ep_fail(&err, EP_E_USAGE, "unknown option %s; entrepot %s --help lists the options",
                           argv[*at], cli->command->name);
    return ep_cli_fail(cli, code, &err);
}

static int run_command(ep_cli *cli, char **argv, int argc) {
    int words;
    cli->command = find_command(argv, argc, &words);
    if (!cli->command)
        return without_command(cli, argv, argc);
    cli->args = argv + words;
    bool only_args = false;
    for (int i = words; i < argc; i++) {
        if (cli->command->raw && !common_option(cli, argv[i])) {
            cli->args[cli->n_args++] = argv[i];
            continue;
        }
        if (!only_args && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            print_help(cli->command);
            return 0;
        }
        if (!only_args && strcmp(argv[i], "--") == 0) {
            only_args = true;
        } else if (!only_args && strncmp(argv[i], "--", 2) == 0) {
            int code = common_option(cli, argv[i]) ? 0 : take_option(cli, argv, argc, &i);
            if (code != 0)
                return code;
        } else {
            cli->args[cli->n_args++] = argv[i];
        }
    }
    int code = cli->command->run(cli);
    ep_running_end(cli);
    if (fflush(stdout) != 0 && errno != EPIPE &&
        code == 0) { /* a reader that has seen enough is no failure */
        fprintf(stderr, "entrepot: cannot write the result\n");
        return 3;
    }
    return code;
}

/* Tests let memory run out in the middle of a command: ENTREPOT_FAIL_ALLOCATION=n for the n-th allocation and all after it, n:once for
 * that one alone. */
static void fail_allocations(void) {
    const char *wanted = getenv("ENTREPOT_FAIL_ALLOCATION");
    if (wanted)
        ep_mem_fail_process_after(strtoll(wanted, NULL, 10), strchr(wanted, ':') != NULL);
}

int main(int argc, char **argv) {
    const char *folder = getenv("ENTREPOT_WAREHOUSE");
    ep_cli cli = {.folder = folder && folder[0] ? folder : "."};
    signal(SIGPIPE, SIG_IGN);
    fail_allocations();
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_overview(stdout);
            return 0;
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("entrepot %s\n", EP_VERSION);
            return 0;
        }
        if (strcmp(argv[i], "-C") == 0 && i + 1 < argc)
            cli.folder = argv[++i];
        else if (!common_option(&cli, argv[i]))
            return usage_error(&cli, "unknown option", argv[i]);
    }
    if (i == argc) {
        print_overview(stderr);
        return 2;
    }
    return run_command(&cli, argv + i, argc - i);
}

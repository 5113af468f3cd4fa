#include "app/cli.h"
#include "generate/generate.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static bool show(void *context, uint64_t done, uint64_t total) {
    (void)context;
    fprintf(stderr, "\r\033[K%" PRIu64 " of about %" PRIu64 " records", done, total);
    return true;
}

static void print_options(void) {
    size_t n;
    const ep_generate_option *options = ep_generate_option_table(&n);
    puts(
        "usage: entrepot generate --out FOLDER [OPTIONS]\n\nMakes example streams, the same bytes for the same options on every machine.\n\noptions:");
    for (size_t i = 0; i < n; i++)
        printf("  --%-18s %-10s %s%s%s%s%s\n", options[i].name,
               strcmp(options[i].type, "flag") == 0 ? "" : options[i].type, options[i].text,
               options[i].default_text && options[i].default_text[0] ? "; default " : "",
               options[i].default_text ? options[i].default_text : "",
               options[i].range && options[i].range[0] ? "; " : "", options[i].range ? options[i].range : "");
    size_t n_faults;
    const ep_generate_fault *faults = ep_generate_fault_table(&n_faults);
    puts("\nfaults (--faults 0.01 for all, or KIND=RATE,...):");
    for (size_t i = 0; i < n_faults; i++)
        printf("  %-22s %s\n", faults[i].name, faults[i].text);
}

/* This command's options are the generator's own table: it reads them itself. */
int ep_cmd_generate(ep_cli *cli) {
    ep_generate_options options;
    ep_generate_summary summary = {0};
    ep_error err = {0};
    ep_code code = EP_OK;
    size_t n;
    const ep_generate_option *table = ep_generate_option_table(&n);
    ep_generate_options_init(&options);
    for (int i = 0; code == EP_OK && i < cli->n_args; i++) {
        const char *name = cli->args[i];
        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
            print_options();
            return 0;
        }
        if (strncmp(name, "--", 2) != 0)
            return ep_cli_fail(
                cli,
                ep_fail(&err, EP_E_USAGE, "what is %s? entrepot generate --help lists the options", name),
                &err);
        bool flag = false;
        for (size_t k = 0; k < n; k++)
            flag = flag || (strcmp(table[k].name, name + 2) == 0 && strcmp(table[k].type, "flag") == 0);
        code = ep_generate_option_set(&options, name + 2,
                                      flag                  ? NULL
                                      : i + 1 < cli->n_args ? cli->args[++i]
                                                            : NULL,
                                      &err);
    }
    if (code == EP_OK && !options.out)
        code = ep_fail(&err, EP_E_USAGE, "say where: entrepot generate --out FOLDER");
    options.progress = isatty(STDERR_FILENO) && !cli->quiet ? show : NULL;
    if (code == EP_OK)
        code = ep_generate(&options, &summary, &err);
    if (options.progress && summary.n_total > 0)
        fputs("\r\033[K", stderr);
    if (code != EP_OK)
        return ep_cli_fail(cli, code, &err);
    printf(cli->json ? "{\"records\": %" PRIu64 ", \"files\": %" PRIu64 ", \"bytes\": %" PRIu64
                       ", \"faults\": %" PRIu64 "}\n"
                     : "%" PRIu64 " records in %" PRIu64 " files, %" PRIu64 " bytes, %" PRIu64 " faults\n",
           summary.n_total, summary.n_files, summary.n_bytes, summary.n_faults);
    return 0;
}

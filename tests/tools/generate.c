/* For tests: the generator alone. Arguments are its options, "--seed 7 --legacy"; prints the summary as one JSON object. */
#include "generate/generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_flag(const char *name) {
    size_t n;
    const ep_generate_option *table = ep_generate_option_table(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(table[i].name, name) == 0)
            return strcmp(table[i].type, "flag") == 0;
    return true;
}

int main(int argc, char **argv) {
    ep_generate_options options;
    ep_generate_summary summary = {0};
    ep_error err = {0};
    ep_generate_options_init(&options);
    ep_code code = EP_OK;
    for (int i = 1; i < argc && code == EP_OK; i++) {
        const char *name = strncmp(argv[i], "--", 2) == 0 ? argv[i] + 2 : argv[i];
        const char *value = is_flag(name) ? NULL : argv[++i];
        code = ep_generate_option_set(&options, name, value, &err);
    }
    if (code == EP_OK)
        code = ep_generate(&options, &summary, &err);
    if (code != EP_OK) {
        fprintf(stderr, "%s: %s\n", ep_code_name(code), err.text);
        return ep_code_exit(code);
    }
    printf("{\"total\": %llu, \"bytes\": %llu, \"files\": %llu, \"faults\": %llu, \"elapsed_us\": %lld}\n",
           (unsigned long long)summary.n_total, (unsigned long long)summary.n_bytes,
           (unsigned long long)summary.n_files, (unsigned long long)summary.n_faults,
           (long long)summary.elapsed_us);
    return fflush(stdout) == 0 ? 0 : 3;
}

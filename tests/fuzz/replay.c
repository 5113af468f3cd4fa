/* Runs a fuzz target over the files and folders that are named, and over each file cut short: a corpus without a fuzzer. */
#include "base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 1 << 20, N_CUTS = 16 };

static size_t n_files;

/* In memory of its own size, so that a sanitizer sees one byte too many. */
static void run(const char *data, size_t len) {
    char *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    if (len)
        memcpy(copy, data, len);
    LLVMFuzzerTestOneInput((const uint8_t *)copy, len);
    free(copy);
}

static void replay_file(const char *path) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    ep_error err = {0};
    if (ep_read_file(path, MAX_BYTES, &text, &err) != EP_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(3);
    }
    for (size_t n = 0; n < text.len; n += 1 + text.len / N_CUTS)
        run(text.data, n);
    run(text.data, text.len);
    n_files++;
}

static void replay(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        replay_file(path);
        return;
    }
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            replay_file(file);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%zu files\n", n_files);
    return 0;
}

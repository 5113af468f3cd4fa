#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

/* A folder for each test program and short forms that fail the test with the error's text. */

#include "store/store.h"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

static char folder[64];

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *ftw) {
    (void)status, (void)kind, (void)ftw;
    return remove(path);
}

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/entrepot-store-XXXXXX");
    return mkdtemp(folder) ? chmod(folder, 0755) : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

#define must(call)                                                                   \
    do {                                                                             \
        ep_error must_err_ = {0}, *err = &must_err_;                                 \
        ep_code must_code_ = (call);                                                 \
        if (must_code_ != EP_OK)                                                     \
            fail_msg("%s: %s: %s", #call, ep_code_name(must_code_), must_err_.text); \
    } while (0)

#define must_fail(expected, call)                                                                   \
    do {                                                                                            \
        ep_error must_err_ = {0}, *err = &must_err_;                                                \
        ep_code must_code_ = (call);                                                                \
        if (must_code_ != (expected) || must_err_.code != must_code_)                               \
            fail_msg("%s: %s, not %s: %s", #call, ep_code_name(must_code_), ep_code_name(expected), \
                     must_err_.text);                                                               \
        last_error = must_err_;                                                                     \
    } while (0)

static ep_error last_error __attribute__((unused)); /* of the last must_fail() */

/* "folder/name"; four at a time. */
static inline const char *in_folder(const char *name) {
    static char paths[4][128];
    static size_t i;
    i = (i + 1) % 4;
    snprintf(paths[i], sizeof paths[i], "%s/%s", folder, name);
    return paths[i];
}

static inline ep_store *open_with(ep_store_options options) {
    ep_store *store = NULL;
    must(ep_store_open(&options, &store, err));
    return store;
}

/* Where open_store() opens: a file of the folder ("" is in memory), unless a group of tests says otherwise. */
static inline const char *in_file(const char *name) {
    return *name ? in_folder(name) : "";
}
static const char *(*locate)(const char *name) __attribute__((unused)) = in_file;

static inline ep_store *open_store(const char *name) {
    return open_with((ep_store_options){.location = locate(name), .n_threads = 2});
}

static inline void exec(ep_store *store, const char *sql) {
    must(ep_store_exec(store, sql, err));
}

static inline int64_t get_int(ep_store *store, const char *sql) {
    int64_t n = -1;
    must(ep_store_get_int(store, sql, NULL, 0, &n, err));
    return n;
}

static inline void assert_text(ep_store *store, const char *sql, const char *expected) {
    ep_buf text = {0};
    must(ep_store_get_text(store, sql, NULL, 0, &text, err));
    assert_string_equal(text.data, expected);
    ep_buf_done(&text);
}

/* A statement that fails over values that nobody else may see, and a word that its error must show. */
struct telling {
    const char *sql;
    ep_code code;
    const char *shown;
};

/* Errors are one line without the values of the table t. */
static inline void assert_no_values(const char *more, const struct telling *rows, size_t n_rows) {
    ep_store *store = open_store("");
    exec(store,
         "CREATE TABLE t(k VARCHAR PRIMARY KEY, v VARCHAR, n BIGINT);"
         "INSERT INTO t VALUES ('the \"key\" secret', 'it''s a \"top secret\" value', 471100);"
         "CREATE TABLE parent(a VARCHAR PRIMARY KEY); CREATE TABLE child(a VARCHAR REFERENCES parent(a));"
         "CREATE TABLE checked(a VARCHAR CHECK (length(a) < 3))");
    exec(store, more);
    for (size_t i = 0; i < n_rows; i++) {
        must_fail(rows[i].code, ep_store_exec(store, rows[i].sql, err));
        if (strstr(last_error.text, "secret") || strstr(last_error.text, "4711"))
            fail_msg("%s shows a value: %s", rows[i].sql, last_error.text);
        if (!strstr(last_error.text, rows[i].shown) || strchr(last_error.text, '\n'))
            fail_msg("%s: %s", rows[i].sql, last_error.text);
    }
    ep_store_close(&store);
}

#endif

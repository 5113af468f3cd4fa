#ifndef WAREHOUSE_FIXTURE_H
#define WAREHOUSE_FIXTURE_H

/* A warehouse of definitions in the test's folder. */

#include "store_fixture.h"
#include "warehouse/warehouse.h"

static inline void write_text(const char *name, const char *text) {
    must(ep_write_file(in_folder(name), text, strlen(text), 0600, err));
}

static inline int make_warehouse_folder(void **state) {
    if (make_folder(state) != 0)
        return -1;
    const char *subs[] = {"contracts", "feeds", "lists", "data"};
    for (size_t i = 0; i < N_OF(subs); i++)
        if (mkdir(in_folder(subs[i]), 0700) != 0)
            return -1;
    write_text("entrepot.yaml", "name: test\n");
    return 0;
}

/* A contract file of one or more datasets, given as the items of `schema`. */
static inline void write_contract(const char *name, const char *datasets) {
    char path[64], text[16384];
    snprintf(path, sizeof path, "contracts/%s.yaml", name);
    int n = snprintf(text, sizeof text,
                     "apiVersion: v3.1.0\nkind: DataContract\nid: %s\nversion: 1.0.0\nstatus: active\n"
                     "schema:\n%s",
                     name, datasets);
    assert_in_range(n, 1, sizeof text - 1);
    write_text(path, text);
}

/* Definitions only, no store. */
static inline ep_warehouse *open_files(void) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_code code = ep_warehouse_open(folder, EP_OPEN_FILES, &w, &err);
    for (size_t i = 0; w && i < w->lints.n; i++)
        if (w->lints.items[i].severity == EP_S_ERROR)
            printf("# %s:%d: %s\n", w->lints.items[i].file, w->lints.items[i].line, w->lints.items[i].text);
    if (code != EP_OK)
        fail_msg("%s: %s", ep_code_name(code), err.text);
    return w;
}

#endif

#include "contract/draft.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static ep_code read_tree(ep_load *load, ep_draft_file *file, ep_str text) {
    struct ep_contracts_private *own = load->set->own;
    ep_yaml *yaml = NULL;
    uint8_t digest[32];
    ep_sha256_of(text.ptr, text.len, digest);
    ep_hex(digest, 32, file->hash);
    file->version = "";
    ep_code code = ep_yaml_parse(file->name, text, &yaml, load->lints, load->err);
    if (code == EP_E_CONFIG)
        return EP_OK; /* a finding was written: the other files are still read */
    EP_TRY(code);
    code =
        ep_grow((void **)&own->trees, &own->trees_capacity, own->n_trees + 1, sizeof(*own->trees), load->err);
    if (code != EP_OK) {
        ep_yaml_free(&yaml);
        return code;
    }
    own->trees[own->n_trees++] = file->yaml = yaml;
    file->version = ep_draft_text(ep_yaml_root(yaml), "version");
    return EP_OK;
}

static int by_name(const void *a, const void *b) {
    const ep_contract *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static ep_code collect(ep_load *load) {
    load->set->items = ep_draft_alloc(load, load->n_drafts, sizeof(*load->set->items));
    if (!load->set->items)
        return EP_E_NOMEM;
    for (size_t i = 0; i < load->n_drafts; i++)
        load->set->items[load->set->n++] = load->drafts[i]->contract;
    if (load->set->n > 0)
        qsort(load->set->items, load->set->n, sizeof(*load->set->items), by_name);
    return EP_OK;
}

static ep_quick quick_of(const ep_contract_field *field, const ep_field_checks *checks) {
    switch (field->column.type) {
    case EP_T_TEXT: return checks->json == EP_J_NONE ? EP_QUICK_TEXT : EP_QUICK_NONE;
    case EP_T_INT: return EP_QUICK_INT;
    case EP_T_DECIMAL: return EP_QUICK_DECIMAL;
    case EP_T_TIMESTAMP: return field->time_format == EP_TF_RFC3339 ? EP_QUICK_MOMENT : EP_QUICK_NONE;
    default: return EP_QUICK_NONE;
    }
}

static ep_code choose_quick(ep_load *load, ep_draft *draft) {
    (void)load;
    ep_contract *contract = draft->contract;
    for (size_t i = 0; i < contract->n_fields; i++)
        contract->fields[i].quick = quick_of(&contract->fields[i], &contract->checks->fields[i]);
    return EP_OK;
}

static ep_code each(ep_load *load, ep_code (*step)(ep_load *load, ep_draft *draft)) {
    for (size_t i = 0; i < load->n_drafts; i++)
        EP_TRY(step(load, load->drafts[i]));
    return EP_OK;
}

static ep_code run_steps(ep_load *load) {
    for (size_t i = 0; i < load->n_files; i++)
        if (load->files[i].yaml)
            EP_TRY(ep_lint_structure(load, &load->files[i]));
    for (size_t i = 0; i < load->n_files; i++)
        if (load->files[i].yaml)
            EP_TRY(ep_draft_parse(load, &load->files[i]));
    EP_TRY(each(load, ep_draft_parse_custom));
    EP_TRY(each(load, ep_draft_compile));
    EP_TRY(each(load, choose_quick));
    EP_TRY(each(load, ep_draft_parse_quality));
    EP_TRY(each(load, ep_draft_parse_parents));
    EP_TRY(each(load, ep_lint_rules));
    EP_TRY(ep_lint_names(load));
    EP_TRY(each(load, ep_lint_examples));
    return collect(load);
}

/* By place, not by the step that found it. */
static int by_place(const void *a, const void *b) {
    const ep_lint *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    if (order == 0 && x->line != y->line)
        order = x->line < y->line ? -1 : 1;
    if (order == 0)
        order = (x->column > y->column) - (x->column < y->column);
    if (order == 0)
        order = strcmp(x->code, y->code);
    return order ? order : strcmp(x->text, y->text);
}

static ep_code first_error(const ep_load *load, size_t lints_before) {
    const ep_lints *lints = load->lints;
    for (size_t i = lints_before; i < lints->n; i++) {
        const ep_lint *lint = &lints->items[i];
        if (lint->severity == EP_S_ERROR)
            return ep_fail(load->err, EP_E_CONFIG, "%s:%d:%d: %s", lint->file, lint->line, lint->column,
                           lint->text);
    }
    return ep_fail(load->err, EP_E_CONFIG, "a contract is wrong");
}

static ep_code load_all(ep_load *load, const char *const *names, const ep_str *texts, size_t n) {
    load->files = ep_draft_alloc(load, n, sizeof(*load->files));
    if (!load->files)
        return EP_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        ep_draft_file *file = &load->files[load->n_files++];
        file->name = ep_arena_strndup(load->arena, names[i], strlen(names[i]));
        if (!file->name)
            return ep_fail(load->err, EP_E_NOMEM, "out of memory reading contracts");
        EP_TRY(read_tree(load, file, texts[i]));
    }
    return run_steps(load);
}

static ep_code new_set(ep_contracts **ret, ep_error *err) {
    EP_CLEANUP(ep_contracts_free) ep_contracts *set = ep_calloc(1, sizeof(*set));
    if (set)
        set->own = ep_calloc(1, sizeof(*set->own));
    if (!set || !set->own)
        return ep_fail(err, EP_E_NOMEM, "out of memory reading contracts");
    EP_TRY(ep_pattern_memory_new(&set->own->pattern_memory, err));
    *ret = set;
    set = NULL;
    return EP_OK;
}

ep_code ep_contracts_load_text(const char *const *names, const ep_str *texts, size_t n, bool strict_warehouse,
                               ep_contracts **ret, ep_lints *lints, ep_error *err) {
    EP_CLEANUP(ep_contracts_free) ep_contracts *set = NULL;
    EP_TRY(new_set(&set, err));
    ep_load load = {.set = set, .arena = &set->arena, .strict = strict_warehouse, .lints = lints, .err = err};
    size_t n_errors = lints->n_errors, n_lints = lints->n;
    ep_code code = load_all(&load, names, texts, n);
    ep_free(load.drafts);
    EP_TRY(code);
    if (lints->n > n_lints)
        qsort(lints->items + n_lints, lints->n - n_lints, sizeof(*lints->items), by_place);
    if (lints->n_errors > n_errors)
        return first_error(&load, n_lints);
    *ret = set;
    set = NULL;
    return EP_OK;
}

ep_code ep_contracts_load(const char *const *paths, size_t n_paths, bool strict_warehouse, ep_contracts **ret,
                          ep_lints *lints, ep_error *err) {
    ep_buf *files = ep_calloc(n_paths, sizeof(*files));
    ep_str *texts = ep_calloc(n_paths, sizeof(*texts));
    ep_code code = files && texts ? EP_OK : ep_fail(err, EP_E_NOMEM, "out of memory reading contracts");
    for (size_t i = 0; code == EP_OK && i < n_paths; i++) {
        code = ep_read_file(paths[i], EP_YAML_MAX_BYTES, &files[i], err);
        texts[i] = (ep_str){files[i].data ? files[i].data : "", files[i].len};
    }
    if (code == EP_OK)
        code = ep_contracts_load_text(paths, texts, n_paths, strict_warehouse, ret, lints, err);
    for (size_t i = 0; files && i < n_paths; i++)
        ep_buf_done(&files[i]);
    ep_free(files);
    ep_free(texts);
    return code;
}

void ep_contracts_free(ep_contracts **contracts) {
    if (!contracts || !*contracts)
        return;
    struct ep_contracts_private *own = (*contracts)->own;
    for (size_t i = 0; own && i < own->n_patterns; i++)
        ep_pattern_free(&own->patterns[i]);
    for (size_t i = 0; own && i < own->n_trees; i++)
        ep_yaml_free(&own->trees[i]);
    if (own) {
        ep_pattern_memory_free(&own->pattern_memory);
        ep_free(own->patterns);
        ep_free(own->trees);
    }
    ep_free(own);
    ep_arena_done(&(*contracts)->arena);
    ep_free(*contracts);
    *contracts = NULL;
}

const ep_contract *ep_contracts_find(const ep_contracts *contracts, ep_str name) {
    size_t low = 0, high = contracts->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = ep_str_cmp(name, ep_str_from(contracts->items[middle]->name));
        if (order == 0)
            return contracts->items[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

int ep_contract_field_index(const ep_contract *contract, ep_str name) {
    for (size_t i = 0; i < contract->n_fields; i++)
        if (ep_str_is(name, contract->fields[i].name))
            return (int)i;
    return -1;
}

/* Names that must be told apart: datasets, columns, rules, ids. */
#include "contract/draft.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    const char *word;
    const ep_yaml_node *node; /* the value that holds the word */
} entry;

typedef struct entries {
    entry *items;
    size_t n, capacity;
} entries;

static void done(entries *list) {
    ep_free(list->items);
}

static ep_code add(ep_load *load, entries *list, const ep_yaml_node *owner, const char *key) {
    const ep_yaml_node *node = ep_yaml_get(owner, key);
    if (!node || node->kind != EP_Y_TEXT || node->text.len == 0)
        return EP_OK;
    EP_TRY(ep_grow((void **)&list->items, &list->capacity, list->n + 1, sizeof(*list->items), load->err));
    list->items[list->n++] = (entry){node->text.ptr, node};
    return EP_OK;
}

static int by_word(const void *a, const void *b) {
    const entry *x = a, *y = b;
    int order = strcmp(x->word, y->word);
    if (order)
        return order;
    if (x->node->line != y->node->line)
        return x->node->line < y->node->line ? -1 : 1;
    return (x->node->column > y->node->column) - (x->node->column < y->node->column);
}

static ep_code report(ep_load *load, const ep_draft_file *file, entries *list, const char *code,
                      const char *what) {
    if (list->n > 1)
        qsort(list->items, list->n, sizeof(*list->items), by_word);
    for (size_t i = 1; i < list->n; i++)
        if (!strcmp(list->items[i - 1].word, list->items[i].word))
            EP_TRY(ep_draft_error(load, file, list->items[i].node, code,
                                  "the %s \"%.60s\" is already on line %d: choose another", what,
                                  list->items[i].word, list->items[i - 1].node->line));
    list->n = 0;
    return EP_OK;
}

static ep_code add_members(ep_load *load, entries *list, const ep_yaml_node *owner, const char *member,
                           const char *key) {
    const ep_yaml_node *nodes = ep_yaml_get(owner, member);
    for (const ep_yaml_node *node = nodes && nodes->kind == EP_Y_LIST ? nodes->first : NULL; node;
         node = node->next)
        EP_TRY(add(load, list, node, key));
    return EP_OK;
}

/* Two columns, although their ODCS names differ. */
static ep_code lint_columns(ep_load *load, const ep_draft *draft, entries *list) {
    for (size_t i = 0; i < draft->contract->n_fields; i++) {
        const ep_yaml_node *node = draft->fields[i].node;
        EP_TRY(add(load, list, node, ep_draft_text(node, "physicalName")[0] ? "physicalName" : "name"));
    }
    return report(load, draft->file, list, "duplicate_name", "column");
}

static ep_code lint_dataset(ep_load *load, const ep_draft *draft, entries *list) {
    EP_TRY(add_members(load, list, draft->node, "properties", "name"));
    size_t before = load->lints->n_errors;
    EP_TRY(report(load, draft->file, list, "duplicate_name", "property"));
    if (load->lints->n_errors == before)
        EP_TRY(lint_columns(load, draft, list));
    EP_TRY(add_members(load, list, draft->node, "properties", "id"));
    EP_TRY(report(load, draft->file, list, "duplicate_id", "id"));
    EP_TRY(add_members(load, list, draft->node, "quality", "name"));
    for (size_t i = 0; i < draft->contract->n_fields; i++)
        EP_TRY(add_members(load, list, draft->fields[i].node, "quality", "name"));
    EP_TRY(report(load, draft->file, list, "duplicate_rule", "rule"));
    EP_TRY(add_members(load, list, draft->node, "quality", "id"));
    for (size_t i = 0; i < draft->contract->n_fields; i++)
        EP_TRY(add_members(load, list, draft->fields[i].node, "quality", "id"));
    return report(load, draft->file, list, "duplicate_id", "id");
}

static ep_code lint_tables(ep_load *load) {
    for (size_t i = 0; i < load->n_drafts; i++)
        for (size_t j = 0; j < i; j++) {
            const ep_draft *a = load->drafts[j], *b = load->drafts[i];
            bool same_name = a->file == b->file && !strcmp(a->name, b->name);
            if (!same_name && strcmp(a->contract->name, b->contract->name) != 0)
                continue;
            const ep_yaml_node *node = ep_yaml_get(b->node, same_name ? "name" : "physicalName");
            if (!node)
                node = ep_yaml_get(b->node, "name");
            if (a->file == b->file)
                EP_TRY(ep_draft_error(load, b->file, node, "duplicate_name",
                                      "the dataset \"%.60s\" is already on line %d", b->name,
                                      a->contract->line));
            else
                EP_TRY(ep_draft_doubt(load, b->file, node, "duplicate_name",
                                      "the table \"%.60s\" is already in %s, line %d", b->contract->name,
                                      a->file->name, a->contract->line));
            break;
        }
    return EP_OK;
}

ep_code ep_lint_names(ep_load *load) {
    EP_CLEANUP(done) entries list = {0};
    EP_TRY(lint_tables(load));
    for (size_t i = 0; i < load->n_files; i++)
        if (load->files[i].yaml) {
            EP_TRY(add_members(load, &list, ep_yaml_root(load->files[i].yaml), "schema", "id"));
            EP_TRY(report(load, &load->files[i], &list, "duplicate_id", "id"));
        }
    for (size_t i = 0; i < load->n_drafts; i++)
        EP_TRY(lint_dataset(load, load->drafts[i], &list));
    return EP_OK;
}

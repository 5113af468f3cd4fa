/* From the tree of a file to its datasets. Wrong types were found by lint.c: here they are passed over. */
#include "contract/draft.h"

#include <string.h>

static ep_code count_fields(ep_load *load, ep_draft *draft, const ep_yaml_node *properties) {
    ep_contract *contract = draft->contract;
    size_t n = 0;
    for (const ep_yaml_node *node = properties->first; node; node = node->next)
        n += node->kind == EP_Y_MAP && ep_draft_text(node, "name")[0] != '\0';
    ep_column_def *columns = ep_draft_alloc(load, n, sizeof(*columns));
    contract->fields = ep_draft_alloc(load, n, sizeof(*contract->fields));
    draft->fields = ep_draft_alloc(load, n, sizeof(*draft->fields));
    contract->checks->fields = ep_draft_alloc(load, n, sizeof(*contract->checks->fields));
    if (!columns || !contract->fields || !draft->fields || !contract->checks->fields)
        return EP_E_NOMEM;
    contract->n_fields = n;
    contract->schema = (ep_schema){columns, n};
    n = 0;
    for (const ep_yaml_node *node = properties->first; node; node = node->next) {
        if (node->kind != EP_Y_MAP || ep_draft_text(node, "name")[0] == '\0')
            continue;
        draft->fields[n] = (ep_draft_field){
            .node = node, .name = ep_draft_text(node, "name"), .id = ep_draft_text(node, "id")};
        EP_TRY(ep_draft_parse_field(load, draft, n));
        columns[n] = contract->fields[n].column;
        n++;
    }
    return EP_OK;
}

static ep_code parse_dataset(ep_load *load, const ep_draft_file *file, const ep_yaml_node *node) {
    ep_draft *draft = ep_draft_alloc(load, 1, sizeof(*draft));
    ep_contract *contract = ep_draft_alloc(load, 1, sizeof(*contract));
    ep_checks *checks = ep_draft_alloc(load, 1, sizeof(*checks));
    if (!draft || !contract || !checks)
        return EP_E_NOMEM;
    const char *physical = ep_draft_text(node, "physicalName");
    *draft = (ep_draft){.file = file,
                        .node = node,
                        .contract = contract,
                        .name = ep_draft_text(node, "name"),
                        .id = ep_draft_text(node, "id")};
    contract->name = physical[0] ? physical : draft->name;
    contract->file = file->name;
    contract->version = file->version;
    memcpy(contract->hash, file->hash, sizeof contract->hash);
    contract->description = ep_draft_text(node, "description");
    contract->generated = contract->purpose = contract->retention = "";
    contract->valid_time = contract->bind_time = contract->sequence = contract->owner = contract->deleted =
        -1;
    contract->checks = checks;
    contract->line = node->line;
    EP_TRY(ep_grow((void **)&load->drafts, &load->drafts_capacity, load->n_drafts + 1, sizeof(*load->drafts),
                   load->err));
    load->drafts[load->n_drafts++] = draft;
    const ep_yaml_node *properties = ep_yaml_get(node, "properties");
    if (properties && properties->kind == EP_Y_LIST)
        EP_TRY(count_fields(load, draft, properties));
    return EP_OK;
}

ep_code ep_draft_parse(ep_load *load, const ep_draft_file *file) {
    const ep_yaml_node *schema = ep_yaml_get(ep_yaml_root(file->yaml), "schema");
    if (!schema || schema->kind != EP_Y_LIST)
        return EP_OK;
    for (const ep_yaml_node *node = schema->first; node; node = node->next)
        if (node->kind == EP_Y_MAP && ep_draft_text(node, "name")[0])
            EP_TRY(parse_dataset(load, file, node));
    return EP_OK;
}

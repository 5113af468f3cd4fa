/* Examples of a property must pass the property's own checks. */
#include "contract/draft.h"

static ep_raw_kind raw_kind(const ep_yaml_node *node) {
    switch (node->kind) {
    case EP_Y_INT:
    case EP_Y_FLOAT: return EP_RAW_NUMBER;
    case EP_Y_BOOL: return EP_RAW_BOOL;
    default: return EP_RAW_TEXT;
    }
}

static ep_code lint_example(ep_load *load, const ep_draft *draft, size_t field, const ep_yaml_node *node,
                            ep_check_run *run, ep_batch *batch) {
    const char *detail = "";
    ep_batch_reset(batch);
    EP_TRY(ep_batch_add_row(batch, load->err));
    ep_reasons_reset(run->reasons);
    ep_reason_code code =
        ep_contract_read(draft->contract, field, raw_kind(node), node->text, NULL, batch, 0, &detail);
    if (code == EP_R_NONE) {
        EP_TRY(ep_check_field(run, field));
        if (run->reasons->n == 0)
            return EP_OK;
        detail = run->reasons->items[0].detail;
        code = run->reasons->items[0].code;
    }
    return ep_draft_lint(load, draft->file, EP_S_WARNING, node, "bad_example",
                         "the example does not pass the checks of %s (%s): %s",
                         draft->contract->fields[field].name, ep_reason_name(code), detail);
}

ep_code ep_lint_examples(ep_load *load, ep_draft *draft) {
    static const uint32_t zero[1] = {0};
    EP_CLEANUP(ep_batch_free) ep_batch *batch = NULL;
    EP_CLEANUP(ep_reasons_done) ep_reasons reasons = {0};
    EP_CLEANUP(ep_matcher_free) ep_matcher *matcher = NULL;
    const ep_contract *contract = draft->contract;
    if (contract->n_fields == 0)
        return EP_OK;
    EP_TRY(ep_batch_new(&contract->schema, 1, &batch, load->err));
    if (contract->checks->has_patterns)
        EP_TRY(ep_matcher_new(&matcher, load->err));
    ep_check_run run = {contract, batch, 0, 1, zero, zero, NULL, matcher, &reasons, load->err};
    for (size_t i = 0; i < contract->n_fields; i++) {
        const ep_yaml_node *list = ep_yaml_get(draft->fields[i].node, "examples");
        for (const ep_yaml_node *node = list && list->kind == EP_Y_LIST ? list->first : NULL; node;
             node = node->next)
            if (ep_yaml_is_scalar(node) && node->kind != EP_Y_NULL)
                EP_TRY(lint_example(load, draft, i, node, &run, batch));
    }
    return EP_OK;
}

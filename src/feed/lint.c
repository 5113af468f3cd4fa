#include "feed/parse.h"

#include <string.h>

static bool is_mapped(const ep_emit *emit, int field) {
    for (size_t i = 0; i < emit->n_fields; i++)
        if ((int)emit->fields[i].field == field)
            return true;
    return false;
}

/* Fields that were named but could not be read have their lint already: only absent keys count as missing. */
static bool is_named(const ep_feed_reader *r, const ep_emit *emit, int field) {
    return is_mapped(emit, field) ||
           (r->fields && ep_yaml_get(r->fields, emit->contract->fields[field].name));
}

static bool is_computed(const ep_contract_field *field) {
    return field->derived || field->day_of >= 0;
}

static ep_code missing(ep_feed_reader *r, const ep_yaml_node *node, const ep_contract_field *field,
                       const char *code, const char *why) {
    return ep_read_wrong(r, node, code, "%s is not mapped, and it is %s", field->name, why);
}

static ep_code lint_field(ep_feed_reader *r, const ep_emit *emit, const ep_yaml_node *node, int i) {
    const ep_contract *contract = emit->contract;
    const ep_contract_field *field = &contract->fields[i];
    if (is_named(r, emit, i) || is_computed(field))
        return EP_OK;
    if (i == contract->owner)
        return missing(r, node, field, "no_owner", "the seller (entrepot.owner)");
    if (i == contract->valid_time)
        return missing(r, node, field, "no_event_time", "the event time (entrepot.validTime)");
    for (size_t k = 0; k < contract->n_key; k++)
        if (contract->key[k] == i)
            return missing(r, node, field, "no_key", "part of the key");
    for (size_t k = 0; k < contract->n_identity; k++)
        if (contract->identity[k] == i && contract->kind == EP_K_TRANSACTION)
            return missing(
                r, node, field, "no_identity",
                "part of the event's identity (entrepot.dedupe): without it a repeated delivery counts twice");
    return field->required ? missing(r, node, field, "no_required", "required") : EP_OK;
}

static ep_code lint_contract(ep_feed_reader *r, const ep_contract *contract, const ep_yaml_node *node) {
    if (*contract->generated)
        return ep_read_wrong(r, node, "no_feed", "%s is generated (%s): no feed may write it", contract->name,
                             contract->generated);
    if (contract->kind == EP_K_SNAPSHOT)
        return ep_read_wrong(r, node, "no_feed",
                             "%s is a snapshot, which is computed inside: no feed may write it",
                             contract->name);
    return EP_OK;
}

ep_code ep_feed_lint_emit(ep_feed_reader *r, const ep_emit *emit, const ep_yaml_node *node) {
    EP_TRY(lint_contract(r, emit->contract, node));
    for (size_t i = 0; i < emit->contract->n_fields; i++)
        EP_TRY(lint_field(r, emit, node, (int)i));
    if (emit->has_owner_default && !r->feed->has_cut_over)
        return ep_read_wrong(
            r, node, "no_cut_over",
            "a default seller is for the time before the marketplace: give the feed its end as cut_over");
    return EP_OK;
}

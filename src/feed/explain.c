#include "feed/explain.h"

#include <inttypes.h>
#include <string.h>

/* A walk through a unit, record by record: rows and reasons come in their order. */
typedef struct walk {
    const ep_unit *unit;
    const ep_explain_options *options;
    ep_buf *out;
    uint32_t record;
    size_t first_reason, end_reason; /* of the record */
} walk;

static const char *const severities[] = {"info", "warning", "error"};

static bool has_failed(const ep_unit_table *table, size_t row, size_t field) {
    size_t words = (table->contract->n_fields + 63) / 64;
    return table->failed[row * words + field / 64] >> (field % 64) & 1;
}

/* First row at or behind a record: rows stand in the order of their records. */
static size_t first_row(const ep_unit_table *table, uint32_t record) {
    size_t low = 0, high = table->batch->n_rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->record_of[middle] < record)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void put_plain(ep_buf *out, const ep_value *value) {
    if (value->type == EP_T_TEXT)
        ep_buf_put_json(out, value->text);
    else
        ep_value_put(out, value);
}

static void put_json(ep_buf *out, const ep_value *value) {
    bool bare = value->type == EP_T_INT || value->type == EP_T_BOOL;
    if (value->type == EP_T_TEXT) {
        ep_buf_put_json(out, value->text);
        return;
    }
    if (!bare)
        ep_buf_putc(out, '"');
    ep_value_put(out, value);
    if (!bare)
        ep_buf_putc(out, '"');
}

static void put_value(const walk *w, const ep_contract_field *field, const ep_value *value) {
    bool json = w->options->json;
    if (value->state == EP_NULL)
        ep_buf_puts(w->out, json ? "null" : "NULL");
    else if (field->personal && !w->options->show_personal)
        ep_buf_puts(w->out, json ? "\"***\"" : "***");
    else if (json)
        put_json(w->out, value);
    else
        put_plain(w->out, value);
}

static void put_fields(const walk *w, const ep_unit_table *table, size_t row) {
    const ep_contract *contract = table->contract;
    bool first = true;
    for (size_t i = 0; i < contract->n_fields; i++) {
        ep_value value = ep_batch_get(table->batch, row, i);
        bool failed = has_failed(table, row, i);
        if (value.state == EP_ABSENT && (!failed || w->options->json))
            continue;
        if (w->options->json) {
            ep_buf_puts(w->out, first ? "" : ", ");
            ep_buf_put_json(w->out, ep_str_from(contract->fields[i].name));
            ep_buf_puts(w->out, ": ");
        } else {
            ep_buf_printf(w->out, " %s=", contract->fields[i].name);
        }
        if (value.state == EP_ABSENT)
            ep_buf_putc(w->out, '?');
        else
            put_value(w, &contract->fields[i], &value);
        first = false;
    }
}

static void reason_text(const walk *w, const ep_reason *reason, const char *indent) {
    ep_buf *out = w->out;
    ep_buf_printf(out, "%s%s ", indent, severities[reason->severity]);
    if (*reason->field)
        ep_buf_printf(out, "%s: ", reason->field);
    ep_buf_printf(out, "%s: %s", ep_reason_name(reason->code), ep_reason_text(reason->code));
    if (*reason->detail)
        ep_buf_printf(out, " (%s)", reason->detail);
    ep_buf_putc(out, '\n');
}

static void json_member(ep_buf *out, const char *name, const char *text) {
    ep_buf_printf(out, ", \"%s\": ", name);
    ep_buf_put_json(out, ep_str_from(text));
}

static void reason_json(const walk *w, const ep_reason *reason) {
    ep_buf_printf(w->out, "{\"severity\": \"%s\"", severities[reason->severity]);
    json_member(w->out, "code", ep_reason_name(reason->code));
    json_member(w->out, "contract", reason->contract);
    json_member(w->out, "field", reason->field);
    json_member(w->out, "text", ep_reason_text(reason->code));
    json_member(w->out, "detail", reason->detail);
    ep_buf_putc(w->out, '}');
}

/* Reasons of the record with this group and row. */
static void put_reasons(const walk *w, const char *contract, uint32_t group, uint32_t row,
                        const char *indent) {
    bool first = true;
    for (size_t i = w->first_reason; i < w->end_reason; i++) {
        const ep_reason *reason = &w->unit->reasons.items[i];
        if (reason->group != group || reason->row != row ||
            (contract && strcmp(reason->contract, contract) != 0))
            continue;
        if (w->options->json) {
            ep_buf_puts(w->out, first ? "" : ", ");
            reason_json(w, reason);
        } else {
            reason_text(w, reason, indent);
        }
        first = false;
    }
}

static void put_row(const walk *w, const ep_unit_table *table, size_t row, uint32_t group, bool first) {
    if (w->options->json) {
        ep_buf_puts(w->out, first ? "{\"contract\": " : ", {\"contract\": ");
        ep_buf_put_json(w->out, ep_str_from(table->contract->name));
        ep_buf_puts(w->out, ", \"fields\": {");
        put_fields(w, table, row);
        ep_buf_puts(w->out, "}, \"reasons\": [");
        put_reasons(w, table->contract->name, group, (uint32_t)row, "");
        ep_buf_puts(w->out, "]}");
        return;
    }
    ep_buf_printf(w->out, "    %s:", table->contract->name);
    put_fields(w, table, row);
    ep_buf_putc(w->out, '\n');
    put_reasons(w, table->contract->name, group, (uint32_t)row, "      ");
}

static void put_rows(const walk *w, uint32_t group) {
    bool first = true;
    for (size_t t = 0; t < w->unit->n_tables; t++) {
        const ep_unit_table *table = &w->unit->tables[t];
        for (size_t row = first_row(table, w->record);
             row < table->batch->n_rows && table->record_of[row] == w->record; row++)
            if (table->group_of[row] == group) {
                put_row(w, table, row, group, first);
                first = false;
            }
    }
}

static void put_group(const walk *w, uint32_t index, bool first) {
    const ep_group *group = &w->unit->groups[index];
    ep_buf *out = w->out;
    if (w->options->json) {
        ep_buf_puts(out, first ? "{\"owner\": " : ", {\"owner\": ");
        if (group->owner_known)
            ep_buf_put_json(out, group->owner);
        else
            ep_buf_puts(out, "null");
        ep_buf_printf(out, ", \"rejected\": %s, \"rows\": [", group->rejected ? "true" : "false");
        put_rows(w, index);
        ep_buf_puts(out, "], \"reasons\": [");
        put_reasons(w, NULL, index, UINT32_MAX, "");
        ep_buf_puts(out, "]}");
        return;
    }
    ep_buf_puts(out, "  ");
    if (!group->owner_known)
        ep_buf_puts(out, "unknown owner");
    else if (group->owner.len == 0)
        ep_buf_puts(out, "platform");
    else
        ep_buf_put_str(out, group->owner);
    ep_buf_puts(out, group->rejected ? ": rejected\n" : ": accepted\n");
    put_rows(w, index);
    put_reasons(w, NULL, index, UINT32_MAX, "    ");
}

static void put_groups(const walk *w, const ep_unit_record *record) {
    for (uint32_t i = 0; i < record->n_groups; i++)
        put_group(w, record->first_group + i, i == 0);
}

static void put_record(const walk *w) {
    const ep_unit_record *record = &w->unit->records[w->record];
    ep_buf *out = w->out;
    if (w->options->json) {
        ep_buf_printf(out,
                      "{\"record\": %" PRIu64 ", \"line\": %" PRIu64 ", \"ignored\": ", record->raw.at.record,
                      record->raw.at.line);
        if (record->ignored)
            ep_buf_put_json(out, ep_str_from(record->ignored_name));
        else
            ep_buf_puts(out, "null");
        ep_buf_puts(out, ", \"groups\": [");
        put_groups(w, record);
        ep_buf_puts(out, "], \"reasons\": [");
        put_reasons(w, NULL, UINT32_MAX, UINT32_MAX, "");
        ep_buf_puts(out, "]}\n");
        return;
    }
    ep_buf_printf(out, "record %" PRIu64 ", line %" PRIu64, record->raw.at.record, record->raw.at.line);
    if (record->ignored)
        ep_buf_printf(out, ": ignored (%s)", record->ignored_name);
    ep_buf_putc(out, '\n');
    put_groups(w, record);
    put_reasons(w, NULL, UINT32_MAX, UINT32_MAX, "  ");
}

void ep_feed_explain(const ep_unit *unit, const ep_explain_options *options, ep_buf *out) {
    walk w = {.unit = unit, .options = options, .out = out};
    for (; w.record < unit->n_records; w.record++) {
        w.first_reason = w.end_reason;
        while (w.end_reason < unit->reasons.n && unit->reasons.items[w.end_reason].record == w.record)
            w.end_reason++;
        put_record(&w);
    }
}

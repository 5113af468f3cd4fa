#include "app/dictionary.h"

#include <string.h>

/* A member of an object that is open; a text that is NULL or empty is null. */
static void put_text(ep_buf *out, const char *name, const char *text) {
    ep_buf_printf(out, ", \"%s\": ", name);
    if (text && text[0])
        ep_buf_put_json(out, ep_str_from(text));
    else
        ep_buf_puts(out, "null");
}

static void put_bool(ep_buf *out, const char *name, bool value) {
    ep_buf_printf(out, ", \"%s\": %s", name, value ? "true" : "false");
}

static void put_field(ep_buf *out, const char *name, const ep_contract *c, int field) {
    put_text(out, name, field >= 0 ? c->fields[field].name : NULL);
}

static void put_fields(ep_buf *out, const char *name, const ep_contract *c, const int *fields, size_t n) {
    ep_buf_printf(out, ", \"%s\": [", name);
    for (size_t i = 0; i < n; i++) {
        ep_buf_puts(out, i ? ", " : "");
        ep_buf_put_json(out, ep_str_from(c->fields[fields[i]].name));
    }
    ep_buf_puts(out, "]");
}

static void put_names(ep_buf *out, const char *name, const char *const *names, size_t n) {
    ep_buf_printf(out, ", \"%s\": [", name);
    for (size_t i = 0; i < n; i++) {
        ep_buf_puts(out, i ? ", " : "");
        ep_buf_put_json(out, ep_str_from(names[i]));
    }
    ep_buf_puts(out, "]");
}

static void put_column(ep_buf *out, const ep_table *t, size_t field) {
    const ep_contract_field *f = &t->contract->fields[field];
    ep_buf_puts(out, "{\"name\": ");
    ep_buf_put_json(out, ep_str_from(f->name));
    ep_buf_puts(out, ", \"type\": \"");
    ep_dictionary_put_type(out, &f->column);
    ep_buf_puts(out, "\"");
    put_bool(out, "key", ep_dictionary_is_key(t->contract, field));
    put_bool(out, "required", f->required);
    if (ep_dictionary_has_history(t, field))
        ep_buf_printf(out, ", \"history\": %d", (int)f->history);
    else
        ep_buf_puts(out, ", \"history\": null");
    put_bool(out, "personal", f->personal);
    put_bool(out, "computed", f->derived || f->day_of >= 0);
    put_bool(out, "stored", ep_field_is_stored(t, field));
    put_text(out, "meaning", f->description);
    put_text(out, "classification", f->classification);
    put_text(out, "purpose", f->purpose);
    put_text(out, "retention", f->retention);
    ep_buf_puts(out, "}");
}

static void put_link(ep_buf *out, const ep_table *t, const ep_link *link) {
    static const char *const unknown[] = {"inferred", "wait", "quarantine"};
    const char *columns[] = {link->key_column, link->from_column};
    ep_buf_puts(out, "{\"to\": ");
    ep_buf_put_json(out, ep_str_from(link->table->name));
    put_names(out, "from", link->parent->from, link->parent->n);
    /* A dimension keeps no keys of its parents. */
    put_names(out, "columns", columns, t->versions ? 0 : link->from_column ? 2 : 1);
    put_text(out, "unknown_parent", unknown[link->parent->on_unknown]);
    ep_buf_puts(out, "}");
}

static void put_facts(ep_buf *out, const ep_contract *c) {
    put_text(out, "kind", ep_dictionary_kind(c->kind));
    put_text(out, "version", c->version);
    put_text(out, "meaning", c->description);
    put_fields(out, "key", c, c->key, c->n_key);
    put_fields(out, "identity", c, c->identity, c->kind == EP_K_TRANSACTION ? c->n_identity : 0);
    put_field(out, "event_time", c, c->valid_time);
    put_field(out, "binds_at", c, c->bind_time);
    put_field(out, "order", c, c->sequence);
    put_field(out, "deletion", c, c->deleted);
    put_field(out, "owner", c, c->owner);
    put_bool(out, "public", c->is_public);
    put_text(out, "generated", c->generated);
    put_text(out, "purpose", c->purpose);
    put_text(out, "retention", c->retention);
}

void ep_dictionary_put_json(ep_buf *out, const ep_table *t) {
    const ep_contract *c = t->contract;
    ep_buf_puts(out, "{\"table\": ");
    ep_buf_put_json(out, ep_str_from(c->name));
    put_facts(out, c);
    ep_buf_puts(out, ", \"columns\": [");
    for (size_t f = 0; f < c->n_fields; f++) {
        ep_buf_puts(out, f ? ", " : "");
        put_column(out, t, f);
    }
    ep_buf_puts(out, "], \"relationships\": [");
    for (size_t l = 0; l < t->n_links; l++) {
        ep_buf_puts(out, l ? ", " : "");
        put_link(out, t, &t->links[l]);
    }
    ep_buf_puts(out, "]}\n");
}

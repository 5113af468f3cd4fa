#include "warehouse/schema.h"

/* DuckDB scans columns and needs no index; on PostgreSQL the merges look rows up by durable key, by time and by natural key. All of it
 * follows from the plan. Names are made of the table's; a unique index holds the owner where the table has one, as Citus wants it. */

typedef struct index_text {
    ep_buf sql;
    const char *schema, *table;
} index_text;

static void begin_index(index_text *x, bool unique, const char *suffix) {
    ep_buf_printf(&x->sql, "create %sindex if not exists \"%s_%s\" on %s\"%s\" (", unique ? "unique " : "",
                  x->table, suffix, x->schema, x->table);
}

static void put_column(index_text *x, const char *name, bool first) {
    ep_buf_puts(&x->sql, first ? "" : ", ");
    ep_buf_put_ident(&x->sql, ep_str_from(name));
}

static const char *owner_of(const ep_table *t) {
    return t->contract->owner < 0 ? NULL : t->contract->fields[t->contract->owner].name;
}

/* One row a version, or a key; by the durable key first, because that is what merges ask for. */
static void put_key(index_text *x, const ep_table *t) {
    begin_index(x, true, "key");
    put_column(x, t->key_column, true);
    if (t->versions)
        put_column(x, "valid_from", false);
    if (owner_of(t))
        put_column(x, owner_of(t), false);
    ep_buf_puts(&x->sql, ");\n");
}

/* The owner's natural key: what derived columns and readers join by. */
static void put_natural(index_text *x, const ep_table *t) {
    const ep_contract *c = t->contract;
    begin_index(x, false, "natural");
    for (size_t k = 0; k < c->n_key; k++)
        put_column(x, c->fields[c->key[k]].name, k == 0);
    ep_buf_puts(&x->sql, ");\n");
}

/* Of the rows that have a value: whoever asks for one finds it, and the others cost nothing. */
static void put_known(index_text *x, const char *name) {
    ep_buf_puts(&x->sql, " where ");
    put_column(x, name, true);
    ep_buf_puts(&x->sql, " is not null");
}

/* Events are searched within the times of a batch; facts of a changed key from the time of the change on. */
static void put_times(index_text *x, const ep_table *t) {
    const ep_contract *c = t->contract;
    if (!t->versions && !t->keyed) {
        begin_index(x, false, "at");
        put_column(x, "_at", true);
        ep_buf_puts(&x->sql, ");\n");
    }
    if (t->roles.n > 0 && c->bind_time >= 0 && c->bind_time != c->valid_time) {
        begin_index(x, false, "bind");
        put_column(x, c->fields[c->bind_time].name, true);
        ep_buf_puts(&x->sql, ");\n");
    }
    for (size_t f = 0; !t->versions && f < c->n_fields; f++) {
        bool time = (t->keyed && (int)f == c->valid_time) || c->fields[f].day_of >= 0;
        if (!time || !ep_field_is_stored(t, f))
            continue;
        begin_index(x, false, c->fields[f].name);
        put_column(x, c->fields[f].name, true);
        ep_buf_puts(&x->sql, ")");
        if (!c->fields[f].required)
            put_known(x, c->fields[f].name);
        ep_buf_puts(&x->sql, ";\n");
    }
}

/* Moments that scripts derive are looked up by time, and most rows have none. */
static void put_derived_times(index_text *x, const ep_table *t) {
    for (size_t f = 0; !t->versions && f < t->contract->n_fields; f++) {
        const ep_contract_field *field = &t->contract->fields[f];
        if (!field->derived || field->column.type != EP_T_TIMESTAMP || !ep_field_is_stored(t, f))
            continue;
        begin_index(x, false, field->name);
        put_column(x, field->name, true);
        ep_buf_puts(&x->sql, ")");
        put_known(x, field->name);
        ep_buf_puts(&x->sql, ";\n");
    }
}

/* What the contract says that scripts look rows up by. */
static void put_lookup(index_text *x, const ep_table *t) {
    const ep_contract *c = t->contract;
    bool first = true;
    if (c->n_lookup == 0)
        return;
    begin_index(x, false, "lookup");
    for (size_t k = 0; k < c->n_lookup; k++)
        put_column(x, c->fields[c->lookup[k]].name, k == 0);
    ep_buf_puts(&x->sql, ")");
    for (size_t f = 0; f < c->n_fields; f++) {
        if (!c->fields[f].lookup_value[0])
            continue;
        ep_buf_puts(&x->sql, first ? " where " : " and ");
        put_column(x, c->fields[f].name, true);
        ep_buf_puts(&x->sql, " = ");
        ep_buf_put_literal(&x->sql, ep_str_from(c->fields[f].lookup_value));
        first = false;
    }
    ep_buf_puts(&x->sql, ";\n");
}

static void put_log(index_text *x) {
    static const char *const columns[] = {"_key", "_at", "_seq", "_hash"};
    begin_index(x, false, "change");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        put_column(x, columns[i], i == 0);
    ep_buf_puts(&x->sql, ");\n");
}

/* Scripts fill derived columns in once the rows are there. A new version of a row that finds room in its own page needs no entry in any
 * index; with amounts in the place of NULLs it is larger than the one before, so less than half of a page is filled at first. */
#define DERIVED_FILL_PERCENT 45

static void put_room(index_text *x, const ep_table *t) {
    bool derived = false;
    for (size_t f = 0; f < t->contract->n_fields; f++)
        derived = derived || (t->contract->fields[f].derived && ep_field_is_stored(t, f));
    if (derived && !t->versions)
        ep_buf_printf(&x->sql, "alter table \"%s\" set (fillfactor = %d);\n", x->table, DERIVED_FILL_PERCENT);
}

ep_code ep_schema_indexes(const ep_table *t, ep_buf *ret, ep_error *err) {
    index_text x = {.schema = "", .table = t->name};
    if (t->fed && t->keyed) {
        put_key(&x, t);
        put_natural(&x, t);
    }
    if (t->fed) {
        put_times(&x, t);
        put_derived_times(&x, t);
        put_lookup(&x, t);
        put_room(&x, t);
    }
    if (t->fed && t->keyed) {
        x.schema = "log.";
        put_log(&x);
    }
    ep_buf_put_str(ret, (ep_str){x.sql.data ? x.sql.data : "", x.sql.len});
    ret->failed = ret->failed || x.sql.failed;
    ep_buf_done(&x.sql);
    return ep_buf_check(ret, err);
}

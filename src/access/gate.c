#include "access/gate.h"

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>
#include <string.h>

/* A walk over the tree, by the descriptions that come with every message: what the lists do not name is refused unseen. */
typedef struct walk {
    size_t n_nodes, depth;
    ep_error *err;
} walk;

static const char *text_of(const PgQuery__Node *node) {
    return node && node->node_case == PG_QUERY__NODE__NODE_STRING && node->string->sval ? node->string->sval
                                                                                        : "";
}

/* "count", "pg_catalog.substring", OPERATOR(pg_catalog.+): the bare name; NULL for any other schema, whose objects are not the engine's. */
static const char *engine_name(PgQuery__Node *const *names, size_t n) {
    if (n == 2 && strcmp(text_of(names[0]), "pg_catalog") == 0)
        return text_of(names[1]);
    return n == 1 ? text_of(names[0]) : NULL;
}

static ep_code judge_function(walk *w, const ProtobufCMessage *m) {
    const PgQuery__FuncCall *call = (const PgQuery__FuncCall *)m;
    const char *name = engine_name(call->funcname, call->n_funcname);
    if (!name || !ep_gate_lists("function", name))
        return ep_fail_field(
            w->err, EP_E_PERMISSION, "function", "the function %s is not on the list of allowed functions",
            name ? name : text_of(call->n_funcname ? call->funcname[call->n_funcname - 1] : NULL));
    return EP_OK;
}

static ep_code judge_operator(walk *w, const ProtobufCMessage *m) {
    const PgQuery__AExpr *e = (const PgQuery__AExpr *)m;
    return engine_name(e->name, e->n_name) ? EP_OK
                                           : ep_fail_field(w->err, EP_E_PERMISSION, "construct",
                                                           "an operator of another schema is not allowed");
}

static ep_code judge_type(walk *w, const ProtobufCMessage *m) {
    const PgQuery__TypeName *type = (const PgQuery__TypeName *)m;
    const char *name = engine_name(type->names, type->n_names);
    if (!name || !ep_gate_lists("type", name) || type->pct_type)
        return ep_fail_field(w->err, EP_E_PERMISSION, "type",
                             "the type %s is not on the list of allowed types",
                             name ? name : text_of(type->n_names ? type->names[type->n_names - 1] : NULL));
    return EP_OK;
}

/* Without a schema the engine's own catalogue comes first on the search path: no name there may be one of its. */
static ep_code judge_relation(walk *w, const ProtobufCMessage *m) {
    const PgQuery__RangeVar *r = (const PgQuery__RangeVar *)m;
    const char *schema = r->schemaname ? r->schemaname : "", *name = r->relname ? r->relname : "";
    char full[160];
    bool in_database = r->catalogname && r->catalogname[0];
    if (!schema[0] && strncmp(name, "pg_", 3) != 0 && !in_database)
        return EP_OK;
    snprintf(full, sizeof full, "%.63s.*", schema);
    bool whole_schema = ep_gate_lists("relation", full);
    snprintf(full, sizeof full, "%.63s%s%.63s", schema, schema[0] ? "." : "", name);
    if (in_database || !(whole_schema || ep_gate_lists("relation", full)))
        return ep_fail_field(w->err, EP_E_PERMISSION, "relation",
                             "%s is not for sellers: what they can read is in the schemas seller and mart",
                             full);
    return EP_OK;
}

/* The columns every table has unasked tell where a row lies and when it was written. */
static ep_code judge_column(walk *w, const ProtobufCMessage *m) {
    static const char *const hidden[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};
    const PgQuery__ColumnRef *column = (const PgQuery__ColumnRef *)m;
    const char *name = column->n_fields ? text_of(column->fields[column->n_fields - 1]) : "";
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (strcmp(name, hidden[i]) == 0)
            return ep_fail_field(w->err, EP_E_PERMISSION, "column",
                                 "the column %s is the engine's own and not allowed", name);
    return EP_OK;
}

static const struct {
    const ProtobufCMessageDescriptor *of;
    ep_code (*judge)(walk *w, const ProtobufCMessage *m);
} judges[] = {
    {&pg_query__func_call__descriptor, judge_function}, {&pg_query__a__expr__descriptor, judge_operator},
    {&pg_query__type_name__descriptor, judge_type},     {&pg_query__range_var__descriptor, judge_relation},
    {&pg_query__column_ref__descriptor, judge_column},
};

static ep_code visit(walk *w, const ProtobufCMessage *m);

/* The messages in one field of `m`: none, one, or as many as it counts. */
static ep_code visit_field(walk *w, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f) {
    const char *base = (const char *)m;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t n = *(const size_t *)(const void *)(base + f->quantifier_offset);
        ProtobufCMessage *const *items = *(ProtobufCMessage *const *const *)(const void *)(base + f->offset);
        for (size_t i = 0; i < n; i++)
            EP_TRY(visit(w, items[i]));
        return EP_OK;
    }
    if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
        *(const uint32_t *)(const void *)(base + f->quantifier_offset) != f->id)
        return EP_OK;
    const ProtobufCMessage *one = *(ProtobufCMessage *const *)(const void *)(base + f->offset);
    return one ? visit(w, one) : EP_OK;
}

static ep_code visit(walk *w, const ProtobufCMessage *m) {
    if (!ep_gate_lists("construct", m->descriptor->short_name))
        return ep_fail_field(w->err, EP_E_PERMISSION, "construct", "%s is not allowed: only plain SELECT is",
                             m->descriptor->short_name);
    if (++w->n_nodes > EP_GATE_MAX_NODES || w->depth >= EP_GATE_MAX_DEPTH)
        return ep_fail(w->err, EP_E_LIMIT, "the query is too large or nested too deeply");
    for (size_t i = 0; i < sizeof judges / sizeof *judges; i++)
        if (judges[i].of == m->descriptor)
            EP_TRY(judges[i].judge(w, m));
    w->depth++;
    for (unsigned i = 0; i < m->descriptor->n_fields; i++)
        if (m->descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            EP_TRY(visit_field(w, m, &m->descriptor->fields[i]));
    w->depth--;
    return EP_OK;
}

static ep_code judge_tree(const PgQuery__ParseResult *tree, ep_error *err) {
    walk w = {.err = err};
    if (tree->n_stmts != 1)
        return ep_fail_field(err, EP_E_PERMISSION, "statement",
                             "exactly one SELECT is allowed, not %zu statements", tree->n_stmts);
    const PgQuery__Node *statement = tree->stmts[0]->stmt;
    if (!statement || statement->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return ep_fail_field(err, EP_E_PERMISSION, "statement",
                             "only SELECT is allowed: no EXPLAIN, COPY, SET, DO or other statement");
    return visit(&w, &tree->base);
}

/*
 * The tree's depth is what the parser's and the decoder's recursion costs, and a chain of a+a+a is as deep as it is long: the number of
 * tokens, which are counted without recursion, bounds it before anything recurses.
 */
static ep_code bound_tokens(const char *text, ep_error *err) {
    PgQueryScanResult scan = pg_query_scan(text);
    PgQuery__ScanResult *tokens =
        scan.error ? NULL
                   : pg_query__scan_result__unpack(NULL, scan.pbuf.len, (const uint8_t *)scan.pbuf.data);
    ep_code code = EP_OK;
    if (scan.error)
        code =
            ep_fail(err, EP_E_ARG, "not SQL: %s at character %d", scan.error->message, scan.error->cursorpos);
    else if (!tokens)
        code = ep_fail(err, EP_E_NOMEM, "out of memory for a query");
    else if (tokens->n_tokens > EP_GATE_MAX_NODES / 2)
        code = ep_fail(err, EP_E_LIMIT, "the query has %zu words and signs, at most %d are allowed",
                       tokens->n_tokens, EP_GATE_MAX_NODES / 2);
    if (tokens)
        pg_query__scan_result__free_unpacked(tokens, NULL);
    pg_query_free_scan_result(scan);
    return code;
}

static ep_code check_text(const char *text, ep_error *err) {
    EP_TRY(bound_tokens(text, err));
    PgQueryProtobufParseResult parsed = pg_query_parse_protobuf(text);
    PgQuery__ParseResult *tree = NULL;
    ep_code code = EP_OK;
    if (parsed.error)
        code = ep_fail(err, EP_E_ARG, "not SQL: %s at character %d", parsed.error->message,
                       parsed.error->cursorpos);
    else if (!(tree = pg_query__parse_result__unpack(NULL, parsed.parse_tree.len,
                                                     (const uint8_t *)parsed.parse_tree.data)))
        code = ep_fail(err, EP_E_NOMEM, "out of memory for a query");
    else
        code = judge_tree(tree, err);
    if (tree)
        pg_query__parse_result__free_unpacked(tree, NULL);
    pg_query_free_protobuf_parse_result(parsed);
    return code;
}

ep_code ep_gate_check(ep_str sql, ep_error *err) {
    if (sql.len > EP_GATE_MAX_BYTES)
        return ep_fail(err, EP_E_LIMIT, "a query has at most %d bytes", EP_GATE_MAX_BYTES);
    /* What follows a NUL would be seen by the engine and not by the parser. */
    if (!ep_utf8_valid(sql.ptr, sql.len))
        return ep_fail(err, EP_E_ARG, "the query is not UTF-8 text without NUL");
    char *text = ep_strndup(sql.ptr, sql.len);
    if (!text)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a query");
    ep_code code = check_text(text, err);
    ep_free(text);
    return code;
}

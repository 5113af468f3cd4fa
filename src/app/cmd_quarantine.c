#include "app/cli.h"
#include "warehouse/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static ep_value text_option(const ep_cli *cli, const char *name) {
    const char *text = ep_cli_get(cli, name);
    return ep_v_cstr(text ? text : "");
}

static int finish(ep_cli *cli, ep_warehouse **w, ep_code code, const ep_error *err) {
    ep_warehouse_close(w);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, err);
}

#define FILTER \
    "($1 = '' or feed = $1) and ($2 = '' or owner = $2) and ($3 = '' or ',' || codes || ',' like '%,' || $3 || ',%')"

/* Nobody could be told; nobody's but the platform's. */
#define SELLER "case when owner is null then '?' when owner = '' then '(platform)' else owner end"

static const char *status_name(int i) {
    static const char *const names[] = {"open", "waiting", "replayed", "released", "discarded", "all"};
    return names[i];
}

/* A filter that was typed wrong finds nothing, which looks like good news. A feed that is no longer defined may have records. */
static ep_code check_filter(const ep_cli *cli, ep_warehouse *w, ep_error *err) {
    const char *code = ep_cli_get(cli, "code"), *feed = ep_cli_get(cli, "feed");
    if (code && ep_reason_find(ep_str_from(code)) == EP_R_NONE)
        return ep_fail_field(
            err, EP_E_USAGE, "code",
            "no reason has the code %s; entrepot quarantine list --summary shows those there are", code);
    if (!feed || ep_warehouse_feed(w, feed))
        return EP_OK;
    int64_t n;
    const ep_value params[] = {ep_v_cstr(feed)};
    EP_TRY(ep_store_get_int(w->store, "select count(*) from books.quarantine where feed = $1", params, 1, &n,
                            err));
    return n > 0 ? EP_OK
                 : ep_fail_field(err, EP_E_USAGE, "feed",
                                 "no feed is called %s; entrepot feed list shows them", feed);
}

static ep_code list(ep_cli *cli, ep_warehouse *w, ep_error *err) {
    int64_t limit = 100, n;
    EP_TRY(ep_cli_int(cli, "limit", 1, 1000000, &limit, err));
    EP_TRY(ep_cli_word(cli, "status", status_name, 6, err));
    EP_TRY(check_filter(cli, w, err));
    const char *status = ep_cli_get(cli, "status");
    const ep_value params[] = {text_option(cli, "feed"), text_option(cli, "seller"), text_option(cli, "code"),
                               ep_v_cstr(status ? status : "open"), ep_v_int(limit)};
    if (ep_cli_has(cli, "summary"))
        return ep_print_query(
            w, cli,
            "select feed, " SELLER
            " as seller, codes as reasons, status, count(*) as groups, date_trunc('second', max(received_at)) as last_received "
            "from books.quarantine where " FILTER
            " and ($4 = 'all' or status = $4) group by 1, 2, 3, 4 order by groups desc, feed, seller, reasons",
            params, 4, &n, err);
    EP_TRY(ep_print_query(w, cli,
                          "select quarantine_id as id, feed, source, record, line, " SELLER
                          " as seller, status, codes as reasons from books.quarantine "
                          "where " FILTER
                          " and ($4 = 'all' or status = $4) order by feed, source, record, group_no limit $5",
                          params, 5, &n, err));
    if (!cli->json && !cli->quiet)
        printf("(%" PRId64 "%s; entrepot quarantine show ID tells all about one)\n", n,
               n == limit ? ", --limit shows more" : "");
    return EP_OK;
}

int ep_cmd_quarantine_list(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_code code = ep_cli_open(cli, EP_OPEN_READ, &w, &err);
    if (code == EP_OK)
        code = list(cli, w, &err);
    return finish(cli, &w, code, &err);
}

static ep_code parse_ids(ep_cli *cli, int64_t **ret, ep_error *err) {
    *ret = ep_calloc((size_t)cli->n_args + 1, sizeof **ret);
    if (!*ret)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    for (int i = 0; i < cli->n_args; i++)
        if (ep_int_parse(ep_str_from(cli->args[i]), &(*ret)[i]) != EP_NUM_OK)
            return ep_fail(err, EP_E_USAGE, "%s is no quarantine id; entrepot quarantine list shows them",
                           cli->args[i]);
    return EP_OK;
}

/* Raw bytes for a terminal: control characters escaped, so that a record cannot play tricks. */
static void print_raw(ep_str raw) {
    for (size_t i = 0; i < raw.len; i++) {
        unsigned char c = (unsigned char)raw.ptr[i];
        if (c == '\n' || c == '\t' || c >= 0x80 || (c >= 0x20 && c != 0x7F))
            putchar(c);
        else
            printf("\\x%02x", c);
    }
}

/* [{"code": ..., ...}, ...] one reason a line. */
static void print_reasons(ep_str json) {
    EP_CLEANUP(ep_parser_free) ep_parser *parser = NULL;
    EP_CLEANUP(ep_doc_done) ep_doc doc = {0};
    EP_CLEANUP(ep_arena_done) ep_arena arena = {0};
    EP_CLEANUP(ep_buf_done) ep_buf padded = {0};
    const ep_decode_options options = {.format = EP_FMT_JSON};
    const char *detail;
    ep_buf_put_str(&padded, json);
    for (size_t i = 0; i < EP_PADDING; i++)
        ep_buf_putc(&padded, '\0');
    if (padded.failed || ep_parser_new(&options, &parser, NULL) != EP_OK)
        return;
    const ep_raw raw = {.raw = {padded.data, json.len},
                        .text = {padded.data, json.len},
                        .at = {.size_bytes = (uint32_t)json.len}};
    if (ep_parser_run(parser, &raw, &doc, &arena, &detail) != EP_R_NONE)
        return;
    for (uint32_t r = 1; r < doc.nodes[0].end; r = doc.nodes[r].end) {
        ep_str parts[5];
        const char *names[] = {"severity", "contract", "field", "code", "detail"};
        for (size_t i = 0; i < 5; i++) {
            uint32_t at = ep_doc_member(&doc, r, names[i], (uint32_t)strlen(names[i]), NULL);
            parts[i] = at == UINT32_MAX ? EP_STR("") : (ep_str){doc.nodes[at].text, doc.nodes[at].text_len};
        }
        printf("  %-8.*s %.*s%s%.*s: %s", EP_STR_ARGS(parts[0]), EP_STR_ARGS(parts[1]),
               parts[2].len ? "." : "", EP_STR_ARGS(parts[2]), ep_reason_text(ep_reason_find(parts[3])));
        printf(" [%.*s]%s%.*s\n", EP_STR_ARGS(parts[3]), parts[4].len ? ": " : "", EP_STR_ARGS(parts[4]));
    }
}

/* "a 1.0.0 hash, b 1.0.0 hash": one a line. */
static void print_contracts(ep_str list) {
    const char *label = "contracts";
    while (list.len > 0) {
        const char *comma = memchr(list.ptr, ',', list.len);
        size_t len = comma ? (size_t)(comma - list.ptr) : list.len;
        printf("  %-9s %.*s\n", label, (int)len, list.ptr);
        len = len + 2 < list.len ? len + 2 : list.len;
        list = (ep_str){list.ptr + len, list.len - len};
        label = "";
    }
}

static ep_code not_there(int64_t id, ep_error *err) {
    return ep_fail(
        err, EP_E_NOT_FOUND,
        "nothing in quarantine has the id %" PRId64 "; entrepot quarantine list shows what is there", id);
}

static ep_code show(ep_cli *cli, ep_warehouse *w, ep_error *err) {
    int64_t *ids = NULL, n;
    ep_code code = parse_ids(cli, &ids, err);
    int64_t id = code == EP_OK && cli->n_args == 1 ? ids[0] : 0;
    ep_free(ids);
    EP_TRY(code);
    if (cli->n_args != 1)
        return ep_fail(err, EP_E_USAGE, "name one id; entrepot quarantine list shows them");
    const ep_value params[] = {ep_v_int(id)};
    if (cli->json) {
        EP_TRY(ep_print_query(w, cli, "select * from books.quarantine where quarantine_id = $1", params, 1,
                              &n, err));
        return n > 0 ? EP_OK : not_there(id, err);
    }
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    bool found;
    EP_TRY(ep_store_query(
        w->store,
        "select feed, source, record, line, byte_offset, size_bytes, owner, status, received_at, feed_hash, contract_versions, reasons, raw, n_rows "
        "from books.quarantine where quarantine_id = $1",
        params, 1, &cursor, err));
    EP_TRY(ep_cursor_next(cursor, &found, err));
    if (!found)
        return not_there(id, err);
    ep_value v[14];
    for (size_t i = 0; i < 14; i++)
        v[i] = ep_cursor_get(cursor, i);
    char at[28];
    ep_time_format_rfc3339(v[8].i64, at);
    printf("quarantined record %" PRId64 " (%.*s)\n\n", id, EP_STR_ARGS(v[7].text));
    printf("  feed      %.*s, version %.12s\n  source    %.*s\n", EP_STR_ARGS(v[0].text), v[9].text.ptr,
           EP_STR_ARGS(v[1].text));
    printf("  record    %" PRId64 ", line %" PRId64 ", byte %" PRId64 ", %" PRId64 " bytes, received %s\n",
           v[2].i64, v[3].i64, v[4].i64, v[5].i64, at);
    printf("  seller    %.*s\n  rows      %" PRId64 "\n",
           EP_STR_ARGS(v[6].state == EP_VALUE ? (v[6].text.len ? v[6].text : EP_STR("(platform)"))
                                              : EP_STR("unknown")),
           v[13].i64);
    print_contracts(v[10].text);
    puts("\nreasons");
    print_reasons(v[11].text);
    puts("\nas received");
    print_raw(v[12].text);
    puts("");
    if (!cli->quiet && ep_str_eq(v[7].text, EP_STR("open")))
        printf(
            "\nnext: mend the feed, the contract or a list, then entrepot quarantine replay %" PRId64
            ";\n      or mend the record: the same with --with FILE;\n      or give it up: entrepot quarantine discard "
            "%" PRId64 " --why TEXT\n",
            id, id);
    return EP_OK;
}

int ep_cmd_quarantine_show(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_code code = ep_cli_open(cli, EP_OPEN_READ, &w, &err);
    if (code == EP_OK)
        code = show(cli, w, &err);
    return finish(cli, &w, code, &err);
}

static void put_export(ep_buf *line, ep_cursor *cursor) {
    static const char *const names[] = {"id", "feed", "source", "record", "line", "seller", "reasons"};
    for (size_t c = 0; c < 7; c++) {
        ep_value v = ep_cursor_get(cursor, c);
        ep_buf_printf(line, "%s\"%s\": ", c ? ", " : "{", names[c]);
        if (v.state != EP_VALUE)
            ep_buf_puts(line, "null");
        else if (v.type == EP_T_INT || c == 6) /* reasons are JSON already */
            ep_value_put(line, &v);
        else
            ep_buf_put_json(line, v.text);
    }
    ep_buf_puts(line, ", \"raw\": ");
    ep_buf_put_json(line, ep_cursor_get(cursor, 7).text);
    ep_buf_puts(line, "}");
}

static ep_code export_to(ep_cli *cli, ep_warehouse *w, FILE *out, int64_t *ret_n, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_CLEANUP(ep_buf_done) ep_buf line = {0};
    const ep_value params[] = {text_option(cli, "feed"), text_option(cli, "seller"),
                               text_option(cli, "code")};
    EP_TRY(check_filter(cli, w, err));
    EP_TRY(ep_store_query(
        w->store,
        "select quarantine_id, feed, source, record, line, owner, reasons, raw from books.quarantine where " FILTER
        " and status = 'open' order by feed, source, record, group_no",
        params, 3, &cursor, err));
    for (bool more = true;; (*ret_n)++) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        ep_buf_reset(&line);
        if (ep_cli_has(cli, "raw"))
            ep_buf_put_str(&line, ep_cursor_get(cursor, 7).text);
        else
            put_export(&line, cursor);
        ep_buf_putc(&line, '\n');
        EP_TRY(ep_buf_check(&line, err));
        if (fwrite(line.data, 1, line.len, out) != line.len)
            return ep_fail_errno(err, errno, "cannot write", cli->args[0]);
    }
}

int ep_cmd_quarantine_export(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    int64_t n = 0;
    bool standard = cli->n_args == 1 && strcmp(cli->args[0], "-") == 0;
    ep_code code =
        cli->n_args == 1 ? EP_OK : ep_fail(&err, EP_E_USAGE, "name the file to write, or - for the terminal");
    if (code == EP_OK)
        code = ep_cli_open(cli, EP_OPEN_READ, &w, &err);
    FILE *out = code != EP_OK ? NULL : standard ? stdout : fopen(cli->args[0], "we");
    if (code == EP_OK && !out)
        code = ep_fail_errno(&err, errno, "cannot write", cli->args[0]);
    if (code == EP_OK)
        code = export_to(cli, w, out, &n, &err);
    if (out && !standard && fclose(out) != 0 && code == EP_OK)
        code = ep_fail_errno(&err, errno, "cannot write", cli->args[0]);
    if (code == EP_OK && !standard)
        printf(cli->json ? "{\"exported\": %" PRId64 "}\n" : "%" PRId64 " records written\n", n);
    return finish(cli, &w, code, &err);
}

static ep_code replay(ep_cli *cli, ep_warehouse *w, ep_replay_result *ret, ep_error *err) {
    int64_t *ids = NULL;
    EP_CLEANUP(ep_buf_done) ep_buf corrected = {0};
    const char *with = ep_cli_get(cli, "with");
    if (cli->n_args == 0 && !ep_cli_has(cli, "all") && !ep_cli_has(cli, "feed") && !ep_cli_has(cli, "code"))
        return ep_fail(err, EP_E_USAGE, "say which: ids, --feed NAME, --code CODE or --all");
    EP_TRY(check_filter(cli, w, err));
    if (with)
        EP_TRY(ep_read_file(with, EP_MAX_RECORD_BYTES, &corrected, err));
    while (corrected.len > 0 &&
           (corrected.data[corrected.len - 1] == '\n' || corrected.data[corrected.len - 1] == '\r'))
        corrected.len--;
    ep_code code = parse_ids(cli, &ids, err);
    ep_replay_options options = {
        .ids = ids,
        .n_ids = (size_t)cli->n_args,
        .feed = ep_cli_get(cli, "feed"),
        .code = ep_cli_get(cli, "code"),
        .corrected = with ? corrected.data : NULL,
        .corrected_len = corrected.len,
        .actor = ep_cli_actor(),
    };
    if (code == EP_OK)
        code = ep_replay(w, &options, ret, err);
    ep_free(ids);
    return code;
}

int ep_cmd_quarantine_replay(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_replay_result result = {0};
    ep_code code = ep_cli_open(cli, EP_OPEN_WRITE, &w, &err);
    if (code == EP_OK)
        code = replay(cli, w, &result, &err);
    if (code == EP_OK)
        printf(cli->json ? "{\"tried\": %" PRId64 ", \"accepted\": %" PRId64 ", \"refused\": %" PRId64 "}\n"
                         : "%" PRId64 " tried, %" PRId64 " accepted, %" PRId64 " refused again\n",
               result.n_tried, result.n_accepted, result.n_refused);
    return finish(cli, &w, code, &err);
}

int ep_cmd_quarantine_discard(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    int64_t *ids = NULL, n = 0;
    const char *why = ep_cli_get(cli, "why");
    ep_code code = cli->n_args > 0 && why
                       ? EP_OK
                       : ep_fail(&err, EP_E_USAGE,
                                 "name ids and a reason: entrepot quarantine discard ID... --why TEXT");
    if (code == EP_OK)
        code = parse_ids(cli, &ids, &err);
    if (code == EP_OK)
        code = ep_cli_open(cli, EP_OPEN_WRITE, &w, &err);
    if (code == EP_OK)
        code = ep_quarantine_discard(w, ids, (size_t)cli->n_args, ep_cli_actor(), why, &n, &err);
    if (code == EP_OK)
        printf(cli->json ? "{\"discarded\": %" PRId64 "}\n" : "%" PRId64 " discarded\n", n);
    ep_free(ids);
    return finish(cli, &w, code, &err);
}

#include "app/access_link.h"

#include <stdlib.h>
#include <string.h>

int ep_access_link_run(ep_cli *cli, ep_access_command command) {
    ep_access_link link = {0};
    ep_error err = {0};
    ep_code code = ep_cli_open(cli, EP_OPEN_FILES, &link.w, &err);
    if (code == EP_OK)
        code = command(cli, &link, &err);
    ep_server_close(&link.server);
    ep_warehouse_close(&link.w);
    ep_arena_done(&link.arena);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}

static bool is_address(const char *text) {
    return strncmp(text, "postgres://", 11) == 0 || strncmp(text, "postgresql://", 13) == 0;
}

ep_code ep_access_after_migration(const ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(ep_server_close) ep_server *server = NULL;
    EP_CLEANUP(ep_arena_done) ep_arena arena = {0};
    ep_access_target target;
    bool applied;
    if (!is_address(w->settings.store))
        return EP_OK;
    EP_TRY(ep_server_connect(w->settings.store, &server, err));
    EP_TRY(ep_access_find(w->plan, server, &arena, &target, err));
    return ep_access_refresh(w->plan, &target, &applied, err);
}

/* The right to make roles is an attribute, which a member of the administrators has only as the group itself. */
static ep_code become_administrator(ep_server *server, ep_error *err) {
    static const char member[] =
        "select not rolsuper and not rolcreaterole and to_regrole('entrepot_admin') is not null and "
        "coalesce(pg_has_role(session_user, to_regrole('entrepot_admin'), 'member'), false) from pg_roles where rolname = session_user";
    EP_CLEANUP(ep_buf_done) ep_buf answer = {0};
    EP_TRY(ep_server_get(server, member, NULL, 0, &answer, err));
    return strcmp(answer.data, "t") == 0 ? ep_server_exec(server, "set role entrepot_admin", err) : EP_OK;
}

ep_code ep_access_link_open(ep_cli *cli, ep_access_link *link, ep_error *err) {
    const char *uri = ep_cli_get(cli, "connect");
    if (!uri)
        uri = getenv("ENTREPOT_CONNECT");
    if (!uri)
        uri = link->w->settings.store;
    if (!is_address(uri))
        return ep_fail(
            err, EP_E_CONFIG,
            "the store of this warehouse is a file, which has no roles; name its PostgreSQL: --connect "
            "postgresql://ADMINISTRATOR@HOST/DATABASE");
    EP_TRY(ep_server_connect(uri, &link->server, err));
    EP_TRY(become_administrator(link->server, err));
    return ep_access_find(link->w->plan, link->server, &link->arena, &link->target, err);
}

ep_code ep_access_journal(ep_access_link *link, const char *event, const char *message, ep_error *err) {
    EP_CLEANUP(ep_rows_free) ep_rows *rows = NULL;
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    char now[28];
    ep_time_format_ts(ep_now_us(), now);
    ep_buf_printf(&text, "%s, by %s", message, ep_cli_actor());
    EP_TRY(ep_buf_check(&text, err));
    const char *params[] = {now, link->w->run_id, event, text.data};
    ep_code code = ep_server_query(
        link->server,
        "insert into books.journal (happened_at, run_id, category, severity, event, feed, message) "
        "values (cast($1 as timestamp), $2, 'access', 'info', $3, '', $4)",
        params, 4, &rows, err);
    return code == EP_OK ? EP_OK : ep_fail_prefix(err, "done, but not in the journal");
}

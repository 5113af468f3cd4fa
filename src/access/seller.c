#include "access/seller.h"
#include "access/access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { ROLE_BYTES = 64, END_TRIES = 50, END_WAIT_MS = 100 };

bool ep_seller_id_valid(const char *id) {
    size_t len = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return len >= 1 && len <= 40 && !id[len] && strcmp(id, "platform") != 0;
}

static ep_code role_name(const char *id, char ret[ROLE_BYTES], ep_error *err) {
    if (!ep_seller_id_valid(id))
        return ep_fail_field(err, EP_E_ARG, "seller",
                             "a seller's id has 1 to 40 of a-z, 0-9 and _, and is not platform");
    snprintf(ret, ROLE_BYTES, "seller_%s", id);
    return EP_OK;
}

static ep_code check_password(const char *password, ep_error *err) {
    size_t len = strlen(password);
    if (len < EP_SELLER_PASSWORD_MIN || len > EP_SELLER_PASSWORD_MAX)
        return ep_fail_field(err, EP_E_ARG, "password", "a password has %d to %d characters",
                             EP_SELLER_PASSWORD_MIN, EP_SELLER_PASSWORD_MAX);
    for (size_t i = 0; i < len; i++)
        if (password[i] < 0x21 || password[i] > 0x7E)
            return ep_fail_field(err, EP_E_ARG, "password",
                                 "a password has letters, digits and signs of ASCII, no blanks");
    return EP_OK;
}

static ep_code render(const char *section, const ep_sql_var *vars, size_t n, ep_buf *ret, ep_error *err) {
    EP_TRY(ep_sql_render("sql/access/roles.sql", section, vars, n, ret, err));
    while (ret->len > 0 && strchr("; \n", ret->data[ret->len - 1]))
        ret->data[--ret->len] = '\0';
    return EP_OK;
}

typedef struct known {
    bool made, may_log_in, is_member;
} known;

static ep_code look(ep_server *server, const char *role, known *ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_CLEANUP(ep_rows_free) ep_rows *rows = NULL;
    EP_TRY(render("known", NULL, 0, &sql, err));
    EP_TRY(ep_server_query(server, sql.data, &role, 1, &rows, err));
    *ret = (known){strcmp(ep_rows_get(rows, 0, 0), "yes") == 0, strcmp(ep_rows_get(rows, 0, 1), "yes") == 0,
                   strcmp(ep_rows_get(rows, 0, 2), "yes") == 0};
    return EP_OK;
}

static ep_code make(ep_server *server, const char *role, bool is_new, const char *password, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf verifier = {0};
    EP_CLEANUP(ep_buf_done) ep_buf literal = {0};
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    uint8_t salt[16];
    char connections[16], statement_ms[16];
    if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt)
        return ep_fail_errno(err, errno, "cannot draw random bytes for", "a password");
    EP_TRY(ep_scram_verifier(password, salt, &verifier, err));
    ep_buf_put_literal(&literal, (ep_str){verifier.data, verifier.len});
    EP_TRY(ep_buf_check(&literal, err));
    snprintf(connections, sizeof connections, "%d", EP_SELLER_CONNECTIONS);
    snprintf(statement_ms, sizeof statement_ms, "%d", EP_SELLER_STATEMENT_MS);
    const ep_sql_var vars[] = {
        {"role", role, NULL},
        {"new", is_new ? "yes" : "", NULL},
        {"verifier", literal.data, NULL},
        {"connections", connections, NULL},
        {"statement_ms", statement_ms, NULL},
    };
    EP_TRY(render("add", vars, sizeof vars / sizeof *vars, &sql, err));
    /* One message, so one transaction: a login without its limits is never there. */
    return ep_server_exec(server, sql.data, err);
}

ep_code ep_seller_add(ep_server *server, const char *id, const char *password, bool *ret_limited,
                      ep_error *err) {
    char role[ROLE_BYTES];
    known k;
    EP_TRY(role_name(id, role, err));
    EP_TRY(check_password(password, err));
    EP_TRY(look(server, role, &k, err));
    if (k.may_log_in && k.is_member)
        return ep_fail(
            err, EP_E_CONFLICT,
            "%s has a login already; for a new password revoke it first: entrepot seller revoke %s", id, id);
    ep_code code = make(server, role, !k.made, password, err);
    if (code == EP_E_NOT_FOUND)
        return ep_fail(err, code,
                       "the group sellers is missing; make the roles first: entrepot access apply");
    EP_TRY(code);
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    const ep_sql_var vars[] = {{"role", role, NULL}};
    ep_error ignored = {0};
    EP_TRY(render("limits", vars, 1, &sql, err));
    *ret_limited = ep_server_exec(server, sql.data, &ignored) == EP_OK;
    return EP_OK;
}

static ep_code count(ep_server *server, const char *section, const char *role, int64_t *ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    EP_TRY(render(section, NULL, 0, &sql, err));
    EP_TRY(ep_server_get(server, sql.data, &role, 1, &text, err));
    *ret = strtoll(text.data, NULL, 10);
    return EP_OK;
}

ep_code ep_seller_revoke(ep_server *server, const char *id, int64_t *ret_sessions, ep_error *err) {
    char role[ROLE_BYTES];
    known k;
    EP_TRY(role_name(id, role, err));
    EP_TRY(look(server, role, &k, err));
    if (!k.made)
        return ep_fail(err, EP_E_NOT_FOUND, "%s has no login; entrepot seller list shows who has", id);
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    const ep_sql_var vars[] = {{"role", role, NULL}};
    EP_TRY(render("revoke", vars, 1, &sql, err));
    EP_TRY(ep_server_exec(server, sql.data, err));
    *ret_sessions = 0;
    for (int i = 0; i < END_TRIES; i++) {
        int64_t asked, left;
        EP_TRY(count(server, "end_sessions", role, &asked, err));
        *ret_sessions = asked > *ret_sessions ? asked : *ret_sessions;
        EP_TRY(count(server, "sessions", role, &left, err));
        if (left == 0)
            return EP_OK;
        nanosleep(&(struct timespec){.tv_nsec = END_WAIT_MS * 1000000L}, NULL);
    }
    return ep_fail(err, EP_E_UNAVAILABLE,
                   "%s can no longer log in, but a session of it did not end yet; type the command again",
                   id);
}

ep_code ep_seller_list(ep_server *server, ep_rows **ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(render("list", NULL, 0, &sql, err));
    return ep_server_query(server, sql.data, NULL, 0, ret, err);
}

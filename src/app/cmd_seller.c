#include "access/seller.h"
#include "app/access_link.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static ep_code one_seller(const ep_cli *cli, ep_error *err) {
    return cli->n_args == 1
               ? EP_OK
               : ep_fail(err, EP_E_USAGE, "name one seller: entrepot %s maison_lune", cli->command->name);
}

/* The first line of a file that nobody else can read. */
static ep_code read_password(const char *path, ep_buf *ret, ep_error *err) {
    struct stat status;
    if (stat(path, &status) != 0)
        return ep_fail_errno(err, errno, "cannot read", path);
    if (status.st_mode & 077)
        return ep_fail(err, EP_E_PERMISSION, "%s can be read by others; chmod 600 it first", path);
    EP_TRY(ep_read_file(path, 4096, ret, err));
    size_t len = ret->data ? strcspn(ret->data, "\r\n") : 0;
    if (len == 0)
        return ep_fail(err, EP_E_CONFIG, "%s holds no password in its first line", path);
    ret->data[len] = '\0';
    ret->len = len;
    return EP_OK;
}

static void say_added(const ep_cli *cli, const char *id, const char *password, bool printed, bool limited) {
    if (cli->json) {
        printf("{\"seller\": \"%s\", \"role\": \"seller_%s\"", id, id);
        if (printed)
            printf(", \"password\": \"%s\"", password);
        printf(", \"temporary_files_limited\": %s}\n", limited ? "true" : "false");
        return;
    }
    printf("%s logs in as seller_%s\n", id, id);
    if (printed)
        printf("password: %s\n(shown once; it is kept nowhere)\n", password);
    if (!limited)
        puts(
            "temporary files are not limited: only a superuser can, or the server's setting temp_file_limit for all");
}

static ep_code add(ep_cli *cli, ep_access_link *link, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf given = {0};
    char made[33];
    bool limited = false;
    const char *file = ep_cli_get(cli, "password-file");
    EP_TRY(one_seller(cli, err));
    EP_TRY(file ? read_password(file, &given, err) : ep_password_new(made, err));
    EP_TRY(ep_access_link_open(cli, link, err));
    const char *password = file ? given.data : made;
    ep_code code = ep_seller_add(link->server, cli->args[0], password, &limited, err);
    if (code == EP_OK)
        say_added(cli, cli->args[0], password, !file, limited);
    explicit_bzero(made, sizeof made);
    if (given.data)
        explicit_bzero(given.data, given.len);
    EP_TRY(code);
    return ep_access_journal(link, "seller_added", cli->args[0], err);
}

int ep_cmd_seller_add(ep_cli *cli) {
    return ep_access_link_run(cli, add);
}

static ep_code revoke(ep_cli *cli, ep_access_link *link, ep_error *err) {
    int64_t n;
    EP_TRY(one_seller(cli, err));
    EP_TRY(ep_access_link_open(cli, link, err));
    EP_TRY(ep_seller_revoke(link->server, cli->args[0], &n, err));
    if (cli->json)
        printf("{\"seller\": \"%s\", \"sessions_ended\": %" PRId64 "}\n", cli->args[0], n);
    else
        printf("%s can no longer log in; sessions ended: %" PRId64 "\n", cli->args[0], n);
    return ep_access_journal(link, "seller_revoked", cli->args[0], err);
}

int ep_cmd_seller_revoke(ep_cli *cli) {
    return ep_access_link_run(cli, revoke);
}

static ep_code list(ep_cli *cli, ep_access_link *link, ep_error *err) {
    EP_CLEANUP(ep_rows_free) ep_rows *rows = NULL;
    EP_TRY(ep_access_link_open(cli, link, err));
    EP_TRY(ep_seller_list(link->server, &rows, err));
    for (size_t i = 0; i < ep_rows_n(rows); i++) {
        const char *seller = ep_rows_get(rows, i, 0), *state = ep_rows_get(rows, i, 1),
                   *most = ep_rows_get(rows, i, 2), *now = ep_rows_get(rows, i, 3);
        if (cli->json)
            printf("{\"seller\": \"%s\", \"state\": \"%s\", \"connections\": %s, \"sessions\": %s}\n", seller,
                   state, most, now);
        else
            printf("%-40s  %-8s  %s connections at most, %s now\n", seller, state, most, now);
    }
    return EP_OK;
}

int ep_cmd_seller_list(ep_cli *cli) {
    return ep_access_link_run(cli, list);
}

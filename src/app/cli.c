#include "app/cli.h"
#include "app/access_link.h"
#include "app/running.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *ep_cli_get(const ep_cli *cli, const char *name) {
    for (int i = 0; cli->command->options && cli->command->options[i].name; i++)
        if (strcmp(cli->command->options[i].name, name) == 0)
            return cli->options[i];
    return NULL;
}

bool ep_cli_has(const ep_cli *cli, const char *name) {
    return ep_cli_get(cli, name) != NULL;
}

ep_code ep_cli_int(const ep_cli *cli, const char *name, int64_t low, int64_t high, int64_t *ret,
                   ep_error *err) {
    const char *text = ep_cli_get(cli, name);
    int64_t value;
    if (!text)
        return EP_OK;
    if (ep_int_parse(ep_str_from(text), &value) != EP_NUM_OK || value < low || value > high)
        return ep_fail_field(err, EP_E_USAGE, name,
                             "--%s must be a whole number from %" PRId64 " to %" PRId64, name, low, high);
    *ret = value;
    return EP_OK;
}

ep_code ep_cli_word(const ep_cli *cli, const char *option, const char *(*name)(int), int n, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf list = {0};
    const char *word = ep_cli_get(cli, option);
    bool known = !word;
    for (int i = 0; i < n; i++) {
        known = known || strcmp(word, name(i)) == 0;
        ep_buf_printf(&list, "%s%s", i == 0 ? "" : i == n - 1 ? " or " : ", ", name(i));
    }
    EP_TRY(ep_buf_check(&list, err));
    return known ? EP_OK : ep_fail_field(err, EP_E_USAGE, option, "--%s is %s", option, list.data);
}

ep_code ep_cli_time(const ep_cli *cli, const char *name, int64_t *ret, ep_error *err) {
    const char *text = ep_cli_get(cli, name);
    int32_t day;
    if (!text || ep_time_parse(ep_str_from(text), EP_TF_RFC3339, NULL, NULL, ret))
        return EP_OK;
    if (!ep_date_parse(ep_str_from(text), NULL, &day))
        return ep_fail_field(err, EP_E_USAGE, name,
                             "--%s must be a date (2026-03-01) or a time with zone (2026-03-01T12:00:00Z)",
                             name);
    *ret = day * EP_DAY_US;
    return EP_OK;
}

int ep_cli_fail(const ep_cli *cli, ep_code code, const ep_error *err) {
    if (cli->json) {
        EP_CLEANUP(ep_buf_done) ep_buf out = {0};
        ep_buf_printf(&out, "{\"error\": \"%s\", \"text\": ", ep_code_name(code));
        ep_buf_put_json(&out, ep_str_from(err->text));
        ep_buf_puts(&out, "}\n");
        fputs(out.data ? out.data : "{\"error\": \"no_memory\"}\n", stderr);
    } else {
        fprintf(stderr, "entrepot: %s\n", err->text[0] ? err->text : ep_code_name(code));
    }
    return ep_code_exit(code);
}

ep_code ep_cli_print_text(const ep_cli *cli, const char *name, const char *text, ep_error *err) {
    if (!cli->json) {
        fputs(text, stdout);
        return EP_OK;
    }
    EP_CLEANUP(ep_buf_done) ep_buf out = {0};
    ep_buf_printf(&out, "{\"%s\": ", name);
    ep_buf_put_json(&out, ep_str_from(text));
    ep_buf_puts(&out, "}\n");
    EP_TRY(ep_buf_check(&out, err));
    fputs(out.data, stdout);
    return EP_OK;
}

void ep_cli_print_lints(const ep_cli *cli, const ep_lints *lints, FILE *out) {
    static const char *const severities[] = {"info", "warning", "error"};
    for (size_t i = 0; i < lints->n; i++) {
        const ep_lint *l = &lints->items[i];
        if (!cli->json) {
            fprintf(out, "%s:%d:%d: %s: %s [%s]\n", l->file, l->line, l->column, severities[l->severity],
                    l->text, l->code);
            continue;
        }
        EP_CLEANUP(ep_buf_done) ep_buf json = {0};
        ep_buf_puts(&json, "{\"file\": ");
        ep_buf_put_json(&json, ep_str_from(l->file));
        ep_buf_printf(&json,
                      ", \"line\": %d, \"column\": %d, \"severity\": \"%s\", \"code\": \"%s\", \"text\": ",
                      l->line, l->column, severities[l->severity], l->code);
        ep_buf_put_json(&json, ep_str_from(l->text));
        ep_buf_puts(&json, "}\n");
        fputs(json.data ? json.data : "", out);
    }
}

/* First signal: stop at the next safe place. Second: at once, as the kernel would. */
static volatile sig_atomic_t n_signals;

static void on_signal(int number) {
    if (++n_signals > 1) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

static int is_cancelled(void) {
    return n_signals > 0;
}

ep_code ep_cli_open(ep_cli *cli, ep_open_mode mode, ep_warehouse **ret, ep_error *err) {
    ep_code code = ep_warehouse_open(cli->folder, mode, ret, err);
    ep_warehouse *w = *ret;
    if (w && (code == EP_E_CONFIG || cli->verbose))
        ep_cli_print_lints(cli, &w->lints, stderr);
    if (code == EP_E_BUSY)
        ep_running_explain(cli->folder, err);
    if (code != EP_OK) {
        ep_warehouse_close(ret);
        return code;
    }
    if (mode == EP_OPEN_WRITE) {
        ep_running_begin(cli, w);
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        w->cancelled = is_cancelled;
        code = ep_access_after_migration(w, err);
    }
    if (code != EP_OK)
        ep_warehouse_close(ret);
    return code;
}

const char *ep_cli_actor(void) {
    const struct passwd *user = getpwuid(geteuid());
    return user ? user->pw_name : "unknown";
}

#include "app/cli.h"
#include "warehouse/verify.h"

#include <inttypes.h>

static void tell(void *context, const ep_verdict *v) {
    const ep_cli *cli = context;
    static const char *const names[] = {[0] = "contract",
                                        [1] = "conservation",
                                        [3] = "convergence",
                                        [4] = "as it was",
                                        [7] = "reconciliation"};
    int64_t shown = v->n_offenders < 20 ? v->n_offenders : 20;
    if (cli->json) {
        EP_CLEANUP(ep_buf_done) ep_buf out = {0};
        ep_buf_printf(&out, "{\"invariant\": %d, \"check\": ", v->invariant);
        ep_buf_put_json(&out, ep_str_from(v->check));
        ep_buf_printf(&out, ", \"table\": \"%s\", \"broken\": %" PRId64 ", \"offenders\": [", v->table,
                      v->n_offenders);
        for (int64_t i = 0; i < shown; i++) {
            ep_buf_puts(&out, i ? ", " : "");
            ep_buf_put_json(&out, ep_str_from(v->offenders[i]));
        }
        ep_buf_puts(&out, "]}\n");
        fputs(out.data ? out.data : "", stdout);
        return;
    }
    if (v->n_offenders == 0 && cli->quiet)
        return;
    printf("%s  %d %-14s %s%s%s\n", v->n_offenders ? "BROKEN" : "ok    ", v->invariant, names[v->invariant],
           v->table, v->table[0] ? ": " : "", v->check);
    for (int64_t i = 0; i < shown; i++)
        printf("          %s\n", v->offenders[i]);
    if (v->n_offenders > shown)
        printf("          ... and %" PRId64 " more\n", v->n_offenders - shown);
}

int ep_cmd_verify(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    int64_t n_broken = 0;
    ep_code code = ep_cli_open(cli, EP_OPEN_READ, &w, &err);
    const ep_verify_options options = {tell, cli};
    if (code == EP_OK)
        code = ep_verify(w, &options, &n_broken, &err);
    ep_warehouse_close(&w);
    if (code != EP_OK)
        return ep_cli_fail(cli, code, &err);
    if (!cli->json)
        printf(n_broken ? "%" PRId64 " checks are broken\n" : "every check holds\n", n_broken);
    return n_broken ? 1 : 0;
}

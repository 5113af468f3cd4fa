#include "app/cli.h"
#include "warehouse/set_rules.h"

#include <inttypes.h>
#include <string.h>

static const char *const states[] = {"passes", "FAILS", "CANNOT RUN"};

typedef struct teller {
    const ep_cli *cli;
    int64_t n_rules;
} teller;

static void tell(void *context, const ep_rule_verdict *v) {
    teller *t = context;
    if (t->cli->json) {
        static const char *const severities[] = {"info", "warning", "error"};
        EP_CLEANUP(ep_buf_done) ep_buf out = {0};
        const char *names[] = {"table", "rule", "severity", "state", "value", "limit", "why"};
        const char *texts[] = {v->table, v->rule, severities[v->severity], states[v->state], v->value,
                               v->limit, v->why};
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            ep_buf_printf(&out, "%s\"%s\": ", i ? ", " : "{", names[i]);
            ep_buf_put_json(&out, ep_str_from(texts[i]));
        }
        ep_buf_puts(&out, "}");
        puts(out.data ? out.data : "");
        return;
    }
    if (t->n_rules++ == 0 && !t->cli->quiet)
        printf("%-10s  %-22s %-34s %-20s %s\n", "state", "table", "rule", "value", "limit");
    if (v->state == EP_RULE_PASSES && t->cli->quiet)
        return;
    printf("%-10s  %-22s %-34s %-20s %s\n", states[v->state], v->table, v->rule, v->value, v->limit);
    if (v->why[0])
        printf("            %s\n", v->why);
}

/* One flag a table of the plan. */
static ep_code choose(const ep_cli *cli, const ep_warehouse *w, bool **ret, ep_error *err) {
    if (cli->n_args == 0)
        return EP_OK;
    if (!(*ret = ep_calloc(w->plan->n + 1, sizeof **ret)))
        return ep_fail(err, EP_E_NOMEM, "out of memory for set rules");
    for (int i = 0; i < cli->n_args; i++) {
        const ep_table *t = ep_plan_find(w->plan, cli->args[i]);
        if (!t)
            return ep_fail(err, EP_E_USAGE, "no contract describes a table %s", cli->args[i]);
        (*ret)[t - w->plan->tables] = true;
    }
    return EP_OK;
}

int ep_cmd_check(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    teller t = {cli, 0};
    ep_set_rule_options options = {NULL, tell, &t};
    bool *tables = NULL;
    int64_t n_failing = 0;
    ep_code code = ep_cli_open(cli, EP_OPEN_WRITE, &w, &err);
    if (code == EP_OK)
        code = choose(cli, w, &tables, &err);
    options.tables = tables;
    if (code == EP_OK)
        code = ep_set_rules_run(w, &options, &n_failing, &err);
    ep_free(tables);
    ep_warehouse_close(&w);
    if (code != EP_OK)
        return ep_cli_fail(cli, code, &err);
    if (!cli->json && n_failing)
        printf("%" PRId64 " rule%s\n", n_failing, n_failing == 1 ? " fails" : "s fail");
    else if (!cli->json)
        puts("every rule passes");
    return n_failing ? 1 : 0;
}

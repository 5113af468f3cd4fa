#ifndef EP_WAREHOUSE_SET_RULES_H
#define EP_WAREHOUSE_SET_RULES_H

#include "warehouse/warehouse.h"

/*
 * Rules over a whole table (row counts, percentages, duplicates, SQL), looked at after loading and outside of acceptance: they never set a
 * record aside. A rule that fails opens an incident, which stays until the rule passes again.
 */

typedef enum ep_rule_state { EP_RULE_PASSES, EP_RULE_FAILS, EP_RULE_CANNOT_RUN } ep_rule_state;

/* Texts live until the callback returns. Never holds a value of a row. */
typedef struct ep_rule_verdict {
    const char *table, *rule;
    ep_severity severity;
    ep_rule_state state;
    const char *value; /* counted: "12", "3.5 (7 of 200 rows are 3.5 %)"; "" when the rule cannot run */
    const char *limit; /* "mustBeLessThan 5 percent" */
    const char *why;   /* why it cannot run, or "" */
} ep_rule_verdict;

typedef struct ep_set_rule_options {
    const bool *tables;                                             /* per table of the plan; NULL all */
    void (*verdict)(void *context, const ep_rule_verdict *verdict); /* once a rule; may be NULL */
    void *context;
} ep_set_rule_options;

/**
 * Evaluates the set rules of the chosen tables and writes what changed (incidents opened and closed, and their journal entries) in one
 * transaction of its own. A rule that cannot run is an incident too; an incident whose rule is gone from the contract is closed.
 * @param ret_failing  rules that fail or cannot run.
 */
EP_CHECK ep_code ep_set_rules_run(ep_warehouse *w, const ep_set_rule_options *options, int64_t *ret_failing,
                                  ep_error *err);

/* An evaluated rule, on its way into the books. */
typedef struct ep_rule_result {
    const ep_table *table;
    const ep_set_rule *rule;
    ep_rule_state state;
    char *value, *limit, *why; /* in the caller's arena */
} ep_rule_result;

/** Opens, updates and closes incidents of the tables; inside a transaction. Results of a table lie side by side. */
EP_CHECK ep_code ep_incidents_write(ep_warehouse *w, const bool *tables, const ep_rule_result *results,
                                    size_t n_results, ep_error *err);

#endif

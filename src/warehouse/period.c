#include "warehouse/period.h"
#include "warehouse/journal.h"
#include "warehouse/lock.h"
#include "warehouse/tx.h"

#include <stdio.h>
#include <string.h>

/* First days of the month and of the next. */
static ep_code read_month(const char *month, int32_t *ret_start, int32_t *ret_end, ep_error *err) {
    static const char form[] = "0000-00";
    bool good = strlen(month) == sizeof form - 1;
    for (size_t i = 0; good && form[i]; i++)
        good = form[i] == '-' ? month[i] == '-' : month[i] >= '0' && month[i] <= '9';
    int year = 0;
    unsigned number = 0;
    if (!good || sscanf(month, "%4d-%2u", &year, &number) != 2 || year < 1 || number < 1 || number > 12)
        return ep_fail(err, EP_E_USAGE, "write the month like 2026-03");
    *ret_start = ep_days_from_civil(year, number, 1);
    *ret_end = ep_days_from_civil(number == 12 ? year + 1 : year, number == 12 ? 1 : number + 1, 1);
    if (ep_paris_day(ep_now_us()) < *ret_end)
        return ep_fail(err, EP_E_USAGE, "%s has not ended yet in Paris", month);
    return EP_OK;
}

/* The scripts run over the month's lines once more, and see that it is closed. */
static ep_code book(ep_warehouse *w, int32_t start, ep_error *err) {
    EP_CLEANUP(ep_tx_free) ep_tx *tx = NULL;
    EP_TRY(ep_tx_new(w, &tx, err));
    const ep_table *lines = ep_plan_find(w->plan, "fact_order_line");
    if (!lines)
        return EP_OK;
    /* A day earlier: midnight in Paris comes before midnight UTC. */
    tx->changed[lines - w->plan->tables] = (ep_changed_table){true, (start - 1) * EP_DAY_US};
    return ep_tx_derive(tx, err);
}

static ep_code close_month(ep_warehouse *w, const char *month, const char *actor, int32_t start, int32_t end,
                           bool *ret_closed, ep_error *err) {
    int64_t n;
    const ep_value params[] = {ep_v_date(start), ep_v_date(end), ep_v_ts(ep_now_us())};
    EP_TRY(ep_store_get_int(w->store, "select count(*) from books.closed_period where period_start = $1",
                            params, 1, &n, err));
    *ret_closed = n == 0;
    if (n > 0)
        return EP_OK;
    EP_TRY(ep_store_run(
        w->store, "insert into books.closed_period (period_start, period_end, closed_at) values ($1, $2, $3)",
        params, 3, NULL, err));
    EP_TRY(book(w, start, err));
    char message[120];
    snprintf(message, sizeof message, "%s closed by %.80s", month, actor);
    ep_journal_entry entry = {EP_J_ADMIN, EP_JS_INFO, "period_closed", "", message, -1, -1, -1};
    return ep_journal_write(w, &entry, err);
}

ep_code ep_period_close(ep_warehouse *w, const char *month, const char *actor, bool *ret_closed,
                        ep_error *err) {
    int32_t start = 0, end = 0;
    EP_TRY(read_month(month, &start, &end, err));
    EP_TRY(ep_store_begin(w->store, err));
    ep_code code = ep_warehouse_lock(w, err);
    if (code == EP_OK)
        code = close_month(w, month, actor, start, end, ret_closed, err);
    if (code == EP_OK)
        code = ep_store_commit(w->store, err);
    if (code != EP_OK)
        ep_store_rollback(w->store);
    return code;
}

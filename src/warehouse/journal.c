#include "warehouse/journal.h"

const char *ep_journal_category_name(ep_journal_category category) {
    static const char *const names[] = {
#define NAME(id, name, text) name,
        EP_JOURNAL_CATEGORIES(NAME)
#undef NAME
    };
    return (unsigned)category < EP_N_JOURNAL_CATEGORIES ? names[category] : "?";
}

const char *ep_journal_category_text(ep_journal_category category) {
    static const char *const texts[] = {
#define TEXT(id, name, text) text,
        EP_JOURNAL_CATEGORIES(TEXT)
#undef TEXT
    };
    return (unsigned)category < EP_N_JOURNAL_CATEGORIES ? texts[category] : "?";
}

const char *ep_journal_severity_name(ep_journal_severity severity) {
    static const char *const names[] = {"info", "alert", "error"};
    return (unsigned)severity < EP_N_JOURNAL_SEVERITIES ? names[severity] : "?";
}

static ep_value count(int64_t n) {
    return n < 0 ? ep_v_null(EP_T_INT) : ep_v_int(n);
}

ep_code ep_journal_write(ep_warehouse *w, const ep_journal_entry *entry, ep_error *err) {
    const ep_value params[] = {
        ep_v_ts(ep_now_us()),
        ep_v_cstr(w->run_id),
        ep_v_cstr(ep_journal_category_name(entry->category)),
        ep_v_cstr(ep_journal_severity_name(entry->severity)),
        ep_v_cstr(entry->event),
        ep_v_cstr(entry->feed),
        ep_v_cstr(entry->message),
        count(entry->n_received),
        count(entry->n_applied),
        count(entry->n_quarantined),
    };
    return ep_store_run(
        w->store,
        "insert into books.journal (happened_at, run_id, category, severity, event, feed, message, n_received, n_applied, n_quarantined) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params, sizeof params / sizeof *params, NULL, err);
}

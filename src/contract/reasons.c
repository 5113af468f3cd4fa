#include "contract/contract.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *text;
} reason_table[EP_N_REASONS] = {{"", ""},
#define EP_REASON_ROW(id, name, text) {name, text},
                                EP_REASONS(EP_REASON_ROW)
#undef EP_REASON_ROW
};

const char *ep_reason_name(ep_reason_code code) {
    return (unsigned)code < EP_N_REASONS ? reason_table[code].name : "";
}

const char *ep_reason_text(ep_reason_code code) {
    return (unsigned)code < EP_N_REASONS ? reason_table[code].text : "";
}

ep_reason_code ep_reason_find(ep_str name) {
    for (int i = 1; i < EP_N_REASONS; i++)
        if (ep_str_is(name, reason_table[i].name))
            return (ep_reason_code)i;
    return EP_R_NONE;
}

/* One line, into the arena. */
__attribute__((format(printf, 2, 0))) static char *format_text(ep_arena *arena, const char *format,
                                                               va_list args) {
    char text[1024];
    int len = vsnprintf(text, sizeof text, format, args);
    if (len < 0)
        len = 0;
    if ((size_t)len >= sizeof text) {
        /* Cut between two characters. */
        len = sizeof text - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--;
    }
    for (int i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            text[i] = ' ';
    return ep_arena_strndup(arena, text, (size_t)len);
}

#define MAX_COUNTED (UINT32_C(1) << 24) /* more records than a unit holds */

/* Checks go column by column, so a record's reasons come in any order: each record has its count. */
static ep_code count_record(ep_reasons *reasons, uint32_t record, bool *ret_full, ep_error *err) {
    size_t before = reasons->per_record_capacity;
    *ret_full = false;
    if (record >= MAX_COUNTED)
        return EP_OK;
    EP_TRY(ep_grow((void **)&reasons->per_record, &reasons->per_record_capacity, (size_t)record + 1,
                   sizeof(*reasons->per_record), err));
    if (reasons->per_record_capacity > before)
        memset(reasons->per_record + before, 0,
               (reasons->per_record_capacity - before) * sizeof(*reasons->per_record));
    *ret_full = reasons->per_record[record] >= EP_MAX_REASONS_PER_RECORD;
    return EP_OK;
}

ep_code ep_reasons_add(ep_reasons *reasons, const ep_reason *reason, ep_error *err, const char *detail_format,
                       ...) {
    bool full;
    EP_TRY(count_record(reasons, reason->record, &full, err));
    if (full) {
        reasons->n_dropped++;
        return EP_OK;
    }
    const char *detail = "";
    if (detail_format && *detail_format) {
        va_list args;
        va_start(args, detail_format);
        detail = format_text(&reasons->arena, detail_format, args);
        va_end(args);
        if (!detail)
            return ep_fail(err, EP_E_NOMEM, "out of memory keeping a reason");
    }
    EP_TRY(
        ep_grow((void **)&reasons->items, &reasons->capacity, reasons->n + 1, sizeof(*reasons->items), err));
    ep_reason *added = &reasons->items[reasons->n++];
    *added = *reason;
    added->contract = reason->contract ? reason->contract : "";
    added->field = reason->field ? reason->field : "";
    added->detail = detail;
    if (reason->record < MAX_COUNTED)
        reasons->per_record[reason->record]++;
    return EP_OK;
}

void ep_reasons_reset(ep_reasons *reasons) {
    if (reasons->per_record)
        memset(reasons->per_record, 0, reasons->per_record_capacity * sizeof(*reasons->per_record));
    reasons->n = 0;
    reasons->n_dropped = 0;
    ep_arena_reset(&reasons->arena);
}

void ep_reasons_done(ep_reasons *reasons) {
    if (!reasons)
        return;
    ep_free(reasons->items);
    ep_free(reasons->per_record);
    ep_arena_done(&reasons->arena);
    *reasons = (ep_reasons){0};
}

ep_code ep_lints_add(ep_lints *lints, ep_error *err, ep_severity severity, const char *file, int line,
                     int column, const char *code, const char *format, ...) {
    if (severity == EP_S_ERROR)
        lints->n_errors++;
    if (lints->n >= EP_MAX_LINTS)
        return EP_OK;
    const ep_lint *last = lints->n > 0 ? &lints->items[lints->n - 1] : NULL;
    const char *name =
        last && !strcmp(last->file, file) ? last->file : ep_arena_strndup(&lints->arena, file, strlen(file));
    va_list args;
    va_start(args, format);
    const char *text = format_text(&lints->arena, format, args);
    va_end(args);
    if (!name || !text)
        return ep_fail(err, EP_E_NOMEM, "out of memory keeping a finding");
    EP_TRY(ep_grow((void **)&lints->items, &lints->capacity, lints->n + 1, sizeof(*lints->items), err));
    lints->items[lints->n++] = (ep_lint){severity, name, line, column, code, text};
    return EP_OK;
}

void ep_lints_done(ep_lints *lints) {
    if (!lints)
        return;
    ep_free(lints->items);
    ep_arena_done(&lints->arena);
    *lints = (ep_lints){0};
}

#include "decode/csv_header.h"

#include "decode/encoding.h"

/* More columns than any spreadsheet or engine has; bounds the comparison of names. */
#define MAX_COLUMNS 16384

static ep_code no_memory(ep_error *err) {
    return ep_fail(err, EP_E_NOMEM, "no memory for the names of columns");
}

static ep_code copy(ep_csv_header *header, const ep_str *names, size_t n, ep_str **ret, ep_error *err) {
    ep_str *copies = ep_arena_calloc(&header->arena, n + 1, sizeof(*copies));
    for (size_t i = 0; copies && i < n; i++) {
        copies[i] = (ep_str){ep_arena_strndup(&header->arena, names[i].ptr, names[i].len), names[i].len};
        if (!copies[i].ptr)
            copies = NULL;
    }
    if (!copies)
        return no_memory(err);
    *ret = copies;
    return EP_OK;
}

ep_code ep_csv_header_init(ep_csv_header *header, const ep_decode_options *options, ep_error *err) {
    ep_str *names = ep_arena_calloc(&header->arena, options->n_columns + 1, sizeof(*names));
    if (!names)
        return no_memory(err);
    for (size_t i = 0; i < options->n_columns; i++)
        names[i] = ep_str_from(options->columns[i]);
    EP_TRY(copy(header, names, options->n_columns, &header->wanted, err));
    header->n_wanted = options->n_columns;
    if (!options->has_header) {
        header->columns = header->wanted;
        header->n_columns = header->n_wanted;
    }
    return EP_OK;
}

void ep_csv_header_done(ep_csv_header *header) {
    ep_arena_done(&header->arena);
}

ep_code ep_csv_header_set(ep_csv_header *header, const ep_str *columns, size_t n_columns, ep_error *err) {
    EP_TRY(copy(header, columns, n_columns, &header->columns, err));
    header->n_columns = n_columns;
    return EP_OK;
}

static ep_code check(const ep_csv_header *header, ep_error *err) {
    for (size_t i = 0; i < header->n_columns; i++) {
        if (header->columns[i].len == 0)
            return ep_fail(err, EP_E_CONFIG, "the header has no name for column %zu", i + 1);
        for (size_t k = 0; k < i; k++) {
            if (ep_str_eq(header->columns[i], header->columns[k]))
                return ep_fail(err, EP_E_CONFIG,
                               "the header has the name \"%.*s\" twice, columns %zu and %zu",
                               EP_STR_ARGS(header->columns[i]), k + 1, i + 1);
        }
    }
    for (size_t i = 0; i < header->n_wanted; i++) {
        size_t k = 0;
        while (k < header->n_columns && !ep_str_eq(header->wanted[i], header->columns[k]))
            k++;
        if (k == header->n_columns)
            return ep_fail(err, EP_E_CONFIG, "the header lacks the column \"%.*s\"",
                           EP_STR_ARGS(header->wanted[i]));
    }
    return EP_OK;
}

ep_code ep_csv_header_read(ep_csv_header *header, const ep_csv_rules *rules, const ep_raw *record,
                           ep_error *err) {
    ep_flaw flaw;
    size_t n;
    if (record->reason != EP_R_NONE)
        return ep_fail(err, EP_E_CONFIG, "the header cannot be read: %s", ep_reason_text(record->reason));
    if (!ep_text_clean(record->text))
        return ep_fail(err, EP_E_CONFIG, "the header is not valid UTF-8: declare decode.encoding");
    if (!ep_csv_cells(rules, record->text, NULL, 0, &n, &header->arena, &flaw))
        return ep_fail(err, flaw.no_memory ? EP_E_NOMEM : EP_E_CONFIG, "the header cannot be read: %s",
                       flaw.what);
    if (n > MAX_COLUMNS)
        return ep_fail(err, EP_E_CONFIG, "the header has %zu columns, at most %d", n, MAX_COLUMNS);
    ep_csv_cell *cells = ep_arena_alloc(&header->arena, n * sizeof(*cells));
    ep_str *names = ep_arena_alloc(&header->arena, n * sizeof(*names));
    if (!cells || !names || !ep_csv_cells(rules, record->text, cells, n, &n, &header->arena, &flaw))
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        names[i] = (ep_str){cells[i].text, cells[i].len};
    EP_TRY(ep_csv_header_set(header, names, n, err));
    return check(header, err);
}

#include "app/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { WIDTH_ROWS = 1000, MAX_WIDTH = 60 };

typedef struct cell {
    char *text; /* NULL: SQL null */
} cell;

/* The first rows, kept to find the widths. */
typedef struct window {
    ep_arena arena;
    cell *cells;
    size_t n_rows, capacity, n_columns;
    size_t *width;
    bool *right;
} window;

static void window_done(window *win) {
    ep_arena_done(&win->arena);
    ep_free(win->cells);
    ep_free(win->width);
    ep_free(win->right);
}

static void put_json_cell(ep_buf *out, const ep_value *v) {
    if (v->state != EP_VALUE) {
        ep_buf_puts(out, "null");
    } else if (v->type == EP_T_INT || v->type == EP_T_BOOL || v->type == EP_T_DECIMAL) {
        ep_value_put(out, v);
    } else {
        EP_CLEANUP(ep_buf_done) ep_buf text = {0};
        ep_value_put(&text, v);
        ep_buf_put_json(out, (ep_str){text.data, text.len});
    }
}

static void put_csv_cell(ep_buf *out, const ep_value *v) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    if (v->state != EP_VALUE)
        return;
    ep_value_put(&text, v);
    bool quote = text.len == 0 || memchr(text.data, ',', text.len) || memchr(text.data, '"', text.len) ||
                 memchr(text.data, '\n', text.len) || memchr(text.data, '\r', text.len);
    if (!quote) {
        ep_buf_add(out, text.data, text.len);
        return;
    }
    ep_buf_putc(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"')
            ep_buf_putc(out, '"');
        ep_buf_putc(out, text.data[i]);
    }
    ep_buf_putc(out, '"');
}

static ep_code print_lines(ep_cursor *cursor, ep_print_format format, int64_t *ret_rows, ep_error *err) {
    size_t n = ep_cursor_n_columns(cursor);
    EP_CLEANUP(ep_buf_done) ep_buf line = {0};
    for (size_t c = 0; format == EP_PRINT_CSV && c < n; c++)
        printf("%s%s%s", c ? "," : "", ep_cursor_column_name(cursor, c), c + 1 == n ? "\n" : "");
    for (bool more = true;; (*ret_rows)++) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        ep_buf_reset(&line);
        for (size_t c = 0; c < n; c++) {
            ep_value v = ep_cursor_get(cursor, c);
            if (format == EP_PRINT_CSV) {
                ep_buf_puts(&line, c ? "," : "");
                put_csv_cell(&line, &v);
                continue;
            }
            ep_buf_puts(&line, c ? ", " : "{");
            ep_buf_put_json(&line, ep_str_from(ep_cursor_column_name(cursor, c)));
            ep_buf_puts(&line, ": ");
            put_json_cell(&line, &v);
        }
        ep_buf_puts(&line, format == EP_PRINT_CSV ? "\n" : "}\n");
        EP_TRY(ep_buf_check(&line, err));
        if (fwrite(line.data, 1, line.len, stdout) != line.len)
            return errno == EPIPE ? EP_OK : ep_fail_errno(err, errno, "cannot write", "the result");
    }
}

/* Control characters would move the cursor of a terminal: shown as a dot. */
static char *shown(ep_arena *arena, const ep_value *v) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    ep_value_put(&text, v);
    ep_buf_puts(&text, "");
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F)
            text.data[i] = '.';
    size_t len = text.len;
    if (v->type == EP_T_TIMESTAMP && len == 26 && memcmp(text.data + 19, ".000000", 7) == 0)
        len = 19;
    return text.failed ? NULL : ep_arena_strndup(arena, text.data, len);
}

static void print_cell(const window *win, size_t c, const char *text) {
    size_t len = ep_utf8_count(text, strlen(text)), pad = win->width[c] > len ? win->width[c] - len : 0;
    bool last = c + 1 == win->n_columns;
    if (win->right[c])
        printf("%*s%s", (int)pad, "", text);
    else
        printf("%s%*s", text, last ? 0 : (int)pad, "");
    fputs(last ? "\n" : "  ", stdout);
}

static void print_window(window *win, ep_cursor *cursor, bool head) {
    for (size_t c = 0; head && c < win->n_columns; c++)
        print_cell(win, c, ep_cursor_column_name(cursor, c));
    for (size_t c = 0; head && c < win->n_columns; c++) {
        for (size_t i = 0; i < win->width[c]; i++)
            fputs("─", stdout);
        fputs(c + 1 == win->n_columns ? "\n" : "  ", stdout);
    }
    for (size_t r = 0; r < win->n_rows; r++)
        for (size_t c = 0; c < win->n_columns; c++)
            print_cell(win, c, win->cells[r * win->n_columns + c].text);
    win->n_rows = 0;
    ep_arena_reset(&win->arena);
}

static ep_code keep_row(window *win, ep_cursor *cursor, bool measure, ep_error *err) {
    EP_TRY(ep_grow((void **)&win->cells, &win->capacity, (win->n_rows + 1) * win->n_columns,
                   sizeof *win->cells, err));
    for (size_t c = 0; c < win->n_columns; c++) {
        ep_value v = ep_cursor_get(cursor, c);
        char *text =
            v.state == EP_VALUE ? shown(&win->arena, &v) : ep_arena_strndup(&win->arena, "·", strlen("·"));
        if (!text)
            return ep_fail(err, EP_E_NOMEM, "out of memory for a table");
        size_t len = ep_utf8_count(text, strlen(text));
        if (measure && len > win->width[c])
            win->width[c] = len > MAX_WIDTH ? MAX_WIDTH : len;
        win->cells[win->n_rows * win->n_columns + c].text = text;
    }
    win->n_rows++;
    return EP_OK;
}

static ep_code print_table(ep_cursor *cursor, int64_t *ret_rows, ep_error *err) {
    EP_CLEANUP(window_done) window win = {.n_columns = ep_cursor_n_columns(cursor)};
    win.width = ep_calloc(win.n_columns, sizeof *win.width);
    win.right = ep_calloc(win.n_columns, sizeof *win.right);
    if (!win.width || !win.right)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a table");
    for (size_t c = 0; c < win.n_columns; c++) {
        ep_type type = ep_cursor_column(cursor, c).type;
        win.right[c] = type == EP_T_INT || type == EP_T_DECIMAL;
        win.width[c] =
            ep_utf8_count(ep_cursor_column_name(cursor, c), strlen(ep_cursor_column_name(cursor, c)));
    }
    bool head = true;
    for (bool more = true;; (*ret_rows)++) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            break;
        EP_TRY(keep_row(&win, cursor, head, err));
        if (win.n_rows == WIDTH_ROWS) {
            print_window(&win, cursor, head);
            head = false;
        }
    }
    print_window(&win, cursor, head);
    return EP_OK;
}

ep_code ep_print_cursor(ep_cursor *cursor, ep_print_format format, int64_t *ret_rows, ep_error *err) {
    *ret_rows = 0;
    return format == EP_PRINT_TABLE ? print_table(cursor, ret_rows, err)
                                    : print_lines(cursor, format, ret_rows, err);
}

ep_code ep_print_query(ep_warehouse *w, const ep_cli *cli, const char *sql, const ep_value *params,
                       size_t n_params, int64_t *ret_rows, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_store_query(w->store, sql, params, n_params, &cursor, err));
    return ep_print_cursor(cursor, cli->json ? EP_PRINT_JSON : EP_PRINT_TABLE, ret_rows, err);
}

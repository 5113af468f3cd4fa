#include "store/sql_text.h"

#include <string.h>
#include <strings.h>

static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (c & 0x80) != 0;
}

/* A value may hold quotes itself, so all from the first quote to the last one of its kind goes; numbers go one by one, but
 * not those of "DECIMAL(18,4)" or "INT32". */
void ep_sql_put_masked(ep_buf *buf, ep_str text) {
    size_t i = 0;
    while (i < text.len) {
        char c = text.ptr[i];
        /* Not the apostrophe of "can't". */
        if (c == '"' || (c == '\'' && (i == 0 || !is_word(text.ptr[i - 1])))) {
            size_t last = text.len;
            while (last > i + 1 && text.ptr[last - 1] != c)
                last--;
            ep_buf_puts(buf, c == '"' ? "\"...\"" : "'...'");
            i = last > i + 1 ? last : text.len;
        } else if (text.len - i > 8 && memcmp(text.ptr + i, "DECIMAL(", 8) == 0) {
            while (i < text.len && text.ptr[i] != ')')
                ep_buf_putc(buf, text.ptr[i++]);
        } else if (c >= '0' && c <= '9') {
            ep_buf_puts(buf, "...");
            while (i < text.len && (is_word(text.ptr[i]) || strchr(".:-+", text.ptr[i])))
                i++;
        } else if (is_word(c)) {
            while (i < text.len && is_word(text.ptr[i]))
                ep_buf_putc(buf, text.ptr[i++]);
        } else {
            ep_buf_putc(buf, c);
            i++;
        }
    }
}

void ep_sql_put_head(ep_buf *buf, const char *sql) {
    size_t n = 0, n_words = 0;
    bool blank = false;
    for (; *sql && n < 60 && !strchr("'(=$;", *sql); sql++) {
        if (*sql == '-' && sql[1] == '-') {
            while (sql[1] && sql[1] != '\n')
                sql++;
            continue;
        }
        if (strchr(" \t\r\n", *sql)) {
            blank = n > 0;
            continue;
        }
        if (blank && (++n_words == 5 || (*sql >= '0' && *sql <= '9')))
            break;
        if (blank)
            ep_buf_putc(buf, ' ');
        blank = false;
        ep_buf_putc(buf, *sql);
        n++;
    }
    if (n > 0)
        ep_buf_puts(buf, ": ");
}

ep_code ep_sql_prefix(ep_error *err, const char *sql) {
    EP_CLEANUP(ep_buf_done) ep_buf head = {0};
    ep_sql_put_head(&head, sql);
    /* ep_fail_prefix() writes the colon. */
    if (head.failed || head.len < 2)
        return err->code;
    return ep_fail_prefix(err, "%.*s", (int)head.len - 2, head.data);
}

const char *ep_sql_skip(const char *sql) {
    while (*sql && *sql != ';') {
        if (*sql == '\'' || *sql == '"') {
            const char *end = strchr(sql + 1, *sql);
            sql = end ? end + 1 : sql + strlen(sql);
        } else if (sql[0] == '-' && sql[1] == '-') {
            sql += strcspn(sql, "\n");
        } else if (sql[0] == '/' && sql[1] == '*') {
            const char *end = strstr(sql + 2, "*/");
            sql = end ? end + 2 : sql + strlen(sql);
        } else {
            sql++;
        }
    }
    return *sql ? sql + 1 : sql;
}

/* Behind blanks and comments. */
static const char *skip_blank(const char *sql) {
    for (;;) {
        sql += strspn(sql, " \t\r\n;");
        if (sql[0] == '-' && sql[1] == '-') {
            sql += strcspn(sql, "\n");
        } else if (sql[0] == '/' && sql[1] == '*') {
            const char *end = strstr(sql + 2, "*/");
            sql = end ? end + 2 : sql + strlen(sql);
        } else {
            return sql;
        }
    }
}

ep_str ep_sql_first(const char *sql) {
    sql = skip_blank(sql);
    const char *end = ep_sql_skip(sql);
    ep_str statement = {sql, (size_t)(end - sql)};
    if (statement.len > 0 && end[-1] == ';')
        statement.len--;
    return ep_str_trim(statement);
}

bool ep_sql_is_transaction(ep_str statement) {
    static const char *const words[] = {"begin", "commit",  "rollback",  "start",  "end",
                                        "abort", "prepare", "savepoint", "release"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (statement.len >= n && strncasecmp(statement.ptr, words[i], n) == 0 &&
            (statement.len == n || !is_word(statement.ptr[n])))
            return true;
    }
    return false;
}

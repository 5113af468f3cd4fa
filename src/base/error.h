#ifndef EP_BASE_ERROR_H
#define EP_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* What the pipeline does next: an outage is tried again, a bad record is set aside, a bug or a
 * misconfiguration stops the run. "Retry" and "this record is bad" must never be confused. */
typedef enum ep_action { EP_NONE, EP_RETRY, EP_REJECT, EP_FATAL } ep_action;

/* The one table of codes: id, name, action, HTTP status, exit code, what it means. */
#define EP_CODES(X)                                                                          \
    X(EP_OK, "ok", EP_NONE, 200, 0, "done")                                                  \
    X(EP_E_CHECK, "check", EP_FATAL, 422, 1, "a check found something wrong")                \
    X(EP_E_USAGE, "usage", EP_FATAL, 400, 2, "the command line is wrong")                    \
    X(EP_E_ARG, "argument", EP_FATAL, 400, 2, "a value handed over is out of its range")     \
    X(EP_E_CONFIG, "config", EP_FATAL, 500, 2, "a contract, feed or setting is wrong")       \
    X(EP_E_NOT_FOUND, "not_found", EP_FATAL, 404, 3, "a file, table or name does not exist") \
    X(EP_E_PERMISSION, "permission", EP_FATAL, 403, 3, "not allowed by the system")          \
    X(EP_E_IO, "io", EP_FATAL, 500, 3, "reading or writing failed")                          \
    X(EP_E_FULL, "full", EP_RETRY, 507, 3, "no space left")                                  \
    X(EP_E_NOMEM, "no_memory", EP_RETRY, 503, 3, "out of memory")                            \
    X(EP_E_BUSY, "busy", EP_RETRY, 503, 3, "another process writes to this warehouse")       \
    X(EP_E_UNAVAILABLE, "unavailable", EP_RETRY, 503, 3, "a server does not answer")         \
    X(EP_E_LIMIT, "limit", EP_REJECT, 413, 1, "a named limit was reached")                   \
    X(EP_E_RECORD, "record", EP_REJECT, 422, 1, "a record is bad")                           \
    X(EP_E_CONFLICT, "conflict", EP_FATAL, 409, 2, "a contract contradicts what is stored")  \
    X(EP_E_STORE, "store", EP_FATAL, 500, 3, "the engine refused a statement")               \
    X(EP_E_CORRUPT, "corrupt", EP_FATAL, 500, 3, "stored data is damaged")                   \
    X(EP_E_CANCELLED, "cancelled", EP_RETRY, 499, 3, "stopped on request")                   \
    X(EP_E_BUG, "bug", EP_FATAL, 500, 3, "a broken assumption inside the program")

typedef enum ep_code {
#define EP_CODE_ENUM(id, name, action, http, exit_code, text) id,
    EP_CODES(EP_CODE_ENUM)
#undef EP_CODE_ENUM
        EP_N_CODES
} ep_code;

/* Must-check result. */
#define EP_CHECK __attribute__((warn_unused_result))

/* Caller-owned, zero is "no error". Text: UTF-8, one line, no secret, no value of a row. */
typedef struct ep_error {
    ep_code code;
    ep_action action;
    int64_t row;    /* 0-based row or record, or -1 */
    char field[64]; /* column, option or file key concerned, or "" */
    char text[512];
} ep_error;

/** Name of a code ("io"), its action, its process exit code. Any value is accepted. */
const char *ep_code_name(ep_code code);
ep_action ep_code_action(ep_code code);
int ep_code_exit(ep_code code);

/**
 * Fills `err` (NULL is allowed) with a formatted one-line text and returns `code`, so that
 * `return ep_fail(err, EP_E_ARG, "...")` is the idiom. Control characters become spaces.
 */
ep_code ep_fail(ep_error *err, ep_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** Same for a column or option: also sets err->field. */
ep_code ep_fail_field(ep_error *err, ep_code code, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** Same for a failed system call: text is "<what> <path>: <strerror>", code follows from errno
 * (ENOENT: not_found, EACCES/EPERM/EROFS: permission, ENOSPC/EDQUOT: full, ENOMEM: no_memory, else io). */
ep_code ep_fail_errno(ep_error *err, int errnum, const char *what, const char *path);

/** Puts "<prefix>: " before the text of an error that passes by; returns err->code. */
ep_code ep_fail_prefix(ep_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns the code of a failed call to the caller. */
#define EP_TRY(call)                   \
    do {                               \
        ep_code ep_try_code_ = (call); \
        if (ep_try_code_ != EP_OK)     \
            return ep_try_code_;       \
    } while (0)

/* Frees at scope end: EP_CLEANUP(ep_buf_done) ep_buf buf = {0}; the function takes a pointer. */
#define EP_CLEANUP(fn) __attribute__((cleanup(fn)))

#endif

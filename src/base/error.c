#include "base/error.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    ep_action action;
    int exit_code;
} codes[] = {
#define EP_CODE_ROW(id, name, action, http, exit_code, text) {name, action, exit_code},
    EP_CODES(EP_CODE_ROW)
#undef EP_CODE_ROW
};

static bool known(ep_code code) {
    return (unsigned)code < EP_N_CODES;
}

const char *ep_code_name(ep_code code) {
    return known(code) ? codes[code].name : "unknown";
}

ep_action ep_code_action(ep_code code) {
    return known(code) ? codes[code].action : EP_FATAL;
}

int ep_code_exit(ep_code code) {
    return known(code) ? codes[code].exit_code : 3;
}

/* Copies as one line of UTF-8: control characters become blanks, malformed bytes '?'; a cut falls between characters. */
static void put_line(char *out, size_t size, const char *text) {
    size_t len = strlen(text), at = 0, n = 0;
    while (at < len) {
        size_t step = ep_utf8_next(text + at, len - at);
        if (n + (step ? step : 1) >= size)
            break;
        unsigned char c = (unsigned char)text[at];
        if (step > 1) {
            memcpy(out + n, text + at, step);
            n += step;
        } else if (step == 1) {
            out[n++] = c < 0x20 || c == 0x7f ? ' ' : text[at];
        } else {
            out[n++] = '?';
        }
        at += step ? step : 1;
    }
    out[n] = '\0';
}

static ep_code __attribute__((format(printf, 4, 0)))
fill(ep_error *err, ep_code code, const char *field, const char *format, va_list args) {
    if (!err)
        return code;
    /* The arguments may point into *err: written only after formatting. */
    char text[2 * sizeof err->text], name[sizeof err->field];
    vsnprintf(text, sizeof text, format, args);
    put_line(name, sizeof name, field);
    err->code = code;
    err->action = ep_code_action(code);
    err->row = -1;
    memcpy(err->field, name, sizeof name);
    put_line(err->text, sizeof err->text, text);
    return code;
}

ep_code ep_fail(ep_error *err, ep_code code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, code, "", format, args);
    va_end(args);
    return code;
}

ep_code ep_fail_field(ep_error *err, ep_code code, const char *field, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, code, field ? field : "", format, args);
    va_end(args);
    return code;
}

static ep_code code_of_errno(int errnum) {
    switch (errnum) {
    case ENOENT: return EP_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS: return EP_E_PERMISSION;
    case ENOSPC:
    case EDQUOT: return EP_E_FULL;
    case ENOMEM: return EP_E_NOMEM;
    default: return EP_E_IO;
    }
}

ep_code ep_fail_errno(ep_error *err, int errnum, const char *what, const char *path) {
    char reason[128];
    const char *text = strerror_r(errnum, reason, sizeof reason);
    if (!path)
        return ep_fail(err, code_of_errno(errnum), "%s: %s", what, text);
    return ep_fail(err, code_of_errno(errnum), "%s %s: %s", what, path, text);
}

ep_code ep_fail_prefix(ep_error *err, const char *format, ...) {
    if (!err)
        return EP_E_BUG;
    char prefix[sizeof err->text], text[2 * sizeof err->text + 2];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    snprintf(text, sizeof text, "%s: %s", prefix, err->text);
    put_line(err->text, sizeof err->text, text);
    return err->code;
}

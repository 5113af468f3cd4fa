#include "contract/valid_private.h"
#include "contract/validators.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_alnum(char c) {
    return ep_is_digit(c) || ep_is_alpha(c);
}

static bool is_beyond_ascii(char c) {
    return (unsigned char)c >= 0x80;
}

static bool is_one_of(char c, const char *set) {
    return c != '\0' && strchr(set, c) != NULL;
}

/* Labels of 1 to 63 bytes, letters, digits and inner hyphens (RFC 1123, 2.1), 253 bytes in all (RFC 1035,
 * 2.3.4). The last label is not a number, so that no host looks like an address (RFC 3696, 2). `unicode`:
 * also the UTF-8 labels of RFC 6531. */
static bool is_host(ep_str text, bool unicode, size_t *ret_n_labels) {
    *ret_n_labels = 0;
    if (text.len == 0 || text.len > 253)
        return false;
    for (size_t at = 0; at <= text.len;) {
        size_t end = at;
        while (end < text.len && text.ptr[end] != '.')
            end++;
        ep_str label = ep_str_part(text, at, end - at);
        if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++) {
            char c = label.ptr[i];
            if (!is_alnum(c) && c != '-' && !(unicode && is_beyond_ascii(c)))
                return false;
        }
        if (end == text.len && ep_str_all(label, ep_is_digit))
            return false;
        ++*ret_n_labels;
        at = end + 1;
    }
    return true;
}

const char *ep_check_hostname(ep_str value) {
    size_t n_labels;
    if (value.len == 0 || value.len > 253)
        return EP_BAD_LENGTH;
    for (size_t i = 0; i < value.len; i++) {
        if (!is_alnum(value.ptr[i]) && value.ptr[i] != '-' && value.ptr[i] != '.')
            return EP_BAD_CHARACTER;
    }
    return is_host(value, false, &n_labels) ? NULL : EP_BAD_FORMAT;
}

/* atext of RFC 5322, 3.2.3, and anything beyond ASCII (RFC 6531, 3.3). */
static bool is_atext(char c) {
    return is_alnum(c) || is_one_of(c, "!#$%&'*+-/=?^_`{|}~") || is_beyond_ascii(c);
}

static bool is_dot_atom(ep_str text) {
    for (size_t i = 0; i < text.len; i++) {
        bool dot = text.ptr[i] == '.' && i > 0 && i + 1 < text.len && text.ptr[i - 1] != '.';
        if (!dot && !is_atext(text.ptr[i]))
            return false;
    }
    return text.len > 0;
}

/* Quoted-string of RFC 5321, 4.1.2: no control characters, " and \ only after a \. */
static bool is_quoted(ep_str text) {
    if (text.len < 3 || text.ptr[0] != '"' || text.ptr[text.len - 1] != '"')
        return false;
    for (size_t i = 1; i + 1 < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\\') {
            if (++i + 1 >= text.len)
                return false;
            c = text.ptr[i];
        } else if (c == '"') {
            return false;
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return false;
    }
    return true;
}

/* The last @: a quoted local part may hold others, a domain cannot. */
const char *ep_check_email(ep_str value) {
    /* RFC 5321, 4.5.3.1.3: a path has 256 octets with its angle brackets. */
    if (value.len < 3 || value.len > 254)
        return EP_BAD_LENGTH;
    if (!ep_utf8_valid(value.ptr, value.len))
        return EP_BAD_ENCODING;
    size_t at = value.len;
    while (at > 0 && value.ptr[at - 1] != '@')
        at--;
    if (at == 0)
        return EP_BAD_FORMAT;
    ep_str local = ep_str_part(value, 0, at - 1), domain = ep_str_part(value, at, SIZE_MAX);
    if (local.len > 64 || !(is_dot_atom(local) || is_quoted(local)))
        return EP_BAD_LOCAL_PART;
    /* RFC 5321, 2.3.5: fully qualified, so a name alone (localhost) will not do. */
    size_t n_labels;
    return is_host(domain, true, &n_labels) && n_labels >= 2 ? NULL : EP_BAD_DOMAIN;
}

const char *ep_check_e164(ep_str value) {
    if (value.len == 0 || value.ptr[0] != '+')
        return EP_BAD_FORMAT;
    ep_str digits = ep_str_part(value, 1, SIZE_MAX);
    if (!ep_str_all(digits, ep_is_digit))
        return EP_BAD_CHARACTER;
    if (digits.len < 7 || digits.len > 15)
        return EP_BAD_LENGTH;
    return digits.ptr[0] == '0' ? EP_BAD_PREFIX : NULL;
}

const char *ep_check_uuid(ep_str value) {
    if (value.len != 36)
        return EP_BAD_LENGTH;
    for (size_t i = 0; i < value.len; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen != (value.ptr[i] == '-'))
            return EP_BAD_FORMAT;
        if (!hyphen && !ep_is_hex(value.ptr[i]))
            return EP_BAD_CHARACTER;
    }
    return NULL;
}

/* inet_pton wants a C text; anything longer than the longest address is none. */
static bool is_address(int family, ep_str text) {
    char copy[INET6_ADDRSTRLEN];
    unsigned char address[16];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.ptr, '\0', text.len))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return inet_pton(family, copy, address) == 1;
}

const char *ep_check_ipv4(ep_str value) {
    return is_address(AF_INET, value) ? NULL : EP_BAD_FORMAT;
}

const char *ep_check_ipv6(ep_str value) {
    return is_address(AF_INET6, value) ? NULL : EP_BAD_FORMAT;
}

/* RFC 3986: unreserved, sub-delims and percent-encoded bytes are allowed everywhere, `more` besides. */
static bool is_uri_text(ep_str text, const char *more) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            if (text.len - i < 3 || !ep_is_hex(text.ptr[i + 1]) || !ep_is_hex(text.ptr[i + 2]))
                return false;
            i += 2;
        } else if (!is_alnum(c) && !is_one_of(c, "-._~!$&'()*+,;=") && !is_one_of(c, more)) {
            return false;
        }
    }
    return true;
}

struct uri {
    ep_str scheme, userinfo, host, port;
    bool has_authority, has_userinfo;
};

/* The longest part without a byte of `stops`; it is cut off from *rest. */
static ep_str cut(ep_str *rest, const char *stops) {
    size_t n = 0;
    while (n < rest->len && !is_one_of(rest->ptr[n], stops))
        n++;
    ep_str part = ep_str_part(*rest, 0, n);
    *rest = ep_str_part(*rest, n, SIZE_MAX);
    return part;
}

static bool skip(ep_str *rest, char c) {
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    *rest = ep_str_part(*rest, 1, SIZE_MAX);
    return true;
}

/* What stands between [ and ]: an IPv6 address or, for times to come, v1.anything. */
static bool is_ip_literal(ep_str text) {
    if (is_address(AF_INET6, text))
        return true;
    if (text.len == 0 || (text.ptr[0] != 'v' && text.ptr[0] != 'V'))
        return false;
    ep_str rest = ep_str_part(text, 1, SIZE_MAX), version = cut(&rest, ".");
    return version.len > 0 && ep_str_all(version, ep_is_hex) && skip(&rest, '.') && rest.len > 0 &&
           !memchr(rest.ptr, '%', rest.len) && is_uri_text(rest, ":");
}

static const char *parse_authority(ep_str text, struct uri *ret) {
    ep_str rest = text;
    if (memchr(text.ptr, '@', text.len)) {
        ret->has_userinfo = true;
        ret->userinfo = cut(&rest, "@");
        skip(&rest, '@');
        if (!is_uri_text(ret->userinfo, ":"))
            return EP_BAD_USERINFO;
    }
    if (rest.len > 0 && rest.ptr[0] == '[') {
        ret->host = cut(&rest, "]");
        if (!skip(&rest, ']') || !is_ip_literal(ep_str_part(ret->host, 1, SIZE_MAX)))
            return EP_BAD_HOST;
    } else {
        ret->host = cut(&rest, ":");
        if (!is_uri_text(ret->host, ""))
            return EP_BAD_HOST;
    }
    if (skip(&rest, ':')) {
        ret->port = rest;
        return ep_str_all(rest, ep_is_digit) ? NULL : EP_BAD_PORT;
    }
    return rest.len == 0 ? NULL : EP_BAD_HOST;
}

static const char *parse_uri(ep_str value, struct uri *ret) {
    *ret = (struct uri){0};
    ep_str rest = value;
    if (value.len == 0)
        return EP_BAD_LENGTH;
    ret->scheme = cut(&rest, ":");
    for (size_t i = 0; i < ret->scheme.len; i++) {
        char c = ret->scheme.ptr[i];
        if (!ep_is_alpha(c) && (i == 0 || (!ep_is_digit(c) && !is_one_of(c, "+-."))))
            return EP_BAD_SCHEME;
    }
    if (ret->scheme.len == 0 || !skip(&rest, ':'))
        return EP_BAD_SCHEME;
    if (ep_str_starts(rest, "//")) {
        rest = ep_str_part(rest, 2, SIZE_MAX);
        ret->has_authority = true;
        const char *wrong = parse_authority(cut(&rest, "/?#"), ret);
        if (wrong)
            return wrong;
    }
    if (!is_uri_text(cut(&rest, "?#"), "/:@"))
        return EP_BAD_CHARACTER;
    if (skip(&rest, '?') && !is_uri_text(cut(&rest, "#"), "/?:@"))
        return EP_BAD_CHARACTER;
    return !skip(&rest, '#') || is_uri_text(rest, "/?:@") ? NULL : EP_BAD_CHARACTER;
}

const char *ep_check_uri(ep_str value) {
    struct uri uri;
    return parse_uri(value, &uri);
}

static bool is_scheme(ep_str scheme, const char *lower) {
    if (scheme.len != strlen(lower))
        return false;
    for (size_t i = 0; i < scheme.len; i++) {
        if ((scheme.ptr[i] | 0x20) != lower[i])
            return false;
    }
    return true;
}

/* RFC 9110, 4.2: a host is needed, and a user name or password in an address is a fault (4.2.4). */
const char *ep_check_url(ep_str value) {
    struct uri uri;
    const char *wrong = parse_uri(value, &uri);
    if (wrong)
        return wrong;
    if (!is_scheme(uri.scheme, "http") && !is_scheme(uri.scheme, "https"))
        return EP_BAD_SCHEME;
    if (uri.has_userinfo)
        return EP_BAD_USERINFO;
    if (!uri.has_authority || uri.host.len == 0)
        return EP_BAD_HOST;
    return uri.port.len <= 5 && ep_digits_value(uri.port) <= 65535 ? NULL : EP_BAD_PORT;
}

/* 16 bytes, for which compilers know the machine's own instructions. */
typedef uint8_t wide __attribute__((vector_size(16)));

static inline wide not_seller(const void *bytes) {
    wide c;
    memcpy(&c, bytes, sizeof c);
    return (wide)(((c < 'a') | (c > 'z')) & ((c < '0') | (c > '9')) & (c != '_'));
}

bool ep_is_seller_id(ep_str value) {
    wide bad;
    uint64_t words[2];
    if (value.len < 1 || value.len > 40)
        return false;
    if (value.len <= EP_SHORT_BYTES) {
        ep_short_words(value.ptr, value.len, words);
        bad = not_seller(words);
    } else { /* the last step overlaps the one before */
        bad = not_seller(value.ptr + value.len - 16);
        for (size_t i = 0; i + 16 < value.len; i += 16)
            bad |= not_seller(value.ptr + i);
    }
    memcpy(words, &bad, sizeof words);
    return (words[0] | words[1]) == 0;
}

const char *ep_check_seller_id(ep_str value) {
    if (ep_is_seller_id(value))
        return NULL;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (!ep_is_digit(c) && !(c >= 'a' && c <= 'z') && c != '_')
            return EP_BAD_CHARACTER;
    }
    return value.len >= 1 && value.len <= 40 ? NULL : EP_BAD_LENGTH;
}

/* ODCS: a hint that the text is to be hidden, not a rule about it. */
const char *ep_check_password(ep_str value) {
    (void)value;
    return NULL;
}

/* -1 for what is not in the alphabet of RFC 4648, 4. */
static int base64_value(char c) {
    if (ep_is_upper(c))
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ep_is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* With padding, without line ends, and with the unused bits 0 (RFC 4648, 3.5): one text a value. */
const char *ep_check_byte(ep_str value) {
    size_t n_padding = 0;
    while (n_padding < 2 && n_padding < value.len && value.ptr[value.len - 1 - n_padding] == '=')
        n_padding++;
    size_t n = value.len - n_padding;
    for (size_t i = 0; i < n; i++) {
        if (base64_value(value.ptr[i]) < 0)
            return EP_BAD_CHARACTER;
    }
    if (value.len % 4 != 0)
        return EP_BAD_LENGTH;
    int unused = n_padding == 0 ? 0 : base64_value(value.ptr[n - 1]) & (n_padding == 1 ? 3 : 15);
    return unused == 0 ? NULL : EP_BAD_ENCODING;
}

const char *ep_check_binary(ep_str value) {
    (void)value;
    return NULL;
}

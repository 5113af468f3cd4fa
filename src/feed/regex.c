#include "feed/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MAX_PATTERN_BYTES 4096
#define MATCH_LIMIT \
    200000 /* steps: a text of some thousand characters with an ordinary pattern needs far fewer */
#define DEPTH_LIMIT 2000
#define HEAP_KIB    4096

struct ep_regex {
    pcre2_code *code;
    pcre2_general_context *memory;
    uint32_t n_groups;
};

struct ep_regex_run {
    pcre2_general_context *memory;
    pcre2_match_context *limits;
    pcre2_match_data *data;
};

static void *take(PCRE2_SIZE size, void *user) {
    (void)user;
    return ep_malloc(size);
}

static void give_back(void *ptr, void *user) {
    (void)user;
    ep_free(ptr);
}

ep_code ep_regex_compile(ep_str pattern, bool whole, ep_arena *arena, ep_regex **ret, const char **ret_wrong,
                         ep_error *err) {
    *ret_wrong = NULL;
    EP_CLEANUP(ep_regex_free) ep_regex *regex = ep_calloc(1, sizeof(*regex));
    if (!regex || !(regex->memory = pcre2_general_context_create(take, give_back, NULL)))
        return ep_fail(err, EP_E_NOMEM, "out of memory compiling a pattern");
    pcre2_compile_context *context = pcre2_compile_context_create(regex->memory);
    if (!context)
        return ep_fail(err, EP_E_NOMEM, "out of memory compiling a pattern");
    int code;
    PCRE2_SIZE at;
    pcre2_set_max_pattern_length(context, MAX_PATTERN_BYTES);
    pcre2_set_parens_nest_limit(context, 50);
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | (whole ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0);
    regex->code = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, options, &code, &at, context);
    pcre2_compile_context_free(context);
    if (!regex->code) {
        if (code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAP_FAILED)
            return ep_fail(err, EP_E_NOMEM, "out of memory compiling a pattern");
        PCRE2_UCHAR text[160];
        if (pcre2_get_error_message(code, text, sizeof text) < 0)
            text[0] = '\0';
        *ret_wrong = ep_arena_printf(arena, "%s (at character %zu)", (const char *)text, (size_t)at + 1);
        return *ret_wrong ? EP_OK : ep_fail(err, EP_E_NOMEM, "out of memory compiling a pattern");
    }
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &regex->n_groups);
    *ret = regex;
    regex = NULL;
    return EP_OK;
}

void ep_regex_free(ep_regex **regex) {
    if (!regex || !*regex)
        return;
    pcre2_code_free((*regex)->code);
    pcre2_general_context_free((*regex)->memory);
    ep_free(*regex);
    *regex = NULL;
}

uint32_t ep_regex_n_groups(const ep_regex *regex) {
    return regex->n_groups;
}

ep_code ep_regex_run_new(uint32_t n_groups, ep_regex_run **ret, ep_error *err) {
    EP_CLEANUP(ep_regex_run_free) ep_regex_run *run = ep_calloc(1, sizeof(*run));
    if (!run || !(run->memory = pcre2_general_context_create(take, give_back, NULL)) ||
        !(run->limits = pcre2_match_context_create(run->memory)) ||
        !(run->data = pcre2_match_data_create(n_groups + 1, run->memory)))
        return ep_fail(err, EP_E_NOMEM, "out of memory preparing patterns");
    pcre2_set_match_limit(run->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(run->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(run->limits, HEAP_KIB);
    *ret = run;
    run = NULL;
    return EP_OK;
}

void ep_regex_run_free(ep_regex_run **run) {
    if (!run || !*run)
        return;
    pcre2_match_data_free((*run)->data);
    pcre2_match_context_free((*run)->limits);
    pcre2_general_context_free((*run)->memory);
    ep_free(*run);
    *run = NULL;
}

ep_regex_result ep_regex_match(const ep_regex *regex, ep_regex_run *run, ep_str text, uint32_t group,
                               ep_str *ret_group) {
    int n = pcre2_match(regex->code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, 0, 0, run->data,
                        run->limits);
    if (n == PCRE2_ERROR_NOMEMORY)
        return EP_REGEX_NOMEM;
    if (n == PCRE2_ERROR_MATCHLIMIT || n == PCRE2_ERROR_DEPTHLIMIT || n == PCRE2_ERROR_HEAPLIMIT)
        return EP_REGEX_LIMIT;
    if (n < 0)
        return EP_REGEX_NO;
    if (!ret_group)
        return EP_REGEX_YES;
    *ret_group = (ep_str){0};
    const PCRE2_SIZE *places = pcre2_get_ovector_pointer(run->data);
    if (group < pcre2_get_ovector_count(run->data) && places[2 * group] != PCRE2_UNSET &&
        places[2 * group + 1] >= places[2 * group])
        *ret_group = (ep_str){text.ptr + places[2 * group], places[2 * group + 1] - places[2 * group]};
    return EP_REGEX_YES;
}

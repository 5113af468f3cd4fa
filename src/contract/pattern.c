/* Regular expressions of contracts: PCRE2 in UTF mode, the whole text must match, with limits that end a costly match. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "contract/check_private.h"
#include "contract/plain_pattern.h"

#include <pcre2.h>

#define MAX_REGEX_LEN  4096
#define MATCH_LIMIT    500000
#define DEPTH_LIMIT    5000
#define HEAP_LIMIT_KIB 8192
#define JIT_STACK_MAX  ((size_t)256 << 10)

struct ep_pattern_memory {
    pcre2_general_context *general;
    pcre2_compile_context *compile;
};

struct ep_pattern {
    pcre2_code *code;
    bool jit;
    bool is_plain; /* `plain` says the same, much faster */
    ep_plain_pattern plain;
};

struct ep_matcher {
    pcre2_general_context *general;
    pcre2_match_context *context;
    pcre2_match_data *data;
    pcre2_jit_stack *stack;
};

static void *allocate(size_t size, void *unused) {
    (void)unused;
    return ep_malloc(size);
}

static void release(void *memory, void *unused) {
    (void)unused;
    ep_free(memory);
}

ep_code ep_pattern_memory_new(ep_pattern_memory **ret, ep_error *err) {
    EP_CLEANUP(ep_pattern_memory_free) ep_pattern_memory *memory = ep_calloc(1, sizeof(*memory));
    if (memory)
        memory->general = pcre2_general_context_create(allocate, release, NULL);
    if (memory && memory->general)
        memory->compile = pcre2_compile_context_create(memory->general);
    if (!memory || !memory->compile)
        return ep_fail(err, EP_E_NOMEM, "out of memory for regular expressions");
    pcre2_set_max_pattern_length(memory->compile, MAX_REGEX_LEN);
    pcre2_set_parens_nest_limit(memory->compile, 50);
    *ret = memory;
    memory = NULL;
    return EP_OK;
}

void ep_pattern_memory_free(ep_pattern_memory **memory) {
    if (!memory || !*memory)
        return;
    pcre2_compile_context_free((*memory)->compile);
    pcre2_general_context_free((*memory)->general);
    ep_free(*memory);
    *memory = NULL;
}

ep_code ep_pattern_new(ep_pattern_memory *memory, ep_str regex, ep_pattern **ret, ep_error *err) {
    int number = 0;
    PCRE2_SIZE at = 0;
    EP_CLEANUP(ep_pattern_free) ep_pattern *pattern = ep_calloc(1, sizeof(*pattern));
    if (!pattern)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a regular expression");
    pattern->code = pcre2_compile((PCRE2_SPTR)regex.ptr, regex.len,
                                  PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C,
                                  &number, &at, memory->compile);
    if (!pattern->code && (number == PCRE2_ERROR_HEAP_FAILED || number == PCRE2_ERROR_NOMEMORY))
        return ep_fail(err, EP_E_NOMEM, "out of memory for a regular expression");
    if (!pattern->code) {
        PCRE2_UCHAR text[160] = "";
        pcre2_get_error_message(number, text, sizeof text);
        return ep_fail(err, EP_E_CONFIG, "%s, at character %zu", (const char *)text, (size_t)at + 1);
    }
    /* Without JIT (no memory, no executable pages) the interpreter does the same, slower. */
    pattern->jit = pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE) == 0;
    pattern->is_plain = ep_plain_pattern_compile(regex, &pattern->plain);
    *ret = pattern;
    pattern = NULL;
    return EP_OK;
}

bool ep_pattern_needs_matcher(const ep_pattern *pattern) {
    return !pattern->is_plain;
}

void ep_pattern_free(ep_pattern **pattern) {
    if (!pattern || !*pattern)
        return;
    pcre2_code_free((*pattern)->code);
    ep_free(*pattern);
    *pattern = NULL;
}

ep_code ep_matcher_new(ep_matcher **ret, ep_error *err) {
    EP_CLEANUP(ep_matcher_free) ep_matcher *matcher = ep_calloc(1, sizeof(*matcher));
    if (matcher)
        matcher->general = pcre2_general_context_create(allocate, release, NULL);
    if (matcher && matcher->general) {
        matcher->context = pcre2_match_context_create(matcher->general);
        matcher->data = pcre2_match_data_create(1, matcher->general);
    }
    if (!matcher || !matcher->context || !matcher->data)
        return ep_fail(err, EP_E_NOMEM, "out of memory for matching");
    pcre2_set_match_limit(matcher->context, MATCH_LIMIT);
    pcre2_set_depth_limit(matcher->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(matcher->context, HEAP_LIMIT_KIB);
    matcher->stack = pcre2_jit_stack_create((size_t)32 << 10, JIT_STACK_MAX, matcher->general);
    if (matcher->stack)
        pcre2_jit_stack_assign(matcher->context, NULL, matcher->stack);
    *ret = matcher;
    matcher = NULL;
    return EP_OK;
}

void ep_matcher_free(ep_matcher **matcher) {
    if (!matcher || !*matcher)
        return;
    pcre2_jit_stack_free((*matcher)->stack);
    pcre2_match_data_free((*matcher)->data);
    pcre2_match_context_free((*matcher)->context);
    pcre2_general_context_free((*matcher)->general);
    ep_free(*matcher);
    *matcher = NULL;
}

ep_match ep_pattern_match(const ep_pattern *pattern, ep_matcher *matcher, ep_str text) {
    if (pattern->is_plain)
        return ep_plain_pattern_match(&pattern->plain, text) ? EP_MATCH_YES : EP_MATCH_NO;
    PCRE2_SPTR subject = (PCRE2_SPTR)(text.ptr ? text.ptr : "");
    int result =
        pcre2_match(pattern->code, subject, text.len, 0, PCRE2_NO_UTF_CHECK, matcher->data, matcher->context);
    if (result >= 0)
        return EP_MATCH_YES;
    return result == PCRE2_ERROR_NOMATCH ? EP_MATCH_NO : EP_MATCH_GAVE_UP;
}

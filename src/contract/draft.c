#include "contract/draft.h"

#include <stdio.h>
#include <string.h>

/* Shared by the three ways of writing a finding. */
__attribute__((format(printf, 6, 0))) static ep_code write_lint(ep_load *load, const ep_draft_file *file,
                                                                ep_severity severity,
                                                                const ep_yaml_node *node, const char *code,
                                                                const char *format, va_list args) {
    char text[800];
    vsnprintf(text, sizeof text, format, args);
    return ep_lints_add(load->lints, load->err, severity, file->name, node->line, node->column, code, "%s",
                        text);
}

ep_code ep_draft_lint(ep_load *load, const ep_draft_file *file, ep_severity severity,
                      const ep_yaml_node *node, const char *code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    ep_code result = write_lint(load, file, severity, node, code, format, args);
    va_end(args);
    return result;
}

ep_code ep_draft_error(ep_load *load, const ep_draft_file *file, const ep_yaml_node *node, const char *code,
                       const char *format, ...) {
    va_list args;
    va_start(args, format);
    ep_code result = write_lint(load, file, EP_S_ERROR, node, code, format, args);
    va_end(args);
    return result;
}

ep_code ep_draft_doubt(ep_load *load, const ep_draft_file *file, const ep_yaml_node *node, const char *code,
                       const char *format, ...) {
    va_list args;
    va_start(args, format);
    ep_code result =
        write_lint(load, file, load->strict ? EP_S_ERROR : EP_S_WARNING, node, code, format, args);
    va_end(args);
    return result;
}

const char *ep_draft_text(const ep_yaml_node *map, const char *key) {
    const ep_yaml_node *node = ep_yaml_get(map, key);
    return node && node->kind == EP_Y_TEXT ? node->text.ptr : "";
}

bool ep_draft_bool(const ep_yaml_node *map, const char *key) {
    const ep_yaml_node *node = ep_yaml_get(map, key);
    return node && node->kind == EP_Y_BOOL && node->boolean;
}

void *ep_draft_alloc(ep_load *load, size_t n, size_t size_bytes) {
    void *memory = ep_arena_calloc(load->arena, n, size_bytes);
    if (!memory)
        (void)ep_fail(load->err, EP_E_NOMEM, "out of memory reading contracts");
    return memory;
}

int ep_draft_field_index(const ep_draft *draft, const char *name) {
    for (size_t i = 0; i < draft->contract->n_fields; i++)
        if (!strcmp(draft->fields[i].name, name))
            return (int)i;
    return ep_contract_field_index(draft->contract, ep_str_from(name));
}

const char *ep_draft_near_field(ep_load *load, const ep_draft *draft, const char *name) {
    ep_nearest near;
    ep_nearest_init(&near, name);
    for (size_t i = 0; i < draft->contract->n_fields; i++)
        ep_nearest_try(&near, ep_str_from(draft->fields[i].name));
    const char *text =
        near.best[0] ? ep_arena_printf(load->arena, "; did you mean \"%s\"?", near.best) : NULL;
    return text ? text : "";
}

bool ep_draft_is_name(const char *name) {
    size_t len = strlen(name);
    if (len == 0 || len > 63 || !((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_'))
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

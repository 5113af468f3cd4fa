#include "contract/yaml.h"
#include "contract/yaml_scalar.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#define SORT_FROM 16 /* members; smaller maps are searched one by one */

struct ep_yaml {
    ep_arena arena;
    ep_yaml_node *root;
};

/* A list or map that is still open. */
typedef struct frame {
    ep_yaml_node *node, *last;
    bool want_key; /* in a map: the next scalar is a key */
    const char *key;
    int key_line, key_column;
} frame;

typedef struct reader {
    const char *file;
    ep_yaml *yaml;
    struct fy_diag *diag;
    struct fy_parser *parser;
    ep_lints *lints;
    ep_error *err;
    frame stack[EP_YAML_MAX_DEPTH];
    size_t depth, n_nodes, n_documents;
    int line, column; /* where the event before stood */
    bool stop;        /* a lint was written: no use in going on */
} reader;

__attribute__((format(printf, 5, 6))) static ep_code refuse(reader *r, int line, int column, const char *code,
                                                            const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    EP_TRY(ep_lints_add(r->lints, r->err, EP_S_ERROR, r->file, line, column, code, "%s", text));
    r->stop = true;
    return EP_OK;
}

static void swallow(struct fy_diag *diag, void *user, const char *buf, size_t len) {
    (void)diag, (void)user, (void)buf, (void)len;
}

static void place(const struct fy_mark *mark, int *line, int *column) {
    *line = mark ? mark->line + 1 : 1;
    *column = mark ? mark->column + 1 : 1;
}

static int by_key(const void *a, const void *b) {
    const ep_yaml_node *const *x = a, *const *y = b;
    int order = strcmp((*x)->key, (*y)->key);
    if (order)
        return order;
    if ((*x)->key_line != (*y)->key_line)
        return (*x)->key_line < (*y)->key_line ? -1 : 1;
    return ((*x)->key_column > (*y)->key_column) - ((*x)->key_column < (*y)->key_column);
}

static ep_code refuse_twice(reader *r, const ep_yaml_node *first, const ep_yaml_node *again) {
    return refuse(r, again->key_line, again->key_column, "yaml_duplicate_key",
                  "\"%s\" is already given on line %d: keep one of the two", again->key, first->key_line);
}

static ep_code close_map(reader *r, ep_yaml_node *map) {
    if (map->n < SORT_FROM) {
        for (const ep_yaml_node *a = map->first; a; a = a->next)
            for (const ep_yaml_node *b = a->next; b; b = b->next)
                if (!strcmp(a->key, b->key))
                    return refuse_twice(r, a, b);
        return EP_OK;
    }
    const ep_yaml_node **sorted = ep_arena_alloc(&r->yaml->arena, map->n * sizeof(*sorted));
    if (!sorted)
        return ep_fail(r->err, EP_E_NOMEM, "out of memory reading %s", r->file);
    size_t n = 0;
    for (const ep_yaml_node *m = map->first; m; m = m->next)
        sorted[n++] = m;
    qsort(sorted, n, sizeof(*sorted), by_key);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(sorted[i - 1]->key, sorted[i]->key))
            return refuse_twice(r, sorted[i - 1], sorted[i]);
    map->sorted = sorted;
    return EP_OK;
}

static ep_code copy_text(reader *r, struct fy_token *token, ep_str *ret) {
    size_t len = 0;
    const char *text = token ? fy_token_get_text(token, &len) : NULL;
    char *copy = ep_arena_strndup(&r->yaml->arena, text ? text : "", text ? len : 0);
    if (!copy)
        return ep_fail(r->err, EP_E_NOMEM, "out of memory reading %s", r->file);
    *ret = (ep_str){copy, text ? len : 0};
    return EP_OK;
}

/* Hangs a new node below the open list or map. */
static ep_code add_node(reader *r, ep_yaml_kind kind, int line, int column, ep_yaml_node **ret) {
    ep_yaml_node *node = ep_arena_calloc(&r->yaml->arena, 1, sizeof(*node));
    if (!node)
        return ep_fail(r->err, EP_E_NOMEM, "out of memory reading %s", r->file);
    node->kind = kind;
    node->line = node->key_line = line;
    node->column = node->key_column = column;
    if (r->depth == 0) {
        r->yaml->root = node;
    } else {
        frame *top = &r->stack[r->depth - 1];
        if (top->node->kind == EP_Y_MAP) {
            node->key = top->key;
            node->key_line = top->key_line;
            node->key_column = top->key_column;
            top->want_key = true;
        }
        if (top->last)
            top->last->next = node;
        else
            top->node->first = node;
        top->last = node;
        top->node->n++;
    }
    *ret = node;
    return EP_OK;
}

static bool wants_key(const reader *r) {
    return r->depth > 0 && r->stack[r->depth - 1].want_key;
}

static ep_code take_key(reader *r, struct fy_event *event, int line, int column) {
    frame *top = &r->stack[r->depth - 1];
    ep_str text;
    EP_TRY(copy_text(r, event->scalar.value, &text));
    if (text.len == 0)
        return refuse(r, line, column, "yaml_key", "a key is missing before the ':'");
    if (memchr(text.ptr, '\0', text.len))
        return refuse(r, line, column, "yaml_key", "a key holds the character NUL: take it out");
    top->key = text.ptr;
    top->key_line = line;
    top->key_column = column;
    top->want_key = false;
    return EP_OK;
}

static ep_code check_tag(reader *r, struct fy_token *tag, bool *ret_text, int line, int column) {
    size_t len = 0;
    const char *text = tag ? fy_token_get_text(tag, &len) : NULL;
    *ret_text = false;
    if (!text || len == 0)
        return EP_OK;
    ep_str name = {text, len};
    if (ep_str_is(name, "!") || ep_str_is(name, "!!str") || ep_str_is(name, "tag:yaml.org,2002:str")) {
        *ret_text = true;
        return EP_OK;
    }
    return refuse(r, line, column, "yaml_tag", "YAML tags are not read: write the value without \"%.*s\"",
                  (int)(len > 60 ? 60 : len), text);
}

static ep_code take_scalar(reader *r, struct fy_event *event, int line, int column) {
    bool is_text;
    EP_TRY(check_tag(r, event->scalar.tag, &is_text, line, column));
    if (r->stop)
        return EP_OK;
    if (wants_key(r))
        return take_key(r, event, line, column);
    ep_yaml_node *node;
    EP_TRY(add_node(r, EP_Y_TEXT, line, column, &node));
    EP_TRY(copy_text(r, event->scalar.value, &node->text));
    if (memchr(node->text.ptr, '\0', node->text.len))
        return refuse(r, line, column, "yaml_encoding",
                      "the text holds the character NUL (\\0): take it out");
    bool plain = !event->scalar.value || fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
    if (plain && !is_text)
        EP_TRY(ep_yaml_scalar_type(node, &r->yaml->arena, r->err));
    return EP_OK;
}

static ep_code open_node(reader *r, struct fy_event *event, int line, int column) {
    bool map = event->type == FYET_MAPPING_START;
    if (wants_key(r))
        return refuse(r, line, column, "yaml_key", "a key must be plain text, not %s",
                      map ? "a map" : "a list");
    if (r->depth == EP_YAML_MAX_DEPTH)
        return refuse(r, line, column, "yaml_limit", "nested deeper than %d levels", EP_YAML_MAX_DEPTH);
    bool is_text;
    EP_TRY(check_tag(r, map ? event->mapping_start.tag : event->sequence_start.tag, &is_text, line, column));
    if (r->stop)
        return EP_OK;
    ep_yaml_node *node;
    EP_TRY(add_node(r, map ? EP_Y_MAP : EP_Y_LIST, line, column, &node));
    r->stack[r->depth++] = (frame){.node = node, .want_key = map};
    return EP_OK;
}

/* libfyaml marks the text inside quotes or behind the star, and nothing at all for a value that is not written. */
static void place_event(reader *r, struct fy_event *event, int *line, int *column) {
    struct fy_token *token = event->type == FYET_SCALAR ? event->scalar.value : NULL;
    size_t len = 0;
    if (event->type == FYET_SCALAR && (!token || !fy_token_get_text(token, &len) || len == 0)) {
        *line = r->line;
        *column = r->column;
        return;
    }
    place(fy_event_start_mark(event), line, column);
    enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
    bool inside = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED || event->type == FYET_ALIAS;
    if (inside && *column > 1)
        --*column;
    r->line = *line;
    r->column = *column;
}

static ep_code take_event(reader *r, struct fy_event *event) {
    int line, column;
    place_event(r, event, &line, &column);
    if (event->type >= FYET_MAPPING_START && ++r->n_nodes > EP_YAML_MAX_NODES)
        return refuse(r, line, column, "yaml_limit", "more than %d values in one file", EP_YAML_MAX_NODES);
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (++r->n_documents > 1)
            return refuse(
                r, line, column, "yaml_documents",
                "a second document begins here: one file holds one document, put it into a file of its own");
        return EP_OK;
    case FYET_ALIAS:
        return refuse(r, line, column, "yaml_alias",
                      "aliases (*name) are not read: write the value out here");
    case FYET_SCALAR: return take_scalar(r, event, line, column);
    case FYET_MAPPING_START:
    case FYET_SEQUENCE_START: return open_node(r, event, line, column);
    case FYET_MAPPING_END: return close_map(r, r->stack[--r->depth].node);
    case FYET_SEQUENCE_END: r->depth--; return EP_OK;
    default: return EP_OK;
    }
}

static ep_code syntax_error(reader *r) {
    void *prev = NULL;
    struct fy_diag_error *error = fy_diag_errors_iterate(r->diag, &prev);
    if (!error)
        return refuse(r, 1, 1, "yaml_syntax", "this is not YAML");
    char message[300];
    snprintf(message, sizeof message, "%s", error->msg ? error->msg : "not YAML");
    message[strcspn(message, "\n")] = '\0';
    return refuse(r, error->line > 0 ? error->line : 1, error->column > 0 ? error->column : 1, "yaml_syntax",
                  "not YAML: %s", message);
}

static ep_code read_events(reader *r) {
    for (;;) {
        struct fy_event *event = fy_parser_parse(r->parser);
        if (!event)
            return fy_diag_got_error(r->diag) || fy_parser_get_stream_error(r->parser) ? syntax_error(r)
                                                                                       : EP_OK;
        bool end = event->type == FYET_STREAM_END;
        ep_code code = take_event(r, event);
        fy_parser_event_free(r->parser, event);
        if (code != EP_OK || end || r->stop)
            return code;
    }
}

/* Line and column of a byte: only for text that libfyaml is not even shown. */
static void place_of(ep_str text, size_t at, int *line, int *column) {
    *line = *column = 1;
    for (size_t i = 0; i < at && i < text.len; i++)
        if (text.ptr[i] == '\n')
            ++*line, *column = 1;
        else
            ++*column;
}

static ep_code check_encoding(reader *r, ep_str text) {
    if (text.len > EP_YAML_MAX_BYTES)
        return refuse(r, 1, 1, "yaml_limit", "larger than %zu MB", EP_YAML_MAX_BYTES >> 20);
    for (size_t i = 0; i < text.len;) {
        size_t step = text.ptr[i] ? ep_utf8_next(text.ptr + i, text.len - i) : 0;
        if (step == 0) {
            int line, column;
            place_of(text, i, &line, &column);
            return refuse(r, line, column, "yaml_encoding",
                          "the bytes here are not UTF-8: save the file as UTF-8 without NUL");
        }
        i += step;
    }
    return EP_OK;
}

static ep_code read_all(reader *r, ep_str text) {
    EP_TRY(check_encoding(r, text));
    if (r->stop)
        return EP_OK;
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.output_fn = swallow;
    diag_cfg.level = FYET_ERROR;
    diag_cfg.colorize = false;
    r->diag = fy_diag_create(&diag_cfg);
    if (!r->diag)
        return ep_fail(r->err, EP_E_NOMEM, "out of memory reading %s", r->file);
    fy_diag_set_collect_errors(r->diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE | FYPCF_DISABLE_MMAP_OPT,
                               .diag = r->diag};
    r->parser = fy_parser_create(&cfg);
    if (!r->parser || (text.len > 0 && fy_parser_set_string(r->parser, text.ptr, text.len)))
        return ep_fail(r->err, EP_E_NOMEM, "out of memory reading %s", r->file);
    return text.len > 0 ? read_events(r) : EP_OK;
}

ep_code ep_yaml_parse(const char *file, ep_str text, ep_yaml **ret, ep_lints *lints, ep_error *err) {
    EP_CLEANUP(ep_yaml_free) ep_yaml *yaml = ep_calloc(1, sizeof(*yaml));
    if (!yaml)
        return ep_fail(err, EP_E_NOMEM, "out of memory reading %s", file);
    reader r = {.file = file, .yaml = yaml, .lints = lints, .err = err, .line = 1, .column = 1};
    ep_code code = read_all(&r, text);
    if (r.parser)
        fy_parser_destroy(r.parser);
    if (r.diag)
        fy_diag_destroy(r.diag);
    EP_TRY(code);
    if (r.stop)
        return ep_fail(err, EP_E_CONFIG, "%s: cannot be read as YAML", file);
    if (!yaml->root) {
        r.depth = 0;
        ep_yaml_node *root;
        EP_TRY(add_node(&r, EP_Y_NULL, 1, 1, &root));
        root->text = EP_STR("");
    }
    *ret = yaml;
    yaml = NULL;
    return EP_OK;
}

void ep_yaml_free(ep_yaml **yaml) {
    if (!yaml || !*yaml)
        return;
    ep_arena_done(&(*yaml)->arena);
    ep_free(*yaml);
    *yaml = NULL;
}

const ep_yaml_node *ep_yaml_root(const ep_yaml *yaml) {
    return yaml->root;
}

const ep_yaml_node *ep_yaml_get(const ep_yaml_node *map, const char *key) {
    if (!map || map->kind != EP_Y_MAP)
        return NULL;
    if (!map->sorted) {
        for (const ep_yaml_node *m = map->first; m; m = m->next)
            if (!strcmp(m->key, key))
                return m;
        return NULL;
    }
    size_t low = 0, high = map->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(key, map->sorted[middle]->key);
        if (order == 0)
            return map->sorted[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const ep_yaml_node *ep_yaml_at(const ep_yaml_node *list, size_t index) {
    const ep_yaml_node *node = list ? list->first : NULL;
    while (node && index-- > 0)
        node = node->next;
    return node;
}

bool ep_yaml_is_number(const ep_yaml_node *node) {
    return node && (node->kind == EP_Y_INT || node->kind == EP_Y_FLOAT);
}

bool ep_yaml_is_scalar(const ep_yaml_node *node) {
    return node && node->kind < EP_Y_LIST;
}

bool ep_yaml_int(const ep_yaml_node *node, int64_t *ret) {
    return node && node->kind == EP_Y_INT && ep_int_parse(node->text, ret) == EP_NUM_OK;
}

const char *ep_yaml_kind_text(ep_yaml_kind kind) {
    static const char *const texts[] = {"nothing", "true or false", "a whole number", "a number",
                                        "text",    "a list",        "a map"};
    return texts[kind];
}

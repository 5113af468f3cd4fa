/* For tests in other languages: cuts and parses standard input and prints one JSON line a record.
 *
 * usage: decode json|jsonl|csv [--encoding E] [--delimiter C] [--quote C|none] [--columns a,b] [--block N]
 *                              [--trim] [--backslash] [--empty-is-text] [--occurrences]
 *
 * {"at": [record, line, offset, size_bytes], "raw": hex, "reason": name or null, "detail": text, "value": tree}
 * In the tree a text has a ' in front and a number token a #, so that nothing is lost on the way. An error of the
 * splitter is a last line {"error": text}. */
#include "decode/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_marked(ep_buf *out, char mark, const char *text, size_t len) {
    EP_CLEANUP(ep_buf_done) ep_buf marked = {0};
    ep_buf_putc(&marked, mark);
    ep_buf_add(&marked, text, len);
    ep_buf_put_json(out, (ep_str){marked.data, marked.len});
}

static void put_node(ep_buf *out, const ep_doc *doc, uint32_t index) {
    const ep_node *node = &doc->nodes[index];
    switch (node->kind) {
    case EP_N_NULL: ep_buf_puts(out, "null"); return;
    case EP_N_BOOL: ep_buf_add(out, node->text, node->text_len); return;
    case EP_N_NUMBER: put_marked(out, '#', node->text, node->text_len); return;
    case EP_N_TEXT: put_marked(out, '\'', node->text, node->text_len); return;
    default: break;
    }
    bool is_object = node->kind == EP_N_OBJECT;
    ep_buf_putc(out, is_object ? '{' : '[');
    for (uint32_t i = index + 1; i < node->end; i = doc->nodes[i].end) {
        if (i > index + 1)
            ep_buf_putc(out, ',');
        if (is_object) {
            ep_buf_put_json(out, (ep_str){doc->nodes[i].key, doc->nodes[i].key_len});
            ep_buf_putc(out, ':');
        }
        put_node(out, doc, i);
    }
    ep_buf_putc(out, is_object ? '}' : ']');
}

static void put_record(ep_buf *out, const ep_raw *raw, ep_reason_code reason, const char *detail,
                       const ep_doc *doc) {
    ep_buf_printf(out, "{\"at\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu32 "],\"raw\":\"", raw->at.record,
                  raw->at.line, raw->at.offset, raw->at.size_bytes);
    for (size_t i = 0; i < raw->raw.len && i < 4096; i++)
        ep_buf_printf(out, "%02x", (unsigned char)raw->raw.ptr[i]);
    ep_buf_printf(out, "\",\"occurrence\":%" PRIu32 ",\"reason\":", raw->occurrence);
    if (reason == EP_R_NONE) {
        ep_buf_puts(out, "null,\"value\":");
        put_node(out, doc, 0);
    } else {
        ep_buf_put_json(out, ep_str_from(ep_reason_name(reason)));
        ep_buf_puts(out, ",\"detail\":");
        ep_buf_put_json(out, ep_str_from(detail));
    }
    ep_buf_puts(out, "}\n");
}

struct tool {
    ep_decode_options options;
    const char *columns[256];
    size_t block_bytes;
    bool counts_occurrences;
    ep_splitter *splitter;
    ep_parser *parser;
    ep_arena arena;
    ep_doc doc;
    ep_buf out;
};

static ep_code feed(struct tool *tool, ep_str block, bool is_last, ep_error *err) {
    const ep_raw *records;
    size_t n, n_columns;
    EP_TRY(ep_splitter_feed(tool->splitter, block, is_last, &tool->arena, &records, &n, err));
    const ep_str *columns = ep_splitter_columns(tool->splitter, &n_columns);
    if (tool->options.format == EP_FMT_CSV)
        ep_parser_set_columns(tool->parser, columns, n_columns, ep_splitter_delimiter(tool->splitter));
    for (size_t i = 0; i < n; i++) {
        const char *detail = "";
        ep_reason_code reason = ep_parser_run(tool->parser, &records[i], &tool->doc, &tool->arena, &detail);
        EP_TRY(ep_parser_check(tool->parser, err));
        put_record(&tool->out, &records[i], reason, detail, &tool->doc);
    }
    ep_arena_reset(&tool->arena);
    return EP_OK;
}

/* Each block in memory of its own, so that a sanitizer sees a read behind the padding. */
static ep_code feed_all(struct tool *tool, ep_str input, ep_error *err) {
    size_t at = 0;
    ep_code code = EP_OK;
    do {
        size_t len =
            tool->block_bytes && tool->block_bytes < input.len - at ? tool->block_bytes : input.len - at;
        char *block = calloc(1, len + EP_PADDING);
        if (!block)
            return ep_fail(err, EP_E_NOMEM, "no memory");
        if (len > 0)
            memcpy(block, input.ptr + at, len);
        at += len;
        code = feed(tool, (ep_str){block, len}, at == input.len, err);
        free(block);
    } while (code == EP_OK && at < input.len);
    return code;
}

static void bad_usage(const char *what) {
    fprintf(stderr, "decode: %s\n", what);
    exit(2);
}

static ep_encoding encoding_of(const char *name) {
    static const char *const names[] = {"auto", "utf-8", "utf-16le", "utf-16be", "windows-1252"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return (ep_encoding)i;
    }
    bad_usage("unknown encoding");
    return EP_ENC_AUTO;
}

static void read_columns(struct tool *tool, char *list) {
    tool->options.has_header = false;
    tool->options.columns = tool->columns;
    for (char *name = strtok(list, ","); name && tool->options.n_columns < 256; name = strtok(NULL, ","))
        tool->columns[tool->options.n_columns++] = name;
}

/* An option with a value; false when there is none of that name. */
static bool read_option(struct tool *tool, const char *name, char *value) {
    if (strcmp(name, "--encoding") == 0)
        tool->options.encoding = encoding_of(value);
    else if (strcmp(name, "--delimiter") == 0)
        tool->options.delimiter = value[0];
    else if (strcmp(name, "--quote") == 0)
        tool->options.quote = strcmp(value, "none") == 0 ? (char)-1 : value[0];
    else if (strcmp(name, "--columns") == 0)
        read_columns(tool, value);
    else if (strcmp(name, "--block") == 0)
        tool->block_bytes = strtoul(value, NULL, 10);
    else
        return false;
    return true;
}

static void read_arguments(struct tool *tool, int argc, char **argv) {
    static const char *const formats[] = {"json", "jsonl", "csv"};
    size_t format = 0;
    while (format < EP_N_FORMATS && (argc < 2 || strcmp(argv[1], formats[format]) != 0))
        format++;
    if (format == EP_N_FORMATS)
        bad_usage("json, jsonl or csv?");
    tool->options.format = (ep_format)format;
    tool->options.has_header = true;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--trim") == 0)
            tool->options.trim = true;
        else if (strcmp(argv[i], "--backslash") == 0)
            tool->options.backslash = true;
        else if (strcmp(argv[i], "--empty-is-text") == 0)
            tool->options.empty_is_text = true;
        else if (strcmp(argv[i], "--occurrences") == 0)
            tool->counts_occurrences = true;
        else if (i + 1 == argc || !read_option(tool, argv[i], argv[i + 1]))
            bad_usage("unknown option");
        else
            i++;
    }
}

static void read_input(ep_buf *input) {
    char chunk[65536];
    size_t n;
    while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
        ep_buf_add(input, chunk, n);
}

int main(int argc, char **argv) {
    struct tool tool = {0};
    ep_error err = {0};
    ep_buf input = {0};
    read_arguments(&tool, argc, argv);
    read_input(&input);
    ep_code code = ep_splitter_new(&tool.options, &tool.splitter, &err);
    if (code == EP_OK)
        code = ep_parser_new(&tool.options, &tool.parser, &err);
    if (code == EP_OK) {
        ep_splitter_count_occurrences(tool.splitter, tool.counts_occurrences);
        code = feed_all(&tool, (ep_str){input.data, input.len}, &err);
    }
    if (code != EP_OK) {
        ep_buf_puts(&tool.out, "{\"error\":");
        ep_buf_put_json(&tool.out, ep_str_from(err.text));
        ep_buf_puts(&tool.out, "}\n");
    }
    if (tool.out.len > 0)
        fwrite(tool.out.data, 1, tool.out.len, stdout);
    ep_splitter_free(&tool.splitter);
    ep_parser_free(&tool.parser);
    ep_arena_done(&tool.arena);
    ep_doc_done(&tool.doc);
    ep_buf_done(&tool.out);
    ep_buf_done(&input);
    return fflush(stdout) == 0 ? 0 : 1;
}

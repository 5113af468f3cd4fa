/* What must hold for every source and every option, whatever its bytes are. Breaks abort, for the fuzzer to
 * see. */
#ifndef EP_FUZZ_DECODE_CHECK_H
#define EP_FUZZ_DECODE_CHECK_H

#include "base/hash.h"
#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

#define FUZZ_CHECK(condition) \
    do {                      \
        if (!(condition))     \
            abort();          \
    } while (0)

/* Children lie inside their parent, one behind the other; texts are UTF-8 without NUL. */
static inline void fuzz_check_node(const ep_doc *doc, uint32_t index) {
    const ep_node *node = &doc->nodes[index];
    bool is_container = node->kind == EP_N_ARRAY || node->kind == EP_N_OBJECT;
    uint32_t n = 0, child = index + 1;
    FUZZ_CHECK(node->end <= doc->n_nodes && node->end > index);
    FUZZ_CHECK(is_container || node->end == index + 1);
    FUZZ_CHECK(node->text && ep_utf8_valid(node->text, node->text_len));
    for (; child < node->end; child = doc->nodes[child].end, n++) {
        const ep_node *member = &doc->nodes[child];
        FUZZ_CHECK((member->key != NULL) == (node->kind == EP_N_OBJECT));
        if (member->key) {
            uint32_t hint = n;
            FUZZ_CHECK(ep_utf8_valid(member->key, member->key_len));
            FUZZ_CHECK(ep_doc_member(doc, index, member->key, member->key_len, &hint) == child && hint == n);
        }
    }
    FUZZ_CHECK(child == node->end && n == node->n_children);
    for (child = index + 1; is_container && child < node->end; child = doc->nodes[child].end)
        fuzz_check_node(doc, child);
}

/* Cuts a source into blocks of at most step bytes (each in memory of its own), parses all, returns a hash of
 * what came out. */
static inline uint64_t fuzz_decode(const ep_decode_options *options, ep_str source, size_t step) {
    ep_splitter *splitter = NULL;
    ep_parser *parser = NULL;
    ep_arena arena = {0};
    ep_doc doc = {0};
    ep_error err = {0};
    uint64_t hash = 0;
    FUZZ_CHECK(ep_splitter_new(options, &splitter, &err) == EP_OK &&
               ep_parser_new(options, &parser, &err) == EP_OK);
    ep_splitter_count_occurrences(splitter, true);
    ep_code code = EP_OK;
    size_t at = 0;
    do {
        size_t len = step < source.len - at ? step : source.len - at;
        const ep_raw *records;
        size_t n_records, n_columns;
        char *block = malloc(len + EP_PADDING);
        FUZZ_CHECK(block);
        if (len > 0)
            memcpy(block, source.ptr + at, len);
        memset(block + len, '"', EP_PADDING);
        at += len;
        code = ep_splitter_feed(splitter, (ep_str){block, len}, at == source.len, &arena, &records,
                                &n_records, &err);
        FUZZ_CHECK(code == EP_OK || code == EP_E_CONFIG);
        const ep_str *columns = ep_splitter_columns(splitter, &n_columns);
        if (options->format == EP_FMT_CSV && n_columns > 0)
            ep_parser_set_columns(parser, columns, n_columns, ep_splitter_delimiter(splitter));
        for (size_t i = 0; code == EP_OK && i < n_records; i++) {
            const ep_raw *record = &records[i];
            const char *detail = NULL;
            FUZZ_CHECK(record->at.offset + record->at.size_bytes <= source.len &&
                       record->raw.len == record->at.size_bytes);
            FUZZ_CHECK(memcmp(record->raw.ptr, source.ptr + record->at.offset, record->raw.len) == 0);
            ep_reason_code reason = ep_parser_run(parser, record, &doc, &arena, &detail);
            FUZZ_CHECK(reason == EP_R_NONE ? doc.n_nodes > 0 : detail && detail[0] && doc.n_nodes == 0);
            if (reason == EP_R_NONE)
                fuzz_check_node(&doc, 0);
            for (uint32_t k = 0; k < doc.n_nodes; k++)
                hash = hash * 31 + doc.nodes[k].kind + ep_xxh3(doc.nodes[k].text, doc.nodes[k].text_len);
            hash = hash * 1000003 + record->content + record->at.offset * 7 + record->at.line * 31 +
                   (uint64_t)reason + record->occurrence;
            hash += detail ? ep_xxh3(detail, strlen(detail)) : 0;
        }
        ep_arena_reset(&arena);
        free(block);
    } while (code == EP_OK && at < source.len);
    hash += (uint64_t)code;
    ep_splitter_free(&splitter);
    ep_parser_free(&parser);
    ep_arena_done(&arena);
    ep_doc_done(&doc);
    return hash;
}

/* Whole and in blocks: the same. */
static inline void fuzz_compare(const ep_decode_options *options, ep_str source, size_t step) {
    FUZZ_CHECK(fuzz_decode(options, source, source.len + 1) == fuzz_decode(options, source, step));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif

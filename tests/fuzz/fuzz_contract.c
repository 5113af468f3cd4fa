/* Any bytes as a contract; when it loads, sample texts are read and checked by it. First byte even: strict.
 * Corpus: corpus/contract and tests/data/lint. */
#include "contract/contract.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good) {
    if (!good)
        abort();
}

static void check_rows(const ep_contract *contract) {
    static const struct {
        ep_raw_kind kind;
        const char *text;
    } samples[] = {
        {EP_RAW_TEXT, ""},
        {EP_RAW_TEXT, "a"},
        {EP_RAW_TEXT, "2026-03-01"},
        {EP_RAW_TEXT, "2026-03-01T12:00:00Z"},
        {EP_RAW_TEXT, "12:34"},
        {EP_RAW_NUMBER, "-1.5"},
        {EP_RAW_NUMBER, "99999999999"},
        {EP_RAW_BOOL, "true"},
        {EP_RAW_JSON, "[1, 1.0]"},
        {EP_RAW_JSON, "{\"a\": {\"b\": [null]}}"},
        {EP_RAW_TEXT, "[\"\\u00e9\", 1e5]"},
        {EP_RAW_TEXT, "\xc3\xa9\xf0\x9f\x98\x80"},
        {EP_RAW_TEXT, "EUR"},
    };
    enum { N = sizeof samples / sizeof samples[0] };
    static const uint32_t zero[N] = {0};
    ep_batch *batch = NULL;
    ep_reasons reasons = {0};
    ep_error err = {0};
    if (contract->n_fields == 0 || contract->n_fields > 200)
        return;
    must(ep_batch_new(&contract->schema, N, &batch, &err) == EP_OK);
    for (size_t row = 0; row < N; row++) {
        must(ep_batch_add_row(batch, &err) == EP_OK);
        for (size_t field = 0; field < contract->n_fields; field++) {
            const char *detail = NULL;
            ep_reason_code code = ep_contract_read(contract, field, samples[row].kind,
                                                   ep_str_from(samples[row].text), NULL, batch, row, &detail);
            must(code == EP_R_NONE || (detail && ep_utf8_valid(detail, strlen(detail))));
        }
    }
    must(ep_contract_check(contract, batch, 0, zero, zero, NULL, &reasons, &err) == EP_OK);
    must(reasons.n <= EP_MAX_REASONS_PER_RECORD);
    for (size_t i = 0; i < reasons.n; i++)
        must(reasons.items[i].row < N && reasons.items[i].code != EP_R_NONE);
    ep_reasons_done(&reasons);
    ep_batch_free(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *name = "fuzz.yaml";
    ep_contracts *contracts = NULL;
    ep_lints lints = {0};
    ep_error err = {0};
    if (size < 1)
        return 0;
    ep_str text = {(const char *)data + 1, size - 1};
    ep_code code = ep_contracts_load_text(&name, &text, 1, data[0] % 2 == 0, &contracts, &lints, &err);
    must(code == EP_OK || code == EP_E_CONFIG);
    must((code == EP_E_CONFIG) == (lints.n_errors > 0));
    for (size_t i = 0; i < lints.n; i++)
        must(lints.items[i].line >= 1 && lints.items[i].column >= 1 &&
             ep_utf8_valid(lints.items[i].text, strlen(lints.items[i].text)));
    for (size_t i = 0; contracts && i < contracts->n; i++)
        check_rows(contracts->items[i]);
    ep_contracts_free(&contracts);
    ep_lints_done(&lints);
    return 0;
}

#ifndef EP_GENERATE_FAULTS_H
#define EP_GENERATE_FAULTS_H

#include "generate/gen.h"

#define S(stream)    (1u << EP_GS_##stream)
#define EP_S_EVERY   ((1u << EP_GS_REFERENCE) - 1)
#define EP_S_SOLD    (S(ORDER_STATUS) | S(SHIPMENTS) | S(RETURNS))
#define EP_S_OFFERED (S(OFFERS) | S(STOCK) | S(AVAILABILITY))

/* Every kind of fault: id, name, streams (before the marketplace there are only orders and clickstream), class in the truth file, reasons
 * that must be reported, reasons that may come with them, what is done. A record without the place to strike is left as it is. */
#define EP_FAULTS(X)                                                                                         \
    X(MISSING_ID, "missing_id", EP_S_EVERY, "quarantined", "required", "",                                   \
      "the record's own id is left out")                                                                     \
    X(NULL_ID, "null_id", EP_S_EVERY, "quarantined", "required", "", "the record's own id is null")          \
    X(WRONG_TYPE, "wrong_type", EP_S_EVERY, "quarantined", "type", "required,sum_mismatch",                  \
      "words where a number or a moment must be")                                                            \
    X(NEGATIVE_QUANTITY, "negative_quantity", S(ORDERS) | S(RETURNS), "quarantined", "minimum",              \
      "sum_mismatch", "a quantity below zero")                                                               \
    X(ZERO_QUANTITY, "zero_quantity", S(ORDERS) | S(RETURNS), "quarantined", "minimum", "sum_mismatch",      \
      "a quantity of zero")                                                                                  \
    X(FRACTIONAL_QUANTITY, "fractional_quantity", S(ORDERS) | S(RETURNS), "quarantined", "type",             \
      "required,sum_mismatch", "a quantity of 1.5")                                                          \
    X(ABSURD_QUANTITY, "absurd_quantity", S(ORDERS) | S(RETURNS), "quarantined", "maximum", "sum_mismatch",  \
      "a quantity of a million")                                                                             \
    X(NEGATIVE_PRICE, "negative_price", S(ORDERS) | S(OFFERS) | S(RETURNS), "quarantined", "minimum",        \
      "sum_mismatch,rule", "a price or refund below zero")                                                   \
    X(ABSURD_PRICE, "absurd_price", S(ORDERS) | S(OFFERS) | S(RETURNS), "quarantined", "range",              \
      "required,sum_mismatch,rule", "more digits than an amount can have")                                   \
    X(DECIMAL_COMMA, "decimal_comma", S(ORDERS) | S(OFFERS) | S(RETURNS), "quarantined", "type",             \
      "required,sum_mismatch,rule", "an amount as text with a comma")                                        \
    X(SWAPPED_DATE, "swapped_date", S(SHIPMENTS) | S(AVAILABILITY), "quarantined", "type", "required",       \
      "day and month change places; only where that gives no date")                                          \
    X(UNKNOWN_CURRENCY, "unknown_currency", S(ORDERS) | S(OFFERS) | S(RETURNS), "quarantined", "format",     \
      "rule", "the currency ZZZ")                                                                            \
    X(BAD_GTIN, "bad_gtin", S(PRODUCTS), "quarantined", "format", "", "a GTIN whose check digit is wrong")   \
    X(BAD_SIRET, "bad_siret", S(VENDORS), "quarantined", "format", "", "a SIRET whose check digit is wrong") \
    X(DUPLICATE, "duplicate", EP_S_EVERY, "duplicate", "", "",                                               \
      "sent again, byte for byte, some records later")                                                       \
    X(CONFLICTING_DUPLICATE, "conflicting_duplicate",                                                        \
      S(ORDERS) | S(CLICKSTREAM) | S(STOCK) | S(RETURNS) | S(ORDER_STATUS), "quarantined",                   \
      "identity_conflict", "sum_mismatch",                                                                   \
      "sent again with the same id and another content; one of both stays")                                  \
    X(LATE, "late", EP_S_EVERY, "late", "", "", "arrives one to three days after its time")                  \
    X(OUT_OF_ORDER, "out_of_order", EP_S_EVERY, "applied", "", "", "arrives some records after its place")   \
    X(NULL_ITEMS, "null_items", S(ORDERS), "quarantined", "empty_list", "sum_mismatch", "items is null")     \
    X(EMPTY_ITEMS, "empty_items", S(ORDERS), "quarantined", "empty_list", "sum_mismatch", "items is empty")  \
    X(MISSING_ITEMS, "missing_items", S(ORDERS), "quarantined", "empty_list", "sum_mismatch",                \
      "items is left out")                                                                                   \
    X(NULL_ITEM, "null_item", S(ORDERS), "quarantined", "null_item", "sum_mismatch", "one item is null")     \
    X(SUM_MISMATCH, "sum_mismatch", S(ORDERS), "finding", "sum_mismatch", "", "the total is 1.00 too high")  \
    X(TRUNCATED, "truncated", EP_S_EVERY, "quarantined", "truncated", "syntax",                              \
      "the record ends before it is complete")                                                               \
    X(NOT_JSON, "not_json", EP_S_EVERY, "quarantined", "syntax", "truncated",                                \
      "a line of a log instead of a record")                                                                 \
    X(BAD_UTF8, "bad_utf8", EP_S_EVERY, "quarantined", "text_encoding", "", "a byte of Latin-1 in a text")   \
    X(DUPLICATE_KEY, "duplicate_key", EP_S_EVERY, "quarantined", "duplicate_key", "",                        \
      "a second event_id in the object")                                                                     \
    X(EARLY_SELLER, "early_seller", S(ORDERS), "inferred_parent", "", "",                                    \
      "an item of a seller who is told of the day after")                                                    \
    X(SELLER_MISSING, "seller_missing", S(ORDERS) | EP_S_SOLD | EP_S_OFFERED, "quarantined",                 \
      "seller_missing", "required", "nobody is named as seller")                                             \
    X(SELLER_CONFLICT, "seller_conflict", S(ORDERS) | EP_S_SOLD | EP_S_OFFERED, "quarantined",               \
      "seller_conflict", "", "seller_id and vendor_id differ")                                               \
    X(UNKNOWN_ENUM, "unknown_enum", EP_S_EVERY & ~S(AVAILABILITY), "quarantined", "enum", "rule",            \
      "a word that is in no list")                                                                           \
    X(UNKNOWN_BOOLEAN, "unknown_boolean", S(OFFERS) | S(AVAILABILITY), "quarantined", "type", "required",    \
      "neither true nor false")                                                                              \
    X(PRICE_WITHOUT_CURRENCY, "price_without_currency", S(OFFERS), "quarantined", "rule", "",                \
      "a price in no currency")                                                                              \
    X(LEVEL_AND_DELTA, "level_and_delta", S(STOCK), "quarantined", "rule", "",                               \
      "level and delta in one record")                                                                       \
    X(NO_LEVEL, "no_level", S(STOCK), "quarantined", "rule", "", "neither level nor delta")                  \
    X(NEGATIVE_LEVEL, "negative_level", S(STOCK), "finding", "rule", "", "a stock below zero")

enum ep_fault {
#define EP_FAULT_ENUM(id, name, streams, outcome, reasons, also, text) EP_F_##id,
    EP_FAULTS(EP_FAULT_ENUM)
#undef EP_FAULT_ENUM
        EP_N_FAULTS
};

/* What the truth file says of a record. */
struct ep_truth {
    const char *outcome, *reasons, *also, *fault; /* reasons: comma-separated */
    bool has_other;                               /* a conflicting duplicate: */
    char other_file[64];
    uint64_t other_record;
};

/** What must become of a record without fault. */
struct ep_truth ep_gen_clean(const ep_gen *gen, enum ep_generate_stream stream);

/** Reads the rates of the options; NULL in *ret when there are none. */
EP_CHECK ep_code ep_faults_new(const ep_gen *gen, struct ep_faults **ret, ep_error *err);
void ep_faults_free(struct ep_faults **faults);
/** Draws for one record; EP_N_FAULTS: none. */
enum ep_fault ep_faults_draw(struct ep_faults *faults, const ep_gen *gen, enum ep_generate_stream stream);
/** Takes a record a fault was drawn for: changes it, holds it back or sends it twice. */
EP_CHECK ep_code ep_faults_strike(ep_gen *gen, enum ep_generate_stream stream, enum ep_fault fault,
                                  ep_str line, ep_error *err);
/** Sends what was held back long enough. */
EP_CHECK ep_code ep_faults_release(ep_gen *gen, enum ep_generate_stream stream, ep_error *err);
/** Sends everything that is still held back. */
EP_CHECK ep_code ep_faults_release_all(ep_gen *gen, ep_error *err);
uint64_t ep_faults_count(const struct ep_faults *faults);

/**
 * Changes `line` in place as the fault says; false when the record has no place for it (then unchanged). `truth` comes filled from the
 * table and is made exact.
 */
bool ep_fault_apply(ep_gen *gen, enum ep_generate_stream stream, enum ep_fault fault, ep_random *random,
                    ep_buf *line, struct ep_truth *truth);

#endif

/* What each kind of fault does to a record. */
#include "generate/edit.h"
#include "generate/faults.h"
#include "generate/shop.h"

#include <string.h>

/* Names of the members that faults strike, a stream each; "" when it has none. */
static const struct {
    const char *id, *number, *price, *word, *boolean;
} names[EP_GS_REFERENCE] = {
    [EP_GS_ORDERS] = {"order_id", "quantity", "unit_price", "status", ""},
    [EP_GS_CLICKSTREAM] = {"event_id", "timestamp", "", "event_type", ""},
    [EP_GS_VENDORS] = {"vendor_id", "timestamp", "", "vendor_status", ""},
    [EP_GS_PRODUCTS] = {"product_id", "timestamp", "", "status", ""},
    [EP_GS_OFFERS] = {"sku", "timestamp", "price", "stock_policy", "available"},
    [EP_GS_STOCK] = {"movement_id", "timestamp", "", "reason", ""},
    [EP_GS_AVAILABILITY] = {"sku", "timestamp", "", "", "available"},
    [EP_GS_ORDER_STATUS] = {"order_id", "timestamp", "", "status", ""},
    [EP_GS_SHIPMENTS] = {"order_id", "timestamp", "", "status", ""},
    [EP_GS_RETURNS] = {"return_id", "quantity", "refund_amount", "reason", ""},
};

struct work {
    ep_gen *gen;
    enum ep_generate_stream stream;
    ep_random *random;
    ep_buf *line;
    struct ep_truth *truth;
};

/* The object with sellers, quantities and prices: one item of an order, else the record. */
static bool target(const struct work *w, struct ep_span *ret) {
    *ret = ep_span_of(w->line);
    if (w->stream != EP_GS_ORDERS)
        return true;
    size_t at, n = 0;
    struct ep_span items, item;
    if (!ep_edit_find(w->line, *ret, "items", &at, &items))
        return false;
    while (ep_edit_item(w->line, items, n, &item))
        n++;
    return n > 0 && ep_edit_item(w->line, items, ep_random_below(w->random, n), ret);
}

static bool has(const struct work *w, struct ep_span object, const char *name) {
    size_t at;
    struct ep_span value;
    return ep_edit_find(w->line, object, name, &at, &value);
}

/* Replaces a member that is there. */
static bool change(const struct work *w, struct ep_span object, const char *name, const char *value) {
    size_t at;
    struct ep_span found;
    if (!ep_edit_find(w->line, object, name, &at, &found))
        return false;
    ep_edit_replace(w->line, found, value);
    return true;
}

static bool change_in_target(const struct work *w, const char *name, const char *value) {
    struct ep_span object;
    return target(w, &object) && change(w, object, name, value);
}

static const char *price_name(const struct work *w, struct ep_span object) {
    return w->stream == EP_GS_ORDERS && !has(w, object, "unit_price") ? "price" : names[w->stream].price;
}

/* Rewrites the price: a sign before it, a comma for its point, or another number. */
static bool change_price(const struct work *w, enum ep_fault fault) {
    struct ep_span object, value;
    size_t at;
    if (!target(w, &object) || !ep_edit_find(w->line, object, price_name(w, object), &at, &value))
        return false;
    char text[64] = "";
    size_t len = value.end - value.start;
    if (len > 40)
        return false;
    char *p = text;
    if (fault == EP_F_NEGATIVE_PRICE) {
        *p++ = '-';
        p = ep_put_mem(p, w->line->data + value.start, len);
    } else if (fault == EP_F_ABSURD_PRICE) {
        EP_PUT(p, "99999999999999999.99");
    } else {
        *p++ = '"';
        p = ep_put_mem(p, w->line->data + value.start, len);
        char *point = memchr(text, '.', (size_t)(p - text));
        if (point)
            *point = ',';
        else
            EP_PUT(p, ",00");
        *p++ = '"';
    }
    *p = '\0';
    ep_edit_replace(w->line, value, text);
    return true;
}

static const char *seller_name(const struct work *w, struct ep_span object) {
    return has(w, object, "seller_id") ? "seller_id" : has(w, object, "vendor_id") ? "vendor_id" : NULL;
}

static bool drop_seller(struct work *w) {
    struct ep_span object;
    const char *name;
    if (!target(w, &object) || !(name = seller_name(w, object)))
        return false;
    /* Sales without seller were the shop's own before the marketplace. */
    bool sale = w->stream == EP_GS_ORDERS || (1u << w->stream & EP_S_SOLD);
    if (sale && w->gen->day < ep_days_from_civil(2026, 1, 1)) {
        w->truth->outcome = "applied";
        w->truth->reasons = w->truth->also = "";
    }
    return ep_edit_drop(w->line, object, name);
}

static bool two_sellers(const struct work *w) {
    struct ep_span object;
    const char *name;
    if (!target(w, &object) || !(name = seller_name(w, object)))
        return false;
    ep_edit_set(w->line, object, strcmp(name, "seller_id") == 0 ? "vendor_id" : "seller_id",
                "\"another_shop\"");
    return true;
}

static bool early_seller(const struct work *w) {
    struct ep_span object;
    const char *name;
    if (!target(w, &object) || !(name = seller_name(w, object)))
        return false;
    char text[48] = "\"newcomer_";
    char *p = ep_put_uint(text + strlen(text), ++w->gen->n_newcomers);
    memcpy(p, "\"", 2);
    return change(w, object, name, text);
}

static bool null_item(const struct work *w) {
    struct ep_span item;
    if (!target(w, &item))
        return false;
    ep_edit_replace(w->line, item, "null");
    return true;
}

static bool raise_total(const struct work *w) {
    size_t at;
    struct ep_span value;
    if (!ep_edit_find(w->line, ep_span_of(w->line), "total_amount", &at, &value))
        return false;
    char text[32], *p = text;
    uint64_t whole = 0;
    size_t i = value.start;
    for (; i < value.end && w->line->data[i] != '.'; i++)
        whole = whole * 10 + (uint64_t)(w->line->data[i] - '0');
    p = ep_put_uint(p, whole + 1);
    *p = '\0';
    ep_edit_replace(w->line, (struct ep_span){value.start, i}, text);
    return true;
}

/* yyyy-MM-dd becomes yyyy-dd-MM where there is no month dd. */
static bool swap_date(const struct work *w) {
    size_t at;
    struct ep_span value;
    const char *name = w->stream == EP_GS_SHIPMENTS ? "timestamp" : "from";
    if (!ep_edit_find(w->line, ep_span_of(w->line), name, &at, &value) || value.end - value.start < 20)
        return false;
    char *month = w->line->data + value.start + 6, *day = month + 3;
    if ((day[0] - '0') * 10 + day[1] - '0' <= 12)
        return false;
    char kept[2] = {month[0], month[1]};
    memcpy(month, day, 2);
    memcpy(day, kept, 2);
    return true;
}

/* A number with the check digit after the right one: the products' own, or one for a message without. */
static bool bad_gtin(const struct work *w) {
    size_t at;
    struct ep_span value;
    if (!ep_edit_find(w->line, ep_span_of(w->line), "gtin", &at, &value) || value.end - value.start != 15) {
        ep_edit_set(w->line, ep_span_of(w->line), "gtin", "\"4006381333932\"");
        return true;
    }
    char *digit = w->line->data + value.end - 2;
    *digit = *digit == '9' ? '0' : (char)(*digit + 1);
    return true;
}

static bool truncate(const struct work *w) {
    size_t len = w->line->len, least = len / 4;
    if (len < 8)
        return false;
    size_t cut = least + ep_random_below(w->random, len - 1 - least);
    while (cut > 1 && ((unsigned char)w->line->data[cut] & 0xc0) == 0x80)
        cut--;
    w->line->len = cut;
    return true;
}

static bool bad_byte(const struct work *w) {
    /* After the first letters of a name, as an old system would send it; else in the id. */
    static const char *const places[3] = {"\"name\": \"", "\"vendor_name\": \"", "\"event_id\": \""};
    for (int i = 0; i < 3; i++) {
        char *found = memmem(w->line->data, w->line->len, places[i], strlen(places[i]));
        if (!found)
            continue;
        size_t at = (size_t)(found - w->line->data) + strlen(places[i]) + 1;
        /* Not within a character or an escape. */
        if (((unsigned char)w->line->data[at] & 0xc0) == 0x80 || w->line->data[at - 1] == '\\')
            at--;
        ep_edit_replace(w->line, (struct ep_span){at, at}, "\xe9");
        return true;
    }
    return false;
}

/* Another content under the same identity, itself without fault. */
static bool change_content(const struct work *w) {
    struct ep_span object = ep_span_of(w->line);
    size_t at;
    struct ep_span value;
    switch (w->stream) {
    case EP_GS_ORDERS:
        /* A state of the order that replaces another: one of both holds, neither is wrong. */
        w->truth->outcome = "applied";
        w->truth->reasons = "";
        w->truth->also = "sum_mismatch,identity_conflict";
        return change_in_target(w, "quantity", "9");
    case EP_GS_CLICKSTREAM:
        /* Not the page: before the cut-over it tells whose the click is, and the owner is part of the identity. */
        if (!ep_edit_find(w->line, object, "event_type", &at, &value))
            return false;
        ep_edit_replace(w->line, value,
                        memcmp(w->line->data + value.start, "\"view_page\"", 11) == 0 ? "\"add_to_cart\""
                                                                                      : "\"view_page\"");
        return true;
    case EP_GS_STOCK: return change(w, object, has(w, object, "level") ? "level" : "delta", "4711");
    case EP_GS_RETURNS: return change(w, object, "quantity", "7");
    case EP_GS_ORDER_STATUS:
        if (!ep_edit_find(w->line, object, "status", &at, &value))
            return false;
        ep_edit_replace(w->line, value,
                        memcmp(w->line->data + value.start, "\"SHIPPED\"", 9) == 0 ? "\"DELIVERED\""
                                                                                   : "\"SHIPPED\"");
        return true;
    default: return false;
    }
}

static bool strike_stock(const struct work *w, enum ep_fault fault) {
    struct ep_span object = ep_span_of(w->line);
    bool level = has(w, object, "level");
    if (fault == EP_F_LEVEL_AND_DELTA) {
        ep_edit_set(w->line, object, level ? "delta" : "level", "3");
        return true;
    }
    ep_edit_drop(w->line, object, level ? "level" : "delta");
    if (fault == EP_F_NEGATIVE_LEVEL)
        ep_edit_set(w->line, ep_span_of(w->line), "level", "-3");
    return true;
}

bool ep_fault_apply(ep_gen *gen, enum ep_generate_stream stream, enum ep_fault fault, ep_random *random,
                    ep_buf *line, struct ep_truth *truth) {
    struct work w = {.gen = gen, .stream = stream, .random = random, .line = line, .truth = truth};
    struct ep_span whole = ep_span_of(line);
    switch (fault) {
    case EP_F_MISSING_ID:
    case EP_F_NULL_ID:
        /* A seller without id has no owner. */
        if (stream == EP_GS_VENDORS) {
            truth->reasons = "seller_missing";
            truth->also = "required";
        }
        if (fault == EP_F_NULL_ID)
            return change(&w, whole, names[stream].id, "null");
        return ep_edit_drop(line, whole, names[stream].id);
    case EP_F_WRONG_TYPE:
        return change_in_target(&w, names[stream].number, "\"some\"") ||
               change(&w, whole, "timestamp", "\"some\"");
    case EP_F_NEGATIVE_QUANTITY: return change_in_target(&w, "quantity", "-2");
    case EP_F_ZERO_QUANTITY: return change_in_target(&w, "quantity", "0");
    case EP_F_FRACTIONAL_QUANTITY: return change_in_target(&w, "quantity", "1.5");
    case EP_F_ABSURD_QUANTITY: return change_in_target(&w, "quantity", "1000000");
    case EP_F_NEGATIVE_PRICE:
    case EP_F_ABSURD_PRICE:
    case EP_F_DECIMAL_COMMA: return change_price(&w, fault);
    case EP_F_SWAPPED_DATE: return swap_date(&w);
    case EP_F_UNKNOWN_CURRENCY: return change(&w, whole, "currency", "\"ZZZ\"");
    case EP_F_BAD_GTIN: return bad_gtin(&w);
    case EP_F_BAD_SIRET: ep_edit_set(line, whole, "vendor_siret", "\"73282932000075\""); return true;
    case EP_F_CONFLICTING_DUPLICATE: return change_content(&w);
    case EP_F_NULL_ITEMS: return change(&w, whole, "items", "null");
    case EP_F_EMPTY_ITEMS: return change(&w, whole, "items", "[]");
    case EP_F_MISSING_ITEMS: return ep_edit_drop(line, whole, "items");
    case EP_F_NULL_ITEM: return null_item(&w);
    case EP_F_SUM_MISMATCH: return raise_total(&w);
    case EP_F_TRUNCATED: return truncate(&w);
    case EP_F_NOT_JSON: ep_edit_replace(line, whole, "WARN producer restarted, buffer lost"); return true;
    case EP_F_BAD_UTF8: return bad_byte(&w);
    case EP_F_DUPLICATE_KEY:
        ep_edit_replace(line, (struct ep_span){line->len - 1, line->len - 1},
                        ", \"event_id\": \"00000000-0000-4000-8000-000000000000\"");
        return true;
    case EP_F_EARLY_SELLER: return early_seller(&w);
    case EP_F_SELLER_MISSING: return drop_seller(&w);
    case EP_F_SELLER_CONFLICT: return two_sellers(&w);
    case EP_F_UNKNOWN_ENUM: ep_edit_set(line, whole, names[stream].word, "\"TELEPORTED\""); return true;
    case EP_F_UNKNOWN_BOOLEAN: ep_edit_set(line, whole, names[stream].boolean, "\"maybe\""); return true;
    case EP_F_PRICE_WITHOUT_CURRENCY: return ep_edit_drop(line, whole, "currency");
    case EP_F_LEVEL_AND_DELTA:
    case EP_F_NO_LEVEL:
    case EP_F_NEGATIVE_LEVEL: return strike_stock(&w, fault);
    case EP_F_DUPLICATE:
    case EP_F_LATE:
    case EP_F_OUT_OF_ORDER: return true;
    case EP_N_FAULTS: break;
    }
    return false;
}

/* Streams vendors, products, offers, availability, and the levels of stock: what a day changes, in the order of time. */
#include "generate/shop.h"

#include <stdlib.h>

struct change {
    int64_t ts_us;
    uint32_t entity;
    int32_t version; /* or index of the period */
    int32_t part;    /* of several with one moment */
};

/* The changes of one stream and day; at most a few an entity. */
struct changes {
    struct change *items;
    size_t n, capacity;
};

static void changes_done(struct changes *changes) {
    ep_free(changes->items);
}

static ep_code add(struct changes *changes, int64_t ts_us, uint32_t entity, int32_t version, int32_t part,
                   ep_error *err) {
    if (changes->n == changes->capacity)
        EP_TRY(ep_grow((void **)&changes->items, &changes->capacity, changes->n + 1, sizeof *changes->items,
                       err));
    changes->items[changes->n++] = (struct change){ts_us, entity, version, part};
    return EP_OK;
}

static int compare(const void *a, const void *b) {
    const struct change *x = a, *y = b;
    if (x->ts_us != y->ts_us)
        return x->ts_us < y->ts_us ? -1 : 1;
    if (x->entity != y->entity)
        return x->entity < y->entity ? -1 : 1;
    return x->part - y->part;
}

static void sort(struct changes *changes) {
    if (changes->n > 1)
        qsort(changes->items, changes->n, sizeof *changes->items, compare);
}

/* All versions of an entity that begin on the day. */
static ep_code add_versions(struct changes *changes, const struct ep_versions *versions, uint32_t entity,
                            int64_t start, ep_error *err) {
    int32_t last = ep_version_at(versions, start + EP_DAY_US - 1);
    int32_t known = ep_version_at(versions, start - 1);
    if (last < 0)
        return EP_OK;
    for (int32_t v = known < 0 ? versions->first : known + 1; v <= last; v++)
        EP_TRY(add(changes, ep_version_start(versions, v), entity, v, 0, err));
    return EP_OK;
}

static char *put_event(char *p, const ep_gen *gen, enum ep_generate_stream stream, uint32_t entity,
                       int32_t version) {
    uint64_t own =
        ep_draw(gen->seed, EP_P_EVENT, (uint64_t)stream << 56 | entity, (uint64_t)(uint32_t)version);
    EP_PUT(p, "{\"event_id\": \"");
    p = ep_put_uuid(p, own, ep_mix(own));
    return EP_PUT(p, "\"");
}

static char *put_end(char *p, int32_t version, int64_t ts_us) {
    EP_PUT(p, ", \"sequence\": ");
    p = ep_put_int(p, version + 1);
    EP_PUT(p, ", \"timestamp\": ");
    p = ep_put_epoch_us(p, ts_us);
    *p++ = '}';
    return p;
}

static const char *const tiers[3] = {"bronze", "silver", "gold"};
static const char *const statuses[3] = {"pending", "active", "suspended"};

static ep_code write_seller(ep_gen *gen, const struct change *change, bool first, ep_error *err) {
    const struct ep_shop *shop = gen->shop;
    uint32_t i = change->entity;
    struct ep_seller_state now = ep_seller_state(shop, i, change->version), then = now;
    bool whole = first || (i + (uint32_t)change->version) % 4 == 0;
    if (!whole)
        then = ep_seller_state(shop, i, change->version - 1);
    char *p = ep_gen_at(gen, EP_GS_VENDORS);
    p = put_event(p, gen, EP_GS_VENDORS, i, change->version);
    EP_PUT(p, ", \"vendor_id\": \"");
    p = ep_put_text(p, shop->sellers[i].id);
    *p++ = '"';
    if (whole || now.name_form != then.name_form) {
        EP_PUT(p, ", \"vendor_name\": \"");
        p = ep_put_seller_name(p, shop, i, &now);
        *p++ = '"';
    }
    if (whole || now.status != then.status) {
        EP_PUT(p, ", \"vendor_status\": \"");
        p = ep_put_text(p, statuses[now.status]);
        *p++ = '"';
    }
    if (whole || now.category != then.category) {
        EP_PUT(p, ", \"vendor_category\": \"");
        p = ep_put_text(p, ep_word_categories[now.category].id);
        *p++ = '"';
    }
    if (whole || now.tier != then.tier) {
        EP_PUT(p, ", \"vendor_tier\": \"");
        p = ep_put_text(p, tiers[now.tier]);
        *p++ = '"';
    }
    if (whole || now.email_form != then.email_form) {
        EP_PUT(p, ", \"vendor_email\": \"");
        p = ep_put_seller_email(p, shop, i, &now);
        *p++ = '"';
    }
    if (whole) {
        const char *country = ep_word_countries[shop->sellers[i].country].code;
        EP_PUT(p, ", \"vendor_country\": \"");
        p = ep_put_text(p, country);
        *p++ = '"';
        if (shop->sellers[i].country == 0) {
            EP_PUT(p, ", \"vendor_siret\": \"");
            p = ep_put_siret(p, i);
            *p++ = '"';
        }
    }
    if (whole || now.rate_percent != then.rate_percent) {
        EP_PUT(p, ", \"commission_rate\": 0.");
        p = ep_put_padded(p, now.rate_percent, 2);
    }
    p = put_end(p, change->version, change->ts_us);
    return ep_gen_take(gen, EP_GS_VENDORS, p, err);
}

static ep_code write_product(ep_gen *gen, const struct change *change, bool first, ep_error *err) {
    const struct ep_shop *shop = gen->shop;
    uint32_t i = change->entity;
    struct ep_product_state now = ep_product_state(shop, i, change->version), then = now;
    bool whole = first || (i + (uint32_t)change->version) % 3 == 0;
    if (!whole)
        then = ep_product_state(shop, i, change->version - 1);
    char *p = ep_gen_at(gen, EP_GS_PRODUCTS);
    p = put_event(p, gen, EP_GS_PRODUCTS, i, change->version);
    EP_PUT(p, ", \"product_id\": \"");
    p = ep_put_product_id(p, i);
    *p++ = '"';
    if (whole || now.name_form != then.name_form) {
        EP_PUT(p, ", \"name\": \"");
        p = ep_put_product_name(p, shop, i, &now, false);
        *p++ = '"';
    }
    if (whole || now.category != then.category) {
        EP_PUT(p, ", \"category\": \"");
        p = ep_put_text(p, ep_word_categories[now.category].id);
        *p++ = '"';
    }
    if (whole) {
        EP_PUT(p, ", \"brand\": \"");
        p = ep_put_text(p, ep_product_brand(shop, i));
        *p++ = '"';
    }
    if (whole || now.phrase != then.phrase) {
        EP_PUT(p, ", \"description\": \"");
        p = ep_put_product_description(p, shop, i, &now, false);
        *p++ = '"';
    }
    if (whole) {
        char gtin[16];
        char *end = gtin;
        if (ep_put_gtin(&end, shop, i)) {
            EP_PUT(p, ", \"gtin\": \"");
            p = ep_put_mem(p, gtin, (size_t)(end - gtin));
            *p++ = '"';
        } else {
            EP_PUT(p, ", \"gtin\": null");
        }
    }
    if (whole || now.delisted != then.delisted) {
        if (now.delisted)
            EP_PUT(p, ", \"status\": \"delisted\"");
        else
            EP_PUT(p, ", \"status\": \"listed\"");
    }
    p = put_end(p, change->version, change->ts_us);
    return ep_gen_take(gen, EP_GS_PRODUCTS, p, err);
}

static char *put_offer_key(char *p, const struct ep_shop *shop, const struct ep_offer *offer) {
    EP_PUT(p, ", \"seller_id\": \"");
    p = ep_put_text(p, shop->sellers[offer->seller].id);
    EP_PUT(p, "\", \"sku\": \"");
    p = ep_put_sku(p, shop, offer);
    *p++ = '"';
    if (offer->condition > 0) {
        EP_PUT(p, ", \"condition\": \"");
        p = ep_put_text(p, ep_condition_name(offer->condition));
        *p++ = '"';
    }
    return p;
}

/* How the product is named. */
static char *put_reference(char *p, const struct ep_shop *shop, const struct ep_offer *offer) {
    char gtin[16];
    char *end = gtin;
    if (offer->reference == 1 && ep_put_gtin(&end, shop, offer->product)) {
        EP_PUT(p, ", \"gtin\": \"");
        p = ep_put_mem(p, gtin, (size_t)(end - gtin));
        *p++ = '"';
    } else if (offer->reference < 2) {
        EP_PUT(p, ", \"product_id\": \"");
        p = ep_put_product_id(p, offer->product);
        *p++ = '"';
    }
    return p;
}

static ep_code write_offer(ep_gen *gen, const struct change *change, bool first, ep_error *err) {
    const struct ep_shop *shop = gen->shop;
    const struct ep_offer *offer = &shop->offers[change->entity];
    uint32_t v = (uint32_t)change->version, own = change->entity;
    bool whole = first || (own + v) % 5 == 0;
    const struct ep_word_currency *currency = &ep_word_currencies[ep_offer_currency(shop, offer)];
    char *p = ep_gen_at(gen, EP_GS_OFFERS);
    p = put_event(p, gen, EP_GS_OFFERS, own, change->version);
    p = put_offer_key(p, shop, offer);
    if (whole)
        p = put_reference(p, shop, offer);
    if (whole || v % 9 == 0) {
        EP_PUT(p, ", \"title\": \"");
        p = ep_put_text(p, ep_word_nouns[offer->product % EP_N_NOUNS].noun);
        EP_PUT(p, ", ");
        p = ep_put_text(p, ep_word_colours[(own + v / 9) % EP_N_COLOURS]);
        *p++ = '"';
    }
    EP_PUT(p, ", \"price\": ");
    p = ep_put_money(p, ep_offer_price(offer, change->version), currency->decimals);
    EP_PUT(p, ", \"currency\": \"");
    p = ep_put_text(p, currency->code);
    *p++ = '"';
    if (whole || v % 7 == 0) {
        if ((own + v / 7) % 4 == 0)
            EP_PUT(p, ", \"stock_policy\": \"backorder\"");
        else
            EP_PUT(p, ", \"stock_policy\": \"deny\"");
    }
    if (whole || v % 4 == 0) {
        EP_PUT(p, ", \"lead_time_days\": ");
        p = ep_put_uint(p, 1 + (own + v / 4) % 9);
    }
    if (whole)
        EP_PUT(p, ", \"available\": true");
    p = put_end(p, change->version, change->ts_us);
    return ep_gen_take(gen, EP_GS_OFFERS, p, err);
}

static ep_code write_level(ep_gen *gen, uint32_t index, int64_t ts_us, bool counted, ep_error *err) {
    const struct ep_offer *offer = &gen->shop->offers[index];
    uint64_t number = ++gen->n_movements, own = ep_draw(gen->seed, EP_P_EVENT, number, UINT64_MAX);
    char *p = ep_gen_at(gen, EP_GS_STOCK);
    EP_PUT(p, "{\"event_id\": \"");
    p = ep_put_uuid(p, own, ep_mix(own));
    EP_PUT(p, "\", \"movement_id\": \"m-");
    p = ep_put_padded(p, number, 6);
    *p++ = '"';
    p = put_offer_key(p, gen->shop, offer);
    EP_PUT(p, ", \"level\": ");
    p = ep_put_int(p, offer->stock);
    if (counted)
        EP_PUT(p, ", \"reason\": \"count\"");
    EP_PUT(p, ", \"timestamp\": ");
    p = ep_put_epoch_us(p, ts_us);
    *p++ = '}';
    return ep_gen_take(gen, EP_GS_STOCK, p, err);
}

static ep_code write_outage(ep_gen *gen, const struct change *change, ep_error *err) {
    const struct ep_shop *shop = gen->shop;
    struct ep_outage outage;
    if (!ep_offer_outage(shop, change->entity, change->version, &outage))
        return EP_OK;
    char *p = ep_gen_at(gen, EP_GS_AVAILABILITY);
    p = put_event(p, gen, EP_GS_AVAILABILITY, change->entity, change->version * 2 + change->part);
    p = put_offer_key(p, shop, &shop->offers[change->entity]);
    EP_PUT(p, ", \"available\": false, \"from\": \"");
    p = ep_put_rfc3339_offset(p, outage.from_us, 1);
    if (outage.planned || change->part == 1) {
        EP_PUT(p, "\", \"to\": \"");
        p = ep_put_rfc3339_offset(p, outage.to_us, 1);
        *p++ = '"';
    } else {
        EP_PUT(p, "\", \"to\": null");
    }
    if (outage.planned)
        EP_PUT(p, ", \"reason\": \"holiday\"");
    else
        EP_PUT(p, ", \"reason\": \"out of stock\"");
    p = put_end(p, change->part, change->ts_us);
    return ep_gen_take(gen, EP_GS_AVAILABILITY, p, err);
}

static ep_code add_outages(struct changes *changes, const struct ep_shop *shop, uint32_t offer, int64_t start,
                           ep_error *err) {
    int64_t end = start + EP_DAY_US;
    int64_t last = ep_offer_outage_index(shop, offer, end - 1),
            first = ep_offer_outage_index(shop, offer, start);
    for (int64_t index = first < 0 ? 0 : first; index <= last; index++) {
        struct ep_outage outage;
        if (!ep_offer_outage(shop, offer, index, &outage))
            continue;
        if (outage.said_us >= start && outage.said_us < end)
            EP_TRY(add(changes, outage.said_us, offer, (int32_t)index, 0, err));
        if (!outage.planned && outage.to_us >= start && outage.to_us < end)
            EP_TRY(add(changes, outage.to_us, offer, (int32_t)index, 1, err));
    }
    return EP_OK;
}

static ep_code sellers_day(ep_gen *gen, int64_t start, ep_error *err) {
    EP_CLEANUP(changes_done) struct changes changes = {0};
    for (uint32_t i = 0; i < gen->shop->n_sellers; i++)
        EP_TRY(add_versions(&changes, &gen->shop->sellers[i].versions, i, start, err));
    sort(&changes);
    for (size_t i = 0; i < changes.n; i++)
        EP_TRY(write_seller(
            gen, &changes.items[i],
            changes.items[i].version == gen->shop->sellers[changes.items[i].entity].versions.first, err));
    return EP_OK;
}

static ep_code products_day(ep_gen *gen, int64_t start, ep_error *err) {
    EP_CLEANUP(changes_done) struct changes changes = {0};
    for (uint32_t i = 0; i < gen->shop->n_products; i++) {
        struct ep_versions versions = ep_product_versions(gen->shop, i);
        EP_TRY(add_versions(&changes, &versions, i, start, err));
    }
    sort(&changes);
    for (size_t i = 0; i < changes.n; i++) {
        struct ep_versions versions = ep_product_versions(gen->shop, changes.items[i].entity);
        EP_TRY(write_product(gen, &changes.items[i], changes.items[i].version == versions.first, err));
    }
    return EP_OK;
}

static ep_code offers_day(ep_gen *gen, int64_t start, ep_error *err) {
    EP_CLEANUP(changes_done) struct changes changes = {0};
    EP_CLEANUP(changes_done) struct changes outages = {0};
    for (uint32_t i = 0; i < gen->shop->n_offers; i++) {
        EP_TRY(add_versions(&changes, &gen->shop->offers[i].prices, i, start, err));
        EP_TRY(add_outages(&outages, gen->shop, i, start, err));
    }
    sort(&changes);
    sort(&outages);
    for (size_t i = 0; i < changes.n; i++)
        EP_TRY(write_offer(gen, &changes.items[i], changes.items[i].version == 0, err));
    for (size_t i = 0; i < outages.n; i++)
        EP_TRY(write_outage(gen, &outages.items[i], err));
    /* Stock: a seventh of the offers is counted before the day begins, then the new ones say what they have. */
    for (uint32_t i = 0; i < gen->shop->n_offers; i++)
        if ((i + (uint32_t)gen->day) % 7 == 0 && gen->shop->offers[i].prices.first_us < start)
            EP_TRY(write_level(gen, i, start + (int64_t)i % 1000, true, err));
    for (size_t i = 0; i < changes.n; i++)
        if (changes.items[i].version == 0)
            EP_TRY(write_level(gen, changes.items[i].entity, changes.items[i].ts_us, false, err));
    return EP_OK;
}

ep_code ep_changes_day(ep_gen *gen, ep_error *err) {
    int64_t start = (int64_t)gen->day * EP_DAY_US;
    EP_TRY(sellers_day(gen, start, err));
    EP_TRY(products_day(gen, start, err));
    return offers_day(gen, start, err);
}

ep_code ep_changes_newcomers(ep_gen *gen, ep_error *err) {
    for (; gen->n_newcomers_told < gen->n_newcomers; gen->n_newcomers_told++) {
        uint64_t number = gen->n_newcomers_told + 1, own = ep_draw(gen->seed, EP_P_EVENT, number, UINT32_MAX);
        char *p = ep_gen_at(gen, EP_GS_VENDORS);
        EP_PUT(p, "{\"event_id\": \"");
        p = ep_put_uuid(p, own, ep_mix(own));
        EP_PUT(p, "\", \"vendor_id\": \"newcomer_");
        p = ep_put_uint(p, number);
        EP_PUT(p, "\", \"vendor_name\": \"Newcomer ");
        p = ep_put_uint(p, number);
        EP_PUT(
            p,
            "\", \"vendor_status\": \"active\", \"vendor_category\": \"home\", \"vendor_tier\": \"bronze\", "
            "\"vendor_country\": \"DE\", \"commission_rate\": 0.12, \"sequence\": 1, \"timestamp\": ");
        p = ep_put_epoch_us(p, (int64_t)gen->day * EP_DAY_US + 5 * INT64_C(3600000000) +
                                   (int64_t)number % 1000000);
        *p++ = '}';
        EP_TRY(ep_gen_take(gen, EP_GS_VENDORS, p, err));
    }
    return EP_OK;
}

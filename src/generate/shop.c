/* The entities of a run and their states over time. */
#include "generate/shop.h"

#define HOUR_US INT64_C(3600000000)

int32_t ep_version_at(const struct ep_versions *versions, int64_t ts_us) {
    if (ts_us < versions->first_us)
        return -1;
    if (ts_us < versions->base_us)
        return versions->first;
    return versions->base + (int32_t)((ts_us - versions->base_us) / versions->period_us);
}

int64_t ep_version_start(const struct ep_versions *versions, int32_t version) {
    return version < versions->base ? versions->first_us
                                    : versions->base_us + (version - versions->base) * versions->period_us;
}

/* How many of versions 0..v changed the attribute whose turn comes at `turn` of every `of`. */
static uint32_t changes(int32_t v, int32_t of, int32_t turn) {
    return v < turn ? 0 : (uint32_t)((v + of - turn) / of);
}

struct ep_seller_state ep_seller_state(const struct ep_shop *shop, uint32_t seller, int32_t version) {
    uint64_t own = ep_draw(shop->seed, EP_P_SELLER, seller, 1);
    struct ep_seller_state state = {
        .status = EP_SS_ACTIVE,
        .email_form = (uint8_t)((own + changes(version, 6, 0) + changes(version, 6, 5)) % 7),
        .category = (uint8_t)((own / 7 + changes(version, 6, 1) * 5) % 8),
        .tier = (uint8_t)((own / 64 + changes(version, 6, 2)) % 3),
        .name_form = (uint8_t)((own / 256 + changes(version, 6, 3)) % 5),
        .rate_percent = (uint8_t)(5 + (own / 2048 + changes(version, 6, 4)) % 14),
    };
    if (version == 0)
        state.status = EP_SS_PENDING;
    else if (seller > 3 && version % 12 == 5)
        state.status = EP_SS_SUSPENDED;
    return state;
}

struct ep_product_state ep_product_state(const struct ep_shop *shop, uint32_t product, int32_t version) {
    uint64_t own = ep_draw(shop->seed, EP_P_PRODUCT, product, 1);
    const struct ep_word_noun *noun = &ep_word_nouns[product % EP_N_NOUNS];
    bool upper = changes(version, 3, 1) % 2 == 1;
    return (struct ep_product_state){
        .phrase = (uint8_t)((own + changes(version, 3, 0)) % EP_N_PHRASES),
        .category = upper ? (uint8_t)ep_word_categories[noun->category].parent : noun->category,
        .name_form = (uint8_t)((own / 256 + changes(version, 3, 2)) % 3),
        .delisted = product > 0 && version % 15 == 9,
    };
}

struct ep_versions ep_product_versions(const struct ep_shop *shop, uint32_t product) {
    uint64_t own = ep_draw(shop->seed, EP_P_PRODUCT, product, 2);
    int64_t first = shop->start_us - EP_DAY_US + (int64_t)(own % (4 * 3600)) * 1000000 + (int64_t)(own >> 44);
    return (struct ep_versions){.first_us = first,
                                .base_us = first,
                                .period_us = (10 * 86400 + (int64_t)(own / 16384 % (80 * 86400))) * 1000000,
                                .first = 1 + (int32_t)(own >> 40 & 15),
                                .base = 1 + (int32_t)(own >> 40 & 15)};
}

uint8_t ep_offer_currency(const struct ep_shop *shop, const struct ep_offer *offer) {
    return ep_word_countries[shop->sellers[offer->seller].country].currency;
}

/* 85 to 115 percent; neighbours differ because 7 and 31 have no common divisor. */
static int64_t price_cents(uint32_t base_cents, uint32_t start, int32_t version) {
    return ((int64_t)base_cents * (85 + (start + (uint32_t)version * 7) % 31) + 50) / 100;
}

int64_t ep_offer_price(const struct ep_offer *offer, int32_t version) {
    int64_t cents = price_cents(offer->base_cents, offer->price_start, version);
    return offer->whole ? (cents + 50) / 100 * 10000 : cents * 100;
}

static uint32_t product_base_cents(const struct ep_shop *shop, uint32_t product) {
    const struct ep_word_noun *noun = &ep_word_nouns[product % EP_N_NOUNS];
    return noun->least_cents +
           ep_below(ep_draw(shop->seed, EP_P_PRODUCT, product, 3), (uint32_t)noun->spread_cents * 10 / 4) + 9;
}

int64_t ep_product_cents(const struct ep_shop *shop, uint32_t product, int64_t ts_us) {
    uint64_t own = ep_draw(shop->seed, EP_P_PRODUCT, product, 4);
    int64_t period = (5 + (int64_t)(own % 40)) * EP_DAY_US;
    return price_cents(
        product_base_cents(shop, product), (uint32_t)(own >> 40),
        (int32_t)((ts_us - shop->start_us + EP_DAY_US + (int64_t)(own % 86400) * 1000000) / period));
}

int64_t ep_offer_outage_index(const struct ep_shop *shop, uint32_t offer, int64_t ts_us) {
    int64_t first = shop->offers[offer].prices.first_us;
    if (ts_us < first)
        return -1;
    return (ts_us - first) / ((10 + offer % 37) * EP_DAY_US);
}

bool ep_offer_outage(const struct ep_shop *shop, uint32_t offer, int64_t index, struct ep_outage *ret) {
    if (index < 0 || shop->offers[offer].always)
        return false;
    uint64_t own = ep_draw(shop->seed, EP_P_OUTAGE, offer, (uint64_t)index);
    if (own % 3 != 0)
        return false;
    int64_t period = (10 + offer % 37) * EP_DAY_US;
    /* From a quarter of the period on, at most six days: never beyond the period, whose least is ten. */
    int64_t from = shop->offers[offer].prices.first_us + index * period + period / 4;
    from -= from % 1000000;
    ret->planned = (own >> 8) % 2 == 0;
    ret->from_us = from;
    ret->to_us = from + (6 + (int64_t)((own >> 16) % 138)) * HOUR_US;
    ret->said_us = ret->planned ? from - EP_DAY_US + (int64_t)((own >> 40) % 999983) : from;
    return true;
}

bool ep_offer_sellable(const struct ep_shop *shop, uint32_t index, int64_t ts_us) {
    const struct ep_offer *offer = &shop->offers[index];
    if (ts_us < offer->prices.first_us)
        return false;
    if (offer->always)
        return true;
    const struct ep_seller *seller = &shop->sellers[offer->seller];
    if (ep_seller_state(shop, offer->seller, ep_version_at(&seller->versions, ts_us)).status != EP_SS_ACTIVE)
        return false;
    struct ep_versions products = ep_product_versions(shop, offer->product);
    if (ep_product_state(shop, offer->product, ep_version_at(&products, ts_us)).delisted)
        return false;
    struct ep_outage outage;
    return !ep_offer_outage(shop, index, ep_offer_outage_index(shop, index, ts_us), &outage) ||
           ts_us < outage.from_us || ts_us >= outage.to_us;
}

uint32_t ep_shop_pick_product(const struct ep_shop *shop, uint64_t word) {
    const uint64_t *weight = shop->product_weight;
    uint64_t at = word % weight[shop->n_products - 1];
    uint32_t low = 0, high = shop->n_products - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (at < weight[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

uint32_t ep_shop_pick_customer(const ep_generate_options *options, uint64_t word) {
    /* The lesser of two: regular customers have low numbers. */
    uint64_t n = (uint64_t)options->customers;
    uint32_t a = (uint32_t)(((word >> 32) * n) >> 32), b = (uint32_t)(((word & UINT32_MAX) * n) >> 32);
    return a < b ? a : b;
}

static const char *const known_sellers[4] = {"shopnow", "maison_lune", "nordwind", "casa_verde"};
static const char *const known_names[4] = {"ShopNow", "Maison Lune", "Nordwind", "Casa Verde"};
static const uint8_t known_countries[4] = {6, 0, 1, 2};

static uint8_t country_of(uint64_t word) {
    uint32_t at = ep_below(word, 100);
    uint8_t country = 0;
    while (country < EP_N_COUNTRIES - 1 && at >= ep_word_countries[country].share)
        at -= ep_word_countries[country++].share;
    return country;
}

static void make_seller(struct ep_shop *shop, uint32_t i) {
    struct ep_seller *seller = &shop->sellers[i];
    uint64_t own = ep_draw(shop->seed, EP_P_SELLER, i, 2);
    char *p = seller->id, *q = seller->name;
    if (i < 4) {
        p = ep_put_text(p, known_sellers[i]);
        q = ep_put_text(q, known_names[i]);
        seller->country = known_countries[i];
    } else {
        static const char *const kinds[6][2] = {{"atelier", "Atelier"}, {"casa", "Casa"},
                                                {"house", "House of"},  {"werk", "Werk"},
                                                {"trading", "Trading"}, {"goods", "Goods"}};
        const char *const *last = ep_word_last[own % EP_N_LAST];
        const char *const *form = kinds[(own >> 8) % 6];
        p = ep_put_text(ep_put_text(p, form[0]), "_");
        p = ep_put_text(ep_put_text(p, last[1]), "_");
        p = ep_put_uint(p, i);
        q = ep_put_text(ep_put_text(q, form[1]), " ");
        q = ep_put_text(q, last[0]);
        seller->country = country_of(own * 77);
    }
    *p = *q = '\0';
    struct ep_versions *v = &seller->versions;
    v->period_us = (3 * 86400 + (int64_t)((own >> 16) % (37 * 86400))) * 1000000;
    if (i > 3 && (own >> 40) % 5 == 0) {
        /* Comes during the run: pending in the morning, active two hours later. */
        int64_t days = (shop->end_us - shop->start_us) / EP_DAY_US;
        v->first_us = shop->start_us + (int64_t)((own >> 44) % (uint64_t)days) * EP_DAY_US + 6 * HOUR_US +
                      (int64_t)(own % 999983);
        v->base_us = v->first_us + 2 * HOUR_US;
        v->first = 0;
        v->base = 1;
    } else {
        v->first_us = v->base_us =
            shop->start_us - 20 * HOUR_US + (int64_t)(own % (2 * 3600 * UINT64_C(1000000)));
        v->base = v->first = 1 + (int32_t)((own >> 44) % 24);
    }
}

/* Weight 1/rank: the first of a hundred sells a fifth of all. */
static uint64_t zipf_weight(uint64_t rank) {
    return (UINT64_C(1) << 32) / (rank + 1);
}

static uint32_t pick_seller(const struct ep_shop *shop, const uint64_t *cumulative, uint64_t word) {
    uint64_t at = word % cumulative[shop->n_sellers - 1];
    uint32_t low = 0, high = shop->n_sellers - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (at < cumulative[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void make_offer(struct ep_shop *shop, uint32_t product, uint32_t seller, bool always) {
    uint32_t i = shop->n_offers++;
    uint64_t own = ep_draw(shop->seed, EP_P_OFFER, i, seller);
    uint8_t currency = ep_word_countries[shop->sellers[seller].country].currency;
    uint64_t cents = (uint64_t)product_base_cents(shop, product) * (90 + own % 21) / 100 * 9200 /
                     ep_word_currencies[currency].to_eur;
    struct ep_offer *offer = &shop->offers[i];
    *offer = (struct ep_offer){.product = product,
                               .seller = seller,
                               .base_cents = (uint32_t)cents,
                               .price_start = (uint8_t)((own >> 8) % 31),
                               .whole = ep_word_currencies[currency].decimals == 0,
                               .always = always};
    if (seller != 0) {
        uint32_t at = (uint32_t)(own >> 16) % 20;
        offer->condition = at == 0 ? 1 : at == 1 ? 2 : 0;
        at = (uint32_t)(own >> 24) % 20;
        offer->reference = at < 4 ? 1 : at < 7 ? 2 : 0;
    }
    const struct ep_versions *seller_versions = &shop->sellers[seller].versions;
    /* Eight to eighteen hours after its seller: after the products, and before the first day for all that are there then. */
    int64_t first = seller_versions->base_us + 5 * HOUR_US + (int64_t)((own >> 20) % (10 * 3600)) * 1000000 +
                    (int64_t)(own % 999983);
    offer->prices =
        (struct ep_versions){.first_us = first,
                             .base_us = first,
                             .period_us = (3 * 86400 + (int64_t)((own >> 34) % (22 * 86400))) * 1000000,
                             .base = 0};
    offer->stock = (int32_t)(20 + (own >> 50) % 180);
}

static ep_code make_offers(struct ep_shop *shop, ep_error *err) {
    uint64_t *cumulative = ep_calloc(shop->n_sellers, sizeof *cumulative);
    if (!cumulative)
        return ep_fail(err, EP_E_NOMEM, "no memory for %u sellers", shop->n_sellers);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < shop->n_sellers; i++)
        cumulative[i] = sum += zipf_weight(i);
    for (uint32_t product = 0; product < shop->n_products; product++) {
        shop->offer_first[product] = shop->n_offers;
        uint64_t own = ep_draw(shop->seed, EP_P_OFFER, product, UINT32_MAX);
        uint32_t taken[3], n = 0, want = 1 + (uint32_t)(own % 3);
        if (product == 0) {
            taken[n++] = 0;
            make_offer(shop, 0, 0, true);
        }
        for (uint32_t attempt = 0; attempt < 8 && n < want; attempt++) {
            uint32_t seller =
                pick_seller(shop, cumulative, ep_draw(shop->seed, EP_P_OFFER, product, attempt + 1));
            bool again = false;
            for (uint32_t k = 0; k < n; k++)
                again |= taken[k] == seller;
            if (again)
                continue;
            taken[n++] = seller;
            make_offer(shop, product, seller, false);
        }
    }
    shop->offer_first[shop->n_products] = shop->n_offers;
    ep_free(cumulative);
    return EP_OK;
}

ep_code ep_shop_new(ep_gen *gen, struct ep_shop **ret, ep_error *err) {
    EP_CLEANUP(ep_shop_free) struct ep_shop *shop = ep_calloc(1, sizeof *shop);
    if (!shop)
        return ep_fail(err, EP_E_NOMEM, "no memory for the shop");
    shop->seed = gen->seed;
    shop->n_sellers = (uint32_t)gen->options->sellers;
    shop->n_products = (uint32_t)gen->options->products;
    shop->start_us = (int64_t)gen->calendar.first_day * EP_DAY_US;
    shop->end_us = shop->start_us + gen->calendar.n_days * EP_DAY_US;
    shop->sellers = ep_calloc(shop->n_sellers, sizeof *shop->sellers);
    shop->product_weight = ep_calloc(shop->n_products, sizeof *shop->product_weight);
    shop->offer_first = ep_calloc((size_t)shop->n_products + 1, sizeof *shop->offer_first);
    if (gen->market)
        shop->offers = ep_calloc((size_t)shop->n_products * 3, sizeof *shop->offers);
    if (!shop->sellers || !shop->product_weight || !shop->offer_first || (gen->market && !shop->offers))
        return ep_fail(err, EP_E_NOMEM, "no memory for %u sellers and %u products", shop->n_sellers,
                       shop->n_products);
    for (uint32_t i = 0; i < shop->n_sellers; i++)
        make_seller(shop, i);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < shop->n_products; i++)
        shop->product_weight[i] = sum += zipf_weight(i / 4 + 3);
    if (gen->market)
        EP_TRY(make_offers(shop, err));
    *ret = shop;
    shop = NULL;
    return EP_OK;
}

void ep_shop_free(struct ep_shop **shop) {
    if (!*shop)
        return;
    ep_free((*shop)->sellers);
    ep_free((*shop)->product_weight);
    ep_free((*shop)->offer_first);
    ep_free((*shop)->offers);
    ep_free(*shop);
    *shop = NULL;
}

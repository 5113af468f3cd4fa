#ifndef EP_GENERATE_SHOP_H
#define EP_GENERATE_SHOP_H

#include "generate/gen.h"

/*
 * Sellers, products, offers and customers. What changes about them is a function of entity and time: the n-th version begins a
 * fixed period after the one before and differs from it in a known attribute, so that the state at any moment, also long ago, is
 * computed, never kept.
 */

/* Versions of one entity: `first` at `first_us`, further ones every period from `base_us` on, the one there being `base`. */
struct ep_versions {
    int64_t first_us, base_us, period_us;
    int32_t first, base;
};

/** -1 before the first. */
int32_t ep_version_at(const struct ep_versions *versions, int64_t ts_us);
/** When a version begins. */
int64_t ep_version_start(const struct ep_versions *versions, int32_t version);

enum ep_seller_status { EP_SS_PENDING, EP_SS_ACTIVE, EP_SS_SUSPENDED };

struct ep_seller {
    char id[41];
    char name[48];
    uint8_t country;
    struct ep_versions versions;
};

struct ep_seller_state {
    enum ep_seller_status status;
    uint8_t category, tier, name_form, email_form;
    uint8_t rate_percent;
};

struct ep_product_state {
    uint8_t category, phrase, name_form;
    bool delisted;
};

struct ep_offer {
    uint32_t product, seller;
    uint32_t base_cents; /* of its currency; whole units of JPY times 100 */
    uint8_t condition;   /* 0 new, 1 used, 2 refurbished */
    uint8_t reference;   /* how messages name the product: 0 product_id, 1 gtin, 2 neither */
    uint8_t price_start;
    bool whole;  /* its currency has no smaller unit */
    bool always; /* never out of sale: there is always something to order */
    int32_t stock;
    struct ep_versions prices;
};

/* An interval in which an offer cannot be bought. */
struct ep_outage {
    int64_t said_us, from_us, to_us;
    bool planned; /* said a day before with its end; else said as it begins, and again with its end */
};

struct ep_shop {
    struct ep_seller *sellers;
    uint32_t n_sellers;
    uint32_t n_products;
    struct ep_offer *offers;
    uint32_t n_offers;
    uint32_t *offer_first;    /* n_products + 1: offers of each product */
    uint64_t *product_weight; /* cumulative */
    uint64_t seed;
    int64_t start_us, end_us;
};

EP_CHECK ep_code ep_shop_new(ep_gen *gen, struct ep_shop **ret, ep_error *err);
void ep_shop_free(struct ep_shop **shop);

/** State of a seller or product at a version. */
struct ep_seller_state ep_seller_state(const struct ep_shop *shop, uint32_t seller, int32_t version);
struct ep_product_state ep_product_state(const struct ep_shop *shop, uint32_t product, int32_t version);
struct ep_versions ep_product_versions(const struct ep_shop *shop, uint32_t product);

uint8_t ep_offer_currency(const struct ep_shop *shop, const struct ep_offer *offer);
/** Ten-thousandths at a price version. */
int64_t ep_offer_price(const struct ep_offer *offer, int32_t version);
/** Price of a product in the shop before the marketplace, in cents of USD. */
int64_t ep_product_cents(const struct ep_shop *shop, uint32_t product, int64_t ts_us);
/** The interval of an offer's period `index`; false when there is none. */
bool ep_offer_outage(const struct ep_shop *shop, uint32_t offer, int64_t index, struct ep_outage *ret);
/** Which period a moment is in; -1 before the offer. */
int64_t ep_offer_outage_index(const struct ep_shop *shop, uint32_t offer, int64_t ts_us);
bool ep_offer_sellable(const struct ep_shop *shop, uint32_t offer, int64_t ts_us);

/** A product by weight: few sell much. */
uint32_t ep_shop_pick_product(const struct ep_shop *shop, uint64_t word);
uint32_t ep_shop_pick_customer(const ep_generate_options *options, uint64_t word);

/** Texts; each appends at p. `ascii`: as json.dumps escapes. */
char *ep_put_product_id(char *p, uint32_t product);
char *ep_put_product_name(char *p, const struct ep_shop *shop, uint32_t product,
                          const struct ep_product_state *state, bool ascii);
char *ep_put_product_description(char *p, const struct ep_shop *shop, uint32_t product,
                                 const struct ep_product_state *state, bool ascii);
const char *ep_product_brand(const struct ep_shop *shop, uint32_t product);
/** 13 digits; false (nothing appended) when the product has none. */
bool ep_put_gtin(char **p, const struct ep_shop *shop, uint32_t product);
char *ep_put_sku(char *p, const struct ep_shop *shop, const struct ep_offer *offer);
char *ep_put_seller_name(char *p, const struct ep_shop *shop, uint32_t seller,
                         const struct ep_seller_state *state);
char *ep_put_seller_email(char *p, const struct ep_shop *shop, uint32_t seller,
                          const struct ep_seller_state *state);
char *ep_put_siret(char *p, uint32_t seller);
/** The id by which external systems know a seller ("V-1001"), or its own. */
const char *ep_seller_external(const struct ep_shop *shop, uint32_t seller);
char *ep_put_customer_id(char *p, uint32_t customer);
char *ep_put_user_uuid(char *p, uint64_t seed, uint32_t customer);
const char *ep_condition_name(uint8_t condition);

/**
 * Parts of orders that repeat, kept ready made: `{"id": ..}` of a customer, `"product_id": .., "description": .., ` of a product, as
 * json.dumps writes them. The view holds until the next call.
 */
EP_CHECK ep_code ep_fragments_new(struct ep_fragments **ret, ep_error *err);
void ep_fragments_free(struct ep_fragments **fragments);
ep_str ep_fragment_customer(ep_gen *gen, uint32_t customer, int64_t ts_us);
ep_str ep_fragment_product(ep_gen *gen, uint32_t product, int64_t ts_us);

#endif

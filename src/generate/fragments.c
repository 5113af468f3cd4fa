/* The parts of orders that repeat: a fixed number of slots, made again when another entity or version needs the place. */
#include "generate/shop.h"

#define N_SLOTS    8192 /* of each kind; a power of two */
#define SLOT_BYTES 488

struct slot {
    uint32_t entity; /* plus 1; 0 is empty */
    int32_t version;
    uint32_t len;
    char text[SLOT_BYTES];
};

struct ep_fragments {
    struct slot customers[N_SLOTS], products[N_SLOTS];
};

ep_code ep_fragments_new(struct ep_fragments **ret, ep_error *err) {
    *ret = ep_calloc(1, sizeof **ret);
    return *ret ? EP_OK : ep_fail(err, EP_E_NOMEM, "no memory for %zu bytes", sizeof **ret);
}

void ep_fragments_free(struct ep_fragments **fragments) {
    ep_free(*fragments);
    *fragments = NULL;
}

static char *put_customer(char *p, const ep_gen *gen, uint32_t customer, int32_t version) {
    uint64_t own = ep_draw(gen->seed, EP_P_CUSTOMER, customer, 1);
    const char *const *first = ep_word_first[own % EP_N_FIRST];
    const char *const *last = ep_word_last[(own >> 8) % EP_N_LAST];
    const struct ep_word_country *country = &ep_word_countries[(own >> 16) % EP_N_COUNTRIES];
    uint32_t moves = (uint32_t)version / 2, mails = ((uint32_t)version + 1) / 2;
    EP_PUT(p, "{\"id\": \"");
    p = ep_put_customer_id(p, customer);
    EP_PUT(p, "\", \"name\": \"");
    p = ep_put_ascii(p, first[0]);
    *p++ = ' ';
    p = ep_put_ascii(p, last[0]);
    EP_PUT(p, "\", \"email\": \"");
    p = ep_put_text(p, first[1]);
    *p++ = '.';
    p = ep_put_text(p, last[1]);
    p = ep_put_uint(p, customer + 1);
    *p++ = '@';
    p = ep_put_text(p, ep_word_domains[((own >> 24) + mails) % 3]);
    EP_PUT(p, "\", \"address\": \"");
    p = ep_put_uint(p, 1 + ((own >> 32) + moves * 7) % 180);
    *p++ = ' ';
    p = ep_put_ascii(p, country->streets[((own >> 40) + moves) % 4]);
    EP_PUT(p, "\", \"city\": \"");
    p = ep_put_ascii(p, country->cities[((own >> 48) + moves) % 4]);
    EP_PUT(p, "\", \"country\": \"");
    p = ep_put_text(p, country->name);
    return EP_PUT(p, "\"}");
}

ep_str ep_fragment_customer(ep_gen *gen, uint32_t customer, int64_t ts_us) {
    uint64_t own = ep_draw(gen->seed, EP_P_CUSTOMER, customer, 2);
    int64_t period = (20 + (int64_t)(own % 280)) * EP_DAY_US;
    /* From the epoch on, so that a customer is the same in runs that follow one another. */
    int32_t version = (int32_t)((ts_us + (int64_t)(own >> 16) % period) / period);
    struct slot *slot = &gen->fragments->customers[customer % N_SLOTS];
    if (slot->entity != customer + 1 || slot->version != version) {
        slot->entity = customer + 1;
        slot->version = version;
        slot->len = (uint32_t)(put_customer(slot->text, gen, customer, version) - slot->text);
    }
    return (ep_str){slot->text, slot->len};
}

static char *put_product(char *p, const struct ep_shop *shop, uint32_t product, int32_t version) {
    struct ep_product_state state = ep_product_state(shop, product, version);
    EP_PUT(p, "\"product_id\": \"");
    p = ep_put_product_id(p, product);
    EP_PUT(p, "\", \"name\": \"");
    p = ep_put_product_name(p, shop, product, &state, true);
    EP_PUT(p, "\", \"category\": \"");
    p = ep_put_text(p, ep_word_categories[state.category].id);
    EP_PUT(p, "\", \"description\": \"");
    p = ep_put_product_description(p, shop, product, &state, true);
    return EP_PUT(p, "\", ");
}

ep_str ep_fragment_product(ep_gen *gen, uint32_t product, int64_t ts_us) {
    struct ep_versions versions = ep_product_versions(gen->shop, product);
    int32_t version = ep_version_at(&versions, ts_us);
    struct slot *slot = &gen->fragments->products[product % N_SLOTS];
    if (slot->entity != product + 1 || slot->version != version) {
        slot->entity = product + 1;
        slot->version = version;
        slot->len = (uint32_t)(put_product(slot->text, gen->shop, product, version) - slot->text);
    }
    return (ep_str){slot->text, slot->len};
}

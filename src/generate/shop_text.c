/* Names, numbers and addresses of the entities. */
#include "generate/shop.h"

char *ep_put_product_id(char *p, uint32_t product) {
    EP_PUT(p, "p-");
    return ep_put_padded(p, product + 1, 4);
}

char *ep_put_customer_id(char *p, uint32_t customer) {
    EP_PUT(p, "c-");
    return ep_put_padded(p, customer + 1, 5);
}

char *ep_put_user_uuid(char *p, uint64_t seed, uint32_t customer) {
    return ep_put_uuid(p, ep_draw(seed, EP_P_USER, customer, 0), ep_draw(seed, EP_P_USER, customer, 1));
}

static char *put_word(char *p, const char *text, bool ascii) {
    return ascii ? ep_put_ascii(p, text) : ep_put_text(p, text);
}

static const char *adjective(const struct ep_shop *shop, uint32_t product) {
    return ep_word_adjectives[(product / EP_N_NOUNS + ep_draw(shop->seed, EP_P_PRODUCT, product, 5)) %
                              EP_N_ADJECTIVES];
}

char *ep_put_product_name(char *p, const struct ep_shop *shop, uint32_t product,
                          const struct ep_product_state *state, bool ascii) {
    static const char *const forms[3] = {"", " II", " Plus"};
    p = put_word(p, adjective(shop, product), ascii);
    *p++ = ' ';
    p = ep_put_text(p, ep_word_nouns[product % EP_N_NOUNS].noun);
    return ep_put_text(p, forms[state->name_form]);
}

char *ep_put_product_description(char *p, const struct ep_shop *shop, uint32_t product,
                                 const struct ep_product_state *state, bool ascii) {
    p = put_word(p, adjective(shop, product), ascii);
    *p++ = ' ';
    p = ep_put_text(p, ep_word_nouns[product % EP_N_NOUNS].noun);
    EP_PUT(p, ", ");
    return put_word(p, ep_word_phrases[state->phrase], ascii);
}

const char *ep_product_brand(const struct ep_shop *shop, uint32_t product) {
    return ep_word_brands[ep_draw(shop->seed, EP_P_PRODUCT, product, 6) % EP_N_BRANDS];
}

bool ep_put_gtin(char **p, const struct ep_shop *shop, uint32_t product) {
    if (ep_draw(shop->seed, EP_P_PRODUCT, product, 7) % 20 == 0)
        return false;
    /* Prefix 952 is for examples (GS1 General Specifications 1.4.2): nobody's product has such a number. */
    uint64_t number = UINT64_C(952000000000) + (uint64_t)product * 654435761U % UINT64_C(1000000000);
    uint32_t sum = 0;
    uint64_t rest = number;
    for (int i = 0; i < 12; i++, rest /= 10)
        sum += (uint32_t)(rest % 10) * (i % 2 == 0 ? 3 : 1);
    *p = ep_put_padded(*p, number * 10 + (10 - sum % 10) % 10, 13);
    return true;
}

char *ep_put_sku(char *p, const struct ep_shop *shop, const struct ep_offer *offer) {
    (void)shop;
    const char *code = ep_word_nouns[offer->product % EP_N_NOUNS].code;
    switch (offer->seller % 4) {
    case 0:
        p = ep_put_text(p, code);
        *p++ = '-';
        return ep_put_uint(p, offer->product + 1);
    case 1:
        p = ep_put_padded(p, (uint64_t)offer->product + 100, 6);
        *p++ = '.';
        return ep_put_text(p, code);
    case 2: EP_PUT(p, "art_"); return ep_put_uint(p, (uint64_t)offer->product * 7 + 1000);
    default:
        *p++ = (char)('A' + offer->seller % 26);
        p = ep_put_padded(p, offer->product, 5);
        return EP_PUT(p, "-x");
    }
}

char *ep_put_seller_name(char *p, const struct ep_shop *shop, uint32_t seller,
                         const struct ep_seller_state *state) {
    static const char *const forms[5] = {"", " Store", " Direct", " Outlet", " & Co"};
    p = ep_put_text(p, shop->sellers[seller].name);
    return ep_put_text(p, forms[state->name_form]);
}

char *ep_put_seller_email(char *p, const struct ep_shop *shop, uint32_t seller,
                          const struct ep_seller_state *state) {
    static const char *const boxes[7] = {"contact", "owner", "sales", "shop", "hello", "team", "office"};
    p = ep_put_text(p, boxes[state->email_form]);
    *p++ = '.';
    p = ep_put_text(p, shop->sellers[seller].id);
    *p++ = '@';
    return ep_put_text(p, ep_word_domains[seller % 3]);
}

/* The digit that makes the sum of Luhn's algorithm (ISO/IEC 7812-1) of `n` digits and itself divisible by ten. */
static uint64_t luhn(uint64_t number, int n) {
    uint32_t sum = 0;
    for (int i = 0; i < n; i++, number /= 10) {
        uint32_t digit = (uint32_t)(number % 10) * (i % 2 == 0 ? 2 : 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return (10 - sum % 10) % 10;
}

char *ep_put_siret(char *p, uint32_t seller) {
    /* SIREN: eight digits and Luhn; SIRET: SIREN, four digits, Luhn over all. */
    uint64_t siren = 99000000 + (uint64_t)seller % 1000000;
    siren = siren * 10 + luhn(siren, 8);
    uint64_t siret = siren * 10000 + 10 + seller % 7;
    return ep_put_padded(p, siret * 10 + luhn(siret, 13), 14);
}

const char *ep_seller_external(const struct ep_shop *shop, uint32_t seller) {
    static const char *const external[4] = {"ShopNow", "V-1001", "V-1002", "V-1003"};
    return seller < 4 ? external[seller] : shop->sellers[seller].id;
}

const char *ep_condition_name(uint8_t condition) {
    static const char *const names[3] = {"new", "used", "refurbished"};
    return names[condition];
}

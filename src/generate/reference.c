/* The files of reference/: commission rules, exchange rates, categories, product identifiers. */
#include "generate/orders.h"

/* Commission rules, in 1/10000. Kinds of rule, from the least specific; which sellers and categories have one is fixed by number. */
#define RATE_DEFAULT    1500
#define N_RATED         12 /* categories with a rule of their own */
#define RATE_PAIR       500
#define RATE_PROMOTION  700
#define PROMOTION_DAYS  3
#define FIRST_RULES_DAY 10957 /* 2000-01-01 */

static int32_t middle_day(const ep_gen *gen) {
    return gen->calendar.first_day + (gen->calendar.n_days + 1) / 2;
}

static uint32_t category_rate(uint8_t category) {
    return 800 + category * 50u;
}

/* From the middle of the run on four categories cost more. */
static uint32_t later_category_rate(uint8_t category) {
    return category_rate(category) + 100;
}

static uint32_t seller_rate(uint32_t seller) {
    return 1000 + seller % 4 * 50;
}

uint32_t ep_commission_rate(const ep_gen *gen, uint32_t seller, uint8_t category, int32_t day) {
    int32_t first = gen->calendar.first_day;
    if (seller == 0)
        return 0; /* the platform's own shop pays itself nothing */
    if (seller % 10 == 2 && category == seller % EP_N_CATEGORIES)
        return RATE_PAIR;
    if (seller % 5 == 1)
        return seller_rate(seller);
    if (seller % 5 == 3 && day >= first && day < first + PROMOTION_DAYS)
        return RATE_PROMOTION;
    if (category < 4 && day >= middle_day(gen))
        return later_category_rate(category);
    return category < N_RATED ? category_rate(category) : RATE_DEFAULT;
}

static ep_code take(ep_gen *gen, char *p, ep_error *err) {
    *p++ = '\n';
    gen->n_records[EP_GS_REFERENCE]++;
    gen->n_total++;
    return ep_out_take(&gen->streams[EP_GS_REFERENCE], p, err);
}

static ep_code start(ep_gen *gen, const char *name, const char *header, ep_error *err) {
    ep_out *out = &gen->streams[EP_GS_REFERENCE];
    EP_TRY(ep_out_start(out, err, "%s/reference/%s", gen->options->out, name));
    if (!header[0])
        return EP_OK;
    char *p = ep_put_text(ep_out_at(out), header);
    *p++ = '\n';
    return ep_out_take(out, p, err);
}

static ep_code put_rule(ep_gen *gen, const char *seller, const char *category, int32_t from, int32_t to,
                        uint32_t rate, int revision, ep_error *err) {
    char *p = ep_gen_at(gen, EP_GS_REFERENCE);
    p = ep_put_text(p, seller);
    *p++ = ',';
    p = ep_put_text(p, category);
    *p++ = ',';
    p = ep_put_date(p, from);
    *p++ = ',';
    if (to > 0)
        p = ep_put_date(p, to);
    *p++ = ',';
    p = ep_put_money(p, rate, 4);
    *p++ = ',';
    p = ep_put_int(p, revision);
    return take(gen, p, err);
}

static ep_code write_rules(ep_gen *gen, ep_error *err) {
    const char *header = "seller_id,category,valid_from,valid_to,rate,revision";
    int32_t first = gen->calendar.first_day;
    EP_TRY(start(gen, "commission_rules.csv", header, err));
    EP_TRY(put_rule(gen, "", "", FIRST_RULES_DAY, 0, RATE_DEFAULT, 1, err));
    EP_TRY(put_rule(gen, gen->shop->sellers[0].id, "", FIRST_RULES_DAY, 0, 0, 1, err));
    for (uint8_t i = 0; i < N_RATED; i++)
        EP_TRY(put_rule(gen, "", ep_word_categories[i].id, FIRST_RULES_DAY, 0, category_rate(i), 1, err));
    for (uint8_t i = 0; i < 4; i++)
        EP_TRY(
            put_rule(gen, "", ep_word_categories[i].id, middle_day(gen), 0, later_category_rate(i), 1, err));
    for (uint32_t i = 0; i < gen->shop->n_sellers; i++) {
        const char *seller = gen->shop->sellers[i].id;
        if (i % 5 == 1)
            EP_TRY(put_rule(gen, seller, "", first - 30, 0, seller_rate(i), 1, err));
        if (i % 5 == 3)
            EP_TRY(put_rule(gen, seller, "", first, first + PROMOTION_DAYS, RATE_PROMOTION, 1, err));
        if (i % 10 == 2)
            EP_TRY(put_rule(gen, seller, ep_word_categories[i % EP_N_CATEGORIES].id, first - 30, 0, RATE_PAIR,
                            1, err));
    }
    /* What finance sends afterwards: corrected rates, and rules that began days ago. */
    EP_TRY(start(gen, "commission_rules_late.csv", header, err));
    for (uint8_t i = 4; i < 8; i++)
        EP_TRY(
            put_rule(gen, "", ep_word_categories[i].id, FIRST_RULES_DAY, 0, category_rate(i) - 75, 2, err));
    for (uint32_t i = 0; i < gen->shop->n_sellers; i++)
        if (i % 20 == 6)
            EP_TRY(put_rule(gen, gen->shop->sellers[i].id, "", middle_day(gen), 0, 900, 1, err));
    return EP_OK;
}

static ep_code write_rates(ep_gen *gen, ep_error *err) {
    EP_TRY(start(gen, "fx_rates.csv", "date,currency,quote,rate,revision", err));
    for (uint32_t c = 0; c < EP_N_CURRENCIES; c++) {
        const struct ep_word_currency *currency = &ep_word_currencies[c];
        if (currency->to_eur == 10000)
            continue;
        int64_t rate = (int64_t)currency->to_eur * 10000; /* in 10^-8 */
        for (int32_t day = gen->calendar.first_day - 12; day < gen->calendar.first_day + gen->calendar.n_days;
             day++) {
            rate += rate * ((int64_t)(ep_draw(gen->seed, EP_P_RATE, c, (uint64_t)day) % 1001) - 500) / 100000;
            /* 1970-01-01 was a Thursday; nobody fixes rates at weekends. */
            if ((day + 3) % 7 >= 5)
                continue;
            char *p = ep_put_date(ep_gen_at(gen, EP_GS_REFERENCE), day);
            *p++ = ',';
            p = ep_put_text(p, currency->code);
            EP_PUT(p, ",EUR,");
            p = ep_put_int(p, rate / 100000000);
            *p++ = '.';
            p = ep_put_padded(p, (uint64_t)(rate % 100000000), 8);
            EP_PUT(p, ",1");
            EP_TRY(take(gen, p, err));
        }
    }
    return EP_OK;
}

static ep_code put_category(ep_gen *gen, uint32_t i, const char *name, int32_t from, ep_error *err) {
    const struct ep_word_category *category = &ep_word_categories[i];
    char *p = ep_put_text(ep_gen_at(gen, EP_GS_REFERENCE), category->id);
    *p++ = ',';
    p = ep_put_text(p, name);
    *p++ = ',';
    p = ep_put_text(p, category->parent < 0 ? "" : ep_word_categories[category->parent].id);
    *p++ = ',';
    p = ep_put_date(p, from);
    EP_PUT(p, ",1");
    return take(gen, p, err);
}

static ep_code write_categories(ep_gen *gen, ep_error *err) {
    EP_TRY(start(gen, "categories.csv", "category_id,name,parent_id,valid_from,revision", err));
    for (uint32_t i = 0; i < EP_N_CATEGORIES; i++)
        EP_TRY(put_category(gen, i, ep_word_categories[i].name, FIRST_RULES_DAY, err));
    return put_category(gen, 9, "\"Linen, cushions and curtains\"", middle_day(gen), err);
}

static char *put_identifier(char *p, const ep_gen *gen, uint32_t product) {
    EP_PUT(p, "\", \"product_id\": \"");
    p = ep_put_product_id(p, product);
    EP_PUT(p, "\", \"sequence\": 1, \"timestamp\": ");
    p = ep_put_epoch_us(p, gen->shop->start_us - EP_DAY_US / 2);
    *p++ = '}';
    return p;
}

static ep_code write_identifiers(ep_gen *gen, ep_error *err) {
    EP_TRY(start(gen, "product_identifiers.jsonl", "", err));
    const struct ep_shop *shop = gen->shop;
    for (uint32_t i = 0; i < shop->n_products; i++) {
        char *p = ep_gen_at(gen, EP_GS_REFERENCE);
        EP_PUT(p, "{\"scheme\": \"gtin\", \"value\": \"");
        if (ep_put_gtin(&p, shop, i))
            EP_TRY(take(gen, put_identifier(p, gen, i), err));
    }
    for (uint32_t i = 0; i < shop->n_offers; i++) {
        const struct ep_offer *offer = &shop->offers[i];
        if (offer->reference != 2)
            continue;
        char *p = ep_gen_at(gen, EP_GS_REFERENCE);
        EP_PUT(p, "{\"scheme\": \"sku\", \"seller_id\": \"");
        p = ep_put_text(p, shop->sellers[offer->seller].id);
        EP_PUT(p, "\", \"value\": \"");
        p = ep_put_sku(p, shop, offer);
        EP_TRY(take(gen, put_identifier(p, gen, offer->product), err));
    }
    return EP_OK;
}

ep_code ep_reference_write(ep_gen *gen, ep_error *err) {
    EP_TRY(write_rules(gen, err));
    EP_TRY(write_rates(gen, err));
    EP_TRY(write_categories(gen, err));
    return write_identifiers(gen, err);
}

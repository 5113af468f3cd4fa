/* Flat order lines for benchmarks: twelve fields, one file. */
#include "generate/shop.h"

static const char *const statuses[5] = {"PLACED", "PAID", "SHIPPED", "DELIVERED", "CANCELLED"};

struct line {
    uint64_t event[2], order[2];
    uint32_t number, customer, product, seller, quantity, cents, currency, status, country;
    int64_t ts_us;
};

static void draw(const ep_gen *gen, uint64_t i, int64_t step_us, struct line *ret) {
    ep_random random = ep_random_at(gen->seed, EP_P_FLAT, i);
    /* Three lines an order. */
    uint64_t order = ep_draw(gen->seed, EP_P_ORDER, i / 3, 0);
    ret->event[0] = ep_random_next(&random);
    ret->event[1] = ep_random_next(&random);
    ret->order[0] = order;
    ret->order[1] = ep_mix(order);
    ret->number = (uint32_t)(i % 3 + 1);
    ret->customer = ep_shop_pick_customer(gen->options, ep_mix(order + 1));
    ret->product = ep_shop_pick_product(gen->shop, ep_random_next(&random));
    uint64_t bits = ep_random_next(&random);
    /* The square of a uniform share: few sellers sell much. */
    uint64_t share = bits >> 32;
    ret->seller = (uint32_t)(((share * share >> 32) * gen->shop->n_sellers) >> 32);
    ret->quantity = 1 + (uint32_t)(bits & 0xff) % 3;
    ret->cents = 500 + (uint32_t)((bits >> 8) & 0xffffff) % 49500;
    bits = ep_mix(order + 2);
    ret->currency = (uint32_t)(bits & 3);
    ret->status = (uint32_t)(bits >> 8 & 0xff) % 5;
    ret->country = (uint32_t)(bits >> 16) % EP_N_COUNTRIES;
    ret->ts_us = gen->shop->start_us + (int64_t)(i / 3) * step_us;
}

static char *put_json(char *p, const ep_gen *gen, const struct line *line) {
    EP_PUT(p, "{\"event_id\":\"");
    p = ep_put_uuid(p, line->event[0], line->event[1]);
    EP_PUT(p, "\",\"order_id\":\"");
    p = ep_put_uuid(p, line->order[0], line->order[1]);
    EP_PUT(p, "\",\"line\":");
    p = ep_put_uint(p, line->number);
    EP_PUT(p, ",\"customer_id\":\"");
    p = ep_put_customer_id(p, line->customer);
    EP_PUT(p, "\",\"product_id\":\"");
    p = ep_put_product_id(p, line->product);
    EP_PUT(p, "\",\"seller_id\":\"");
    p = ep_put_text(p, gen->shop->sellers[line->seller].id);
    EP_PUT(p, "\",\"quantity\":");
    p = ep_put_uint(p, line->quantity);
    EP_PUT(p, ",\"unit_price\":");
    p = ep_put_money(p, (int64_t)line->cents * 100, 2);
    EP_PUT(p, ",\"currency\":\"");
    p = ep_put_mem(p, ep_word_currencies[line->currency].code, 3);
    EP_PUT(p, "\",\"status\":\"");
    p = ep_put_text(p, statuses[line->status]);
    EP_PUT(p, "\",\"country\":\"");
    p = ep_put_mem(p, ep_word_countries[line->country].code, 2);
    EP_PUT(p, "\",\"event_time\":\"");
    p = ep_put_rfc3339(p, line->ts_us);
    return EP_PUT(p, "\"}");
}

static char *put_csv(char *p, const ep_gen *gen, const struct line *line) {
    p = ep_put_uuid(p, line->event[0], line->event[1]);
    *p++ = ',';
    p = ep_put_uuid(p, line->order[0], line->order[1]);
    *p++ = ',';
    p = ep_put_uint(p, line->number);
    *p++ = ',';
    p = ep_put_customer_id(p, line->customer);
    *p++ = ',';
    p = ep_put_product_id(p, line->product);
    *p++ = ',';
    p = ep_put_text(p, gen->shop->sellers[line->seller].id);
    *p++ = ',';
    p = ep_put_uint(p, line->quantity);
    *p++ = ',';
    p = ep_put_money(p, (int64_t)line->cents * 100, 2);
    *p++ = ',';
    p = ep_put_mem(p, ep_word_currencies[line->currency].code, 3);
    *p++ = ',';
    p = ep_put_text(p, statuses[line->status]);
    *p++ = ',';
    p = ep_put_mem(p, ep_word_countries[line->country].code, 2);
    *p++ = ',';
    return ep_put_rfc3339(p, line->ts_us);
}

ep_code ep_flat_write(ep_gen *gen, ep_error *err) {
    ep_out *out = &gen->streams[EP_GS_FLAT];
    bool csv = gen->options->flat_csv;
    EP_TRY(ep_out_start(out, err, "%s/flat.%s", gen->options->out, csv ? "csv" : "jsonl"));
    if (csv) {
        char *p =
            ep_put_text(ep_out_at(out), "event_id,order_id,line,customer_id,product_id,seller_id,quantity,"
                                        "unit_price,currency,status,country,event_time\n");
        EP_TRY(ep_out_take(out, p, err));
        out->n_records = 0;
    }
    uint64_t n = (uint64_t)gen->options->flat;
    int64_t step_us = gen->calendar.n_days * EP_DAY_US / (int64_t)(n / 3 + 1);
    for (uint64_t i = 0; i < n; i++) {
        struct line line;
        draw(gen, i, step_us, &line);
        char *p = ep_gen_at(gen, EP_GS_FLAT);
        p = csv ? put_csv(p, gen, &line) : put_json(p, gen, &line);
        EP_TRY(ep_gen_take(gen, EP_GS_FLAT, p, err));
    }
    return EP_OK;
}

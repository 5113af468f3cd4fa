/* Stream clickstream: unrelated clicks before the marketplace; afterwards visits, some of which lead to an order. */
#include "generate/orders.h"

/* A visit's n-th click comes a fixed time after its first, so that one reader a click keeps the stream in the order of time. */
#define N_ORDER_CLICKS  5
#define N_BROWSE_CLICKS 6

static const int64_t before_order_us[N_ORDER_CLICKS] = {241000113, 172000719, 95000377, 61000229, 19000531};
static const int64_t browse_us[N_BROWSE_CLICKS] = {0, 13000311, 41000877, 88000129, 150000443, 263000691};

struct reader {
    int64_t next_us; /* time of its next click, INT64_MAX at the end */
    uint64_t next;   /* order or visit */
};

struct ep_clicks {
    uint64_t visits_per_100_orders; /* besides those that order; clicks before the marketplace */
    struct reader readers[N_ORDER_CLICKS + N_BROWSE_CLICKS];
};

struct click {
    uint64_t event[2], session[2];
    int64_t ts_us;
    uint32_t nanoseconds;
    bool anonymous;
    uint32_t customer; /* UINT32_MAX: a user nobody knows */
    uint64_t user[2];
    uint32_t address, agent;
    int page; /* 0 home, 1 category, 2 product, 3 add, 4 checkout, 5 login, 6 cart */
    uint32_t product;
    uint32_t offer; /* UINT32_MAX: none shown */
};

static ep_code write_click(ep_gen *gen, const struct click *click, ep_error *err) {
    char *p = ep_gen_at(gen, EP_GS_CLICKSTREAM);
    EP_PUT(p, "{\"event_id\": \"");
    p = ep_put_uuid(p, click->event[0], click->event[1]);
    EP_PUT(p, "\", \"session_id\": \"");
    p = ep_put_uuid(p, click->session[0], click->session[1]);
    if (click->anonymous) {
        EP_PUT(p, "\", \"user_id\": null");
    } else {
        EP_PUT(p, "\", \"user_id\": \"");
        p = click->customer == UINT32_MAX ? ep_put_uuid(p, click->user[0], click->user[1])
                                          : ep_put_user_uuid(p, gen->seed, click->customer);
        *p++ = '"';
    }
    EP_PUT(p, ", \"url\": \"");
    switch (click->page) {
    case 0: *p++ = '/'; break;
    case 1: {
        struct ep_versions versions = ep_product_versions(gen->shop, click->product);
        struct ep_product_state state =
            ep_product_state(gen->shop, click->product, ep_version_at(&versions, click->ts_us));
        EP_PUT(p, "/category/");
        p = ep_put_text(p, ep_word_categories[state.category].id);
        break;
    }
    case 2:
    case 3:
        EP_PUT(p, "/product/");
        p = ep_put_product_id(p, click->product);
        break;
    case 4: EP_PUT(p, "/checkout"); break;
    case 5: EP_PUT(p, "/login"); break;
    default: EP_PUT(p, "/cart"); break;
    }
    EP_PUT(p, "\", \"event_type\": \"");
    if (click->page == 3)
        EP_PUT(p, "add_to_cart");
    else if (click->page == 4)
        EP_PUT(p, "checkout_start");
    else
        EP_PUT(p, "view_page");
    EP_PUT(p, "\", \"user_agent\": \"");
    p = ep_put_text(p, ep_word_agents[click->agent % EP_N_AGENTS]);
    /* Networks for documentation (RFC 5737): nobody's addresses. */
    static const char *const networks[3] = {"192.0.2.", "198.51.100.", "203.0.113."};
    EP_PUT(p, "\", \"ip_address\": \"");
    p = ep_put_text(p, networks[click->address % 3]);
    p = ep_put_uint(p, 1 + click->address / 3 % 254);
    *p++ = '"';
    if (click->offer != UINT32_MAX) {
        const struct ep_offer *offer = &gen->shop->offers[click->offer];
        EP_PUT(p, ", \"seller_id\": \"");
        p = ep_put_text(p, gen->shop->sellers[offer->seller].id);
        EP_PUT(p, "\", \"offer_sku\": \"");
        p = ep_put_sku(p, gen->shop, offer);
        *p++ = '"';
    }
    EP_PUT(p, ", \"timestamp\": ");
    p = gen->market ? ep_put_epoch_us(p, click->ts_us) : ep_put_epoch_ns(p, click->ts_us, click->nanoseconds);
    *p++ = '}';
    return ep_gen_take(gen, EP_GS_CLICKSTREAM, p, err);
}

/* Before the marketplace every click stands alone: its session is its own, its user is nobody's. */
static ep_code legacy_day(ep_gen *gen, ep_error *err) {
    int32_t day = gen->day - gen->calendar.first_day;
    uint64_t n = (gen->calendar.before[day + 1] - gen->calendar.before[day]) *
                 (uint64_t)gen->options->clicks_per_order;
    for (uint64_t j = 0; j < n; j++) {
        ep_random random = ep_random_at(gen->seed, EP_P_CLICK, (uint64_t)(uint32_t)gen->day << 32 | j);
        struct click click = {.offer = UINT32_MAX, .customer = UINT32_MAX};
        for (int i = 0; i < 2; i++) {
            click.event[i] = ep_random_next(&random);
            click.session[i] = ep_random_next(&random);
            click.user[i] = ep_random_next(&random);
        }
        click.ts_us = ep_calendar_moment(&gen->calendar, false, day, j, n, ep_random_next(&random));
        uint64_t bits = ep_random_next(&random);
        click.anonymous = ep_below(bits, 5) == 0;
        click.nanoseconds = (uint32_t)(bits & 0xffff) % 1000;
        click.address = (uint32_t)(bits >> 16 & 0xffff);
        click.agent = (uint32_t)(bits & 0xff);
        click.product = ep_shop_pick_product(gen->shop, ep_random_next(&random));
        static const uint8_t pages[20] = {0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6};
        click.page = pages[ep_random_below(&random, 20)];
        EP_TRY(write_click(gen, &click, err));
    }
    return EP_OK;
}

static int64_t visit_moment(const ep_gen *gen, const struct ep_clicks *clicks, uint64_t visit,
                            uint64_t *ret_n) {
    /* Visits follow the orders' calendar: as many a day as its orders times the share. */
    const struct ep_calendar *calendar = &gen->calendar;
    uint64_t share = clicks->visits_per_100_orders;
    *ret_n = ep_calendar_n_orders(calendar) * share / 100;
    if (visit >= *ret_n)
        return INT64_MAX;
    int32_t low = 0, high = calendar->n_days - 1;
    while (low < high) {
        int32_t middle = (low + high + 1) / 2;
        if (calendar->before[middle] * share / 100 <= visit)
            low = middle;
        else
            high = middle - 1;
    }
    uint64_t first = calendar->before[low] * share / 100, end = calendar->before[low + 1] * share / 100;
    return ep_calendar_moment(calendar, true, low, visit - first, end - first,
                              ep_draw(gen->seed, EP_P_SESSION, visit, 1));
}

/* Finds a reader's next click from `reader->next` on. */
static void advance(const ep_gen *gen, struct ep_clicks *clicks, int which) {
    struct reader *reader = &clicks->readers[which];
    reader->next_us = INT64_MAX;
    if (which < N_ORDER_CLICKS) {
        if (reader->next < ep_calendar_n_orders(&gen->calendar))
            reader->next_us = ep_order_moment(gen, reader->next) - before_order_us[which];
        return;
    }
    int click = which - N_ORDER_CLICKS;
    for (;; reader->next++) {
        uint64_t n;
        int64_t start = visit_moment(gen, clicks, reader->next, &n);
        if (start == INT64_MAX)
            return;
        /* One to six clicks a visit. */
        if ((int)ep_below(ep_draw(gen->seed, EP_P_SESSION, reader->next, 2), N_BROWSE_CLICKS) >= click) {
            reader->next_us = start + browse_us[click];
            return;
        }
    }
}

static ep_code order_click(ep_gen *gen, int which, const struct reader *reader, ep_error *err) {
    struct ep_order order;
    ep_order_draw(gen, reader->next, &order);
    uint64_t own = ep_draw(gen->seed, EP_P_CLICK, order.number, (uint64_t)which);
    struct click click = {.event = {own, ep_mix(own)},
                          .session = {order.session[0], order.session[1]},
                          .ts_us = reader->next_us,
                          .anonymous = order.anonymous,
                          .customer = order.customer,
                          .address = (uint32_t)(order.session[0] >> 40),
                          .agent = (uint32_t)(order.session[1] >> 40),
                          .page = which,
                          .product = order.items[0].product,
                          .offer = which == 2 || which == 3 ? order.items[0].offer : UINT32_MAX};
    return write_click(gen, &click, err);
}

static ep_code browse_click(ep_gen *gen, int which, const struct reader *reader, ep_error *err) {
    ep_random visit = ep_random_at(gen->seed, EP_P_SESSION, reader->next);
    struct click click = {.ts_us = reader->next_us, .offer = UINT32_MAX};
    click.session[0] = ep_random_next(&visit);
    click.session[1] = ep_random_next(&visit);
    click.customer = ep_shop_pick_customer(gen->options, ep_random_next(&visit));
    uint64_t bits = ep_random_next(&visit);
    click.anonymous = ep_below(bits, 5) == 0;
    click.address = (uint32_t)(bits >> 8 & 0xffff);
    click.agent = (uint32_t)(bits & 0xff);
    uint64_t own = ep_draw(gen->seed, EP_P_CLICK, reader->next | UINT64_C(1) << 62, (uint64_t)which);
    click.event[0] = own;
    click.event[1] = ep_mix(own);
    static const uint8_t pages[10] = {1, 1, 2, 2, 2, 2, 3, 5, 6, 0};
    click.page = which == 0 ? 0 : pages[own % 10];
    click.product = ep_shop_pick_product(gen->shop, ep_mix(own + 1));
    if (click.page == 2 || click.page == 3) {
        uint32_t first = gen->shop->offer_first[click.product],
                 n = gen->shop->offer_first[click.product + 1] - first;
        uint32_t offer = first + (n ? (uint32_t)((own >> 20) % n) : 0);
        if (n > 0 && ep_offer_sellable(gen->shop, offer, click.ts_us))
            click.offer = offer;
    }
    return write_click(gen, &click, err);
}

ep_code ep_clicks_new(ep_gen *gen, struct ep_clicks **ret, ep_error *err) {
    struct ep_clicks *clicks = ep_calloc(1, sizeof *clicks);
    if (!clicks)
        return ep_fail(err, EP_E_NOMEM, "no memory for the clickstream");
    int64_t per_order = gen->options->clicks_per_order;
    /* A visit without order has three and a half clicks on average. */
    clicks->visits_per_100_orders =
        per_order > N_ORDER_CLICKS ? (uint64_t)(per_order - N_ORDER_CLICKS) * 200 / 7 : 0;
    if (gen->market && per_order > 0)
        for (int i = 0; i < N_ORDER_CLICKS + N_BROWSE_CLICKS; i++)
            advance(gen, clicks, i);
    else
        for (int i = 0; i < N_ORDER_CLICKS + N_BROWSE_CLICKS; i++)
            clicks->readers[i].next_us = INT64_MAX;
    *ret = clicks;
    return EP_OK;
}

void ep_clicks_free(struct ep_clicks **clicks) {
    ep_free(*clicks);
    *clicks = NULL;
}

ep_code ep_clicks_day(ep_gen *gen, struct ep_clicks *clicks, ep_error *err) {
    if (!gen->market)
        return legacy_day(gen, err);
    int64_t end = (int64_t)(gen->day + 1) * EP_DAY_US;
    for (;;) {
        int least = 0;
        for (int i = 1; i < N_ORDER_CLICKS + N_BROWSE_CLICKS; i++)
            if (clicks->readers[i].next_us < clicks->readers[least].next_us)
                least = i;
        struct reader *reader = &clicks->readers[least];
        if (reader->next_us >= end)
            return EP_OK;
        EP_TRY(least < N_ORDER_CLICKS ? order_click(gen, least, reader, err)
                                      : browse_click(gen, least - N_ORDER_CLICKS, reader, err));
        reader->next++;
        advance(gen, clicks, least);
    }
}

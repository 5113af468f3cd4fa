#include "generate/orders.h"

int64_t ep_order_moment(const ep_gen *gen, uint64_t number) {
    /* Orders are asked for in rising numbers by each of many readers, so a search beats a remembered day. */
    const uint64_t *before = gen->calendar.before;
    int32_t low = 0, high = gen->calendar.n_days - 1;
    while (low < high) {
        int32_t middle = (low + high + 1) / 2;
        if (before[middle] <= number)
            low = middle;
        else
            high = middle - 1;
    }
    return ep_calendar_moment(&gen->calendar, gen->market, low, number - before[low],
                              before[low + 1] - before[low], ep_draw(gen->seed, EP_P_ORDER, number, 1));
}

static uint32_t n_items_of(uint64_t word) {
    /* Most orders are small. */
    static const uint8_t percent[EP_MAX_ITEMS] = {38, 27, 17, 11, 7};
    uint32_t at = ep_below(word, 100), n = 0;
    while (n < EP_MAX_ITEMS - 1 && at >= percent[n])
        at -= percent[n++];
    return n + 1;
}

static void draw_legacy_items(const ep_gen *gen, ep_random *random, struct ep_order *order) {
    for (uint32_t i = 0; i < order->n_items; i++) {
        struct ep_item *item = &order->items[i];
        item->product = ep_shop_pick_product(gen->shop, ep_random_next(random));
        item->quantity = (uint8_t)(1 + ep_random_below(random, 3));
        item->price = ep_product_cents(gen->shop, item->product, order->ts_us) * 100;
    }
}

/* An offer that can be bought now, in the order's currency when that is known; UINT32_MAX when a few tries find none. */
static uint32_t pick_offer(const ep_gen *gen, ep_random *random, const struct ep_order *order) {
    const struct ep_shop *shop = gen->shop;
    for (int attempt = 0; attempt < 12; attempt++) {
        uint32_t product = ep_shop_pick_product(shop, ep_random_next(random));
        uint32_t first = shop->offer_first[product], n = shop->offer_first[product + 1] - first;
        if (n == 0)
            continue;
        uint32_t offer = first + ep_random_below(random, n);
        if (order->n_items > 0 && ep_offer_currency(shop, &shop->offers[offer]) != order->currency)
            continue;
        if (ep_offer_sellable(shop, offer, order->ts_us))
            return offer;
    }
    return order->n_items > 0 ? UINT32_MAX : 0;
}

static void add_offer(const ep_gen *gen, struct ep_order *order, uint32_t index, uint8_t quantity) {
    const struct ep_offer *offer = &gen->shop->offers[index];
    struct ep_item *item = &order->items[order->n_items];
    *item = (struct ep_item){.product = offer->product,
                             .seller = offer->seller,
                             .offer = index,
                             .quantity = quantity,
                             .condition = offer->condition,
                             .line = 1,
                             .occurrence = 1,
                             .price = ep_offer_price(offer, ep_version_at(&offer->prices, order->ts_us))};
    uint32_t sub = 0;
    while (sub < order->n_subs && order->sub_seller[sub] != offer->seller)
        sub++;
    if (sub == order->n_subs)
        order->sub_seller[order->n_subs++] = offer->seller;
    item->sub = (uint8_t)sub;
    for (uint32_t i = 0; i < order->n_items; i++) {
        item->line += order->items[i].sub == sub;
        item->occurrence += order->items[i].sub == sub && order->items[i].product == item->product;
    }
    order->currency = ep_offer_currency(gen->shop, offer);
    order->n_items++;
}

void ep_order_draw(const ep_gen *gen, uint64_t number, struct ep_order *order) {
    ep_random random = ep_random_at(gen->seed, EP_P_ORDER, number);
    order->number = number;
    order->ts_us = ep_order_moment(gen, number);
    for (int i = 0; i < 2; i++) {
        order->event[i] = ep_random_next(&random);
        order->id[i] = ep_random_next(&random);
        order->session[i] = ep_random_next(&random);
    }
    order->customer = ep_shop_pick_customer(gen->options, ep_random_next(&random));
    uint64_t bits = ep_random_next(&random);
    order->vendor_style = gen->market && (bits & 255) < 90;
    order->old_price_name = !gen->market && (bits & 255) < 90;
    order->anonymous = (bits >> 8 & 255) < 51;
    order->nanoseconds = ep_below(bits, 1000);
    order->currency = 0;
    order->n_subs = 0;
    uint32_t want = n_items_of(ep_random_next(&random));
    if (gen->market) {
        order->n_items = 0;
        for (uint32_t i = 0; i < want; i++) {
            uint32_t offer = pick_offer(gen, &random, order);
            uint8_t quantity = (uint8_t)(1 + ep_random_below(&random, 3));
            if (offer != UINT32_MAX)
                add_offer(gen, order, offer, quantity);
        }
    } else {
        order->n_items = want;
        draw_legacy_items(gen, &random, order);
    }
    order->total = 0;
    for (uint32_t i = 0; i < order->n_items; i++)
        order->total += order->items[i].price * order->items[i].quantity;
}

char *ep_put_line_id(char *p, const struct ep_order *order, const struct ep_item *item) {
    if (order->vendor_style) {
        p = ep_put_product_id(p, item->product);
        *p++ = '#';
        return ep_put_uint(p, item->occurrence);
    }
    EP_PUT(p, "l-");
    return ep_put_uint(p, item->line);
}

const char *ep_order_seller(const ep_gen *gen, const struct ep_order *order, uint32_t seller) {
    return order->vendor_style ? ep_seller_external(gen->shop, seller) : gen->shop->sellers[seller].id;
}

/* Commission of a line in ten-thousandths, rounded half up to the currency's digits. */
static int64_t commission(const ep_gen *gen, const struct ep_order *order, const struct ep_item *item,
                          int32_t paris_day) {
    struct ep_versions versions = ep_product_versions(gen->shop, item->product);
    uint8_t category =
        ep_product_state(gen->shop, item->product, ep_version_at(&versions, order->ts_us)).category;
    int64_t rate = ep_commission_rate(gen, item->seller, category, paris_day);
    int64_t step = ep_word_currencies[order->currency].decimals == 2 ? 100 : 10000;
    int64_t amount = item->price * item->quantity * rate / 10000;
    return (amount + step / 2) / step * step;
}

static char *put_price(char *p, const ep_gen *gen, const struct ep_order *order, int64_t units) {
    if (!gen->market)
        return ep_put_float_cents(p, units / 100);
    return ep_put_money(p, units, ep_word_currencies[order->currency].decimals);
}

static char *put_item(char *p, ep_gen *gen, const struct ep_order *order, const struct ep_item *item,
                      int32_t paris_day) {
    *p++ = '{';
    ep_str product = ep_fragment_product(gen, item->product, order->ts_us);
    p = ep_put_mem(p, product.ptr, product.len);
    if (order->old_price_name)
        EP_PUT(p, "\"price\": ");
    else
        EP_PUT(p, "\"unit_price\": ");
    p = put_price(p, gen, order, item->price);
    EP_PUT(p, ", \"quantity\": ");
    *p++ = (char)('0' + item->quantity);
    if (gen->market) {
        if (order->vendor_style)
            EP_PUT(p, ", \"vendor_id\": \"");
        else
            EP_PUT(p, ", \"seller_id\": \"");
        p = ep_put_text(p, ep_order_seller(gen, order, item->seller));
        *p++ = '"';
        if (!order->vendor_style) {
            EP_PUT(p, ", \"line_id\": \"");
            p = ep_put_line_id(p, order, item);
            EP_PUT(p, "\", \"offer_sku\": \"");
            p = ep_put_sku(p, gen->shop, &gen->shop->offers[item->offer]);
            EP_PUT(p, "\", \"condition\": \"");
            p = ep_put_text(p, ep_condition_name(item->condition));
            EP_PUT(p, "\", \"commission_amount\": ");
            p = put_price(p, gen, order, commission(gen, order, item, paris_day));
        }
    }
    *p++ = '}';
    return p;
}

ep_code ep_order_write(ep_gen *gen, const struct ep_order *order, ep_error *err) {
    char *p = ep_gen_at(gen, EP_GS_ORDERS);
    int32_t paris_day = gen->market ? ep_paris_day(order->ts_us) : 0;
    EP_PUT(p, "{\"event_id\": \"");
    p = ep_put_uuid(p, order->event[0], order->event[1]);
    EP_PUT(p, "\", \"order_id\": \"");
    p = ep_put_uuid(p, order->id[0], order->id[1]);
    EP_PUT(p, "\", \"customer\": ");
    ep_str customer = ep_fragment_customer(gen, order->customer, order->ts_us);
    p = ep_put_mem(p, customer.ptr, customer.len);
    EP_PUT(p, ", \"items\": [");
    for (uint32_t i = 0; i < order->n_items; i++) {
        if (i > 0)
            EP_PUT(p, ", ");
        p = put_item(p, gen, order, &order->items[i], paris_day);
    }
    EP_PUT(p, "], \"total_amount\": ");
    p = put_price(p, gen, order, order->total);
    EP_PUT(p, ", \"currency\": \"");
    p = ep_put_mem(p, ep_word_currencies[order->currency].code, 3);
    EP_PUT(p, "\", \"status\": \"PLACED\"");
    if (gen->market && !order->vendor_style) {
        EP_PUT(p, ", \"session_id\": \"");
        p = ep_put_uuid(p, order->session[0], order->session[1]);
        *p++ = '"';
    }
    EP_PUT(p, ", \"timestamp\": ");
    p = gen->market ? ep_put_epoch_us(p, order->ts_us) : ep_put_epoch_ns(p, order->ts_us, order->nanoseconds);
    *p++ = '}';
    return ep_gen_take(gen, EP_GS_ORDERS, p, err);
}

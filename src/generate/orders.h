#ifndef EP_GENERATE_ORDERS_H
#define EP_GENERATE_ORDERS_H

#include "generate/shop.h"

#define EP_MAX_ITEMS 5

/* One order, drawn again from its number whenever something follows from it. Amounts are ten-thousandths. */
struct ep_item {
    uint32_t product, seller, offer;
    uint8_t quantity, condition;
    uint8_t sub;        /* index of its sub-order */
    uint8_t line;       /* 1-based within the sub-order */
    uint8_t occurrence; /* 1-based among the lines of this product in the sub-order */
    int64_t price;
};

struct ep_order {
    uint64_t number;
    int64_t ts_us;
    uint64_t event[2], id[2], session[2];
    uint32_t customer;
    bool vendor_style;   /* the producer that sends vendor_id and no line_id */
    bool old_price_name; /* before the marketplace: the producer that sends `price` */
    bool anonymous;
    uint32_t nanoseconds; /* of the legacy clock */
    uint8_t currency;
    uint32_t n_items, n_subs;
    uint32_t sub_seller[EP_MAX_ITEMS];
    struct ep_item items[EP_MAX_ITEMS];
    int64_t total;
};

/** The moment of the n-th order of the run, counted from 0. */
int64_t ep_order_moment(const ep_gen *gen, uint64_t number);
/** How many items it asks for: a bound of its sub-orders that needs no drawing of them. */
void ep_order_draw(const ep_gen *gen, uint64_t number, struct ep_order *ret);
EP_CHECK ep_code ep_order_write(ep_gen *gen, const struct ep_order *order, ep_error *err);

/** "l-1" of the one producer, "p-0007#1" of the other. */
char *ep_put_line_id(char *p, const struct ep_order *order, const struct ep_item *item);
/** The seller as this order's producer names it. */
const char *ep_order_seller(const ep_gen *gen, const struct ep_order *order, uint32_t seller);

/** The commission rate valid for a seller and category on a business day, in 1/10000, before later corrections. */
uint32_t ep_commission_rate(const ep_gen *gen, uint32_t seller, uint8_t category, int32_t paris_day);

#endif

/*
 * What follows from orders: movements of stock, changes of status, shipments, returns. Each consequence comes one of a few fixed
 * times after its order, so that one reader a consequence and time, merged by a heap, gives streams in the order of time
 * without remembering any order.
 */
#include "generate/orders.h"

#define N_CLASSES 16
#define MINUTE_US INT64_C(60000000)
#define HOUR_US   (60 * MINUTE_US)

enum consequence { C_ORDER, C_PAID, C_CANCELLED, C_LINE_CANCELLED, C_SHIPPED, C_DELIVERED, C_RETURNED };

struct reader {
    int64_t next_us;
    uint64_t next; /* order */
    int64_t delay_us;
    enum consequence what;
    uint8_t class;
};

#define N_READERS (1 + N_CLASSES + 4 + 2 + 3 * N_CLASSES)

struct ep_timeline {
    struct reader readers[N_READERS];
    uint8_t heap[N_READERS];
};

/* What will become of an order, drawn without its items. */
struct plan {
    bool paid;
    bool line_cancelled;
    uint8_t pay, cancel, line_cancel;
    uint8_t ship[EP_MAX_ITEMS];  /* class of each sub-order, if there are so many */
    bool returned[EP_MAX_ITEMS]; /* the sub-order's first line comes back */
    uint64_t word;
};

static struct plan plan_of(const ep_gen *gen, uint64_t order) {
    uint64_t a = ep_draw(gen->seed, EP_P_PLAN, order, 0), b = ep_mix(a);
    struct plan plan = {.paid = ep_below(a, 100) >= 4,
                        .line_cancelled = (a & 63) == 0,
                        .pay = a >> 8 & 15,
                        .cancel = a >> 12 & 3,
                        .line_cancel = a >> 14 & 1,
                        .word = b};
    for (int i = 0; i < EP_MAX_ITEMS; i++) {
        plan.ship[i] = b >> (4 * i) & 15;
        plan.returned[i] = (b >> (24 + 8 * i) & 255) < 15;
    }
    return plan;
}

static bool concerns(const struct reader *reader, const struct plan *plan) {
    switch (reader->what) {
    case C_ORDER: return true;
    case C_PAID: return plan->paid && plan->pay == reader->class;
    case C_CANCELLED: return !plan->paid && plan->cancel == reader->class;
    case C_LINE_CANCELLED: return plan->paid && plan->line_cancelled && plan->line_cancel == reader->class;
    case C_SHIPPED:
    case C_DELIVERED:
    case C_RETURNED: break;
    }
    for (int i = 0; i < EP_MAX_ITEMS; i++)
        if (plan->paid && plan->ship[i] == reader->class && (reader->what != C_RETURNED || plan->returned[i]))
            return true;
    return false;
}

static void advance(const ep_gen *gen, struct reader *reader) {
    uint64_t n = ep_calendar_n_orders(&gen->calendar);
    for (; reader->next < n; reader->next++) {
        struct plan plan = plan_of(gen, reader->next);
        if (concerns(reader, &plan)) {
            reader->next_us = ep_order_moment(gen, reader->next) + reader->delay_us;
            return;
        }
    }
    reader->next_us = INT64_MAX;
}

static bool before(const struct ep_timeline *timeline, uint8_t a, uint8_t b) {
    const struct reader *x = &timeline->readers[a], *y = &timeline->readers[b];
    return x->next_us != y->next_us ? x->next_us < y->next_us : a < b;
}

static void sift_down(struct ep_timeline *timeline, int at) {
    uint8_t *heap = timeline->heap;
    for (;;) {
        int least = at, left = 2 * at + 1;
        if (left < N_READERS && before(timeline, heap[left], heap[least]))
            least = left;
        if (left + 1 < N_READERS && before(timeline, heap[left + 1], heap[least]))
            least = left + 1;
        if (least == at)
            return;
        uint8_t moved = heap[at];
        heap[at] = heap[least];
        heap[least] = moved;
        at = least;
    }
}

static void add_reader(struct ep_timeline *timeline, int *n, enum consequence what, int class,
                       int64_t delay_us) {
    timeline->heap[*n] = (uint8_t)*n;
    timeline->readers[(*n)++] = (struct reader){.what = what, .class = (uint8_t) class, .delay_us = delay_us};
}

ep_code ep_timeline_new(ep_gen *gen, struct ep_timeline **ret, ep_error *err) {
    struct ep_timeline *timeline = ep_calloc(1, sizeof *timeline);
    if (!timeline)
        return ep_fail(err, EP_E_NOMEM, "no memory for the timeline");
    int n = 0;
    add_reader(timeline, &n, C_ORDER, 0, 0);
    for (int i = 0; i < 4; i++)
        add_reader(timeline, &n, C_CANCELLED, i, (3 + 7 * i) * HOUR_US + 41000371 * (i + 1));
    for (int i = 0; i < 2; i++)
        add_reader(timeline, &n, C_LINE_CANCELLED, i, (4 + i) * HOUR_US + 13000733 * (i + 1));
    for (int i = 0; i < N_CLASSES; i++) {
        /* Paid within seconds to three hours, shipped from 8 h to 4 days, delivered 1 to 6 days later, sent back 2 to 20 days after. */
        int64_t ship = 8 * HOUR_US + i * (5 * HOUR_US + 17 * MINUTE_US) + 7000219 * i + 311;
        int64_t deliver = ship + (22 + i * 7 % 16 * 8) * HOUR_US + 11000457 * (i + 1);
        int64_t back = deliver + (2 + i * 5 % 16) * EP_DAY_US + 3 * HOUR_US + 5000127 * (i + 1);
        add_reader(timeline, &n, C_PAID, i, 9000531 + (int64_t)i * i * 47 * 1000000 + i * 1009);
        add_reader(timeline, &n, C_SHIPPED, i, ship);
        add_reader(timeline, &n, C_DELIVERED, i, deliver);
        add_reader(timeline, &n, C_RETURNED, i, back);
    }
    /* Before the marketplace there are only orders. */
    for (int i = 0; i < N_READERS; i++) {
        timeline->readers[i].next_us = INT64_MAX;
        if (gen->market || timeline->readers[i].what == C_ORDER)
            advance(gen, &timeline->readers[i]);
    }
    for (int i = N_READERS / 2; i >= 0; i--)
        sift_down(timeline, i);
    *ret = timeline;
    return EP_OK;
}

void ep_timeline_free(struct ep_timeline **timeline) {
    ep_free(*timeline);
    *timeline = NULL;
}

static char *put_event_id(char *p, const ep_gen *gen, const struct ep_order *order, enum consequence what,
                          uint32_t which) {
    uint64_t own = ep_draw(gen->seed, EP_P_EVENT, order->number, (uint64_t)what << 32 | which);
    EP_PUT(p, "{\"event_id\": \"");
    p = ep_put_uuid(p, own, ep_mix(own));
    return EP_PUT(p, "\", ");
}

static char *put_order_and_seller(char *p, const ep_gen *gen, const struct ep_order *order, uint32_t sub) {
    EP_PUT(p, "\"order_id\": \"");
    p = ep_put_uuid(p, order->id[0], order->id[1]);
    EP_PUT(p, "\", \"seller_id\": \"");
    p = ep_put_text(p, gen->shop->sellers[order->sub_seller[sub]].id);
    *p++ = '"';
    return p;
}

/* `item` NULL: all lines of the sub-order. */
static ep_code write_status(ep_gen *gen, const struct ep_order *order, const struct reader *reader,
                            uint32_t sub, const struct ep_item *item, const char *status, ep_error *err) {
    char *p = ep_gen_at(gen, EP_GS_ORDER_STATUS);
    p = put_event_id(p, gen, order, reader->what, item ? 200 + (uint32_t)(item - order->items) : sub);
    p = put_order_and_seller(p, gen, order, sub);
    if (item) {
        EP_PUT(p, ", \"line_id\": \"");
        p = ep_put_line_id(p, order, item);
        *p++ = '"';
    }
    EP_PUT(p, ", \"status\": \"");
    p = ep_put_text(p, status);
    EP_PUT(p, "\", \"timestamp\": ");
    p = ep_put_epoch_us(p, reader->next_us);
    *p++ = '}';
    return ep_gen_take(gen, EP_GS_ORDER_STATUS, p, err);
}

static ep_code write_shipment(ep_gen *gen, const struct ep_order *order, const struct reader *reader,
                              uint32_t sub, ep_error *err) {
    static const char *const carriers[4] = {"colissimo", "dhl", "ups", "postnord"};
    uint64_t own = ep_draw(gen->seed, EP_P_EVENT, order->number, 1000 + sub);
    char *p = ep_gen_at(gen, EP_GS_SHIPMENTS);
    p = put_event_id(p, gen, order, reader->what, 100 + sub);
    EP_PUT(p, "\"shipment_id\": \"s-");
    p = ep_put_uint(p, order->number * EP_MAX_ITEMS + sub + 1);
    EP_PUT(p, "\", ");
    p = put_order_and_seller(p, gen, order, sub);
    if (reader->what == C_SHIPPED)
        EP_PUT(p, ", \"status\": \"SHIPPED\", \"carrier\": \"");
    else
        EP_PUT(p, ", \"status\": \"DELIVERED\", \"carrier\": \"");
    p = ep_put_text(p, carriers[own % 4]);
    EP_PUT(p, "\", \"tracking_code\": \"6A");
    p = ep_put_padded(p, (own >> 8) % 10000000000U, 10);
    EP_PUT(p, "\", \"timestamp\": \"");
    /* Carriers say the moment as text, some in their local time. */
    p = own % 4 == 0 ? ep_put_rfc3339_offset(p, reader->next_us, 1) : ep_put_rfc3339(p, reader->next_us);
    EP_PUT(p, "\"}");
    return ep_gen_take(gen, EP_GS_SHIPMENTS, p, err);
}

static ep_code write_movement(ep_gen *gen, int64_t ts_us, uint32_t offer, int32_t delta, const char *reason,
                              ep_error *err) {
    struct ep_offer *of = &gen->shop->offers[offer];
    of->stock += delta;
    char *p = ep_gen_at(gen, EP_GS_STOCK);
    uint64_t number = ++gen->n_movements, own = ep_draw(gen->seed, EP_P_EVENT, number, UINT64_MAX);
    EP_PUT(p, "{\"event_id\": \"");
    p = ep_put_uuid(p, own, ep_mix(own));
    EP_PUT(p, "\", \"movement_id\": \"m-");
    p = ep_put_padded(p, number, 6);
    EP_PUT(p, "\", \"seller_id\": \"");
    p = ep_put_text(p, gen->shop->sellers[of->seller].id);
    EP_PUT(p, "\", \"sku\": \"");
    p = ep_put_sku(p, gen->shop, of);
    if (of->condition > 0) {
        EP_PUT(p, "\", \"condition\": \"");
        p = ep_put_text(p, ep_condition_name(of->condition));
    }
    EP_PUT(p, "\", \"delta\": ");
    p = ep_put_int(p, delta);
    EP_PUT(p, ", \"reason\": \"");
    p = ep_put_text(p, reason);
    EP_PUT(p, "\", \"timestamp\": ");
    p = ep_put_epoch_us(p, ts_us);
    *p++ = '}';
    return ep_gen_take(gen, EP_GS_STOCK, p, err);
}

static ep_code write_sale(ep_gen *gen, const struct ep_order *order, ep_error *err) {
    for (uint32_t i = 0; i < order->n_items; i++) {
        const struct ep_item *item = &order->items[i];
        struct ep_offer *offer = &gen->shop->offers[item->offer];
        /* Goods come in just before they would run out, so that the stock is never below zero. */
        if (offer->stock < item->quantity + 5)
            EP_TRY(write_movement(gen, order->ts_us - 1, item->offer, (int32_t)(60 + item->offer % 90),
                                  "receipt", err));
        EP_TRY(write_movement(gen, order->ts_us, item->offer, -item->quantity, "sale", err));
    }
    return EP_OK;
}

static ep_code write_return(ep_gen *gen, const struct ep_order *order, const struct reader *reader,
                            uint32_t sub, ep_error *err) {
    static const char *const reasons[8] = {"damaged", "wrong_item",   "not_as_described", "late",
                                           "other",   "changed_mind", "changed_mind",     "changed_mind"};
    const struct ep_item *item = order->items;
    while (item->sub != sub)
        item++;
    uint64_t own = ep_draw(gen->seed, EP_P_EVENT, order->number, 2000 + sub);
    uint8_t quantity = (uint8_t)(1 + own % item->quantity);
    char *p = ep_gen_at(gen, EP_GS_RETURNS);
    p = put_event_id(p, gen, order, reader->what, sub);
    EP_PUT(p, "\"return_id\": \"r-");
    p = ep_put_uint(p, order->number * EP_MAX_ITEMS + sub + 1);
    EP_PUT(p, "\", ");
    p = put_order_and_seller(p, gen, order, sub);
    EP_PUT(p, ", \"line_id\": \"");
    p = ep_put_line_id(p, order, item);
    EP_PUT(p, "\", \"product_id\": \"");
    p = ep_put_product_id(p, item->product);
    EP_PUT(p, "\", \"quantity\": ");
    *p++ = (char)('0' + quantity);
    EP_PUT(p, ", \"refund_amount\": ");
    p = ep_put_money(p, item->price * quantity, ep_word_currencies[order->currency].decimals);
    EP_PUT(p, ", \"currency\": \"");
    p = ep_put_text(p, ep_word_currencies[order->currency].code);
    EP_PUT(p, "\", \"reason\": \"");
    const char *reason = reasons[(own >> 32) % 8];
    p = ep_put_text(p, reason);
    EP_PUT(p, "\", \"timestamp\": ");
    p = ep_put_epoch_us(p, reader->next_us);
    *p++ = '}';
    EP_TRY(ep_gen_take(gen, EP_GS_RETURNS, p, err));
    /* What is damaged is not sold again. */
    return reason == reasons[0] ? EP_OK
                                : write_movement(gen, reader->next_us, item->offer, quantity, "return", err);
}

/* The line that is cancelled alone: the last of a sub-order that has others; NULL when there is none. */
static const struct ep_item *cancelled_line(const struct ep_order *order) {
    for (uint32_t i = order->n_items; i-- > 0;)
        if (order->items[i].line > 1)
            return &order->items[i];
    return NULL;
}

static ep_code give_back(ep_gen *gen, const struct ep_order *order, const struct reader *reader, uint32_t sub,
                         ep_error *err) {
    for (uint32_t i = 0; i < order->n_items; i++)
        if (order->items[i].sub == sub)
            EP_TRY(write_movement(gen, reader->next_us, order->items[i].offer, order->items[i].quantity,
                                  "correction", err));
    return EP_OK;
}

/* A sub-order goes on as a whole, or line by line when one of its lines was cancelled. */
static ep_code write_progress(ep_gen *gen, const struct ep_order *order, const struct reader *reader,
                              uint32_t sub, const struct ep_item *cancelled, ep_error *err) {
    const char *status = reader->what == C_SHIPPED ? "SHIPPED" : "DELIVERED";
    if (!cancelled || cancelled->sub != sub)
        return write_status(gen, order, reader, sub, NULL, status, err);
    for (uint32_t i = 0; i < order->n_items; i++)
        if (order->items[i].sub == sub && &order->items[i] != cancelled)
            EP_TRY(write_status(gen, order, reader, sub, &order->items[i], status, err));
    return EP_OK;
}

static ep_code write_consequence(ep_gen *gen, const struct reader *reader, ep_error *err) {
    struct ep_order order;
    ep_order_draw(gen, reader->next, &order);
    if (reader->what == C_ORDER) {
        EP_TRY(ep_order_write(gen, &order, err));
        return gen->market ? write_sale(gen, &order, err) : EP_OK;
    }
    struct plan plan = plan_of(gen, reader->next);
    const struct ep_item *line = cancelled_line(&order);
    if (reader->what == C_LINE_CANCELLED) {
        if (!line)
            return EP_OK;
        EP_TRY(write_status(gen, &order, reader, line->sub, line, "CANCELLED", err));
        return write_movement(gen, reader->next_us, line->offer, line->quantity, "correction", err);
    }
    for (uint32_t sub = 0; sub < order.n_subs; sub++) {
        switch (reader->what) {
        case C_PAID: EP_TRY(write_status(gen, &order, reader, sub, NULL, "PAID", err)); break;
        case C_CANCELLED:
            EP_TRY(write_status(gen, &order, reader, sub, NULL, "CANCELLED", err));
            EP_TRY(give_back(gen, &order, reader, sub, err));
            break;
        case C_SHIPPED:
        case C_DELIVERED:
            if (plan.ship[sub] != reader->class)
                break;
            EP_TRY(write_shipment(gen, &order, reader, sub, err));
            EP_TRY(write_progress(gen, &order, reader, sub, plan.line_cancelled ? line : NULL, err));
            break;
        case C_RETURNED:
            if (plan.ship[sub] == reader->class && plan.returned[sub])
                EP_TRY(write_return(gen, &order, reader, sub, err));
            break;
        case C_ORDER:
        case C_LINE_CANCELLED: break;
        }
    }
    return EP_OK;
}

ep_code ep_timeline_day(ep_gen *gen, struct ep_timeline *timeline, ep_error *err) {
    int64_t end = (int64_t)(gen->day + 1) * EP_DAY_US;
    for (;;) {
        struct reader *reader = &timeline->readers[timeline->heap[0]];
        if (reader->next_us >= end)
            return EP_OK;
        EP_TRY(write_consequence(gen, reader, err));
        reader->next++;
        advance(gen, reader);
        sift_down(timeline, 0);
    }
}

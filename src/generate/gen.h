#ifndef EP_GENERATE_GEN_H
#define EP_GENERATE_GEN_H

#include "base/time.h"
#include "generate/generate.h"
#include "generate/out.h"
#include "generate/put.h"
#include "generate/random.h"
#include "generate/words.h"

/* What is shared by the streams of one run. One thread's. */

/* Purposes of draws: the same number for two purposes must not give the same words. */
enum ep_purpose {
    EP_P_CALENDAR = 1,
    EP_P_SELLER,
    EP_P_PRODUCT,
    EP_P_OFFER,
    EP_P_OUTAGE,
    EP_P_CUSTOMER,
    EP_P_USER,
    EP_P_ORDER,
    EP_P_PLAN,
    EP_P_CLICK,
    EP_P_SESSION,
    EP_P_EVENT, /* event ids of the marketplace's streams */
    EP_P_RATE,
    EP_P_FAULT,
    EP_P_FLAT
};

struct ep_calendar {
    int32_t first_day;
    int32_t n_days;
    uint64_t *before; /* n_days + 1: orders before each day */
};

struct ep_shop;
struct ep_faults;
struct ep_fragments;

typedef struct ep_gen {
    const ep_generate_options *options;
    uint64_t seed;
    bool market;
    struct ep_calendar calendar;
    struct ep_shop *shop;
    struct ep_fragments *fragments;
    struct ep_faults *faults; /* NULL: none */
    ep_out streams[EP_N_GENERATE_STREAMS];
    int32_t day; /* being written */
    ep_out truth;
    uint64_t n_records[EP_N_GENERATE_STREAMS];
    uint64_t n_total, n_expected;
    uint64_t n_movements, n_newcomers, n_newcomers_told;
} ep_gen;

/** Where the next record of a stream is written; ended by ep_gen_take. */
static inline char *ep_gen_at(ep_gen *gen, enum ep_generate_stream stream) {
    return ep_out_at(&gen->streams[stream]);
}

/** Adds the line feed at `end` and takes the record; faults strike here. */
EP_CHECK ep_code ep_gen_take(ep_gen *gen, enum ep_generate_stream stream, char *end, ep_error *err);

/** Puts `line` (without line feed) as a record of a stream as it is. */
EP_CHECK ep_code ep_gen_put_line(ep_gen *gen, enum ep_generate_stream stream, const char *line, size_t len,
                                 ep_error *err);

/** Says in the truth file what must become of a record of the file being written. */
struct ep_truth;
EP_CHECK ep_code ep_gen_tell(ep_gen *gen, enum ep_generate_stream stream, uint64_t record,
                             const struct ep_truth *truth, ep_error *err);

/** Fills the calendar: how many orders each day has. */
EP_CHECK ep_code ep_calendar_init(struct ep_calendar *ret, const ep_generate_options *options, bool market,
                                  uint64_t seed, ep_error *err);
void ep_calendar_done(struct ep_calendar *calendar);
/** Orders, and moments that are distributed alike (visits): the time of the j-th of n on a day, rising with j. */
int64_t ep_calendar_moment(const struct ep_calendar *calendar, bool market, int32_t day, uint64_t j,
                           uint64_t n, uint64_t word);

/** Orders of the whole run. */
static inline uint64_t ep_calendar_n_orders(const struct ep_calendar *calendar) {
    return calendar->before[calendar->n_days];
}

/* The streams. Each call writes what belongs to gen->day. */
struct ep_timeline;
EP_CHECK ep_code ep_timeline_new(ep_gen *gen, struct ep_timeline **ret, ep_error *err);
void ep_timeline_free(struct ep_timeline **timeline);
/** Everything that follows from orders, in the order of time. */
EP_CHECK ep_code ep_timeline_day(ep_gen *gen, struct ep_timeline *timeline, ep_error *err);

struct ep_clicks;
EP_CHECK ep_code ep_clicks_new(ep_gen *gen, struct ep_clicks **ret, ep_error *err);
void ep_clicks_free(struct ep_clicks **clicks);
EP_CHECK ep_code ep_clicks_day(ep_gen *gen, struct ep_clicks *clicks, ep_error *err);

/** Changes of sellers, products and offers, intervals of availability, counts of stock. */
EP_CHECK ep_code ep_changes_day(ep_gen *gen, ep_error *err);
/** Vendor records of the sellers that faults made orders of. */
EP_CHECK ep_code ep_changes_newcomers(ep_gen *gen, ep_error *err);
/** The files of reference/. */
EP_CHECK ep_code ep_reference_write(ep_gen *gen, ep_error *err);
/** The flat file of benchmarks. */
EP_CHECK ep_code ep_flat_write(ep_gen *gen, ep_error *err);

#endif

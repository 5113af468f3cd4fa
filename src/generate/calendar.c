/* When orders come: season, weekday and hour. */
#include "generate/gen.h"

__extension__ typedef unsigned __int128 u128;

/* Percent of an average day, from Monday on. */
static const uint8_t weekday_percent[7] = {94, 91, 93, 97, 106, 114, 105};
/* Orders of each hour in 1/10000 of a day (UTC); they add up to 10000. */
static const uint16_t hour_share[24] = {110, 60,  40,  30,  40,  80,  180, 300, 420, 510, 560, 590,
                                        610, 560, 530, 540, 580, 650, 760, 850, 790, 590, 390, 230};

static uint32_t season_percent(int32_t day) {
    int year;
    unsigned month, of_month;
    ep_civil_from_days(day, &year, &month, &of_month);
    if (month == 12)
        return of_month <= 23 ? 165 : 80;
    if (month == 11 && of_month >= 23)
        return 145;
    if (month == 1)
        return 85;
    return month == 7 || month == 8 ? 90 : 100;
}

ep_code ep_calendar_init(struct ep_calendar *ret, const ep_generate_options *options, bool market,
                         uint64_t seed, ep_error *err) {
    ret->first_day = (int32_t)options->from_day;
    ret->n_days = (int32_t)options->days;
    ret->before = ep_calloc((size_t)ret->n_days + 1, sizeof *ret->before);
    if (!ret->before)
        return ep_fail(err, EP_E_NOMEM, "no memory for %d days", ret->n_days);
    for (int32_t i = 0; i < ret->n_days; i++) {
        uint64_t n = (uint64_t)options->orders_per_day;
        if (market) {
            int32_t day = ret->first_day + i;
            /* 1970-01-01 was a Thursday. */
            n = n * weekday_percent[(day + 3) % 7] * season_percent(day) / 10000;
            n = n * (95 + ep_below(ep_draw(seed, EP_P_CALENDAR, (uint64_t)day, 0), 11)) / 100;
            n = n > 0 ? n : 1;
        }
        ret->before[i + 1] = ret->before[i] + n;
    }
    return EP_OK;
}

void ep_calendar_done(struct ep_calendar *calendar) {
    ep_free(calendar->before);
    calendar->before = NULL;
}

int64_t ep_calendar_moment(const struct ep_calendar *calendar, bool market, int32_t day, uint64_t j,
                           uint64_t n, uint64_t word) {
    /* The share of the day passed, in 2^-32: (j + 0..1) / n. */
    u128 scaled = ((u128)j << 32) + (word >> 32);
    uint64_t share = (uint64_t)(scaled / n);
    int64_t start = (int64_t)(calendar->first_day + day) * EP_DAY_US;
    if (!market)
        return start + (int64_t)(((u128)share * (uint64_t)EP_DAY_US) >> 32);
    /* Cumulative share of hours, 10000ths in 2^-32, then straight within the hour. */
    uint64_t at = share * 10000;
    int hour = 0;
    while (hour < 23 && at >= (uint64_t)hour_share[hour] << 32)
        at -= (uint64_t)hour_share[hour++] << 32;
    return start + hour * INT64_C(3600000000) + (int64_t)(((u128)at * 3600000000U / hour_share[hour]) >> 32);
}

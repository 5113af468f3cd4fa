#include "base/time.h"

#include "base/zone.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t fixed_now_us;

static int64_t read_clock_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t ep_now_us(void) {
    int64_t fixed_us = atomic_load(&fixed_now_us);
    return fixed_us != 0 ? fixed_us : read_clock_us(CLOCK_REALTIME);
}

void ep_clock_set(int64_t now_us) {
    atomic_store(&fixed_now_us, now_us);
}

int64_t ep_monotonic_us(void) {
    return read_clock_us(CLOCK_MONOTONIC);
}

/* Both ways count years from March, so that a leap day ends a year, in eras of 400 years (146097 days); 719468 days lie
 * between 0000-03-01 and 1970-01-01. Method: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
int32_t ep_days_from_civil(int year, unsigned month, unsigned day) {
    year -= month <= 2;
    int era = (year >= 0 ? year : year - 399) / 400;
    unsigned year_of_era = (unsigned)(year - era * 400);
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + (int32_t)day_of_era - 719468;
}

void ep_civil_from_days(int32_t days, int *year, unsigned *month, unsigned *day) {
    int64_t shifted = (int64_t)days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned day_of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = (int)(era * 400) + (int)year_of_era + (*month <= 2);
}

int32_t ep_paris_day(int64_t ts_us) {
    int64_t local_us = ts_us + ep_zone_offset_s(&ep_zone_paris, ts_us) * INT64_C(1000000);
    /* Paris is ahead of UTC: the last evening of 9999 is of no year that can be stored. */
    return (int32_t)ep_floor_div(local_us < EP_TS_MAX ? local_us : EP_TS_MAX, EP_DAY_US);
}

int64_t ep_paris_day_start(int32_t day) {
    return ep_zone_day_start(&ep_zone_paris, day);
}

/* value 0..99. */
static inline void put2(char *out, unsigned value) {
    static const char digits[] = "00010203040506070809101112131415161718192021222324"
                                 "25262728293031323334353637383940414243444546474849"
                                 "50515253545556575859606162636465666768697071727374"
                                 "75767778798081828384858687888990919293949596979899";
    memcpy(out, digits + 2 * value, 2);
}

static void put_date(char *out, int32_t days) {
    int year;
    unsigned month, day;
    ep_civil_from_days(days, &year, &month, &day);
    put2(out, (unsigned)year / 100 % 100);
    put2(out + 2, (unsigned)year % 100);
    out[4] = '-';
    put2(out + 5, month);
    out[7] = '-';
    put2(out + 8, day);
}

static void put_tod(char *out, int64_t us) {
    unsigned seconds = (unsigned)(us / 1000000), rest = (unsigned)(us % 1000000);
    put2(out, seconds / 3600 % 100);
    out[2] = ':';
    put2(out + 3, seconds / 60 % 60);
    out[5] = ':';
    put2(out + 6, seconds % 60);
    out[8] = '.';
    put2(out + 9, rest / 10000);
    put2(out + 11, rest / 100 % 100);
    put2(out + 13, rest % 100);
}

void ep_time_format_ts(int64_t ts_us, char out[27]) {
    int64_t days = ep_floor_div(ts_us, EP_DAY_US);
    put_date(out, (int32_t)days);
    out[10] = ' ';
    put_tod(out + 11, ts_us - days * EP_DAY_US);
    out[26] = '\0';
}

void ep_time_format_rfc3339(int64_t ts_us, char out[28]) {
    ep_time_format_ts(ts_us, out);
    out[10] = 'T';
    out[26] = 'Z';
    out[27] = '\0';
}

void ep_time_format_date(int32_t days, char out[11]) {
    put_date(out, days);
    out[10] = '\0';
}

void ep_time_format_tod(int64_t us, char out[16]) {
    put_tod(out, us);
    out[15] = '\0';
}

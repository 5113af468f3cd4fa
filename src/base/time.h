#ifndef EP_BASE_TIME_H
#define EP_BASE_TIME_H

#include "base/str.h"

/* Microseconds since 1970-01-01 UTC, proleptic Gregorian; stored years are 0001 to 9999. Days count from 1970-01-01. */
#define EP_TS_MIN INT64_C(-62135596800000000) /* 0001-01-01 00:00:00: "since ever" */
#define EP_TS_MAX INT64_C(253402300799999999) /* 9999-12-31 23:59:59.999999: "still" */
#define EP_DAY_US INT64_C(86400000000)

/** The one clock. Tests and `--now` set it; 0 goes back to the system's. Thread: any. */
int64_t ep_now_us(void);
void ep_clock_set(int64_t now_us);
/** Monotonic, for durations only. */
int64_t ep_monotonic_us(void);

/** Days since 1970-01-01 and back; month 1..12, day 1..31. */
int32_t ep_days_from_civil(int year, unsigned month, unsigned day);
void ep_civil_from_days(int32_t days, int *year, unsigned *month, unsigned *day);

/** Day of a moment in Europe/Paris: CET, and CEST from the last Sunday of March to the last of October at 01:00 UTC
 * (Directive 2000/84/EC, applied to all years from 1997; the changes of earlier years are built in). 9999-12-31 at most. */
int32_t ep_paris_day(int64_t ts_us);
/** Its first moment. */
int64_t ep_paris_day_start(int32_t day);

/* How a text becomes a moment. A format without zone needs the declared zone. */
typedef enum ep_time_format {
    EP_TF_RFC3339,  /* 2026-03-01T12:34:56.123456Z or +02:00; 'T' or blank; zone required */
    EP_TF_LOCAL,    /* the same without zone, read in the declared zone */
    EP_TF_EPOCH_S,  /* whole or decimal seconds: 1764000000, 1764000000.123456; exact, no double */
    EP_TF_EPOCH_MS, /* whole milliseconds */
    EP_TF_EPOCH_US, /* whole microseconds */
    EP_TF_DATE,     /* 2026-03-01: midnight in the declared zone, or what follows it where clocks skip it */
    EP_TF_PATTERN /* a JDK DateTimeFormatter subset: yyyy MM dd HH mm ss SSS.. X x Z VV 'text' and punctuation */
} ep_time_format;

/* Zones: UTC, Europe/Paris, Europe/London and fixed offsets (+02:00); others through the system's zone data (TZif). */
typedef struct ep_zone ep_zone;
/** Finds a zone by name ("UTC", "Europe/Paris", "+02:00"); NULL when unknown. Never freed: at most a few. Thread: any. */
const ep_zone *ep_zone_find(ep_str name);
/** Offset from UTC in seconds of a moment in a zone. */
int32_t ep_zone_offset_s(const ep_zone *zone, int64_t ts_us);

/**
 * Reads a moment. `pattern` only for EP_TF_PATTERN. `zone` NULL: a text without zone is refused. More than 6 digits of fraction:
 * digits past microseconds are cut (floats print noise). A local time that a change of clocks skips is refused; one that comes twice
 * is its first. Year out of 0001..9999 is refused. Returns false and leaves *ret when the text is not of the format.
 */
bool ep_time_parse(ep_str text, ep_time_format format, const char *pattern, const ep_zone *zone,
                   int64_t *ret);
/** Exactly "2026-03-01T12:34:56Z" or "2026-03-01T12:34:56.123456Z", faster; false for anything else, also for other good moments. */
bool ep_time_parse_utc(ep_str text, int64_t *ret);
/** yyyy-MM-dd, or a pattern; false when it is no date. */
bool ep_date_parse(ep_str text, const char *pattern, int32_t *ret_days);
/** HH:mm[:ss[.ffffff]]; microseconds of the day. */
bool ep_timeofday_parse(ep_str text, const char *pattern, int64_t *ret_us);
/** False for a pattern this library cannot read; `why` says which part. Used by lint. */
bool ep_time_pattern_valid(const char *pattern, const char **why);

/** "2026-03-01 12:34:56.123456" always 26 characters and NUL; "2026-03-01"; canonical forms of the hash and of SQL literals. */
void ep_time_format_ts(int64_t ts_us, char out[27]);
void ep_time_format_rfc3339(int64_t ts_us, char out[28]); /* 2026-03-01T12:34:56.123456Z */
void ep_time_format_date(int32_t days, char out[11]);
void ep_time_format_tod(int64_t us, char out[16]); /* 12:34:56.123456 */

#endif

#include "base/zone.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define ZONE_FOLDER    "/usr/share/zoneinfo/"
#define ZONE_MAX_BYTES ((size_t)1 << 20)
#define DAY_S          INT64_C(86400)
/* Sooner and later than any change of clocks, far enough from overflow. */
#define EVER_FROM_S (INT64_MIN / 4)
#define EVER_TO_S   (INT64_MAX / 4)
/* More than any two offsets differ (POSIX: -25 h to +26 h). */
#define SLACK_S (3 * DAY_S)

/* A time without change of clocks: [from_s, to_s). */
struct span {
    int64_t from_s, to_s;
    int32_t offset_s;
};

static int64_t day_s(const struct ep_zone_day *rule, int year) {
    int32_t days;
    if (rule->form == 'M') {
        int32_t first = ep_days_from_civil(year, (unsigned)rule->month, 1);
        int weekday = (int)((first % 7 + 11) % 7); /* 1970-01-01 was a Thursday */
        days = first + (rule->weekday - weekday + 7) % 7 + 7 * (rule->week - 1);
        int32_t next = rule->month == 12 ? ep_days_from_civil(year + 1, 1, 1)
                                         : ep_days_from_civil(year, (unsigned)rule->month + 1, 1);
        if (days >= next)
            days -= 7;
    } else {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        days = ep_days_from_civil(year, 1, 1) + rule->day;
        if (rule->form == 'J')
            days += leap && rule->day >= 60 ? 0 : -1;
    }
    return days * DAY_S + rule->time_s;
}

/* Narrows the time after the last listed change to the part around at_s between two changes by the rule. */
static void apply_rule(const ep_zone *zone, int64_t at_s, struct span *span) {
    int year;
    unsigned month, day;
    ep_civil_from_days((int32_t)ep_floor_div(at_s, DAY_S), &year, &month, &day);
    for (int y = year - 1; y <= year + 1; y++) {
        const struct ep_zone_change change[] = {
            {day_s(&zone->end, y) - zone->summer_s, zone->standard_s},
            {day_s(&zone->start, y) - zone->standard_s, zone->summer_s},
        };
        for (int i = 0; i < 2; i++) {
            if (change[i].at_s > at_s && change[i].at_s < span->to_s)
                span->to_s = change[i].at_s;
            if (change[i].at_s <= at_s &&
                change[i].at_s >= span->from_s) { /* of two at once, the start of summer */
                span->from_s = change[i].at_s;
                span->offset_s = change[i].offset_s;
            }
        }
    }
}

static struct span find_span(const ep_zone *zone, int64_t at_s) {
    size_t low = 0, high = zone->n_changes; /* the number of changes at or before at_s */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at_s <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    const struct ep_zone_change *last = low > 0 ? &zone->changes[low - 1] : NULL;
    struct span span = {
        .from_s = last ? last->at_s : EVER_FROM_S,
        .to_s = low < zone->n_changes ? zone->changes[low].at_s : EVER_TO_S,
        .offset_s = last ? last->offset_s : zone->first_offset_s,
    };
    if (low == zone->n_changes && zone->has_rule)
        apply_rule(zone, at_s, &span);
    return span;
}

/* Spans found last. A slot serves some 97 days of a zone, so that neither zones used in turn nor moments of several years in
 * any order push each other out. */
#define RECENT_SLOTS 16
#define RECENT_SHIFT 23
static __thread struct recent {
    const ep_zone *zone;
    struct span span;
} recents[RECENT_SLOTS];

static struct recent *recent_of(const ep_zone *zone, int64_t at_s) {
    return &recents[((uintptr_t)zone / 64 + ((uint64_t)at_s >> RECENT_SHIFT)) % RECENT_SLOTS];
}

static struct span span_of(const ep_zone *zone, int64_t at_s) {
    struct recent *recent = recent_of(zone, at_s);
    if (recent->zone != zone || at_s < recent->span.from_s || at_s >= recent->span.to_s) {
        recent->span = find_span(zone, at_s);
        recent->zone = zone;
    }
    return recent->span;
}

int32_t ep_zone_offset_s(const ep_zone *zone, int64_t ts_us) {
    return span_of(zone, ep_floor_div(ts_us, 1000000)).offset_s;
}

bool ep_zone_from_local(const ep_zone *zone, int64_t local_us, int64_t *ret_us) {
    int64_t local_s = ep_floor_div(local_us, 1000000);
    const struct recent *recent = recent_of(zone, local_s);
    int64_t at_s = local_s - recent->span.offset_s;
    /* So deep inside a span that no other one can hold this local time. */
    if (recent->zone == zone && at_s - SLACK_S >= recent->span.from_s && at_s < recent->span.to_s) {
        *ret_us = local_us - recent->span.offset_s * INT64_C(1000000);
        return true;
    }
    for (int64_t probe_s = local_s - SLACK_S; probe_s < local_s + SLACK_S;) {
        struct span span = span_of(zone, probe_s);
        at_s = local_s - span.offset_s;
        if (at_s >= span.from_s && at_s < span.to_s) {
            *recent_of(zone, local_s) = (struct recent){zone, span};
            *ret_us = local_us - span.offset_s * INT64_C(1000000);
            return true;
        }
        probe_s = span.to_s;
    }
    return false;
}

int64_t ep_zone_day_start(const ep_zone *zone, int32_t day) {
    int64_t ts_us, local_us = day * EP_DAY_US;
    if (ep_zone_from_local(zone, local_us, &ts_us))
        return ts_us;
    /* Midnight is skipped: the first moment whose local time is past it. */
    int64_t local_s = day * DAY_S;
    struct span span = span_of(zone, local_s - SLACK_S);
    while (local_s - span.offset_s >= span.to_s)
        span = span_of(zone, span.to_s);
    int64_t at_s = local_s - span.offset_s;
    return (at_s > span.from_s ? at_s : span.from_s) * 1000000;
}

static int64_t big_endian(const uint8_t *at, int n_bytes) {
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < n_bytes; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

/* The POSIX TZ text that ends a TZif file, read from left to right; `ok` turns false at the first fault. */
struct tz_reader {
    const char *at, *end;
    bool ok;
};

static bool next_is(struct tz_reader *r, char c) {
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static int tz_number(struct tz_reader *r, int max) {
    int value = 0;
    const char *first = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && value <= max)
        value = value * 10 + (*r->at++ - '0');
    if (r->at == first || value > max)
        r->ok = false;
    return value;
}

static void tz_name(struct tz_reader *r) {
    bool quoted = next_is(r, '<');
    const char *first = r->at;
    while (r->at < r->end &&
           (((*r->at | 32) >= 'a' && (*r->at | 32) <= 'z') ||
            (quoted && ((*r->at >= '0' && *r->at <= '9') || *r->at == '+' || *r->at == '-'))))
        r->at++;
    if (r->at == first || (quoted && !next_is(r, '>')))
        r->ok = false;
}

static int32_t tz_time(struct tz_reader *r, int max_hours) {
    bool negative = next_is(r, '-');
    if (!negative)
        next_is(r, '+');
    int32_t seconds = tz_number(r, max_hours) * 3600;
    if (next_is(r, ':'))
        seconds += tz_number(r, 59) * 60;
    if (next_is(r, ':'))
        seconds += tz_number(r, 59);
    return negative ? -seconds : seconds;
}

static struct ep_zone_day tz_day(struct tz_reader *r) {
    struct ep_zone_day day = {.form = 'N', .month = 1, .time_s = 7200};
    if (!next_is(r, ','))
        r->ok = false;
    if (next_is(r, 'M')) {
        day.form = 'M';
        day.month = tz_number(r, 12);
        r->ok = r->ok && next_is(r, '.');
        day.week = tz_number(r, 5);
        r->ok = r->ok && next_is(r, '.');
        day.weekday = tz_number(r, 6);
        r->ok = r->ok && day.month > 0 && day.week > 0;
    } else if (next_is(r, 'J')) {
        day.form = 'J';
        day.day = tz_number(r, 365);
        r->ok = r->ok && day.day > 0;
    } else {
        day.day = tz_number(r, 365);
    }
    if (next_is(r, '/'))
        day.time_s = tz_time(r, 167);
    return day;
}

/* Offsets count west of Greenwich there. */
static bool parse_rule(const char *text, size_t len, ep_zone *zone) {
    struct tz_reader r = {text, text + len, true};
    tz_name(&r);
    zone->standard_s = -tz_time(&r, 24);
    if (r.at == r.end) {
        if (zone->n_changes == 0)
            zone->first_offset_s = zone->standard_s;
        return r.ok;
    }
    tz_name(&r);
    zone->summer_s = zone->standard_s + 3600;
    if (r.at < r.end && *r.at != ',')
        zone->summer_s = -tz_time(&r, 24);
    zone->start = tz_day(&r);
    zone->end = tz_day(&r);
    zone->has_rule = true;
    return r.ok && r.at == r.end;
}

#define HEADER_BYTES 44

/* One of the two parts of a TZif file: the counts of its header and where its tables begin. */
struct tz_part {
    size_t n_utc_flags, n_std_flags, n_leaps, n_times, n_types, n_chars, time_bytes;
    const uint8_t *times, *types_of, *types, *end;
};

static bool find_part(const uint8_t *data, size_t len, size_t time_bytes, struct tz_part *ret) {
    if (len < HEADER_BYTES || memcmp(data, "TZif", 4) != 0)
        return false;
    size_t counts[6];
    for (size_t i = 0; i < 6; i++) {
        int64_t n = big_endian(data + 20 + 4 * i, 4);
        if (n < 0 || (uint64_t)n > ZONE_MAX_BYTES)
            return false;
        counts[i] = (size_t)n;
    }
    *ret = (struct tz_part){.n_utc_flags = counts[0],
                            .n_std_flags = counts[1],
                            .n_leaps = counts[2],
                            .n_times = counts[3],
                            .n_types = counts[4],
                            .n_chars = counts[5],
                            .time_bytes = time_bytes};
    size_t need = ret->n_times * (time_bytes + 1) + ret->n_types * 6 + ret->n_chars +
                  ret->n_leaps * (time_bytes + 4) + ret->n_std_flags + ret->n_utc_flags;
    if (need > len - HEADER_BYTES)
        return false;
    ret->times = data + HEADER_BYTES;
    ret->types_of = ret->times + ret->n_times * time_bytes;
    ret->types = ret->types_of + ret->n_times;
    ret->end = ret->times + need;
    return true;
}

static bool fill_changes(const struct tz_part *part, struct ep_zone_change *changes, ep_zone *ret) {
    for (size_t i = 0; i < part->n_types; i++) {
        int64_t offset_s = big_endian(part->types + 6 * i, 4);
        if (offset_s < -25 * 3600 || offset_s > 26 * 3600)
            return false;
    }
    for (size_t i = 0; i < part->n_times; i++) {
        int64_t at_s = big_endian(part->times + i * part->time_bytes, (int)part->time_bytes);
        if (part->types_of[i] >= part->n_types || (i > 0 && at_s <= changes[i - 1].at_s))
            return false;
        changes[i].at_s = at_s < EVER_FROM_S ? EVER_FROM_S : at_s;
        changes[i].offset_s = (int32_t)big_endian(part->types + 6 * part->types_of[i], 4);
    }
    ret->first_offset_s = (int32_t)big_endian(part->types, 4);
    ret->n_changes = part->n_times;
    return true;
}

bool ep_zone_parse(const void *data, size_t len, ep_zone *ret) {
    const uint8_t *bytes = data, *end = bytes + len;
    struct tz_part part;
    *ret = (ep_zone){0};
    memset(recents, 0, sizeof recents); /* *ret may stand where another zone stood */
    if (!find_part(bytes, len, 4, &part))
        return false;
    bool wide = bytes[4] >= '2'; /* a second part of 64 bits follows, and the rule for later years */
    if (wide && !find_part(part.end, (size_t)(end - part.end), 8, &part))
        return false;
    if (part.n_types == 0 || part.n_leaps > 0)
        return false;
    struct ep_zone_change *changes = ep_calloc(part.n_times, sizeof *changes);
    if (!changes)
        return false;
    bool ok = fill_changes(&part, changes, ret);
    if (ok && wide) {
        const char *rule = (const char *)part.end + 1;
        size_t rest = (size_t)(end - part.end);
        ok = rest >= 2 && part.end[0] == '\n' && end[-1] == '\n' &&
             (rest == 2 || parse_rule(rule, rest - 2, ret));
    }
    if (!ok) {
        ep_free(changes);
        return false;
    }
    ret->changes = changes;
    return true;
}

/* Zones found so far, never taken out: read without a lock. */
static _Atomic(const ep_zone *) known;
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;

static const ep_zone *find_known(ep_str name) {
    for (const ep_zone *zone = atomic_load_explicit(&known, memory_order_acquire); zone; zone = zone->next)
        if (ep_str_is(name, zone->name))
            return zone;
    return NULL;
}

/* "+02:00"; as in java.time up to 18 hours. */
static bool parse_fixed(ep_str name, int32_t *ret_s) {
    const char *p = name.ptr;
    if (name.len != 6 || (p[0] != '+' && p[0] != '-') || p[3] != ':')
        return false;
    for (int i = 1; i < 6; i++)
        if (i != 3 && (p[i] < '0' || p[i] > '9'))
            return false;
    int hours = (p[1] - '0') * 10 + p[2] - '0', minutes = (p[4] - '0') * 10 + p[5] - '0';
    if (minutes > 59 || hours * 60 + minutes > 18 * 60)
        return false;
    *ret_s = (p[0] == '-' ? -60 : 60) * (hours * 60 + minutes);
    return true;
}

/* A name that stays inside the folder of zones and means the same on every machine ("localtime" does not). */
static bool safe_name(ep_str name) {
    if (name.len == 0 || name.len >= sizeof((ep_zone *)0)->name || ep_str_is(name, "localtime") ||
        ep_str_is(name, "posixrules"))
        return false;
    char before = '/';
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool inside = letter || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-' || c == '/';
        if (!inside || (before == '/' && !letter))
            return false;
        before = c;
    }
    return before != '/';
}

static bool read_zone(ep_str name, ep_zone *ret) {
    EP_CLEANUP(ep_buf_done) ep_buf path = {0}, data = {0};
    ep_buf_puts(&path, ZONE_FOLDER);
    ep_buf_put_str(&path, name);
    if (ep_buf_check(&path, NULL) != EP_OK || ep_read_file(path.data, ZONE_MAX_BYTES, &data, NULL) != EP_OK)
        return false;
    return ep_zone_parse(data.data, data.len, ret);
}

/* The mutex is held. */
static const ep_zone *add_zone(ep_str name) {
    const ep_zone *found = find_known(name); /* another thread may have been faster */
    if (found)
        return found;
    ep_zone made = {0};
    if (!parse_fixed(name, &made.first_offset_s) && (!safe_name(name) || !read_zone(name, &made)))
        return NULL;
    ep_zone *zone = ep_malloc(sizeof *zone);
    if (!zone) {
        ep_free((void *)(uintptr_t)made.changes);
        return NULL;
    }
    memcpy(made.name, name.ptr, name.len);
    made.next = atomic_load_explicit(&known, memory_order_relaxed);
    *zone = made;
    atomic_store_explicit(&known, zone, memory_order_release);
    return zone;
}

const ep_zone *ep_zone_find(ep_str name) {
    if (ep_str_is(name, "UTC") || ep_str_is(name, "Z"))
        return &ep_zone_utc;
    if (ep_str_is(name, ep_zone_paris.name))
        return &ep_zone_paris;
    if (ep_str_is(name, ep_zone_london.name))
        return &ep_zone_london;
    const ep_zone *zone = find_known(name);
    if (zone)
        return zone;
    pthread_mutex_lock(&adding);
    zone = add_zone(name);
    pthread_mutex_unlock(&adding);
    return zone;
}

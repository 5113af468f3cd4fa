/* Which records get a fault, and what is held back. */
#include "generate/faults.h"

#include "base/decimal.h"

#include <string.h>

#define ONE       1000000000u /* a rate of 1 */
#define MAX_HELD  512         /* a stream; beyond it the first is sent early */
#define N_STREAMS EP_GS_REFERENCE

static const struct {
    const char *name;
    uint32_t streams;
    const char *outcome, *reasons, *also, *text;
} table[EP_N_FAULTS] = {
#define EP_FAULT_ROW(id, name, streams, outcome, reasons, also, text) \
    {name, streams, outcome, reasons, also, text},
    EP_FAULTS(EP_FAULT_ROW)
#undef EP_FAULT_ROW
};

struct held {
    uint64_t until; /* number of records of the stream, of all files */
    int32_t day;    /* or: the day of arrival */
    enum ep_fault fault;
    struct ep_truth truth;
    char *text;
    size_t len;
};

struct ep_faults {
    uint32_t limits[N_STREAMS][EP_N_FAULTS]; /* cumulative */
    uint64_t n_drawn[N_STREAMS];
    uint64_t next[N_STREAMS]; /* least `until` of those held, UINT64_MAX: none */
    struct held *held[N_STREAMS];
    size_t n_held[N_STREAMS];
    uint64_t n_faults;
    ep_buf line;
    char other_file[64];
};

static bool applies(const ep_gen *gen, int fault, int stream) {
    if (!gen->market && (stream > EP_GS_CLICKSTREAM || fault == EP_F_EARLY_SELLER ||
                         fault == EP_F_SELLER_MISSING || fault == EP_F_SELLER_CONFLICT))
        return false;
    return table[fault].streams >> stream & 1;
}

const ep_generate_fault *ep_generate_fault_table(size_t *ret_n) {
    static __thread ep_generate_fault made[EP_N_FAULTS];
    static __thread char streams[EP_N_FAULTS][160];
    for (int i = 0; i < EP_N_FAULTS; i++) {
        char *p = streams[i];
        for (int s = 0; s < N_STREAMS; s++) {
            if (!(table[i].streams >> s & 1))
                continue;
            if (p > streams[i])
                *p++ = ',';
            p = ep_put_text(p, ep_generate_stream_name((enum ep_generate_stream)s));
        }
        *p = '\0';
        made[i] =
            (ep_generate_fault){table[i].name, streams[i], table[i].outcome, table[i].reasons, table[i].text};
    }
    *ret_n = EP_N_FAULTS;
    return made;
}

/* "0.01" or "1%" as parts of ONE. */
static ep_code parse_rate(ep_str text, uint32_t *ret, ep_error *err) {
    int64_t value;
    bool percent = ep_str_ends(text, "%");
    if (percent)
        text.len--;
    if (text.len == 0 || ep_int_parse_floor(text, percent ? 7 : 9, &value) != EP_NUM_OK || value < 0 ||
        value > ONE)
        return ep_fail_field(err, EP_E_USAGE, "faults",
                             "a rate of --faults must lie between 0 and 1 (or 0%% and 100%%)");
    *ret = (uint32_t)value;
    return EP_OK;
}

static int find_kind(ep_str name) {
    int i = 0;
    while (i < EP_N_FAULTS && !ep_str_is(name, table[i].name))
        i++;
    return i;
}

static ep_code add_kind(struct ep_faults *faults, const ep_gen *gen, ep_str part, ep_error *err) {
    const char *equals = memchr(part.ptr, '=', part.len);
    ep_str name = {part.ptr, equals ? (size_t)(equals - part.ptr) : part.len};
    int kind = find_kind(ep_str_trim(name));
    if (!equals || kind == EP_N_FAULTS)
        return ep_fail_field(err, EP_E_USAGE, "faults",
                             "--faults: \"%.*s\" is no KIND=RATE with a known kind", EP_STR_ARGS(part));
    uint32_t rate;
    ep_str text = {equals + 1, part.len - name.len - 1};
    EP_TRY(parse_rate(ep_str_trim(text), &rate, err));
    for (int s = 0; s < N_STREAMS; s++)
        if (applies(gen, kind, s))
            faults->limits[s][kind] = rate;
    return EP_OK;
}

/* One rate for all: each stream shares it out among the kinds it can have. */
static void share_out(struct ep_faults *faults, const ep_gen *gen, uint32_t rate) {
    for (int s = 0; s < N_STREAMS; s++) {
        uint32_t n = 0;
        for (int i = 0; i < EP_N_FAULTS; i++)
            n += applies(gen, i, s);
        for (int i = 0; i < EP_N_FAULTS; i++)
            if (applies(gen, i, s))
                faults->limits[s][i] = rate / n;
    }
}

static ep_code read_rates(struct ep_faults *faults, const ep_gen *gen, ep_str text, ep_error *err) {
    if (!memchr(text.ptr, '=', text.len)) {
        uint32_t rate;
        EP_TRY(parse_rate(ep_str_trim(text), &rate, err));
        share_out(faults, gen, rate);
    } else {
        while (text.len > 0) {
            const char *comma = memchr(text.ptr, ',', text.len);
            ep_str part = {text.ptr, comma ? (size_t)(comma - text.ptr) : text.len};
            EP_TRY(add_kind(faults, gen, part, err));
            size_t used = part.len + (comma ? 1 : 0);
            text.ptr += used;
            text.len -= used;
        }
    }
    for (int s = 0; s < N_STREAMS; s++) {
        uint64_t sum = 0;
        for (int i = 0; i < EP_N_FAULTS; i++) {
            sum += faults->limits[s][i];
            if (sum > ONE)
                return ep_fail_field(err, EP_E_USAGE, "faults",
                                     "the rates of --faults for stream %s add up to more than 1",
                                     ep_generate_stream_name((enum ep_generate_stream)s));
            faults->limits[s][i] = (uint32_t)sum;
        }
    }
    return EP_OK;
}

ep_code ep_faults_new(const ep_gen *gen, struct ep_faults **ret, ep_error *err) {
    if (!gen->options->faults || !gen->options->faults[0])
        return EP_OK;
    EP_CLEANUP(ep_faults_free) struct ep_faults *faults = ep_calloc(1, sizeof *faults);
    if (!faults)
        return ep_fail(err, EP_E_NOMEM, "no memory for the faults");
    for (int s = 0; s < N_STREAMS; s++) {
        faults->next[s] = UINT64_MAX;
        faults->held[s] = ep_calloc(MAX_HELD, sizeof *faults->held[s]);
        if (!faults->held[s])
            return ep_fail(err, EP_E_NOMEM, "no memory for the faults");
    }
    EP_TRY(read_rates(faults, gen, ep_str_from(gen->options->faults), err));
    *ret = faults;
    faults = NULL;
    return EP_OK;
}

void ep_faults_free(struct ep_faults **faults) {
    if (!*faults)
        return;
    for (int s = 0; s < N_STREAMS; s++) {
        for (size_t i = 0; i < (*faults)->n_held[s]; i++)
            ep_free((*faults)->held[s][i].text);
        ep_free((*faults)->held[s]);
    }
    ep_buf_done(&(*faults)->line);
    ep_free(*faults);
    *faults = NULL;
}

uint64_t ep_faults_count(const struct ep_faults *faults) {
    return faults->n_faults;
}

enum ep_fault ep_faults_draw(struct ep_faults *faults, const ep_gen *gen, enum ep_generate_stream stream) {
    if (stream >= N_STREAMS)
        return EP_N_FAULTS;
    uint32_t at = ep_below(ep_draw(gen->seed, EP_P_FAULT, faults->n_drawn[stream]++, stream), ONE);
    const uint32_t *limits = faults->limits[stream];
    if (at >= limits[EP_N_FAULTS - 1])
        return EP_N_FAULTS;
    int i = 0;
    while (at >= limits[i])
        i++;
    return (enum ep_fault)i;
}

static ep_code put(ep_gen *gen, enum ep_generate_stream stream, const char *text, size_t len,
                   const struct ep_truth *truth, ep_error *err) {
    EP_TRY(ep_gen_put_line(gen, stream, text, len, err));
    if (!truth->fault[0] && !gen->options->truth_all)
        return EP_OK;
    return ep_gen_tell(gen, stream, gen->streams[stream].n_records - 1, truth, err);
}

static void find_next(struct ep_faults *faults, int stream) {
    faults->next[stream] = UINT64_MAX;
    for (size_t i = 0; i < faults->n_held[stream]; i++)
        if (faults->held[stream][i].until < faults->next[stream])
            faults->next[stream] = faults->held[stream][i].until;
}

/* Sends one and closes the gap, so that the others stay in their order. */
static ep_code send(ep_gen *gen, enum ep_generate_stream stream, size_t i, ep_error *err) {
    struct ep_faults *faults = gen->faults;
    struct held held = faults->held[stream][i];
    memmove(&faults->held[stream][i], &faults->held[stream][i + 1],
            (faults->n_held[stream] - i - 1) * sizeof(struct held));
    faults->n_held[stream]--;
    find_next(faults, stream);
    ep_code code = put(gen, stream, held.text, held.len, &held.truth, err);
    ep_free(held.text);
    return code;
}

static ep_code hold(ep_gen *gen, enum ep_generate_stream stream, enum ep_fault fault, ep_random *random,
                    ep_str text, const struct ep_truth *truth, ep_error *err) {
    struct ep_faults *faults = gen->faults;
    if (faults->n_held[stream] == MAX_HELD)
        EP_TRY(send(gen, stream, 0, err));
    char *copy = ep_strndup(text.ptr, text.len);
    if (!copy)
        return ep_fail(err, EP_E_NOMEM, "no memory for a record that is held back");
    uint64_t now = gen->n_records[stream];
    struct held held = {.until = UINT64_MAX,
                        .day = INT32_MAX,
                        .fault = fault,
                        .truth = *truth,
                        .text = copy,
                        .len = text.len};
    if (fault == EP_F_LATE)
        held.day = gen->day + 1 + (int32_t)ep_random_below(random, 3);
    else if (fault == EP_F_OUT_OF_ORDER)
        held.until = now + 2 + ep_random_below(random, 20);
    else
        held.until = now + 1 + ep_random_below(random, 200);
    faults->held[stream][faults->n_held[stream]++] = held;
    find_next(faults, stream);
    return EP_OK;
}

static void note_place(const ep_gen *gen, enum ep_generate_stream stream, struct ep_truth *truth) {
    const ep_out *out = &gen->streams[stream];
    const char *file = out->path + strlen(gen->options->out) + 1;
    size_t len = strlen(file) < sizeof truth->other_file ? strlen(file) : sizeof truth->other_file - 1;
    memcpy(truth->other_file, file, len);
    truth->other_file[len] = '\0';
    truth->other_record = out->n_records - 1;
    truth->has_other = true;
}

ep_code ep_faults_strike(ep_gen *gen, enum ep_generate_stream stream, enum ep_fault fault, ep_str line,
                         ep_error *err) {
    struct ep_faults *faults = gen->faults;
    struct ep_truth clean = ep_gen_clean(gen, stream);
    struct ep_truth truth = {.outcome = table[fault].outcome,
                             .reasons = table[fault].reasons,
                             .also = table[fault].also,
                             .fault = table[fault].name};
    ep_random random = ep_random_at(gen->seed, EP_P_FAULT, (uint64_t)stream << 56 | faults->n_drawn[stream]);
    ep_buf *copy = &faults->line;
    ep_buf_reset(copy);
    ep_buf_add(copy, line.ptr, line.len);
    bool struck = ep_fault_apply(gen, stream, fault, &random, copy, &truth);
    EP_TRY(ep_buf_check(copy, err));
    /* Not sent as it is, though a clean record comes first. */
    bool twice = struck && (fault == EP_F_DUPLICATE || fault == EP_F_CONFLICTING_DUPLICATE);
    faults->n_faults += struck;
    if (!struck || twice) {
        EP_CLEANUP(ep_buf_done) ep_buf first = {0};
        ep_buf_add(&first, line.ptr, line.len);
        EP_TRY(ep_buf_check(&first, err));
        EP_TRY(put(gen, stream, first.data, first.len, &clean, err));
        if (!twice)
            return EP_OK;
        if (fault == EP_F_CONFLICTING_DUPLICATE)
            note_place(gen, stream, &truth);
        return hold(gen, stream, fault, &random, (ep_str){copy->data, copy->len}, &truth, err);
    }
    if (fault == EP_F_LATE || fault == EP_F_OUT_OF_ORDER)
        return hold(gen, stream, fault, &random, (ep_str){copy->data, copy->len}, &truth, err);
    return put(gen, stream, copy->data, copy->len, &truth, err);
}

ep_code ep_faults_release(ep_gen *gen, enum ep_generate_stream stream, ep_error *err) {
    struct ep_faults *faults = gen->faults;
    if (stream >= N_STREAMS)
        return EP_OK;
    if (gen->streams[stream].n_records == 0) {
        /* A new day: what came late arrives first. */
        for (size_t i = 0; i < faults->n_held[stream];)
            if (faults->held[stream][i].day <= gen->day)
                EP_TRY(send(gen, stream, i, err));
            else
                i++;
    }
    while (faults->next[stream] <= gen->n_records[stream]) {
        size_t i = 0;
        while (faults->held[stream][i].until != faults->next[stream])
            i++;
        EP_TRY(send(gen, stream, i, err));
    }
    return EP_OK;
}

ep_code ep_faults_release_all(ep_gen *gen, ep_error *err) {
    for (int s = 0; s < N_STREAMS; s++)
        while (gen->faults->n_held[s] > 0)
            EP_TRY(send(gen, (enum ep_generate_stream)s, 0, err));
    return EP_OK;
}

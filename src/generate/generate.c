/* One run: the folders, the days, the truth. */
#include "generate/generate.h"

#include "generate/faults.h"
#include "generate/shop.h"

#include <string.h>

static const char *const stream_names[EP_N_GENERATE_STREAMS] = {
    "orders",       "clickstream",  "vendors",   "products", "offers",    "stock",
    "availability", "order_status", "shipments", "returns",  "reference", "flat",
};

const char *ep_generate_stream_name(enum ep_generate_stream stream) {
    return stream_names[stream];
}

static char *put_reasons(char *p, const char *reasons) {
    *p++ = '[';
    while (*reasons) {
        size_t len = strcspn(reasons, ",");
        *p++ = '"';
        p = ep_put_mem(p, reasons, len);
        *p++ = '"';
        reasons += len;
        if (*reasons) {
            *p++ = ',';
            reasons++;
        }
    }
    *p++ = ']';
    return p;
}

ep_code ep_gen_tell(ep_gen *gen, enum ep_generate_stream stream, uint64_t record,
                    const struct ep_truth *truth, ep_error *err) {
    if (!gen->truth.data)
        return EP_OK;
    char *p = ep_out_at(&gen->truth);
    EP_PUT(p, "{\"file\":\"");
    p = ep_put_text(p, gen->streams[stream].path + strlen(gen->options->out) + 1);
    EP_PUT(p, "\",\"record\":");
    p = ep_put_uint(p, record);
    EP_PUT(p, ",\"class\":\"");
    p = ep_put_text(p, truth->outcome);
    EP_PUT(p, "\",\"reasons\":");
    p = put_reasons(p, truth->reasons);
    if (truth->also[0]) {
        EP_PUT(p, ",\"also\":");
        p = put_reasons(p, truth->also);
    }
    if (truth->fault[0]) {
        EP_PUT(p, ",\"fault\":\"");
        p = ep_put_text(p, truth->fault);
        *p++ = '"';
    }
    if (truth->has_other) {
        EP_PUT(p, ",\"either\":{\"file\":\"");
        p = ep_put_text(p, truth->other_file);
        EP_PUT(p, "\",\"record\":");
        p = ep_put_uint(p, truth->other_record);
        *p++ = '}';
    }
    EP_PUT(p, "}\n");
    return ep_out_take(&gen->truth, p, err);
}

/* Counts a record that was written; now and then says how far things are. */
static ep_code count(ep_gen *gen, enum ep_generate_stream stream, ep_error *err) {
    gen->n_records[stream]++;
    if ((++gen->n_total & 0xffff) != 0 || !gen->options->progress)
        return EP_OK;
    uint64_t total = gen->n_total > gen->n_expected ? gen->n_total : gen->n_expected;
    if (!gen->options->progress(gen->options->user, gen->n_total, total))
        return ep_fail(err, EP_E_CANCELLED, "stopped after %llu records", (unsigned long long)gen->n_total);
    return EP_OK;
}

ep_code ep_gen_put_line(ep_gen *gen, enum ep_generate_stream stream, const char *line, size_t len,
                        ep_error *err) {
    char *p = ep_put_mem(ep_gen_at(gen, stream), line, len);
    *p++ = '\n';
    EP_TRY(ep_out_take(&gen->streams[stream], p, err));
    return count(gen, stream, err);
}

struct ep_truth ep_gen_clean(const ep_gen *gen, enum ep_generate_stream stream) {
    /* The old producers name no seller, which is right until the cut-over only. */
    if (!gen->market && stream == EP_GS_ORDERS && gen->day >= ep_days_from_civil(2026, 1, 1))
        return (struct ep_truth){
            .outcome = "quarantined", .reasons = "seller_missing", .also = "required", .fault = ""};
    return (struct ep_truth){.outcome = "applied", .reasons = "", .also = "", .fault = ""};
}

ep_code ep_gen_take(ep_gen *gen, enum ep_generate_stream stream, char *end, ep_error *err) {
    if (gen->faults) {
        enum ep_fault fault = ep_faults_draw(gen->faults, gen, stream);
        if (fault != EP_N_FAULTS) {
            char *start = ep_gen_at(gen, stream);
            EP_TRY(ep_faults_strike(gen, stream, fault, (ep_str){start, (size_t)(end - start)}, err));
            return ep_faults_release(gen, stream, err);
        }
    }
    *end++ = '\n';
    EP_TRY(ep_out_take(&gen->streams[stream], end, err));
    if (gen->options->truth_all && gen->truth.data) {
        struct ep_truth clean = ep_gen_clean(gen, stream);
        EP_TRY(ep_gen_tell(gen, stream, gen->streams[stream].n_records - 1, &clean, err));
    }
    EP_TRY(count(gen, stream, err));
    return gen->faults ? ep_faults_release(gen, stream, err) : EP_OK;
}

static ep_code start_day(ep_gen *gen, int32_t day, ep_error *err) {
    gen->day = day;
    char text[11];
    ep_time_format_date(day, text);
    for (int i = 0; i < EP_GS_REFERENCE; i++) {
        if (!gen->streams[i].data)
            continue;
        EP_TRY(
            ep_out_start(&gen->streams[i], err, "%s/%s/%s.jsonl", gen->options->out, stream_names[i], text));
        if (gen->faults)
            EP_TRY(ep_faults_release(gen, (enum ep_generate_stream)i, err));
    }
    return EP_OK;
}

static ep_code open_streams(ep_gen *gen, ep_error *err) {
    const ep_generate_options *options = gen->options;
    EP_TRY(ep_out_folder(options->out, options->force, err));
    for (int i = 0; i < EP_GS_FLAT && options->force; i++)
        EP_TRY(ep_out_clear(options->out, stream_names[i], err));
    if (options->flat > 0)
        return ep_out_init(&gen->streams[EP_GS_FLAT], err);
    for (int i = 0; i < EP_GS_FLAT; i++) {
        if (!gen->market && i > EP_GS_CLICKSTREAM)
            break;
        EP_TRY(ep_out_init(&gen->streams[i], err));
        EP_TRY(ep_out_subfolder(options->out, stream_names[i], err));
    }
    return EP_OK;
}

static ep_code write_days(ep_gen *gen, struct ep_timeline *timeline, struct ep_clicks *clicks,
                          ep_error *err) {
    const struct ep_calendar *calendar = &gen->calendar;
    if (gen->market)
        EP_TRY(ep_reference_write(gen, err));
    /* What is there when the run begins is told on the day before. */
    for (int32_t day = calendar->first_day - gen->market; day < calendar->first_day + calendar->n_days;
         day++) {
        EP_TRY(start_day(gen, day, err));
        if (gen->market) {
            EP_TRY(ep_changes_newcomers(gen, err));
            EP_TRY(ep_changes_day(gen, err));
        }
        EP_TRY(ep_timeline_day(gen, timeline, err));
        EP_TRY(ep_clicks_day(gen, clicks, err));
    }
    if (!gen->faults)
        return EP_OK;
    /* What is still to come arrives on the day after. */
    EP_TRY(start_day(gen, calendar->first_day + calendar->n_days, err));
    if (gen->market)
        EP_TRY(ep_changes_newcomers(gen, err));
    return ep_faults_release_all(gen, err);
}

static ep_code write_streams(ep_gen *gen, ep_error *err) {
    EP_CLEANUP(ep_timeline_free) struct ep_timeline *timeline = NULL;
    EP_CLEANUP(ep_clicks_free) struct ep_clicks *clicks = NULL;
    EP_TRY(ep_timeline_new(gen, &timeline, err));
    EP_TRY(ep_clicks_new(gen, &clicks, err));
    return write_days(gen, timeline, clicks, err);
}

static ep_code finish(ep_gen *gen, ep_error *err) {
    for (int i = 0; i < EP_N_GENERATE_STREAMS; i++)
        if (gen->streams[i].data)
            EP_TRY(ep_out_finish(&gen->streams[i], err));
    if (gen->truth.data) {
        /* A run without faults has a truth, too: an empty file. */
        EP_TRY(ep_out_finish(&gen->truth, err));
        if (gen->truth.n_files == 0)
            EP_TRY(ep_write_file(gen->options->truth, "", 0, 0666, err));
    }
    if (gen->options->progress)
        gen->options->progress(gen->options->user, gen->n_total, gen->n_total);
    return EP_OK;
}

static ep_code run(ep_gen *gen, ep_error *err) {
    const ep_generate_options *options = gen->options;
    EP_TRY(ep_calendar_init(&gen->calendar, options, gen->market, gen->seed, err));
    EP_TRY(ep_shop_new(gen, &gen->shop, err));
    EP_TRY(ep_fragments_new(&gen->fragments, err));
    EP_TRY(ep_faults_new(gen, &gen->faults, err));
    EP_TRY(open_streams(gen, err));
    if (options->truth) {
        EP_TRY(ep_out_init(&gen->truth, err));
        EP_TRY(ep_out_start(&gen->truth, err, "%s", options->truth));
    }
    uint64_t n_orders = ep_calendar_n_orders(&gen->calendar);
    gen->n_expected = options->flat > 0
                          ? (uint64_t)options->flat
                          : n_orders * (uint64_t)(1 + options->clicks_per_order + (gen->market ? 9 : 0));
    EP_TRY(options->flat > 0 ? ep_flat_write(gen, err) : write_streams(gen, err));
    return finish(gen, err);
}

static ep_code check_options(const ep_generate_options *options, ep_error *err) {
    if (!options->out || !options->out[0])
        return ep_fail_field(err, EP_E_USAGE, "out", "--out FOLDER is missing");
    if (options->days < 1 || options->days > 3660 || options->orders_per_day < 1 ||
        options->orders_per_day > 10000000 || options->clicks_per_order < 0 ||
        options->clicks_per_order > 1000 || options->sellers < 1 || options->sellers > 100000 ||
        options->products < 1 || options->products > 1000000 || options->customers < 1 ||
        options->customers > 10000000 || options->flat < 0)
        return ep_fail(err, EP_E_ARG, "an option of the generator is out of its range");
    /* Doubles of epoch seconds are written for these years only. */
    if (options->from_day < 7306 || options->from_day + options->days > 47481)
        return ep_fail_field(err, EP_E_USAGE, "from", "the days must lie between 1990-01-02 and 2099-12-31");
    return EP_OK;
}

ep_code ep_generate(const ep_generate_options *options, ep_generate_summary *ret, ep_error *err) {
    ep_generate_options own = *options;
    if (own.from_day == INT64_MIN)
        own.from_day = own.legacy ? ep_days_from_civil(2025, 12, 1) : ep_days_from_civil(2026, 1, 1);
    int64_t started = ep_monotonic_us();
    ep_gen gen = {.options = &own, .seed = own.seed, .market = !own.legacy};
    ep_code code = check_options(&own, err);
    if (code == EP_OK)
        code = run(&gen, err);
    ep_generate_summary summary = {.n_total = gen.n_total,
                                   .n_faults = gen.faults ? ep_faults_count(gen.faults) : 0,
                                   .elapsed_us = ep_monotonic_us() - started};
    for (int i = 0; i < EP_N_GENERATE_STREAMS; i++) {
        summary.n_records[i] = gen.n_records[i];
        summary.n_bytes += gen.streams[i].n_bytes;
        summary.n_files += gen.streams[i].n_files;
        ep_out_done(&gen.streams[i]);
    }
    if (ret)
        *ret = summary;
    ep_out_done(&gen.truth);
    ep_faults_free(&gen.faults);
    ep_fragments_free(&gen.fragments);
    ep_shop_free(&gen.shop);
    ep_calendar_done(&gen.calendar);
    return code;
}

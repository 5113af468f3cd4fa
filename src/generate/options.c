#include "generate/generate.h"

#include "base/decimal.h"
#include "base/time.h"

#include <string.h>

typedef enum { O_PATH, O_TEXT, O_FLAG, O_INT, O_DATE, O_CHOICE } kind;

#define DAY_1990 7305
#define DAY_2099 47481 /* 2100-01-01 */

#define FIELD(name) offsetof(ep_generate_options, name)

/* The public table and how each option is read, side by side. */
static const ep_generate_option table[] = {
    {"out", "FOLDER", "", "", "where the streams are written, a folder each"},
    {"seed", "N", "1", "0 .. 2^63-1", "the same seed and options give the same bytes"},
    {"legacy", "flag", "", "", "only orders and clickstream, as before the marketplace"},
    {"days", "N", "7", "1 .. 3660", "days to write"},
    {"from", "DATE", "2026-01-01", "1990-01-02 .. 2099-12-31",
     "first day; with --legacy 2025-12-01 when not given"},
    {"orders-per-day", "N", "1440", "1 .. 10000000", "orders on an average day, before season and weekday"},
    {"clicks-per-order", "N", "10", "0 .. 1000", "clicks an order, about"},
    {"sellers", "N", "50", "1 .. 100000", "sellers, ShopNow included; few large, many small"},
    {"products", "N", "500", "1 .. 1000000", "products of the catalogue"},
    {"customers", "N", "2000", "1 .. 10000000", "customers"},
    {"faults", "RATE", "0", "0 .. 1", "share of faulty records (0.01 or 1%), or KIND=RATE,... by kind"},
    {"truth", "FILE", "", "", "JSON lines: what must become of each record a fault touched"},
    {"truth-all", "flag", "", "", "the truth of every record, not only of those with a fault"},
    {"force", "flag", "", "", "write into a folder that is not empty; files of an earlier run are replaced"},
    {"format", "FORMAT", "jsonl", "jsonl", "form of the streams"},
    {"flat", "N", "0", "0 .. 10^12", "for benchmarks: N flat order lines in one file, nothing else"},
    {"flat-format", "FORMAT", "jsonl", "jsonl, csv", "form of the flat file"},
};

static const struct {
    kind kind;
    size_t offset;
    int64_t least, most;
} rules[] = {
    {O_PATH, FIELD(out), 0, 0},
    {O_INT, FIELD(seed), 0, INT64_MAX},
    {O_FLAG, FIELD(legacy), 0, 0},
    {O_INT, FIELD(days), 1, 3660},
    {O_DATE, FIELD(from_day), DAY_1990 + 1, DAY_2099 - 1},
    {O_INT, FIELD(orders_per_day), 1, 10000000},
    {O_INT, FIELD(clicks_per_order), 0, 1000},
    {O_INT, FIELD(sellers), 1, 100000},
    {O_INT, FIELD(products), 1, 1000000},
    {O_INT, FIELD(customers), 1, 10000000},
    {O_TEXT, FIELD(faults), 0, 0},
    {O_PATH, FIELD(truth), 0, 0},
    {O_FLAG, FIELD(truth_all), 0, 0},
    {O_FLAG, FIELD(force), 0, 0},
    {O_CHOICE, 0, 0, 0},
    {O_INT, FIELD(flat), 0, INT64_C(1000000000000)},
    {O_CHOICE, FIELD(flat_csv), 0, 0},
};

#define N_OPTIONS (sizeof table / sizeof table[0])
_Static_assert(N_OPTIONS == sizeof rules / sizeof rules[0], "an option without its rule");

const ep_generate_option *ep_generate_option_table(size_t *ret_n) {
    *ret_n = N_OPTIONS;
    return table;
}

void ep_generate_options_init(ep_generate_options *ret) {
    *ret = (ep_generate_options){.seed = 1,
                                 .days = 7,
                                 .from_day = INT64_MIN,
                                 .orders_per_day = 1440,
                                 .clicks_per_order = 10,
                                 .sellers = 50,
                                 .products = 500,
                                 .customers = 2000};
}

static ep_code out_of_range(const ep_generate_option *option, ep_error *err) {
    return ep_fail_field(err, EP_E_USAGE, option->name, "--%s must be %s", option->name,
                         option->range[0] ? option->range : "given a value");
}

ep_code ep_generate_option_set(ep_generate_options *options, const char *name, const char *value,
                               ep_error *err) {
    size_t i = 0;
    while (i < N_OPTIONS && strcmp(table[i].name, name) != 0)
        i++;
    if (i == N_OPTIONS)
        return ep_fail_field(err, EP_E_USAGE, name, "there is no option --%s", name);
    char *field = (char *)options + rules[i].offset;
    if (rules[i].kind == O_FLAG) {
        *(bool *)field = true;
        return EP_OK;
    }
    if (!value || (!*value && rules[i].kind != O_TEXT))
        return ep_fail_field(err, EP_E_USAGE, name, "--%s needs a value: %s", name, table[i].type);
    int64_t number;
    int32_t day;
    switch (rules[i].kind) {
    case O_INT:
        if (ep_int_parse(ep_str_from(value), &number) != EP_NUM_OK || number < rules[i].least ||
            number > rules[i].most)
            return out_of_range(&table[i], err);
        memcpy(field, &number, sizeof number);
        return EP_OK;
    case O_DATE:
        if (!ep_date_parse(ep_str_from(value), NULL, &day) || day < rules[i].least || day > rules[i].most)
            return out_of_range(&table[i], err);
        number = day;
        memcpy(field, &number, sizeof number);
        return EP_OK;
    case O_CHOICE:
        if (strcmp(value, "jsonl") != 0 && !(rules[i].offset && strcmp(value, "csv") == 0))
            return out_of_range(&table[i], err);
        if (rules[i].offset)
            *(bool *)field = strcmp(value, "csv") == 0;
        return EP_OK;
    case O_PATH:
    case O_TEXT: memcpy(field, &value, sizeof value); return EP_OK;
    case O_FLAG: break;
    }
    return ep_fail(err, EP_E_BUG, "option --%s has no reader", name);
}

/* minimum, maximum and multipleOf of a property to bounds and a step in the column's stored units, exactly. */
#include "contract/draft.h"

#include <string.h>

static ep_int128 floor_div(ep_int128 a, ep_int128 b) {
    ep_int128 q = a / b;
    return a % b != 0 && a < 0 ? q - 1 : q;
}

static ep_int128 gcd(ep_int128 a, ep_int128 b) {
    while (b) {
        ep_int128 rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

/* The exact value as digits and scale, the scale at least `scale`. */
static ep_num_result parse_exact(ep_str text, int scale, ep_int128 *ret, int *ret_scale) {
    ep_num_result result = EP_NUM_SCALE;
    for (; scale <= EP_DECIMAL_MAX_PRECISION && result == EP_NUM_SCALE; scale++) {
        *ret_scale = scale;
        result = ep_decimal_parse(text, EP_DECIMAL_MAX_PRECISION, scale, ret);
    }
    return result;
}

static int column_scale(const ep_column_def *column) {
    return column->type == EP_T_DECIMAL ? column->scale : 0;
}

static bool is_number_type(ep_type type) {
    return type == EP_T_INT || type == EP_T_DECIMAL;
}

/* Moves a number bound to the nearest allowed stored unit inside it. */
static ep_num_result number_bound(ep_str text, int scale, bool upper, ep_bound *bound) {
    ep_int128 exact;
    int exact_scale;
    ep_num_result result = parse_exact(text, scale, &exact, &exact_scale);
    if (result != EP_NUM_OK)
        return result;
    ep_int128 unit = ep_pow10(exact_scale - scale);
    bool whole = exact % unit == 0;
    bound->value = floor_div(exact, unit);
    if (upper)
        bound->value -= whole && bound->exclusive;
    else
        bound->value += !whole || bound->exclusive;
    return EP_NUM_OK;
}

static ep_code set_bound(ep_load *load, ep_draft *draft, size_t at, const ep_yaml_node *node,
                         const char *name, bool upper, bool exclusive, ep_bound *bound) {
    const ep_contract_field *field = &draft->contract->fields[at];
    *bound = (ep_bound){
        .exclusive = exclusive, .text = node->text.ptr, .code = upper ? EP_R_MAXIMUM : EP_R_MINIMUM};
    if (is_number_type(field->column.type)) {
        if (!ep_yaml_is_number(node))
            return EP_OK; /* lint.c says so */
        ep_num_result result = number_bound(node->text, column_scale(&field->column), upper, bound);
        if (result != EP_NUM_OK)
            return ep_draft_error(load, draft->file, node, "bad_bound", "%s of %s must be %s", name,
                                  field->name,
                                  result == EP_NUM_SYNTAX ? "a number" : "a number of at most 38 digits");
    } else {
        int64_t value;
        if (node->kind != EP_Y_TEXT)
            return EP_OK;
        if (!ep_read_moment_literal(field, node->text, &value))
            return ep_draft_error(load, draft->file, node, "bad_bound", "%s of %s must be %s", name,
                                  field->name, ep_compile_type_text(draft->contract, at));
        bound->value = (ep_int128)value + (exclusive ? (upper ? -1 : 1) : 0);
    }
    bound->set = true;
    return EP_OK;
}

/* In 3.0 exclusiveMinimum: true makes minimum exclusive. */
static bool is_exclusive_flag(const ep_draft *draft, const ep_yaml_node *options, const char *name) {
    return draft->file->odcs == EP_ODCS_3_0 && ep_draft_bool(options, name);
}

static void set_format_bounds(const char *format, ep_bound bounds[2]) {
    static const struct {
        const char *name, *low_text, *high_text;
        int bits;
        bool is_signed;
    } formats[] = {
        {"i8", "-128", "127", 8, true},
        {"i16", "-32768", "32767", 16, true},
        {"i32", "-2147483648", "2147483647", 32, true},
        {"u8", "0", "255", 8, false},
        {"u16", "0", "65535", 16, false},
        {"u32", "0", "4294967295", 32, false},
        {"u64", "0", "18446744073709551615", 64, false},
        {"u128", "0", NULL, 0, false},
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(format, formats[i].name) != 0)
            continue;
        int bits = formats[i].bits - formats[i].is_signed;
        ep_int128 power = (ep_int128)1 << (bits > 0 ? bits : 0);
        bounds[0] =
            (ep_bound){true, false, formats[i].is_signed ? -power : 0, formats[i].low_text, EP_R_RANGE};
        if (formats[i].high_text)
            bounds[1] = (ep_bound){true, false, power - 1, formats[i].high_text, EP_R_RANGE};
    }
}

static ep_code check_range(ep_load *load, ep_draft *draft, size_t at) {
    const ep_field_checks *checks = &draft->contract->checks->fields[at];
    const ep_bound *low = NULL, *high = NULL;
    for (int i = 0; i < 6; i++) {
        const ep_bound *bound = &checks->bounds[i];
        if (!bound->set)
            continue;
        if (i % 2 == 0 && (!low || bound->value > low->value))
            low = bound;
        if (i % 2 == 1 && (!high || bound->value < high->value))
            high = bound;
    }
    if (!low || !high || low->value <= high->value)
        return EP_OK;
    return ep_draft_error(load, draft->file, draft->fields[at].options, "reversed_range",
                          "no value of %s can be %s %s and %s %s: swap or widen the bounds",
                          draft->contract->fields[at].name, low->exclusive ? "more than" : "at least",
                          low->text, high->exclusive ? "less than" : "at most", high->text);
}

ep_code ep_compile_bounds(ep_load *load, ep_draft *draft, size_t at) {
    static const char *const names[] = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};
    const ep_yaml_node *options = draft->fields[at].options;
    ep_field_checks *checks = &draft->contract->checks->fields[at];
    ep_type type = draft->contract->fields[at].column.type;
    if (type == EP_T_TEXT || type == EP_T_BOOL)
        return EP_OK;
    if (is_number_type(type))
        set_format_bounds(ep_draft_text(options, "format"), checks->bounds);
    for (size_t i = 0; i < 4; i++) {
        const ep_yaml_node *node = ep_yaml_get(options, names[i]);
        bool exclusive = i >= 2 || is_exclusive_flag(draft, options, names[i + 2]);
        if (node && node->kind != EP_Y_BOOL)
            EP_TRY(set_bound(load, draft, at, node, names[i], i % 2 == 1, exclusive, &checks->bounds[2 + i]));
    }
    return check_range(load, draft, at);
}

ep_code ep_compile_step(ep_load *load, ep_draft *draft, size_t at) {
    const ep_contract_field *field = &draft->contract->fields[at];
    ep_field_checks *checks = &draft->contract->checks->fields[at];
    const ep_yaml_node *node = ep_yaml_get(draft->fields[at].options, "multipleOf");
    int scale = column_scale(&field->column), step_scale;
    ep_int128 step;
    if (!ep_yaml_is_number(node) || !is_number_type(field->column.type))
        return EP_OK;
    if (parse_exact(node->text, 0, &step, &step_scale) != EP_NUM_OK)
        return ep_draft_error(load, draft->file, node, "bad_bound",
                              "multipleOf of %s must be a number of at most 38 digits", field->name);
    if (step <= 0)
        return EP_OK; /* lint.c says so */
    if (step_scale > scale) {
        /* v / 10^scale is a multiple of step / 10^step_scale when v is one of step / gcd(step, 10^(step_scale - scale)). */
        step /= gcd(step, ep_pow10(step_scale - scale));
    } else {
        ep_int128 factor = ep_pow10(scale - step_scale);
        if (step > ep_pow10(EP_DECIMAL_MAX_PRECISION) / factor)
            return ep_draft_error(load, draft->file, node, "bad_bound",
                                  "multipleOf of %s is larger than the column holds", field->name);
        step *= factor;
    }
    checks->step = step;
    checks->step_text = node->text.ptr;
    return EP_OK;
}

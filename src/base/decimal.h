#ifndef EP_BASE_DECIMAL_H
#define EP_BASE_DECIMAL_H

#include "base/str.h"

__extension__ typedef __int128 ep_int128;

#define EP_DECIMAL_MAX_PRECISION 38

typedef enum ep_num_result {
    EP_NUM_OK,
    EP_NUM_SYNTAX, /* not a number at all */
    EP_NUM_RANGE,  /* more digits before the point than the type holds */
    EP_NUM_SCALE   /* would lose digits after the point that are not zero */
} ep_num_result;

/** JSON number syntax plus a leading '+' and leading zeros ("007"); exponents are exact ("1.5e3" is 1500). "1.0" is the integer 1. */
ep_num_result ep_int_parse(ep_str text, int64_t *ret);
/** Greatest integer not above the value times 10^scale (0..18): digits past the scale are cut towards minus infinity. */
ep_num_result ep_int_parse_floor(ep_str text, int scale, int64_t *ret);
/** The value times 10^scale, exactly; nothing is rounded. precision 1..38, scale 0..precision. */
ep_num_result ep_decimal_parse(ep_str text, int precision, int scale, ep_int128 *ret);
/** "-12.3400" with exactly `scale` decimals; out holds 42 bytes; returns the length. */
size_t ep_decimal_format(ep_int128 value, int scale, char out[48]);
ep_int128 ep_pow10(int exponent); /* 0..38 */
/** Half away from zero from one scale to a smaller one. */
ep_int128 ep_decimal_round(ep_int128 value, int from_scale, int to_scale);
/** Product of two decimals; false on overflow of 38 digits. Scales add. */
bool ep_decimal_mul(ep_int128 a, ep_int128 b, ep_int128 *ret);

#endif

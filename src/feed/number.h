#ifndef EP_FEED_NUMBER_H
#define EP_FEED_NUMBER_H

#include "base/decimal.h"

/* Number texts (JSON syntax, a leading '+' and leading zeros allowed) without a double in between. */

bool ep_number_valid(ep_str text);
/** <0, 0, >0 by value, exactly, whatever the lengths and exponents; false when one is no number. */
bool ep_number_cmp(ep_str a, ep_str b, int *ret);
/** The value times 10^scale, rounded half away from zero; false when it is no number or has more than 38 digits. */
bool ep_number_round(ep_str text, int scale, ep_int128 *ret);

#endif

#ifndef EP_CONTRACT_VALIDATORS_H
#define EP_CONTRACT_VALIDATORS_H

#include "base/str.h"

/* A named check of one text value, used as `logicalTypeOptions.format` of a contract. Pure, no allocation, any thread. */
typedef struct ep_validator {
    const char *name; /* "gtin", "siret", ... */
    /* NULL when valid, else a short constant reason code ("check_digit", "length", "character", "unassigned", "withdrawn"...). */
    const char *(*check)(ep_str value);
    const char *what; /* one line for help and messages: what it is and what a good value looks like */
    /* The published algorithm and its source: "ISO 7064 MOD 97-10; ISO 13616-1:2020". */
    const char *algorithm;
} ep_validator;

/** NULL when there is none of that name. */
const ep_validator *ep_validator_find(ep_str name);
/** All of them, in the order of the manual. */
const ep_validator *ep_validators(size_t *ret_n);

/** True for what a seller's identity looks like: 1 to 40 of a-z 0-9 _ (the validator seller_id, without a reason). */
bool ep_is_seller_id(ep_str value);
/** Minor units of an ISO 4217 code (EUR 2, JPY 0, KWD 3), -1 for an unknown code or one without minor unit (XAU). */
int ep_currency_minor_units(ep_str code);
/** Last day a withdrawn currency was legal tender as days since 1970-01-01 (DEM: 2001-12-31), INT32_MAX while it is in use,
 * INT32_MIN when unknown. */
int32_t ep_currency_end_day(ep_str code);

#endif

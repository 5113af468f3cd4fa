#ifndef EP_GENERATE_WORDS_H
#define EP_GENERATE_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* Invented names out of small word lists: nobody's real data. */

struct ep_word_currency {
    const char *code;
    int decimals;
    uint32_t to_eur; /* about, in 1/10000 */
};

struct ep_word_country {
    const char *name, *code;
    uint8_t currency; /* of ep_word_currencies */
    uint8_t share;    /* of sellers, in percent */
    const char *cities[4];
    const char *streets[4];
};

struct ep_word_category {
    const char *id, *name;
    int8_t parent; /* -1 at the top */
};

struct ep_word_noun {
    const char *noun, *code; /* code: three letters of a SKU */
    uint8_t category;
    uint16_t least_cents, spread_cents; /* price range; spread in units of 10 */
};

#define EP_N_CURRENCIES 5
#define EP_N_COUNTRIES  8
#define EP_N_CATEGORIES 24
#define EP_N_NOUNS      48
#define EP_N_ADJECTIVES 24
#define EP_N_FIRST      32
#define EP_N_LAST       32
#define EP_N_BRANDS     16
#define EP_N_COLOURS    8
#define EP_N_PHRASES    12
#define EP_N_AGENTS     6

extern const struct ep_word_currency ep_word_currencies[EP_N_CURRENCIES];
extern const struct ep_word_country ep_word_countries[EP_N_COUNTRIES];
extern const struct ep_word_category ep_word_categories[EP_N_CATEGORIES];
extern const struct ep_word_noun ep_word_nouns[EP_N_NOUNS];
extern const char *const ep_word_adjectives[EP_N_ADJECTIVES];
/* First and last names, and the same in lower-case ASCII for e-mail addresses. */
extern const char *const ep_word_first[EP_N_FIRST][2];
extern const char *const ep_word_last[EP_N_LAST][2];
extern const char *const ep_word_brands[EP_N_BRANDS];
extern const char *const ep_word_colours[EP_N_COLOURS];
extern const char *const ep_word_phrases[EP_N_PHRASES];
extern const char *const ep_word_agents[EP_N_AGENTS];
extern const char *const ep_word_domains[3];

#endif

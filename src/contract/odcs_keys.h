#ifndef EP_CONTRACT_ODCS_KEYS_H
#define EP_CONTRACT_ODCS_KEYS_H

#include "contract/contract.h"

/* Every key of a contract file at every level: one table for the parser, the lint and the reference page. */

typedef enum ep_odcs_version { EP_ODCS_3_0, EP_ODCS_3_1, EP_ODCS_3_2 } ep_odcs_version;

/* What a value may be, as bits. */
#define EP_KT_TEXT   1u
#define EP_KT_BOOL   2u
#define EP_KT_INT    4u
#define EP_KT_NUMBER 8u /* whole or not */
#define EP_KT_LIST   16u
#define EP_KT_MAP    32u
#define EP_KT_NULL   64u
#define EP_KT_SCALAR (EP_KT_TEXT | EP_KT_BOOL | EP_KT_NUMBER | EP_KT_NULL)
#define EP_KT_ANY    (EP_KT_SCALAR | EP_KT_LIST | EP_KT_MAP)

/* More about a key, as bits. */
#define EP_KF_REQUIRED            1u
#define EP_KF_ID                  2u  /* [A-Za-z0-9_-]+ */
#define EP_KF_NOT_EMPTY           4u  /* a list with one item at least */
#define EP_KF_UNIQUE              8u  /* a list of distinct items */
#define EP_KF_NATURAL             16u /* 0 or more */
#define EP_KF_POSITIVE            32u /* more than 0 */
#define EP_KF_PAIR                64u /* a list of exactly two */
#define EP_KF_DATE                128u
#define EP_KF_MOMENT              256u
#define EP_KF_REQUIRED_BEFORE_3_2 512u
#define EP_KF_DEPRECATED          1024u
#define EP_KF_FLAG_IN_3_0         2048u /* in 3.0 true or false, too */

typedef struct ep_level ep_level;

typedef struct ep_key {
    const char *name;
    unsigned types, flags;
    unsigned item_types;   /* of a list's items, 0 any; */
    const char *values;    /* the allowed words, separated by blanks, or NULL */
    const ep_level *level; /* of a map, or of the maps in a list */
    ep_odcs_version since;
    const char *text; /* what it is, one line; for deprecated keys what to write instead */
} ep_key;

struct ep_level {
    const char *name; /* in messages and as the heading of the reference page */
    const ep_key *keys;
    size_t n;
    bool open; /* other keys are allowed */
};

extern const ep_level ep_level_contract, ep_level_dataset, ep_level_property, ep_level_quality, ep_level_team;
const ep_level *ep_level_team_member(void); /* a team as a list: the form of 3.0 */

/** Options of a logicalType; NULL for a type without options (boolean, map) or an unknown one. */
const ep_level *ep_level_options(const char *logical_type);
/** Keys of a server type beyond the common ones; NULL when the type is unknown. */
const ep_level *ep_level_server(const char *type);

/* An `entrepot.` custom property. */
typedef struct ep_custom_key {
    const char *name; /* without the prefix */
    unsigned types;
    const char *values;
    const char *value_text, *text; /* for people: what the value is, what it means */
} ep_custom_key;

extern const ep_custom_key ep_custom_dataset[], ep_custom_property[], ep_custom_relationship[];
extern const size_t ep_n_custom_dataset, ep_n_custom_property, ep_n_custom_relationship;

const ep_key *ep_key_find(const ep_level *level, const char *name);
const ep_custom_key *ep_custom_find(const ep_custom_key *keys, size_t n, const char *name);
/** True when `word` is one of the blank-separated words. */
bool ep_word_in(const char *words, const char *word);
/** Bits of EP_KT_ as text: "text or a list". */
const char *ep_key_types_text(unsigned types);

/* The word nearest to a mistyped one, by edit distance (transpositions count one), or NULL when none is near. */
typedef struct ep_nearest {
    const char *word;
    char best[64]; /* "" when none is near */
    size_t distance;
} ep_nearest;
void ep_nearest_init(ep_nearest *nearest, const char *word);
void ep_nearest_try(ep_nearest *nearest, ep_str candidate);
void ep_nearest_try_servers(ep_nearest *nearest);
void ep_nearest_try_words(ep_nearest *nearest, const char *words); /* separated by blanks */

/* ep_contract_key_docs() of contract.h is in odcs_docs.c. */

#endif

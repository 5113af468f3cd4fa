#ifndef EP_APP_DICTIONARY_H
#define EP_APP_DICTIONARY_H

#include "warehouse/plan.h"

/* What the data dictionary says of a table, for its page (cmd_dictionary.c) and for programs (dictionary_json.c). */

/** "dimension", "transaction" ... */
const char *ep_dictionary_kind(ep_kind kind);
/** Appends the engine's name of a type: "text", "decimal(18,4)" ... */
void ep_dictionary_put_type(ep_buf *page, const ep_column_def *column);
/** Whether a field is part of the natural key. */
bool ep_dictionary_is_key(const ep_contract *c, size_t field);
/** Whether a field is an attribute of a keyed table, which keeps a history of the field's type. */
bool ep_dictionary_has_history(const ep_table *t, size_t field);

/** Appends a table as one line of JSON, with the members that docs/guide.md lists. */
void ep_dictionary_put_json(ep_buf *out, const ep_table *t);

#endif

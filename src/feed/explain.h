#ifndef EP_FEED_EXPLAIN_H
#define EP_FEED_EXPLAIN_H

#include "feed/feed.h"

typedef struct ep_explain_options {
    bool json;          /* one JSON object a line and record instead of text */
    bool show_personal; /* else fields with entrepot.personal are shown as *** */
} ep_explain_options;

/**
 * Appends what each record of a unit would become: its groups with their rows (contract, field=value; absent fields are left out,
 * unreadable ones are ?) and all reasons with field, code, text and detail; or by which rule it is ignored. For the user's own file
 * on the user's own terminal: values are shown. Out of memory shows in ep_buf_check.
 */
void ep_feed_explain(const ep_unit *unit, const ep_explain_options *options, ep_buf *out);

#endif

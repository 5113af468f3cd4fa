#ifndef EP_STORE_SQL_TEXT_H
#define EP_STORE_SQL_TEXT_H

#include "base/str.h"

/* What every engine needs to know of a statement's text and of an error's. */

/** "INSERT INTO t: ", the first words of a statement up to where values could begin. */
void ep_sql_put_head(ep_buf *buf, const char *sql);
/** Puts those words before an error that the engine knows nothing of; returns its code. */
ep_code ep_sql_prefix(ep_error *err, const char *sql);
/** An engine's message with everything that may be a value of a row as '...'. */
void ep_sql_put_masked(ep_buf *buf, ep_str text);
/** Where the statement after the next ';' begins; quotes and comments may hold more of them. */
const char *ep_sql_skip(const char *sql);
/** The first statement without blanks and comments before it and ';' behind it; empty when nothing is left. */
ep_str ep_sql_first(const char *sql);
/** True for BEGIN, COMMIT and their kin, which go through ep_store_begin() or the store would not know of them. */
bool ep_sql_is_transaction(ep_str statement);

#endif

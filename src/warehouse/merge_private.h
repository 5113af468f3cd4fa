#ifndef EP_WAREHOUSE_MERGE_PRIVATE_H
#define EP_WAREHOUSE_MERGE_PRIVATE_H

#include "warehouse/tx.h"

/* What the merge of staged rows (merge.c) and the short cut of held ones (merge_held.c) share. */

#define EP_SQL_HISTORY "sql/history.sql"
#define EP_SQL_SINGLE  "sql/single.sql"
#define EP_SQL_EVENT   "sql/transaction.sql"
#define EP_SQL_MERGE   "sql/merge.sql"

/* Everything a merge's templates need besides the table's own lists; two of `vars` say where rows come from. */
enum { EP_MERGE_ROWS = 5, EP_MERGE_STAGED = 7, EP_MERGE_N_TEXTS = 8 };
typedef struct ep_merge_texts {
    ep_buf now, owner, stored_owner, from, to, rows;
    ep_sql_var vars[EP_MERGE_N_TEXTS];
} ep_merge_texts;

/** The table looks different from event time `since` on; of a dimension, the keys that its merge notes do. */
void ep_merge_mark_changed(ep_tx *tx, const ep_table *table, int64_t since);

/** Before the writers' lock is taken: what depends on no stored row is done already, so that nobody waits for it. Held rows are sent. */
EP_CHECK ep_code ep_merge_send(ep_tx *tx, ep_error *err);
/** Whether that concerns staged rows, too. */
bool ep_merge_goes_ahead(const ep_tx *tx);
/** The part of a dimension's merge that reads staged rows alone. EP_E_CONFLICT when a key stands for two natural ones. */
EP_CHECK ep_code ep_merge_versions_repeated(ep_tx *tx, const ep_table *table, ep_error *err);
/** Once it is taken: other processes may have stored more than we remember. */
void ep_merge_forget_stored(ep_tx *tx);
/** After a table was merged. */
void ep_merge_note_stored(ep_tx *tx, const ep_table *table);

/** The table's held rows, or NULL when all are staged. */
ep_held *ep_merge_held_of(const ep_tx *tx, const ep_table *table);
/** Inserts what is held and alone; the rest is staged then, `*ret_n_staged` rows. */
EP_CHECK ep_code ep_merge_held(ep_tx *tx, const ep_table *table, const ep_merge_texts *texts,
                               int64_t *ret_n_staged, ep_error *err);

#endif

#ifndef EP_ACCESS_SERVER_H
#define EP_ACCESS_SERVER_H

#include "base/str.h"

/*
 * A connection to PostgreSQL as whoever administers or examines it: not the store's, which belongs to the loading role and to one thread's transaction.
 * Results are small and kept whole. One thread at a time.
 */
typedef struct ep_server ep_server;
typedef struct ep_rows ep_rows;

/**
 * @param uri  postgresql://... or key=value words, as libpq reads them; passwords come from PGPASSWORD, a password file or the URI and are in no error.
 * @return EP_OK; EP_E_UNAVAILABLE; EP_E_PERMISSION (login refused); EP_E_CONFIG a server older than 15.18.
 */
EP_CHECK ep_code ep_server_connect(const char *uri, ep_server **ret, ep_error *err);
void ep_server_close(ep_server **server);

/** Runs statements without results. EP_E_PERMISSION the role lacks a right; EP_E_NOT_FOUND, EP_E_CONFLICT an object is missing or there;
 * EP_E_UNAVAILABLE the connection broke; EP_E_STORE all else. The text is the server's own, one line, without the statement. */
EP_CHECK ep_code ep_server_exec(ep_server *server, const char *sql, ep_error *err);
/** One statement with text parameters ($1 ...); *ret is the caller's. Codes as above. */
EP_CHECK ep_code ep_server_query(ep_server *server, const char *sql, const char *const *params,
                                 size_t n_params, ep_rows **ret, ep_error *err);
/** The same, for exactly one cell: copied into buf. EP_E_NOT_FOUND when there is no row or it is NULL. */
EP_CHECK ep_code ep_server_get(ep_server *server, const char *sql, const char *const *params, size_t n_params,
                               ep_buf *ret, ep_error *err);

size_t ep_rows_n(const ep_rows *rows);
/** Text of a cell, valid as long as the rows; "" for NULL. */
const char *ep_rows_get(const ep_rows *rows, size_t row, size_t column);
void ep_rows_free(ep_rows **rows);

#endif

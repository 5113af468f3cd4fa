#ifndef EP_ACCESS_SELLER_H
#define EP_ACCESS_SELLER_H

#include "access/server.h"

/* Logins of sellers on PostgreSQL: one role each, seller_ID, a member of the group sellers and of nothing else. */

/** True for [a-z0-9_]{1,40} that is no word of ours: "platform" owns what belongs to nobody. */
bool ep_seller_id_valid(const char *id);

/**
 * Makes the login, or opens a revoked one again, with a new password in any case.
 * @param password  at least EP_SELLER_PASSWORD_MIN printable ASCII characters; the server gets its SCRAM verifier only.
 * @param ret_limited  false when the server did not let us limit temporary files (needs a superuser).
 * @return EP_E_CONFLICT the login is active already; EP_E_NOT_FOUND the group is missing: entrepot access apply; EP_E_ARG; what the server says.
 */
EP_CHECK ep_code ep_seller_add(ep_server *server, const char *id, const char *password, bool *ret_limited,
                               ep_error *err);

/**
 * Ends a seller's access at once: no new login, no row for statements that begin, and open sessions are ended. The role stays, so that the journal's
 * names keep a meaning and nothing new can take the name.
 * @param ret_sessions  how many sessions were ended.
 * @return EP_E_NOT_FOUND there is no such login; EP_E_UNAVAILABLE a session did not end within five seconds (tried again by the next call).
 */
EP_CHECK ep_code ep_seller_revoke(ep_server *server, const char *id, int64_t *ret_sessions, ep_error *err);

/** Rows of seller_id, state (active, revoked), connections allowed, sessions open. */
EP_CHECK ep_code ep_seller_list(ep_server *server, ep_rows **ret, ep_error *err);

enum { EP_SELLER_PASSWORD_MIN = 16, EP_SELLER_PASSWORD_MAX = 256 };

/** 32 random characters, 190 bits. */
EP_CHECK ep_code ep_password_new(char ret[33], ep_error *err);
/** What PostgreSQL keeps of a password (RFC 5803): SCRAM-SHA-256$4096:salt$StoredKey:ServerKey. */
EP_CHECK ep_code ep_scram_verifier(const char *password, const uint8_t salt[16], ep_buf *ret, ep_error *err);

#endif

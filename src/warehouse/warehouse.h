#ifndef EP_WAREHOUSE_WAREHOUSE_H
#define EP_WAREHOUSE_WAREHOUSE_H

#include "feed/feed.h"
#include "warehouse/paths.h"
#include "warehouse/plan.h"
#include "warehouse/settings.h"

/*
 * An open warehouse: its folder, definitions, plan and store. Opened and closed by one thread; while loading, worker threads read
 * contracts, feeds and plan, and only the thread that opened it touches the store.
 */
typedef struct ep_warehouse {
    char folder[4096];
    ep_settings settings;
    ep_contracts *contracts;
    ep_feed **feeds;
    size_t n_feeds;
    ep_plan *plan;
    ep_store *store;
    bool on_citus;          /* the server spreads tables over nodes; see distribute.h */
    uint8_t secret[32];     /* keys the hashes of personal keys */
    char run_id[40];        /* this process's run, in ledger and journal */
    ep_lints lints;         /* of the definitions */
    int (*cancelled)(void); /* asked at safe places by any thread; NULL when nobody asks */
} ep_warehouse;

typedef enum ep_open_mode {
    EP_OPEN_FILES, /* definitions only, no store */
    EP_OPEN_READ,
    EP_OPEN_WRITE, /* creates the store when it is missing and brings its tables up to the contracts */
    EP_OPEN_TRIAL /* the same, but nothing of it stays: the change is left uncommitted and closing takes it back */
} ep_open_mode;

/**
 * Opens the warehouse in `folder`.
 * @return EP_OK; EP_E_CONFIG with ret->lints telling every finding (the caller closes the warehouse also then); EP_E_NOT_FOUND no warehouse there;
 *         EP_E_BUSY another process writes; EP_E_CONFLICT a contract contradicts the tables; what the store says.
 */
EP_CHECK ep_code ep_warehouse_open(const char *folder, ep_open_mode mode, ep_warehouse **ret, ep_error *err);
void ep_warehouse_close(ep_warehouse **warehouse);

/** True when the tables are on a PostgreSQL server, not in a file of the folder. */
bool ep_warehouse_on_server(const ep_warehouse *warehouse);

/** EP_E_CANCELLED when a signal asked this process to stop. The open transaction must go back. */
EP_CHECK ep_code ep_warehouse_stopping(const ep_warehouse *warehouse, ep_error *err);

/** NULL when there is no feed of that name. */
const ep_feed *ep_warehouse_feed(const ep_warehouse *warehouse, const char *name);

/** Makes a folder with the shipped ShopNow definitions (entrepot.yaml, contracts/, feeds/, lists/, derive/, marts/, data/); refuses a folder that is
 * not empty, unless it only lacks files (then EP_E_CONFLICT names what is there).
 * @param store  postgres://... : where the tables are; the server is asked first, then gets the empty tables. NULL: a file in data/.
 */
EP_CHECK ep_code ep_warehouse_init(const char *folder, const char *store, ep_error *err);

/** SQL literal of a moment: timestamp '2026-03-01 12:34:56.123456'. */
void ep_put_ts_literal(ep_buf *buf, int64_t ts_us);
#endif

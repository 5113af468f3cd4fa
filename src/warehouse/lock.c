#include "warehouse/lock.h"
#include "base/hash.h"

#include <time.h>
#include <unistd.h>

/* 0.1 s, doubled up to 5 s: together about half a minute, in which a server starts again. */
enum { MAX_ATTEMPTS = 10, FIRST_WAIT_MS = 100, LONGEST_WAIT_MS = 5000, STEP_MS = 50 };

ep_code ep_warehouse_lock(ep_warehouse *w, ep_error *err) {
    int64_t id;
    if (ep_store_engine(w->store) == EP_ENGINE_DUCKDB)
        return EP_OK;
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(ep_sql_render("sql/lock.sql", "take", NULL, 0, &sql, err));
    return ep_store_get_int(w->store, sql.data, NULL, 0, &id, err);
}

/* Processes that met once must not meet again at every try. */
static int64_t wait_ms(int attempt) {
    int64_t ms = FIRST_WAIT_MS << (attempt < 6 ? attempt : 6),
            seed[] = {ep_monotonic_us(), (int64_t)getpid()};
    if (ms > LONGEST_WAIT_MS)
        ms = LONGEST_WAIT_MS;
    return ms / 2 + (int64_t)(ep_xxh3(seed, sizeof seed) % (uint64_t)(ms / 2 + 1));
}

/* False when it was asked to stop. */
static bool pause_ms(const ep_warehouse *w, int64_t ms) {
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    for (; ms > 0; ms -= STEP_MS) {
        if (w->cancelled && w->cancelled())
            return false;
        nanosleep(&step, NULL);
    }
    return true;
}

bool ep_warehouse_try_again(ep_warehouse *w, ep_code failure, int attempt) {
    ep_error ignored;
    if (!ep_warehouse_on_server(w) || (failure != EP_E_BUSY && failure != EP_E_UNAVAILABLE) ||
        attempt >= MAX_ATTEMPTS || !pause_ms(w, wait_ms(attempt)))
        return false;
    /* A server that is still away makes the next try fail in its turn. */
    if (failure == EP_E_UNAVAILABLE)
        (void)!ep_store_recover(w->store, &ignored);
    return true;
}

#ifndef EP_STORE_DUCKDB_GUARD_H
#define EP_STORE_DUCKDB_GUARD_H

#ifdef __cplusplus
extern "C" {
#endif

#include "base/error.h"

/**
 * Runs `run(argument)` and turns a C++ exception that comes out of it into an error. Most of DuckDB's C API catches its own, but
 * not what binds values, makes types and copies text into vectors: std::bad_alloc comes through there.
 *
 * `run` owns nothing while it calls the library: its own clean-up would be skipped.
 * @return EP_OK; EP_E_NOMEM; EP_E_BUG for any other exception.
 */
EP_CHECK ep_code ep_duckdb_guard(void (*run)(void *argument), void *argument, ep_error *err);

#ifdef __cplusplus
}
#endif

#endif

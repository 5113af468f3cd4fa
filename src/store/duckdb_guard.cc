#include "store/duckdb_guard.h"

#include <new>

ep_code ep_duckdb_guard(void (*run)(void *argument), void *argument, ep_error *err) {
    try {
        run(argument);
        return EP_OK;
    } catch (const std::bad_alloc &) {
        return ep_fail(err, EP_E_NOMEM, "out of memory in DuckDB");
    } catch (...) {
        // what() is left out: DuckDB's texts may quote values.
        return ep_fail(err, EP_E_BUG, "an unexpected exception in DuckDB");
    }
}

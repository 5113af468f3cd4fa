#include "access/access.h"

#include <string.h>

/* The store keeps the star in main; a table of the same name elsewhere is somebody else's. */
static const char find_sql[] =
    "select n.nspname, pg_get_userbyid(c.relowner), current_database() from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "where c.relname = $1 and c.relkind in ('r', 'p') and n.nspname = 'main'";

ep_code ep_access_find(const ep_plan *plan, ep_server *server, ep_arena *arena, ep_access_target *ret,
                       ep_error *err) {
    EP_CLEANUP(ep_rows_free) ep_rows *rows = NULL;
    if (plan->n == 0)
        return ep_fail(err, EP_E_CONFIG, "the warehouse has no contracts");
    const char *params[] = {plan->tables[0].name};
    EP_TRY(ep_server_query(server, find_sql, params, 1, &rows, err));
    if (ep_rows_n(rows) == 0)
        return ep_fail(
            err, EP_E_NOT_FOUND,
            "the database has no table %s of this warehouse: load something first, or name the right "
            "database with --connect",
            plan->tables[0].name);
    char *names[3];
    for (size_t i = 0; i < 3; i++) {
        const char *text = ep_rows_get(rows, 0, i);
        if (!(names[i] = ep_arena_strndup(arena, text, strlen(text))))
            return ep_fail(err, EP_E_NOMEM, "out of memory for names");
    }
    *ret = (ep_access_target){.server = server, .star = names[0], .loader = names[1], .database = names[2]};
    return EP_OK;
}

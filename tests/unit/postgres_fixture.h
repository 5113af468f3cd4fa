#ifndef POSTGRES_FIXTURE_H
#define POSTGRES_FIXTURE_H

/* A real server for tests of the store: that of the test run, else one that tests/lib/pg.py starts. */

#include "store/store.h"
#include "store_fixture.h"

static FILE *server_output;
static char server_uri[256]; /* postgres://test@/postgres?host=FOLDER */
static bool server_is_ours;

static int start_server(void **state) {
    const char *given = getenv("ENTREPOT_TEST_POSTGRES"), *root = getenv("EP_ROOT");
    char command[600];
    if (given) {
        snprintf(server_uri, sizeof server_uri, "%s", given);
        return make_folder(state);
    }
    /* It ends when our end of the pipe of its input is closed, however we end. */
    int in[2];
    if (pipe(in) != 0)
        return -1;
    snprintf(command, sizeof command, "exec 0<&%d %d>&-; exec /usr/bin/python3 %s/tests/lib/pg.py", in[0],
             in[1], root ? root : ".");
    server_output = popen(command, "r");
    close(in[0]);
    server_is_ours = server_output && fgets(server_uri, sizeof server_uri, server_output);
    server_uri[strcspn(server_uri, "\n")] = '\0';
    return server_is_ours ? make_folder(state) : -1;
}

/* The server's input ends with this process; waiting for it would be waiting for ourselves. */
static int stop_server(void **state) {
    return remove_folder(state);
}

/* "postgres://user@/name?host=..." from the server's own address. */
static inline const char *in_server(const char *user, const char *name) {
    static char uris[4][300];
    static size_t i;
    i = (i + 1) % 4;
    snprintf(uris[i], sizeof uris[i], "postgres://%s@/%s%s", user, name, strchr(server_uri, '?'));
    return uris[i];
}

/* What the tests' SQL needs besides the standard: functions that the other engine has built in. */
static const char likeness[] =
    "CREATE SCHEMA main;"
    "CREATE FUNCTION main.range(n BIGINT) RETURNS TABLE(range BIGINT) LANGUAGE SQL AS 'SELECT generate_series(0, n - 1)';"
    "CREATE FUNCTION main.hex(b BYTEA) RETURNS TEXT LANGUAGE SQL AS 'SELECT upper(encode(b, ''hex''))';";

/* An empty database: "" is a new one at each call, a name the same one. */
static inline const char *in_database(const char *name) {
    static int number;
    char database[100], sql[300];
    int64_t n = 0;
    snprintf(database, sizeof database, "u%d_%s%d", (int)getpid(), name, *name ? 0 : ++number);
    for (char *c = database; *c; c++)
        if (*c == '.')
            *c = '_';
    ep_store *store = open_with((ep_store_options){.location = server_uri});
    ep_value value = ep_v_cstr(database);
    must(ep_store_get_int(store, "SELECT count(*) FROM pg_database WHERE datname = $1", &value, 1, &n, err));
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", database);
    if (n == 0)
        exec(store, sql);
    ep_store_close(&store);
    if (n == 0) {
        store = open_with((ep_store_options){.location = in_server("test", database)});
        exec(store, likeness);
        ep_store_close(&store);
    }
    return in_server("test", database);
}

static inline int use_server(void **state) {
    locate = in_database;
    return start_server(state);
}

#endif

/* usage: tamper FILE.duckdb SQL
 * Runs statements on a DuckDB file with nothing of the program in between: tests plant breaks that `entrepot verify` must see. */
#include <duckdb.h>
#include <stdio.h>

int main(int argc, char **argv) {
    duckdb_database database;
    duckdb_connection connection;
    duckdb_result result;
    if (argc != 3 || duckdb_open(argv[1], &database) != DuckDBSuccess ||
        duckdb_connect(database, &connection) != DuckDBSuccess) {
        fprintf(stderr, "usage: tamper FILE.duckdb SQL (and the file must open)\n");
        return 2;
    }
    int code = duckdb_query(connection, argv[2], &result) == DuckDBSuccess ? 0 : 1;
    if (code != 0)
        fprintf(stderr, "%s\n", duckdb_result_error(&result));
    printf("%llu\n", code == 0 ? (unsigned long long)duckdb_rows_changed(&result) : 0ULL);
    duckdb_destroy_result(&result);
    duckdb_disconnect(&connection);
    duckdb_close(&database);
    return code;
}

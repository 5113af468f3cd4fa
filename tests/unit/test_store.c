#include "postgres_fixture.h"

#include "store/duckdb_guard.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* The store's promises apart from rows: opening, the lock-down, transactions, errors, stopping. Opening and errors of PostgreSQL are in
 * test_postgres.c. */

/* Other processes are this program with arguments: MODE PATH [UID]. They print one line, "CODE TEXT". */

static int child_open(const char *path, bool read_only) {
    ep_error err = {0};
    ep_store *store = NULL;
    ep_store_options options = {.location = path, .read_only = read_only, .n_threads = 1};
    ep_code code = ep_store_open(&options, &store, &err);
    printf("%s %s\n", ep_code_name(code), err.text);
    fflush(stdout);
    /* Holds the file until the parent closes the pipe. */
    if (code == EP_OK)
        while (getchar() != EOF)
            ;
    ep_store_close(&store);
    return 0;
}

/* A disk of 8 MB that only this process sees. */
static int child_fill(const char *path) {
    char file[256];
    ep_error err = {0};
    ep_store *store = NULL;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", path, "tmpfs", 0, "size=8m") != 0) {
        puts("skip no mounts here");
        return 0;
    }
    snprintf(file, sizeof file, "%s/full.db", path);
    ep_store_options options = {.location = file, .n_threads = 1};
    ep_code code = ep_store_open(&options, &store, &err);
    if (code == EP_OK)
        code = ep_store_exec(
            store, "CREATE TABLE t AS SELECT md5(i::VARCHAR) || md5((-i)::VARCHAR) FROM range(2000000) r(i)",
            &err);
    printf("%s %s\n", ep_code_name(code), err.text);
    ep_store_close(&store);
    return 0;
}

static int child_main(int argc, char **argv) {
    if (argc > 3 && geteuid() == 0 && setuid((uid_t)atoi(argv[3])) != 0)
        return 1;
    if (strcmp(argv[1], "fill") == 0)
        return child_fill(argv[2]);
    return child_open(argv[2], strcmp(argv[1], "read") == 0);
}

struct child {
    pid_t pid;
    int input;
    char line[600];
};

static struct child start_child(const char *mode, const char *path, const char *uid) {
    struct child child = {0};
    int in[2], out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
    child.pid = fork();
    if (child.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execl("/proc/self/exe", "test_store", mode, path, uid, NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    FILE *output = fdopen(out[0], "r");
    assert_non_null(fgets(child.line, sizeof child.line, output));
    fclose(output);
    child.input = in[1];
    return child;
}

static void end_child(struct child *child) {
    int status = 0;
    close(child->input);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    assert_int_equal(status, 0);
}

static void assert_child(const char *mode, const char *path, const char *uid, const char *expected) {
    struct child child = start_child(mode, path, uid);
    end_child(&child);
    if (strncmp(child.line, expected, strlen(expected)) != 0)
        fail_msg("%s %s: '%s', not '%s'", mode, path, child.line, expected);
}

/* Opening */

static void a_store_keeps_what_was_committed(void **state) {
    (void)state;
    ep_store *store = open_store("keep.db");
    assert_int_equal(ep_store_engine(store), EP_ENGINE_DUCKDB);
    assert_int_equal(strncmp(ep_store_version(store), "v1.5.", 5), 0);
    exec(store, "CREATE TABLE t(a BIGINT); INSERT INTO t VALUES (1), (2);");
    ep_store_close(&store);
    assert_null(store);
    ep_store_close(&store);
    ep_store_close(NULL);
    store = open_with((ep_store_options){.location = in_folder("keep.db"), .read_only = true});
    assert_int_equal(get_int(store, "SELECT sum(a) FROM t"), 3);
    must_fail(EP_E_STORE, ep_store_exec(store, "INSERT INTO t VALUES (3)", err));
    ep_store_close(&store);
}

static void what_cannot_be_opened_says_why(void **state) {
    (void)state;
    const struct {
        const char *location;
        bool read_only;
        ep_code code;
        const char *text;
    } rows[] = {
        {in_folder("none.db"), true, EP_E_NOT_FOUND, "none.db"},
        {in_folder("no/folder.db"), false, EP_E_NOT_FOUND, "no folder"},
        {folder, false, EP_E_ARG, "is a folder"},
        {"/dev/null", false, EP_E_ARG, "not an ordinary file"},
        {"", true, EP_E_ARG, "memory"},
    };
    for (size_t i = 0; i < N_OF(rows); i++) {
        ep_store *store = NULL;
        ep_store_options options = {.location = rows[i].location, .read_only = rows[i].read_only};
        must_fail(rows[i].code, ep_store_open(&options, &store, err));
        assert_non_null(strstr(last_error.text, rows[i].text));
        assert_null(store);
    }
}

static void write_file(const char *path, size_t offset, const void *data, size_t n) {
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    assert_int_equal(pwrite(fd, data, n, (off_t)offset), n);
    close(fd);
}

static void a_damaged_file_is_corrupt(void **state) {
    (void)state;
    char junk[20000];
    ep_store *store = NULL;
    memset(junk, 'x', sizeof junk);
    write_file(in_folder("junk.db"), 0, junk, sizeof junk);
    ep_store_options options = {.location = in_folder("junk.db")};
    must_fail(EP_E_CORRUPT, ep_store_open(&options, &store, err));
    /* A failed open leaves nothing behind: the same file can be tried again. */
    must_fail(EP_E_CORRUPT, ep_store_open(&options, &store, err));

    store = open_store("headers.db");
    exec(store, "CREATE TABLE t AS SELECT range a FROM range(100000)");
    ep_store_close(&store);
    write_file(in_folder("headers.db"), 4096 + 20, junk, 100);
    write_file(in_folder("headers.db"), 8192 + 20, junk, 100);
    options.location = in_folder("headers.db");
    must_fail(EP_E_CORRUPT, ep_store_open(&options, &store, err));
}

static void one_file_is_opened_once_in_a_process(void **state) {
    (void)state;
    ep_store *store = open_store("once.db"), *other = NULL;
    ep_store_options options = {.location = in_folder("once.db")};
    must_fail(EP_E_BUSY, ep_store_open(&options, &other, err));
    assert_int_equal(symlink("once.db", in_folder("link.db")), 0);
    options.location = in_folder("link.db");
    must_fail(EP_E_BUSY, ep_store_open(&options, &other, err));
    assert_int_equal(link(in_folder("once.db"), in_folder("hard.db")), 0);
    options.location = in_folder("hard.db");
    options.read_only = true;
    must_fail(EP_E_BUSY, ep_store_open(&options, &other, err));
    ep_store_close(&store);
    other = open_store("once.db");
    ep_store_close(&other);
}

static void another_process_is_kept_out(void **state) {
    (void)state;
    char pid[24];
    struct child child = start_child("write", in_folder("lock.db"), NULL);
    assert_string_equal(child.line, "ok \n");
    ep_store *store = NULL;
    ep_store_options options = {.location = in_folder("lock.db")};
    must_fail(EP_E_BUSY, ep_store_open(&options, &store, err));
    assert_int_equal(last_error.action, EP_RETRY);
    snprintf(pid, sizeof pid, "(PID %d)", (int)child.pid);
    assert_non_null(strstr(last_error.text, pid));
    end_child(&child);

    store = open_store("lock.db");
    assert_child("write", in_folder("lock.db"), NULL, "busy another process");
    assert_child("read", in_folder("lock.db"), NULL, "busy another process");
    ep_store_close(&store);
}

static void permissions_are_named(void **state) {
    (void)state;
    ep_store *store = open_store("mine.db");
    exec(store, "CREATE TABLE t(a BIGINT)");
    ep_store_close(&store);
    assert_int_equal(mkdir(in_folder("closed"), 0555), 0);
    assert_int_equal(chmod(in_folder("mine.db"), 0400), 0);
    const char *nobody = geteuid() == 0 ? "65534" : NULL;
    assert_child("write", in_folder("closed/new.db"), nobody, "permission");
    if (nobody) {
        assert_child("read", in_folder("mine.db"), nobody, "permission");
        chmod(in_folder("mine.db"), 0444);
    }
    assert_child("write", in_folder("mine.db"), nobody, "permission");
    assert_child("read", in_folder("mine.db"), nobody, "ok");
}

static void a_full_disk_is_told_apart(void **state) {
    (void)state;
    assert_int_equal(mkdir(in_folder("small"), 0755), 0);
    struct child child = start_child("fill", in_folder("small"), NULL);
    end_child(&child);
    if (strncmp(child.line, "skip", 4) == 0)
        skip();
    assert_int_equal(strncmp(child.line, "full ", 5), 0);
}

static void a_shared_store_is_one_more_connection(void **state) {
    (void)state;
    ep_store *store = open_store("shared.db"), *reader = NULL;
    exec(store, "CREATE TABLE t(a BIGINT)");
    must(ep_store_share(store, &reader, err));
    must(ep_store_begin(store, err));
    exec(store, "INSERT INTO t VALUES (1)");
    assert_int_equal(get_int(reader, "SELECT count(*) FROM t"), 0);
    must(ep_store_commit(store, err));
    assert_int_equal(get_int(reader, "SELECT count(*) FROM t"), 1);
    assert_text(reader, "SELECT current_setting('TimeZone')", "UTC");
    ep_store_close(&store);
    assert_int_equal(get_int(reader, "SELECT count(*) FROM t"), 1);
    ep_store_close(&reader);
}

static void a_file_is_open_as_long_as_one_is_left(void **state) {
    (void)state;
    ep_store *store = open_store("left.db"), *reader = NULL;
    must(ep_store_share(store, &reader, err));
    ep_store_close(&store);
    ep_store_options options = {.location = in_folder("left.db")};
    must_fail(EP_E_BUSY, ep_store_open(&options, &store, err));
    ep_store_close(&reader);
    store = open_store("left.db");
    ep_store_close(&store);
}

static void both_engines_sort_nulls_alike(void **state) {
    (void)state;
    ep_store *store = open_store("");
    exec(store, "CREATE TABLE t AS SELECT unnest([2, NULL, 1]) a");
    assert_text(store, "SELECT list(a) FROM (SELECT a FROM t ORDER BY a)", "[1, 2, NULL]");
    assert_text(store, "SELECT list(a) FROM (SELECT a FROM t ORDER BY a DESC)", "[NULL, 2, 1]");
    ep_store_close(&store);
}

/* The lock-down */

/* The older format takes a tenth more room and a fifth more time. */
static void new_files_have_the_newest_format(void **state) {
    (void)state;
    ep_store *store = open_with((ep_store_options){.location = in_folder("format.db")});
    assert_int_equal(get_int(store, "SELECT count(*) FROM duckdb_databases() "
                                    "WHERE NOT internal AND tags['storage_version'] LIKE 'v1.5%'"),
                     1);
    ep_store_close(&store);
}

/* A question has its answer in the same order each time. What writes may give that up for a while (ep_stream_source.side_by_side), and
 * change nothing else; what reads changes nothing. */
static void order_is_kept_and_settings_are_locked(void **state) {
    (void)state;
    for (int read_only = 0; read_only < 2; read_only++) {
        ep_store *store =
            open_with((ep_store_options){.location = in_folder("order.db"), .read_only = read_only});
        assert_int_equal(get_int(store, "SELECT current_setting('preserve_insertion_order')::INT"), 1);
        if (read_only)
            must_fail(EP_E_STORE, ep_store_exec(store, "SET preserve_insertion_order = false", err));
        else
            exec(store, "SET preserve_insertion_order = false");
        must_fail(EP_E_STORE, ep_store_exec(store, "SET memory_limit = '1GB'", err));
        must_fail(EP_E_STORE, ep_store_exec(store, "SET allowed_configs = ['memory_limit']", err));
        ep_store_close(&store);
    }
}

static void nothing_reaches_out_of_the_folder(void **state) {
    (void)state;
    static const char *const statements[] = {
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '/tmp/entrepot-out.csv'",
        "COPY t FROM '/etc/passwd'",
        "ATTACH '/tmp/entrepot-other.db'",
        "ATTACH '/tmp/entrepot-other.db' AS o (READ_ONLY)",
        "EXPORT DATABASE '/tmp/entrepot-export'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "LOAD '/tmp/x.duckdb_extension'",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x')",
        "SET memory_limit = '10GB'",
        "SET threads = 64",
        "SET temp_directory = '/tmp'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        "RESET lock_configuration",
        "PRAGMA memory_limit = '10GB'",
        "SET GLOBAL TimeZone = 'Europe/Paris'",
    };
    assert_int_equal(mkdir(in_folder("wh"), 0755), 0);
    for (int inside = 0; inside < 2; inside++) {
        ep_store *store = open_with((ep_store_options){
            .location = in_folder("wh/lock.db"),
            .allowed_folder = inside ? in_folder("wh") : NULL,
            .temp_folder = in_folder("wh/tmp"),
        });
        exec(store, "CREATE OR REPLACE TABLE t(a VARCHAR)");
        for (size_t i = 0; i < N_OF(statements); i++) {
            ep_error err = {0};
            if (ep_store_exec(store, statements[i], &err) == EP_OK)
                fail_msg("allowed: %s", statements[i]);
        }
        assert_int_equal(access("/tmp/entrepot-out.csv", F_OK), -1);
        assert_int_equal(access("/tmp/entrepot-other.db", F_OK), -1);
        /* And the store still works. */
        exec(store, "INSERT INTO t VALUES ('x')");
        must(ep_store_checkpoint(store, err));
        ep_store_close(&store);
    }
}

static void the_folder_itself_is_open(void **state) {
    (void)state;
    ep_buf sql = {0};
    ep_store *store = open_with((ep_store_options){.location = in_folder("in.db"), .allowed_folder = folder});
    ep_buf_printf(&sql, "COPY (SELECT 7 a) TO '%s'", in_folder("in.csv"));
    exec(store, sql.data);
    ep_buf_reset(&sql);
    ep_buf_printf(&sql, "SELECT a FROM read_csv('%s')", in_folder("in.csv"));
    assert_int_equal(get_int(store, sql.data), 7);
    ep_buf_reset(&sql);
    ep_buf_printf(&sql, "SELECT * FROM read_text('%s/../../etc/passwd')", folder);
    must_fail(EP_E_PERMISSION, ep_store_exec(store, sql.data, err));
    ep_buf_done(&sql);
    ep_store_close(&store);
}

static void work_beyond_the_memory_spills_or_says_so(void **state) {
    (void)state;
    const char *sql =
        "CREATE OR REPLACE TABLE s AS SELECT md5(i::VARCHAR) k, i FROM range(1500000) r(i) ORDER BY k";
    for (int spill = 0; spill < 2; spill++) {
        ep_store *store = open_with((ep_store_options){
            .location = in_folder("spill.db"),
            .allowed_folder = folder,
            .temp_folder = spill ? in_folder("spill.tmp") : NULL,
            .memory_limit_bytes = INT64_C(60) << 20,
            .n_threads = 1,
        });
        if (spill)
            exec(store, sql);
        else
            must_fail(EP_E_NOMEM, ep_store_exec(store, sql, err));
        ep_store_close(&store);
    }
    /* What to do, in terms of a warehouse: the engine's own settings are locked. */
    assert_non_null(strstr(last_error.text,
                           "; raise memory_limit_mb in entrepot.yaml (of a query: query_memory_limit_mb)"));
    assert_null(strstr(last_error.text, "Possible solutions"));
}

/* Transactions */

static void a_transaction_is_all_or_nothing(void **state) {
    (void)state;
    ep_store *store = open_store("");
    exec(store, "CREATE TABLE t(a BIGINT)");
    must(ep_store_begin(store, err));
    exec(store, "INSERT INTO t VALUES (1)");
    must_fail(EP_E_BUG, ep_store_begin(store, err));
    must_fail(EP_E_BUG, ep_store_checkpoint(store, err));
    ep_store_rollback(store);
    ep_store_rollback(store);
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 0);
    must(ep_store_begin(store, err));
    exec(store, "INSERT INTO t VALUES (1)");
    must(ep_store_commit(store, err));
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 1);
    must_fail(EP_E_BUG, ep_store_commit(store, err));
    must(ep_store_checkpoint(store, err));
    ep_store_close(&store);
}

static void closing_ends_an_open_transaction(void **state) {
    (void)state;
    ep_store *store = open_store("open.db");
    exec(store, "CREATE TABLE t(a BIGINT)");
    must(ep_store_begin(store, err));
    exec(store, "INSERT INTO t VALUES (1)");
    ep_store_close(&store);
    store = open_store("open.db");
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 0);
    ep_store_close(&store);
}

/* The engine itself reports success here. */
static void a_commit_after_a_failure_is_an_error(void **state) {
    (void)state;
    static const char *const failures[] = {
        "INSERT INTO t VALUES (1)", /* the engine gives the transaction up */
        "SELECT * FROM none",       /* it would go on */
        "INSERT INTO t SELECT 'x'::BIGINT",
        "SELEC",
        "COMMIT",
    };
    ep_store *store = open_store("");
    exec(store, "CREATE TABLE t(a BIGINT PRIMARY KEY); INSERT INTO t VALUES (1)");
    for (size_t i = 0; i < N_OF(failures); i++) {
        must(ep_store_begin(store, err));
        exec(store, "INSERT INTO t VALUES (2)");
        ep_code code = ep_store_exec(store, failures[i], NULL);
        assert_int_not_equal(code, EP_OK);
        must_fail(code, ep_store_commit(store, err));
        assert_non_null(strstr(last_error.text, "nothing was committed"));
        assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 1);
    }
    /* A failure outside does not spoil the next transaction. */
    must_fail(EP_E_STORE, ep_store_exec(store, "SELEC", err));
    must(ep_store_begin(store, err));
    exec(store, "INSERT INTO t VALUES (2)");
    must(ep_store_commit(store, err));
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 2);
    ep_store_close(&store);
}

static void transactions_are_not_opened_by_sql(void **state) {
    (void)state;
    static const char *const statements[] = {"BEGIN", "BEGIN TRANSACTION", "COMMIT", "ROLLBACK",
                                             "SELECT 1; BEGIN; SELECT 2"};
    ep_store *store = open_store("");
    for (size_t i = 0; i < N_OF(statements); i++)
        must_fail(EP_E_BUG, ep_store_exec(store, statements[i], err));
    must_fail(EP_E_BUG, ep_store_run(store, "BEGIN", NULL, 0, NULL, err));
    ep_store_close(&store);
}

static void two_writers_of_one_row_conflict(void **state) {
    (void)state;
    ep_store *store = open_store(""), *other = NULL;
    exec(
        store,
        "CREATE TABLE t(a BIGINT, b BIGINT); INSERT INTO t VALUES (1, 1); CREATE TABLE k(a BIGINT PRIMARY KEY)");
    must(ep_store_share(store, &other, err));
    must(ep_store_begin(store, err));
    must(ep_store_begin(other, err));
    exec(store, "UPDATE t SET b = 2");
    must_fail(EP_E_BUSY, ep_store_exec(other, "UPDATE t SET b = 3", err));
    assert_int_equal(last_error.action, EP_RETRY);
    must_fail(EP_E_BUSY, ep_store_commit(other, err));
    must(ep_store_commit(store, err));
    /* Both insert one key: the second commit sees it, and shows no key. */
    must(ep_store_begin(store, err));
    must(ep_store_begin(other, err));
    exec(store, "INSERT INTO k VALUES (4711)");
    exec(other, "INSERT INTO k VALUES (4711)");
    must(ep_store_commit(store, err));
    must_fail(EP_E_BUSY, ep_store_commit(other, err));
    assert_null(strstr(last_error.text, "4711"));
    ep_store_close(&other);
    ep_store_close(&store);
}

/* Statements and their errors */

static void several_statements_run_in_order(void **state) {
    (void)state;
    ep_store *store = open_store("");
    exec(store, "");
    exec(store, " -- nothing\n");
    exec(store, "CREATE TABLE t(a VARCHAR); -- one; two\n/* ; */ INSERT INTO t VALUES (';'), ('x''y;');; ");
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 2);
    must_fail(EP_E_STORE,
              ep_store_exec(store,
                            "INSERT INTO t VALUES ('; '); INSERT INTO t -- ;\n VALUES ('b'); DROP TABLE none",
                            err));
    assert_non_null(strstr(last_error.text, "statement 3 of 3: DROP TABLE none: "));
    assert_non_null(strstr(last_error.text, "none"));
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 4);
    ep_store_close(&store);
}

static void rows_changed_are_counted(void **state) {
    (void)state;
    int64_t n = -1;
    ep_value two[] = {ep_v_int(1), ep_v_cstr("x")};
    ep_store *store = open_store("");
    must(ep_store_run(store, "CREATE TABLE t(a BIGINT, b VARCHAR)", NULL, 0, &n, err));
    assert_int_equal(n, 0);
    must(ep_store_run(store, "INSERT INTO t VALUES ($1, $2), ($1 + 1, NULL)", two, 2, &n, err));
    assert_int_equal(n, 2);
    must(ep_store_run(store, "UPDATE t SET b = $2 WHERE a >= $1", two, 2, &n, err));
    assert_int_equal(n, 2);
    must(ep_store_run(store, "DELETE FROM t WHERE a = $1", two, 1, &n, err));
    assert_int_equal(n, 1);
    must(ep_store_run(store, "DELETE FROM t WHERE a = 99", NULL, 0, NULL, err));
    if (locate == in_file) /* PostgreSQL takes values that no one asked for */
        must_fail(EP_E_ARG, ep_store_run(store, "DELETE FROM t WHERE a = $1", two, 2, &n, err));
    must_fail(EP_E_ARG, ep_store_run(store, "DELETE FROM t WHERE a = $1", NULL, 0, &n, err));
    ep_store_close(&store);
}

static void errors_show_no_values(void **state) {
    (void)state;
    static const struct telling rows[] = {
        {"SELECT v::BIGINT FROM t", EP_E_RECORD, "INT64"},
        {"SELECT v::DATE FROM t", EP_E_RECORD, "date"},
        {"SELECT v::TIMESTAMP FROM t", EP_E_RECORD, "timestamp"},
        {"SELECT v::DECIMAL(18,4) FROM t", EP_E_RECORD, "DECIMAL(18,4)"},
        {"SELECT v::BOOLEAN FROM t", EP_E_RECORD, "BOOL"},
        {"SELECT v::UUID FROM t", EP_E_RECORD, "UUID"},
        {"SELECT v::kind FROM t", EP_E_RECORD, ""},
        {"SELECT n::TINYINT FROM t", EP_E_RECORD, "INT8"},
        {"SELECT n::DECIMAL(4,2) FROM t", EP_E_RECORD, "DECIMAL(4,2)"},
        {"SELECT (n * n * n * n * n)::BIGINT FROM t", EP_E_RECORD, "INT64"},
        {"INSERT INTO t SELECT * FROM t", EP_E_RECORD, "primary key"},
        {"INSERT INTO t VALUES (NULL, 'top secret', 1)", EP_E_RECORD, "NOT NULL"},
        {"INSERT INTO child VALUES ('top secret')", EP_E_RECORD, "foreign key"},
        {"INSERT INTO checked SELECT v FROM t", EP_E_RECORD, "CHECK"},
        {"SELECT * FROM t WHERE v = 'top secret' AND missing = 5", EP_E_STORE, "\"missing\""},
        {"SELECT * FROM missing", EP_E_STORE, "missing"},
    };
    assert_no_values("CREATE TYPE kind AS ENUM ('a')", rows, N_OF(rows));
}

static void errors_may_be_ignored(void **state) {
    (void)state;
    ep_store *store = open_store("");
    assert_int_equal(ep_store_exec(store, "SELEC", NULL), EP_E_STORE);
    assert_int_equal(ep_store_run(store, "SELEC", NULL, 0, NULL, NULL), EP_E_STORE);
    assert_int_equal(ep_store_begin(store, NULL), EP_OK);
    assert_int_equal(ep_store_exec(store, "SELEC", NULL), EP_E_STORE);
    assert_int_equal(ep_store_commit(store, NULL), EP_E_STORE);
    ep_store_close(&store);
}

/* Stopping */

static void *interrupt_soon(void *store) {
    usleep(200000);
    ep_store_interrupt(store);
    return NULL;
}

static void a_statement_can_be_interrupted(void **state) {
    (void)state;
    pthread_t thread;
    ep_store *store = open_store("");
    ep_store_interrupt(store);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, store), 0);
    must_fail(
        EP_E_CANCELLED,
        ep_store_exec(store, "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", err));
    pthread_join(thread, NULL);
    assert_int_equal(get_int(store, "SELECT 1"), 1);
    ep_store_close(&store);
}

/* C++ exceptions, as they come through a C function that called the library */

void throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv");
void throw_out_of_range(const char *what) __asm__("_ZSt20__throw_out_of_rangePKc");

static void call_and_throw(void *argument) {
    bool *memory = argument;
    if (*memory)
        throw_bad_alloc();
    else
        throw_out_of_range("secret");
}

static void do_nothing(void *argument) {
    *(bool *)argument = true;
}

static void exceptions_become_errors(void **state) {
    (void)state;
    bool memory = false;
    must_fail(EP_E_BUG, ep_duckdb_guard(call_and_throw, &memory, err));
    assert_null(strstr(last_error.text, "secret"));
    must(ep_duckdb_guard(do_nothing, &memory, err));
    must_fail(EP_E_NOMEM, ep_duckdb_guard(call_and_throw, &memory, err));
}

int main(int argc, char **argv) {
    if (argc > 1)
        return child_main(argc, argv);
    /* What every engine promises. */
    const struct CMUnitTest shared[] = {
        cmocka_unit_test(a_transaction_is_all_or_nothing),
        cmocka_unit_test(closing_ends_an_open_transaction),
        cmocka_unit_test(a_shared_store_is_one_more_connection),
        cmocka_unit_test(a_commit_after_a_failure_is_an_error),
        cmocka_unit_test(transactions_are_not_opened_by_sql),
        cmocka_unit_test(several_statements_run_in_order),
        cmocka_unit_test(rows_changed_are_counted),
        cmocka_unit_test(errors_may_be_ignored),
        cmocka_unit_test(a_statement_can_be_interrupted),
    };
    const struct CMUnitTest duckdb[] = {
        cmocka_unit_test(a_store_keeps_what_was_committed),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(a_damaged_file_is_corrupt),
        cmocka_unit_test(one_file_is_opened_once_in_a_process),
        cmocka_unit_test(another_process_is_kept_out),
        cmocka_unit_test(permissions_are_named),
        cmocka_unit_test(a_full_disk_is_told_apart),
        cmocka_unit_test(a_file_is_open_as_long_as_one_is_left),
        cmocka_unit_test(both_engines_sort_nulls_alike),
        cmocka_unit_test(new_files_have_the_newest_format),
        cmocka_unit_test(order_is_kept_and_settings_are_locked),
        cmocka_unit_test(nothing_reaches_out_of_the_folder),
        cmocka_unit_test(the_folder_itself_is_open),
        cmocka_unit_test(work_beyond_the_memory_spills_or_says_so),
        cmocka_unit_test(two_writers_of_one_row_conflict),
        cmocka_unit_test(errors_show_no_values),
        cmocka_unit_test(exceptions_become_errors),
    };
    int failed = cmocka_run_group_tests_name("duckdb", shared, make_folder, remove_folder);
    failed += cmocka_run_group_tests_name("duckdb's own", duckdb, make_folder, remove_folder);
    failed += cmocka_run_group_tests_name("postgres", shared, use_server, stop_server);
    return failed;
}

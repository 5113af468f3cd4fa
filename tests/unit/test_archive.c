#include "warehouse/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>

#include "store_fixture.h"

enum { N_RECORDS = 7, PATH_BYTES = 64 };

/* Records of all kinds: empty, with NUL, long and repetitive, of another encoding. */
typedef struct records {
    ep_unit unit;
    ep_unit_record items[N_RECORDS];
    ep_group groups[2];
    char large[5000];
} records;

static void records_init(records *r) {
    *r = (records){0};
    memset(r->large, 'x', sizeof r->large);
    const ep_str raws[N_RECORDS] = {EP_STR("{\"a\": 1}"),        EP_STR(""),          EP_STR("a\0b\n"),
                                    {r->large, sizeof r->large}, EP_STR("\xE9t\xE9"), EP_STR("refused"),
                                    EP_STR("half refused")};
    for (size_t i = 0; i < N_RECORDS; i++) {
        ep_raw *raw = &r->items[i].raw;
        *raw = (ep_raw){.raw = raws[i], .occurrence = (uint32_t)i + 1, .encoding = EP_ENC_UTF8};
        raw->at = (ep_coordinates){UINT64_C(1) << 40 | i, 1000 + i, UINT64_MAX - i, (uint32_t)raws[i].len};
    }
    r->items[4].raw.encoding = EP_ENC_WINDOWS1252;
    r->groups[0].rejected = true;
    r->items[5].n_groups = 1;
    r->items[6].n_groups = 2;
    r->unit.records = r->items;
    r->unit.n_records = N_RECORDS;
    r->unit.groups = r->groups;
    r->unit.n_groups = 2;
}

/* The records as they must come back: without the one that was refused whole. */
typedef struct reader {
    const records *expected;
    size_t n, at;
} reader;

static ep_code compare(void *context, ep_str raw, const ep_coordinates *at, uint32_t occurrence,
                       ep_encoding encoding, ep_error *err) {
    (void)err;
    reader *r = context;
    r->at += r->at % N_RECORDS == 5;
    const ep_raw *want = &r->expected->items[r->at++ % N_RECORDS].raw;
    assert_int_equal(raw.len, want->raw.len);
    assert_memory_equal(raw.ptr, want->raw.ptr, raw.len);
    assert_int_equal(at->record, want->at.record);
    assert_int_equal(at->line, want->at.line);
    assert_int_equal(at->offset, want->at.offset);
    assert_int_equal(at->size_bytes, want->at.size_bytes);
    assert_int_equal(occurrence, want->occurrence);
    assert_int_equal(encoding, want->encoding);
    r->n++;
    return EP_OK;
}

static ep_code refuse_all(void *context, ep_str raw, const ep_coordinates *at, uint32_t occurrence,
                          ep_encoding encoding, ep_error *err) {
    (void)context, (void)raw, (void)at, (void)occurrence, (void)encoding;
    return ep_fail(err, EP_E_CANCELLED, "enough");
}

static ep_warehouse warehouse;

static int open_warehouse(void **state) {
    if (make_folder(state) != 0)
        return -1;
    strcpy(warehouse.folder, folder);
    warehouse.store = open_store("");
    exec(warehouse.store,
         "create schema books; create table books.archive (load_id bigint, feed varchar, source varchar, "
         "day date, path varchar, n_records bigint, size_bytes bigint, columns varchar)");
    return 0;
}

static int close_warehouse(void **state) {
    ep_store_close(&warehouse.store);
    return remove_folder(state);
}

/* Two frames of the same records, sealed; the file's path in the warehouse. */
static void seal(char path[PATH_BYTES]) {
    records r;
    ep_archive_writer writer;
    ep_buf text = {0};
    records_init(&r);
    ep_archive_init(&writer, 42);
    for (size_t i = 0; i < 2; i++) {
        ep_buf frame = {0};
        must(ep_archive_pack(&r.unit, &frame, err));
        must(ep_archive_append(&warehouse, &writer, &frame, N_RECORDS - 1, err));
        ep_buf_done(&frame);
    }
    exec(warehouse.store, "delete from books.archive");
    must(ep_archive_seal(&warehouse, &writer, "f", "in/a.jsonl", "[]", 42, INT64_C(1764000000000000), err));
    ep_archive_done(&writer);
    must(ep_store_get_text(warehouse.store, "select path from books.archive", NULL, 0, &text, err));
    snprintf(path, PATH_BYTES, "%s", text.data);
    ep_buf_done(&text);
}

static void what_was_packed_comes_back(void **state) {
    (void)state;
    records r;
    char path[PATH_BYTES];
    records_init(&r);
    seal(path);
    assert_int_equal(strncmp(path, "data/archive/f/2025-11-24/000000000000002a-", 43), 0);
    assert_int_equal(get_int(warehouse.store, "select n_records from books.archive"), 2 * (N_RECORDS - 1));
    reader all = {.expected = &r};
    must(ep_archive_read(&warehouse, path, compare, &all, err));
    assert_int_equal(all.n, 2 * (N_RECORDS - 1));
    must_fail(EP_E_CANCELLED, ep_archive_read(&warehouse, path, refuse_all, NULL, err));
}

static void the_same_content_has_the_same_name(void **state) {
    (void)state;
    char first[PATH_BYTES], second[PATH_BYTES];
    seal(first);
    seal(second);
    assert_string_equal(first, second);
}

static void write_damaged(const char path[PATH_BYTES], const char *data, size_t len) {
    must(ep_write_file(in_folder(path), data, len, 0600, err));
}

static void damage_at_every_byte_is_found_before_a_record_is_read(void **state) {
    (void)state;
    records r;
    char path[PATH_BYTES];
    ep_buf file = {0};
    reader all = {.expected = &r};
    records_init(&r);
    seal(path);
    must(ep_read_file(in_folder(path), SIZE_MAX / 2, &file, err));
    for (size_t i = 0; i < file.len; i++)
        for (int bits = 1; bits <= 0xFF; bits += 0xFE) {
            file.data[i] ^= (char)bits;
            write_damaged(path, file.data, file.len);
            must_fail(EP_E_CORRUPT, ep_archive_read(&warehouse, path, compare, &all, err));
            file.data[i] ^= (char)bits;
        }
    for (size_t len = 0; len < file.len; len++) {
        write_damaged(path, file.data, len);
        must_fail(EP_E_CORRUPT, ep_archive_read(&warehouse, path, compare, &all, err));
        assert_non_null(strstr(last_error.text, "is damaged"));
    }
    assert_int_equal(all.n, 0);
    ep_buf twice = {0};
    ep_buf_add(&twice, file.data, file.len);
    ep_buf_add(&twice, file.data, file.len / 2); /* one frame more */
    write_damaged(path, twice.data, twice.len);
    must_fail(EP_E_CORRUPT, ep_archive_read(&warehouse, path, compare, &all, err));
    ep_buf_done(&twice);
    ep_buf_done(&file);
}

static void a_missing_file_is_not_found(void **state) {
    (void)state;
    must_fail(EP_E_NOT_FOUND, ep_archive_read(&warehouse, "data/archive/x.zst", refuse_all, NULL, err));
}

static void nothing_kept_is_no_file(void **state) {
    (void)state;
    records r;
    ep_buf frame = {0};
    ep_archive_writer writer;
    records_init(&r);
    r.unit.records = &r.items[5]; /* refused */
    r.unit.n_records = 1;
    must(ep_archive_pack(&r.unit, &frame, err));
    assert_int_equal(frame.len, 0);
    ep_archive_init(&writer, 43);
    exec(warehouse.store, "delete from books.archive");
    must(ep_archive_append(&warehouse, &writer, &frame, 0, err));
    must(ep_archive_seal(&warehouse, &writer, "orders", "s", "[]", 43, 0, err));
    assert_int_equal(get_int(warehouse.store, "select count(*) from books.archive"), 0);
    ep_archive_done(&writer);
    ep_buf_done(&frame);
}

static void what_is_not_sealed_leaves_no_file(void **state) {
    (void)state;
    records r;
    ep_buf frame = {0};
    ep_archive_writer writer;
    records_init(&r);
    must(ep_archive_pack(&r.unit, &frame, err));
    ep_archive_init(&writer, 44);
    must(ep_archive_append(&warehouse, &writer, &frame, 1, err));
    assert_int_equal(access(writer.temp, F_OK), 0);
    char temp[EP_PATH_BYTES];
    strcpy(temp, writer.temp);
    ep_archive_done(&writer);
    assert_int_not_equal(access(temp, F_OK), 0);
    ep_archive_done(&writer);
    ep_buf_done(&frame);
}

static void packing_without_memory_is_an_ordinary_error(void **state) {
    (void)state;
    records r;
    records_init(&r);
    ep_code code = EP_E_NOMEM;
    for (int64_t n = 1; code == EP_E_NOMEM; n++) {
        ep_buf frame = {0};
        ep_error err = {0};
        assert_true(n < 1000);
        ep_mem_fail_after(n);
        code = ep_archive_pack(&r.unit, &frame, &err);
        ep_mem_fail_after(0);
        assert_int_equal(err.code, code);
        ep_buf_done(&frame);
    }
    assert_int_equal(code, EP_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_comes_back),
        cmocka_unit_test(the_same_content_has_the_same_name),
        cmocka_unit_test(damage_at_every_byte_is_found_before_a_record_is_read),
        cmocka_unit_test(a_missing_file_is_not_found),
        cmocka_unit_test(nothing_kept_is_no_file),
        cmocka_unit_test(what_is_not_sealed_leaves_no_file),
        cmocka_unit_test(packing_without_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, open_warehouse, close_warehouse);
}

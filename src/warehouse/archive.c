#include "warehouse/archive.h"
#include "base/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

/* Fast enough to keep up with parsing: level 1. */
enum { LEVEL = 1, HEADER_BYTES = 40, SIZES_BYTES = 16 };

static void put_le(char *out, uint64_t value, size_t n_bytes) {
    for (size_t i = 0; i < n_bytes; i++)
        out[i] = (char)(value >> (8 * i));
}

static uint64_t get_le(const char *in, size_t n_bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < n_bytes; i++)
        value |= (uint64_t)(uint8_t)in[i] << (8 * i);
    return value;
}

/* Ignored records too: another mapping may want them. */
static bool kept(const ep_unit *unit, const ep_unit_record *record) {
    if (record->n_groups == 0)
        return true;
    for (uint32_t g = 0; g < record->n_groups; g++)
        if (!unit->groups[record->first_group + g].rejected)
            return true;
    return false;
}

ep_code ep_archive_pack(const ep_unit *unit, ep_buf *ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf plain = {0};
    for (size_t r = 0; r < unit->n_records; r++) {
        const ep_raw *raw = &unit->records[r].raw;
        if (!kept(unit, &unit->records[r]))
            continue;
        char header[HEADER_BYTES] = {0};
        put_le(header, raw->at.record, 8);
        put_le(header + 8, raw->at.line, 8);
        put_le(header + 16, raw->at.offset, 8);
        put_le(header + 24, raw->raw.len, 4);
        put_le(header + 28, raw->occurrence, 4);
        header[32] = (char)raw->encoding;
        ep_buf_add(&plain, header, sizeof header);
        ep_buf_put_str(&plain, raw->raw);
    }
    EP_TRY(ep_buf_check(&plain, err));
    if (plain.len == 0)
        return EP_OK;
    size_t room = ZSTD_compressBound(plain.len);
    EP_CLEANUP(ep_buf_done) ep_buf packed = {0};
    packed.data = ep_malloc(room);
    if (!packed.data)
        return ep_fail(err, EP_E_NOMEM, "out of memory for the archive");
    size_t n = ZSTD_compress(packed.data, room, plain.data, plain.len, LEVEL);
    if (ZSTD_isError(n))
        return ep_fail(err, EP_E_BUG, "zstd: %s", ZSTD_getErrorName(n));
    char size[SIZES_BYTES];
    put_le(size, n, 8);
    put_le(size + 8, plain.len, 8);
    ep_buf_add(ret, size, sizeof size);
    ep_buf_add(ret, packed.data, n);
    return ep_buf_check(ret, err);
}

void ep_archive_init(ep_archive_writer *writer, int64_t load_id) {
    *writer = (ep_archive_writer){.fd = -1, .load_id = load_id};
}

static uint64_t add_digest(uint64_t digest, const char *frame, size_t len) {
    return digest * UINT64_C(0x9E3779B97F4A7C15) + ep_xxh3(frame, len);
}

/* What a file is called after its content: "-DIGEST.zst". */
static void put_ending(uint64_t digest, char out[24]) {
    snprintf(out, 24, "-%016" PRIx64 ".zst", digest);
}

static ep_code make_folders(const char *path, ep_error *err) {
    char part[EP_PATH_BYTES];
    EP_TRY(ep_path(part, err, "%s", path));
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0750) != 0 && errno != EEXIST)
            return ep_fail_errno(err, errno, "cannot make the folder", part);
        *slash = '/';
    }
    return EP_OK;
}

static ep_code write_all(int fd, const char *path, const char *data, size_t len, ep_error *err) {
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ep_fail_errno(err, errno, "cannot write", path);
        data += n;
        len -= (size_t)n;
    }
    return EP_OK;
}

ep_code ep_archive_append(ep_warehouse *w, ep_archive_writer *writer, const ep_buf *frame, int64_t n_records,
                          ep_error *err) {
    if (frame->len == 0)
        return EP_OK;
    if (writer->fd < 0) {
        EP_TRY(ep_path(writer->temp, err, "%s/data/archive/growing-%d-%016" PRIx64 ".tmp", w->folder,
                       (int)getpid(), (uint64_t)writer->load_id));
        EP_TRY(make_folders(writer->temp, err));
        writer->fd = open(writer->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
        if (writer->fd < 0)
            return ep_fail_errno(err, errno, "cannot make", writer->temp);
    }
    EP_TRY(write_all(writer->fd, writer->temp, frame->data, frame->len, err));
    writer->n_records += n_records;
    writer->size_bytes += (int64_t)frame->len;
    writer->digest = add_digest(writer->digest, frame->data, frame->len);
    return EP_OK;
}

static ep_code sync_folder(const char *path, ep_error *err) {
    char folder[EP_PATH_BYTES];
    EP_TRY(ep_path(folder, err, "%s", path));
    *strrchr(folder, '/') = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ep_fail_errno(err, errno, "cannot open", folder);
    int result = fsync(fd);
    int saved = errno;
    close(fd);
    return result == 0 ? EP_OK : ep_fail_errno(err, saved, "cannot sync", folder);
}

ep_code ep_archive_seal(ep_warehouse *w, ep_archive_writer *writer, const char *feed, const char *source,
                        const char *columns, int64_t load_id, int64_t received_at, ep_error *err) {
    if (writer->fd < 0)
        return EP_OK;
    char day[11], ending[24], relative[EP_PATH_BYTES], path[EP_PATH_BYTES];
    ep_time_format_date(ep_paris_day(received_at), day);
    put_ending(writer->digest, ending);
    snprintf(relative, sizeof relative, "data/archive/%s/%s/%016" PRIx64 "%s", feed, day, (uint64_t)load_id,
             ending);
    EP_TRY(ep_path(path, err, "%s/%s", w->folder, relative));
    EP_TRY(make_folders(path, err));
    if (fsync(writer->fd) != 0)
        return ep_fail_errno(err, errno, "cannot sync", writer->temp);
    close(writer->fd);
    writer->fd = -1;
    if (rename(writer->temp, path) != 0)
        return ep_fail_errno(err, errno, "cannot rename to", path);
    EP_TRY(sync_folder(path, err));
    const ep_value params[] = {
        ep_v_int(load_id),
        ep_v_cstr(feed),
        ep_v_cstr(source),
        ep_v_date(ep_paris_day(received_at)),
        ep_v_cstr(relative),
        ep_v_int(writer->n_records),
        ep_v_int(writer->size_bytes),
        ep_v_cstr(columns),
    };
    ep_archive_init(writer, writer->load_id);
    return ep_store_run(
        w->store,
        "insert into books.archive (load_id, feed, source, day, path, n_records, size_bytes, columns) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params, sizeof params / sizeof *params, NULL, err);
}

void ep_archive_sweep(const ep_warehouse *w) {
    char folder[EP_PATH_BYTES], path[EP_PATH_BYTES + 256];
    snprintf(folder, sizeof folder, "%s/data/archive", w->folder);
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        int pid = 0;
        if (sscanf(entry->d_name, "growing-%d-", &pid) != 1 || pid <= 0 || kill(pid, 0) == 0 ||
            errno == EPERM)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(dir);
}

void ep_archive_done(ep_archive_writer *writer) {
    if (writer->fd >= 0) {
        close(writer->fd);
        unlink(writer->temp);
    }
    ep_archive_init(writer, writer->load_id);
}

static ep_code read_frame(const char *path, ep_str plain, ep_archive_record record, void *context,
                          ep_error *err) {
    while (plain.len > 0) {
        ep_coordinates at = {0};
        if (plain.len < HEADER_BYTES || plain.len - HEADER_BYTES < get_le(plain.ptr + 24, 4))
            return ep_fail(err, EP_E_CORRUPT, "%s is damaged: a record is cut", path);
        at.record = get_le(plain.ptr, 8);
        at.line = get_le(plain.ptr + 8, 8);
        at.offset = get_le(plain.ptr + 16, 8);
        at.size_bytes = (uint32_t)get_le(plain.ptr + 24, 4);
        uint32_t occurrence = (uint32_t)get_le(plain.ptr + 28, 4);
        ep_encoding encoding = (ep_encoding)plain.ptr[32];
        EP_TRY(record(context, (ep_str){plain.ptr + HEADER_BYTES, at.size_bytes}, &at, occurrence, encoding,
                      err));
        plain.ptr += HEADER_BYTES + at.size_bytes;
        plain.len -= HEADER_BYTES + at.size_bytes;
    }
    return EP_OK;
}

/* Length of the frame at `at` with its sizes; 0 when the file ends inside it. */
static size_t frame_len(const ep_buf *file, size_t at) {
    size_t left = file->len - at;
    uint64_t packed = left < SIZES_BYTES ? UINT64_MAX : get_le(file->data + at, 8);
    return left < SIZES_BYTES || packed > left - SIZES_BYTES ? 0 : SIZES_BYTES + packed;
}

/* The content must be what the file is called after: a frame that is changed, cut off or lost shows. */
static ep_code check_content(const ep_buf *file, const char *path, ep_error *err) {
    uint64_t digest = 0;
    char ending[24];
    for (size_t at = 0, len; at < file->len; at += len) {
        len = frame_len(file, at);
        if (len == 0)
            return ep_fail(err, EP_E_CORRUPT, "%s is damaged: it ends inside a frame", path);
        digest = add_digest(digest, file->data + at, len);
    }
    put_ending(digest, ending);
    return ep_str_ends(ep_str_from(path), ending)
               ? EP_OK
               : ep_fail(err, EP_E_CORRUPT, "%s is damaged: its content is not what it is called after",
                         path);
}

ep_code ep_archive_read(const ep_warehouse *w, const char *relative, ep_archive_record record, void *context,
                        ep_error *err) {
    char path[EP_PATH_BYTES];
    EP_CLEANUP(ep_buf_done) ep_buf file = {0};
    EP_TRY(ep_path(path, err, "%s/%s", w->folder, relative));
    EP_TRY(ep_read_file(path, SIZE_MAX / 2, &file, err));
    EP_TRY(check_content(&file, path, err));
    for (size_t at = 0, len; at < file.len; at += len) {
        len = frame_len(&file, at);
        uint64_t plain_len = get_le(file.data + at + 8, 8);
        EP_CLEANUP(ep_buf_done) ep_buf plain = {0};
        plain.data = ep_malloc(plain_len + EP_PADDING);
        if (!plain.data)
            return ep_fail(err, EP_E_NOMEM, "out of memory for %s", path);
        size_t n = ZSTD_decompress(plain.data, plain_len, file.data + at + SIZES_BYTES, len - SIZES_BYTES);
        if (ZSTD_isError(n) || n != plain_len)
            return ep_fail(err, EP_E_CORRUPT, "%s is damaged: a frame does not unpack", path);
        memset(plain.data + plain_len, 0, EP_PADDING);
        EP_TRY(read_frame(path, (ep_str){plain.data, plain_len}, record, context, err));
    }
    return EP_OK;
}

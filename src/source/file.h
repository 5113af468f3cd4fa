#ifndef EP_SOURCE_FILE_H
#define EP_SOURCE_FILE_H

#include "base/str.h"

/* A file (or standard input, "-") read in blocks with room behind them for parsers that look ahead. One thread at a time. */
typedef struct ep_file ep_file;

/** Asked while a pipe is waited for: true ends the wait. NULL waits for ever. Any thread. */
typedef int (*ep_file_stop)(void);

/**
 * Opens for reading. Errors say what to do: missing, a folder, no permission, not a regular file or pipe. Does not wait for the
 * writer of a named pipe: the first read does.
 * @return EP_OK; EP_E_NOT_FOUND, EP_E_PERMISSION, EP_E_ARG (a folder), EP_E_IO.
 */
EP_CHECK ep_code ep_file_open(const char *path, ep_file_stop stop, ep_file **ret, ep_error *err);
void ep_file_close(ep_file **file);

/** Bytes in all, -1 when unknown (a pipe). */
int64_t ep_file_size(const ep_file *file);

/**
 * Fills `buffer` with up to `size_bytes` (the buffer has `padding` more, which are zeroed). Short only at the end.
 * Waiting for a pipe or a terminal asks `stop` several times a second.
 * @param ret_last  true when nothing follows.
 * @return EP_OK; EP_E_CANCELLED when `stop` said so; EP_E_IO.
 */
EP_CHECK ep_code ep_file_read(ep_file *file, char *buffer, size_t size_bytes, size_t padding, size_t *ret_len,
                              bool *ret_last, ep_error *err);

#endif

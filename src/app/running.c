#include "app/running.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* "PID text" */
static void write_note(const char *path, const char *text) {
    char tmp[EP_PATH_BYTES + 8], line[512];
    int len = snprintf(line, sizeof line, "%d %s\n", (int)getpid(), text);
    snprintf(tmp, sizeof tmp, "%s.tmp", path);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return;
    bool whole = len > 0 && (size_t)len < sizeof line && write(fd, line, (size_t)len) == len;
    if (close(fd) != 0 || !whole || rename(tmp, path) != 0)
        unlink(tmp);
}

void ep_running_begin(ep_cli *cli, const ep_warehouse *w) {
    ep_error ignored;
    char now[28];
    if (ep_warehouse_on_server(w) || ep_path(cli->running, &ignored, "%s/data/running", w->folder) != EP_OK) {
        cli->running[0] = '\0';
        return;
    }
    ep_time_format_rfc3339(ep_now_us(), now);
    snprintf(cli->doing, sizeof cli->doing, "entrepot %s since %.19sZ", cli->command->name, now);
    write_note(cli->running, cli->doing);
}

void ep_running_tell(const ep_cli *cli, const char *text) {
    char note[400];
    if (!cli->running[0])
        return;
    snprintf(note, sizeof note, "%s, %s", cli->doing, text);
    write_note(cli->running, note);
}

void ep_running_end(ep_cli *cli) {
    if (cli->running[0])
        unlink(cli->running);
    cli->running[0] = '\0';
}

void ep_running_explain(const char *folder, ep_error *err) {
    char path[EP_PATH_BYTES], line[512] = "", pid[32], said[sizeof err->text];
    ep_error ignored;
    if (ep_path(path, &ignored, "%s/data/running", folder) != EP_OK)
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t len = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
    if (fd >= 0)
        close(fd);
    char *text = len > 0 ? strchr(line, ' ') : NULL;
    if (!text)
        return;
    *text++ = '\0';
    text[strcspn(text, "\n")] = '\0';
    /* A process that was killed leaves its note behind. */
    snprintf(pid, sizeof pid, "(PID %.20s)", line);
    if (!strstr(err->text, pid))
        return;
    memcpy(said, err->text, sizeof said);
    ep_fail(err, EP_E_BUSY, "%s: %s", said, text);
}

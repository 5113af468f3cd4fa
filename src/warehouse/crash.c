#include "warehouse/crash.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

void ep_crash_point(const char *name) {
    static int seen;
    const char *wanted = getenv("ENTREPOT_CRASH");
    size_t len = strlen(name);
    if (!wanted || strncmp(wanted, name, len) != 0 || (wanted[len] != '\0' && wanted[len] != ':'))
        return;
    if (++seen >= (wanted[len] == ':' ? atoi(wanted + len + 1) : 1))
        raise(SIGKILL);
}

/* For tests in other languages: reads lines of name, tab, value and prints "ok" or the reason, a line each; what is
 * no such line gives "no such validator". A value holds neither tab nor line end. */
#include "contract/validators.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t len;
    while ((len = getline(&line, &capacity, stdin)) >= 0) {
        if (len > 0 && line[len - 1] == '\n')
            len--;
        const char *tab = memchr(line, '\t', (size_t)len);
        ep_str name = {line, tab ? (size_t)(tab - line) : (size_t)len};
        const ep_validator *validator = tab ? ep_validator_find(name) : NULL;
        const char *reason = "no such validator";
        if (validator)
            reason = validator->check((ep_str){tab + 1, (size_t)len - name.len - 1});
        puts(reason ? reason : "ok");
    }
    free(line);
    return fflush(stdout) == 0 ? 0 : 1;
}

#include "contract/odcs_keys.h"

#include <string.h>

#define MAX_WORD 63

/* Optimal string alignment: insert, delete, replace, swap of neighbours. Case counts half a step. */
static size_t distance(const char *a, size_t n, const char *b, size_t m) {
    size_t rows[3][MAX_WORD + 2];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = 2 * j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = 2 * i;
        for (size_t j = 1; j <= m; j++) {
            size_t step = a[i - 1] == b[j - 1] ? 0 : (a[i - 1] ^ b[j - 1]) == 0x20 ? 1 : 2;
            size_t best = last[j - 1] + step;
            best = last[j] + 2 < best ? last[j] + 2 : best;
            best = now[j - 1] + 2 < best ? now[j - 1] + 2 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 2 < best)
                best = before[j - 2] + 2;
            now[j] = best;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

void ep_nearest_init(ep_nearest *nearest, const char *word) {
    *nearest = (ep_nearest){.word = word};
    size_t len = strlen(word);
    /* A third of the letters may be wrong. */
    nearest->distance = len > MAX_WORD ? 0 : 2 * (len / 3 < 1 ? 1 : len / 3) + 1;
}

void ep_nearest_try(ep_nearest *nearest, ep_str candidate) {
    size_t len = strlen(nearest->word);
    if (len == 0 || len > MAX_WORD || candidate.len == 0 || candidate.len > MAX_WORD)
        return;
    size_t d = distance(nearest->word, len, candidate.ptr, candidate.len);
    if (d >= nearest->distance)
        return;
    nearest->distance = d;
    memcpy(nearest->best, candidate.ptr, candidate.len);
    nearest->best[candidate.len] = '\0';
}

void ep_nearest_try_words(ep_nearest *nearest, const char *words) {
    while (*words) {
        size_t len = strcspn(words, " ");
        ep_nearest_try(nearest, (ep_str){words, len});
        words += len + (words[len] == ' ');
    }
}

bool ep_word_in(const char *words, const char *word) {
    size_t len = strlen(word);
    for (const char *at = words; at && *at;) {
        size_t n = strcspn(at, " ");
        if (n == len && n > 0 && !memcmp(at, word, n))
            return true;
        at += n + (at[n] == ' ');
    }
    return false;
}

const ep_key *ep_key_find(const ep_level *level, const char *name) {
    for (size_t i = 0; level && i < level->n; i++)
        if (!strcmp(level->keys[i].name, name))
            return &level->keys[i];
    return NULL;
}

const ep_custom_key *ep_custom_find(const ep_custom_key *keys, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (!strcmp(keys[i].name, name))
            return &keys[i];
    return NULL;
}

const char *ep_key_types_text(unsigned types) {
    static const struct {
        unsigned types;
        const char *text;
    } texts[] = {
        {EP_KT_TEXT, "text"},
        {EP_KT_BOOL, "true or false"},
        {EP_KT_INT, "a whole number"},
        {EP_KT_NUMBER, "a number"},
        {EP_KT_LIST, "a list"},
        {EP_KT_MAP, "a map"},
        {EP_KT_TEXT | EP_KT_LIST, "text or a list of texts"},
        {EP_KT_TEXT | EP_KT_MAP, "text or a map"},
        {EP_KT_INT | EP_KT_TEXT, "a whole number or text"},
        {EP_KT_MAP | EP_KT_LIST, "a map"},
        {EP_KT_SCALAR, "text, a number, true, false or null"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].types == types)
            return texts[i].text;
    return "anything";
}

#ifndef EP_DECODE_JSON_SIMD_H
#define EP_DECODE_JSON_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The only C++ of the program besides the store's guard: simdjson's first stage, at the processor's full
 * width. It finds where the tokens of a JSON text begin and checks what can be checked there: UTF-8, closed
 * texts, no control characters in texts. Everything else is json.c's, which visits every token. No exception
 * leaves it. */
typedef struct ep_json_simd ep_json_simd;

typedef enum ep_json_simd_result {
    EP_JSON_SIMD_OK,
    EP_JSON_SIMD_REFUSED, /* empty, bad UTF-8, a text that is not closed or holds control characters */
    EP_JSON_SIMD_NO_MEMORY
} ep_json_simd_result;

/** NULL when out of memory. */
ep_json_simd *ep_json_simd_new(void);
void ep_json_simd_free(ep_json_simd **simd);

/**
 * Indexes a text below 4 GiB; needs no padding.
 * @param ret  ascending offsets of `{}[]:,`, of opening quotes and of the first bytes of all other tokens;
 * one more holds `len`. Owned by `simd`, valid until the next call.
 */
ep_json_simd_result ep_json_simd_index(ep_json_simd *simd, const char *text, size_t len, const uint32_t **ret,
                                       size_t *ret_n);

/** Well-formed UTF-8; NUL is allowed here. */
bool ep_simd_utf8_valid(const char *text, size_t len);

#ifdef __cplusplus
}
#endif

#endif

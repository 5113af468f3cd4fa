#ifndef EP_GENERATE_EDIT_H
#define EP_GENERATE_EDIT_H

#include "base/str.h"

/*
 * Changing single members of a record that this generator wrote: well-formed JSON, ", " between and ": " within members.
 * Places are offsets into the text, which a change shifts.
 */

struct ep_span {
    size_t start, end;
};

/** The whole record as a span. */
static inline struct ep_span ep_span_of(const ep_buf *text) {
    return (struct ep_span){0, text->len};
}

/** Finds a member of the object at `object`; the span of its value, and where its name begins. */
bool ep_edit_find(const ep_buf *text, struct ep_span object, const char *name, size_t *ret_name,
                  struct ep_span *ret_value);
/** The n-th item of the list at `list`; false beyond its end. */
bool ep_edit_item(const ep_buf *text, struct ep_span list, size_t n, struct ep_span *ret);
/** Puts `value` in the place of a span. */
void ep_edit_replace(ep_buf *text, struct ep_span span, const char *value);
/** Gives a member a value (JSON text): in its place, or as the last member. */
void ep_edit_set(ep_buf *text, struct ep_span object, const char *name, const char *value);
/** Takes a member out; false when there is none. */
bool ep_edit_drop(ep_buf *text, struct ep_span object, const char *name);

#endif

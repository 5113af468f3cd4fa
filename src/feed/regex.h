#ifndef EP_FEED_REGEX_H
#define EP_FEED_REGEX_H

#include "base/str.h"

/* PCRE2 patterns of a feed: UTF, bounded in steps, compiled once and shared by threads; a run is what one thread needs to match them. */
typedef struct ep_regex ep_regex;
typedef struct ep_regex_run ep_regex_run;

/**
 * @param whole      the pattern must match the whole text (as `pattern` of a contract does), else it is searched.
 * @param ret_wrong  NULL, or what is wrong with the pattern, in `arena`.
 */
EP_CHECK ep_code ep_regex_compile(ep_str pattern, bool whole, ep_arena *arena, ep_regex **ret,
                                  const char **ret_wrong, ep_error *err);
void ep_regex_free(ep_regex **regex);
uint32_t ep_regex_n_groups(const ep_regex *regex);

/** @param n_groups  greatest number of groups of the patterns it will run. */
EP_CHECK ep_code ep_regex_run_new(uint32_t n_groups, ep_regex_run **ret, ep_error *err);
void ep_regex_run_free(ep_regex_run **run);

typedef enum ep_regex_result { EP_REGEX_NO, EP_REGEX_YES, EP_REGEX_LIMIT, EP_REGEX_NOMEM } ep_regex_result;
/** @param ret_group  text of the group as a view, ptr NULL when the group took no part; may be NULL. */
ep_regex_result ep_regex_match(const ep_regex *regex, ep_regex_run *run, ep_str text, uint32_t group,
                               ep_str *ret_group);

#endif

#include "base/hash.h"
#include "feed/parse.h"

#include <string.h>

void ep_feed_free(ep_feed **feed) {
    if (!feed || !*feed)
        return;
    ep_feed *old = *feed;
    for (size_t i = 0; i < old->n_lists; i++)
        ep_list_done(old->lists[i]);
    for (size_t i = 0; i < old->n_regexes; i++)
        ep_regex_free(&old->regexes[i]);
    ep_free(old->lists);
    ep_free(old->regexes);
    ep_free(old->paths);
    ep_arena_done(&old->arena);
    ep_free(old);
    *feed = NULL;
}

/* A part of the hash, with its length: no two lists of parts look alike. */
static void add_part(ep_sha256 *sha, const void *data, size_t len) {
    uint64_t length = len;
    uint8_t prefix[8];
    for (int i = 0; i < 8; i++)
        prefix[i] = (uint8_t)(length >> (8 * i));
    ep_sha256_add(sha, prefix, sizeof prefix);
    ep_sha256_add(sha, data, len);
}

ep_code ep_feed_make_hash(ep_feed *feed, ep_str text, ep_error *err) {
    EP_CLEANUP(ep_sha256_free) ep_sha256 *sha = NULL;
    uint8_t digest[32];
    EP_TRY(ep_sha256_new(&sha, err));
    ep_sha256_init(sha);
    add_part(sha, text.ptr, text.len);
    for (size_t i = 0; i < feed->n_lists; i++) {
        add_part(sha, feed->lists[i]->name, strlen(feed->lists[i]->name));
        add_part(sha, feed->lists[i]->hash, strlen(feed->lists[i]->hash));
    }
    for (size_t i = 0; i < feed->n_targets; i++)
        add_part(sha, feed->targets[i]->hash, strlen(feed->targets[i]->hash));
    ep_sha256_end(sha, digest);
    ep_hex(digest, sizeof digest, feed->hash);
    return EP_OK;
}

const char *ep_feed_name(const ep_feed *feed) {
    return feed->name;
}

const char *ep_feed_hash(const ep_feed *feed) {
    return feed->hash;
}

const char *ep_feed_description(const ep_feed *feed) {
    return feed->description;
}

ep_delivery ep_feed_delivery(const ep_feed *feed) {
    return feed->delivery;
}

const ep_decode_options *ep_feed_decode(const ep_feed *feed) {
    return &feed->decode;
}

bool ep_feed_needs_occurrence(const ep_feed *feed) {
    return feed->needs_occurrence;
}

bool ep_feed_keeps_archive(const ep_feed *feed) {
    return feed->keeps_archive;
}

const char *ep_feed_source_glob(const ep_feed *feed) {
    return feed->glob;
}

size_t ep_feed_n_targets(const ep_feed *feed) {
    return feed->n_targets;
}

const ep_contract *ep_feed_target(const ep_feed *feed, size_t target) {
    return target < feed->n_targets ? feed->targets[target] : NULL;
}

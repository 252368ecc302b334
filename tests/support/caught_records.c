// SPDX-License-Identifier: Apache-2.0
// caught_records: the one function of access_log.h that exchanges call.
#include "tests/support/caught_records.h"
#include "gateway/access_log.h"

static struct caught last;
static size_t        count;

static void keep(char text[CAUGHT_TEXT_MAX], struct bytes b)
{
    struct bytes_out out = {.at = text, .cap = CAUGHT_TEXT_MAX - 1};
    out_bytes(&out, b);
    ASSERT(!out.overflowed);
    text[out.len] = '\0';
}

void access_feed_write(struct access_feed *feed, const struct record *r, uint64_t now_ns)
{
    ASSERT(feed == caught_feed() && now_ns >= r->started_ns && r->peer != NULL);
    count++;
    last.record = *r;
    keep(last.id, r->id);
    keep(last.policy, r->policy);
    keep(last.reason, r->reason ? bytes_of(r->reason) : BYTES(""));
    keep(last.upstream, r->upstream);
}

struct access_feed *caught_feed(void)
{
    return (struct access_feed *)&last; // never looked into
}

size_t caught_count(void)
{
    return count;
}

const struct caught *caught_last(void)
{
    ASSERT(count > 0);
    return &last;
}

void caught_clear(void)
{
    count = 0;
}

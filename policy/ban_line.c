// SPDX-License-Identifier: Apache-2.0
// ban_line: between the clock of the process and the one on the wall.
#include "policy/ban_line.h"
#include "parser/cursor.h"

#define CHECKSUM_DIGITS 8u
#define CRC_POLYNOMIAL 0xedb88320u // of IEEE 802.3, reversed

static uint32_t checksum(struct bytes text)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < text.len; i++) {
        crc ^= (uint8_t)text.at[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
    }
    return ~crc;
}

// A moment of one clock on the other.
static uint64_t wall_of(uint64_t until_ms, struct ban_time t)
{
    int64_t left = (int64_t)(until_ms - t.now_ms);
    int64_t wall = t.wall_ms + left;
    return until_ms == 0 ? 0 : wall > 0 ? (uint64_t)wall : 1;
}

// A clock that was set wrong must not ban for ever: never longer than such a ban can be.
static void set_until(struct ban *ban, uint64_t wall_ms, struct ban_time t)
{
    uint64_t wall_now_ms = t.wall_ms > 0 ? (uint64_t)t.wall_ms : 0;
    if (wall_ms == 0)
        return;
    if (wall_ms > wall_now_ms) {
        uint64_t left = wall_ms - wall_now_ms, most = ban->by_operator ? BAN_SPOKEN_MS_MAX : BAN_MS_MAX;
        ban->until_ms = t.now_ms + (left < most ? left : most);
        return;
    }
    uint64_t ago = wall_now_ms - wall_ms, hours = ago / REPUTATION_CLEAN_MS;
    uint64_t rest = ago % REPUTATION_CLEAN_MS; // a machine that was just started has no moment long ago
    ban->step -= (uint32_t)(hours < ban->step ? hours : ban->step);
    ban->until_ms = rest < t.now_ms ? t.now_ms - rest : 1;
}

void ban_line_print(const struct ban *ban, struct ban_time t, struct bytes_out *out)
{
    char             memory[BAN_LINE_MAX];
    struct bytes_out rest = {.at = memory, .cap = sizeof memory};
    prefix_print(&ban->prefix, &rest);
    out_char(&rest, ' ');
    out_uint(&rest, wall_of(ban->until_ms, t));
    out_char(&rest, ' ');
    out_uint(&rest, ban->step);
    out_text(&rest, ban->by_operator ? " operator " : " ladder ");
    for (const char *at = ban->why; *at != '\0'; at++)
        out_char(&rest, (unsigned char)*at < ' ' ? ' ' : *at);
    ASSERT(!rest.overflowed);
    out_hex(out, checksum(out_written(&rest)), CHECKSUM_DIGITS);
    out_char(out, ' ');
    out_bytes(out, out_written(&rest));
    out_char(out, '\n');
}

static bool read_checksum(struct cursor *c)
{
    struct bytes digits;
    uint32_t     wanted = 0;
    if (!cursor_until(c, ' ', &digits) || digits.len != CHECKSUM_DIGITS || !cursor_char(c, ' '))
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (!is_hex_digit(digits.at[i]))
            return false;
        wanted = wanted << 4 | hex_value(digits.at[i]);
    }
    return checksum(cursor_rest(c)) == wanted;
}

bool ban_line_read(struct bytes line, struct ban_time t, struct ban *ban_r)
{
    struct cursor c = cursor_over(line);
    struct bytes  prefix, by;
    uint64_t      until, step;
    *ban_r = (struct ban){0};
    if (line.len >= BAN_LINE_MAX || !read_checksum(&c) || !cursor_until(&c, ' ', &prefix) ||
        prefix_parse(prefix, &ban_r->prefix) != NULL || !cursor_char(&c, ' ') ||
        !cursor_decimal(&c, INT64_MAX, &until) || !cursor_char(&c, ' ') ||
        !cursor_decimal(&c, BAN_STEP_MAX, &step) || !cursor_char(&c, ' ') || !cursor_until(&c, ' ', &by) ||
        !cursor_char(&c, ' '))
        return false;
    struct bytes why = cursor_rest(&c);
    for (size_t i = 0; i < why.len; i++)
        if ((unsigned char)why.at[i] < ' ')
            return false;
    ban_r->by_operator = bytes_equal(by, BYTES("operator"));
    if ((!ban_r->by_operator && !bytes_equal(by, BYTES("ladder"))) || why.len >= sizeof ban_r->why)
        return false;
    ban_r->step = (uint32_t)step;
    set_until(ban_r, until, t);
    if (why.len > 0)
        memcpy(ban_r->why, why.at, why.len);
    return true;
}

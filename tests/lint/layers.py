#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers: who may include whom. A file includes files of its own rung or of rungs below, and of rooms below its
own; a new file must be given a place here first."""
import re

from source import ROOMS, c_files, finish, line_of, read

# From the top down. "x" stands for x.c and x.h; "x*" for every name that begins so.
RUNGS = {
    "gateway": (
        "main cli cli_* explain admin admin_calls admin_bans reload",
        "serve listener connection",
        "exchange exchange_*",
        "forward relay reply websocket upstream upstream_* health_check jobs access_log metrics alerts"
        " reputation_feed ban_keeper",
        "wire wire_* tls tls_* loop signals",
        "ceilings config config_* certificate certificate_* close_reasons cores deadline descriptors file log pace privilege record session_store"
        " admin_ask admin_socket ban_journal",
    ),
    "policy": (
        "snapshot",
        "route_index",
        "route",
        "chain chain_*",
        "catalog",
        "modules/*",
        "session_reply",
        "session_visit session_links",
        "session_cookie session_form",
        "session_multipart",
        "session_parameter",
        "session_rules",
        "login origin",
        "policy methods status_set detail ladder media_range backend_paths query_climb host_pattern ip_set_* glob_* keys",
        "state",
        "reputation reputation_* ban_line",
        "ip_set prefix rate_table flight_table",
        "reasons edits document document_* seal key_ring session_snapshot session_table session_places siphash waiter",
    ),
    "parser": (
        "http1 chunked",
        "head head_* websocket response forwarded cookie",
        "request",
        "target target_*",
        "host",
        "pairs media_type set_cookie",
        "cursor date base64",
        "faults limits arena bytes",
    ),
}

# Which system headers a room may use besides those of the C library that neither wait nor ask; named files may more.
PURE = "endian errno inttypes limits stdarg stdbool stddef stdint stdio stdlib string".split()
SYSTEM = {
    "parser": {"llhttp.h": "http1", "sanitizer/asan_interface.h": "arena", "arpa/inet.h": "host"},
    "policy": {
        "cjson/cJSON.h": "document_*",
        "openssl/core_names.h": "key_ring",
        "openssl/crypto.h": "seal key_ring",
        "openssl/err.h": "seal key_ring",
        "openssl/evp.h": "key_ring",
        "openssl/params.h": "key_ring",
        "openssl/rand.h": "session_cookie",
        "pthread.h": "session_places reputation_* flight_table",
        "stdatomic.h": "key_ring session_places reputation_* rate_table",
        "threads.h": "rate_table",
    },
}
INSTEAD = {
    "parser": "the parser knows libc and llhttp: no clock, no socket, no libuv, no OpenSSL",
    "policy": "policies know the parser and cJSON: take time as an argument, leave the network to the gateway",
}


def fits(stem, names):
    return any(stem == name or name.endswith("*") and stem.startswith(name[:-1]) for name in names.split())


def place(path):
    """Room and rung of a file, counted from the bottom; the rung is None when it was never placed."""
    room, _, rest = path.partition("/")
    stem = rest.rsplit(".", 1)[0]
    rungs = RUNGS[room][::-1]
    exact = [i for i, names in enumerate(rungs) if stem in names.split()]
    loose = [i for i, names in enumerate(rungs) if fits(stem, names)]
    return room, (exact + loose + [None])[0]


def check_own(path, included, where):
    room, rung = place(path)
    if included.split("/")[0] not in ROOMS:
        return f"{where} includes {included!r}; name our own headers by room: \"parser/…\""
    other, other_rung = place(included)
    if ROOMS.index(other) > ROOMS.index(room):
        return f"{where} includes {included}; {room}/ does not know {other}/: hand over a value or a function pointer"
    if other == room and None not in (rung, other_rung) and other_rung > rung:
        return f"{where} includes {included}, which stands above it; pass a function pointer down, or move one of the two"
    return None


def check_system(path, included, where):
    room = path.split("/")[0]
    if room == "gateway" or included.rsplit(".", 1)[0] in PURE:
        return None
    stem = path.partition("/")[2].rsplit(".", 1)[0]
    if fits(stem, SYSTEM[room].get(included, "")):
        return None
    return f"{where} includes <{included}>; {INSTEAD[room]}"


def check_file(path):
    text = read(path)
    if place(path)[1] is None:
        yield f"{path}:1: this file has no rung; give it one in tests/lint/layers.py"
    for hit in re.finditer(r'^\s*#\s*include\s+(["<])([^">]+)[">]', text, re.MULTILINE):
        check = check_own if hit[1] == '"' else check_system
        problem = check(path, hit[2], f"{path}:{line_of(text, hit.start(1))}:")
        if problem:
            yield problem


def check_test(path):
    """A test of a room knows what that room knows."""
    room = path.split("/")[1]
    text = read(path)
    for hit in re.finditer(r'^\s*#\s*include\s+"(parser|policy|gateway)/', text, re.MULTILINE):
        if room in ROOMS and ROOMS.index(hit[1]) > ROOMS.index(room):
            yield f"{path}:{line_of(text, hit.start(1))}: a test of {room}/ includes {hit[1]}/; move it to tests/{hit[1]}/"


finish([problem for path in c_files(*ROOMS) for problem in check_file(path)] +
       [problem for path in c_files("tests") for problem in check_test(path)])

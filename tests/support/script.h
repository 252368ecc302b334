// SPDX-License-Identifier: Apache-2.0
// script: the gateway's data path on a stage: one loop, no network, and a clock that is moved by hand. What
// clients and servers do, and what they see, is written down line by line.
#pragma once
#include "gateway/connection.h"
#include "tests/support/caught_records.h"
#include "tests/support/wire_script.h"

// How every configuration of a script begins, and one with a single server.
#define SCRIPT_LISTEN "{\"version\": 1, \"listen\": [{\"address\": \"127.0.0.1:8080\"}], "
#define SCRIPT_CONFIG SCRIPT_LISTEN "\"upstreams\": {\"app\": {\"servers\": [\"http://127.0.0.1:9001\"]}}}"

struct script {
    struct config *config;
    struct loop   *loop;
    struct actor
            *client; // who speaks and is looked at: the one who connected last, unless a test says otherwise
    unsigned emptied;
};

// A loop with this configuration, to which one client has connected.
struct script *script_new(const char *json);
// Cuts what is left. Every wire MUST have been let go of then.
void script_free(struct script **s);

void script_client_connects(struct script *s);
void script_client_sends(struct script *s, const char *text);
void script_client_sends_bytewise(struct script *s, const char *text);

// The connections to servers, in the order of their opening.
size_t        script_upstreams(const struct script *s);
struct actor *script_upstream_at(const struct script *s, size_t i);
// The one that was opened last.
struct actor *script_upstream(const struct script *s);
void          script_upstream_sends(struct script *s, const char *text);
void          script_upstream_sends_bytewise(struct script *s, const char *text);

// What the two sides have been sent since they last forgot it.
const char *script_client_sees(const struct script *s);
const char *script_upstream_sees(const struct script *s); // "" when there is none
void        script_all_forget(struct script *s);          // and what was recorded

void script_passes_ms(struct script *s, uint64_t ms);
void script_drains(struct script *s);

const struct caught *script_record(const struct script *s); // the last one
// Its reason, where that is a close reason; CLOSE_NONE otherwise.
enum close_reason script_failed_because(const struct script *s);

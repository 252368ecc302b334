// SPDX-License-Identifier: Apache-2.0
// cli_ban: bans of the running gateway, asked for on its admin socket.
#include "gateway/admin_ask.h"
#include "gateway/cli_commands.h"
#include "policy/prefix.h"
#include <stdio.h>

#define BODY_MAX 2048u
#define TARGET_MAX 128u

struct ban_options {
    const char      *file, *socket, *time, *why;
    bool             json;
    struct cli_words words;
};

static const char usage[] =
    "usage: portcullis ban list | ban add PREFIX [--for TIME] [--why TEXT] | ban del PREFIX";

// Where the gateway listens: as told, or as its configuration says.
//   returns  the configuration that the path lives in, NULL: in the options
static bool find_socket(const struct ban_options *o, struct config **config_r, struct bytes *path_r,
                        int *code_r)
{
    *config_r = NULL;
    *path_r = o->socket != NULL ? bytes_of(o->socket) : BYTES("");
    if (o->socket != NULL)
        return true;
    *config_r = cli_load(o->file, code_r);
    if (*config_r == NULL)
        return false;
    *path_r = (*config_r)->admin.socket;
    *code_r = CLI_FAILED;
    if (path_r->len == 0)
        cli_complain("this configuration has no admin socket: add \"admin\": { \"socket\": "
                     "\"/run/portcullis/admin.sock\" }");
    return path_r->len > 0;
}

static void print_piece(void *context, struct bytes text, unsigned status)
{
    (void)context;
    (void)fwrite(text.at, 1, text.len, status < 300 ? stdout : stderr);
}

static int ask(const struct ban_options *o, struct admin_question *q)
{
    struct config *config;
    int            code;
    unsigned       status = 0;
    if (find_socket(o, &config, &q->socket, &code)) {
        const char *why = admin_ask(q, &status, print_piece, NULL);
        if (why != NULL)
            cli_complain("%.*s: %s", (int)q->socket.len, q->socket.at, why);
        code = why == NULL && status < 300 ? cli_print(BYTES("")) : CLI_FAILED;
    }
    config_free(&config);
    return code;
}

static int list(const struct ban_options *o)
{
    if (o->words.count != 1 || o->time != NULL || o->why != NULL) {
        cli_complain("%s", usage);
        return CLI_USAGE;
    }
    struct admin_question q = {
        .method = "GET", .target = "/bans", .accept = o->json ? "application/json" : "text/plain"};
    return ask(o, &q);
}

// The prefix behind the command.
static bool read_prefix(const struct ban_options *o, struct prefix *prefix)
{
    const char *wrong = usage;
    if (o->words.count == 2 && !o->json)
        wrong = prefix_parse(bytes_of(o->words.at[1]), prefix);
    if (wrong != NULL && wrong != usage)
        cli_complain("%s: %s", o->words.at[1], wrong);
    else if (wrong != NULL)
        cli_complain("%s", wrong);
    return wrong == NULL;
}

static void put_member(struct bytes_out *out, const char *key, const char *value)
{
    if (value == NULL)
        return;
    out_text(out, out->len > 1 ? ",\"" : "\"");
    out_text(out, key);
    out_text(out, "\":\"");
    out_json(out, bytes_of(value));
    out_char(out, '"');
}

static int add(const struct ban_options *o)
{
    char             memory[BODY_MAX];
    struct bytes_out body = {.at = memory, .cap = sizeof memory};
    struct prefix    prefix;
    if (!read_prefix(o, &prefix))
        return CLI_USAGE;
    out_char(&body, '{');
    put_member(&body, "prefix", o->words.at[1]);
    put_member(&body, "for", o->time);
    put_member(&body, "why", o->why);
    out_char(&body, '}');
    if (body.overflowed) {
        cli_complain("--for or --why is too long");
        return CLI_USAGE;
    }
    struct admin_question q = {
        .method = "POST", .target = "/bans", .accept = "text/plain", .body = out_written(&body)};
    return ask(o, &q);
}

static int lift(const struct ban_options *o)
{
    char             target[TARGET_MAX];
    struct bytes_out out = {.at = target, .cap = sizeof target};
    struct prefix    prefix;
    if (!read_prefix(o, &prefix))
        return CLI_USAGE;
    if (o->time != NULL || o->why != NULL) {
        cli_complain("%s", usage);
        return CLI_USAGE;
    }
    out_text(&out, "/bans?prefix=");
    prefix_print(&prefix, &out);
    out_char(&out, '\0');
    ASSERT(!out.overflowed);
    struct admin_question q = {.method = "DELETE", .target = target, .accept = "text/plain"};
    return ask(o, &q);
}

int cli_ban(char *const args[], cli_serve *serve)
{
    static const struct {
        const char *name;
        int (*run)(const struct ban_options *o);
    } actions[] = {{"list", list}, {"add", add}, {"del", lift}};
    struct ban_options      o = {.json = false};
    const struct cli_option options[] = {{.name = "--config", .letter = "-c", .text = &o.file},
                                         {.name = "--socket", .text = &o.socket},
                                         {.name = "--for", .text = &o.time},
                                         {.name = "--why", .text = &o.why},
                                         {.name = "--json", .flag = &o.json},
                                         {.name = NULL}};
    (void)serve;
    if (!cli_options_read(args, options, "list, add or del", &o.words))
        return CLI_USAGE;
    if (o.file != NULL && o.socket != NULL) {
        cli_complain("either -c or --socket");
        return CLI_USAGE;
    }
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(o.words.at[0], actions[i].name) == 0)
            return actions[i].run(&o);
    cli_complain("%s", usage);
    return CLI_USAGE;
}

// SPDX-License-Identifier: Apache-2.0
// cli_load: the commands that only look at a configuration, and loading it for all of them.
#include "gateway/cli_commands.h"
#include "gateway/explain.h"
#include "gateway/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROBLEMS_BYTES (64u * 1024u)
#define EXPLAIN_BYTES (2u * 1024u * 1024u)

// Never a configuration that nobody wrote: when none of these exists, the command line is wrong.
static const char *const usual_places[] = {"portcullis.json", "/etc/portcullis/portcullis.json"};

static const char *find_usual(void)
{
    for (size_t i = 0; i < sizeof usual_places / sizeof *usual_places; i++)
        if (access(usual_places[i], F_OK) == 0)
            return usual_places[i];
    return NULL;
}

int cli_print(struct bytes text)
{
    bool written = fwrite(text.at, 1, text.len, stdout) == text.len;
    return fflush(stdout) == 0 && written ? CLI_FINE : CLI_FAILED;
}

void cli_print_problems(const struct config *c)
{
    char             memory[PROBLEMS_BYTES];
    struct bytes_out out = {.at = memory, .cap = sizeof memory};
    document_print(c->document, &out);
    (void)fwrite(out.at, 1, out.len, stderr);
}

struct config *cli_load_text(struct bytes text, const char *file, int *exit_r)
{
    *exit_r = CLI_FAILED;
    struct config *c = config_load(text, file);
    if (c == NULL) {
        cli_complain("%s: no memory", file);
        return NULL;
    }
    if (!config_has_problems(c))
        return c;
    cli_print_problems(c);
    config_free(&c);
    return NULL;
}

struct config *cli_load(const char *file, int *exit_r)
{
    *exit_r = CLI_USAGE;
    if (file == NULL)
        file = find_usual();
    if (file == NULL) {
        cli_complain("no configuration: name one with -c FILE (there is no ./%s and no %s)", usual_places[0],
                     usual_places[1]);
        return NULL;
    }
    *exit_r = CLI_FAILED;
    struct bytes_out text = {.at = malloc(DOCUMENT_BYTES_MAX), .cap = DOCUMENT_BYTES_MAX};
    if (text.at == NULL)
        return NULL;
    const char    *failed = file_read(file, &text);
    struct config *c = failed == NULL ? cli_load_text(out_written(&text), file, exit_r) : NULL;
    free(text.at);
    if (failed != NULL)
        cli_complain("cannot read %s: %s", file, failed);
    return c;
}

static void put_count(struct bytes_out *out, size_t count, const char *noun, const char *behind)
{
    out_uint(out, count);
    out_char(out, ' ');
    out_text(out, noun);
    out_text(out, count == 1 ? "" : "s");
    out_text(out, behind);
}

int cli_check(char *const args[], cli_serve *serve)
{
    (void)serve;
    const char             *file = NULL;
    const struct cli_option options[] = {{.name = "--config", .letter = "-c", .text = &file}, {.name = NULL}};
    struct cli_words        none;
    if (!cli_options_read(args, options, NULL, &none))
        return CLI_USAGE;
    int            code;
    struct config *c = cli_load(file, &code);
    if (c == NULL)
        return code;

    char             memory[PROBLEMS_BYTES];
    struct bytes_out out = {.at = memory, .cap = sizeof memory};
    out_text(&out, document_file(c->document));
    out_text(&out, ": fine (");
    put_count(&out, c->listener_count, "listener", ", ");
    put_count(&out, c->upstream_count, "upstream", ", ");
    put_count(&out, snapshot_route_count(c->snapshot), "route", ")\n");
    config_free(&c);
    return cli_print(out_written(&out));
}

static int print_explanation(const struct config *c, const struct explain_question *q)
{
    struct bytes_out out = {.at = malloc(EXPLAIN_BYTES), .cap = EXPLAIN_BYTES};
    if (out.at == NULL)
        return CLI_FAILED;
    const char *wrong = explain(c, q, &out);
    int         code = CLI_USAGE;
    if (wrong == NULL)
        code = cli_print(out_written(&out));
    else
        cli_complain("%s", wrong);
    free(out.at);
    return code;
}

int cli_explain(char *const args[], cli_serve *serve)
{
    (void)serve;
    const char             *file = NULL;
    const char             *from = NULL;
    struct cli_words        fields = {.count = 0};
    const struct cli_option options[] = {{.name = "--config", .letter = "-c", .text = &file},
                                         {.name = "--from", .text = &from},
                                         {.name = "--header", .letter = "-H", .words = &fields},
                                         {.name = NULL}};
    struct cli_words        request;
    if (!cli_options_read(args, options, "the request", &request))
        return CLI_USAGE;
    if (request.count > 1) {
        cli_complain("one request at a time, in quotes: 'GET /path'");
        return CLI_USAGE;
    }
    int            code;
    struct config *c = cli_load(file, &code);
    if (c == NULL)
        return code;
    code = print_explanation(
        c, &(struct explain_question){
               .request = request.at[0], .from = from, .fields = fields.at, .field_count = fields.count});
    config_free(&c);
    return code;
}

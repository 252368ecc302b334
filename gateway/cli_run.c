// SPDX-License-Identifier: Apache-2.0
// cli_run: `run`, from a file or from --to. The latter writes the file that the operator did not, shows it,
// and loads it like any other: there is no second way into the gateway.
#include "gateway/cli_commands.h"
#include <stdio.h>
#include <unistd.h>

#define TEXT_BYTES (16u * 1024u)
#define DEV_CERTIFICATE "./portcullis-dev.pem"

struct run_options {
    const char *file;
    const char *to;
    const char *listen;
    bool        tls_dev;
};

static void put_string(struct bytes_out *out, const char *text)
{
    out_char(out, '"');
    out_json(out, bytes_of(text));
    out_char(out, '"');
}

static void put_short_form(struct bytes_out *out, const struct run_options *o)
{
    out_text(out, "  \"listen\": ");
    put_string(out, o->listen == NULL ? ":8080" : o->listen);
    out_text(out, ",\n  \"upstream\": ");
    put_string(out, o->to);
    out_text(out, "\n");
}

static void put_long_form(struct bytes_out *out, const struct run_options *o)
{
    out_text(out, "  \"version\": 1,\n  \"listen\": [{ \"address\": ");
    put_string(out, o->listen == NULL ? ":8443" : o->listen);
    out_text(out, ", \"tls\": { \"cert\": \"" DEV_CERTIFICATE "\" } }],\n"
                  "  \"upstreams\": { \"app\": { \"servers\": [");
    put_string(out, o->to);
    out_text(out, "] } }\n");
}

static bool make_dev_certificate(void)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "::1"};
    char                     why[CERTIFICATE_WHY_MAX];
    if (access(DEV_CERTIFICATE, F_OK) == 0)
        return true;
    if (certificate_make_dev(hosts, sizeof hosts / sizeof *hosts, DEV_CERTIFICATE, why))
        return true;
    cli_complain("%s", why);
    return false;
}

static struct config *load_from_options(const struct run_options *o, int *exit_r)
{
    char             memory[TEXT_BYTES];
    struct bytes_out out = {.at = memory, .cap = sizeof memory};
    out_text(&out, "// Save this as portcullis.json, and \"portcullis run\" does the same.\n{\n");
    if (o->tls_dev)
        put_long_form(&out, o);
    else
        put_short_form(&out, o);
    out_text(&out, "}\n");
    *exit_r = CLI_USAGE;
    if (out.overflowed) {
        cli_complain("--to or --listen is too long");
        return NULL;
    }
    *exit_r = CLI_FAILED;
    if (o->tls_dev && !make_dev_certificate())
        return NULL;
    (void)fwrite(out.at, 1, out.len, stderr);
    return cli_load_text(out_written(&out), "--to", exit_r);
}

static bool options_fit(const struct run_options *o)
{
    if (o->to != NULL && o->file != NULL)
        cli_complain("either -c or --to");
    else if (o->to == NULL && (o->listen != NULL || o->tls_dev))
        cli_complain("--listen and --tls-dev go together with --to");
    else
        return true;
    return false;
}

int cli_run(char *const args[], cli_serve *serve)
{
    struct run_options      o = {.file = NULL};
    const struct cli_option options[] = {{.name = "--config", .letter = "-c", .text = &o.file},
                                         {.name = "--to", .text = &o.to},
                                         {.name = "--listen", .text = &o.listen},
                                         {.name = "--tls-dev", .flag = &o.tls_dev},
                                         {.name = NULL}};
    struct cli_words        none;
    if (!cli_options_read(args, options, NULL, &none) || !options_fit(&o))
        return CLI_USAGE;
    int            code;
    struct config *c = o.to != NULL ? load_from_options(&o, &code) : cli_load(o.file, &code);
    if (c == NULL)
        return code;
    if (config_resolve(c)) {
        code = serve(c);
    } else {
        cli_print_problems(c);
        code = CLI_FAILED;
    }
    config_free(&c);
    return code;
}

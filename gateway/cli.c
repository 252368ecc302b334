// SPDX-License-Identifier: Apache-2.0
// cli: which command is meant, help, and the commands that need no configuration.
#include "gateway/cli.h"
#include "gateway/cli_commands.h"
#include <stdio.h>

#define DEV_CERTIFICATE "portcullis-dev.pem"

static cli_command cert, version, help;

static const struct command {
    const char  *name;
    cli_command *run;
    const char  *summary;
    const char  *help;
} commands[] = {
    {"run", cli_run, "serve",
     "usage: portcullis run [-c FILE]\n"
     "       portcullis run --to URL [--listen ADDRESS] [--tls-dev]\n\n"
     "Serves until SIGTERM (waits for what runs) or SIGINT (does not).\n\n"
     "  -c, --config FILE   default: ./portcullis.json, then /etc/portcullis/portcullis.json\n"
     "  --to URL            no file: everything goes to this server; prints the file it stands for\n"
     "  --listen ADDRESS    with --to; default :8080, with --tls-dev :8443\n"
     "  --tls-dev           with --to: TLS with ./portcullis-dev.pem, made when it is not there\n"},
    {"check", cli_check, "load a configuration and print what is wrong with it",
     "usage: portcullis check [-c FILE]\n\n"
     "Loads all that run would load, certificates and secrets too, and binds nothing.\n"},
    {"explain", cli_explain, "say what would happen to a request, and why",
     "usage: portcullis explain [-c FILE] 'METHOD URL' [--from IP] [-H 'Name: value']...\n\n"
     "Prints the target as policies see it, the route, every policy's verdict with the line\n"
     "that it comes from, and the answer. No network. A URL alone means GET; a path alone\n"
     "goes to localhost.\n\n"
     "  --from IP                    the TCP peer; default 203.0.113.1\n"
     "  -H, --header 'Name: value'   a field of the request; any number of times\n"},
    {"ban", cli_ban, "list, add and lift bans of the running gateway",
     "usage: portcullis ban list [-c FILE | --socket PATH] [--json]\n"
     "       portcullis ban add PREFIX [--for TIME] [--why TEXT] [-c FILE | --socket PATH]\n"
     "       portcullis ban del PREFIX [-c FILE | --socket PATH]\n\n"
     "Talks to the gateway through admin.socket of its configuration. PREFIX is 192.0.2.7,\n"
     "192.0.2.0/24 or 2001:db8::/32; del wants it as list prints it, and forgets the points\n"
     "that led to the ban.\n\n"
     "  --for TIME          30s, 10m, 1h (default), 7d; 366d at most\n"
     "  --why TEXT          for the list; 63 bytes at most\n"
     "  --json              the list for programs\n"
     "  -c, --config FILE   default: ./portcullis.json, then /etc/portcullis/portcullis.json\n"
     "  --socket PATH       instead of a configuration\n"},
    {"cert", cert, "make a certificate for development",
     "usage: portcullis cert dev HOST... [--out FILE]\n\n"
     "Writes a self-signed certificate and its key, valid for 90 days. Never overwrites.\n\n"
     "  --out FILE   default " DEV_CERTIFICATE "\n"},
    {"version", version, "print the version", "usage: portcullis version\n"},
    {"help", help, "explain a command", "usage: portcullis help [COMMAND]\n"},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static const struct command *find(const char *name)
{
    const char *names[COMMAND_COUNT + 1] = {NULL};
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
        names[i] = commands[i].name;
    }
    const char *near = nearest_name(bytes_of(name), names);
    if (near != NULL)
        cli_complain("unknown command %s: did you mean %s?", name, near);
    else
        cli_complain("unknown command %s: portcullis help lists them", name);
    return NULL;
}

static void print_help(FILE *to)
{
    (void)fputs("Portcullis: a security gateway in front of an app that nobody can change any more\n\n"
                "usage: portcullis COMMAND [OPTIONS]\n\n",
                to);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        (void)fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].summary);
    (void)fputs("\n"
                "examples:\n"
                "  portcullis run --to http://127.0.0.1:9000 --tls-dev\n"
                "  portcullis check -c portcullis.json\n"
                "  portcullis explain 'POST https://erp.example.com/login' --from 203.0.113.9\n\n"
                "portcullis help COMMAND says more. Exit: 0 fine, 1 invalid or failed, 2 wrong usage.\n",
                to);
}

static int help(char *const args[], cli_serve *serve)
{
    (void)serve;
    if (args[0] == NULL) {
        print_help(stdout);
        return cli_print(BYTES(""));
    }
    const struct command *c = find(args[0]);
    return c == NULL ? CLI_USAGE : cli_print(bytes_of(c->help));
}

static int version(char *const args[], cli_serve *serve)
{
    (void)serve;
    const struct cli_option none[] = {{.name = NULL}};
    struct cli_words        operands;
    if (!cli_options_read(args, none, NULL, &operands))
        return CLI_USAGE;
    return cli_print(BYTES("portcullis " PORTCULLIS_VERSION "\n"));
}

static int cert(char *const args[], cli_serve *serve)
{
    (void)serve;
    const char             *path = NULL;
    const struct cli_option options[] = {{.name = "--out", .text = &path}, {.name = NULL}};
    struct cli_words        words;
    if (!cli_options_read(args, options, "\"dev\"", &words))
        return CLI_USAGE;
    if (strcmp(words.at[0], "dev") != 0 || words.count == 1) {
        cli_complain("usage: portcullis cert dev HOST... [--out FILE]");
        return CLI_USAGE;
    }
    if (path == NULL)
        path = DEV_CERTIFICATE;
    char why[CERTIFICATE_WHY_MAX];
    if (!certificate_make_dev(words.at + 1, words.count - 1, path, why)) {
        cli_complain("%s", why);
        return CLI_FAILED;
    }
    (void)printf("%s: certificate and key, valid for 90 days\n", path);
    return cli_print(BYTES(""));
}

static bool asks_for_help(char *const args[])
{
    for (; *args != NULL; args++)
        if (strcmp(*args, "--help") == 0 || strcmp(*args, "-h") == 0)
            return true;
    return false;
}

int cli_main(int argc, char **argv, cli_serve *serve)
{
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    char *const *args = argv + 2;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(args, serve);
    if (strcmp(argv[1], "--version") == 0)
        return version(args, serve);
    const struct command *c = find(argv[1]);
    if (c == NULL)
        return CLI_USAGE;
    if (asks_for_help(args))
        return cli_print(bytes_of(c->help));
    return c->run(args, serve);
}

// SPDX-License-Identifier: Apache-2.0
// cli_options: the words behind a command, sorted into options and operands.
#include "gateway/cli_options.h"
#include "policy/document.h"
#include <stdarg.h>
#include <stdio.h>

void cli_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("portcullis: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

static void complain_unknown(struct bytes name, const struct cli_option options[])
{
    const char *names[CLI_OPTIONS_MAX + 1] = {NULL};
    for (size_t i = 0; options[i].name != NULL; i++) {
        ASSERT(i < CLI_OPTIONS_MAX);
        names[i] = options[i].name;
    }
    const char *near = nearest_name(name, names);
    if (near != NULL)
        cli_complain("unknown option %.*s: did you mean %s?", (int)name.len, name.at, near);
    else
        cli_complain("unknown option %.*s", (int)name.len, name.at);
}

static const struct cli_option *find(struct bytes name, const struct cli_option options[])
{
    for (const struct cli_option *o = options; o->name != NULL; o++)
        if (bytes_equal(name, bytes_of(o->name)) ||
            (o->letter != NULL && bytes_equal(name, bytes_of(o->letter))))
            return o;
    return NULL;
}

static bool add_word(struct cli_words *words, const char *word)
{
    if (words->count == CLI_WORDS_MAX) {
        cli_complain("too many words: %u are possible", CLI_WORDS_MAX);
        return false;
    }
    words->at[words->count++] = word;
    return true;
}

static bool take_value(const struct cli_option *o, const char *value)
{
    if (value == NULL) {
        cli_complain("%s needs a value", o->name);
        return false;
    }
    if (o->words != NULL)
        return add_word(o->words, value);
    if (*o->text != NULL) {
        cli_complain("%s is given twice", o->name);
        return false;
    }
    *o->text = value;
    return true;
}

// Reads the option at **args and moves *args to its last word.
static bool read_option(char *const **args, const struct cli_option options[])
{
    const char  *word = **args;
    const char  *equals = word[1] == '-' ? strchr(word, '=') : NULL;
    struct bytes name = bytes_of(word);
    if (equals != NULL)
        name.len = (size_t)(equals - word);
    const struct cli_option *o = find(name, options);
    if (o == NULL) {
        complain_unknown(name, options);
        return false;
    }
    if (o->flag != NULL && equals != NULL) {
        cli_complain("%s takes no value", o->name);
        return false;
    }
    if (o->flag != NULL) {
        *o->flag = true;
        return true;
    }
    if (equals != NULL)
        return take_value(o, equals + 1);
    if ((*args)[1] == NULL)
        return take_value(o, NULL);
    *args += 1;
    return take_value(o, **args);
}

bool cli_options_read(char *const args[], const struct cli_option options[], const char *wanted,
                      struct cli_words *operands_r)
{
    *operands_r = (struct cli_words){.count = 0};
    bool only_operands = false;
    for (; *args != NULL; args++) {
        const char *word = *args;
        if (only_operands || word[0] != '-' || word[1] == '\0') {
            if (!add_word(operands_r, word))
                return false;
        } else if (strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (!read_option(&args, options)) {
            return false;
        }
    }
    if (wanted == NULL && operands_r->count > 0)
        cli_complain("unexpected word: %s", operands_r->at[0]);
    else if (wanted != NULL && operands_r->count == 0)
        cli_complain("%s is missing", wanted);
    else
        return true;
    return false;
}

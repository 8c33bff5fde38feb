/* sedge - the gateway and the commands around it. */
#include <stdio.h>
#include <string.h>

#include "gateway/cmd/cmd.h"

struct verb {
    const char *name;
    int (*run)(const struct cmd_options *options);
    const char
        *options; /* as the usage shows them; each word that begins with '-' is allowed, and FILE */
    const char *help;
};

static const struct verb verbs[] = {
    {"run", cmd_run, "[-c FILE]", "run the gateway in the foreground; log to stderr"},
    {"check", cmd_check, "[-c FILE]", "say all that is wrong or doubtful in a configuration"},
    {"dump", cmd_dump, "[-c FILE] [--set] [--reference]",
     "print the configuration in effect, what the file sets, or every option"},
    {"passwd", cmd_passwd, "[FILE]",
     "hash a password for [user]; read without echo, or from stdin"},
    {"version", cmd_version, "", "print the version"},
    {"help", cmd_help, "", "print this"},
};

static void print_usage(FILE *to)
{
    (void)fputs("usage: sedge COMMAND [OPTIONS]\n\n", to);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        (void)fprintf(to, "  %-8s%-32s %s\n", verbs[i].name, verbs[i].options, verbs[i].help);
    }
    (void)fputs("\nWithout -c: MQTT-SN on udp 0.0.0.0:1884, MQTT on tcp 127.0.0.1:1883.\n"
                "Exit codes: 0 good, 1 a fault, which stderr names, 2 misuse.\n",
                to);
}

int cmd_help(const struct cmd_options *options)
{
    (void)options;
    print_usage(stdout);
    return CMD_GOOD;
}

/* The habits of other programs. */
static const char *verb_meant(const char *word)
{
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        return "help";
    }
    return strcmp(word, "--version") == 0 ? "version" : word;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

/* True when the verb has the option. */
static bool has_option(const struct verb *verb, const char *option)
{
    const char *at = strstr(verb->options, option);

    return at != NULL && at[-1] == '[' && strchr(" ]", at[strlen(option)]) != NULL;
}

/* Reads one option; returns the words it took, 0: it is none of the verb's. */
static int read_option(const struct verb *verb, struct cmd_options *options, char **words)
{
    if (words[0][0] != '-' && options->file == NULL && strstr(verb->options, "[FILE]") != NULL) {
        options->file = words[0];
        return 1;
    }
    if (!has_option(verb, words[0])) {
        return 0;
    }
    if (strcmp(words[0], "-c") == 0 && words[1] != NULL) {
        options->conf = words[1];
        return 2;
    }
    if (strcmp(words[0], "--reference") == 0) {
        options->reference = true;
        return 1;
    }
    if (strcmp(words[0], "--set") == 0) {
        options->set = true;
        return 1;
    }
    return 0;
}

static int misuse(const char *what, const char *word)
{
    (void)fprintf(stderr, "sedge: %s%s%s\n\n", what, word == NULL ? "" : " ",
                  word == NULL ? "" : word);
    print_usage(stderr);
    return CMD_MISUSED;
}

int main(int argc, char **argv)
{
    struct cmd_options options = {.program = argc > 0 ? argv[0] : "sedge"};
    const struct verb *verb = argc < 2 ? NULL : find_verb(verb_meant(argv[1]));
    int at = 2;

    if (argc < 2) {
        return misuse("a command is missing", NULL);
    }
    if (verb == NULL) {
        return misuse("there is no command", argv[1]);
    }
    while (at < argc) {
        int took = read_option(verb, &options, argv + at);

        if (took == 0) {
            return misuse("cannot use", argv[at]);
        }
        at += took;
    }
    return verb->run(&options);
}

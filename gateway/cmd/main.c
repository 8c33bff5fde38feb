/* sedge - the gateway and the commands around it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cmd/cmd.h"

struct verb {
    const char *name;
    int (*run)(const struct cmd_options *options);
    const char *options; /* as the usage shows them; each that begins with '-' is allowed */
    const char *help;
    size_t words; /* that are no options, at most */
    bool asks;    /* the running gateway: -c, --socket and --json are allowed too */
};

/* Deeds of a command, for the usage. */
static const struct {
    int (*run)(const struct cmd_options *options);
    const char *words;
    const char *help;
} deeds[] = {
    {cmd_node, "replace OLD --with NEW", "node or client id NEW has the name OLD from now on"},
    {cmd_node, "accept NAME CLIENT-ID", "that client is the node which [node NAME] waits for"},
    {cmd_node, "accept UID [--name NAME]", "that device on a bus has an address, and the name"},
    {cmd_node, "forget NAME", "its entry, its kept session and what waits for it go"},
    {cmd_upstream, "status [NAME]", "state, url, what waits, what was dropped; of all, or one"},
    {cmd_upstream, "pause NAME", "leave it; what comes waits, until it is resumed or a restart"},
    {cmd_upstream, "resume NAME", "dial it again"},
    {cmd_upstream, "drain NAME", "wait until nothing waits for it"},
    {cmd_upstream, "purge NAME --yes", "drop what waits for it; without --yes say how much"},
    {cmd_upstream, "resend NAME", "send it retained messages once more"},
    {cmd_upstream, "test NAME [--topic TOPIC] [--as-is]",
     "try its way step by step; -c FILE is enough"},
    {cmd_store, "check", "read all of it, say what is damaged; --json"},
    {cmd_store, "stat", "its size and its rows; --json"},
    {cmd_store, "vacuum", "give free pages back to the disk; no gateway may run on it"},
    {cmd_store, "backup FILE", "a copy of this moment, also while the gateway runs"},
};

static const struct verb verbs[] = {
    {"run", cmd_run, "[-c FILE]", "run the gateway in the foreground; log to stderr", 0, false},
    {"status", cmd_status, "", "how the running gateway is", 0, true},
    {"nodes", cmd_nodes, "[--waiting]", "all nodes: state, when seen, queue, address", 0, true},
    {"node", cmd_node, "NAME | DEED", "all of one node, or a deed:", 3, true},
    {"enrol", cmd_enrol, "TIME", "let devices on a bus have an address, for so long", 1, true},
    {"topics", cmd_topics, "[NODE]", "which keys mean which topics", 1, true},
    {"upstream", cmd_upstream, "DEED", "the brokers that messages go up to, a deed:", 2, true},
    {"watch", cmd_watch, "[FILTER] [--node NAME] [-n COUNT]", "live messages, by name", 1, true},
    {"reload", cmd_reload, "", "read the configuration anew: all of it, or nothing", 0, true},
    {"check", cmd_check, "[-c FILE]", "say all that is wrong or doubtful in a configuration", 0,
     false},
    {"doctor", cmd_doctor, "", "is this machine fit for it? ports, devices, disk, clock", 0, true},
    {"ports", cmd_ports, "", "the serial ports of this machine, and how to name them", 0, false},
    {"dump", cmd_dump, "[-c FILE] [--set] [--reference]",
     "print the configuration in effect, what the file sets, or every option", 0, false},
    {"store", cmd_store, "DEED [-c FILE] [--json]", "the store's file, a deed:", 2, false},
    {"passwd", cmd_passwd, "[FILE]", "hash a password for [user]; read without echo, or from stdin",
     1, false},
    {"version", cmd_version, "", "print the version", 0, false},
    {"help", cmd_help, "", "print this", 0, false},
};

static void print_deeds(FILE *to, const struct verb *verb)
{
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        if (deeds[i].run == verb->run) {
            (void)fprintf(to, "    %-40s %s\n", deeds[i].words, deeds[i].help);
        }
    }
}

static void print_usage(FILE *to)
{
    (void)fputs("usage: sedge COMMAND [OPTIONS]\n\n", to);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        (void)fprintf(to, "  %-9s%-33s %s\n", verbs[i].name, verbs[i].options, verbs[i].help);
        print_deeds(to, &verbs[i]);
    }
    (void)fputs(
        "\nstatus, nodes, node, topics, upstream, watch, reload and doctor ask the running "
        "gateway; they "
        "take\n"
        "[-c FILE], the configuration it was started with, or [--socket PATH], and [--json].\n"
        "Without -c: MQTT-SN on udp 0.0.0.0:1884, MQTT on tcp 127.0.0.1:1883.\n"
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

/* True when `option` stands in a text such as "[-c FILE] [--json]". */
static bool is_among(const char *options, const char *option)
{
    for (const char *at = strchr(options, '['); at != NULL; at = strchr(at + 1, '[')) {
        size_t len = strcspn(at + 1, " ]");

        if (len == strlen(option) && strncmp(at + 1, option, len) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_option(const struct verb *verb, const char *option)
{
    return is_among(verb->options, option) ||
           (verb->asks && is_among("[-c FILE] [--socket PATH] [--json]", option));
}

/* True when `option` is one of a deed's. */
static bool has_deed_with(const struct verb *verb, const char *option)
{
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        const char *at = deeds[i].run == verb->run ? strstr(deeds[i].words, option) : NULL;

        if (at != NULL && strchr(" ]", at[strlen(option)]) != NULL) {
            return true;
        }
    }
    return false;
}

/* True: `word` is an option without a value, and set. */
static bool read_flag(struct cmd_options *options, const char *word)
{
    const struct {
        const char *name;
        bool *to;
    } flags[] = {{"--reference", &options->reference}, {"--set", &options->set},
                 {"--json", &options->json},           {"--yes", &options->yes},
                 {"--as-is", &options->as_is},         {"--waiting", &options->waiting}};

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(word, flags[i].name) == 0) {
            *flags[i].to = true;
            return true;
        }
    }
    return false;
}

/* True: `word` is an option, `value` is fit for it, and it is set. */
static bool read_value(struct cmd_options *options, const char *word, const char *value)
{
    const struct {
        const char *name;
        const char **to;
    } texts[] = {{"-c", &options->conf},     {"--socket", &options->socket},
                 {"--node", &options->node}, {"--topic", &options->topic},
                 {"--with", &options->with}, {"--name", &options->name}};
    char *end = NULL;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(word, texts[i].name) == 0) {
            *texts[i].to = value;
            return true;
        }
    }
    if (strcmp(word, "-n") != 0 || *value < '1' || *value > '9') {
        return false;
    }
    options->count = strtoull(value, &end, 10);
    return *end == '\0';
}

/* Reads one option or word; returns the words it took, 0: it is none of the verb's. */
static int read_option(const struct verb *verb, struct cmd_options *options, char **words)
{
    if (words[0][0] != '-' || options->words_only) {
        if (options->word_count == verb->words) {
            return 0;
        }
        options->words[options->word_count++] = words[0];
        return 1;
    }
    if (!has_option(verb, words[0]) && !has_deed_with(verb, words[0])) {
        return 0;
    }
    if (read_flag(options, words[0])) {
        return 1;
    }
    return words[1] != NULL && read_value(options, words[0], words[1]) ? 2 : 0;
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
        int took = 0;

        if (strcmp(argv[at], "--help") == 0) {
            return cmd_help(&options);
        }
        if (strcmp(argv[at], "--") == 0 && !options.words_only) {
            options.words_only = true;
            at++;
            continue;
        }
        took = read_option(verb, &options, argv + at);

        if (took == 0) {
            return misuse("cannot use", argv[at]);
        }
        at += took;
    }
    return verb->run(&options);
}

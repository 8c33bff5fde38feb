/* sn-sim - many virtual nodes, for trying, demonstration and load. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <time.h>
#include <unistd.h>

#include "tools/sim/sim.h"

enum { GOOD = 0, CANNOT = 1, FELL_SHORT = 2 };
enum { KEYS_MOST = 64, SETTINGS_MOST = 256, FILE_MOST = 1 << 20 };
enum { HELP = 256, FOR, REPORT, DRAIN, JSON, SEED, SOCKETS, KEYS /* and one for each key */ };

/* A key from the command line, set in every group. */
struct setting {
    size_t row;
    const char *text;
};

struct options {
    const char *host;
    const char *port;
    const char *file;
    struct sim_span span;
    size_t sockets;
    bool json;
    struct setting settings[SETTINGS_MOST];
    size_t count;
};

static noreturn void fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "sn-sim: %s: %s\n", what, why);
    exit(CANNOT);
}

static const struct option globals[] = {
    {"help", no_argument, NULL, HELP},
    {"host", required_argument, NULL, 'h'},
    {"port", required_argument, NULL, 'p'},
    {"for", required_argument, NULL, FOR},
    {"report", required_argument, NULL, REPORT},
    {"drain", required_argument, NULL, DRAIN},
    {"json", no_argument, NULL, JSON},
    {"seed", required_argument, NULL, SEED},
    {"sockets", required_argument, NULL, SOCKETS},
};

enum { GLOBALS = sizeof globals / sizeof globals[0] };

static void help(void)
{
    (void)printf("sn-sim - many virtual MQTT-SN nodes\n\n"
                 "  sn-sim [options] [FILE]\n\n"
                 "  -h HOST              gateway's name or address (127.0.0.1)\n"
                 "  -p PORT              UDP port (1884)\n"
                 "  --for TIME           publish so long; else until messages or Ctrl-C end it\n"
                 "  --report TIME        a line on the way, this often\n"
                 "  --drain TIME         wait at the end for what is still to come (30s)\n"
                 "  --json               the report as one line of JSON\n"
                 "  --seed N             of all that is left to chance\n"
                 "  --sockets N          so many for all nodes, each behind a forwarder\n"
                 "  --help               this\n\n"
                 "The nodes, by options or as key = value below [nodes NAME] in FILE. Texts may\n"
                 "hold %%n the node's id, %%i its number, %%g its group's name. Options beside a\n"
                 "FILE hold for each of its groups.\n\n");
    for (size_t i = 0; i < sim_profile_rows(); i++) {
        struct sim_key key = sim_profile_key(i);

        (void)printf("  --%-13s %-15s %s\n", key.name, key.shape, key.help);
    }
}

/* The options of this file and one for each key. */
static void make_options(struct option *all)
{
    memcpy(all, globals, sizeof globals);
    for (size_t i = 0; i < sim_profile_rows(); i++) {
        all[GLOBALS + i] =
            (struct option){sim_profile_key(i).name, required_argument, NULL, KEYS + (int)i};
    }
    all[GLOBALS + sim_profile_rows()] = (struct option){0};
}

static long time_of(const char *what, const char *text)
{
    long ms = sim_time(text);

    if (ms < 0) {
        fail(what, "no time such as 500ms, 10s, 15m, 1h");
    }
    return ms;
}

static uint64_t number_of(const char *what, const char *text, uint64_t most)
{
    char *end;
    uint64_t value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value > most || *text == '-') {
        fail(what, "no number, or too large");
    }
    return value;
}

static void take_setting(struct options *options, size_t row, const char *text)
{
    if (options->count == SETTINGS_MOST) {
        fail(text, "too many options");
    }
    options->settings[options->count++] = (struct setting){row, text};
}

static void take_option(struct options *options, struct sim *sim, int option, const char *arg)
{
    switch (option) {
    case HELP: help(); exit(GOOD);
    case 'h': options->host = arg; break;
    case 'p':
        (void)number_of("-p", arg, UINT16_MAX);
        options->port = arg;
        break;
    case FOR: options->span.for_ms = time_of("--for", arg); break;
    case REPORT: options->span.report_ms = time_of("--report", arg); break;
    case DRAIN: options->span.drain_ms = time_of("--drain", arg); break;
    case JSON: options->json = true; break;
    case SEED: sim->seed = number_of("--seed", arg, UINT64_MAX); break;
    case SOCKETS: options->sockets = number_of("--sockets", arg, SIM_NODES); break;
    default:
        if (option < KEYS) {
            (void)fprintf(stderr, "see sn-sim --help\n");
            exit(CANNOT);
        }
        take_setting(options, (size_t)(option - KEYS), arg);
        break;
    }
}

static void parse(struct options *options, struct sim *sim, int argc, char **argv)
{
    struct option all[KEYS_MOST];
    int option;

    make_options(all);
    while ((option = getopt_long(argc, argv, "h:p:", all, NULL)) != -1) {
        take_option(options, sim, option, optarg);
    }
    if (optind < argc) {
        options->file = argv[optind++];
    }
    if (optind < argc) {
        fail(argv[optind], "one FILE is enough; see sn-sim --help");
    }
}

/* The caller's to free. */
static char *read_file(const char *name)
{
    FILE *file = fopen(name, "re");
    char *text = malloc(FILE_MOST);
    size_t len;

    if (file == NULL || text == NULL) {
        fail(name, strerror(errno));
    }
    len = fread(text, 1, FILE_MOST, file);
    if (ferror(file) != 0 || len == FILE_MOST) {
        fail(name, len == FILE_MOST ? "is larger than 1 MiB" : strerror(errno));
    }
    text[len] = '\0';
    (void)fclose(file);
    return text;
}

static void set_all(struct sim_group *group, const struct options *options)
{
    const char *why;

    for (size_t i = 0; i < options->count; i++) {
        const struct setting *setting = &options->settings[i];

        why = sim_group_set(group, setting->row, setting->text);
        if (why != NULL) {
            (void)fprintf(stderr, "sn-sim: --%s \"%s\": %s\n", sim_profile_key(setting->row).name,
                          setting->text, why);
            exit(CANNOT);
        }
    }
    why = sim_group_close(group);
    if (why != NULL) {
        fail(group->name, why);
    }
}

static void make_groups(struct sim *sim, const struct options *options, char *text)
{
    long nodes = 0;

    sim->group_count = 1;
    if (text != NULL) {
        sim->group_count = sim_profile_read(sim->groups, options->file, text, stderr);
    } else {
        sim_group_init(&sim->groups[0], "sim");
    }
    if (sim->group_count == 0) {
        exit(CANNOT);
    }
    for (size_t i = 0; i < sim->group_count; i++) {
        set_all(&sim->groups[i], options);
        nodes += sim->groups[i].count;
    }
    if (nodes > SIM_NODES) {
        fail("count", "at most 100000 nodes in all");
    }
}

/* For a seed that nobody chose. */
static uint64_t chance(void)
{
    struct rng rng;

    rng_init(&rng, (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32);
    return rng_next(&rng);
}

static bool fell_short(const struct sim *sim)
{
    for (size_t i = 0; i < sim->count; i++) {
        if (sim->nodes[i].group->qos >= 0 && !sim->nodes[i].connected) {
            return true;
        }
    }
    return sim->counts.missing != 0;
}

int main(int argc, char **argv)
{
    struct options options = {
        .host = "127.0.0.1", .port = "1884", .span = {SIM_OFF, SIM_OFF, 30000}};
    struct sim *sim = calloc(1, sizeof *sim);
    struct sim_group *groups = calloc(SIM_GROUPS, sizeof *groups);
    char *text = NULL;
    const char *why;
    int code;

    if (sim == NULL || groups == NULL) {
        fail("start", strerror(ENOMEM));
    }
    sim->groups = groups;
    sim->seed = chance();
    parse(&options, sim, argc, argv);
    text = options.file == NULL ? NULL : read_file(options.file);
    make_groups(sim, &options, text);
    sim->run = (uint16_t)chance();
    if (!sim_make(sim)) {
        fail("start", strerror(ENOMEM));
    }
    why = sim_net_open(&sim->net, options.host, options.port, sim->count, options.sockets);
    if (why != NULL) {
        fail(options.host, why);
    }
    sim_run(sim, &options.span);
    if (sim->why != NULL) {
        fail("socket", sim->why);
    }
    sim_report(sim, options.json, stdout);
    code = fell_short(sim) ? FELL_SHORT : GOOD;
    sim_net_close(&sim->net);
    sim_free(sim);
    free(sim);
    free(groups);
    free(text);
    return code;
}

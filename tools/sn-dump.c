/* sn-dump - shows MQTT-SN on its way, a line for each packet. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "tools/dump/dump.h"

enum { GOOD = 0, CANNOT = 1, DEFAULT_PORT = 1884, FASTEST = 4000000 };
enum { HELP = 256, PROXY, SERIAL, QUIET };

struct options {
    const char *interface;
    const char *file;
    const char *serial;
    const char *out;
    struct dump_way way; /* proxy, if it has `listen` */
    unsigned long baud;
};

static const struct option options_known[] = {
    {"help", no_argument, NULL, HELP},         {"interface", required_argument, NULL, 'i'},
    {"read", required_argument, NULL, 'r'},    {"write", required_argument, NULL, 'w'},
    {"proxy", required_argument, NULL, PROXY}, {"serial", required_argument, NULL, SERIAL},
    {"baud", required_argument, NULL, 'b'},    {"host", required_argument, NULL, 'h'},
    {"port", required_argument, NULL, 'p'},    {"count", required_argument, NULL, 'c'},
    {"quiet", no_argument, NULL, QUIET},       {NULL, 0, NULL, 0},
};

static void help(void)
{
    (void)printf("sn-dump - show MQTT-SN on its way, a line for each packet\n\n"
                 "  sn-dump -i INTERFACE | --proxy PORT | --serial DEVICE | -r FILE   [options]\n\n"
                 "  -i INTERFACE       capture there, \"any\" for all; needs CAP_NET_RAW\n"
                 "  --proxy PORT       stand between nodes, which send to this port of 127.0.0.1\n"
                 "                     (ADDRESS:PORT for another), and the gateway at -h and -p\n"
                 "  --serial DEVICE    listen to a serial line\n"
                 "  -b BAUD            of the line (115200)\n"
                 "  -r FILE            read a pcap or pcapng file\n"
                 "  -w FILE            write what is shown as pcapng, for Wireshark\n"
                 "  -h HOST            gateway of --proxy (127.0.0.1)\n"
                 "  -p PORT            UDP port of MQTT-SN, up to 8 times (1884)\n"
                 "  -c COUNT           end after so many packets\n"
                 "  --quiet            no lines\n"
                 "  --help             this\n");
}

static noreturn void fail(const char *why)
{
    (void)fprintf(stderr, "sn-dump: %s\n", why);
    exit(CANNOT);
}

static unsigned long number_of(const char *what, const char *text, unsigned long most)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || value == 0 || value > most) {
        (void)fprintf(stderr, "sn-dump: %s: \"%s\" is not a number from 1 to %lu\n", what, text,
                      most);
        exit(CANNOT);
    }
    return value;
}

static void add_port(struct dump *dump, struct options *options, const char *text)
{
    if (dump->port_count == DUMP_PORTS) {
        fail("-p: at most 8 ports");
    }
    dump->ports[dump->port_count++] = (uint16_t)number_of("-p", text, UINT16_MAX);
    options->way.port = text;
}

static void take_option(struct options *options, struct dump *dump, int option, const char *arg)
{
    switch (option) {
    case HELP: help(); exit(GOOD);
    case 'i': options->interface = arg; break;
    case 'r': options->file = arg; break;
    case 'w': options->out = arg; break;
    case PROXY: options->way.listen = arg; break;
    case SERIAL: options->serial = arg; break;
    case 'b': options->baud = number_of("-b", arg, FASTEST); break;
    case 'h': options->way.host = arg; break;
    case 'p': add_port(dump, options, arg); break;
    case 'c': dump->most = number_of("-c", arg, UINT32_MAX); break;
    case QUIET: dump->text = NULL; break;
    default: fail("see sn-dump --help");
    }
}

static void parse(struct options *options, struct dump *dump, int argc, char **argv)
{
    int option;
    int sources;

    while ((option = getopt_long(argc, argv, "i:r:w:b:h:p:c:", options_known, NULL)) != -1) {
        take_option(options, dump, option, optarg);
    }
    sources = (options->interface != NULL) + (options->file != NULL) + (options->serial != NULL) +
              (options->way.listen != NULL);
    if (optind < argc || sources != 1) {
        fail("one of -i, --proxy, --serial and -r is needed; see sn-dump --help");
    }
    if (dump->port_count == 0) {
        dump->ports[dump->port_count++] = DEFAULT_PORT;
    }
}

/* SIGINT and SIGTERM end it in order, so that a file is whole. */
static int watch_signals(void)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    fd = sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC) : -1;
    if (fd < 0) {
        fail(strerror(errno));
    }
    return fd;
}

static void fail_on(const char *name, const char *why)
{
    (void)fprintf(stderr, "sn-dump: %s: %s\n", name, why);
    exit(CANNOT);
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat one;
    struct stat other;

    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

static void open_out(struct dump *dump, const struct options *options)
{
    if (options->out == NULL) {
        return;
    }
    if (options->file != NULL && is_same_file(options->file, options->out)) {
        fail_on(options->out, "is what -r reads; -w must be another file");
    }
    dump->file = fopen(options->out, "we");
    if (dump->file == NULL) {
        fail_on(options->out, strerror(errno));
    }
}

/* An empty file would be no capture at all. */
static void close_out(struct dump *dump, const char *name)
{
    if (dump->file == NULL) {
        return;
    }
    if (dump->link < 0) {
        dump_file_begin(dump, DUMP_ETHERNET);
    }
    if (ferror(dump->file) != 0) {
        fail_on(name, "not all could be written");
    }
    if (fclose(dump->file) != 0) {
        fail_on(name, strerror(errno));
    }
}

static bool run(struct dump *dump, const struct options *options)
{
    if (options->file != NULL) {
        return dump_from_file(dump, options->file);
    }
    dump->stop = watch_signals();
    if (options->interface != NULL) {
        return dump_from_interface(dump, options->interface);
    }
    if (options->serial != NULL) {
        return dump_from_line(dump, options->serial, options->baud);
    }
    return dump_from_proxy(dump, &options->way);
}

int main(int argc, char **argv)
{
    struct options options = {.way = {NULL, "127.0.0.1", "1884"}, .baud = 115200};
    struct dump *dump = calloc(1, sizeof *dump);
    bool good;

    if (dump == NULL || !talks_init(&dump->talks)) {
        fail(strerror(ENOMEM));
    }
    dump->text = stdout;
    dump->link = -1;
    parse(&options, dump, argc, argv);
    if (options.file == NULL) {
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
    }
    open_out(dump, &options);
    good = run(dump, &options);
    close_out(dump, options.out);
    (void)fflush(stdout);
    if (good || dump->shown != 0) {
        dump_summary(dump, stderr);
    }
    talks_fini(&dump->talks);
    if (!good) {
        fail(dump->why);
    }
    free(dump);
    return GOOD;
}

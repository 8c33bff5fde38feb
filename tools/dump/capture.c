/* Files and interfaces, by libpcap. */
#include <pcap/pcap.h>
#include <poll.h>

#include "tools/dump/dump.h"

enum { BATCH = 64, WAIT_MS = 100 /* where an interface has no descriptor to wait for */ };

static bool explain(struct dump *dump, const char *what, const char *why)
{
    (void)snprintf(dump->why, sizeof dump->why, "%s: %s", what, why);
    return false;
}

static void take(struct dump *dump, pcap_t *pcap, const struct pcap_pkthdr *head,
                 const uint8_t *octets)
{
    uint64_t time_us = (uint64_t)head->ts.tv_sec * 1000000u + (uint64_t)head->ts.tv_usec;

    dump_frame(dump, pcap_datalink(pcap), time_us, span_of(octets, head->caplen), head->len);
}

/* Frames that are there now, at most BATCH. What libpcap says: 1 good, 0 none, below 0 the end. */
static int take_some(struct dump *dump, pcap_t *pcap)
{
    struct pcap_pkthdr *head;
    const uint8_t *octets;
    int result = 1;

    for (int i = 0; i < BATCH && result == 1 && !dump_is_full(dump); i++) {
        result = pcap_next_ex(pcap, &head, &octets);
        if (result == 1) {
            take(dump, pcap, head, octets);
        }
    }
    return result;
}

static bool check_link(struct dump *dump, pcap_t *pcap, const char *name)
{
    if (dump_link_known(pcap_datalink(pcap))) {
        return true;
    }
    (void)snprintf(dump->why, sizeof dump->why, "%s: frames of link type %d (%s) cannot be read",
                   name, pcap_datalink(pcap),
                   pcap_datalink_val_to_description_or_dlt(pcap_datalink(pcap)));
    return false;
}

bool dump_from_file(struct dump *dump, const char *name)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_open_offline(name, error);
    bool good;
    int result = 1;

    if (pcap ==
        NULL) { /* libpcap says the name of what it cannot open, of what it cannot read not */
        return explain(dump, strncmp(error, name, strlen(name)) == 0 ? "cannot open" : name, error);
    }
    good = check_link(dump, pcap, name);
    while (good && result == 1 && !dump_is_full(dump)) {
        result = take_some(dump, pcap);
    }
    if (result == PCAP_ERROR) {
        good = explain(dump, name, pcap_geterr(pcap));
    }
    pcap_close(pcap);
    return good;
}

static bool activate(struct dump *dump, pcap_t *pcap, const char *name)
{
    int result;

    (void)pcap_set_snaplen(pcap, 262144);
    (void)pcap_set_immediate_mode(pcap, 1);
    (void)pcap_set_timeout(pcap, WAIT_MS);
    result = pcap_activate(pcap);
    if (result == PCAP_ERROR_PERM_DENIED) {
        return explain(dump, name,
                       "capturing needs a privilege: run as root, or give the program CAP_NET_RAW "
                       "(setcap cap_net_raw+ep sn-dump); --proxy needs none");
    }
    if (result == PCAP_ERROR) {
        return explain(dump, name, pcap_geterr(pcap));
    }
    return result >= 0 || explain(dump, name, pcap_statustostr(result));
}

/* The kernel passes on only what is ours. */
static bool set_filter(struct dump *dump, pcap_t *pcap, const char *name)
{
    char error[PCAP_ERRBUF_SIZE];
    struct bpf_program program;
    char text[DUMP_PORTS * 24] = "";
    size_t len = 0;
    int result;

    for (size_t i = 0; i < dump->port_count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%sudp port %u",
                                i == 0 ? "" : " or ", dump->ports[i]);
    }
    if (pcap_compile(pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        return explain(dump, name, pcap_geterr(pcap));
    }
    result = pcap_setfilter(pcap, &program);
    pcap_freecode(&program);
    return (result == 0 && pcap_setnonblock(pcap, 1, error) == 0) ||
           explain(dump, name, pcap_geterr(pcap));
}

static bool capture(struct dump *dump, pcap_t *pcap, const char *name)
{
    struct pollfd fds[] = {{.fd = pcap_get_selectable_fd(pcap), .events = POLLIN},
                           {.fd = dump->stop, .events = POLLIN}};
    int wait_ms = fds[0].fd < 0 ? WAIT_MS : -1;

    while (!dump_is_full(dump)) {
        int result;

        (void)poll(fds, 2, wait_ms);
        if (fds[1].revents != 0) {
            break;
        }
        result = take_some(dump, pcap);
        if (result < 0) {
            return explain(dump, name, pcap_geterr(pcap));
        }
    }
    return true;
}

static void tell_drops(pcap_t *pcap)
{
    struct pcap_stat stat;

    if (pcap_stats(pcap, &stat) == 0 && stat.ps_drop != 0) {
        (void)fprintf(stderr, "sn-dump: the kernel dropped %u frames\n", stat.ps_drop);
    }
}

bool dump_from_interface(struct dump *dump, const char *name)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_create(name, error);
    bool good;

    if (pcap == NULL) {
        return explain(dump, name, error);
    }
    good =
        activate(dump, pcap, name) && check_link(dump, pcap, name) && set_filter(dump, pcap, name);
    if (good) {
        (void)fprintf(stderr, "sn-dump: capturing on %s\n", name);
        good = capture(dump, pcap, name);
        tell_drops(pcap);
    }
    pcap_close(pcap);
    return good;
}

#include "gateway/cmd/hello.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/cmd/cmd.h"

#define LINES_MOST 12 /* of listeners, and of upstreams, so that all fits on two screens */
#define ARGS_LEN   128
#define PORT_SN    1884

static void say_listeners(const struct gw_run *run)
{
    const struct conf *conf = run->conf;
    char text[GW_ADDR_TEXT];

    for (size_t i = 0; i < conf->listener_count && i < LINES_MOST; i++) {
        const struct gw_udp *udp = &run->udps[i];

        for (size_t j = 0; j < udp->socket_count; j++) {
            gw_addr_print(&udp->sockets[j].bound, text);
            (void)printf("  listener %-12s MQTT-SN on udp %s\n", conf->listener[i].at.name, text);
        }
        if (run->serials[i].loop != NULL) {
            (void)printf("  listener %-12s MQTT-SN on %s%s\n", conf->listener[i].at.name,
                         conf->listener[i].device,
                         run->serials[i].readable == NULL ? ", not open yet" : "");
        }
    }
    for (size_t i = 0; i < run->tcp.port_count && i < LINES_MOST; i++) {
        gw_addr_print(&run->tcp.ports[i].bound, text);
        (void)printf("  broker   %-12s %s on tcp %s\n", run->tcp.ports[i].conf->at.name,
                     run->tcp.ports[i].door->carries, text);
    }
}

static void say_rest(const struct gw_run *run)
{
    static const char *const schemes[] = {
        [CONF_MQTT] = "mqtt", [CONF_MQTTS] = "mqtts", [CONF_WS] = "ws", [CONF_WSS] = "wss"};
    const struct conf *conf = run->conf;

    for (size_t i = 0; i < conf->upstream_count && i < LINES_MOST; i++) {
        const struct conf_url *url = conf->upstream[i].url.at;
        bool is_v6 = strchr(url->host, ':') != NULL;

        (void)printf("  upstream %-12s %s://%s%s%s:%u\n", conf->upstream[i].at.name,
                     schemes[url->scheme], is_v6 ? "[" : "", url->host, is_v6 ? "]" : "",
                     url->port);
    }
    if (conf->listener_count == 0 && run->tcp.port_count == 0) {
        (void)puts("  nothing: the configuration has no [listener] and no [broker]");
    }
    (void)printf("  store    %s\n", run->store == NULL ? "none, memory only" : conf->store.path);
}

/* The host that a program on this machine uses to reach `bound`. */
static void host_of(const union gw_addr *bound, char host[GW_ADDR_TEXT])
{
    static const struct in6_addr any = {.s6_addr = {0}};
    char *end = NULL;

    gw_addr_print(bound, host);
    if (bound->any.sa_family == AF_INET6) {
        bool is_any = memcmp(&bound->v6.sin6_addr, &any, sizeof any) == 0;

        end = strchr(host, ']');
        memmove(host, is_any ? "::1" : host + 1, is_any ? 4 : (size_t)(end - host));
        host[is_any ? 3 : end - host - 1] = '\0';
    } else if (bound->v4.sin_addr.s_addr == htonl(INADDR_ANY)) {
        (void)snprintf(host, GW_ADDR_TEXT, "127.0.0.1");
    } else {
        end = strrchr(host, ':');
        *end = '\0';
    }
}

static unsigned port_of(const union gw_addr *bound)
{
    return ntohs(bound->any.sa_family == AF_INET6 ? bound->v6.sin6_port : bound->v4.sin_port);
}

/* The first socket that a node on this machine can reach; NULL: there is none. */
static const union gw_addr *first_datagrams(const struct gw_run *run)
{
    for (size_t i = 0; i < run->conf->listener_count; i++) {
        if (run->udps[i].socket_count != 0) {
            return &run->udps[i].sockets[0].bound;
        }
    }
    return NULL;
}

/* The first port that mosquitto_sub reaches without a word about TLS; NULL: there is none. */
static const union gw_addr *first_plain_port(const struct gw_run *run)
{
    for (size_t i = 0; i < run->tcp.port_count; i++) {
        if (run->tcp.ports[i].door->stages == NULL) {
            return &run->tcp.ports[i].bound;
        }
    }
    return NULL;
}

/* " -h HOST -p PORT" where sn-pub would not find the gateway by itself. */
static void args_of(const union gw_addr *bound, char args[ARGS_LEN])
{
    char host[GW_ADDR_TEXT];
    size_t len = 0;

    args[0] = '\0';
    host_of(bound, host);
    if (strcmp(host, "127.0.0.1") != 0) {
        len = (size_t)snprintf(args, ARGS_LEN, " -h %s", host);
    }
    if (port_of(bound) != PORT_SN) {
        (void)snprintf(args + len, ARGS_LEN - len, " -p %u", port_of(bound));
    }
}

static bool is_installed(const char *name)
{
    const char *path = getenv("PATH");
    char file[512];

    while (path != NULL && *path != '\0') {
        size_t len = strcspn(path, ":");

        (void)snprintf(file, sizeof file, "%.*s/%s", (int)len, path, name);
        if (access(file, X_OK) == 0) {
            return true;
        }
        path += len + (path[len] == ':');
    }
    return false;
}

/* Octets of argv[0] before the program's own name: its folder and '/'. */
static int folder_len(const char *program)
{
    const char *slash = strrchr(program, '/');

    return slash == NULL ? 0 : (int)(slash - program + 1);
}

/* Commands that ask this gateway; they find the usual socket by themselves. */
static void say_looks(const struct gw_run *run, const char *program)
{
    const char *path = run->control.path;
    bool usual = strcmp(path, "/run/sedge/sedge.sock") == 0;
    const char *option = usual ? "" : " --socket ";
    static const char *const looks[] = {"watch", "nodes"};

    if (path[0] == '\0') {
        return;
    }
    (void)puts("\nTo see which node said what, live, and which nodes there are:\n");
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        (void)printf("  %s %s%s%s\n", program, looks[i], option, usual ? "" : path);
    }
}

static void say_commands(const struct gw_run *run, const char *program)
{
    const union gw_addr *nodes = first_datagrams(run);
    const union gw_addr *port = first_plain_port(run);
    char host[GW_ADDR_TEXT];
    char args[ARGS_LEN];

    if (nodes == NULL) {
        return;
    }
    args_of(nodes, args);
    (void)puts("\nTo see a first message, in a second and a third terminal:\n");
    if (port != NULL && is_installed("mosquitto_sub")) {
        host_of(port, host);
        (void)printf("  mosquitto_sub -h %s -p %u -t '#' -v\n", host, port_of(port));
    } else {
        (void)printf("  %.*ssn-sub%s -t '#' -v\n", folder_len(program), program, args);
    }
    (void)printf("  %.*ssn-pub%s -t hello/world -m hi\n", folder_len(program), program, args);
    say_looks(run, program);
    (void)puts("\nCtrl-C ends the gateway.\n");
}

void cmd_hello(const struct gw_run *run, const char *program)
{
    (void)printf("\nsedge %s, gateway %s\n\n", SEDGE_VERSION, run->conf->gateway.name);
    say_listeners(run);
    say_rest(run);
    say_commands(run, program);
    (void)fflush(stdout);
}

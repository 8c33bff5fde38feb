/* tests/bench/load.h - what the load generators share: they get ready, wait for a line on stdin,
 * work, print "done MESSAGES SECONDS", and leave when stdin ends. All I/O is on 127.0.0.1. */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LOAD_LIMIT_S 120u /* a run that takes longer is broken */

static inline void load_die(const char *what)
{
    perror(what);
    exit(1);
}

static inline void load_check(int result, const char *what)
{
    if (result < 0) {
        load_die(what);
    }
}

static inline double load_now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static inline struct sockaddr_in load_address(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};

    address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static inline int load_connect(int kind, const char *port)
{
    struct sockaddr_in address = load_address(port);
    int fd = socket(AF_INET, kind, 0);
    int on = 1;

    load_check(fd, "socket");
    load_check(connect(fd, (struct sockaddr *)&address, sizeof address), "connect");
    if (kind == SOCK_STREAM) { /* else what is measured is the generator's waiting */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return fd;
}

/* Says that all is set up, and waits for the word to begin. */
static inline void load_ready(void)
{
    char line[16];

    printf("ready\n");
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL) {
        exit(1);
    }
    alarm(LOAD_LIMIT_S);
}

static inline void load_done(size_t messages, double seconds)
{
    char line[16];

    printf("done %zu %.6f\n", messages, seconds);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
    }
}

#endif

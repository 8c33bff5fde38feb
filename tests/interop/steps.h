/* tests/interop/steps.h - the lines that every program of this folder speaks.
 *
 * A program drives one client library: what it is to do stands on standard input, one line each,
 * and each line has one answer on standard output.
 *
 *   connect VERSION ID clean|kept KEEPALIVE [TOPIC QOS RETAIN TEXT]    connected SESSION-PRESENT
 *   subscribe FILTER QOS                                               subscribed GRANTED
 *   unsubscribe FILTER                                                 unsubscribed
 *   publish TOPIC QOS RETAIN [TEXT]                                    published
 *   burst TOPIC QOS COUNT                                              published
 *   disconnect                                                         disconnected
 *
 * ID `-` is the empty one; what follows KEEPALIVE is the will. `burst` sends the texts 0 to COUNT-1
 * without waiting between them. `published` is said when every handshake is over. Any line may be
 * answered by `refused WHY`, by the library itself or by the broker. Beside the answers come:
 *
 *   message TOPIC QOS RETAIN TEXT
 *   lost                                       the connection ended, and nobody had asked for it
 *
 * Programs in C are called as PROGRAM PORT [again], toward loopback; with `again` the library is
 * left to come back by itself after `lost`. This header gives them the reading of lines, and a
 * place where the thread of a library leaves its answers.
 */
#ifndef TESTS_INTEROP_STEPS_H
#define TESTS_INTEROP_STEPS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct steps_note {
    const char *topic;
    const char *text;
    int qos;
    int retain;
};

struct steps_wish {
    struct steps_note will; /* topic NULL: none */
    const char *id;         /* never NULL */
    int version;            /* 3, 4 or 5 */
    int keepalive_s;
    bool clean;
};

/* What a library is asked for. Each returns what its answer says, or a negative number: refused. */
struct steps_verbs {
    int (*connect)(void *client, const struct steps_wish *wish);
    int (*subscribe)(void *client, const char *filter, int qos);
    int (*unsubscribe)(void *client, const char *filter);
    int (*send)(void *client, const struct steps_note *note);
    int (*settle)(void *client); /* waits until nothing that was sent is open */
    int (*disconnect)(void *client);
};

/* How one program was called. */
struct steps_call {
    int port;
    bool again;
};

/* Ends the program with a line when the words make no sense. */
struct steps_call steps_call(int argc, char **argv);

/* Obeys standard input to its end; returns the exit code. */
int steps_run(const struct steps_verbs *verbs, void *client);

/* From any thread. */
void steps_say_message(const struct steps_note *note, size_t len);
void steps_say_lost(void);

/* Filled in by a library's thread, awaited by ours. */
struct steps_inbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int value;
    bool full;
    int open; /* sent, and not acknowledged */
};

void steps_inbox_init(struct steps_inbox *box);
void steps_inbox_empty(struct steps_inbox *box);
/* The first value after an emptying stays. */
void steps_inbox_put(struct steps_inbox *box, int value);
int steps_inbox_wait(struct steps_inbox *box);
void steps_inbox_open(struct steps_inbox *box, int by);
/* Until nothing is open, or a negative value was put; returns that or 0. */
int steps_inbox_settle(struct steps_inbox *box);

#endif

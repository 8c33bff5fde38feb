/* gateway/edge/thread.h - a thread beside the loop. Signals are the loop's: it gets none. */
#ifndef GATEWAY_EDGE_THREAD_H
#define GATEWAY_EDGE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define GW_THREAD_STACK ((size_t)256 * 1024) /* octets */

/* False: the system has no thread for us. Ended by pthread_join. */
bool gw_thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

#endif

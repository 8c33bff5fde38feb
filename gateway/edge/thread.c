#include "gateway/edge/thread.h"

#include <signal.h>
#include <stddef.h>

bool gw_thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    bool started = false;

    (void)sigfillset(&all);
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    (void)pthread_attr_setstacksize(&attributes, GW_THREAD_STACK);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(thread, &attributes, run, arg) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return started;
}

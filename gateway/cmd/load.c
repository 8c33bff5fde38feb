#include <stdio.h>

#include "base/pool.h"
#include "config/load.h"
#include "gateway/cmd/cmd.h"
#include "gateway/edge/release.h"

#define ROOM_LEAST ((size_t)64 * 1024)
#define ROOM_MOST  ((size_t)256 * 1024 * 1024)

/* Grows the room until all fits, so that small outputs cost little. */
static bool print_to(FILE *to, void (*print)(const void *arg, struct writer *w), const void *arg)
{
    for (size_t size = ROOM_LEAST; size <= ROOM_MOST; size *= 4) {
        uint8_t *room = reserve(size);
        struct writer w = writer_of(room, room == NULL ? 0 : size);
        bool done = false;

        print(arg, &w);
        done = !w.bad && fwrite(room, 1, written(&w), to) == written(&w) && fflush(to) == 0;
        release(room);
        if (done || !w.bad) {
            return done;
        }
    }
    return false;
}

bool cmd_print(void (*print)(const void *arg, struct writer *w), const void *arg)
{
    return print_to(stdout, print, arg);
}

static void print_report(const void *arg, struct writer *w)
{
    conf_report_print(arg, w);
}

struct conf *cmd_load(const char *path, bool forgive, bool *has_notes)
{
    struct conf_report report = {0};
    struct conf *conf = conf_load(path, &report);

    if (conf != NULL) {
        gw_release_check(conf, &report, forgive);
    }
    (void)print_to(stderr, print_report, &report);
    *has_notes = report.notes != 0;
    if (report.errors != 0) {
        conf_free(conf);
        conf = NULL;
    }
    conf_report_fini(&report);
    return conf;
}

/* A text that reads as a configuration prints, and what is printed reads and prints the same. */
#include <stdlib.h>

#include "base/bytes.h"
#include "config/print.h"

#define ROOM (1u << 22)

/* NOLINTNEXTLINE(readability-identifier-naming): the name that the fuzzer calls */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Prints `conf` into `room`; aborts if it does not fit. */
static struct span printed(const struct conf *conf, enum conf_print_what what, uint8_t *room)
{
    struct writer w = writer_of(room, room == NULL ? 0 : ROOM);

    conf_print(conf, what, &w);
    if (w.bad) {
        abort();
    }
    return span_of(w.start, written(&w));
}

static struct conf *read_text(struct span text)
{
    struct conf_source source = {"fuzz", text};
    struct conf_report report = {0};
    struct conf *conf = conf_read(&source, 1, NULL, &report);

    conf_report_fini(&report);
    return conf;
}

static void try_again(const struct conf *conf, enum conf_print_what what)
{
    uint8_t *rooms[2] = {malloc(ROOM), malloc(ROOM)};
    struct span first = printed(conf, what, rooms[0]);
    struct conf *again = read_text(first);
    struct span second = {NULL, 0};

    if (again == NULL) {
        abort();
    }
    second = printed(again, what, rooms[1]);
    if (!span_equal(first, second)) {
        abort();
    }
    conf_free(again);
    free(rooms[0]);
    free(rooms[1]);
}

/* NOLINTNEXTLINE(readability-identifier-naming): as above */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf *conf = size > ROOM / 64 ? NULL : read_text(span_of(data, size));

    if (conf != NULL) {
        try_again(conf, CONF_PRINT_SET);
        try_again(conf, CONF_PRINT_ALL);
        conf_free(conf);
    }
    return 0;
}

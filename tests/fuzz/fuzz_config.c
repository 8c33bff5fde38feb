/* A text that reads as a configuration prints, and what is printed reads and prints the same. */
#include <stdlib.h>

#include "base/bytes.h"
#include "config/print.h"

#define ROOM (1u << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Prints `conf` into memory of the caller's to free; aborts if it does not fit. */
static struct span printed(const struct conf *conf, enum conf_print_what what)
{
    struct writer w = writer_of(malloc(ROOM), ROOM);

    conf_print(conf, what, &w);
    if (w.start == NULL || w.bad) {
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
    struct span first = printed(conf, what);
    struct conf *again = read_text(first);
    struct span second = {NULL, 0};

    if (again == NULL) {
        abort();
    }
    second = printed(again, what);
    if (!span_equal(first, second)) {
        abort();
    }
    conf_free(again);
    free((void *)(uintptr_t)first.at);
    free((void *)(uintptr_t)second.at);
}

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

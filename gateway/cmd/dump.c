#include "config/print.h"
#include "gateway/cmd/cmd.h"

static void print_set(const void *arg, struct writer *w)
{
    conf_print(arg, CONF_PRINT_SET, w);
}

static void print_all(const void *arg, struct writer *w)
{
    conf_print(arg, CONF_PRINT_ALL, w);
}

static void print_reference(const void *arg, struct writer *w)
{
    (void)arg;
    conf_reference(w);
}

int cmd_dump(const struct cmd_options *options)
{
    bool has_notes = false;
    bool good = false;
    struct conf *conf = NULL;

    if (options->reference) {
        return cmd_print(print_reference, NULL) ? CMD_GOOD : CMD_FAULT;
    }
    conf = cmd_load(options->conf, true, &has_notes);
    if (conf == NULL) {
        return CMD_FAULT;
    }
    good = cmd_print(options->set ? print_set : print_all, conf);
    conf_free(conf);
    return good ? CMD_GOOD : CMD_FAULT;
}

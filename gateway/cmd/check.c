#include <stdio.h>

#include "gateway/cmd/cmd.h"

int cmd_check(const struct cmd_options *options)
{
    bool has_notes = false;
    struct conf *conf = cmd_load(options->conf, true, &has_notes);

    if (conf == NULL) {
        return CMD_FAULT;
    }
    (void)printf("%s: good%s\n",
                 options->conf == NULL ? "the built-in configuration" : options->conf,
                 has_notes ? ", with the notes above" : "");
    conf_free(conf);
    return CMD_GOOD;
}

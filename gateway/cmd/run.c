#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "gateway/cmd/cmd.h"
#include "gateway/cmd/hello.h"

int cmd_run(const struct cmd_options *options)
{
    bool has_notes = false;
    struct conf *conf = cmd_load(options->conf, false, &has_notes);
    struct gw_run *run = calloc(1, sizeof *run);
    struct gw_fault fault = {""};
    bool good = false;

    if (conf == NULL || run == NULL) {
        conf_free(conf);
        free(run);
        return CMD_FAULT;
    }
    (void)umask(077);
    good = gw_run_start(run, conf, options->conf, &fault);
    if (good) {
        if (!run->log.journal) {
            cmd_hello(run, options->program);
        }
        gw_log(&run->log, CONF_INFO, "sedge", "ready");
        gw_run_serve(run);
    } else {
        (void)fprintf(stderr, "sedge: %s\n", fault.text);
    }
    gw_run_stop(run);
    free(run);
    return good ? CMD_GOOD : CMD_FAULT;
}

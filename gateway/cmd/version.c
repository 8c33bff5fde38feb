#include <stdio.h>

#include "gateway/cmd/cmd.h"

int cmd_version(const struct cmd_options *options)
{
    (void)options;
    return puts("sedge " SEDGE_VERSION) < 0 ? CMD_FAULT : CMD_GOOD;
}

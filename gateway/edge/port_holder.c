/* Who has a port open: a look into /proc, which shows the processes we may see. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/edge/port_parts.h"

#define NAME_LEN 300

/* How often `folder` (/proc/PID/fd) names `path`. */
static unsigned count_links(const char *folder, const char *path)
{
    DIR *dir = opendir(folder);
    struct dirent *entry = NULL;
    unsigned count = 0;

    if (dir == NULL) {
        return 0;
    }
    while ((entry = readdir(dir)) != NULL) {
        char target[PATH_MAX];
        ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

        if (len > 0 && (size_t)len == strlen(path) && memcmp(target, path, (size_t)len) == 0) {
            count++;
        }
    }
    (void)closedir(dir);
    return count;
}

pid_t gw_port_holder(const char *path)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry = NULL;
    pid_t holder = 0;

    while (dir != NULL && holder == 0 && (entry = readdir(dir)) != NULL) {
        char folder[NAME_LEN];
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

        if (!isdigit((unsigned char)entry->d_name[0])) {
            continue;
        }
        (void)snprintf(folder, sizeof folder, "/proc/%s/fd", entry->d_name);
        /* We have it open once ourselves, to try its lock. */
        if (count_links(folder, path) > (pid == getpid() ? 1u : 0u)) {
            holder = pid;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return holder;
}

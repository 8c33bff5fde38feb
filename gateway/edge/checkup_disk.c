/* gateway/edge/checkup_disk.c - the folder, the disk and the file of the store. */
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "gateway/edge/checkup.h"
#include "gateway/edge/store_tend.h"

/* The nearest folder above `path` that is there. */
static void folder_of(const char *path, char room[PATH_MAX])
{
    char *slash = NULL;

    (void)snprintf(room, PATH_MAX, "%s", path);
    do {
        slash = strrchr(room, '/');
        if (slash == NULL) {
            (void)snprintf(room, PATH_MAX, ".");
        } else {
            slash[slash == room ? 1 : 0] = '\0';
        }
    } while (access(room, F_OK) != 0 && strcmp(room, "/") != 0 && strcmp(room, ".") != 0);
}

static const char *user_name(void)
{
    const struct passwd *user = getpwuid(geteuid());

    return user == NULL ? "this user" : user->pw_name;
}

/* False: it was told what is wrong. */
static bool check_rights(const struct gw_checkup *checkup, const char *path, const char *folder)
{
    struct gw_finding finding = {.advice = ""};
    const char *what = access(path, F_OK) == 0 ? path : folder;

    if (access(what, W_OK) == 0) {
        return true;
    }
    gw_finding_say(&finding, "the store %s cannot be written: %s", path, strerror(errno));
    if (errno == EROFS) {
        gw_finding_advise(&finding, "the file system is read-only: `dmesg` may say why (a worn SD "
                                    "card does that); `mount -o remount,rw` is a try");
    } else {
        gw_finding_advise(&finding, "run `chown -R %s %s`, or write [store] path", user_name(),
                          what);
    }
    gw_checkup_tell(checkup, GW_FINDING_WRONG, "disk", &finding);
    return false;
}

static void check_room(const struct gw_checkup *checkup, const char *folder)
{
    struct gw_finding finding = {.advice = ""};
    const struct conf_store *store = &checkup->conf->store;
    struct statvfs disk;
    struct statfs kind;
    uint64_t left = 0;

    if (statvfs(folder, &disk) != 0 || statfs(folder, &kind) != 0) {
        return;
    }
    left = (uint64_t)disk.f_bavail * disk.f_frsize;
    gw_finding_say(&finding, "%llu MiB left at %s, [store] max is %llu MiB, min_free %llu MiB",
                   (unsigned long long)(left >> 20), folder, (unsigned long long)(store->max >> 20),
                   (unsigned long long)(store->min_free >> 20));
    if (left < store->min_free) {
        gw_finding_advise(&finding, "make room: below min_free nothing new is acknowledged");
        gw_checkup_tell(checkup, GW_FINDING_WRONG, "disk", &finding);
    } else if (kind.f_type == TMPFS_MAGIC || kind.f_type == RAMFS_MAGIC) {
        gw_finding_advise(&finding, "it is a file system in memory: what is acknowledged is gone "
                                    "with the power; write another [store] path");
        gw_checkup_tell(checkup, GW_FINDING_DOUBTFUL, "disk", &finding);
    } else if (left < store->max + store->min_free) {
        gw_finding_advise(&finding, "the disk will be full before the store is: lower [store] max");
        gw_checkup_tell(checkup, GW_FINDING_DOUBTFUL, "disk", &finding);
    } else {
        gw_checkup_tell(checkup, GW_FINDING_GOOD, "disk", &finding);
    }
}

static void check_file(const struct gw_checkup *checkup, const char *path)
{
    struct gw_finding finding = {.advice = ""};
    struct gw_fault fault = {""};
    struct gw_tend_stat stat;
    struct gw_tend tend;
    bool good = gw_tend_open(&tend, path, false, &fault);

    if (good) {
        good = gw_tend_stat(&tend, &stat, &fault);
        gw_tend_close(&tend);
    }
    if (good) {
        gw_finding_say(&finding, "the store %s: version %llu, %llu KiB in use", path,
                       (unsigned long long)stat.version, (unsigned long long)(stat.used >> 10));
        gw_checkup_tell(checkup, GW_FINDING_GOOD, "disk", &finding);
        return;
    }
    gw_finding_say(&finding, "%s", fault.text);
    gw_finding_advise(&finding, "`sedge store check` says more");
    gw_checkup_tell(checkup, GW_FINDING_WRONG, "disk", &finding);
}

void gw_checkup_disk(const struct gw_checkup *checkup)
{
    const char *path = checkup->conf->store.path;
    struct gw_finding finding = {.advice = ""};
    char folder[PATH_MAX];

    if (strcmp(path, "none") == 0) {
        gw_finding_say(&finding, "[store] path = none: nothing survives a restart");
        gw_checkup_tell(checkup, GW_FINDING_LEFT_OUT, "disk", &finding);
        return;
    }
    folder_of(path, folder);
    if (!check_rights(checkup, path, folder)) {
        return;
    }
    check_room(checkup, folder);
    if (access(path, F_OK) == 0) {
        check_file(checkup, path);
    }
}

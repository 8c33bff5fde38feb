/* tests/edge/store_home.h - a folder of its own for each test's store in SQLite. */
#ifndef TESTS_EDGE_STORE_HOME_H
#define TESTS_EDGE_STORE_HOME_H

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/edge/store_changes.h"

#define MAX_OCTETS (UINT64_C(64) * 1024 * 1024)

static struct gw_store *try_to_open(const struct store_home *home, struct gw_fault *note,
                                    struct gw_fault *fault)
{
    struct gw_store_setup setup = {.path = home->path, .max = MAX_OCTETS};

    return gw_store_open(&setup, note, fault);
}

static struct gw_store *open_home(struct store_home *home)
{
    struct gw_fault note = {""};
    struct gw_fault fault = {""};
    struct gw_store *store = try_to_open(home, &note, &fault);

    if (store == NULL) {
        fail_msg("%s", fault.text);
    }
    assert_string_equal(note.text, "");
    return store;
}

static void wait_home(struct gw_store *store)
{
    struct pollfd fd = {.fd = gw_store_fd(store), .events = POLLIN};

    assert_int_equal(poll(&fd, 1, 10000), 1);
}

static int make_home(void **state)
{
    struct store_home *home = calloc(1, sizeof *home);
    char folder[] = "build/test-store-XXXXXX";

    (void)mkdir("build", 0777);
    assert_non_null(mkdtemp(folder));
    snprintf(home->path, sizeof home->path, "%s/state/sedge.db", folder);
    home->open = open_home;
    home->wait = wait_home;
    *state = home;
    return 0;
}

static int remove_home(void **state)
{
    struct store_home *home = *state;
    char command[256];

    snprintf(command, sizeof command, "rm -rf \"$(dirname \"$(dirname '%s')\")\"", home->path);
    assert_int_equal(system(command), 0);
    free(home);
    return 0;
}

#endif

/* tests/sim/test_store.c - the store in virtual time does what the one in SQLite does. */
#include "tests/edge/store_cases.h"
#include "tests/sim/disk.h"

struct home {
    struct store_home is;
    struct sim_disk disk;
};

static struct sim_disk *disk_of_last;

static struct gw_store *open_disk(struct store_home *home)
{
    return sim_store_open(&((struct home *)(void *)home)->disk);
}

static void let_time_pass(struct gw_store *store)
{
    (void)store;
    disk_of_last->now_ms += SIM_COMMIT_MS;
}

static int set_up(void **state)
{
    static struct home home;

    home = (struct home){.is = {.open = open_disk, .wait = let_time_pass}};
    disk_of_last = &home.disk;
    *state = &home;
    return 0;
}

static int tear_down(void **state)
{
    sim_disk_fini(&((struct home *)*state)->disk);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {STORE_CASES(set_up, tear_down)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/map.h"
#include "tests/support.h"

#define ITEMS 500

struct word {
    struct map_item in_map;
    char text[8];
};

static void fill(struct map *map, struct word *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(words[i].text, sizeof words[i].text, "w%zu", i);
        map_add(map, &words[i].in_map, span_of_text(words[i].text));
    }
}

static void what_was_added_is_found_until_it_is_removed(void **state)
{
    static struct word words[ITEMS];
    struct map map;

    (void)state;
    assert_true(map_init(&map, 4, 1)); /* far fewer buckets than items */
    fill(&map, words, ITEMS);
    assert_int_equal(map.count, ITEMS);
    for (size_t i = 0; i < ITEMS; i += 2) {
        map_remove(&map, &words[i].in_map);
    }
    for (size_t i = 0; i < ITEMS; i++) {
        struct word *found =
            MAP_ITEM(map_find(&map, span_of_text(words[i].text)), struct word, in_map);

        assert_ptr_equal(found, i % 2 == 0 ? NULL : &words[i]);
    }
    assert_null(map_find(&map, (struct span){NULL, 0}));
    map_fini(&map);
}

static void a_walk_meets_each_item_once(void **state)
{
    static struct word words[ITEMS];
    struct map map;
    size_t met = 0;

    (void)state;
    assert_true(map_init(&map, 64, 1));
    assert_null(map_next(&map, NULL));
    fill(&map, words, ITEMS);
    for (struct map_item *at = map_next(&map, NULL); at != NULL; at = map_next(&map, at)) {
        struct word *word = MAP_ITEM(at, struct word, in_map);

        assert_true(word->text[0] == 'w');
        word->text[0] = 'x';
        met++;
    }
    assert_int_equal(met, ITEMS);
    map_fini(&map);
}

static void a_walk_may_remove_what_it_has_left(void **state)
{
    static struct word words[ITEMS];
    struct map map;
    struct map_item *at = NULL;

    (void)state;
    assert_true(map_init(&map, 64, 1));
    fill(&map, words, ITEMS);
    at = map_next(&map, NULL);
    while (at != NULL) {
        struct map_item *left = at;

        at = map_next(&map, at);
        map_remove(&map, left);
    }
    assert_int_equal(map.count, 0);
    map_fini(&map);
}

/* SipHash-1-3 under the key 00 01 .. 0f of the octets 00 01 .. (len - 1), for a little-endian
 * machine; the first is of no octets. */
static void the_hash_is_siphash_1_3(void **state)
{
    static const uint64_t seed[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    uint8_t octets[16];

    (void)state;
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)i;
    }
    assert_true(map_hash(seed, span_of(octets, 0)) == UINT64_C(0xabac0158050fc4dc));
    assert_true(map_hash(seed, span_of(octets, 1)) == UINT64_C(0xc9f49bf37d57ca93));
    assert_true(map_hash(seed, span_of(octets, 2)) == UINT64_C(0x82cb9b024dc7d44d));
}

static void another_seed_is_another_hash(void **state)
{
    struct map a;
    struct map b;

    (void)state;
    assert_true(map_init(&a, 1, 1) && map_init(&b, 1, 2));
    assert_true(map_hash(a.seed, span_of_text("x")) != map_hash(b.seed, span_of_text("x")));
    map_fini(&a);
    map_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
        cmocka_unit_test(a_walk_meets_each_item_once),
        cmocka_unit_test(a_walk_may_remove_what_it_has_left),
        cmocka_unit_test(the_hash_is_siphash_1_3),
        cmocka_unit_test(another_seed_is_another_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

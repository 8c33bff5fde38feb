#include "tests/support.h"

#include "base/text.h"
#include "sn/dump.h"
#include "tests/vectors/sn.h"

static void every_vector_has_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sn_vectors); i++) {
        const struct sn_vector *v = &sn_vectors[i];
        uint8_t text[200];
        struct writer w = writer_of(text, sizeof text);

        if (v->text != NULL) {
            sn_dump_packet(&w, &v->packet);
            write_end(&w);
            assert_string_equal((const char *)text, v->text);
        }
    }
}

static void what_does_not_decode_is_shown_in_hexadecimal(void **state)
{
    uint8_t text[100];
    struct writer w = writer_of(text, sizeof text);

    (void)state;
    sn_dump_wire(&w, WIRE_SPAN("\x05\xFE\x00\x0A\x0B\x02\xFF"));
    write_end(&w);
    assert_string_equal((const char *)text,
                        "FORWARD radius 0 node 0a0b: malformed: reserved message type: 02ff");
}

static void a_line_is_cut_where_the_room_ends(void **state)
{
    uint8_t text[8];
    struct writer w = writer_of(text, sizeof text);

    (void)state;
    sn_dump_wire(&w, WIRE_SPAN("\x02\x06"));
    assert_true(w.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_has_its_line),
        cmocka_unit_test(what_does_not_decode_is_shown_in_hexadecimal),
        cmocka_unit_test(a_line_is_cut_where_the_room_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

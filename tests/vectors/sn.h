/* tests/vectors/sn.h - MQTT-SN 1.2 octets written out: what they mean and how they look as text.
 *
 * Shared by the tests of the codec and of the node library, and seeds of the fuzzers. Each is in
 * the form that encoding gives, so that encode(decode(octets)) = octets.
 */
#ifndef TESTS_VECTORS_SN_H
#define TESTS_VECTORS_SN_H

#include <stddef.h>
#include <stdint.h>

#include "sn/frame.h"
#include "sn/packet.h"

#define SN_TEXT(text)                             \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

#define SN_TEN(c)     c c c c c c c c c c
#define SN_HUNDRED(c) SN_TEN(SN_TEN(c))

struct sn_vector {
    const char *text; /* as sn/dump.h writes it */
    struct span wire;
    struct sn_packet packet;
};

/* clang-format off */
static const struct sn_vector sn_vectors[] = {
    {"ADVERTISE gw 7 duration 900", SN_TEXT("\x05\x00\x07\x03\x84"),
     {.type = SN_ADVERTISE, .gw_id = 7, .duration_s = 900}},
    {"SEARCHGW radius 1", SN_TEXT("\x03\x01\x01"),
     {.type = SN_SEARCHGW, .radius = 1}},
    {"GWINFO gw 7", SN_TEXT("\x03\x02\x07"),
     {.type = SN_GWINFO, .gw_id = 7}},
    {"GWINFO gw 7 at c0a80001", SN_TEXT("\x07\x02\x07\xC0\xA8\x00\x01"),
     {.type = SN_GWINFO, .gw_id = 7, .data = SN_TEXT("\xC0\xA8\x00\x01")}},
    {"CONNECT protocol 1 clean duration 60 \"n1\"", SN_TEXT("\x08\x04\x04\x01\x00\x3C" "n1"),
     {.type = SN_CONNECT, .flags = 0x04, .protocol = 1, .duration_s = 60, .data = SN_TEXT("n1")}},
    {"CONNECT protocol 1 will duration 300 \"abcdefghijklmnopqrstuvw\"",
     SN_TEXT("\x1D\x04\x08\x01\x01\x2C" "abcdefghijklmnopqrstuvw"),
     {.type = SN_CONNECT, .flags = 0x08, .protocol = 1, .duration_s = 300,
      .data = SN_TEXT("abcdefghijklmnopqrstuvw")}},
    {"CONNECT protocol 1 duration 0 \"\"", SN_TEXT("\x06\x04\x00\x01\x00\x00"),
     {.type = SN_CONNECT, .protocol = 1}},
    {"CONNACK accepted", SN_TEXT("\x03\x05\x00"),
     {.type = SN_CONNACK}},
    {"CONNACK code 255", SN_TEXT("\x03\x05\xFF"),
     {.type = SN_CONNACK, .code = 255}},
    {"WILLTOPICREQ", SN_TEXT("\x02\x06"),
     {.type = SN_WILLTOPICREQ}},
    {"WILLTOPIC qos 1 retain \"will\"", SN_TEXT("\x07\x07\x30" "will"),
     {.type = SN_WILLTOPIC, .flags = 0x30, .full = true, .data = SN_TEXT("will")}},
    {"WILLTOPIC", SN_TEXT("\x02\x07"),
     {.type = SN_WILLTOPIC}},
    {"WILLMSGREQ", SN_TEXT("\x02\x08"),
     {.type = SN_WILLMSGREQ}},
    {"WILLMSG \"gone\"", SN_TEXT("\x06\x09" "gone"),
     {.type = SN_WILLMSG, .data = SN_TEXT("gone")}},
    {"WILLMSG \"\"", SN_TEXT("\x02\x09"),
     {.type = SN_WILLMSG}},
    {"REGISTER topic 0 msg 1 \"a/b\"", SN_TEXT("\x09\x0A\x00\x00\x00\x01" "a/b"),
     {.type = SN_REGISTER, .msg_id = 1, .data = SN_TEXT("a/b")}},
    {"REGACK topic 1 msg 1 accepted", SN_TEXT("\x07\x0B\x00\x01\x00\x01\x00"),
     {.type = SN_REGACK, .topic_id = 1, .msg_id = 1}},
    {"PUBLISH qos 1 topic 1 msg 2 \"x\"", SN_TEXT("\x08\x0C\x20\x00\x01\x00\x02" "x"),
     {.type = SN_PUBLISH, .flags = 0x20, .topic_id = 1, .msg_id = 2, .data = SN_TEXT("x")}},
    {"PUBLISH qos -1 short \"ab\" msg 0 \"x\"", SN_TEXT("\x08\x0C\x62" "ab" "\x00\x00" "x"),
     {.type = SN_PUBLISH, .flags = 0x62, .topic_id = 0x6162, .data = SN_TEXT("x")}},
    {"PUBLISH qos 1 predefined topic 7 msg 258 \"T=21\"",
     SN_TEXT("\x0B\x0C\x21\x00\x07\x01\x02" "T=21"),
     {.type = SN_PUBLISH, .flags = 0x21, .topic_id = 7, .msg_id = 0x0102, .data = SN_TEXT("T=21")}},
    {"PUBLISH qos 2 dup retain topic 65534 msg 65535 \"\\x00\\xff\"",
     SN_TEXT("\x09\x0C\xD0\xFF\xFE\xFF\xFF\x00\xFF"),
     {.type = SN_PUBLISH, .flags = 0xD0, .topic_id = 0xFFFE, .msg_id = 0xFFFF,
      .data = SN_TEXT("\x00\xFF")}},
    {"PUBLISH qos 0 topic 1 msg 0 \"\"", SN_TEXT("\x07\x0C\x00\x00\x01\x00\x00"),
     {.type = SN_PUBLISH, .topic_id = 1}},
    {NULL, SN_TEXT("\xFF\x0C\x00\x00\x01\x00\x00" /* the longest 1-octet Length: 248 of data */
                   SN_HUNDRED("a") SN_HUNDRED("b") SN_TEN("c") SN_TEN("d") SN_TEN("e") SN_TEN("f")
                   "12345678"),
     {.type = SN_PUBLISH, .topic_id = 1,
      .data = SN_TEXT(SN_HUNDRED("a") SN_HUNDRED("b") SN_TEN("c") SN_TEN("d") SN_TEN("e")
                      SN_TEN("f") "12345678")}},
    {NULL, SN_TEXT("\x01\x01\x02\x0C\x00\x00\x01\x00\x00" /* one more: 249, total 258 */
                   SN_HUNDRED("a") SN_HUNDRED("b") SN_TEN("c") SN_TEN("d") SN_TEN("e") SN_TEN("f")
                   "123456789"),
     {.type = SN_PUBLISH, .topic_id = 1,
      .data = SN_TEXT(SN_HUNDRED("a") SN_HUNDRED("b") SN_TEN("c") SN_TEN("d") SN_TEN("e")
                      SN_TEN("f") "123456789")}},
    {NULL, SN_TEXT("\x01\x01\x35\x0C\x20\x00\x01\x00\x02" /* 300 of data, total 309 */
                   SN_HUNDRED("x") SN_HUNDRED("y") SN_HUNDRED("z")),
     {.type = SN_PUBLISH, .flags = 0x20, .topic_id = 1, .msg_id = 2,
      .data = SN_TEXT(SN_HUNDRED("x") SN_HUNDRED("y") SN_HUNDRED("z"))}},
    {NULL, SN_TEXT("\x01\x01\x34\x0A\x00\x02\x00\x01" SN_HUNDRED("n") SN_HUNDRED("/") SN_HUNDRED("m")),
     {.type = SN_REGISTER, .topic_id = 2, .msg_id = 1,
      .data = SN_TEXT(SN_HUNDRED("n") SN_HUNDRED("/") SN_HUNDRED("m"))}},
    {"PUBACK topic 1 msg 2 accepted", SN_TEXT("\x07\x0D\x00\x01\x00\x02\x00"),
     {.type = SN_PUBACK, .topic_id = 1, .msg_id = 2}},
    {"PUBACK topic 9 msg 0 invalid topic id", SN_TEXT("\x07\x0D\x00\x09\x00\x00\x02"),
     {.type = SN_PUBACK, .topic_id = 9, .code = SN_RC_INVALID_ID}},
    {"PUBCOMP msg 772", SN_TEXT("\x04\x0E\x03\x04"),
     {.type = SN_PUBCOMP, .msg_id = 0x0304}},
    {"PUBREC msg 772", SN_TEXT("\x04\x0F\x03\x04"),
     {.type = SN_PUBREC, .msg_id = 0x0304}},
    {"PUBREL msg 772", SN_TEXT("\x04\x10\x03\x04"),
     {.type = SN_PUBREL, .msg_id = 0x0304}},
    {"SUBSCRIBE qos 1 msg 3 \"a/#\"", SN_TEXT("\x08\x12\x20\x00\x03" "a/#"),
     {.type = SN_SUBSCRIBE, .flags = 0x20, .msg_id = 3, .data = SN_TEXT("a/#")}},
    {"SUBSCRIBE qos 2 dup predefined msg 3 topic 7", SN_TEXT("\x07\x12\xC1\x00\x03\x00\x07"),
     {.type = SN_SUBSCRIBE, .flags = 0xC1, .msg_id = 3, .topic_id = 7}},
    {"SUBSCRIBE qos 0 short msg 3 \"ab\"", SN_TEXT("\x07\x12\x02\x00\x03" "ab"),
     {.type = SN_SUBSCRIBE, .flags = 0x02, .msg_id = 3, .topic_id = 0x6162}},
    {"SUBSCRIBE qos 0 type 3 msg 3 \"ab\"", SN_TEXT("\x07\x12\x03\x00\x03" "ab"),
     {.type = SN_SUBSCRIBE, .flags = 0x03, .msg_id = 3, .data = SN_TEXT("ab")}},
    {"SUBACK qos 1 topic 0 msg 3 accepted", SN_TEXT("\x08\x13\x20\x00\x00\x00\x03\x00"),
     {.type = SN_SUBACK, .flags = 0x20, .msg_id = 3}},
    {"UNSUBSCRIBE msg 4 \"a/#\"", SN_TEXT("\x08\x14\x00\x00\x04" "a/#"),
     {.type = SN_UNSUBSCRIBE, .msg_id = 4, .data = SN_TEXT("a/#")}},
    {"UNSUBSCRIBE predefined msg 4 topic 7", SN_TEXT("\x07\x14\x01\x00\x04\x00\x07"),
     {.type = SN_UNSUBSCRIBE, .flags = 0x01, .msg_id = 4, .topic_id = 7}},
    {"UNSUBACK msg 4", SN_TEXT("\x04\x15\x00\x04"),
     {.type = SN_UNSUBACK, .msg_id = 4}},
    {"PINGREQ \"n1\"", SN_TEXT("\x04\x16" "n1"),
     {.type = SN_PINGREQ, .data = SN_TEXT("n1")}},
    {"PINGREQ \"\"", SN_TEXT("\x02\x16"),
     {.type = SN_PINGREQ}},
    {"PINGRESP", SN_TEXT("\x02\x17"),
     {.type = SN_PINGRESP}},
    {"DISCONNECT duration 600", SN_TEXT("\x04\x18\x02\x58"),
     {.type = SN_DISCONNECT, .full = true, .duration_s = 600}},
    {"DISCONNECT duration 0", SN_TEXT("\x04\x18\x00\x00"),
     {.type = SN_DISCONNECT, .full = true}},
    {"DISCONNECT", SN_TEXT("\x02\x18"),
     {.type = SN_DISCONNECT}},
    {"WILLTOPICUPD qos 2 \"w\"", SN_TEXT("\x04\x1A\x40" "w"),
     {.type = SN_WILLTOPICUPD, .flags = 0x40, .full = true, .data = SN_TEXT("w")}},
    {"WILLTOPICUPD", SN_TEXT("\x02\x1A"),
     {.type = SN_WILLTOPICUPD}},
    {"WILLTOPICRESP not supported", SN_TEXT("\x03\x1B\x03"),
     {.type = SN_WILLTOPICRESP, .code = SN_RC_NOT_SUPPORTED}},
    {"WILLMSGUPD \"bye\"", SN_TEXT("\x05\x1C" "bye"),
     {.type = SN_WILLMSGUPD, .data = SN_TEXT("bye")}},
    {"WILLMSGRESP congestion", SN_TEXT("\x03\x1D\x01"),
     {.type = SN_WILLMSGRESP, .code = SN_RC_CONGESTION}},
    {"FORWARD radius 0 node 0a0b: PINGREQ \"n1\"", SN_TEXT("\x05\xFE\x00\x0A\x0B\x04\x16" "n1"),
     {.type = SN_FORWARD, .node_id = SN_TEXT("\x0A\x0B"), .data = SN_TEXT("\x04\x16" "n1")}},
    {"FORWARD radius 2 node 00: WILLTOPICREQ", SN_TEXT("\x04\xFE\x02\x00\x02\x06"),
     {.type = SN_FORWARD, .radius = 2, .node_id = SN_TEXT("\x00"), .data = SN_TEXT("\x02\x06")}},
};

/* A frame: its octets on the line, and what is in it. */
struct sn_frame_vector {
    struct span wire;
    struct sn_frame frame;
};

/* Made by a second implementation of COBS and CRC-32C. */
static const struct sn_frame_vector sn_frame_vectors[] = {
    {SN_TEXT("\x00\x02\x01\x07\x02\x17\x15\x72\xF3\x76\x00"), /* PINGRESP to node 1 */
     {.addr = 1, .ctrl = 0x00, .payload = SN_TEXT("\x02\x17")}},
    {SN_TEXT("\x00\x06\x01\x80\x08\x0C\x20\x02\x01\x07\x02\x78\x64\x32\xA0\xA3\x00"), /* PUBLISH from node 1 */
     {.addr = 1, .ctrl = 0x80, .payload = SN_TEXT("\x08\x0C\x20\x00\x01\x00\x02\x78")}},
    {SN_TEXT("\x00\x01\x01\x02\x05\x08\x07\x03\x84\xE6\xDB\x11\x66\x00"), /* broadcast ADVERTISE */
     {.addr = 0, .ctrl = 0x00, .payload = SN_TEXT("\x05\x00\x07\x03\x84")}},
    {SN_TEXT("\x00\x07\xF7\xE8\x3C\x60\x7F\xA6\x00"), /* an empty IDLE from node 247 */
     {.addr = 247, .ctrl = 0xE8, .payload = SN_TEXT("")}},
    {SN_TEXT("\x00\x05\x01\x80\x05\xFE\x0B\x0A\x0B\x04\x16\x6E\x31\x0D\xB7\x47\x61\x00"), /* encapsulated */
     {.addr = 1, .ctrl = 0x80, .payload = SN_TEXT("\x05\xFE\x00\x0A\x0B\x04\x16\x6E\x31")}},
};
/* clang-format on */

#endif

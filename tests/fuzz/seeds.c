/* seeds FOLDER - writes the vectors of tests/vectors as files, where the fuzzers begin. */
#include <stdio.h>
#include <sys/stat.h>

#include "tests/vectors/client.h"
#include "tests/vectors/mqtt.h"
#include "tests/vectors/proxy.h"
#include "tests/vectors/sn.h"
#include "tests/vectors/ws.h"

static bool write_seed(const char *folder, const char *name, size_t number, struct span octets)
{
    char path[512];
    FILE *file;
    bool good;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/%s/%zu", folder, name, number);
    file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    good = fwrite(octets.at, 1, octets.len, file) == octets.len;
    return fclose(file) == 0 && good;
}

/* A frame for fuzz_dump: link type, length, then the vector behind `head`. */
static bool write_frame(const char *folder, size_t number, struct span head, struct span packet)
{
    uint8_t octets[2048];
    struct writer w = writer_of(octets, sizeof octets);

    write_u8(&w, head.len == 2 ? 6 : 7); /* USER0 or IPv4, by their places there */
    write_u16(&w, (uint16_t)(head.len + packet.len));
    write_span(&w, head);
    write_span(&w, packet);
    return write_seed(folder, "dump", number, span_of(octets, written(&w)));
}

int main(int argc, char **argv)
{
    static const uint8_t serial[] = {1, 0x80};
    static const uint8_t ipv4[] = {0x45, 0, 0,   64, 0, 0, 0x40, 0,    64, 17, 0, 0,  127, 0,
                                   0,    1, 127, 0,  0, 1, 0x9c, 0x40, 7,  92, 0, 44, 0,   0};
    const char *folder = argc == 2 ? argv[1] : "";
    bool good = argc == 2;

    mkdir(folder, 0755);
    for (size_t i = 0; good && i < COUNT(sn_vectors); i++) {
        good = write_seed(folder, "sn", i, sn_vectors[i].wire);
    }
    for (size_t i = 0; good && i < COUNT(sn_frame_vectors); i++) {
        good = write_seed(folder, "frame", i, sn_frame_vectors[i].wire);
    }
    for (size_t i = 0; good && i < COUNT(mqtt_vectors); i++) {
        good = write_seed(folder, "mqtt", i, mqtt_vectors[i].wire);
    }
    for (size_t i = 0; good && i < COUNT(proxy_vectors); i++) {
        good = write_seed(folder, "proxy", i, proxy_vectors[i]);
    }
    for (size_t i = 0; good && i < COUNT(ws_vectors); i++) {
        good = write_seed(folder, "ws", i, ws_vectors[i]);
    }
    for (size_t i = 0; good && i < COUNT(client_stories); i++) {
        good = write_seed(folder, "client", i, client_stories[i].wire);
    }
    for (size_t i = 0; good && i < COUNT(sn_vectors); i++) {
        good = write_frame(folder, 2 * i, span_of(serial, sizeof serial), sn_vectors[i].wire) &&
               write_frame(folder, 2 * i + 1, span_of(ipv4, sizeof ipv4), sn_vectors[i].wire);
    }
    return good ? 0 : 1;
}

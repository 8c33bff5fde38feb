/* seeds FOLDER - writes the vectors of tests/vectors as files, where the fuzzers begin. */
#include <stdio.h>
#include <sys/stat.h>

#include "tests/vectors/client.h"
#include "tests/vectors/mqtt.h"
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

int main(int argc, char **argv)
{
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
    for (size_t i = 0; good && i < COUNT(ws_vectors); i++) {
        good = write_seed(folder, "ws", i, ws_vectors[i]);
    }
    for (size_t i = 0; good && i < COUNT(client_stories); i++) {
        good = write_seed(folder, "client", i, client_stories[i].wire);
    }
    return good ? 0 : 1;
}

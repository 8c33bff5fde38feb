#include "config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/checks.h"
#include "config/lines.h"
#include "config/reading.h"

#define FILE_OCTETS   (4u << 20) /* of one configuration file */
#define SECRET_OCTETS 65536u     /* of one file of secrets */
#define FILES         256u

/* What is being loaded: the texts of all files. */
struct load {
    struct conf_arena *arena;
    struct conf_report *report;
    const char *path;
    struct conf_source sources[FILES];
    size_t count;
};

static void say(const struct load *load, const char *file, uint64_t line, const char *text)
{
    conf_report_add(load->report, &(struct conf_problem){file, line, "", "", text, false});
}

/* Files */

/* All octets of an open file, at most `most`; {NULL, 0} when it cannot be read or is longer. */
static struct span read_open(struct conf_arena *arena, int fd, size_t most)
{
    uint8_t *octets = conf_arena_take(arena, most + 1);
    size_t len = 0;
    ssize_t got = octets == NULL ? -1 : 1;

    while (got > 0 && len <= most) {
        got = read(fd, octets + len, most + 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    return got < 0 || len > most ? (struct span){NULL, 0} : span_of(octets, len);
}

/* The same by name, in memory of the file's own size. */
static struct span read_file(struct conf_arena *arena, const char *path, size_t most)
{
    struct span text = {NULL, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;

    if (fd < 0) {
        return text;
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (size_t)info.st_size <= most) {
        most = (size_t)info.st_size;
    }
    text = read_open(arena, fd, most);
    (void)close(fd);
    return text;
}

/* "WHAT: why", by errno; `else_what` without one. */
static const char *cause_of(struct conf_arena *arena, const char *what, const char *else_what)
{
    char text[160];
    const char *kept = NULL;

    if (errno != 0) {
        (void)snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
        kept = conf_arena_text(arena, span_of_text(text));
    }
    return errno == 0 ? else_what : kept == NULL ? what : kept;
}

static bool add_file(struct load *load, const char *path)
{
    struct conf_source source = {conf_arena_text(load->arena, span_of_text(path)), {NULL, 0}};

    if (load->count == FILES) {
        say(load, path, 0, "is one file too many");
        return false;
    }
    errno = 0;
    source.text = read_file(load->arena, path, FILE_OCTETS);
    if (source.text.at == NULL) {
        say(load, path, 0, cause_of(load->arena, "cannot be read", "is longer than 4 MiB"));
        return false;
    }
    load->sources[load->count++] = source;
    return true;
}

/* Adds what one `include` names, in name order; relative to the folder of the first file. */
static void add_include(struct load *load, struct span value, uint64_t line)
{
    char path[PATH_MAX] = {0};
    struct writer w = writer_of((uint8_t *)path, sizeof path - 1);
    const char *slash = strrchr(load->path, '/');
    bool is_relative = value.len != 0 && value.at[value.at[0] == '"'] != '/';
    glob_t found = {0};

    if (is_relative && slash != NULL) {
        write_span(&w, span_of(load->path, (size_t)(slash - load->path) + 1));
    }
    if (!conf_unquote(value, &w) || w.bad) {
        return; /* the reader says what is wrong with it */
    }
    if (glob(path, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            (void)add_file(load, found.gl_pathv[i]);
        }
    } else if (strpbrk(path, "*?[") == NULL) {
        say(load, load->path, line, "includes a file that is not there");
    }
    globfree(&found);
}

static void add_includes(struct load *load)
{
    struct conf_lines lines;
    struct conf_line line;
    bool is_gateway = false;

    conf_lines_init(&lines, load->sources[0].text);
    while (conf_lines_next(&lines, &line)) {
        if (line.kind == CONF_LINE_SECTION) {
            is_gateway = span_equal(line.first, span_of_text("gateway"));
        } else if (is_gateway && line.kind == CONF_LINE_PAIR &&
                   span_equal(line.first, span_of_text("include"))) {
            add_include(load, line.second, line.number);
        }
    }
}

/* The machine */

/* The first line of a file without blanks and NUL, or NULL. */
static const char *line_of(struct conf_arena *arena, const char *path)
{
    struct span text = read_file(arena, path, 4096);
    size_t len = 0;

    while (text.at != NULL && len < text.len && text.at[len] > ' ') {
        len++;
    }
    return len == 0 ? NULL : conf_arena_text(arena, span_of(text.at, len));
}

static const char *serial_of(struct conf_arena *arena)
{
    const char *serial = line_of(arena, "/proc/device-tree/serial-number");

    serial = serial != NULL ? serial : line_of(arena, "/sys/class/dmi/id/product_serial");
    return serial != NULL ? serial : line_of(arena, "/etc/machine-id");
}

static const char *store_path(struct conf_arena *arena)
{
    char path[PATH_MAX];
    const char *home = getenv("HOME");

    if (home == NULL || access("/var/lib/sedge", W_OK) == 0) {
        return NULL;
    }
    if (snprintf(path, sizeof path, "%s/.local/state/sedge/sedge.db", home) >= (int)sizeof path) {
        return NULL;
    }
    return conf_arena_text(arena, span_of_text(path));
}

static struct conf_machine this_machine(struct conf_arena *arena)
{
    char name[256] = {0};
    struct conf_machine machine = {.serial = serial_of(arena), .store_path = store_path(arena)};
    bool has_run = access("/run/sedge", W_OK) == 0;

    machine.control_path = has_run ? "/run/sedge/sedge.sock" : NULL;

    if (gethostname(name, sizeof name - 1) == 0 && name[0] != '\0') {
        machine.host_name = conf_arena_text(arena, span_of_text(name));
    }
    machine.environment = (const char *const *)environ;
    return machine;
}

/* A name that every machine of a distribution has tells gateways apart badly. */
static void note_name(const struct conf_reading *reading)
{
    static const char *const usual[] = {"localhost", "debian",  "raspberrypi", "ubuntu",
                                        "alpine",    "openwrt", "OpenWrt",     "raspbian"};
    const struct conf_gateway *gateway = &reading->conf->gateway;

    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (gateway->at.set == 0 && strcmp(gateway->name, usual[i]) == 0) {
            conf_say_of(reading, &gateway->at, "name", true,
                        "is the host name that a distribution gives to every machine");
        }
    }
}

/* Secrets */

struct secret_place {
    const struct conf_reading *reading;
    const struct conf_section *section;
    const struct conf_option *row;
    bool may_run; /* a command is run by who uses it, or refused with better words */
};

static void refuse(const struct secret_place *place, const char *text)
{
    conf_say_of(place->reading, place->section, place->row->key, false, text);
}

/* Of a file its first line, or all of it where many secrets may stand in it. */
static const char *secret_in(const struct secret_place *place, const char *path)
{
    struct conf_arena *arena = place->reading->conf->arena;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    struct span text = {NULL, 0};
    size_t len = 0;

    if (fd < 0 || fstat(fd, &info) != 0) {
        refuse(place, cause_of(arena, "names a file that cannot be read", ""));
    } else if ((info.st_mode & S_IRWXO) != 0) {
        refuse(place, "names a file that others can read: chmod o= FILE");
    } else {
        errno = 0;
        text = read_open(arena, fd, SECRET_OCTETS);
        if (text.at == NULL) {
            refuse(place, cause_of(arena, "names a file that cannot be read",
                                   "names a file that is longer than 64 KiB"));
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    while (text.at != NULL && len < text.len &&
           (place->row->many == CONF_MANY || (text.at[len] != '\n' && text.at[len] != '\r'))) {
        len++;
    }
    return text.at == NULL ? NULL : conf_arena_text(arena, span_of(text.at, len));
}

static void resolve(const struct secret_place *place, struct conf_secret *secret)
{
    if (secret->source == NULL) {
        return;
    }
    if (strncmp(secret->source, "command:", 8) == 0 && !place->may_run) {
        refuse(place, "is a command, which only [upstream] password runs: write file:PATH");
    } else if (strncmp(secret->source, "file:", 5) == 0) {
        secret->text = secret_in(place, secret->source + 5);
    } else if (strncmp(secret->source, "env:", 4) == 0) {
        const char *value = getenv(secret->source + 4);

        if (value == NULL) {
            refuse(place, "names an environment variable that is not set");
            return;
        }
        secret->text = conf_arena_text(place->reading->conf->arena, span_of_text(value));
    }
}

static void resolve_section(const struct conf_reading *reading,
                            const struct conf_section_kind *kind,
                            const struct conf_section *section)
{
    bool may_run = strcmp(kind->name, "upstream") == 0 || strcmp(kind->name, "user") == 0;

    for (const struct conf_option *row = kind->options; row->key != NULL; row++) {
        struct secret_place place = {reading, section, row, may_run};
        struct conf_list list = conf_values_of(section, row);

        for (size_t i = 0; row->kind == CONF_KIND_SECRET && i < list.count; i++) {
            resolve(&place, (struct conf_secret *)list.at + i);
        }
    }
}

static void resolve_all(const struct conf_reading *reading)
{
    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        const struct conf_section_kind *kind = conf_section_kind(i);

        for (size_t j = 0; j < conf_section_count(reading->conf, kind); j++) {
            resolve_section(reading, kind, conf_section_at(reading->conf, kind, j));
        }
    }
}

static struct conf *load_all(struct load *load)
{
    struct conf_machine machine = this_machine(load->arena);
    struct conf_reading reading = {.report = load->report};

    if (load->path != NULL) {
        if (!add_file(load, load->path)) {
            return NULL;
        }
        add_includes(load);
    }
    /* An include that is missing does not hide what else is wrong. */
    reading.conf = conf_read(load->sources, load->count, &machine, load->report);
    if (reading.conf == NULL) {
        return NULL;
    }
    note_name(&reading);
    resolve_all(&reading);
    conf_check_users(&reading);
    if (load->report->errors != 0) {
        conf_free(reading.conf);
        return NULL;
    }
    return reading.conf;
}

struct conf *conf_load(const char *path, struct conf_report *report)
{
    struct load load = {.arena = conf_arena_new(), .report = report, .path = path};
    struct conf *conf = NULL;

    if (load.arena == NULL) {
        say(&load, path == NULL ? "built in" : path, 0, "there is not enough memory");
        return NULL;
    }
    conf = load_all(&load);
    conf_arena_free(load.arena);
    return conf;
}

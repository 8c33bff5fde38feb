#include "gateway/cmd/talk.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/pool.h"
#include "config/load.h"
#include "config/options.h"

#define USUAL      "/run/sedge/sedge.sock"
#define ERRORS_OCT ((size_t)64 * 1024)

/* --- which socket ---------------------------------------------------------------------------- */

static bool is_set(const struct conf *conf, const char *key)
{
    const struct conf_section_kind *kind = conf_section_kind_find(span_of_text("gateway"));
    const struct conf_option *row = conf_option_find(kind, span_of_text(key));

    return (conf->gateway.at.set & conf_option_bit(kind, row)) != 0;
}

/* A service's socket is where it is, also for users who may not write there. */
static const char *path_in(const struct conf *conf)
{
    return !is_set(conf, "control") && access(USUAL, F_OK) == 0 ? USUAL : conf->gateway.control;
}

static void say_errors(const struct conf_report *report)
{
    uint8_t *room = reserve(ERRORS_OCT);
    struct writer w = writer_of(room, room == NULL ? 0 : ERRORS_OCT);

    conf_report_print(report, &w);
    (void)fwrite(room, 1, written(&w), stderr);
    release(room);
    (void)fputs("sedge: the configuration does not say where the gateway is; --socket PATH does\n",
                stderr);
}

/* Fills `path`; false: said why not. */
static bool find_socket(const struct cmd_options *options, char *path, size_t size)
{
    struct conf_report report = {0};
    struct conf *conf = NULL;
    bool found = true;

    if (options->socket != NULL) {
        (void)snprintf(path, size, "%s", options->socket);
        return true;
    }
    conf = conf_load(options->conf, &report);
    if (conf == NULL) {
        say_errors(&report);
        found = false;
    } else if (strcmp(conf->gateway.control, "off") == 0) {
        (void)fputs("sedge: that gateway has no control socket: [gateway] control is off\n",
                    stderr);
        found = false;
    } else {
        (void)snprintf(path, size, "%s", path_in(conf));
    }
    conf_report_fini(&report);
    conf_free(conf);
    return found;
}

/* --- connecting ------------------------------------------------------------------------------ */

static void say_no_permission(const char *path)
{
    struct stat info;
    const struct group *group = stat(path, &info) == 0 ? getgrgid(info.st_gid) : NULL;

    (void)fprintf(stderr, "sedge: %s: no permission; ", path);
    if (group == NULL) {
        (void)fputs("try as root\n", stderr);
    } else {
        (void)fprintf(stderr, "its owner, root and group %s may ask\n", group->gr_name);
    }
}

static int fail_to_connect(const char *path)
{
    if (errno == EACCES || errno == EPERM) {
        say_no_permission(path);
    } else if (errno == ENOENT || errno == ECONNREFUSED) {
        (void)fprintf(stderr,
                      "sedge: no gateway runs at %s; -c FILE, as it was started with, or "
                      "--socket PATH names another\n",
                      path);
    } else {
        (void)fprintf(stderr, "sedge: %s: %s\n", path, strerror(errno));
    }
    return -1;
}

/* The socket, or -1 and errno. */
static int open_socket(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof at.sun_path) {
        errno = ENAMETOOLONG;
    } else {
        memcpy(at.sun_path, path, strlen(path));
    }
    if (fd >= 0 && (at.sun_path[0] == '\0' ||
                    connect(fd, (const struct sockaddr *)(const void *)&at, sizeof at) != 0)) {
        int error = errno;

        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* The socket, or -1 and said why. */
static int connect_to(const char *path)
{
    int fd = open_socket(path);

    return fd < 0 ? fail_to_connect(path) : fd;
}

/* --- asking ---------------------------------------------------------------------------------- */

cJSON *cmd_request(const char *name)
{
    cJSON *request = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(request, "do", name);
    return request;
}

/* A gateway that has no time says so and is gone: what it said is read all the same. */
static void send_request(int fd, const cJSON *request)
{
    char *text = cJSON_PrintUnformatted(request);
    size_t len = text == NULL ? 0 : strlen(text);

    if (text != NULL && send(fd, text, len, MSG_NOSIGNAL | MSG_MORE) == (ssize_t)len) {
        (void)send(fd, "\n", 1, MSG_NOSIGNAL);
    }
    cJSON_free(text);
}

struct talk {
    bool json;
    uint64_t left; /* messages that are wanted still; 0: no end */
    cmd_line *line;
    void *arg;
};

static bool take_line(struct talk *talk, const char *text, const cJSON *line)
{
    bool good = true;

    if (cmd_flag(line, "watching")) {
        (void)fprintf(stderr, "watching; Ctrl-C ends it%s\n",
                      cmd_flag(line, "unknown_node") ? "; no node of that name is known yet" : "");
        return true;
    }
    good = talk->json ? fputs(text, stdout) >= 0 : talk->line(talk->arg, line);
    if (!good || fflush(stdout) != 0) {
        return false;
    }
    return *cmd_text(line, "topic") == '\0' || talk->left == 0 || --talk->left != 0;
}

/* One line of the answer: CMD_GOOD or CMD_FAULT ends it, -1 does not. */
static int read_line(struct talk *talk, const char *text)
{
    cJSON *line = cJSON_Parse(text);
    const char *error = cmd_text(line, "error");
    int code = -1;

    if (line == NULL) {
        (void)fputs("sedge: what answered is no gateway\n", stderr);
        code = CMD_FAULT;
    } else if (*error != '\0') {
        (void)fprintf(stderr, "sedge: %s\n", error);
        code = CMD_FAULT;
    } else if (cmd_flag(line, "end") || !take_line(talk, text, line)) {
        code = CMD_GOOD;
    }
    cJSON_Delete(line);
    return code;
}

static int read_answer(FILE *gateway, struct talk *talk)
{
    char *text = NULL;
    size_t size = 0;
    int code = -1;

    while (code < 0 && getline(&text, &size, gateway) > 0) {
        code = read_line(talk, text);
    }
    free(text);
    if (code < 0) {
        (void)fputs("sedge: the gateway went away\n", stderr);
        code = CMD_FAULT;
    }
    return code;
}

int cmd_ask(const struct cmd_options *options, cJSON *request, cmd_line *line, void *arg)
{
    struct talk talk = {options->json, options->count, line, arg};
    char path[4096] = "";
    int fd = find_socket(options, path, sizeof path) ? connect_to(path) : -1;
    FILE *gateway = fd < 0 ? NULL : fdopen(fd, "r");
    int code = CMD_FAULT;

    if (gateway != NULL) {
        send_request(fd, request);
        code = read_answer(gateway, &talk);
        (void)fclose(gateway);
    }
    cJSON_Delete(request);
    return code;
}

/* One line of an answer; true: there are more. */
static bool peek_line(const char *text, cmd_line *line, void *arg)
{
    cJSON *answer = cJSON_Parse(text);
    bool more = answer != NULL && !cmd_flag(answer, "end") && *cmd_text(answer, "error") == '\0' &&
                line(arg, answer);

    cJSON_Delete(answer);
    return more;
}

int cmd_peek(const struct cmd_options *options, const struct conf *conf, cJSON *request,
             cmd_line *line, void *arg)
{
    const char *path = options->socket != NULL ? options->socket : path_in(conf);
    int fd = open_socket(path);
    FILE *gateway = fd < 0 ? NULL : fdopen(fd, "r");
    int error = errno;
    char *text = NULL;
    size_t size = 0;

    if (gateway != NULL) {
        error = 0;
        send_request(fd, request);
        while (getline(&text, &size, gateway) > 0 && peek_line(text, line, arg)) {
        }
        (void)fclose(gateway);
    }
    free(text);
    cJSON_Delete(request);
    return error;
}

/* --- members --------------------------------------------------------------------------------- */

const char *cmd_text(const cJSON *line, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, key));

    return text == NULL ? "" : text;
}

uint64_t cmd_number(const cJSON *line, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(line, key);

    return cJSON_IsNumber(item) && item->valuedouble > 0 ? (uint64_t)item->valuedouble : 0;
}

bool cmd_flag(const cJSON *line, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, key));
}

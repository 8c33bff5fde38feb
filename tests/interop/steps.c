#include "tests/interop/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_WORDS 9

struct line {
    char *word[STEPS_WORDS]; /* "" when the line is shorter; the last takes the rest */
};

static struct line line_of(char *text, size_t words)
{
    struct line line;

    text[strcspn(text, "\n")] = '\0';
    for (size_t i = 0; i < STEPS_WORDS; i++) {
        size_t len = i + 1 < words ? strcspn(text, " ") : strlen(text);

        line.word[i] = text;
        text += len;
        if (*text != '\0') {
            *text++ = '\0';
        }
    }
    return line;
}

static struct steps_note note_of(char *const *word)
{
    return (struct steps_note){
        .topic = word[0], .qos = atoi(word[1]), .retain = atoi(word[2]), .text = word[3]};
}

static void answer(const char *word, int value, bool with_value)
{
    if (value < 0) {
        printf("refused %d\n", value);
    } else if (with_value) {
        printf("%s %d\n", word, value);
    } else {
        printf("%s\n", word);
    }
}

static void do_connect(const struct steps_verbs *verbs, void *client, const struct line *line)
{
    struct steps_wish wish = {
        .version = atoi(line->word[1]),
        .id = strcmp(line->word[2], "-") == 0 ? "" : line->word[2],
        .clean = strcmp(line->word[3], "clean") == 0,
        .keepalive_s = atoi(line->word[4]),
    };

    if (*line->word[5] != '\0') {
        wish.will = note_of(&line->word[5]);
    }
    answer("connected", verbs->connect(client, &wish), true);
}

static void do_subscribe(const struct steps_verbs *verbs, void *client, const struct line *line)
{
    answer("subscribed", verbs->subscribe(client, line->word[1], atoi(line->word[2])), true);
}

static void do_unsubscribe(const struct steps_verbs *verbs, void *client, const struct line *line)
{
    answer("unsubscribed", verbs->unsubscribe(client, line->word[1]), false);
}

static void do_publish(const struct steps_verbs *verbs, void *client, const struct line *line)
{
    struct steps_note note = note_of(&line->word[1]);
    int sent = verbs->send(client, &note);

    answer("published", sent < 0 ? sent : verbs->settle(client), false);
}

static void do_burst(const struct steps_verbs *verbs, void *client, const struct line *line)
{
    int count = atoi(line->word[3]);
    int sent = 0;

    for (int i = 0; i < count && sent >= 0; i++) {
        char text[16];
        struct steps_note note = {.topic = line->word[1], .qos = atoi(line->word[2]), .text = text};

        (void)snprintf(text, sizeof text, "%d", i);
        sent = verbs->send(client, &note);
    }
    answer("published", sent < 0 ? sent : verbs->settle(client), false);
}

static void do_disconnect(const struct steps_verbs *verbs, void *client, const struct line *line)
{
    (void)line;
    answer("disconnected", verbs->disconnect(client), false);
}

static const struct step {
    const char *name;
    size_t words; /* the last of them may hold spaces */
    void (*act)(const struct steps_verbs *verbs, void *client, const struct line *line);
} steps[] = {
    {"connect", 9, do_connect}, {"subscribe", 3, do_subscribe}, {"unsubscribe", 2, do_unsubscribe},
    {"publish", 5, do_publish}, {"burst", 4, do_burst},         {"disconnect", 1, do_disconnect},
};

static void obey(const struct steps_verbs *verbs, void *client, char *text)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        size_t len = strlen(steps[i].name);

        if (strncmp(text, steps[i].name, len) == 0 && strchr(" \n", text[len]) != NULL) {
            struct line line = line_of(text, steps[i].words);

            steps[i].act(verbs, client, &line);
            return;
        }
    }
    printf("refused: no such step\n");
}

int steps_run(const struct steps_verbs *verbs, void *client)
{
    char *text = NULL;
    size_t size = 0;

    while (getline(&text, &size, stdin) > 0) {
        obey(verbs, client, text);
    }
    free(text);
    return 0;
}

struct steps_call steps_call(int argc, char **argv)
{
    if (argc < 2 || atoi(argv[1]) == 0) {
        (void)fprintf(stderr, "usage: %s PORT [again]\n", argv[0]);
        exit(2);
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    return (struct steps_call){.port = atoi(argv[1]), .again = argc > 2};
}

void steps_say_message(const struct steps_note *note, size_t len)
{
    printf("message %s %d %d %.*s\n", note->topic, note->qos, note->retain, (int)len, note->text);
}

void steps_say_lost(void)
{
    printf("lost\n");
}

void steps_inbox_init(struct steps_inbox *box)
{
    *box = (struct steps_inbox){.lock = PTHREAD_MUTEX_INITIALIZER,
                                .changed = PTHREAD_COND_INITIALIZER};
}

void steps_inbox_empty(struct steps_inbox *box)
{
    pthread_mutex_lock(&box->lock);
    box->full = false;
    pthread_mutex_unlock(&box->lock);
}

void steps_inbox_put(struct steps_inbox *box, int value)
{
    pthread_mutex_lock(&box->lock);
    box->value = box->full ? box->value : value;
    box->full = true;
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
}

int steps_inbox_wait(struct steps_inbox *box)
{
    int value;

    pthread_mutex_lock(&box->lock);
    while (!box->full) {
        pthread_cond_wait(&box->changed, &box->lock);
    }
    value = box->value;
    pthread_mutex_unlock(&box->lock);
    return value;
}

void steps_inbox_open(struct steps_inbox *box, int by)
{
    pthread_mutex_lock(&box->lock);
    box->open += by;
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
}

int steps_inbox_settle(struct steps_inbox *box)
{
    int value;

    pthread_mutex_lock(&box->lock);
    while (box->open > 0 && !(box->full && box->value < 0)) {
        pthread_cond_wait(&box->changed, &box->lock);
    }
    value = box->open > 0 ? box->value : 0;
    box->open = 0;
    pthread_mutex_unlock(&box->lock);
    return value;
}

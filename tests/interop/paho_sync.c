/* Paho C, the synchronous API, by the lines of steps.h. */
#include "tests/interop/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <MQTTClient.h>

#define WAIT_MS 20000

struct client {
    struct steps_call call;
    MQTTClient handle;
    MQTTClient_deliveryToken *tokens; /* of what was sent since the last settling */
    size_t count;
    size_t room;
};

static void on_lost(void *arg, char *why)
{
    (void)arg, (void)why;
    steps_say_lost();
}

static int on_message(void *arg, char *topic, int topic_len, MQTTClient_message *message)
{
    struct steps_note note = {topic, message->payload, message->qos, message->retained};

    (void)arg, (void)topic_len;
    steps_say_message(&note, (size_t)message->payloadlen);
    MQTTClient_freeMessage(&message);
    MQTTClient_free(topic);
    return 1;
}

static void drop(struct client *client)
{
    if (client->handle != NULL) {
        MQTTClient_destroy(&client->handle);
    }
}

static int do_connect(void *arg, const struct steps_wish *wish)
{
    struct client *client = arg;
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
    MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
    char url[32];
    int code;

    drop(client);
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%d", client->call.port);
    code = MQTTClient_create(&client->handle, url, wish->id, MQTTCLIENT_PERSISTENCE_NONE, NULL);
    if (code != MQTTCLIENT_SUCCESS) {
        return code < 0 ? code : -code;
    }
    MQTTClient_setCallbacks(client->handle, client, on_lost, on_message, NULL);
    options.MQTTVersion = wish->version;
    options.keepAliveInterval = wish->keepalive_s;
    options.cleansession = wish->clean;
    options.reliable = 0; /* several messages in flight */
    options.maxInflightMessages = 50;
    will.topicName = wish->will.topic;
    will.message = wish->will.text;
    will.qos = wish->will.qos;
    will.retained = wish->will.retain;
    options.will = wish->will.topic != NULL ? &will : NULL;
    code = MQTTClient_connect(client->handle, &options);
    if (code != MQTTCLIENT_SUCCESS) {
        return code < 0 ? code : -code;
    }
    return options.returned.sessionPresent;
}

static int do_subscribe(void *arg, const char *filter, int qos)
{
    struct client *client = arg;
    char *const filters[] = {strdup(filter)};
    int code = MQTTClient_subscribeMany(client->handle, 1, filters, &qos);

    free(filters[0]);
    if (code != MQTTCLIENT_SUCCESS || qos > 2) {
        return code < 0 ? code : -qos;
    }
    return qos;
}

static int do_unsubscribe(void *arg, const char *filter)
{
    struct client *client = arg;

    return MQTTClient_unsubscribe(client->handle, filter);
}

static int do_send(void *arg, const struct steps_note *note)
{
    struct client *client = arg;

    if (client->count == client->room) {
        client->room = 2 * client->room + 16;
        client->tokens = realloc(client->tokens, client->room * sizeof *client->tokens);
        if (client->tokens == NULL) {
            abort();
        }
    }
    return MQTTClient_publish(client->handle, note->topic, (int)strlen(note->text), note->text,
                              note->qos, note->retain, &client->tokens[client->count++]);
}

static int do_settle(void *arg)
{
    struct client *client = arg;
    int code = MQTTCLIENT_SUCCESS;

    for (size_t i = 0; i < client->count && code == MQTTCLIENT_SUCCESS; i++) {
        code = MQTTClient_waitForCompletion(client->handle, client->tokens[i], WAIT_MS);
    }
    client->count = 0;
    return code;
}

static int do_disconnect(void *arg)
{
    struct client *client = arg;

    return MQTTClient_disconnect(client->handle, WAIT_MS);
}

int main(int argc, char **argv)
{
    static const struct steps_verbs verbs = {do_connect, do_subscribe, do_unsubscribe,
                                             do_send,    do_settle,    do_disconnect};
    struct client client = {.call = steps_call(argc, argv)};
    int code = steps_run(&verbs, &client);

    drop(&client);
    free(client.tokens);
    return code;
}

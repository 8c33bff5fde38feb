/* Paho C, the asynchronous API, by the lines of steps.h; its threads read and reconnect. */
#include "tests/interop/steps.h"

#include <stdio.h>
#include <string.h>

#include <MQTTAsync.h>

struct client {
    struct steps_call call;
    struct steps_inbox inbox;
    MQTTAsync handle;
};

static int refusal(int code)
{
    return code < 0 ? code : -code;
}

static void on_lost(void *arg, char *why)
{
    struct client *client = arg;

    (void)why;
    steps_say_lost();
    if (!client->call.again) {
        steps_inbox_put(&client->inbox, MQTTASYNC_DISCONNECTED);
    }
}

static int on_message(void *arg, char *topic, int topic_len, MQTTAsync_message *message)
{
    struct steps_note note = {topic, message->payload, message->qos, message->retained};

    (void)arg, (void)topic_len;
    steps_say_message(&note, (size_t)message->payloadlen);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void on_failure(void *arg, MQTTAsync_failureData *data)
{
    struct client *client = arg;

    steps_inbox_put(&client->inbox, data != NULL && data->code != 0 ? refusal(data->code) : -1);
}

static void on_connect(void *arg, MQTTAsync_successData *data)
{
    struct client *client = arg;

    steps_inbox_put(&client->inbox, data->alt.connect.sessionPresent);
}

static void on_subscribe(void *arg, MQTTAsync_successData *data)
{
    struct client *client = arg;

    steps_inbox_put(&client->inbox, data->alt.qos > 2 ? -data->alt.qos : data->alt.qos);
}

static void on_done(void *arg, MQTTAsync_successData *data)
{
    struct client *client = arg;

    (void)data;
    steps_inbox_put(&client->inbox, 0);
}

static void on_sent(void *arg, MQTTAsync_successData *data)
{
    struct client *client = arg;

    (void)data;
    steps_inbox_open(&client->inbox, -1);
}

static MQTTAsync_responseOptions response_to(struct client *client, MQTTAsync_onSuccess *success)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;

    options.context = client;
    options.onSuccess = success;
    options.onFailure = on_failure;
    return options;
}

static int answered(struct client *client, int code)
{
    return code == MQTTASYNC_SUCCESS ? steps_inbox_wait(&client->inbox) : refusal(code);
}

static void drop(struct client *client)
{
    if (client->handle != NULL) {
        MQTTAsync_destroy(&client->handle);
    }
}

static int create(struct client *client, const char *id)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    char url[32];

    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%d", client->call.port);
    options.sendWhileDisconnected = client->call.again;
    options.maxBufferedMessages = 1000;
    return MQTTAsync_createWithOptions(&client->handle, url, id, MQTTCLIENT_PERSISTENCE_NONE, NULL,
                                       &options);
}

static int do_connect(void *arg, const struct steps_wish *wish)
{
    struct client *client = arg;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    int code;

    drop(client);
    steps_inbox_empty(&client->inbox);
    code = create(client, wish->id);
    if (code != MQTTASYNC_SUCCESS) {
        return refusal(code);
    }
    MQTTAsync_setCallbacks(client->handle, client, on_lost, on_message, NULL);
    options.MQTTVersion = wish->version;
    options.keepAliveInterval = wish->keepalive_s;
    options.cleansession = wish->clean;
    options.automaticReconnect = client->call.again;
    options.context = client;
    options.onSuccess = on_connect;
    options.onFailure = on_failure;
    will.topicName = wish->will.topic;
    will.message = wish->will.text;
    will.qos = wish->will.qos;
    will.retained = wish->will.retain;
    options.will = wish->will.topic != NULL ? &will : NULL;
    return answered(client, MQTTAsync_connect(client->handle, &options));
}

static int do_subscribe(void *arg, const char *filter, int qos)
{
    struct client *client = arg;
    MQTTAsync_responseOptions response = response_to(client, on_subscribe);

    steps_inbox_empty(&client->inbox);
    return answered(client, MQTTAsync_subscribe(client->handle, filter, qos, &response));
}

static int do_unsubscribe(void *arg, const char *filter)
{
    struct client *client = arg;
    MQTTAsync_responseOptions response = response_to(client, on_done);

    steps_inbox_empty(&client->inbox);
    return answered(client, MQTTAsync_unsubscribe(client->handle, filter, &response));
}

static int do_send(void *arg, const struct steps_note *note)
{
    struct client *client = arg;
    MQTTAsync_responseOptions response = response_to(client, on_sent);
    int code;

    steps_inbox_empty(&client->inbox);
    steps_inbox_open(&client->inbox, 1);
    code = MQTTAsync_send(client->handle, note->topic, (int)strlen(note->text), note->text,
                          note->qos, note->retain, &response);
    if (code != MQTTASYNC_SUCCESS) {
        steps_inbox_open(&client->inbox, -1);
        return refusal(code);
    }
    return 0;
}

static int do_settle(void *arg)
{
    struct client *client = arg;

    return steps_inbox_settle(&client->inbox);
}

static int do_disconnect(void *arg)
{
    struct client *client = arg;
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;

    steps_inbox_empty(&client->inbox);
    options.context = client;
    options.onSuccess = on_done;
    options.onFailure = on_failure;
    return answered(client, MQTTAsync_disconnect(client->handle, &options));
}

int main(int argc, char **argv)
{
    static const struct steps_verbs verbs = {do_connect, do_subscribe, do_unsubscribe,
                                             do_send,    do_settle,    do_disconnect};
    struct client client = {.call = steps_call(argc, argv)};
    int code;

    steps_inbox_init(&client.inbox);
    code = steps_run(&verbs, &client);
    drop(&client);
    return code;
}

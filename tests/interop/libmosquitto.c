/* libmosquitto, by the lines of steps.h; its own thread reads and reconnects. */
#include "tests/interop/steps.h"

#include <string.h>

#include <mosquitto.h>

struct client {
    struct steps_call call;
    struct steps_inbox inbox;
    struct mosquitto *mosq;
};

static void on_connect(struct mosquitto *mosq, void *arg, int code, int flags)
{
    struct client *client = arg;

    steps_inbox_put(&client->inbox, code == 0 ? flags & 1 : -code);
    if (code != 0) {
        mosquitto_disconnect(mosq); /* else its thread tries for ever */
    }
}

static void on_disconnect(struct mosquitto *mosq, void *arg, int code)
{
    struct client *client = arg;

    if (code == 0) {
        steps_inbox_put(&client->inbox, 0);
        return;
    }
    steps_say_lost();
    if (!client->call.again) {
        mosquitto_disconnect(mosq);
        steps_inbox_put(&client->inbox, -code);
    }
}

static void on_subscribe(struct mosquitto *mosq, void *arg, int mid, int count, const int *granted)
{
    struct client *client = arg;

    (void)mosq, (void)mid, (void)count;
    steps_inbox_put(&client->inbox, granted[0] > 2 ? -granted[0] : granted[0]);
}

static void on_unsubscribe(struct mosquitto *mosq, void *arg, int mid)
{
    struct client *client = arg;

    (void)mosq, (void)mid;
    steps_inbox_put(&client->inbox, 0);
}

static void on_publish(struct mosquitto *mosq, void *arg, int mid)
{
    struct client *client = arg;

    (void)mosq, (void)mid;
    steps_inbox_open(&client->inbox, -1);
}

static void on_message(struct mosquitto *mosq, void *arg, const struct mosquitto_message *message)
{
    struct steps_note note = {message->topic, message->payload, message->qos, message->retain};

    (void)mosq, (void)arg;
    steps_say_message(&note, (size_t)message->payloadlen);
}

static struct mosquitto *made(struct client *client, const struct steps_wish *wish)
{
    struct mosquitto *mosq =
        mosquitto_new(*wish->id != '\0' ? wish->id : NULL, wish->clean, client);

    if (mosq == NULL) {
        return NULL;
    }
    mosquitto_int_option(mosq, MOSQ_OPT_PROTOCOL_VERSION, wish->version);
    mosquitto_connect_with_flags_callback_set(mosq, on_connect);
    mosquitto_disconnect_callback_set(mosq, on_disconnect);
    mosquitto_subscribe_callback_set(mosq, on_subscribe);
    mosquitto_unsubscribe_callback_set(mosq, on_unsubscribe);
    mosquitto_publish_callback_set(mosq, on_publish);
    mosquitto_message_callback_set(mosq, on_message);
    if (wish->will.topic != NULL) {
        mosquitto_will_set(mosq, wish->will.topic, (int)strlen(wish->will.text), wish->will.text,
                           wish->will.qos, wish->will.retain != 0);
    }
    return mosq;
}

static void drop(struct client *client)
{
    if (client->mosq != NULL) {
        mosquitto_disconnect(client->mosq);
        mosquitto_loop_stop(client->mosq, false);
        mosquitto_destroy(client->mosq);
        client->mosq = NULL;
    }
}

static int do_connect(void *arg, const struct steps_wish *wish)
{
    struct client *client = arg;
    int code;

    drop(client);
    steps_inbox_empty(&client->inbox);
    client->mosq = made(client, wish);
    if (client->mosq == NULL) {
        return -MOSQ_ERR_INVAL;
    }
    code = mosquitto_connect(client->mosq, "127.0.0.1", client->call.port, wish->keepalive_s);
    if (code != MOSQ_ERR_SUCCESS) {
        return -code;
    }
    mosquitto_loop_start(client->mosq);
    return steps_inbox_wait(&client->inbox);
}

static int do_subscribe(void *arg, const char *filter, int qos)
{
    struct client *client = arg;
    int code;

    steps_inbox_empty(&client->inbox);
    code = mosquitto_subscribe(client->mosq, NULL, filter, qos);
    return code == MOSQ_ERR_SUCCESS ? steps_inbox_wait(&client->inbox) : -code;
}

static int do_unsubscribe(void *arg, const char *filter)
{
    struct client *client = arg;
    int code;

    steps_inbox_empty(&client->inbox);
    code = mosquitto_unsubscribe(client->mosq, NULL, filter);
    return code == MOSQ_ERR_SUCCESS ? steps_inbox_wait(&client->inbox) : -code;
}

static int do_send(void *arg, const struct steps_note *note)
{
    struct client *client = arg;
    int code;

    steps_inbox_empty(&client->inbox);
    steps_inbox_open(&client->inbox, 1);
    code = mosquitto_publish(client->mosq, NULL, note->topic, (int)strlen(note->text), note->text,
                             note->qos, note->retain != 0);
    if (code != MOSQ_ERR_SUCCESS && !(code == MOSQ_ERR_NO_CONN && client->call.again)) {
        steps_inbox_open(&client->inbox, -1);
        return -code;
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
    int code;

    steps_inbox_empty(&client->inbox);
    code = mosquitto_disconnect(client->mosq);
    return code == MOSQ_ERR_SUCCESS ? steps_inbox_wait(&client->inbox) : -code;
}

int main(int argc, char **argv)
{
    static const struct steps_verbs verbs = {do_connect, do_subscribe, do_unsubscribe,
                                             do_send,    do_settle,    do_disconnect};
    struct client client = {.call = steps_call(argc, argv)};
    int code;

    mosquitto_lib_init();
    steps_inbox_init(&client.inbox);
    code = steps_run(&verbs, &client);
    drop(&client);
    mosquitto_lib_cleanup();
    return code;
}

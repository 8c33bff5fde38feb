#include "mqtt/stream.h"

#include "mqtt/packet.h"

#define FIRST 128u /* octets that a cut packet gets at first */

void mqtt_stream_init(struct mqtt_stream *stream, struct budget *budget, size_t max_packet)
{
    *stream = (struct mqtt_stream){.budget = budget, .max_packet = (uint32_t)max_packet};
}

void mqtt_stream_fini(struct mqtt_stream *stream)
{
    block_drop(stream->part);
    stream->part = NULL;
    stream->have = 0;
    stream->large = 0;
    stream->skip = 0;
    stream->whole = false;
    stream->cut = false;
}

void mqtt_stream_wipe(struct mqtt_stream *stream)
{
    if (stream->whole) {
        memset(stream->part->octets, 0, stream->part->len);
        mqtt_stream_fini(stream);
    }
}

bool mqtt_stream_is_partial(const struct mqtt_stream *stream)
{
    return stream->have != 0 && !stream->whole;
}

/* Room for `want` octets: at least doubled, so that a packet is moved a few times only. */
static bool make_room(struct mqtt_stream *stream, size_t want)
{
    size_t size = stream->part == NULL ? FIRST : stream->part->len;
    struct block *moved = NULL;

    if (stream->part != NULL && want <= size) {
        return true;
    }
    while (size < want) {
        size *= 2;
    }
    moved =
        stream->part == NULL ? block_new(stream->budget, size) : block_resize(stream->part, size);
    if (moved == NULL) {
        return false;
    }
    stream->part = moved;
    return true;
}

static bool take(struct mqtt_stream *stream, struct span *octets, size_t count)
{
    if (count > octets->len) {
        count = octets->len;
    }
    if (count == 0) {
        return true;
    }
    if (!make_room(stream, stream->have + count)) {
        return false;
    }
    memcpy(stream->part->octets + stream->have, octets->at, count);
    stream->have += (uint32_t)count;
    *octets = span_from(*octets, count);
    return true;
}

/* Octets to collect of the packet that `wire` begins with, 0 when that is not known yet. */
static enum mqtt_err measure(struct mqtt_stream *stream, struct span wire, size_t *len)
{
    enum mqtt_err err = MQTT_OK;

    *len = mqtt_packet_length(wire, &err);
    if (*len <= stream->max_packet) {
        return err;
    }
    if (!stream->heads || !mqtt_packet_is_publish(wire)) {
        return MQTT_ERR_SIZE;
    }
    stream->large = (uint32_t)*len;
    *len = mqtt_packet_head_length(wire);
    return *len > stream->large ? MQTT_ERR_SHORT : MQTT_OK;
}

static struct span collected(const struct mqtt_stream *stream)
{
    return (struct span){stream->part->octets, stream->have};
}

static void hand_out(struct mqtt_stream *stream, struct span *packet)
{
    *packet = collected(stream);
    stream->whole = true;
    stream->cut = stream->large != 0;
}

/* Passes over a payload that nobody wants. */
static void pass_over(struct mqtt_stream *stream, struct span *octets, struct span *packet)
{
    size_t count = stream->skip < octets->len ? stream->skip : octets->len;

    *octets = span_from(*octets, count);
    stream->skip -= (uint32_t)count;
    if (stream->skip == 0) {
        hand_out(stream, packet);
    }
}

static void collected_all(struct mqtt_stream *stream, struct span *octets, struct span *packet)
{
    if (stream->large > stream->have) {
        stream->skip = stream->large - stream->have;
        pass_over(stream, octets, packet);
        return;
    }
    hand_out(stream, packet);
}

/* Completes the packet in `part` from *octets. */
static enum mqtt_err collect(struct mqtt_stream *stream, struct span *octets, struct span *packet)
{
    enum mqtt_err err = MQTT_OK;
    size_t len = 0;

    for (;;) {
        err = measure(stream, collected(stream), &len);
        if (err != MQTT_OK) {
            return err;
        }
        if (len != 0 && stream->have == len) {
            collected_all(stream, octets, packet);
            return MQTT_OK;
        }
        if (octets->len == 0) {
            return MQTT_OK;
        }
        if (!take(stream, octets, len == 0 ? 1 : len - stream->have)) {
            return MQTT_ERR_FULL;
        }
    }
}

/* The packet that *octets begin with: handed out where it lies, or begun to be collected. */
static enum mqtt_err begin(struct mqtt_stream *stream, struct span *octets, struct span *packet)
{
    size_t len = 0;
    enum mqtt_err err = measure(stream, *octets, &len);

    if (err != MQTT_OK) {
        return err;
    }
    if (stream->large != 0) {
        return take(stream, octets, 1) ? collect(stream, octets, packet) : MQTT_ERR_FULL;
    }
    if (len != 0 && len <= octets->len) {
        *packet = (struct span){octets->at, len};
        *octets = span_from(*octets, len);
        return MQTT_OK;
    }
    return take(stream, octets, octets->len) ? MQTT_OK : MQTT_ERR_FULL;
}

enum mqtt_err mqtt_stream_next(struct mqtt_stream *stream, struct span *octets, struct span *packet)
{
    *packet = (struct span){NULL, 0};
    if (stream->whole) {
        mqtt_stream_fini(stream);
    }
    if (octets->len == 0) {
        return MQTT_OK;
    }
    if (stream->skip != 0) {
        pass_over(stream, octets, packet);
        return MQTT_OK;
    }
    return stream->have != 0 ? collect(stream, octets, packet) : begin(stream, octets, packet);
}

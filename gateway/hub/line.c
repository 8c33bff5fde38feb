#include "gateway/hub/line.h"

#include "config/address.h"
#include "gateway/hub/border.h"

/* Of the decoder; a frame that it cannot hold is told as too long, whatever max_message is. */
static size_t buffer_of(const struct conf_listener *conf)
{
    size_t size = SN_FRAME_BUFFER(conf->max_message);

    return size < SN_FRAME_BUFFER_MOST ? size : SN_FRAME_BUFFER_MOST;
}

bool hub_lines_init(struct hub *hub)
{
    size_t count = hub->conf->listener_count;

    hub->lines = reserve((count + 1) * sizeof *hub->lines);
    if (hub->lines == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct hub_line *line = &hub->lines[i];
        size_t size = buffer_of(&hub->conf->listener[i]);

        if (hub->conf->listener[i].type != CONF_SERIAL) {
            continue;
        }
        line->buffer = reserve(size);
        if (line->buffer == NULL) {
            return false;
        }
        sn_frame_init(&line->decoder, line->buffer, size);
    }
    return true;
}

void hub_lines_fini(struct hub *hub)
{
    for (size_t i = 0; hub->lines != NULL && i < hub->conf->listener_count; i++) {
        release(hub->lines[i].buffer);
    }
    release(hub->lines);
    hub->lines = NULL;
}

void hub_line_input(struct hub *hub, uint16_t listener, struct span octets, uint64_t now_ms)
{
    struct hub_line *line = &hub->lines[listener];
    struct sn_peer peer = {.listener = listener, .near = true};
    const struct conf_addresses *forwarders = &hub->conf->listener[listener].forwarders;
    struct sn_frame frame;
    enum sn_frame_event event = SN_FRAME_NONE;

    peer.forwarder = conf_prefixes_hold(forwarders, (struct span){NULL, 0}, true);
    while ((event = sn_frame_input_checked(&line->decoder, &octets, &frame)) != SN_FRAME_NONE) {
        line->events[event]++;
        if (event != SN_FRAME_WHOLE) {
            continue;
        }
        if (!(frame.ctrl & SN_CTRL_FROM_NODE) || sn_frame_type_of(frame.ctrl) != SN_FRAME_DATA) {
            line->echoes++;
            continue;
        }
        hub_border_input(hub, &peer, frame.payload, now_ms);
    }
}

size_t hub_line_output(struct hub *hub, uint16_t listener, uint8_t *out, size_t size,
                       uint64_t now_ms)
{
    struct sn_out next;
    size_t len = 0;

    while (sn_gate_output(hub->gate, listener, NULL, &next)) {
        struct sn_frame frame = {
            .addr = SN_ADDR_FIRST, .ctrl = sn_ctrl_of(SN_FRAME_DATA), .payload = next.wire};
        size_t took = sn_frame_encode(&frame, out + len, size - len);

        if (took == 0) {
            break;
        }
        len += took;
        sn_gate_sent(hub->gate, listener, 1, now_ms);
    }
    return len;
}

void hub_line_reset(struct hub *hub, uint16_t listener)
{
    struct hub_line *line = &hub->lines[listener];

    sn_frame_init(&line->decoder, line->buffer, buffer_of(&hub->conf->listener[listener]));
}

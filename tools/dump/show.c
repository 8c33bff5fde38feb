/* A packet as a line. */
#include <arpa/inet.h>
#include <time.h>

#include "base/text.h"
#include "sn/dump.h"
#include "sn/frame.h"
#include "tools/dump/dump.h"
#include "tools/dump/pcapng.h"

enum { LINE_MOST = 8192 };

uint64_t dump_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void write_time(struct writer *w, uint64_t time_us)
{
    time_t seconds = (time_t)(time_us / 1000000u);
    struct tm at;
    char text[40];

    if (localtime_r(&seconds, &at) == NULL || strftime(text, sizeof text, "%H:%M:%S", &at) == 0) {
        return;
    }
    write_text(w, text);
    (void)snprintf(text, sizeof text, ".%06u ", (unsigned)(time_us % 1000000u));
    write_text(w, text);
}

static void write_address(struct writer *w, const struct dump_end *end)
{
    char text[INET6_ADDRSTRLEN] = "?";

    (void)inet_ntop(end->len == 4 ? AF_INET : AF_INET6, end->at, text, sizeof text);
    write_text(w, end->len == 4 ? "" : "[");
    write_text(w, text);
    write_text(w, end->len == 4 ? ":" : "]:");
    write_decimal(w, end->port);
}

/* The ends of a serial line are the gateway and the node of an address. */
static void write_end_of(struct writer *w, const struct dump_packet *packet, bool from)
{
    bool node = ((packet->ctrl & SN_CTRL_FROM_NODE) != 0) == from;

    if (packet->from.len != 0) {
        write_address(w, from ? &packet->from : &packet->to);
    } else if (node) {
        write_text(w, "node ");
        write_decimal(w, packet->addr);
    } else {
        write_text(w, "gateway");
    }
}

static void write_ends(struct writer *w, const struct dump_packet *packet,
                       const struct talk_notes *notes)
{
    for (int i = 0; i < 2; i++) {
        bool from = i == 0;

        if (notes->client.len != 0 && notes->from_client == from) {
            write_printable(w, notes->client);
            write_u8(w, '@');
        }
        write_end_of(w, packet, from);
        write_text(w, from ? " > " : "  ");
    }
}

static void write_packet(struct writer *w, const struct dump_packet *packet,
                         const struct talk_notes *notes)
{
    bool bus = packet->from.len == 0 && sn_frame_type_of(packet->ctrl) != SN_FRAME_DATA;

    if (bus || packet->missing != 0) {
        write_text(w, bus ? "bus frame" : "cut by the capture");
        if (packet->missing != 0) {
            write_text(w, ", ");
            write_decimal(w, packet->missing);
            write_text(w, " octets are missing");
        }
        write_text(w, ": ");
        write_hex(w, packet->payload);
        return;
    }
    sn_dump_wire(w, packet->payload);
    if (notes->topic.len != 0) {
        write_text(w, " {");
        write_printable(w, notes->topic);
        write_text(w, "}");
    }
}

static void show(struct dump *dump, const struct dump_packet *packet)
{
    struct talk_notes notes = {0};
    uint8_t line[LINE_MOST];
    struct writer w = writer_of(line, sizeof line - 5);
    struct sn_packet pkt;

    if (packet->missing != 0) {
        dump->missing++;
    } else if (packet->from.len != 0 || sn_frame_type_of(packet->ctrl) == SN_FRAME_DATA) {
        notes = talks_note(&dump->talks, packet);
        dump->malformed += sn_packet_decode(&pkt, packet->payload) != SN_OK;
    }
    dump->shown++;
    if (dump->text == NULL) {
        return;
    }
    write_time(&w, packet->time_us);
    write_ends(&w, packet, &notes);
    write_packet(&w, packet, &notes);
    (void)fwrite(line, 1, written(&w), dump->text);
    (void)fputs(w.bad ? " ...\n" : "\n", dump->text);
}

void dump_file_begin(struct dump *dump, int link)
{
    dump->link = link;
    dump_pcapng_begin(dump->file, link);
}

/* A file has frames of one link type: those who read it can do no other. */
static void keep(struct dump *dump, int link, uint64_t time_us, struct span frame, size_t full)
{
    if (dump->file == NULL) {
        return;
    }
    if (dump->link < 0) {
        dump_file_begin(dump, link);
    }
    if (link == dump->link) {
        dump_pcapng_frame(dump->file, time_us, frame, full);
    } else {
        dump->other_links++;
    }
}

void dump_packet(struct dump *dump, const struct dump_packet *packet)
{
    size_t len = dump_packet_write(packet, dump->frame, sizeof dump->frame);

    show(dump, packet);
    keep(dump, dump_packet_link(packet), packet->time_us, span_of(dump->frame, len), len);
}

static bool is_ours(const struct dump *dump, const struct dump_packet *packet)
{
    for (size_t i = 0; i < dump->port_count; i++) {
        if (packet->from.port == dump->ports[i] || packet->to.port == dump->ports[i]) {
            return true;
        }
    }
    return false;
}

void dump_frame(struct dump *dump, int link, uint64_t time_us, struct span frame, size_t full)
{
    struct dump_packet packet = {.time_us = time_us};
    enum dump_kind kind = dump_packet_read(&packet, link, frame);

    if (kind == DUMP_IS_UDP && !is_ours(dump, &packet)) {
        kind = DUMP_IS_OTHER;
    }
    dump->kinds[kind]++;
    if (kind == DUMP_IS_UDP || kind == DUMP_IS_SERIAL) {
        if (kind == DUMP_IS_SERIAL && full > frame.len) {
            packet.missing = full - frame.len;
        }
        show(dump, &packet);
        keep(dump, link == DUMP_RAW_OLD ? DUMP_RAW : link, time_us, frame, full);
    }
}

static void tell(FILE *out, size_t count, const char *what)
{
    if (count != 0) {
        (void)fprintf(out, ", %zu %s", count, what);
    }
}

void dump_summary(const struct dump *dump, FILE *out)
{
    (void)fprintf(out, "%zu packets of MQTT-SN", dump->shown);
    tell(out, dump->malformed, "malformed");
    tell(out, dump->missing, "cut by the capture");
    tell(out, dump->kinds[DUMP_IS_CUT], "frames cut in their headers");
    tell(out, dump->kinds[DUMP_IS_FRAGMENT], "fragments of datagrams, not shown");
    tell(out, dump->kinds[DUMP_IS_OTHER], "frames of other ports (see -p) and protocols");
    tell(out, dump->other_links, "frames of another link type, not written");
    tell(out, dump->talks.forgot, "times all names forgotten, there were too many");
    (void)fputc('\n', out);
}

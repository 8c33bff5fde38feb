/* floor PORT - the least that answering MQTT-SN over UDP costs: a batch in, a batch out, no state.
 * It answers CONNECT, REGISTER, PUBLISH at QoS 1 and PINGREQ, and knows nothing. */
#include "tests/bench/load.h"

#include "sn/packet.h"

#define BATCH 64

struct floor {
    struct mmsghdr heads[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_in from[BATCH];
    uint8_t octets[BATCH][256];
    struct mmsghdr answers[BATCH];
    struct iovec answer_parts[BATCH];
    uint8_t answer_octets[BATCH][8];
};

static size_t answer_to(const struct sn_packet *pkt, uint8_t *out, size_t size)
{
    struct sn_packet answer = {.topic_id = pkt->topic_id, .msg_id = pkt->msg_id};

    switch (pkt->type) {
    case SN_CONNECT: answer.type = SN_CONNACK; break;
    case SN_REGISTER:
        answer.type = SN_REGACK;
        answer.topic_id = 1;
        break;
    case SN_PUBLISH:
        if (sn_flags_qos(pkt->flags) != 1) {
            return 0;
        }
        answer.type = SN_PUBACK;
        break;
    case SN_PINGREQ: answer.type = SN_PINGRESP; break;
    default: return 0;
    }
    return sn_packet_encode(&answer, out, size);
}

static void prepare(struct floor *f)
{
    for (size_t i = 0; i < BATCH; i++) {
        f->parts[i] = (struct iovec){f->octets[i], sizeof f->octets[i]};
        f->heads[i].msg_hdr = (struct msghdr){.msg_name = &f->from[i],
                                              .msg_namelen = sizeof f->from[i],
                                              .msg_iov = &f->parts[i],
                                              .msg_iovlen = 1};
    }
}

static unsigned answer_all(struct floor *f, unsigned count)
{
    unsigned answers = 0;

    for (unsigned i = 0; i < count; i++) {
        struct sn_packet pkt;
        size_t len = 0;

        if (sn_packet_decode(&pkt, span_of(f->octets[i], f->heads[i].msg_len)) == SN_OK) {
            len = answer_to(&pkt, f->answer_octets[answers], sizeof f->answer_octets[0]);
        }
        if (len != 0) {
            f->answer_parts[answers] = (struct iovec){f->answer_octets[answers], len};
            f->answers[answers].msg_hdr = f->heads[i].msg_hdr;
            f->answers[answers].msg_hdr.msg_iov = &f->answer_parts[answers];
            answers++;
        }
    }
    return answers;
}

int main(int argc, char **argv)
{
    static struct floor f;
    int room = 4 << 20;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address;

    if (argc != 2) {
        return 1;
    }
    address = load_address(argv[1]);
    load_check(fd, "socket");
    load_check(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    prepare(&f);
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        int count = recvmmsg(fd, f.heads, BATCH, MSG_WAITFORONE, NULL);
        unsigned answers = count <= 0 ? 0 : answer_all(&f, (unsigned)count);

        if (answers != 0) {
            sendmmsg(fd, f.answers, answers, 0);
        }
    }
}

#include "gateway/edge/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* The kernel reads what an iovec names, but its type is not const. */
static struct iovec part_of(struct span s)
{
    struct iovec part = {NULL, s.len};

    memcpy(&part.iov_base, &s.at, sizeof s.at);
    return part;
}

/* Writes both and takes off them what left; false: the socket is broken. */
static bool write_some(int fd, struct span *head, struct span *body)
{
    struct iovec parts[2] = {part_of(*head), part_of(*body)};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = body->len == 0 ? 1 : 2};
    ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    size_t of_head = 0;

    if (sent < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    of_head = (size_t)sent < head->len ? (size_t)sent : head->len;
    *head = span_from(*head, of_head);
    *body = span_from(*body, (size_t)sent - of_head);
    return true;
}

static bool keep(struct gw_tail *tail, struct span head)
{
    if (head.len != 0) {
        tail->octets = malloc(head.len);
        if (tail->octets == NULL) {
            return false;
        }
        memcpy(tail->octets, head.at, head.len);
        tail->head = span_of(tail->octets, head.len);
    }
    return true;
}

enum gw_sent gw_tail_send(struct gw_tail *tail, int fd, const struct mqtt_out *out)
{
    struct span head = out->head;

    *tail = (struct gw_tail){.body = out->body, .block = out->block};
    if (head.len + tail->body.len == 0) {
        gw_tail_drop(tail);
        return GW_SENT_ALL;
    }
    if (!write_some(fd, &head, &tail->body) || !keep(tail, head)) {
        gw_tail_drop(tail);
        return GW_SENT_BROKEN;
    }
    if (gw_tail_is_empty(tail)) {
        gw_tail_drop(tail);
        return GW_SENT_ALL;
    }
    return GW_SENT_PART;
}

enum gw_sent gw_tail_flush(struct gw_tail *tail, int fd)
{
    if (!write_some(fd, &tail->head, &tail->body)) {
        gw_tail_drop(tail);
        return GW_SENT_BROKEN;
    }
    if (!gw_tail_is_empty(tail)) {
        return GW_SENT_PART;
    }
    gw_tail_drop(tail);
    return GW_SENT_ALL;
}

void gw_tail_drop(struct gw_tail *tail)
{
    free(tail->octets);
    block_drop(tail->block);
    *tail = (struct gw_tail){0};
}

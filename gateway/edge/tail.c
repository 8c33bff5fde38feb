#include "gateway/edge/tail.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* The kernel reads what an iovec names, but its type is not const. */
static struct iovec part_of(struct span s)
{
    struct iovec part = {NULL, s.len};

    memcpy(&part.iov_base, &s.at, sizeof s.at);
    return part;
}

bool gw_tail_write(struct gw_tail *tail, int fd, bool with_body)
{
    struct span body = with_body ? tail->body : (struct span){NULL, 0};
    struct iovec parts[2] = {part_of(tail->head), part_of(body)};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = body.len == 0 ? 1 : 2};
    size_t of_head = 0;
    ssize_t sent = 0;

    if (tail->head.len + body.len == 0) {
        return true;
    }
    sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    of_head = (size_t)sent < tail->head.len ? (size_t)sent : tail->head.len;
    tail->head = span_from(tail->head, of_head);
    tail->body = span_from(tail->body, (size_t)sent - of_head);
    return true;
}

struct block *gw_tail_keep(const struct gw_tail *tail, struct budget *budget)
{
    struct block *kept = block_new(budget, sizeof *tail + tail->head.len);
    struct gw_tail *copy = NULL;
    uint8_t *octets = NULL;

    if (kept == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    copy = gw_tail_of(kept);
    *copy = *tail;
    if (tail->head.len != 0) {
        octets = kept->octets + sizeof *tail;
        memcpy(octets, tail->head.at, tail->head.len);
        copy->head.at = octets;
    }
    return kept;
}

struct gw_tail *gw_tail_of(struct block *kept)
{
    return (struct gw_tail *)(void *)kept->octets;
}

void gw_tail_drop(struct block *kept)
{
    if (kept != NULL) {
        block_drop(gw_tail_of(kept)->block);
        block_drop(kept);
    }
}

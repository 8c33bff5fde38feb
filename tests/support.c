#include "tests/support.h"

#include <sys/mman.h>
#include <unistd.h>

#define EDGE_PAGES 80

struct span at_edge(struct span s, size_t len)
{
    static uint8_t *pages;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *end = NULL;

    if (pages == NULL) {
        pages = mmap(NULL, (EDGE_PAGES + 1) * page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(pages != MAP_FAILED);
        assert_int_equal(mprotect(pages + EDGE_PAGES * page, page, PROT_NONE), 0);
    }
    assert_true(len <= EDGE_PAGES * page);
    end = pages + EDGE_PAGES * page;
    if (len != 0) {
        memcpy(end - len, s.at, len);
    }
    return (struct span){end - len, len};
}

static void print_octets(const char *name, struct span s)
{
    print_error("%s: %zu octets:", name, s.len);
    for (size_t i = 0; i < s.len; i++) {
        print_error(" %02x", s.at[i]);
    }
    print_error("\n");
}

void assert_spans(struct span a, struct span b, const char *file, int line)
{
    if (!span_equal(a, b)) {
        print_octets("left", a);
        print_octets("right", b);
        _fail(file, line);
    }
}

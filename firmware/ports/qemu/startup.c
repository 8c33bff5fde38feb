/* From reset to main, and the way out. ARMv6-M instructions; runs on M0 to M4. */
#include "firmware/ports/qemu/board.h"

enum { SYS_EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026, EXIT_FAULT = 99 };

/* The linker script's. */
extern uint32_t image_data_load[];
extern uint32_t image_data[];
extern uint32_t image_data_end[];
extern uint32_t image_bss[];
extern uint32_t image_bss_end[];
extern uint32_t image_stack_top[];

int main(void);
noreturn void board_reset(void);
noreturn void board_fault(void);

noreturn void board_exit(int code)
{
    uint32_t block[2] = {APPLICATION_EXIT, (uint32_t)code};
    register uint32_t r0 __asm__("r0") = SYS_EXIT_EXTENDED;
    register uint32_t *r1 __asm__("r1") = block;

    __asm__ volatile("bkpt 0xab" : : "r"(r0), "r"(r1) : "memory");
    for (;;) {
    }
}

noreturn void board_fault(void)
{
    board_exit(EXIT_FAULT);
}

noreturn void board_reset(void)
{
    size_t data = (size_t)(image_data_end - image_data);
    size_t bss = (size_t)(image_bss_end - image_bss);

    for (size_t i = 0; i < data; i++) {
        image_data[i] = image_data_load[i];
    }
    for (size_t i = 0; i < bss; i++) {
        image_bss[i] = 0;
    }
    board_init();
    board_exit(main());
}

struct vectors {
    uint32_t *stack_top;
    void (*exceptions[15])(void);
    void (*interrupts[BOARD_IRQS])(void);
};

/* clang-format off */
__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    .stack_top = image_stack_top,
    .exceptions = {
        [0] = board_reset, /* exception numbers less one */
        [1] = board_fault, [2] = board_fault, [3] = board_fault, [4] = board_fault,
        [5] = board_fault, [10] = board_fault, [11] = board_fault, [13] = board_fault,
        [14] = board_on_tick,
    },
    .interrupts = {board_on_uart, board_on_uart, board_on_uart, board_on_uart},
};
/* clang-format on */

/* What the boards have in common. */
#include "firmware/ports/qemu/board.h"

enum { SYST_CSR = 0xE010, SYST_RVR = 0xE014, SYST_CVR = 0xE018, NVIC_ISER = 0xE100 };
enum { SYST_RUN = 7 }; /* processor clock, interrupt, enable */

/* Interrupts have no argument: this is what they share with the program. Each field is written by
 * one side alone, `tail` by the program, the others by interrupts. */
static struct {
    volatile uint32_t ms;
    volatile uint32_t head;
    volatile uint32_t tail;
    volatile uint8_t ring[BOARD_RING];
} shared;

static volatile uint32_t *core(uint32_t offset)
{
    return board_register(0xE0000000 + offset);
}

void board_init(void)
{
    board_uart_init();
    *core(SYST_RVR) = board_hz / 1000 - 1;
    *core(SYST_CVR) = 0;
    *core(SYST_CSR) = SYST_RUN;
    *core(NVIC_ISER) = 1u << board_uart_irq;
}

void board_on_tick(void)
{
    shared.ms++;
}

void board_on_uart(void)
{
    uint8_t octet;

    while (board_uart_take(&octet)) {
        if (shared.head - shared.tail < BOARD_RING) {
            shared.ring[shared.head % BOARD_RING] = octet;
            shared.head++;
        }
    }
}

uint32_t board_ms(void)
{
    return shared.ms;
}

/* SysTick counts down. */
uint32_t board_us(void)
{
    uint32_t ms = 0;
    uint32_t left = 0;

    do {
        ms = shared.ms;
        left = *core(SYST_CVR);
    } while (ms != shared.ms);
    return ms * 1000 + (board_hz / 1000 - 1 - left) / (board_hz / 1000000);
}

void board_write(struct span octets)
{
    struct reader r = reader_of(octets);

    while (read_left(&r) != 0) {
        board_uart_put(read_u8(&r));
    }
}

bool board_read(uint8_t *octet)
{
    if (shared.head == shared.tail) {
        return false;
    }
    *octet = shared.ring[shared.tail % BOARD_RING];
    shared.tail++;
    return true;
}

/* Interrupts are off between the look and WFI, which wakes on one that is pending all the same. */
void board_wait(uint32_t ms)
{
    uint32_t start = shared.ms;

    while (shared.head == shared.tail && shared.ms - start < ms) {
        __asm__ volatile("cpsid i" ::: "memory");
        if (shared.head == shared.tail) {
            __asm__ volatile("wfi");
        }
        __asm__ volatile("cpsie i" ::: "memory");
    }
}

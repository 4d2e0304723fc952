/* Pages from the kernel, and things of equal size out of them. What was taken once stays ours, and is used again. */
#include "proxy.h"

enum { PAGES = 64 * 1024, PROT_READ_WRITE = 3, MAP_PRIVATE_ANONYMOUS = 0x22 };

static u8 *arena;
static u64 arena_left;

static void *take_pages(u64 size) {
    i64 at = call6(SYS_mmap, 0, (i64)size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
    if (at < 0 && at > -4096) {
        complain("Failed to get memory", 0, -at);
        leave(1);
    }
    return (void *)at;
}

/* Things as they were left. There is always memory: without it the process ends, as the kernel would end it. */
void *pool_take_used(struct pool *pool) {
    void *thing = pool->free;
    if (thing) {
        pool->free = *(void **)thing;
        return thing;
    }
    if (pool->size >= PAGES) return take_pages(pool->size);
    if (arena_left < pool->size) {
        arena = take_pages(PAGES);
        arena_left = PAGES;
    }
    thing = arena;
    arena += pool->size;
    arena_left -= pool->size;
    return thing;
}

/* Zeroed. */
void *pool_take(struct pool *pool) {
    return memset(pool_take_used(pool), 0, pool->size);
}

void pool_give(struct pool *pool, void *thing) {
    *(void **)thing = pool->free;
    pool->free = thing;
}

/* The compiler calls these for structs. */

void *memcpy(void *to, const void *from, u64 length) {
    u8 *t = to;
    const u8 *f = from;
#if defined(__x86_64__)
    __asm__ volatile("rep movsb" : "+D"(t), "+S"(f), "+c"(length) : : "memory");
#else
    for (; length >= 8; length -= 8, t += 8, f += 8) __builtin_memcpy(t, f, 8);
    while (length--) *t++ = *f++;
#endif
    return to;
}

void *memset(void *to, int value, u64 length) {
    u8 *t = to;
#if defined(__x86_64__)
    __asm__ volatile("rep stosb" : "+D"(t), "+c"(length) : "a"(value) : "memory");
#else
    while (length--) *t++ = (u8)value;
#endif
    return to;
}

int memcmp(const void *a, const void *b, u64 length) {
    const u8 *x = a, *y = b;
    for (; length--; ++x, ++y) if (*x != *y) return *x - *y;
    return 0;
}

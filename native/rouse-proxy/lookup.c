/*
 * The addresses of hosts change. They were looked up before we began; now and then, when a client comes or a server refuses, they are
 * looked up again by a process of their own (`rouse proxy --addresses`), and nobody waits for it: until it answers, the old ones are good.
 */
#include "proxy.h"

enum { ANSWER_MOST = 16 * 1024 };

/* One at a time. */
static struct {
    enum kind kind;
    int fd, length;
    struct route *route;
    char answer[ANSWER_MOST + 1];
} lookup = {KIND_LOOKUP, -1, 0, 0, {0}};

__attribute__((noreturn)) static void become_lookup(const struct route *route, int output) {
    const char *argv[MOST_LOOKUP_WORDS + MOST_ADDRESSES + 1];
    int count = 0;
    for (int i = 0; i < lookup_word_count; ++i) argv[count++] = lookup_words[i];
    for (int i = 0; i < route->name_count; ++i) argv[count++] = route->names[i];
    argv[count] = 0;
    call(SYS_dup3, output, 1, 0);
    call(SYS_close_range, 3, 0x7fffffff, 0);
    call(SYS_execve, argv[0], argv, environment);
    leave(1);
}

void lookup_if_older(struct route *route, i64 age) {
    int pipe[2];
    if (!route->has_hosts || lookup.route || now - route->looked_up_at < age || call(SYS_pipe2, pipe, O_CLOEXEC, 0) < 0) return;
    i64 child = call6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
    if (child == 0) become_lookup(route, pipe[1]);
    call(SYS_close, pipe[1], 0, 0);
    route->looked_up_at = now;
    if (child < 0) {
        call(SYS_close, pipe[0], 0, 0);
        return;
    }
    lookup.route = route;
    lookup.length = 0;
    lookup.fd = pipe[0];
    watch(pipe[0], &lookup, EPOLLIN);
}

/* Lines of the plan's words: t or h, and its addresses; "e" when they are complete. */
static void take_answer(struct route *route, const char *text) {
    struct target targets[MOST_ADDRESSES];
    int count = 0, name = -1, is_complete = 0;
    for (const char *line = text; *line; ++line) {
        if (*line == 't' || *line == 'h') ++name;
        else if (*line == 'e') is_complete = 1;
        else if (*line == 'a' && count < MOST_ADDRESSES && name >= 0 && name < route->name_count) {
            targets[count] = (struct target){.name = route->names[name]};
            targets[count].address.length = read_hex(line + 1, targets[count].address.bytes, sizeof targets[count].address.bytes);
            ++count;
        }
        while (*line && *line != '\n') ++line;
        if (!*line) break;
    }
    if (!is_complete || count == 0) return;
    memcpy(route->targets, targets, sizeof(struct target) * (u64)count);
    route->count = count;
    if (route->next >= count) route->next = 0;
}

void lookup_event(void *owner) {
    (void)owner;
    i64 got = call(SYS_read, lookup.fd, lookup.answer + lookup.length, ANSWER_MOST - lookup.length);
    if (got > 0) lookup.length += (int)got;
    if (got > 0 && lookup.length < ANSWER_MOST) return;
    call(SYS_close, lookup.fd, 0, 0);
    lookup.answer[lookup.length] = 0;
    take_answer(lookup.route, lookup.answer);
    lookup.route = 0;
}

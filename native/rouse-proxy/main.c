/* The loop: events of sockets, and timers between them. */
#include "proxy.h"

enum { MOST_EVENTS = 256, CLOCK_MONOTONIC = 1, QUIET_MS = 1000 };

int epoll_fd, serves_new;
char **environment;
i64 now, client_count;

static i64 next_wake, idle_since;

static void read_clock(void) {
    struct { i64 seconds, nanoseconds; } time;
    call(SYS_clock_gettime, CLOCK_MONOTONIC, &time, 0);
    now = time.seconds * 1000 + time.nanoseconds / 1000000;
}

void wake_at(i64 when) {
    if (next_wake < 0 || when < next_wake) next_wake = when;
}

void watch(int fd, void *owner, u32 events) {
    struct event event = {events, owner};
    call4(SYS_epoll_ctl, epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* "WHAT WHOM: Words of the error", once in a while: a flood of them tells nobody anything. */
void complain(const char *what, const char *whom, i64 error) {
    static const char *last;
    static i64 quiet_until;
    static struct line line;
    if (options.quiet || (what == last && now < quiet_until)) return;
    last = what;
    quiet_until = now + QUIET_MS;
    add_text(&line, what);
    if (whom) {
        add_text(&line, " ");
        add_text(&line, whom);
    }
    if (error) {
        add_text(&line, ": ");
        add_error(&line, error);
    }
    say(&line);
}

int may_serve(void) {
    if (options.most < 0 || client_count < options.most) return 1;
    complain("Hit connection limit, refusing connection.", 0, 0);
    return 0;
}

void client_left(void) {
    if (--client_count == 0) idle_since = now;
}

/* Sockets of ours do not block. One that is connected already is a client (Accept=yes), and the only one from there. */
static void begin_listener(struct listener *listener) {
    int accepts = 0;
    u32 length = sizeof accepts;
    i64 flags = call(SYS_fcntl, listener->fd, F_GETFL, 0);
    call(SYS_fcntl, listener->fd, F_SETFL, flags | O_NONBLOCK);
    call6(SYS_getsockopt, listener->fd, SOL_SOCKET, SO_ACCEPTCONN, (i64)&accepts, (i64)&length, 0);
    if (listener->type != SOCK_DGRAM && !accepts) {
        int fd = listener->fd;
        listener->fd = -1;
        return stream_begin(fd, listener->route, listener->type);
    }
    serves_new = 1;
    if (listener->type == SOCK_DGRAM) {
        int on = 1;
        if (listener->family == AF_INET) call6(SYS_setsockopt, listener->fd, IPPROTO_IP, IP_PKTINFO, (i64)&on, sizeof on, 0);
        if (listener->family == AF_INET6) call6(SYS_setsockopt, listener->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, (i64)&on, sizeof on, 0);
    }
    watch(listener->fd, listener, EPOLLIN);
}

static void dispatch(const struct event *event) {
    enum kind kind = *(enum kind *)event->data;
    if (kind == KIND_LISTENER) listener_ready(event->data);
    else if (kind == KIND_SIDE) stream_event(event->data, event->events);
    else if (kind == KIND_SESSION) session_event(event->data, event->events);
    else lookup_event(event->data);
}

static void leave_when_idle(void) {
    if (client_count > 0) return;
    if (!serves_new) leave(0);
    if (options.idle_ms < 0) return;
    if (now - idle_since < options.idle_ms) return wake_at(idle_since + options.idle_ms);
    if (!listener_poll_all()) leave(0);
}

static int timeout(void) {
    if (stream_has_work()) return 0;
    if (next_wake < 0) return -1;
    return next_wake <= now ? 0 : next_wake - now > 1000000 ? 1000000 : (int)(next_wake - now);
}

__attribute__((noreturn)) static void run(void) {
    static struct event events[MOST_EVENTS];
    for (;;) {
        next_wake = -1;
        stream_tick();
        session_tick();
        listener_resume();
        leave_when_idle();
        i64 count = call6(SYS_epoll_pwait, epoll_fd, (i64)events, MOST_EVENTS, timeout(), 0, 8);
        read_clock();
        for (i64 i = 0; i < count; ++i) dispatch(&events[i]);
        stream_work();
        stream_bury();
        session_bury();
    }
}

/* splice(2) has no flag against SIGPIPE, and nobody waits for the children of lookup.c. */
static void ignore_signals(void) {
    struct { u64 handler, flags, restorer, mask; } ignore = {1, 0, 0, 0};
    call4(SYS_rt_sigaction, SIGPIPE, &ignore, 0, 8);
    call4(SYS_rt_sigaction, SIGCHLD, &ignore, 0, 8);
}

ENTRY_POINT;

__attribute__((noreturn, used)) void start(u64 *stack) {
    ignore_signals();
    read_clock();
    idle_since = now;
    environment = (char **)(stack + 2 + stack[0]);
    read_plan((char **)(stack + 2), (i64)stack[0] - 1);
    call(SYS_close_range, 3 + listener_count, 0x7fffffff, 0);
    epoll_fd = (int)call(SYS_epoll_create1, O_CLOEXEC, 0, 0);
    for (int i = 0; i < listener_count; ++i) begin_listener(&listeners[i]);
    run();
}

/* Accepts clients, as many as there may be. */
#include "proxy.h"

enum { ACCEPT_AT_ONCE = 64, TRY_AGAIN_MS = 200 };

static i64 resume_at;

static void pause_all(void) {
    for (int i = 0; i < listener_count; ++i) {
        struct event event = {0, &listeners[i]};
        if (listeners[i].type != SOCK_DGRAM) call4(SYS_epoll_ctl, epoll_fd, EPOLL_CTL_MOD, listeners[i].fd, &event);
        listeners[i].paused = 1;
    }
    resume_at = now + TRY_AGAIN_MS;
}

/* Called in every round. */
void listener_resume(void) {
    if (!resume_at) return;
    if (resume_at > now) return wake_at(resume_at);
    resume_at = 0;
    for (int i = 0; i < listener_count; ++i) {
        struct event event = {EPOLLIN, &listeners[i]};
        if (listeners[i].type != SOCK_DGRAM) call4(SYS_epoll_ctl, epoll_fd, EPOLL_CTL_MOD, listeners[i].fd, &event);
        listeners[i].paused = 0;
    }
}

/* Who waits to be accepted stays in the backlog meanwhile. */
static int accept_one(struct listener *listener) {
    i64 fd = call4(SYS_accept4, listener->fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS) {
        complain("Failed to accept a connection, trying again soon", 0, -fd);
        pause_all();
        return 0;
    }
    if (fd < 0) return fd == -ECONNABORTED || fd == -EINTR;
    if (!may_serve()) {
        call(SYS_close, fd, 0, 0);
        return 1;
    }
    int on = 1;
    if (listener->family == AF_INET || listener->family == AF_INET6) call6(SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, (i64)&on, sizeof on, 0);
    stream_begin((int)fd, listener->route, listener->type);
    return 1;
}

void listener_ready(struct listener *listener) {
    if (listener->paused) return;
    if (listener->type == SOCK_DGRAM) return datagram_ready(listener);
    for (int i = 0; i < ACCEPT_AT_ONCE && accept_one(listener); ++i) {}
}

/* Before leaving: whether somebody has come after all. */
int listener_poll_all(void) {
    i64 before = client_count;
    for (int i = 0; i < listener_count; ++i) if (listeners[i].fd >= 0) listener_ready(&listeners[i]);
    return client_count > before;
}

/*
 * Connections. A client's socket and a server's, and two flows of bytes that know nothing of each other: each is read only when it can
 * be written (a slow reader slows its writer down and nobody else), and each ends by itself (a half-open connection stays half-open).
 *
 * Small pieces are copied through one buffer that all share; what the other end does not take at once is kept in a buffer of its own.
 * A flow that comes in big pieces goes through a pipe instead, so that its bytes never leave the kernel; splice(2). Pipes are
 * few: a flow has one only while there is something in it.
 *
 *   connecting   the server's socket is on its way; a timer looks after it
 *   waiting      no server takes the client yet; see stream_retry()
 *   open         bytes move
 */
#include "proxy.h"

enum { SHARED_SIZE = 64 * 1024, BIG = 32 * 1024, BIG_STREAK = 2, SMALL_STREAK = 8, PIPE_SIZE = 1024 * 1024, PIPE_LEAST = 64 * 1024, TURN_BYTES = 1024 * 1024 };
enum { IDLE_PIPES = 4, FULL_PIPES = 32 };
enum { ATTEMPT_MS = 3000, RETRY_FIRST_MS = 5, RETRY_MOST_MS = 200, LINGER_MS = 2000 };
enum state { CONNECTING, WAITING, OPEN };

struct connection;

struct side {
    enum kind kind;
    int fd;
    /* What epoll has said and no call has denied since. */
    u8 readable, writable, hung_up;
    /* Nothing more comes from there; nothing more goes there. */
    u8 ended, shut, broken, was_reset;
    u8 watches_out;
    struct connection *connection;
};

struct flow {
    u8 *buffer;
    int pipe[2];
    u32 at;
    i64 pending;
    /* Pieces in a row that were big, or small while the flow is spliced. */
    u8 spliced, streak, cannot_splice;
};

struct connection {
    struct side client, server;
    struct flow up, down;
    struct attempt attempt;
    struct link link, work;
    enum state state;
    int type, dead, probes;
    i64 deadline, attempt_deadline;
};

static struct pool connections = {sizeof(struct connection), 0}, buffers = {SHARED_SIZE, 0};
static u8 shared[SHARED_SIZE];
static struct link connecting = {&connecting, &connecting}, lingering = {&lingering, &lingering}, working = {&working, &working}, dead = {&dead, &dead};
static int idle_pipes[IDLE_PIPES][2], idle_pipe_count, pipes_in_use;

/* Pipes */

static void close_pipe(const struct flow *flow) {
    call(SYS_close, flow->pipe[0], 0, 0);
    call(SYS_close, flow->pipe[1], 0, 0);
}

static void drop_pipe(struct flow *flow) {
    if (flow->pipe[0] < 0) return;
    --pipes_in_use;
    if (flow->pending == 0 && idle_pipe_count < IDLE_PIPES) {
        idle_pipes[idle_pipe_count][0] = flow->pipe[0];
        idle_pipes[idle_pipe_count][1] = flow->pipe[1];
        ++idle_pipe_count;
    } else close_pipe(flow);
    flow->pipe[0] = -1;
}

static int take_pipe(struct flow *flow) {
    if (idle_pipe_count > 0) {
        --idle_pipe_count;
        flow->pipe[0] = idle_pipes[idle_pipe_count][0];
        flow->pipe[1] = idle_pipes[idle_pipe_count][1];
        ++pipes_in_use;
        return 1;
    }
    if (call(SYS_pipe2, flow->pipe, O_NONBLOCK | O_CLOEXEC, 0) < 0) {
        flow->pipe[0] = -1;
        return 0;
    }
    ++pipes_in_use;
    if (call(SYS_fcntl, flow->pipe[1], F_SETPIPE_SZ, PIPE_SIZE) >= 0) return 1;
    /* A user may not have many that big, and in the end gets them so small that copying is quicker. */
    if (call(SYS_fcntl, flow->pipe[1], F_GETPIPE_SZ, 0) >= PIPE_LEAST) return 1;
    close_pipe(flow);
    flow->pipe[0] = -1;
    --pipes_in_use;
    return 0;
}

static void drop_buffer(struct flow *flow) {
    if (flow->buffer) pool_give(&buffers, flow->buffer);
    flow->buffer = 0;
}

/* Ends */

static void close_server(struct connection *connection) {
    if (connection->server.fd < 0) return;
    call(SYS_close, connection->server.fd, 0, 0);
    connection->server.fd = -1;
}

static void drop_flow(struct flow *flow) {
    drop_pipe(flow);
    drop_buffer(flow);
}

static void end(struct connection *connection) {
    if (connection->dead) return;
    connection->dead = 1;
    close_server(connection);
    call(SYS_close, connection->client.fd, 0, 0);
    drop_flow(&connection->up);
    drop_flow(&connection->down);
    list_remove(&connection->work);
    list_append(&dead, &connection->link);
    client_left();
}

/* Both ends learn that this was no orderly end: TCP sends a reset. */
static void reset(struct connection *connection) {
    struct { int on, seconds; } linger = {1, 0};
    call6(SYS_setsockopt, connection->client.fd, SOL_SOCKET, SO_LINGER, (i64)&linger, sizeof linger, 0);
    if (connection->server.fd >= 0) call6(SYS_setsockopt, connection->server.fd, SOL_SOCKET, SO_LINGER, (i64)&linger, sizeof linger, 0);
    end(connection);
}

/* Memory is used again only when no event of this round can mean it any more. */
void stream_bury(void) {
    while (!list_is_empty(&dead)) {
        struct connection *connection = CONTAINER(dead.next, struct connection, link);
        list_remove(&connection->link);
        pool_give(&connections, connection);
    }
}

/* Flows */

static void watch_out(struct side *side, int on) {
    if (side->watches_out == on) return;
    side->watches_out = (u8)on;
    struct event event = {EPOLLIN | EPOLLRDHUP | EPOLLET | (on ? EPOLLOUT : 0), side};
    call4(SYS_epoll_ctl, epoll_fd, EPOLL_CTL_MOD, side->fd, &event);
}

static void is_full(struct side *side) {
    side->writable = 0;
    watch_out(side, 1);
}

/*
 * Nothing goes there any more, but what still comes from there is delivered: a server that refuses a long request has said why, and
 * closing now would take that from the client. What comes for it is thrown away for a while.
 */
static void is_broken(struct flow *flow, struct side *to, i64 error) {
    /* EPIPE: it had ended in order before. */
    to->was_reset = error == -ECONNRESET;
    to->broken = to->readable = to->hung_up = 1;
    to->connection->deadline = now + LINGER_MS;
    list_append(&lingering, &to->connection->link);
    drop_buffer(flow);
    drop_pipe(flow);
    flow->pending = 0;
}

/* What an earlier round left. */
static void write_pending(struct flow *flow, struct side *to) {
    while (flow->pending > 0 && to->writable) {
        i64 sent = flow->pipe[0] >= 0 ? call6(SYS_splice, flow->pipe[0], 0, to->fd, 0, flow->pending, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                                      : call4(SYS_sendto, to->fd, flow->buffer + flow->at, flow->pending, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent == -EAGAIN) return is_full(to);
        if (sent < 0) return is_broken(flow, to, sent);
        flow->pending -= sent;
        flow->at += (u32)sent;
    }
    if (flow->pending > 0) return;
    drop_flow(flow);
    watch_out(to, 0);
}

static void keep(struct flow *flow, const u8 *bytes, i64 length) {
    flow->buffer = pool_take_used(&buffers);
    memcpy(flow->buffer, bytes, (u64)length);
    flow->at = 0;
    flow->pending = length;
}

/* A packet is one, however many bytes of it there are. */
static void send_copy(struct flow *flow, struct side *to, i64 length) {
    i64 sent = call4(SYS_sendto, to->fd, shared, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == length) return;
    if (sent < 0 && sent != -EAGAIN) return is_broken(flow, to, sent);
    if (sent < 0) sent = 0;
    is_full(to);
    keep(flow, shared + sent, length - sent);
}

static i64 move_copy(struct flow *flow, struct side *from, struct side *to) {
    int is_stream = from->connection->type == SOCK_STREAM;
    i64 got = call4(SYS_recvfrom, from->fd, shared, SHARED_SIZE, MSG_DONTWAIT);
    if (got <= 0) return got;
    /* Less than was asked for: there is no more, unless the end follows, which epoll has told or will tell. */
    if (is_stream && got < SHARED_SIZE && !from->hung_up) from->readable = 0;
    send_copy(flow, to, got);
    flow->streak = got >= BIG ? flow->streak + 1 : 0;
    if (flow->streak >= BIG_STREAK && is_stream && !flow->cannot_splice) {
        flow->spliced = 1;
        flow->streak = 0;
    }
    return got;
}

static i64 move_spliced(struct flow *flow, struct side *from, struct side *to) {
    if (!take_pipe(flow)) {
        flow->cannot_splice = 1;
        flow->spliced = 0;
        return move_copy(flow, from, to);
    }
    /* Slow readers must not fill the kernel's memory: when many pipes are in use, each gets less. */
    i64 most = pipes_in_use <= FULL_PIPES ? PIPE_SIZE : PIPE_LEAST;
    i64 got = call6(SYS_splice, from->fd, 0, flow->pipe[1], 0, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (got <= 0) drop_pipe(flow);
    if (got == -EINVAL) {
        flow->cannot_splice = 1;
        flow->spliced = 0;
        return move_copy(flow, from, to);
    }
    if (got <= 0) return got;
    flow->pending = got;
    flow->streak = got < BIG ? flow->streak + 1 : 0;
    if (flow->streak >= SMALL_STREAK) flow->spliced = flow->streak = 0;
    write_pending(flow, to);
    return got;
}

static i64 move_once(struct flow *flow, struct side *from, struct side *to) {
    if (to->broken) return call4(SYS_recvfrom, from->fd, shared, SHARED_SIZE, MSG_DONTWAIT);
    return flow->spliced ? move_spliced(flow, from, to) : move_copy(flow, from, to);
}

/* Moves what can be moved now. 1: there may be more, but others come first. */
static int move(struct flow *flow, struct side *from, struct side *to) {
    for (i64 moved = 0; !from->connection->dead;) {
        if (flow->pending > 0) write_pending(flow, to);
        if (flow->pending > 0) return 0;
        if (from->ended && from->was_reset) return 0;
        if (from->ended) {
            if (!to->shut && !to->broken) call(SYS_shutdown, to->fd, SHUT_WR, 0);
            to->shut = 1;
            return 0;
        }
        if (!from->readable || !(to->writable || to->broken)) return 0;
        if (moved >= TURN_BYTES) return 1;
        i64 got = move_once(flow, from, to);
        if (got > 0) moved += got;
        else if (got == -EAGAIN) from->readable = 0;
        else if (got == 0 || from->broken) from->ended = 1;
        else if (got != -EINTR) reset(from->connection);
    }
    return 0;
}

/* Everything that came before the reset has been delivered. */
static int is_reset(const struct connection *connection) {
    const struct side *client = &connection->client, *server = &connection->server;
    return (server->was_reset && server->ended && connection->down.pending == 0) || (client->was_reset && client->ended && connection->up.pending == 0);
}

static int is_over(const struct connection *connection) {
    return connection->client.shut && connection->server.shut;
}

static void serve(struct connection *connection) {
    int more = move(&connection->up, &connection->client, &connection->server);
    more |= move(&connection->down, &connection->server, &connection->client);
    if (connection->dead) return;
    if (is_reset(connection)) return reset(connection);
    if (is_over(connection)) return end(connection);
    if (more) list_append(&working, &connection->work);
    else list_remove(&connection->work);
}

int stream_has_work(void) {
    return !list_is_empty(&working);
}

/* One turn for everybody who had more. */
void stream_work(void) {
    struct link turn;
    list_init(&turn);
    while (!list_is_empty(&working)) list_append(&turn, working.next);
    while (!list_is_empty(&turn)) {
        struct connection *connection = CONTAINER(turn.next, struct connection, work);
        list_remove(&connection->work);
        serve(connection);
    }
}

/* Connecting */

static void no_delay(int fd, int family) {
    int on = 1;
    if (family == AF_INET || family == AF_INET6) call6(SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, (i64)&on, sizeof on, 0);
}

static void name_of(i64 syscall, int fd, struct address *address) {
    address->length = sizeof address->bytes;
    if (call(syscall, fd, address->bytes, &address->length) < 0) address->length = 0;
}

static void open_connection(struct connection *connection) {
    connection->state = OPEN;
    list_remove(&connection->link);
    connection->server.writable = 1;
    target_works(&connection->attempt);
    connection->client.readable = connection->client.writable = 1;
    no_delay(connection->server.fd, attempt_target(&connection->attempt)->address.family);
    if (options.header) {
        struct address from = {0}, to = {0};
        name_of(SYS_getpeername, connection->client.fd, &from);
        name_of(SYS_getsockname, connection->client.fd, &to);
        u8 header[HEADER_MOST];
        keep(&connection->up, header, make_header(header, options.header, connection->type, &from, &to));
    }
    int was_probe = connection->probes;
    connection->probes = 0;
    serve(connection);
    if (was_probe) stream_retry(connection->attempt.route, 1);
}

static void wait(struct connection *connection) {
    struct route *route = connection->attempt.route;
    int is_first = list_is_empty(&route->waiting);
    lookup_if_older(route, STALE_MS);
    connection->state = WAITING;
    list_append(&route->waiting, &connection->link);
    if (connection->probes && !is_first) {
        /* It has waited longest: it goes back to the head. */
        struct link *oldest = route->waiting.next;
        list_remove(&connection->link);
        connection->link.next = oldest;
        connection->link.before = &route->waiting;
        oldest->before = route->waiting.next = &connection->link;
    }
    route->retry_delay = connection->probes ? (route->retry_delay * 2 < RETRY_MOST_MS ? route->retry_delay * 2 : RETRY_MOST_MS) : is_first ? RETRY_FIRST_MS : route->retry_delay;
    if (connection->probes || is_first) route->retry_at = now + route->retry_delay;
    connection->probes = 0;
}

/* Tries one target; the next ones too where that is refused at once. */
static void try_targets(struct connection *connection) {
    do {
        const struct address *address = &attempt_target(&connection->attempt)->address;
        i64 fd = call(SYS_socket, address->family, connection->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        i64 result = fd < 0 ? fd : call(SYS_connect, fd, address->bytes, address->length);
        if (result == 0 || result == -EINPROGRESS) {
            connection->server.fd = (int)fd;
            connection->server.readable = connection->server.writable = connection->server.hung_up = 0;
            connection->server.watches_out = result != 0;
            watch((int)fd, &connection->server, EPOLLIN | EPOLLRDHUP | EPOLLET | (result == 0 ? 0 : EPOLLOUT));
            if (result == 0) return open_connection(connection);
            connection->state = CONNECTING;
            connection->attempt_deadline = now + ATTEMPT_MS;
            list_append(&connecting, &connection->link);
            return;
        }
        if (fd >= 0) call(SYS_close, fd, 0, 0);
        target_failed(&connection->attempt, (int)-result);
    } while (attempt_next(&connection->attempt));
    wait(connection);
}

static void attempt_failed(struct connection *connection, int error) {
    close_server(connection);
    list_remove(&connection->link);
    target_failed(&connection->attempt, error);
    if (attempt_next(&connection->attempt)) return try_targets(connection);
    wait(connection);
}

/* Takes the descriptor. A client who comes while others wait for the same servers waits behind them. */
void stream_begin(int fd, struct route *route, int type) {
    struct connection *connection = pool_take(&connections);
    connection->client = (struct side){.kind = KIND_SIDE, .fd = fd, .connection = connection};
    connection->server = (struct side){.kind = KIND_SIDE, .fd = -1, .connection = connection};
    connection->up.pipe[0] = connection->down.pipe[0] = -1;
    connection->type = type;
    connection->deadline = options.connect_ms < 0 ? -1 : now + options.connect_ms;
    list_init(&connection->link);
    list_init(&connection->work);
    ++client_count;
    watch(fd, &connection->client, EPOLLIN | EPOLLRDHUP | EPOLLET);
    lookup_if_older(route, FRESH_MS);
    attempt_begin(&connection->attempt, route);
    if (list_is_empty(&route->waiting)) try_targets(connection);
    else wait(connection);
}

/* The one who has waited longest, or everybody, once it is known that a server listens. */
void stream_retry(struct route *route, int all) {
    struct link turn;
    list_init(&turn);
    while (!list_is_empty(&route->waiting)) {
        list_append(&turn, route->waiting.next);
        if (!all) break;
    }
    while (!list_is_empty(&turn)) {
        struct connection *connection = CONTAINER(turn.next, struct connection, link);
        list_remove(&connection->link);
        connection->probes = !all;
        attempt_begin(&connection->attempt, route);
        try_targets(connection);
    }
}

static void finish_connect(struct connection *connection) {
    int error = 0;
    u32 length = sizeof error;
    struct address peer;
    call6(SYS_getsockopt, connection->server.fd, SOL_SOCKET, SO_ERROR, (i64)&error, (i64)&length, 0);
    if (error) return attempt_failed(connection, error);
    /* The event may have been that of a descriptor which an earlier attempt had. */
    name_of(SYS_getpeername, connection->server.fd, &peer);
    if (peer.length == 0) return;
    watch_out(&connection->server, 0);
    open_connection(connection);
}

void stream_event(void *owner, u32 events) {
    struct side *side = owner;
    struct connection *connection = side->connection;
    if (connection->dead || side->fd < 0) return;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) side->readable = 1;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) side->writable = 1;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) side->hung_up = 1;
    if (connection->state == OPEN) return serve(connection);
    /* Nobody is there any more: a client who has only sent everything is not meant. */
    if (side == &connection->client) {
        if (events & (EPOLLHUP | EPOLLERR)) end(connection);
        return;
    }
    if (connection->state == CONNECTING && events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) finish_connect(connection);
}

static void give_up(struct connection *connection, i64 error) {
    complain("Failed to connect to", attempt_target(&connection->attempt)->name, error);
    end(connection);
}

static void tick_connecting(void) {
    while (!list_is_empty(&connecting)) {
        struct connection *connection = CONTAINER(connecting.next, struct connection, link);
        int is_late = connection->deadline >= 0 && connection->deadline <= now;
        /* An only target has all the time that there is. */
        int gives_way = connection->attempt.route->count > 1 || connection->probes;
        if (is_late) give_up(connection, ETIMEDOUT);
        else if (connection->attempt_deadline > now) return wake_at(connection->attempt_deadline);
        else if (gives_way) attempt_failed(connection, ETIMEDOUT);
        else {
            connection->attempt_deadline = now + ATTEMPT_MS;
            list_append(&connecting, &connection->link);
        }
    }
}

static void tick_waiting(struct route *route) {
    while (!list_is_empty(&route->waiting)) {
        struct connection *oldest = CONTAINER(route->waiting.next, struct connection, link);
        if (oldest->deadline < 0 || oldest->deadline > now) break;
        give_up(oldest, route->last_error);
    }
    if (list_is_empty(&route->waiting)) return;
    if (route->retry_at <= now) {
        route->retry_at = now + route->retry_delay;
        stream_retry(route, 0);
    }
    if (list_is_empty(&route->waiting)) return;
    struct connection *oldest = CONTAINER(route->waiting.next, struct connection, link);
    wake_at(route->retry_at);
    if (oldest->deadline >= 0) wake_at(oldest->deadline);
}

static void tick_lingering(void) {
    while (!list_is_empty(&lingering)) {
        struct connection *connection = CONTAINER(lingering.next, struct connection, link);
        if (connection->deadline > now) return wake_at(connection->deadline);
        reset(connection);
    }
}

void stream_tick(void) {
    tick_connecting();
    tick_lingering();
    for (int i = 0; i < route_count; ++i) tick_waiting(&routes[i]);
}

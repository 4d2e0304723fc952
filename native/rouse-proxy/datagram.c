/*
 * Datagrams. A client is known by its address; it has a socket of its own to the server, so that the server's answers find the way back,
 * and it is forgotten when nothing went either way for a while.
 *
 * No first datagram is lost because the server is not there yet:
 *
 * - Over UDP a refusal comes later, if at all. Until an answer comes, or a second went by without a refusal, what the client sent
 *   is kept, and sent again when it was refused.
 * - Over Unix sockets the kernel says at once what it thinks of a datagram. What it does not take waits in order, and when too much
 *   waits, nothing more is received: as without us, the client is slowed down and nothing is dropped.
 */
#include "proxy.h"

enum { LARGEST = 64 * 1024 + HEADER_MOST, SMALL = 2048, KEPT_MOST = 16, AT_ONCE = 64, KEPT_MS = 1000, RETRY_FIRST_MS = 5, RETRY_MOST_MS = 200, BUCKETS = 1024, CONTROL_SIZE = 40 };

struct datagram {
    struct datagram *next;
    struct pool *pool;
    u32 length;
    u8 bytes[];
};

struct session {
    enum kind kind;
    int fd;
    struct listener *listener;
    struct attempt attempt;
    struct address client;
    /* IP_PKTINFO of the client's last datagram: the answer comes from the address that was asked. */
    u8 control[CONTROL_SIZE];
    u64 control_length;
    struct link hash, age, timer;
    struct datagram *kept, *answer;
    int kept_count;
    /* No server takes it; the server takes no more for now; the server has answered. */
    u8 refused, stalled, answered, dead;
    i64 last, deadline, retry_at, retry_delay, kept_until;
};

static struct pool sessions = {sizeof(struct session), 0};
static struct pool small_datagrams = {SMALL, 0}, large_datagrams = {LARGEST + sizeof(struct datagram), 0};
static struct link buckets[BUCKETS];
/* By their last use; by the time at which what they keep is forgotten; those to be tried again, and the first time at which one is. */
static struct link ages = {&ages, &ages}, settling = {&settling, &settling}, retrying = {&retrying, &retrying}, dead = {&dead, &dead};
static i64 next_retry;
static u8 shared[LARGEST];

static int is_reliable(const struct session *session) {
    return attempt_target(&session->attempt)->address.family == AF_UNIX;
}

/* Kept datagrams */

static struct datagram *copy_of(const u8 *bytes, i64 length) {
    struct pool *pool = length + (i64)sizeof(struct datagram) <= SMALL ? &small_datagrams : &large_datagrams;
    struct datagram *copy = pool_take_used(pool);
    copy->next = 0;
    copy->pool = pool;
    copy->length = (u32)length;
    memcpy(copy->bytes, bytes, (u64)length);
    return copy;
}

static void keep(struct session *session, const u8 *bytes, i64 length) {
    struct datagram **last = &session->kept;
    if (session->kept_count >= KEPT_MOST) return;
    while (*last) last = &(*last)->next;
    *last = copy_of(bytes, length);
    ++session->kept_count;
}

static void forget_first(struct session *session) {
    struct datagram *first = session->kept;
    session->kept = first->next;
    --session->kept_count;
    pool_give(first->pool, first);
}

static void forget_kept(struct session *session) {
    while (session->kept) forget_first(session);
}

/* Slowing down */

static void set_events(int fd, void *owner, u32 events) {
    struct event event = {events, owner};
    call4(SYS_epoll_ctl, epoll_fd, EPOLL_CTL_MOD, fd, &event);
}

static void set_stalled(struct session *session, int on) {
    if (session->stalled == on) return;
    session->stalled = (u8)on;
    session->listener->stalls += on ? 1 : -1;
    if (session->listener->stalls == on) set_events(session->listener->fd, session->listener, on ? 0 : EPOLLIN);
    if (session->fd >= 0) set_events(session->fd, session, EPOLLIN | EPOLLET | (on ? EPOLLOUT : 0));
}

/* Sessions */

static struct link *bucket_of(const struct listener *listener, const struct address *client) {
    u64 hash = (u64)listener->fd + 14695981039346656037UL;
    for (u32 i = 0; i < client->length; ++i) hash = (hash ^ client->bytes[i]) * 1099511628211UL;
    struct link *bucket = &buckets[(hash ^ hash >> 32) % BUCKETS];
    if (!bucket->next) list_init(bucket);
    return bucket;
}

static struct session *find_session(const struct listener *listener, const struct address *client) {
    struct link *bucket = bucket_of(listener, client);
    for (struct link *link = bucket->next; link != bucket; link = link->next) {
        struct session *session = CONTAINER(link, struct session, hash);
        if (session->listener == listener && session->client.length == client->length && memcmp(session->client.bytes, client->bytes, client->length) == 0) return session;
    }
    return 0;
}

static void close_socket(struct session *session) {
    if (session->fd >= 0) call(SYS_close, session->fd, 0, 0);
    session->fd = -1;
}

static void end(struct session *session) {
    if (session->dead) return;
    session->dead = 1;
    close_socket(session);
    set_stalled(session, 0);
    forget_kept(session);
    if (session->answer) pool_give(session->answer->pool, session->answer);
    list_remove(&session->hash);
    list_remove(&session->timer);
    list_append(&dead, &session->age);
    client_left();
}

/* Memory is used again only when no event of this round can mean it any more. */
void session_bury(void) {
    while (!list_is_empty(&dead)) {
        struct session *session = CONTAINER(dead.next, struct session, age);
        list_remove(&session->age);
        pool_give(&sessions, session);
    }
}

static void is_used(struct session *session) {
    session->last = now;
    list_append(&ages, &session->age);
}

static void settle_later(struct session *session) {
    session->kept_until = now + KEPT_MS;
    list_append(&settling, &session->timer);
}

static void try_later(struct session *session) {
    i64 delay = session->retry_delay * 2;
    session->retry_delay = delay < RETRY_FIRST_MS ? RETRY_FIRST_MS : delay > RETRY_MOST_MS ? RETRY_MOST_MS : delay;
    session->retry_at = now + session->retry_delay;
    if (list_is_empty(&retrying) || session->retry_at < next_retry) next_retry = session->retry_at;
    list_append(&retrying, &session->timer);
}

/* Towards the server */

static void is_refused(struct session *session, i64 error) {
    session->refused = 1;
    close_socket(session);
    target_failed(&session->attempt, (int)error);
    lookup_if_older(session->listener->route, STALE_MS);
    try_later(session);
}

/* 0 or an error. A Unix socket gets a name of its own from the kernel, for the answers. */
static i64 connect_session(struct session *session) {
    const struct address *address = &attempt_target(&session->attempt)->address;
    i64 fd = call(SYS_socket, address->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    if (address->family == AF_UNIX) call(SYS_bind, fd, &address->family, sizeof address->family);
    i64 error = call(SYS_connect, fd, address->bytes, address->length);
    if (error < 0) {
        call(SYS_close, fd, 0, 0);
        return error;
    }
    session->fd = (int)fd;
    watch((int)fd, session, EPOLLIN | EPOLLET | (session->stalled ? EPOLLOUT : 0));
    return 0;
}

static int connect_somewhere(struct session *session) {
    i64 error;
    attempt_begin(&session->attempt, session->listener->route);
    do {
        error = connect_session(session);
        if (error == 0) {
            session->refused = 0;
            return 1;
        }
        target_failed(&session->attempt, (int)-error);
    } while (attempt_next(&session->attempt));
    is_refused(session, -error);
    return 0;
}

static i64 send_to_server(struct session *session, const u8 *bytes, i64 length) {
    return call4(SYS_sendto, session->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* What is not there any more, as against what does not like this datagram. */
static int is_gone(i64 error) {
    return error == -ECONNREFUSED || error == -ENOTCONN || error == -ENOENT || error == -ECONNRESET;
}

static void send_waiting(struct session *session) {
    while (session->kept) {
        i64 sent = send_to_server(session, session->kept->bytes, session->kept->length);
        if (sent == -EAGAIN) return set_stalled(session, 1);
        if (is_gone(sent)) return is_refused(session, -sent);
        forget_first(session);
    }
    session->retry_delay = 0;
    set_stalled(session, 0);
}

static void send_again(struct session *session) {
    for (struct datagram *datagram = session->kept; datagram; datagram = datagram->next) {
        if (is_gone(send_to_server(session, datagram->bytes, datagram->length))) return is_refused(session, ECONNREFUSED);
    }
    settle_later(session);
}

static void forward_reliably(struct session *session, const u8 *bytes, i64 length) {
    i64 sent = session->refused || session->kept ? -EAGAIN : send_to_server(session, bytes, length);
    if (sent == -EAGAIN || is_gone(sent)) keep(session, bytes, length);
    if (is_gone(sent)) is_refused(session, -sent);
    else if (sent == -EAGAIN && (!session->refused || session->kept_count == KEPT_MOST)) set_stalled(session, 1);
}

static void forward_over_udp(struct session *session, const u8 *bytes, i64 length) {
    if (!session->answered) keep(session, bytes, length);
    if (session->refused) return;
    i64 sent = send_to_server(session, bytes, length);
    if (is_gone(sent) && session->answered) {
        /* What was refused is an earlier one, and this has not been sent: the server's successor gets it. */
        session->answered = 0;
        keep(session, bytes, length);
    }
    if (is_gone(sent)) return is_refused(session, -sent);
    if (!session->answered) settle_later(session);
}

/* From the client */

static struct session *begin_session(struct listener *listener, const struct address *client) {
    if (!may_serve()) return 0;
    struct session *session = pool_take(&sessions);
    session->kind = KIND_SESSION;
    session->fd = -1;
    session->listener = listener;
    session->client = *client;
    session->deadline = options.connect_ms < 0 ? -1 : now + options.connect_ms;
    list_init(&session->hash);
    list_init(&session->age);
    list_init(&session->timer);
    list_append(bucket_of(listener, client), &session->hash);
    ++client_count;
    lookup_if_older(listener->route, FRESH_MS);
    connect_somewhere(session);
    return session;
}

static i64 put_header(const struct session *session, u8 *at) {
    struct address local = {0};
    local.length = sizeof local.bytes;
    call(SYS_getsockname, session->listener->fd, local.bytes, &local.length);
    return make_header(at, options.header, SOCK_DGRAM, &session->client, &local);
}

/* The datagram is in `shared`, behind room for a header. */
static void receive_one(struct listener *listener, const struct message *message, i64 length) {
    struct address client = {0};
    client.length = message->name_length;
    memcpy(client.bytes, message->name, client.length);
    struct session *session = find_session(listener, &client);
    if (!session) session = begin_session(listener, &client);
    if (!session) return;
    session->control_length = message->control_length <= CONTROL_SIZE ? message->control_length : 0;
    memcpy(session->control, message->control, session->control_length);
    u8 *bytes = shared + HEADER_MOST;
    if (options.header) {
        u8 header[HEADER_MOST];
        i64 size = put_header(session, header);
        bytes -= size;
        length += size;
        memcpy(bytes, header, (u64)size);
    }
    is_used(session);
    if (is_reliable(session)) forward_reliably(session, bytes, length);
    else forward_over_udp(session, bytes, length);
}

void datagram_ready(struct listener *listener) {
    for (int i = 0; i < AT_ONCE && listener->stalls == 0; ++i) {
        u8 name[112], control[CONTROL_SIZE];
        struct io_vector vector = {shared + HEADER_MOST, LARGEST - HEADER_MOST};
        struct message message = {name, sizeof name, 0, &vector, 1, control, sizeof control, 0, 0};
        i64 got = call(SYS_recvmsg, listener->fd, &message, MSG_DONTWAIT);
        if (got == -EAGAIN) return;
        if (got >= 0) receive_one(listener, &message, got);
    }
}

/* From the server */

static i64 send_to_client(struct session *session, const u8 *bytes, i64 length) {
    u8 control[CONTROL_SIZE] __attribute__((aligned(8)));
    struct io_vector vector = {(void *)bytes, (u64)length};
    struct message message = {session->client.bytes, session->client.length, 0, &vector, 1, control, session->control_length, 0, 0};
    /* A client on a Unix socket without a name cannot be answered. */
    if (session->client.length <= sizeof session->client.family) return length;
    memcpy(control, session->control, session->control_length);
    /* The interface is left to the routes, but for addresses that mean nothing without it (fe80::). */
    if (session->control_length && session->listener->family == AF_INET) memset(control + 16, 0, 4);
    if (session->control_length && session->listener->family == AF_INET6 && control[16] != 0xfe) memset(control + 32, 0, 4);
    return call(SYS_sendmsg, session->listener->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void is_answered(struct session *session) {
    is_used(session);
    if (session->answered) return;
    session->answered = 1;
    session->retry_delay = 0;
    target_works(&session->attempt);
    if (is_reliable(session)) return;
    forget_kept(session);
    list_remove(&session->timer);
}

static void receive_answers(struct session *session) {
    while (!session->answer) {
        i64 got = call4(SYS_recvfrom, session->fd, shared, LARGEST, MSG_DONTWAIT);
        if (got == -EAGAIN) return;
        if (is_gone(got) && !session->answered) return is_refused(session, -got);
        if (got < 0) continue;
        is_answered(session);
        if (send_to_client(session, shared, got) != -EAGAIN) continue;
        /* The client's queue is full: the rest stays in ours meanwhile. */
        session->answer = copy_of(shared, got);
        try_later(session);
    }
}

void session_event(void *owner, u32 events) {
    struct session *session = owner;
    if (session->dead || session->fd < 0) return;
    if (events & ~EPOLLOUT) receive_answers(session);
    if (session->fd >= 0 && session->stalled) send_waiting(session);
}

/* Timers */

static void retry_answer(struct session *session) {
    if (send_to_client(session, session->answer->bytes, session->answer->length) == -EAGAIN) return try_later(session);
    pool_give(session->answer->pool, session->answer);
    session->answer = 0;
    session->retry_delay = 0;
    if (session->fd >= 0) receive_answers(session);
}

static void retry(struct session *session) {
    list_remove(&session->timer);
    if (session->answer) return retry_answer(session);
    if (session->deadline >= 0 && session->deadline <= now && !session->answered) {
        complain("Failed to connect to", attempt_target(&session->attempt)->name, session->listener->route->last_error);
        return end(session);
    }
    if (!connect_somewhere(session)) return;
    if (is_reliable(session)) send_waiting(session);
    else send_again(session);
}

static void tick_retrying(void) {
    if (list_is_empty(&retrying)) return;
    if (next_retry > now) return wake_at(next_retry);
    struct link turn;
    list_init(&turn);
    while (!list_is_empty(&retrying)) list_append(&turn, retrying.next);
    while (!list_is_empty(&turn)) {
        struct session *session = CONTAINER(turn.next, struct session, timer);
        if (session->retry_at <= now) {
            retry(session);
            continue;
        }
        if (list_is_empty(&retrying) || session->retry_at < next_retry) next_retry = session->retry_at;
        list_append(&retrying, &session->timer);
    }
    if (!list_is_empty(&retrying)) wake_at(next_retry);
}

static void tick_settling(void) {
    while (!list_is_empty(&settling)) {
        struct session *session = CONTAINER(settling.next, struct session, timer);
        if (session->kept_until > now) return wake_at(session->kept_until);
        list_remove(&session->timer);
        session->retry_delay = 0;
        forget_kept(session);
    }
}

void session_tick(void) {
    tick_retrying();
    tick_settling();
    while (!list_is_empty(&ages)) {
        struct session *oldest = CONTAINER(ages.next, struct session, age);
        if (oldest->last + options.session_ms > now) return wake_at(oldest->last + options.session_ms);
        end(oldest);
    }
}

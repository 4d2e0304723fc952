/*
 * Datagrams. A client is known by its address; it has a socket of its own to the server, so that the server's answers find the way back,
 * and it is forgotten when nothing went either way for a while.
 *
 * No first datagram is lost because the server is not there yet: until an answer comes (or a second went by without a complaint) what
 * the client sent is kept, and sent again when the server refused it.
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
    u64 kept_count;
    int dead, refused, answered;
    i64 last, deadline, retry_at, retry_delay, kept_until;
};

static struct pool sessions = {sizeof(struct session), 0};
static struct pool small_datagrams = {SMALL, 0}, large_datagrams = {LARGEST + sizeof(struct datagram), 0};
static struct link buckets[BUCKETS], ages = {&ages, &ages}, timers = {&timers, &timers}, dead = {&dead, &dead};
static u8 shared[LARGEST];

/* Kept datagrams */

static struct datagram *copy_of(const u8 *bytes, i64 length) {
    struct pool *pool = length + sizeof(struct datagram) <= SMALL ? &small_datagrams : &large_datagrams;
    struct datagram *copy = pool_take(pool);
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
    session->kept_until = now + KEPT_MS;
}

static void forget_kept(struct session *session) {
    while (session->kept) {
        struct datagram *first = session->kept;
        session->kept = first->next;
        pool_give(first->pool, first);
    }
    session->kept_count = 0;
}

/* Sessions */

static u64 bucket_of(const struct listener *listener, const struct address *client) {
    u64 hash = (u64)listener->fd + 14695981039346656037UL;
    for (u32 i = 0; i < client->length; ++i) hash = (hash ^ client->bytes[i]) * 1099511628211UL;
    return (hash ^ hash >> 32) % BUCKETS;
}

static struct session *find_session(const struct listener *listener, const struct address *client) {
    struct link *bucket = &buckets[bucket_of(listener, client)];
    if (!bucket->next) list_init(bucket);
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
    forget_kept(session);
    if (session->answer) pool_give(session->answer->pool, session->answer);
    list_remove(&session->hash);
    list_remove(&session->timer);
    list_append(&dead, &session->age);
    client_left();
}

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

static void try_later(struct session *session) {
    session->retry_delay = session->retry_delay == 0 ? RETRY_FIRST_MS : session->retry_delay * 2 < RETRY_MOST_MS ? session->retry_delay * 2 : RETRY_MOST_MS;
    session->retry_at = now + session->retry_delay;
    list_append(&timers, &session->timer);
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
    watch((int)fd, session, EPOLLIN | EPOLLET);
    return 0;
}

/* Everything is sent again when there is a server. */
static void is_refused(struct session *session, i64 error) {
    session->refused = 1;
    close_socket(session);
    target_failed(&session->attempt, (int)error);
    try_later(session);
}

static int connect_somewhere(struct session *session) {
    i64 error;
    attempt_begin(&session->attempt, session->listener->route);
    do {
        error = connect_session(session);
        if (error == 0) return 1;
        target_failed(&session->attempt, (int)-error);
    } while (attempt_next(&session->attempt));
    is_refused(session, -error);
    return 0;
}

static i64 send_to_server(struct session *session, const u8 *bytes, i64 length) {
    return call4(SYS_sendto, session->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_kept(struct session *session) {
    session->refused = 0;
    if (session->fd < 0 && !connect_somewhere(session)) return;
    for (struct datagram *datagram = session->kept; datagram; datagram = datagram->next) {
        i64 sent = send_to_server(session, datagram->bytes, datagram->length);
        if (sent == -ECONNREFUSED) return is_refused(session, ECONNREFUSED);
        if (sent == -EAGAIN) return try_later(session);
    }
    session->kept_until = now + KEPT_MS;
    list_append(&timers, &session->timer);
    session->retry_at = session->kept_until;
}

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
    list_append(&buckets[bucket_of(listener, client)], &session->hash);
    ++client_count;
    connect_somewhere(session);
    return session;
}

/* From the client */

static i64 put_header(struct session *session, u8 *at, const struct address *client) {
    struct address local = {0};
    local.length = sizeof local.bytes;
    call(SYS_getsockname, session->listener->fd, local.bytes, &local.length);
    return make_header(at, options.header, SOCK_DGRAM, client, &local);
}

static void forward(struct session *session, const u8 *bytes, i64 length) {
    is_used(session);
    if (!session->answered) keep(session, bytes, length);
    if (session->refused) return;
    i64 sent = send_to_server(session, bytes, length);
    /* An earlier datagram was refused; this one has not been sent. */
    if (sent == -ECONNREFUSED && !session->answered) return is_refused(session, ECONNREFUSED);
    if (sent == -ECONNREFUSED) sent = send_to_server(session, bytes, length);
    if (sent == -ECONNREFUSED || sent == -ENOTCONN || sent == -ENOENT) {
        /* A server that was there has gone: its successor gets this one. */
        session->answered = 0;
        keep(session, bytes, length);
        return is_refused(session, -sent);
    }
    if (sent == -EAGAIN && session->answered) {
        session->answered = 0;
        keep(session, bytes, length);
        return try_later(session);
    }
    if (session->answered) return;
    session->retry_at = session->kept_until;
    list_append(&timers, &session->timer);
}

static void receive_one(struct listener *listener, struct message *message, i64 length) {
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
        i64 size = put_header(session, header, &client);
        bytes -= size;
        memcpy(bytes, header, (u64)size);
        length += size;
    }
    forward(session, bytes, length);
}

void datagram_ready(struct listener *listener) {
    for (int i = 0; i < AT_ONCE; ++i) {
        u8 name[112], control[CONTROL_SIZE];
        struct io_vector vector = {shared + HEADER_MOST, LARGEST - HEADER_MOST};
        struct message message = {name, sizeof name, 0, &vector, 1, control, sizeof control, 0, 0};
        i64 got = call(SYS_recvmsg, listener->fd, &message, MSG_DONTWAIT);
        if (got == -EAGAIN) return;
        if (got >= 0) receive_one(listener, &message, got);
    }
}

/* From the server */

/* struct in_pktinfo is interface, our address, the address in the packet; the route decides about the interface. */
static void make_reply_control(const struct session *session, u8 *control) {
    memcpy(control, session->control, session->control_length);
    int level = session->control_length ? *(const int *)(session->control + 8) : -1;
    if (level == IPPROTO_IP) memset(control + 16, 0, 4);
}

static i64 send_to_client(struct session *session, const u8 *bytes, i64 length) {
    u8 control[CONTROL_SIZE] __attribute__((aligned(8)));
    struct io_vector vector = {(void *)bytes, (u64)length};
    struct message message = {session->client.bytes, session->client.length, 0, &vector, 1, control, session->control_length, 0, 0};
    /* A client on a Unix socket without a name cannot be answered. */
    if (session->client.length <= sizeof session->client.family) return length;
    make_reply_control(session, control);
    return call(SYS_sendmsg, session->listener->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void is_answered(struct session *session) {
    is_used(session);
    if (session->answered) return;
    session->answered = 1;
    session->retry_delay = 0;
    target_works(&session->attempt);
    forget_kept(session);
    list_remove(&session->timer);
}

static void receive_answers(struct session *session) {
    for (;;) {
        i64 got = call4(SYS_recvfrom, session->fd, shared, LARGEST, MSG_DONTWAIT);
        if (got == -EAGAIN) return;
        if (got == -ECONNREFUSED && !session->answered) return is_refused(session, ECONNREFUSED);
        if (got < 0) continue;
        is_answered(session);
        if (send_to_client(session, shared, got) != -EAGAIN) continue;
        /* Its queue is full: the rest stays in ours. */
        session->answer = copy_of(shared, got);
        return try_later(session);
    }
}

void session_event(void *owner, u32 events) {
    struct session *session = owner;
    (void)events;
    if (!session->dead && session->fd >= 0 && !session->answer) receive_answers(session);
}

/* Timers */

static void retry_answer(struct session *session) {
    if (send_to_client(session, session->answer->bytes, session->answer->length) == -EAGAIN) return try_later(session);
    pool_give(session->answer->pool, session->answer);
    session->answer = 0;
    session->retry_delay = 0;
    receive_answers(session);
}

static void on_timer(struct session *session) {
    list_remove(&session->timer);
    if (session->answer) return retry_answer(session);
    if (session->deadline >= 0 && session->deadline <= now && session->refused) {
        complain("Failed to connect to", attempt_target(&session->attempt)->name, session->listener->route->last_error);
        return end(session);
    }
    if (session->refused || session->retry_delay > 0) {
        int waited = session->refused;
        send_kept(session);
        if (!waited && !session->refused) session->retry_delay = 0;
        return;
    }
    forget_kept(session);
}

static void tick_timers(void) {
    struct link turn;
    list_init(&turn);
    while (!list_is_empty(&timers)) list_append(&turn, timers.next);
    while (!list_is_empty(&turn)) {
        struct session *session = CONTAINER(turn.next, struct session, timer);
        list_append(&timers, &session->timer);
        if (session->retry_at <= now) on_timer(session);
        else wake_at(session->retry_at);
    }
    for (struct link *link = timers.next; link != &timers; link = link->next) wake_at(CONTAINER(link, struct session, timer)->retry_at);
}

void session_tick(void) {
    tick_timers();
    while (!list_is_empty(&ages)) {
        struct session *oldest = CONTAINER(ages.next, struct session, age);
        if (oldest->last + options.session_ms > now) return wake_at(oldest->last + options.session_ms);
        end(oldest);
    }
}

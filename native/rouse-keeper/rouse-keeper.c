/*
 * rouse-keeper: holds descriptors for a manager that may die, and gives them to the next one.
 *
 *   rouse-keeper PATH [PROGRAM ARGV0 ARG...]      descriptor 3: the manager; 4: a listening Unix socket, for the managers after it
 *
 * PATH is where that listens, for whoever reads a list of processes. PROGRAM starts the next manager when one has died, again and again with
 * more and more time between, until one comes; without it, somebody else does. Both sockets are of the type SOCK_SEQPACKET. A message is one letter and what follows it:
 *
 *   kKEY   keep the descriptor that comes along (SCM_RIGHTS) under this key, which is any bytes; one that has the key already is let go
 *   dKEY   let go of every descriptor whose key begins with these bytes
 *   s      answer with 's': everything before it is done
 *   q      let go of everything, and end
 *
 * A manager that connects gets every descriptor in a message of kind k, and then an s; from then on it is the manager. It looks into
 * nothing that it holds: who waits there waits until a manager comes back. Without a manager it holds on for as long as it takes.
 */
#include "../freestanding.h"

#if defined(__x86_64__)
enum { SYS_sendmsg = 46, SYS_clone = 56, SYS_setsid = 112, SYS_prctl = 157 };
#else
enum { SYS_sendmsg = 211, SYS_clone = 220, SYS_setsid = 157, SYS_prctl = 167 };
#endif

enum {
    MANAGER = 3, LISTENER = 4, POLLIN = 1, SOL_SOCKET = 1, SCM_RIGHTS = 1, SOCK_CLOEXEC = 02000000, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000,
    PR_SET_NAME = 15, RLIMIT_NOFILE = 7, MOST_KEY = 1016, MOST_KEPT = 16384,
    SIGCHLD = 17, CLOCK_BOOTTIME = 7, NEVER = -1,
    /* One that comes at all comes within so long. */
    COMES_WITHIN_S = 10, WAIT_MOST_S = 60,
};

/* Untouched pages of the table cost nothing. */
struct kept { int fd, length; char key[MOST_KEY]; };
static struct kept table[MOST_KEPT];
static i64 used;

/* A letter and a key. */
static char message[1 + MOST_KEY];

struct pollfd { int fd; short events, revents; };
struct vector { void *base; u64 length; };
struct message_header { void *name; u32 name_length, pad; struct vector *vector; u64 vector_length; void *control; u64 control_length; u32 flags, pad2; };
struct control { u64 length; int level, type, fd, pad; };

static int begins_with(const struct kept *kept, const char *key, i64 length) {
    if (kept->length < length) return 0;
    for (i64 i = 0; i < length; ++i)
        if (kept->key[i] != key[i]) return 0;
    return 1;
}

/* The last one takes the place of the one that goes. */
static void let_go(i64 at) {
    call(SYS_close, table[at].fd, 0, 0);
    struct kept *last = &table[--used];
    table[at].fd = last->fd;
    table[at].length = last->length;
    for (int i = 0; i < last->length; ++i) table[at].key[i] = last->key[i];
}

static void drop(const char *key, i64 length, int whole) {
    for (i64 at = used - 1; at >= 0; --at)
        if (begins_with(&table[at], key, length) && (!whole || table[at].length == length)) let_go(at);
}

static void keep(const char *key, i64 length, int fd) {
    if (fd < 0) return;
    drop(key, length, 1);
    if (used == MOST_KEPT) {
        call(SYS_close, fd, 0, 0);
        return;
    }
    struct kept *kept = &table[used++];
    kept->fd = fd;
    kept->length = (int)length;
    for (i64 i = 0; i < length; ++i) kept->key[i] = key[i];
}

static i64 send(int to, char letter, const struct kept *kept) {
    i64 length = 1;
    message[0] = letter;
    for (int i = 0; kept && i < kept->length; ++i) message[length++] = kept->key[i];
    struct vector vector = {message, (u64)length};
    struct control control = {20, SOL_SOCKET, SCM_RIGHTS, kept ? kept->fd : -1, 0};
    struct message_header header = {0, 0, 0, &vector, 1, kept ? &control : 0, kept ? sizeof control : 0, 0, 0};
    i64 sent;
    do sent = call(SYS_sendmsg, to, &header, MSG_NOSIGNAL);
    while (sent == -EINTR);
    return sent;
}

/* The end of the connection is 0. The descriptor that came along is left in *fd. */
static i64 receive(int from, int *fd, int flags) {
    struct vector vector = {message, sizeof message};
    struct control control = {0, 0, 0, -1, 0};
    struct message_header header = {0, 0, 0, &vector, 1, &control, sizeof control, 0, 0};
    i64 got = call(SYS_recvmsg, from, &header, MSG_CMSG_CLOEXEC | flags);
    *fd = got >= 0 && header.control_length >= 20 && control.type == SCM_RIGHTS ? control.fd : -1;
    return got;
}

/* False: the manager has gone, or with MSG_DONTWAIT it has nothing to say. */
static int on_message(int manager, int flags) {
    int fd;
    i64 got = receive(manager, &fd, flags);
    if (got == -EINTR) return 1;
    if (got <= 0) return 0;
    switch (message[0]) {
    case 'k': keep(message + 1, got - 1, fd); break;
    case 'd': drop(message + 1, got - 1, 0); break;
    case 's': return send(manager, 's', 0) > 0;
    case 'q': leave(0);
    default: break;
    }
    return 1;
}

/* Blocks while the manager is slow to read: nobody else has anything to say meanwhile. */
static int give_all(int manager) {
    for (i64 at = 0; at < used; ++at)
        if (send(manager, 'k', &table[at]) < 0) return 0;
    return send(manager, 's', 0) > 0;
}

static char **command, **environment;

/* The command moves out of the list of processes: whoever looks there for a manager, to end it, does not mean us. */
static void take_command(char **argv, i64 count) {
    static char bytes[16384];
    static char *words[65];
    i64 used_bytes = 0;
    if (count < 2 || count > 64) return;
    for (i64 i = 0; i < count; ++i) {
        i64 length = length_of(argv[i]) + 1;
        if (used_bytes + length > (i64)sizeof bytes) return;
        words[i] = bytes + used_bytes;
        for (i64 at = 0; at < length; ++at) bytes[used_bytes++] = argv[i][at];
    }
    for (i64 i = 0; i < count; ++i)
        for (char *at = argv[i]; *at; ++at) *at = 0;
    command = words;
}

static i64 now(void) {
    i64 time[2];
    call(SYS_clock_gettime, CLOCK_BOOTTIME, time, 0);
    return time[0];
}

/* 0 is SIG_DFL, 1 SIG_IGN: nobody waits for what we start. */
static void on_child(u64 handler) {
    struct { u64 handler, flags, restorer, mask; } action = {handler, 0, 0, 0};
    call4(SYS_rt_sigaction, SIGCHLD, &action, 0, 8);
}

static void start_manager(void) {
    if (call6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0) != 0) return;
    on_child(0);
    call(SYS_setsid, 0, 0, 0);
    call(SYS_close_range, MANAGER, 0x7fffffff, 0);
    call(SYS_execve, command[0], command + 1, environment);
    leave(127);
}

/* When to start another one, after a death: at once, unless the last start was just now. */
static i64 next_start(i64 last, i64 *wait) {
    *wait = last == NEVER || now() - last > WAIT_MOST_S ? 0 : *wait == 0 ? 1 : *wait * 2;
    if (*wait > WAIT_MOST_S) *wait = WAIT_MOST_S;
    return now() + *wait;
}

static void raise_limit(void) {
    u64 limit[2];
    call4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, limit);
    limit[0] = limit[1];
    call4(SYS_prlimit64, 0, RLIMIT_NOFILE, limit, 0);
}

__attribute__((noreturn, used)) void start(u64 *stack) {
    i64 count = (i64)stack[0], last_start = NEVER, start_at = NEVER, wait = 0;
    int manager = MANAGER;
    take_command((char **)(stack + 3), count - 2);
    environment = (char **)(stack + count + 2);
    call(SYS_prctl, PR_SET_NAME, "rouse-keeper", 0);
    raise_limit();
    on_child(1);
    for (;;) {
        /* poll(2) passes over a negative descriptor. */
        struct pollfd fds[2] = {{manager, POLLIN, 0}, {LISTENER, POLLIN, 0}};
        i64 left[2] = {start_at == NEVER || start_at < now() ? 0 : start_at - now(), 0};
        if (call6(SYS_ppoll, (i64)fds, 2, start_at == NEVER ? 0 : (i64)left, 0, 0, 0) < 0) continue;
        if (fds[0].revents && !on_message(manager, 0)) {
            call(SYS_close, manager, 0, 0);
            manager = -1;
            if (command) start_at = next_start(last_start, &wait);
        }
        if (fds[1].revents) {
            i64 next = call4(SYS_accept4, LISTENER, 0, 0, SOCK_CLOEXEC);
            if (next < 0) continue;
            /* There is one manager at a time, and the new one has its lock. What the last one has said counts, before the next one hears of it. */
            while (manager >= 0 && on_message(manager, MSG_DONTWAIT)) {}
            if (manager >= 0) call(SYS_close, manager, 0, 0);
            manager = give_all((int)next) ? (int)next : -1;
            if (manager >= 0) start_at = NEVER;
            else call(SYS_close, next, 0, 0);
        }
        if (start_at != NEVER && start_at <= now()) {
            last_start = now();
            start_at = last_start + (wait > COMES_WITHIN_S ? wait : COMES_WITHIN_S);
            start_manager();
        }
    }
}

/*
 * rouse-proxy: moves bytes between the clients of listening sockets and servers that take no sockets.
 *
 * One process, one thread, one epoll instance with edges: after a connection is made, the kernel is asked for nothing but bytes.
 *
 *   main.c      reads what it is told, and is the loop: events, timers
 *   plan.c      the words of the command line
 *   route.c     which server a client gets: several targets, retries until one listens
 *   listen.c    accepts clients
 *   stream.c    connections: both directions of bytes, each with its own end
 *   datagram.c  sessions: a client's datagrams, and the answers to it
 *   lookup.c    host names that have been looked up once, again
 *   header.c    the PROXY protocol, versions 1 and 2
 *   memory.c    pages from the kernel, and things of equal size out of them
 */
#ifndef ROUSE_PROXY_H
#define ROUSE_PROXY_H

#define FREESTANDING_PART
#include "../freestanding.h"

/* Constants of the kernel */

#if defined(__x86_64__)
enum { SYS_sendmsg = 46, SYS_clone = 56 };
#else
enum { SYS_sendmsg = 211, SYS_clone = 220 };
#endif

enum {
    AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_VSOCK = 40,
    SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_SEQPACKET = 5, SOCK_NONBLOCK = 04000, SOCK_CLOEXEC = 02000000,
    SOL_SOCKET = 1, SO_TYPE = 3, SO_ERROR = 4, SO_LINGER = 13, SO_ACCEPTCONN = 30, SO_DOMAIN = 39,
    IPPROTO_IP = 0, IPPROTO_TCP = 6, IPPROTO_IPV6 = 41, TCP_NODELAY = 1, IP_PKTINFO = 8, IPV6_RECVPKTINFO = 49, IPV6_PKTINFO = 50,
    EPOLLIN = 1, EPOLLOUT = 4, EPOLLERR = 8, EPOLLHUP = 16, EPOLLRDHUP = 0x2000, EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3,
    F_GETFL = 3, F_SETFL = 4, F_SETPIPE_SZ = 1031, F_GETPIPE_SZ = 1032, O_NONBLOCK = 04000, O_CLOEXEC = 02000000,
    SPLICE_F_MOVE = 1, SPLICE_F_NONBLOCK = 2, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, SHUT_WR = 1, SIGPIPE = 13, SIGCHLD = 17,
};
#define EPOLLET (1u << 31)

#if defined(__x86_64__)
struct event { u32 events; void *data; } __attribute__((packed));
#else
struct event { u32 events; void *data; };
#endif

struct address { u32 length; union { u16 family; u8 bytes[112]; }; };

struct io_vector { void *base; u64 length; };
struct message { void *name; u32 name_length, pad; struct io_vector *vector; u64 vector_count; void *control; u64 control_length; int flags, pad2; };

/* Doubly linked lists, whose heads are links themselves */

struct link { struct link *next, *before; };

static inline void list_init(struct link *head) { head->next = head->before = head; }
static inline int list_is_empty(const struct link *head) { return head->next == head; }
static inline void list_remove(struct link *link) {
    link->before->next = link->next;
    link->next->before = link->before;
    link->next = link->before = link;
}
static inline void list_append(struct link *head, struct link *link) {
    list_remove(link);
    link->before = head->before;
    link->next = head;
    head->before->next = link;
    head->before = link;
}
#define CONTAINER(pointer, type, field) ((type *)((char *)(pointer) - __builtin_offsetof(type, field)))

/* What every event belongs to: the first field of whatever epoll gives back */

enum kind { KIND_LISTENER, KIND_SIDE, KIND_SESSION, KIND_LOOKUP };

/* Servers */

enum { MOST_ADDRESSES = 64, MOST_ROUTES = 64, MOST_LISTENERS = 256 };

struct target {
    struct address address;
    const char *name;
    /* Refused lately: others are tried first until then. */
    i64 bad_until;
};

struct route {
    struct target targets[MOST_ADDRESSES];
    int count, next;
    /* Clients whom no server takes yet; the first of them asks again and again, and the others follow when it succeeds. */
    struct link waiting;
    i64 retry_at, retry_delay;
    int last_error;
    /* As they were typed; whether some are names of hosts, and when those were looked up. */
    const char *names[MOST_ADDRESSES];
    int name_count, has_hosts;
    i64 looked_up_at;
};

struct listener {
    enum kind kind;
    int fd, type, family;
    struct route *route;
    int paused;
    /* Sessions whose server takes nothing more for now: nothing is received until it does. */
    int stalls;
};

struct options {
    i64 most, idle_ms, connect_ms, session_ms;
    int header, quiet;
};

extern struct options options;
extern struct route routes[MOST_ROUTES];
extern struct listener listeners[MOST_LISTENERS];
extern int route_count, listener_count, epoll_fd;
/* Milliseconds of the monotonic clock, read once for each round of events. */
extern i64 now;
/* Clients being served, and listening sockets among the listeners. */
extern i64 client_count;
extern int serves_new;

/* plan.c */
void read_plan(char **words, i64 count);

enum { MOST_LOOKUP_WORDS = 8 };
extern const char *lookup_words[MOST_LOOKUP_WORDS];
extern int lookup_word_count;

u32 read_hex(const char *text, u8 *bytes, u32 most);

/* main.c */
extern char **environment;
void watch(int fd, void *owner, u32 events);
void wake_at(i64 when);
void client_left(void);
int may_serve(void);
void complain(const char *what, const char *whom, i64 error);

/* memory.c */
struct pool { u64 size; void *free; };
void *pool_take(struct pool *pool);
void *pool_take_used(struct pool *pool);
void pool_give(struct pool *pool, void *thing);
void *memcpy(void *to, const void *from, u64 length);
void *memset(void *to, int value, u64 length);
int memcmp(const void *a, const void *b, u64 length);

/* route.c */
struct attempt { struct route *route; int first, tried, at; };
int attempt_begin(struct attempt *attempt, struct route *route);
int attempt_next(struct attempt *attempt);
const struct target *attempt_target(const struct attempt *attempt);
void target_failed(struct attempt *attempt, int error);
void target_works(struct attempt *attempt);

/* lookup.c */
void lookup_if_older(struct route *route, i64 age);
void lookup_event(void *lookup);
enum { FRESH_MS = 30000, STALE_MS = 2000 };

/* header.c */
enum { HEADER_MOST = 16 + 216 };
int make_header(u8 *bytes, int version, int type, const struct address *from, const struct address *to);

/* listen.c */
void listener_ready(struct listener *listener);
void listener_resume(void);
int listener_poll_all(void);

/* stream.c */
void stream_begin(int fd, struct route *route, int type);
void stream_event(void *side, u32 events);
void stream_work(void);
int stream_has_work(void);
void stream_tick(void);
void stream_bury(void);
void stream_retry(struct route *route, int all);

/* datagram.c */
void datagram_ready(struct listener *listener);
void session_event(void *session, u32 events);
void session_tick(void);
void session_bury(void);

#endif

/*
 * rouse-sockets: stands before an OCI runtime that creates a container, and gives the container its sockets.
 *
 *   rouse-sockets PROGRAM ARGV0 [ARG...]
 *
 * podman passes the descriptors of LISTEN_FDS on to the first container that it starts, whatever has their numbers then to the
 * next, and all of them to the name server of its networks, which outlives the service. So podman gets none. The container
 * has an annotation with the path of a Unix socket instead; whoever listens there (the manager) sends the descriptors and
 * their number and names, "COUNT\nNAMES", in one message. They become the descriptors from 3 on, LISTEN_FDS and its sisters are set
 * for the runtime, and put into the container's configuration, where podman would have put them. Without the annotation, or when
 * nobody listens, this just becomes the runtime.
 */
#include "../freestanding.h"

#if defined(__x86_64__)
enum { SYS_pwrite64 = 18, SYS_openat = 257 };
#else
enum { SYS_pwrite64 = 68, SYS_openat = 56 };
#endif

enum {
    FIRST = 3, MOST = 253, FREE = FIRST + MOST, MOST_VARIABLES = 4096, EXIT_EXEC = 203, EXIT_FDS = 202, AT_FDCWD = -100, O_RDWR = 2, O_CLOEXEC = 02000000,
    AF_UNIX = 1, SOCK_STREAM = 1, SCM_RIGHTS = 1, PATH_MOST = 108, CONFIG_MOST = 8 << 20,
};

static const char ANNOTATION[] = "\"io.rouse.sockets\":\"", ENVIRONMENT[] = "\"env\":[";

/* The bundle's config.json: podman writes it anew for each start. */
static struct { i64 fd, length; char bytes[CONFIG_MOST]; } config;

/* What was sent. */
static struct { i64 count; int fds[MOST]; char note[2048]; const char *names; } got;

__attribute__((noreturn)) static void fail(const char *what, i64 error, int code) {
    static struct line line;
    add_text(&line, "rouse: ");
    add_text(&line, what);
    add_text(&line, ": ");
    add_error(&line, error);
    say(&line);
    leave(code);
}

/* The text behind `prefix`, if `text` begins with it. */
static const char *behind(const char *text, const char *prefix) {
    while (*prefix != 0 && *text == *prefix) ++text, ++prefix;
    return *prefix == 0 ? text : 0;
}

/* --bundle PATH, -b PATH, --bundle=PATH */
static const char *bundle_of(char **argv) {
    for (; *argv != 0; ++argv) {
        const char *joined = behind(*argv, "--bundle=");
        if (joined != 0) return joined;
        const char *option = behind(*argv, "--bundle");
        if (option == 0) option = behind(*argv, "-b");
        if (option != 0 && *option == 0) return argv[1];
    }
    return 0;
}

static void read_config(const char *bundle) {
    static struct line path;
    add_text(&path, bundle);
    add_text(&path, "/config.json");
    if (path.length >= (i64)sizeof path.bytes - 1) return;
    config.fd = call4(SYS_openat, AT_FDCWD, path.bytes, O_RDWR | O_CLOEXEC, 0);
    if (config.fd < 0) return;
    for (i64 more = 1; more > 0 && config.length < CONFIG_MOST - 1; config.length += more) {
        more = call(SYS_read, config.fd, config.bytes + config.length, CONFIG_MOST - 1 - config.length);
        if (more < 0) fail("Failed to read config.json", -more, EXIT_FDS);
    }
    config.bytes[config.length] = 0;
}

/* A quotation mark inside a value has a backslash before it, so the first hit is the member itself: `process` comes first. */
static char *find(const char *what) {
    for (char *at = config.bytes; *at != 0; ++at) {
        const char *rest = behind(at, what);
        if (rest != 0) return (char *)rest;
    }
    return 0;
}

struct address { u16 family; char path[PATH_MOST]; };
struct message_header { void *name; u32 name_length, pad; void *vector; u64 vector_length; void *control; u64 control_length; u32 flags, pad2; };

/* 0 when nobody listens: a manager that has gone took the sockets along. */
static i64 connect_to(const char *path) {
    static struct address address;
    address.family = AF_UNIX;
    i64 length = 0;
    for (; path[length] != 0 && path[length] != '"' && length < PATH_MOST - 1; ++length) address.path[length] = path[length];
    i64 fd = call(SYS_socket, AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0);
    if (fd < 0) fail("Failed to make a socket", -fd, EXIT_FDS);
    return call(SYS_connect, fd, &address, sizeof address) < 0 ? 0 : fd;
}

static void receive(i64 socket) {
    static union { u64 align; char bytes[16 + 4 * MOST + 4]; } control;
    struct { void *base; u64 length; } vector = {got.note, sizeof got.note - 1};
    struct message_header header = {0, 0, 0, &vector, 1, control.bytes, sizeof control.bytes, 0, 0};
    i64 length = call(SYS_recvmsg, socket, &header, 0);
    if (length < 0) fail("Failed to receive sockets", -length, EXIT_FDS);
    call(SYS_close, socket, 0, 0);
    const int *kind = (const int *)(control.bytes + 8), *fds = (const int *)(control.bytes + 16);
    if (length == 0 || header.control_length < 16 || kind[1] != SCM_RIGHTS) return;
    i64 arrived = (*(i64 *)control.bytes - 16) / 4;
    const char *text = got.note;
    got.count = number_at(&text);
    if (got.count != arrived) fail("Failed to receive sockets", EBADF, EXIT_FDS);
    for (i64 i = 0; i < arrived; ++i) got.fds[i] = fds[i];
    got.names = *text == 0 ? text : text + 1;
}

static void move(i64 from, i64 to) {
    i64 result = call(SYS_dup3, from, to, 0);
    if (result < 0) fail("Failed to move a socket", -result, EXIT_FDS);
    call(SYS_close, from, 0, 0);
}

/* To where none of them can be in another's way, and from there to where they belong. */
static void place(void) {
    for (i64 i = 0; i < got.count; ++i) move(got.fds[i], FREE + i);
    for (i64 i = 0; i < got.count; ++i) move(FREE + i, FIRST + i);
}

static void add_escaped(struct line *line, const char *text) {
    for (; *text != 0; ++text) {
        if (*text == '"' || *text == '\\') add_text(line, "\\");
        add_bytes(line, text, 1);
    }
}

/* The container sees the variables that its configuration has. */
static void write_config(void) {
    char *list = find(ENVIRONMENT);
    if (list == 0) return;
    static struct line added;
    add_text(&added, "\"LISTEN_FDS=");
    add_number(&added, (u64)got.count);
    add_text(&added, "\",\"LISTEN_FDNAMES=");
    add_escaped(&added, got.names);
    add_text(&added, *list == ']' ? "\"" : "\",");
    i64 at = list - config.bytes;
    i64 first = call4(SYS_pwrite64, config.fd, added.bytes, added.length, at);
    i64 second = call4(SYS_pwrite64, config.fd, list, config.length - at, at + added.length);
    if (first < 0 || second < 0) fail("Failed to write config.json", first < 0 ? -first : -second, EXIT_FDS);
}

struct variables { i64 count; const char *entries[MOST_VARIABLES]; };

static void add_variable(struct variables *variables, struct line *line, const char *name) {
    add_text(line, name);
    variables->entries[variables->count++] = line->bytes;
}

static void set_variables(struct variables *variables) {
    static struct line fds, pid, names;
    add_variable(variables, &fds, "LISTEN_FDS=");
    add_number(&fds, (u64)got.count);
    add_variable(variables, &pid, "LISTEN_PID=");
    add_number(&pid, (u64)call(SYS_getpid, 0, 0, 0));
    add_variable(variables, &names, "LISTEN_FDNAMES=");
    add_text(&names, got.names);
}

__attribute__((noreturn, used)) void start(u64 *stack) {
    i64 count = (i64)stack[0];
    char **argv = (char **)(stack + 1), **environment = argv + count + 1;
    if (count < 3) fail("Failed to read the command", EINVAL, EXIT_EXEC);
    const char *bundle = bundle_of(argv + 3);
    if (bundle != 0) read_config(bundle);
    const char *path = find(ANNOTATION);
    i64 socket = path == 0 ? 0 : connect_to(path);
    if (socket > 0) receive(socket);
    static struct variables variables;
    for (; *environment != 0 && variables.count < MOST_VARIABLES - 4; ++environment) variables.entries[variables.count++] = *environment;
    if (got.count > 0) {
        write_config();
        place();
        set_variables(&variables);
    }
    fail(argv[1], -call(SYS_execve, argv[1], argv + 2, variables.entries), EXIT_EXEC);
}

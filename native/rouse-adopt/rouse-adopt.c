/*
 * rouse-adopt: makes a process whose calls to bind and listen wait for the manager's word, and becomes the program.
 *
 *   rouse-adopt FD PROGRAM ARGV0 [ARG...]
 *
 * FD is a Unix socket to the manager. What is sent there is one letter and an errno of four bytes each:
 *
 *   n   the filter is installed, its notify descriptor comes along (SCM_RIGHTS)
 *   p   the same, and the process and all that it starts have no new privileges now: without CAP_SYS_ADMIN a filter costs that
 *   s   the filter could not be installed
 *   x   the program could not be executed
 *
 * Exit codes are those of systemd.exec(5). The filter is the process's own; seccomp_unotify(2). FD is not passed on.
 */
#include "../freestanding.h"

#if defined(__x86_64__)
enum { SYS_sendmsg = 46, SYS_listen = 50, SYS_prctl = 157, SYS_seccomp = 317, OUR_ARCHITECTURE = 0xc000003e };
#else
enum { SYS_sendmsg = 211, SYS_listen = 201, SYS_prctl = 167, SYS_seccomp = 277, OUR_ARCHITECTURE = 0xc00000b7 };
#endif

enum {
    EXIT_SECCOMP = 228, EXIT_EXEC = 203, F_SETFD = 2, FD_CLOEXEC = 1, SOL_SOCKET = 1, SCM_RIGHTS = 1, PR_SET_NO_NEW_PRIVS = 38,
    SECCOMP_SET_MODE_FILTER = 1, SECCOMP_FILTER_FLAG_NEW_LISTENER = 8, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 32,
};

/* <linux/filter.h> */
struct instruction { u16 code; u8 if_true, if_false; u32 k; };
struct program { u16 length; const struct instruction *instructions; };
enum { LOAD = 0x20, JUMP_IF_EQUAL = 0x15, RETURN = 0x06, NUMBER_AT = 0, ARCHITECTURE_AT = 4 };
#define USER_NOTIF 0x7fc00000u
#define ALLOW 0x7fff0000u

/* Calls of another architecture (32-bit programs) are not asked about: the manager could not read them. */
static const struct instruction instructions[] = {
    {LOAD, 0, 0, ARCHITECTURE_AT},
    {JUMP_IF_EQUAL, 0, 4, (u32)OUR_ARCHITECTURE},
    {LOAD, 0, 0, NUMBER_AT},
    {JUMP_IF_EQUAL, 1, 0, SYS_bind},
    {JUMP_IF_EQUAL, 0, 1, SYS_listen},
    {RETURN, 0, 0, USER_NOTIF},
    {RETURN, 0, 0, ALLOW},
};

static i64 install(u32 more) {
    struct program program = {sizeof instructions / sizeof instructions[0], instructions};
    return call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | more, &program);
}

/* Where the kernel knows how (5.19), only a deadly signal takes a program out of a call that we are answering. */
static i64 install_best(void) {
    i64 notify = install(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    return notify == -EINVAL ? install(0) : notify;
}

struct message_header { void *name; u32 name_length, pad; void *vector; u64 vector_length; void *control; u64 control_length; u32 flags, pad2; };
struct control { u64 length; int level, type, fd, pad; };

static void tell(i64 socket, char letter, i64 error, i64 fd) {
    char bytes[5] = {letter, (char)error, (char)(error >> 8), 0, 0};
    struct { char *base; u64 length; } vector = {bytes, sizeof bytes};
    struct control control = {20, SOL_SOCKET, SCM_RIGHTS, (int)fd, 0};
    struct message_header header = {0, 0, 0, &vector, 1, fd < 0 ? 0 : &control, fd < 0 ? 0 : sizeof control, 0, 0};
    call(SYS_sendmsg, socket, &header, 0);
}

__attribute__((noreturn, used)) void start(u64 *stack) {
    i64 count = (i64)stack[0];
    char **argv = (char **)(stack + 1);
    char **environment = argv + count + 1;
    if (count < 4) leave(2);
    const char *text = argv[1];
    i64 socket = number_at(&text);
    char letter = 'n';
    i64 notify = install_best();
    if (notify == -EACCES) {
        letter = 'p';
        call4(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0);
        notify = install_best();
    }
    if (notify < 0) {
        tell(socket, 's', -notify, -1);
        leave(EXIT_SECCOMP);
    }
    tell(socket, letter, 0, notify);
    call(SYS_close, notify, 0, 0);
    call(SYS_fcntl, socket, F_SETFD, FD_CLOEXEC);
    i64 error = call(SYS_execve, argv[2], argv + 3, environment);
    tell(socket, 'x', -error, -1);
    leave(EXIT_EXEC);
}

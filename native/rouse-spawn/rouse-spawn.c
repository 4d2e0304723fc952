/*
 * rouse-spawn: a process with everything that has to happen between fork and exec, and nothing else.
 *
 * posix_spawn(3) can neither change the user nor start a process in its cgroup nor tell it its own pid, and a program with a big
 * heap must not fork. So the manager loads this library, whose one function makes a child that borrows the manager's memory, sets
 * itself up by plain system calls, and becomes the service (clone3(2) with CLONE_VM and CLONE_VFORK: what posix_spawn does, too).
 * The child is born in its cgroup (CLONE_INTO_CGROUP): moving a process there afterwards costs about ten milliseconds. It uses no
 * library, is built for x86-64 and arm64 from this one file, loads beside glibc and musl alike, and allocates nothing.
 *
 *   int rouse_spawn(words, environment, fds, count, cgroup, result)
 *
 * `words`: OP... -- PROGRAM ARGV0 [ARG...], ended by NULL. Each OP is a letter and its operand, carried out in the order given:
 *
 *   s                setsid(2)
 *   c<path>          join a cgroup: write 0 to its cgroup.procs
 *   l<res>:<soft>:<hard>   prlimit64(2)
 *   n<nice>          setpriority(2)
 *   o<adjust>        /proc/self/oom_score_adj
 *   m<umask>         umask(2), decimal
 *   r<path>          chroot(2)
 *   G<gid>,<gid>...  setgroups(2); nothing: no groups
 *   g<gid>           setresgid(2)
 *   u<uid>           setresuid(2)
 *   d<path>          chdir(2); D<path>: and if that fails, go on
 *   p                no new privileges, prctl(2)
 *   i                ignore SIGPIPE
 *   L                write our pid into LISTEN_PID=, WATCHDOG_PID= of the environment
 *
 * `fds`: fds[i] becomes descriptor i, for `count` of them; all others are closed. `cgroup`: a descriptor of the cgroup's folder, or
 * -1. `result`: three ints: the child's pidfd; and, where the child failed before it became the program, the letter of what failed
 * ('x': PROGRAM itself) and the errno. Such a child leaves with the exit code of systemd.exec(5).
 *
 * Returns the pid, or -errno when there is no child. One caller at a time.
 *
 *   int rouse_start(words, environment, fds, count, cgroup, result)
 *
 * The same, but does not wait until the child has executed: everything is copied first, and a stack is lent to the child until the kernel
 * says that it has left our memory (CLONE_CHILD_CLEARTID). `result`: the pidfd, and the number of that stack. -EAGAIN when none is free,
 * -E2BIG when the words are too many for it.
 *
 *   void rouse_outcome(number, pid, result)
 *
 * `result`: the letter and the errno of a child of rouse_start that failed, or 0. To be asked when it has ended.
 */

typedef long i64;
typedef unsigned long u64;

#if defined(__x86_64__)
enum { SYS_write = 1, SYS_open_at = 257, SYS_close = 3, SYS_getpid = 39, SYS_execve = 59, SYS_exit = 231, SYS_chdir = 80, SYS_umask = 95,
       SYS_setsid = 112, SYS_setgroups = 116, SYS_setresuid = 117, SYS_setresgid = 119, SYS_setpriority = 141, SYS_prctl = 157,
       SYS_chroot = 161, SYS_prlimit64 = 302, SYS_close_range = 436, SYS_rt_sigaction = 13, SYS_rt_sigprocmask = 14,
       SYS_dup3 = 292, SYS_clone = 56, SYS_clone3 = 435, SYS_unshare = 272, SYS_setns = 308, SYS_mount = 165, SYS_umount2 = 166,
       SYS_mount_setattr = 442, SYS_mkdirat = 258, SYS_symlinkat = 266, SYS_socket = 41, SYS_ioctl = 16, SYS_capget = 125, SYS_capset = 126,
       SYS_seccomp = 317, SYS_sched_setscheduler = 144, SYS_sched_setaffinity = 203, SYS_ioprio_set = 251, SYS_personality = 135 };
static i64 call5(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e) {
    register i64 r10 __asm__("r10") = d;
    register i64 r8 __asm__("r8") = e;
    i64 result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return result;
}
/* clone(2) or clone3(2). The child runs on a stack of its own, and never returns from here. */
static i64 clone_child(i64 n, i64 a, i64 b, i64 c, void (*child)(void *), void *request) {
    register void (*function)(void *) __asm__("r12") = child;
    register void *operand __asm__("r13") = request;
    i64 result;
    __asm__ volatile("syscall\n\ttest %%rax,%%rax\n\tjnz 1f\n\txor %%ebp,%%ebp\n\tmov %%r13,%%rdi\n\tcall *%%r12\n\thlt\n1:"
                     : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(function), "r"(operand) : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
enum { SYS_write = 64, SYS_open_at = 56, SYS_close = 57, SYS_getpid = 172, SYS_execve = 221, SYS_exit = 94, SYS_chdir = 49, SYS_umask = 166,
       SYS_setsid = 157, SYS_setgroups = 159, SYS_setresuid = 147, SYS_setresgid = 149, SYS_setpriority = 140, SYS_prctl = 167,
       SYS_chroot = 51, SYS_prlimit64 = 261, SYS_close_range = 436, SYS_rt_sigaction = 134, SYS_rt_sigprocmask = 135,
       SYS_dup3 = 24, SYS_clone = 220, SYS_clone3 = 435, SYS_unshare = 97, SYS_setns = 268, SYS_mount = 40, SYS_umount2 = 39,
       SYS_mount_setattr = 442, SYS_mkdirat = 34, SYS_symlinkat = 36, SYS_socket = 198, SYS_ioctl = 29, SYS_capget = 90, SYS_capset = 91,
       SYS_seccomp = 277, SYS_sched_setscheduler = 119, SYS_sched_setaffinity = 122, SYS_ioprio_set = 30, SYS_personality = 92 };
static i64 call5(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e) {
    register i64 x8 __asm__("x8") = n;
    register i64 x0 __asm__("x0") = a;
    register i64 x1 __asm__("x1") = b;
    register i64 x2 __asm__("x2") = c;
    register i64 x3 __asm__("x3") = d;
    register i64 x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}
static i64 clone_child(i64 n, i64 a, i64 b, i64 c, void (*child)(void *), void *request) {
    register i64 x8 __asm__("x8") = n;
    register i64 x0 __asm__("x0") = a;
    register i64 x1 __asm__("x1") = b;
    register i64 x2 __asm__("x2") = c;
    register void (*function)(void *) __asm__("x19") = child;
    register void *operand __asm__("x20") = request;
    __asm__ volatile("svc 0\n\tcbnz x0, 1f\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, x20\n\tblr x19\n\tbrk #0\n1:"
                     : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(function), "r"(operand) : "memory");
    return x0;
}
#else
#error "rouse-spawn knows x86-64 and arm64"
#endif

/* prctl(2) has a fifth argument, which must be 0. */
static i64 call(i64 n, i64 a, i64 b, i64 c, i64 d) { return call5(n, a, b, c, d, 0); }

/* What the child is told: in our memory, for it shares that until it executes. */
struct request {
    char **words;
    char **environment;
    const int *fds;
    i64 count;
};

/*
 * A stack, which grows down from the end, and below it what the child needs. It is aligned to its size, so that whoever runs on it finds
 * its beginning, where word of a failure is left.
 */
enum { PLACE = 65536, STACK = 20480, HEAD = 24 + sizeof(struct request) };
struct place {
    int outcome[3];
    int pid;
    /* Set while the child is in our memory. */
    volatile int taken;
    struct request request;
    char data[PLACE - HEAD - STACK];
    char stack[STACK];
};
_Static_assert(sizeof(struct place) == PLACE, "a place is found by its alignment");
enum { WAITED_FOR = 0, PLACES = 17 };
/* Not every loader aligns a library to more than a page. */
static char memory[(PLACES + 1) * PLACE];

static struct place *place_of(i64 number) {
    return (struct place *)((((u64)memory + PLACE - 1) & ~(u64)(PLACE - 1)) + (u64)number * PLACE);
}

static struct place *own_place(void) {
    return (struct place *)((u64)__builtin_frame_address(0) & ~(u64)(PLACE - 1));
}

/* systemd.exec(5), "PROCESS EXIT CODES" */
static int exit_code(char op) {
    switch (op) {
    case 'd': return 200;
    case 'n': return 201;
    case 'x': return 203;
    case 'l': return 205;
    case 'o': return 206;
    case 'r': return 210;
    case 'G': case 'g': return 216;
    case 'u': return 217;
    case 'f': return 202;
    case 'c': return 219;
    case 's': return 220;
    case 'p': return 227;
    case 'H': return 211;
    case 'T': return 212;
    case 'S': return 213;
    case 'h': return 214;
    case 'z': return 215;
    case 'X': case 'A': case 'C': return 218;
    case 'W': return 225;
    case 'N': case 'U': case 'j': case 'v': case 'b': case 'a': case 't': case 'q': case 'K': case 'k': case 'y': case 'M': return 226;
    case 'F': return 228;
    case 'P': return 230;
    default: return 1;
    }
}

static void fail(char op, i64 error) {
    struct place *place = own_place();
    place->outcome[1] = op;
    place->outcome[2] = (int)-error;
    call(SYS_exit, exit_code(op), 0, 0, 0);
}

static void check(char op, i64 result) {
    if (result < 0) fail(op, result);
}

/* A decimal number, which may be negative; *text is left behind it. */
static i64 number(const char **text) {
    int negative = **text == '-';
    u64 value = 0;
    if (negative) ++*text;
    for (; **text >= '0' && **text <= '9'; ++*text) value = value * 10 + (u64)(**text - '0');
    return negative ? -(i64)value : (i64)value;
}

static i64 length_of(const char *text) {
    i64 length = 0;
    while (text[length]) ++length;
    return length;
}

static i64 write_file(const char *path, const char *text) {
    i64 fd = call(SYS_open_at, -100, (i64)path, 01 | 02000000, 0);
    if (fd < 0) return fd;
    i64 written = call(SYS_write, fd, (i64)text, length_of(text), 0);
    call(SYS_close, fd, 0, 0, 0);
    return written;
}

enum { EPERM = 1, EACCES = 13 };

/* As systemd does: who may not raise a limit so far raises it as far as it may. */
static i64 set_closest(i64 resource, u64 limit[2]) {
    u64 most[2];
    i64 result = call(SYS_prlimit64, 0, resource, (i64)limit, 0);
    if (result != -EPERM || call(SYS_prlimit64, 0, resource, 0, (i64)most) < 0) return result;
    for (int i = 0; i < 2; ++i) if (limit[i] > most[1]) limit[i] = most[1];
    return call(SYS_prlimit64, 0, resource, (i64)limit, 0);
}

/* Who may not be favoured so much stays as it is. */
static i64 set_nice(const char *text) {
    i64 result = call(SYS_setpriority, 0, 0, number(&text), 0);
    return result == -EACCES ? 0 : result;
}

/* Containers may not lower it, and systemd passes over that. */
static i64 adjust_oom_score(const char *text) {
    i64 result = write_file("/proc/self/oom_score_adj", text);
    return result == -EPERM || result == -EACCES ? 0 : result;
}

static void set_limit(const char *text) {
    i64 resource = number(&text);
    u64 limit[2];
    ++text;
    limit[0] = *text == 'i' ? ~0UL : (u64)number(&text);
    while (*text != ':') ++text;
    ++text;
    limit[1] = *text == 'i' ? ~0UL : (u64)number(&text);
    check('l', set_closest(resource, limit));
}

static void set_groups(const char *text) {
    unsigned groups[256];
    i64 count = 0;
    while (*text && count < 256) {
        groups[count++] = (unsigned)number(&text);
        if (*text == ',') ++text;
    }
    check('G', call(SYS_setgroups, count, (i64)groups, 0, 0));
}

/* The manager reserves room: the value is ten digits or shorter, and the entry has twelve bytes for it. */
static void write_pid(char **environment, const char *name) {
    i64 length = length_of(name);
    for (; *environment; ++environment) {
        char *entry = *environment;
        i64 i = 0;
        while (i < length && entry[i] == name[i]) ++i;
        if (i < length) continue;
        char digits[12];
        int count = 0;
        for (i64 pid = call(SYS_getpid, 0, 0, 0, 0); pid > 0; pid /= 10) digits[count++] = (char)('0' + pid % 10);
        while (count > 0) entry[length++] = digits[--count];
        entry[length] = 0;
        return;
    }
}

#include "sandbox.h"

struct action { u64 handler, flags, restorer, mask; };

static void carry_out(const char *word, char **environment) {
    char op = *word;
    const char *operand = word + 1;
    i64 value;
    switch (op) {
    case 's': call(SYS_setsid, 0, 0, 0, 0); return;
    case 'c': return check(op, write_file(operand, "0"));
    case 'l': return set_limit(operand);
    case 'n': return check(op, set_nice(operand));
    case 'o': return check(op, adjust_oom_score(operand));
    case 'm': call(SYS_umask, number(&operand), 0, 0, 0); return;
    case 'r': return check(op, call(SYS_chroot, (i64)operand, 0, 0, 0));
    case 'G': return set_groups(operand);
    case 'g': value = number(&operand); return check(op, call(SYS_setresgid, value, value, value, 0));
    case 'u': value = number(&operand); return check(op, call(SYS_setresuid, value, value, value, 0));
    case 'd': return check(op, call(SYS_chdir, (i64)operand, 0, 0, 0));
    case 'D': if (call(SYS_chdir, (i64)operand, 0, 0, 0) < 0) call(SYS_chdir, (i64)"/", 0, 0, 0); return;
    case 'p': return check(op, call(SYS_prctl, 38, 1, 0, 0));
    case 'i': { struct action ignore = {1, 0, 0, 0}; call(SYS_rt_sigaction, 13, (i64)&ignore, 0, 8); return; }
    case 'L': write_pid(environment, "LISTEN_PID="); write_pid(environment, "WATCHDOG_PID="); return;
    default: if (!isolate(op, operand)) fail(op, -22);
    }
}

enum { SIGNALS = 64, SIG_SETMASK = 2 };

/* Handlers of ours would run in the child, on memory of ours: every signal is as it was before anybody changed it. */
static void reset_signals(void) {
    struct action as_usual = {0, 0, 0, 0};
    for (i64 signal = 1; signal <= SIGNALS; ++signal) call(SYS_rt_sigaction, signal, (i64)&as_usual, 0, 8);
    u64 none = 0;
    call(SYS_rt_sigprocmask, SIG_SETMASK, (i64)&none, 0, 8);
}

/* Onto 0, 1, 2 ... by way of numbers above all that take part: none is overwritten that is still needed. */
static void place(const int *fds, i64 count) {
    i64 above = count;
    for (i64 i = 0; i < count; ++i) if (fds[i] >= above) above = fds[i] + 1;
    for (i64 i = 0; i < count; ++i) check('f', call(SYS_dup3, fds[i], above + i, 0, 0));
    for (i64 i = 0; i < count; ++i) check('f', call(SYS_dup3, above + i, i, 0, 0));
    call(SYS_close_range, count, 0x7fffffff, 0, 0);
}

static void child(void *operand) {
    const struct request *request = operand;
    char **word = request->words;
    reset_signals();
    place(request->fds, request->count);
    for (; *word && !((*word)[0] == '-' && (*word)[1] == '-' && !(*word)[2]); ++word) carry_out(*word, request->environment);
    if (!word[0] || !word[1] || !word[2]) fail('x', -22);
    fail('x', call(SYS_execve, (i64)word[1], (i64)(word + 2), (i64)request->environment, 0));
}

enum { ENOSYS = 38 };
enum { EAGAIN = 11, E2BIG = 7 };
enum { CLONE_VM = 0x100, CLONE_PIDFD = 0x1000, CLONE_VFORK = 0x4000, CLONE_CHILD_CLEARTID = 0x200000, SIGCHLD = 17 };
static const u64 CLONE_INTO_CGROUP = 0x200000000UL;

/* <linux/sched.h> */
struct clone_arguments { u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; };

/* Every signal waits: a handler of ours would run in the child, too, until it has none. */
static i64 clone_into(struct place *place, u64 flags, int cgroup) {
    struct clone_arguments arguments = {CLONE_VM | CLONE_PIDFD | flags, (u64)place->outcome, (u64)&place->taken, 0, SIGCHLD, (u64)place->stack, sizeof place->stack, 0, 0, 0, 0};
    u64 all = ~0UL, before = 0;
    if (cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (u64)cgroup;
    }
    place->outcome[0] = -1;
    place->outcome[1] = place->outcome[2] = 0;
    call(SYS_rt_sigprocmask, SIG_SETMASK, (i64)&all, (i64)&before, 8);
    i64 pid = clone_child(SYS_clone3, (i64)&arguments, sizeof arguments, 0, child, &place->request);
    /* Container engines answer ENOSYS to clone3, whose flags their filters cannot see; what needs no cgroup can be had from clone. */
    if (pid == -ENOSYS && cgroup < 0 && flags == CLONE_VFORK)
        pid = clone_child(SYS_clone, (i64)(arguments.flags | SIGCHLD), (i64)(place->stack + sizeof place->stack), (i64)place->outcome, child, &place->request);
    call(SYS_rt_sigprocmask, SIG_SETMASK, (i64)&before, 0, 8);
    return pid;
}

__attribute__((visibility("default"))) int rouse_spawn(char **words, char **environment, const int *fds, int count, int cgroup, int *result) {
    struct place *place = place_of(WAITED_FOR);
    place->request = (struct request){words, environment, fds, count};
    i64 pid = clone_into(place, CLONE_VFORK, cgroup);
    for (i64 i = 0; i < 3; ++i) result[i] = place->outcome[i];
    return (int)pid;
}

/* Room in a place, for as long as there is any. */
static char *take(struct place *place, i64 *used, i64 size) {
    i64 at = (*used + 7) & ~7L;
    if (size > (i64)sizeof place->data - at) return 0;
    *used = at + size;
    return place->data + at;
}

static char **copy_list(struct place *place, i64 *used, char **list) {
    i64 count = 0;
    while (list[count]) ++count;
    char **copy = (char **)take(place, used, (count + 1) * (i64)sizeof *copy);
    if (!copy) return 0;
    for (i64 i = 0; i < count; ++i) {
        i64 size = length_of(list[i]) + 1;
        copy[i] = take(place, used, size);
        if (!copy[i]) return 0;
        for (i64 k = 0; k < size; ++k) copy[i][k] = list[i][k];
    }
    copy[count] = 0;
    return copy;
}

static int fill(struct place *place, char **words, char **environment, const int *fds, i64 count) {
    i64 used = 0;
    char **own_words = copy_list(place, &used, words), **own_environment = copy_list(place, &used, environment);
    int *own_fds = (int *)take(place, &used, (count + 1) * (i64)sizeof *fds);
    if (!own_words || !own_environment || !own_fds) return 0;
    for (i64 i = 0; i < count; ++i) own_fds[i] = fds[i];
    place->request = (struct request){own_words, own_environment, own_fds, count};
    return 1;
}

__attribute__((visibility("default"))) int rouse_start(char **words, char **environment, const int *fds, int count, int cgroup, int *result) {
    static i64 last = WAITED_FOR;
    i64 number = last;
    /* The one that was taken longest ago comes first: its outcome is the least likely to be asked for. */
    for (i64 tried = 1; tried < PLACES; ++tried) {
        number = number + 1 < PLACES ? number + 1 : WAITED_FOR + 1;
        if (!place_of(number)->taken) break;
    }
    struct place *place = place_of(number);
    if (number == WAITED_FOR || place->taken) return -EAGAIN;
    if (!fill(place, words, environment, fds, count)) return -E2BIG;
    last = number;
    place->taken = 1;
    i64 pid = clone_into(place, CLONE_CHILD_CLEARTID, cgroup);
    if (pid < 0) place->taken = 0;
    place->pid = (int)pid;
    result[0] = place->outcome[0];
    result[1] = (int)number;
    return (int)pid;
}

__attribute__((visibility("default"))) void rouse_outcome(int number, int pid, int *result) {
    struct place *place = place_of(number);
    int known = place->pid == pid;
    result[0] = known ? place->outcome[1] : 0;
    result[1] = known ? place->outcome[2] : 0;
}

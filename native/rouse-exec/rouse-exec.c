/*
 * rouse-exec: what has to happen between fork and exec, and nothing else.
 *
 * posix_spawn(3) can neither change the user nor join a cgroup nor tell a process its own pid, and a program with a big heap
 * must not fork. So the manager spawns this program, and this program becomes the service. It uses no library, is built for
 * x86-64 and arm64 from this one file, and allocates nothing.
 *
 *   rouse-exec OP... -- PROGRAM ARGV0 [ARG...]
 *
 * Each OP is one word, a letter and its operand, and they are carried out in the order given:
 *
 *   E<fd>            report a failure on this descriptor (closed by a successful exec)
 *   K<n>             close every descriptor from n on, except E's
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
 * A failure is 8 bytes on E's descriptor, the letter and the errno as two 32-bit numbers, and one of the exit codes of
 * systemd.exec(5). PROGRAM's own is letter 'x'.
 */

typedef long i64;
typedef unsigned long u64;

#if defined(__x86_64__)
enum { SYS_write = 1, SYS_open_at = 257, SYS_close = 3, SYS_getpid = 39, SYS_execve = 59, SYS_exit = 231, SYS_chdir = 80, SYS_umask = 95,
       SYS_setsid = 112, SYS_setgroups = 116, SYS_setresuid = 117, SYS_setresgid = 119, SYS_setpriority = 141, SYS_prctl = 157,
       SYS_chroot = 161, SYS_prlimit64 = 302, SYS_close_range = 436, SYS_fcntl = 72, SYS_rt_sigaction = 13 };
static i64 call(i64 n, i64 a, i64 b, i64 c, i64 d) {
    register i64 r10 __asm__("r10") = d;
    i64 result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
}
__asm__(".globl _start\n_start:\n\txor %ebp,%ebp\n\tmov %rsp,%rdi\n\tand $-16,%rsp\n\tcall start\n\thlt\n");
#elif defined(__aarch64__)
enum { SYS_write = 64, SYS_open_at = 56, SYS_close = 57, SYS_getpid = 172, SYS_execve = 221, SYS_exit = 94, SYS_chdir = 49, SYS_umask = 166,
       SYS_setsid = 157, SYS_setgroups = 159, SYS_setresuid = 147, SYS_setresgid = 149, SYS_setpriority = 140, SYS_prctl = 167,
       SYS_chroot = 51, SYS_prlimit64 = 261, SYS_close_range = 436, SYS_fcntl = 25, SYS_rt_sigaction = 134 };
static i64 call(i64 n, i64 a, i64 b, i64 c, i64 d) {
    register i64 x8 __asm__("x8") = n;
    register i64 x0 __asm__("x0") = a;
    register i64 x1 __asm__("x1") = b;
    register i64 x2 __asm__("x2") = c;
    register i64 x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
__asm__(".globl _start\n_start:\n\tmov x29,#0\n\tmov x30,#0\n\tmov x0,sp\n\tbl start\n");
#else
#error "rouse-exec knows x86-64 and arm64"
#endif

static int error_fd = -1;

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
    case 'c': return 219;
    case 's': return 220;
    case 'p': return 227;
    default: return 1;
    }
}

static void fail(char op, i64 error) {
    int report[2] = {op, (int)-error};
    if (error_fd >= 0) call(SYS_write, error_fd, (i64)report, sizeof report, 0);
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

static void close_from(i64 first) {
    const i64 last = 0x7fffffff;
    if (error_fd >= first) {
        if (error_fd > first) call(SYS_close_range, first, error_fd - 1, 0, 0);
        first = error_fd + 1;
    }
    call(SYS_close_range, first, last, 0, 0);
}

static void set_limit(const char *text) {
    i64 resource = number(&text);
    u64 limit[2];
    ++text;
    limit[0] = *text == 'i' ? ~0UL : (u64)number(&text);
    while (*text != ':') ++text;
    ++text;
    limit[1] = *text == 'i' ? ~0UL : (u64)number(&text);
    check('l', call(SYS_prlimit64, 0, resource, (i64)limit, 0));
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

struct action { u64 handler, flags, restorer, mask; };

static void carry_out(const char *word, char **environment) {
    char op = *word;
    const char *operand = word + 1;
    i64 value;
    switch (op) {
    case 'E':
        error_fd = (int)number(&operand);
        call(SYS_fcntl, error_fd, 2, 1, 0);
        return;
    case 'K': return close_from(number(&operand));
    case 's': call(SYS_setsid, 0, 0, 0, 0); return;
    case 'c': return check(op, write_file(operand, "0"));
    case 'l': return set_limit(operand);
    case 'n': return check(op, call(SYS_setpriority, 0, 0, number(&operand), 0));
    case 'o': return check(op, write_file("/proc/self/oom_score_adj", operand));
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
    default: fail(op, -22);
    }
}

__attribute__((noreturn, used)) void start(u64 *stack) {
    u64 count = stack[0];
    char **argv = (char **)(stack + 1);
    char **environment = argv + count + 1;
    u64 at = 1;
    for (; at < count && !(argv[at][0] == '-' && argv[at][1] == '-' && !argv[at][2]); ++at) carry_out(argv[at], environment);
    if (at + 2 < count) fail('x', call(SYS_execve, (i64)argv[at + 1], (i64)(argv + at + 2), (i64)environment, 0));
    fail('x', -22);
    for (;;) {}
}

/*
 * What a program needs that uses no library: system calls, an entry point that calls start() with the stack, and a few functions on
 * bytes. x86-64 and arm64.
 */
#ifndef ROUSE_FREESTANDING_H
#define ROUSE_FREESTANDING_H

typedef long i64;
typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

#if defined(__x86_64__)
enum {
    SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_mmap = 9, SYS_rt_sigaction = 13, SYS_rt_sigprocmask = 14, SYS_socket = 41, SYS_connect = 42,
    SYS_sendto = 44, SYS_recvfrom = 45, SYS_recvmsg = 47, SYS_shutdown = 48, SYS_bind = 49, SYS_getsockname = 51, SYS_getpeername = 52,
    SYS_setsockopt = 54, SYS_getsockopt = 55, SYS_execve = 59, SYS_fcntl = 72, SYS_unlink_at = 263, SYS_getpid = 39, SYS_clock_gettime = 228,
    SYS_exit_group = 231, SYS_epoll_ctl = 233, SYS_epoll_pwait = 281, SYS_ppoll = 271, SYS_splice = 275, SYS_signalfd4 = 289, SYS_accept4 = 288,
    SYS_epoll_create1 = 291, SYS_dup3 = 292, SYS_pipe2 = 293, SYS_prlimit64 = 302, SYS_close_range = 436,
};
static inline i64 call6(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
    register i64 r10 __asm__("r10") = d;
    register i64 r8 __asm__("r8") = e;
    register i64 r9 __asm__("r9") = f;
    i64 result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
}
#define ENTRY_POINT __asm__(".globl _start\n_start:\n\txor %ebp,%ebp\n\tmov %rsp,%rdi\n\tand $-16,%rsp\n\tcall start\n\thlt\n")
#elif defined(__aarch64__)
enum {
    SYS_read = 63, SYS_write = 64, SYS_close = 57, SYS_mmap = 222, SYS_rt_sigaction = 134, SYS_rt_sigprocmask = 135, SYS_socket = 198, SYS_connect = 203,
    SYS_sendto = 206, SYS_recvfrom = 207, SYS_recvmsg = 212, SYS_shutdown = 210, SYS_bind = 200, SYS_getsockname = 204, SYS_getpeername = 205,
    SYS_setsockopt = 208, SYS_getsockopt = 209, SYS_execve = 221, SYS_fcntl = 25, SYS_unlink_at = 35, SYS_getpid = 172, SYS_clock_gettime = 113,
    SYS_exit_group = 94, SYS_epoll_ctl = 21, SYS_epoll_pwait = 22, SYS_ppoll = 73, SYS_splice = 76, SYS_signalfd4 = 74, SYS_accept4 = 242,
    SYS_epoll_create1 = 20, SYS_dup3 = 24, SYS_pipe2 = 59, SYS_prlimit64 = 261, SYS_close_range = 436,
};
static inline i64 call6(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
    register i64 x8 __asm__("x8") = n;
    register i64 x0 __asm__("x0") = a;
    register i64 x1 __asm__("x1") = b;
    register i64 x2 __asm__("x2") = c;
    register i64 x3 __asm__("x3") = d;
    register i64 x4 __asm__("x4") = e;
    register i64 x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
#define ENTRY_POINT __asm__(".globl _start\n_start:\n\tmov x29,#0\n\tmov x30,#0\n\tmov x0,sp\n\tbl start\n")
#else
#error "rouse knows x86-64 and arm64"
#endif

/* A program of several files defines FREESTANDING_PART before it includes this, and has ENTRY_POINT in one of them. */
#ifndef FREESTANDING_PART
ENTRY_POINT;
#endif

#define call(n, a, b, c) call6((n), (i64)(a), (i64)(b), (i64)(c), 0, 0, 0)
#define call4(n, a, b, c, d) call6((n), (i64)(a), (i64)(b), (i64)(c), (i64)(d), 0, 0)

/* <asm-generic/errno.h> */
enum {
    EPERM = 1, ENOENT = 2, EINTR = 4, EIO = 5, E2BIG = 7, ENOEXEC = 8, EBADF = 9, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EBUSY = 16, ENODEV = 19,
    ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ENFILE = 23, EMFILE = 24, ETXTBSY = 26, EPIPE = 32, ENAMETOOLONG = 36, ELOOP = 40, EAFNOSUPPORT = 97,
    EADDRINUSE = 98, EADDRNOTAVAIL = 99, ENETDOWN = 100, ENETUNREACH = 101, ECONNABORTED = 103, ECONNRESET = 104, ENOBUFS = 105, ENOTCONN = 107,
    ETIMEDOUT = 110, ECONNREFUSED = 111, EHOSTDOWN = 112, EHOSTUNREACH = 113, EINPROGRESS = 115, ESTALE = 116,
};

static inline i64 length_of(const char *text) {
    i64 length = 0;
    while (text[length]) ++length;
    return length;
}

/* A whole number in decimal, which may be negative; *text is left behind it. */
static inline i64 number_at(const char **text) {
    int negative = **text == '-';
    i64 value = 0;
    if (negative) ++*text;
    for (; **text >= '0' && **text <= '9'; ++*text) value = value * 10 + (**text - '0');
    return negative ? -value : value;
}

/* A line that is put together before it is written at once, so that two programs' lines do not mix; what does not fit is cut. */
struct line {
    i64 length;
    char bytes[2048];
};

static inline void add_bytes(struct line *line, const char *bytes, i64 length) {
    for (i64 i = 0; i < length && line->length < (i64)sizeof line->bytes; ++i) line->bytes[line->length++] = bytes[i];
}

static inline void add_text(struct line *line, const char *text) {
    add_bytes(line, text, length_of(text));
}

static inline void add_number(struct line *line, u64 value) {
    char digits[20];
    int at = sizeof digits;
    do digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    add_bytes(line, digits + at, (i64)sizeof digits - at);
}

/* The words of strerror(3) for what can happen here. */
static inline void add_error(struct line *line, i64 error) {
    static const struct { int number; const char words[41]; } words[] = {
        {EPERM, "Operation not permitted"}, {ENOENT, "No such file or directory"}, {EIO, "Input/output error"}, {E2BIG, "Argument list too long"},
        {ENOEXEC, "Exec format error"}, {EBADF, "Bad file descriptor"}, {ENOMEM, "Cannot allocate memory"}, {EACCES, "Permission denied"},
        {EBUSY, "Device or resource busy"}, {ENODEV, "No such device"}, {ENOTDIR, "Not a directory"}, {EISDIR, "Is a directory"},
        {EINVAL, "Invalid argument"}, {ENFILE, "Too many open files in system"}, {EMFILE, "Too many open files"}, {ETXTBSY, "Text file busy"},
        {EPIPE, "Broken pipe"}, {ENAMETOOLONG, "File name too long"}, {ELOOP, "Too many levels of symbolic links"},
        {EAFNOSUPPORT, "Address family not supported by protocol"}, {EADDRINUSE, "Address already in use"},
        {EADDRNOTAVAIL, "Cannot assign requested address"}, {ENETDOWN, "Network is down"}, {ENETUNREACH, "Network is unreachable"},
        {ECONNABORTED, "Software caused connection abort"}, {ECONNRESET, "Connection reset by peer"}, {ENOBUFS, "No buffer space available"},
        {ENOTCONN, "Transport endpoint is not connected"}, {ETIMEDOUT, "Connection timed out"}, {ECONNREFUSED, "Connection refused"},
        {EHOSTDOWN, "Host is down"}, {EHOSTUNREACH, "No route to host"},
    };
    for (u64 i = 0; i < sizeof words / sizeof words[0]; ++i) {
        if (words[i].number == error) return add_text(line, words[i].words);
    }
    add_text(line, "Unknown error ");
    add_number(line, (u64)error);
}

/* Ends the line and writes it to standard error. */
static inline void say(struct line *line) {
    if (line->length == (i64)sizeof line->bytes) --line->length;
    add_text(line, "\n");
    call(SYS_write, 2, line->bytes, line->length);
    line->length = 0;
}

__attribute__((noreturn)) static inline void leave(int code) {
    for (;;) call(SYS_exit_group, code, 0, 0);
}

#endif

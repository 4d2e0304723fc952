/*
 * rouse-wait: waits for the first client of listening sockets, or until it is told to go on, and becomes the program that serves it.
 *
 * `rouse activate` opens the sockets, prepares everything, and becomes this program, which then waits in a few kilobytes and
 * is gone within microseconds of the client's arrival: a program with Node's memory needs a millisecond or two to be replaced.
 *
 * The manager puts it in the place of a service's process that is armed: everything is set up then but the program.
 *
 *   rouse-wait OP... -- ARGV0 [ARG...]
 *
 * Each OP is one word, a letter and its operand:
 *
 *   n<count>                the sockets are the descriptors from 3 on; all behind them are closed
 *   w                       wait for a client; without it the program starts at once
 *   b                       wait for a byte from the descriptor behind the sockets; at its end there is nothing left to start
 *   q                       do not say that one has come
 *   l<res>:<soft>:<hard>    prlimit64(2) for the program
 *   i                       descriptor 3 becomes standard input and output
 *   t<text>                 say this before the program starts
 *   e<code>                 and end with this exit code instead
 *   f<text>                 what to say, before the reason, when no program could be executed
 *   p<path>                 where the program may be; the first that can be executed is taken, as execvp(3) does
 */
#include "../freestanding.h"

enum { FIRST = 3, POLLIN = 1, F_SETFD = 2, MOST_SIGNAL = 64, MOST_SOCKETS = 1024, CODE_NONE = -1, EXIT_EXEC = 203 };

struct plan {
    i64 count, exit_code;
    int wait, told, quiet, inetd;
    const char *text, *failure;
};

struct pollfd { int fd; short events, revents; };

/* The descriptor that has a client, or that is broken: that is the program's to find out. */
static int wait_for_client(i64 count) {
    static struct pollfd fds[MOST_SOCKETS];
    for (i64 i = 0; i < count; ++i) fds[i] = (struct pollfd){FIRST + (int)i, POLLIN, 0};
    while (call6(SYS_ppoll, (i64)fds, count, 0, 0, 0, 0) < 0) {}
    i64 at = 0;
    while (at < count - 1 && fds[at].revents == 0) ++at;
    return FIRST + (int)at;
}

/* The signals are as the service's settings have them. */
static void wait_for_word(int fd) {
    char byte;
    i64 got;
    do got = call(SYS_read, fd, &byte, 1);
    while (got == -EINTR);
    if (got != 1) leave(0);
    call(SYS_close, fd, 0, 0);
}

static u64 limit_at(const char **text) {
    if (**text != 'i') return (u64)number_at(text);
    ++*text;
    return ~0UL;
}

static void set_limit(const char *text) {
    u64 limit[2];
    i64 resource = number_at(&text);
    ++text;
    limit[0] = limit_at(&text);
    ++text;
    limit[1] = limit_at(&text);
    call4(SYS_prlimit64, 0, resource, limit, 0);
}

/* Node ignores SIGPIPE, and what is ignored stays so. */
static void reset_signals(void) {
    struct { u64 handler, flags, restorer, mask; } reset = {0, 0, 0, 0};
    u64 none = 0;
    for (int signal = 1; signal <= MOST_SIGNAL; ++signal) call4(SYS_rt_sigaction, signal, &reset, 0, 8);
    call4(SYS_rt_sigprocmask, 2, &none, 0, 8);
}

static void become_script(const char *path, char **argv, i64 count, char **environment) {
    const char *shell[count + 2];
    shell[0] = "/bin/sh";
    shell[1] = path;
    for (i64 i = 1; i <= count; ++i) shell[i + 1] = argv[i];
    call(SYS_execve, shell[0], shell, environment);
}

/* execvp(3): what is not there is passed over, and what may not be executed is remembered. */
static i64 become(char **words, i64 word_count, char **argv, i64 count, char **environment) {
    i64 error = ENOENT;
    for (i64 i = 0; i < word_count; ++i) {
        if (words[i][0] != 'p') continue;
        i64 failed = -call(SYS_execve, words[i] + 1, argv, environment);
        if (failed == ENOEXEC) become_script(words[i] + 1, argv, count, environment);
        if (failed == EACCES) error = EACCES;
        else if (failed != ENOENT && failed != ENOTDIR && failed != ENODEV && failed != ESTALE && failed != ETIMEDOUT) return failed;
    }
    return error;
}

static void read_word(struct plan *plan, const char *word) {
    const char *operand = word + 1;
    switch (*word) {
    case 'n': plan->count = number_at(&operand); break;
    case 'e': plan->exit_code = number_at(&operand); break;
    case 'w': plan->wait = 1; break;
    case 'b': plan->told = 1; break;
    case 'q': plan->quiet = 1; break;
    case 'i': plan->inetd = 1; break;
    case 'l': set_limit(operand); break;
    case 't': plan->text = operand; break;
    case 'f': plan->failure = operand; break;
    default: break;
    }
}

static void say_attempt(int fd) {
    static struct line line;
    add_text(&line, "Communication attempt on fd ");
    add_number(&line, (u64)fd);
    add_text(&line, ".");
    say(&line);
}

__attribute__((noreturn, used)) void start(u64 *stack) {
    i64 count = (i64)stack[0];
    char **argv = (char **)(stack + 1);
    char **environment = argv + count + 1;
    struct plan plan = {0, CODE_NONE, 0, 0, 0, 0, "", ""};
    i64 at = 1;
    for (; at < count && !(argv[at][0] == '-' && argv[at][1] == '-'); ++at) read_word(&plan, argv[at]);
    char **words = argv + 1, **program = argv + at + 1;
    call(SYS_close_range, FIRST + plan.count + plan.told, 0x7fffffff, 0);
    if (plan.told) wait_for_word(FIRST + (int)plan.count);
    else reset_signals();
    if (plan.wait) {
        int fd = wait_for_client(plan.count);
        if (!plan.quiet) say_attempt(fd);
    }
    call(SYS_write, 2, plan.text, length_of(plan.text));
    if (plan.exit_code != CODE_NONE) leave((int)plan.exit_code);
    if (plan.inetd) {
        call(SYS_dup3, FIRST, 0, 0);
        call(SYS_dup3, FIRST, 1, 0);
        call(SYS_close, FIRST, 0, 0);
    }
    i64 error = become(words, at - 1, program, count - at - 1, environment);
    static struct line line;
    add_text(&line, plan.failure);
    add_error(&line, error);
    say(&line);
    leave(plan.told ? EXIT_EXEC : 1);
}

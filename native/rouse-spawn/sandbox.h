/*
 * The words that set a process apart from the rest of the machine; part of rouse-spawn.c. A word with two texts has the length of the
 * first one before it: b4:/srv/mnt binds /srv at /mnt.
 *
 *   NFLAGS          unshare(2)
 *   UUID:GID        in a user namespace of its own, which has this user and group alone
 *   jTYPE:PATH      setns(2)
 *   W               the loopback device is up
 *   v               mounts of others still arrive here, ours do not leave
 *   bLEN:FROM TO    a recursive bind mount
 *   MLEN:FROM TO    a mount moves
 *   aSET:CLEAR:PATH mount_setattr(2), with all below it
 *   wPATH           what is mounted there can be written to, as far as that is ours to say
 *   tFLAGS:LEN:OPTIONS PATH   a tmpfs
 *   qLEN:OPTIONS PATH         a proc
 *   KMODE:PATH      a folder, kPATH an empty file, yLEN:TARGET LINK a symbolic link; each may be there already
 *   XMASK           the capabilities that may ever be had
 *   A               capabilities outlast the change of the user
 *   CMASK           these are inherited, and handed on by execve(2); what else there is can be used until then
 *   SBITS           secure bits; capabilities(7)
 *   FHEX            a seccomp filter
 *   hPOLICY:PRIORITY, HIOPRIO, zHEX (the mask of processors), TNSEC (timer slack), PPERSONA, OMASK (coredump filter)
 */

enum { PATH_SIZE = 4096, FILTER_BYTES = 12000 };
enum { PR_SET_KEEPCAPS = 8, PR_CAPBSET_DROP = 24, PR_SET_SECUREBITS = 28, PR_SET_TIMERSLACK = 29, PR_CAP_AMBIENT = 47, PR_CAP_AMBIENT_RAISE = 2 };
enum { LAST_CAP = 40, AT_CWD = -100, AT_RECURSIVE = 0x8000, EINVAL = 22, EEXIST = 17 };
enum { MS_BIND = 4096, MS_MOVE = 8192, MS_REC = 16384, MS_SLAVE = 1 << 19, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8 };

/* Reads "LEN:" and that many bytes into `buffer`; *text is left behind them. */
static void take_text(char op, const char **text, char *buffer) {
    i64 length = number(text);
    if (**text != ':' || length < 0 || length >= PATH_SIZE) fail(op, -EINVAL);
    ++*text;
    for (i64 i = 0; i < length; ++i) buffer[i] = *(*text)++;
    buffer[length] = 0;
}

static i64 after_colon(const char **text) {
    ++*text;
    return number(text);
}

/* <linux/mount.h>, struct mount_attr */
static i64 set_attributes(const char *path, u64 set, u64 clear) {
    u64 attributes[4] = {set, clear, 0, 0};
    return call5(SYS_mount_setattr, AT_CWD, (i64)path, AT_RECURSIVE, (i64)attributes, sizeof attributes);
}

/* <net/if.h>, struct ifreq: a name, and flags behind it. */
static void loopback_up(void) {
    struct { char name[16]; short flags; char rest[22]; } request = {"lo", 1 | 0x40, {0}};
    i64 fd = call(SYS_socket, 2, 2 | 02000000, 0, 0);
    check('W', fd);
    check('W', call(SYS_ioctl, fd, 0x8914, (i64)&request, 0));
    call(SYS_close, fd, 0, 0, 0);
}

static i64 copy_number(char *to, u64 value) {
    char digits[20];
    i64 count = 0, length = 0;
    do digits[count++] = (char)('0' + value % 10); while (value /= 10);
    while (count > 0) to[length++] = digits[--count];
    return length;
}

/* user_namespaces(7): one line, which maps the number to itself. */
static void map_one(const char *file, u64 id) {
    char line[64];
    i64 length = copy_number(line, id);
    line[length++] = ' ';
    length += copy_number(line + length, id);
    line[length++] = ' ';
    line[length++] = '1';
    line[length] = 0;
    check('U', write_file(file, line));
}

static void own_user_namespace(const char *operand) {
    u64 uid = (u64)number(&operand), gid = (u64)after_colon(&operand);
    /* Who has changed his user does not own his own files in /proc any more. */
    call(SYS_prctl, 4, 1, 0, 0);
    check('U', call(SYS_unshare, 0x10000000, 0, 0, 0));
    write_file("/proc/self/setgroups", "deny");
    map_one("/proc/self/uid_map", uid);
    map_one("/proc/self/gid_map", gid);
}

static void limit_capabilities(u64 kept) {
    for (u64 each = 0; each <= LAST_CAP; ++each) {
        if (kept >> each & 1) continue;
        i64 result = call(SYS_prctl, PR_CAPBSET_DROP, (i64)each, 0, 0);
        /* The kernel is older than this one. */
        if (result < 0 && result != -EINVAL) fail('X', result);
    }
}

static void keep_capabilities(u64 inherited) {
    unsigned header[2] = {0x20080522, 0};
    /* Effective, permitted, inheritable; for each half. */
    unsigned sets[6] = {0};
    check('C', call(SYS_capget, (i64)header, (i64)sets, 0, 0));
    for (int half = 0; half < 2; ++half) {
        sets[3 * half] = sets[3 * half + 1];
        sets[3 * half + 2] = (unsigned)(inherited >> (32 * half));
    }
    check('C', call(SYS_capset, (i64)header, (i64)sets, 0, 0));
    for (u64 each = 0; each <= LAST_CAP; ++each)
        if (inherited >> each & 1) check('C', call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, (i64)each, 0));
}

static int hex_digit(char digit) {
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

static i64 read_hex(char op, const char *text, unsigned char *bytes, i64 size) {
    i64 count = 0;
    for (; text[0] && text[1]; text += 2) {
        if (count >= size) fail(op, -EINVAL);
        bytes[count++] = (unsigned char)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
    }
    return count;
}

static __attribute__((noinline)) void add_filter(const char *text) {
    unsigned char bytes[FILTER_BYTES] __attribute__((aligned(8)));
    struct { unsigned short length; const void *filter; } program = {(unsigned short)(read_hex('F', text, bytes, FILTER_BYTES) / 8), bytes};
    check('F', call(SYS_seccomp, 1, 0, (i64)&program, 0));
}

static __attribute__((noinline)) void set_affinity(const char *text) {
    unsigned char mask[1024];
    for (i64 i = 0; i < (i64)sizeof mask; ++i) mask[i] = 0;
    i64 size = read_hex('z', text, mask, sizeof mask);
    check('z', call(SYS_sched_setaffinity, 0, (size + 7) & ~7L, (i64)mask, 0));
}

static void join_namespace(const char *operand) {
    i64 type = number(&operand);
    i64 fd = call(SYS_open_at, AT_CWD, (i64)(operand + 1), 02000000, 0);
    check('j', fd);
    check('j', call(SYS_setns, fd, type, 0, 0));
    call(SYS_close, fd, 0, 0, 0);
}

static void unless_there(char op, i64 result) {
    if (result != -EEXIST) check(op, result);
}

static void make_file(const char *path) {
    i64 fd = call(SYS_open_at, AT_CWD, (i64)path, 01 | 0100 | 02000000, 0644);
    check('k', fd);
    call(SYS_close, fd, 0, 0, 0);
}

static __attribute__((noinline)) int isolate_mounts(char op, const char *operand) {
    char text[PATH_SIZE];
    i64 flags;
    switch (op) {
    case 'v': check(op, call(SYS_mount, 0, (i64)"/", 0, MS_REC | MS_SLAVE)); return 1;
    case 'b': take_text(op, &operand, text); check(op, call(SYS_mount, (i64)text, (i64)operand, 0, MS_BIND | MS_REC)); return 1;
    case 'M': take_text(op, &operand, text); check(op, call(SYS_mount, (i64)text, (i64)operand, 0, MS_MOVE)); return 1;
    case 'a': { u64 set = (u64)number(&operand), clear = (u64)after_colon(&operand); check(op, set_attributes(operand + 1, set, clear)); return 1; }
    case 'w': set_attributes(operand, 0, 1); return 1;
    case 't':
        flags = number(&operand);
        ++operand;
        take_text(op, &operand, text);
        check(op, call5(SYS_mount, (i64)"tmpfs", (i64)operand, (i64)"tmpfs", flags, (i64)text));
        return 1;
    case 'q': take_text(op, &operand, text); check(op, call5(SYS_mount, (i64)"proc", (i64)operand, (i64)"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, (i64)text)); return 1;
    case 'K': flags = number(&operand); unless_there(op, call(SYS_mkdirat, AT_CWD, (i64)(operand + 1), flags, 0)); return 1;
    case 'k': make_file(operand); return 1;
    case 'y': take_text(op, &operand, text); unless_there(op, call(SYS_symlinkat, (i64)text, AT_CWD, (i64)operand, 0)); return 1;
    default: return 0;
    }
}

/* 0 for a word that is none of these. */
static int isolate(char op, const char *operand) {
    switch (op) {
    case 'N': check(op, call(SYS_unshare, number(&operand), 0, 0, 0)); return 1;
    case 'U': own_user_namespace(operand); return 1;
    case 'j': join_namespace(operand); return 1;
    case 'W': loopback_up(); return 1;
    case 'X': limit_capabilities((u64)number(&operand)); return 1;
    case 'A': check(op, call(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0)); return 1;
    case 'C': keep_capabilities((u64)number(&operand)); return 1;
    case 'S': check(op, call(SYS_prctl, PR_SET_SECUREBITS, number(&operand), 0, 0)); return 1;
    case 'F': add_filter(operand); return 1;
    case 'h': { i64 policy = number(&operand); int priority = (int)after_colon(&operand); check(op, call(SYS_sched_setscheduler, 0, policy, (i64)&priority, 0)); return 1; }
    case 'H': check(op, call(SYS_ioprio_set, 1, 0, number(&operand), 0)); return 1;
    case 'z': set_affinity(operand); return 1;
    case 'T': check(op, call(SYS_prctl, PR_SET_TIMERSLACK, number(&operand), 0, 0)); return 1;
    case 'P': check(op, call(SYS_personality, number(&operand), 0, 0, 0)); return 1;
    case 'O': write_file("/proc/self/coredump_filter", operand); return 1;
    default: return isolate_mounts(op, operand);
    }
}

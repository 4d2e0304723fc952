/* For socket-options.test.ts: what an activated service sees of each descriptor, as lines for a file. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

static FILE *out;

static const struct { const char *name; int level, option; } OPTIONS[] = {
    {"family", SOL_SOCKET, SO_DOMAIN},          {"type", SOL_SOCKET, SO_TYPE},
    {"protocol", SOL_SOCKET, SO_PROTOCOL},      {"listens", SOL_SOCKET, SO_ACCEPTCONN},
    {"keepalive", SOL_SOCKET, SO_KEEPALIVE},    {"keepidle", IPPROTO_TCP, TCP_KEEPIDLE},
    {"keepintvl", IPPROTO_TCP, TCP_KEEPINTVL},  {"keepcnt", IPPROTO_TCP, TCP_KEEPCNT},
    {"nodelay", IPPROTO_TCP, TCP_NODELAY},      {"defer", IPPROTO_TCP, TCP_DEFER_ACCEPT},
    {"priority", SOL_SOCKET, SO_PRIORITY},      {"mark", SOL_SOCKET, SO_MARK},
    {"rcvbuf", SOL_SOCKET, SO_RCVBUF},          {"sndbuf", SOL_SOCKET, SO_SNDBUF},
    {"reuseaddr", SOL_SOCKET, SO_REUSEADDR},    {"reuseport", SOL_SOCKET, SO_REUSEPORT},
    {"broadcast", SOL_SOCKET, SO_BROADCAST},    {"passcred", SOL_SOCKET, SO_PASSCRED},
    {"passsec", SOL_SOCKET, SO_PASSSEC},        {"timestamp", SOL_SOCKET, SO_TIMESTAMP},
    {"timestampns", SOL_SOCKET, SO_TIMESTAMPNS}, {"tos", IPPROTO_IP, IP_TOS},
    {"ttl", IPPROTO_IP, IP_TTL},                {"freebind", IPPROTO_IP, IP_FREEBIND},
    {"transparent", IPPROTO_IP, IP_TRANSPARENT}, {"pktinfo", IPPROTO_IP, IP_PKTINFO},
    {"v6only", IPPROTO_IPV6, IPV6_V6ONLY},      {"tclass", IPPROTO_IPV6, IPV6_TCLASS},
    {"hops", IPPROTO_IPV6, IPV6_UNICAST_HOPS},  {"pktinfo6", IPPROTO_IPV6, IPV6_RECVPKTINFO},
    {"groups", SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS}, {"pktinfonl", SOL_NETLINK, NETLINK_PKTINFO},
};

static void texts(int fd) {
    char text[32];
    socklen_t length = sizeof text;
    if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, text, &length) == 0) fprintf(out, " congestion=%s", text);
    length = sizeof text;
    if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, text, &length) == 0 && length > 0) fprintf(out, " device=%.*s", (int)length, text);
    struct tcp_info info;
    length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_state == TCP_LISTEN) fprintf(out, " backlog=%u", info.tcpi_sacked);
}

static void describe(int fd) {
    struct stat stat;
    if (fstat(fd, &stat) != 0) return;
    int flags = fcntl(fd, F_GETFL);
    fprintf(out, "%d: format=%o access=%d nonblock=%d", fd, stat.st_mode & S_IFMT, flags & O_ACCMODE, (flags & O_NONBLOCK) != 0);
    if (S_ISFIFO(stat.st_mode)) fprintf(out, " pipe=%d", fcntl(fd, F_GETPIPE_SZ));
    struct mq_attr queue;
    if (!S_ISSOCK(stat.st_mode) && mq_getattr(fd, &queue) == 0) fprintf(out, " messages=%ld size=%ld", queue.mq_maxmsg, queue.mq_msgsize);
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; ++i) {
        int value = -1;
        socklen_t length = sizeof value;
        if (getsockopt(fd, OPTIONS[i].level, OPTIONS[i].option, &value, &length) == 0) fprintf(out, " %s=%d", OPTIONS[i].name, value);
    }
    texts(fd);
    fputc('\n', out);
}

int main(int argc, char **argv) {
    const char *count = getenv("LISTEN_FDS");
    if (argc < 2 || !(out = fopen(argv[1], "w"))) return 1;
    for (int i = 0; count && i < atoi(count); ++i) describe(3 + i);
    return fclose(out);
}

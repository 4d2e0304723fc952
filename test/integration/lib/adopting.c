/*
 * Programs that open their sockets in every way that servers have, for adopting.test.ts. Answers each client's first piece with the same.
 *
 *   ways [sleep MS --] [HOW] KIND WHERE [PORT] [-- KIND WHERE PORT]...
 *
 *   KIND   tcp, tcp6only, udp with an address and a port; unix, unixgram with a path
 *   HOW    again (bind, close, bind), reopen (after each client), fork (before it listens), workers (three, each with a socket), drop (privileges),
 *          thread (binds in one), hide (its memory), uring (says whether it has io_uring)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST = 8 };

struct wanted { const char *kind, *where; int port; };

static int is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int is_datagram(const char *kind) { return is(kind, "udp") || is(kind, "unixgram"); }

static int open_socket(const struct wanted *wanted) {
  struct sockaddr_storage address = {0};
  socklen_t length;
  int type = is_datagram(wanted->kind) ? SOCK_DGRAM : SOCK_STREAM, yes = 1;
  if (strncmp(wanted->kind, "unix", 4) == 0) {
    struct sockaddr_un *un = (struct sockaddr_un *)&address;
    un->sun_family = AF_UNIX;
    strncpy(un->sun_path, wanted->where, sizeof un->sun_path - 1);
    unlink(wanted->where);
    length = sizeof *un;
  } else if (strchr(wanted->where, ':')) {
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons((unsigned short)wanted->port);
    inet_pton(AF_INET6, wanted->where, &in6->sin6_addr);
    length = sizeof *in6;
  } else {
    struct sockaddr_in *in = (struct sockaddr_in *)&address;
    in->sin_family = AF_INET;
    in->sin_port = htons((unsigned short)wanted->port);
    inet_pton(AF_INET, wanted->where, &in->sin_addr);
    length = sizeof *in;
  }
  int fd = socket(address.ss_family, type, 0);
  if (fd < 0) die("socket");
  if (address.ss_family != AF_UNIX) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  if (is(wanted->kind, "tcp6only")) setsockopt(fd, IPPROTO_IPV6, 26, &yes, sizeof yes);
  if (bind(fd, (struct sockaddr *)&address, length) < 0) die("bind");
  return fd;
}

static void listen_on(const struct wanted *wanted, int fd) {
  if (!is_datagram(wanted->kind) && listen(fd, 5) < 0) die("listen");
}

static void serve_once(const struct wanted *wanted, int fd) {
  char bytes[256];
  struct sockaddr_storage from;
  socklen_t length = sizeof from;
  if (is_datagram(wanted->kind)) {
    ssize_t got = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length);
    if (got > 0) sendto(fd, bytes, (size_t)got, 0, (struct sockaddr *)&from, length);
    return;
  }
  int client = accept(fd, 0, 0);
  if (client < 0) return;
  ssize_t got = read(client, bytes, sizeof bytes);
  if (got > 0 && write(client, bytes, (size_t)got) < 0) perror("write");
  close(client);
}

static void serve(const struct wanted *wanted, const int *fds, int count) {
  for (;;) {
    struct pollfd polled[MOST];
    for (int i = 0; i < count; ++i) polled[i] = (struct pollfd){fds[i], POLLIN, 0};
    if (poll(polled, (nfds_t)count, -1) < 0) die("poll");
    for (int i = 0; i < count; ++i)
      if (polled[i].revents) serve_once(&wanted[i], fds[i]);
  }
}

static int fds[MOST];

static void *open_in_thread(void *wanted) {
  fds[0] = open_socket(wanted);
  return 0;
}

static void say_uring(void) {
  char parameters[256] = {0};
  long ring = syscall(425 /* io_uring_setup */, 4, parameters);
  printf("io_uring: %s\n", ring < 0 ? strerror(errno) : "there");
  fflush(stdout);
}

int main(int argc, char **argv) {
  struct wanted wanted[MOST];
  const char *how = "";
  int at = 1, count = 0;
  if (at < argc && is(argv[at], "sleep")) {
    usleep((useconds_t)atoi(argv[at + 1]) * 1000);
    at += 3;
  }
  if (at < argc && strncmp(argv[at], "tcp", 3) != 0 && strncmp(argv[at], "udp", 3) != 0 && strncmp(argv[at], "unix", 4) != 0) how = argv[at++];
  while (at + 1 < argc && count < MOST) {
    int has_port = strncmp(argv[at], "unix", 4) != 0;
    wanted[count++] = (struct wanted){argv[at], argv[at + 1], has_port && at + 2 < argc ? atoi(argv[at + 2]) : 0};
    at += 3 + has_port;
  }
  if (is(how, "drop") && (setgid(1234) < 0 || setuid(1234) < 0)) die("setuid");
  if (is(how, "hide")) prctl(PR_SET_DUMPABLE, 0);
  if (is(how, "uring")) say_uring();
  if (is(how, "again")) close(open_socket(&wanted[0]));
  if (is(how, "reopen"))
    for (;;) {
      int fd = open_socket(&wanted[0]);
      listen_on(&wanted[0], fd);
      serve_once(&wanted[0], fd);
      close(fd);
    }
  if (is(how, "workers"))
    for (int i = 0; i < 2; ++i)
      if (fork() == 0) break;
  if (is(how, "thread")) {
    pthread_t thread;
    pthread_create(&thread, 0, open_in_thread, &wanted[0]);
    pthread_join(thread, 0);
  }
  for (int i = 0; i < count; ++i)
    if (!is(how, "thread")) fds[i] = open_socket(&wanted[i]);
  if (is(how, "fork") && fork() != 0) pause();
  for (int i = 0; i < count; ++i) listen_on(&wanted[i], fds[i]);
  serve(wanted, fds, count);
}

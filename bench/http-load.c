#define _GNU_SOURCE
/* For bench/adopted.mjs: an HTTP client that costs little itself.
 *
 *   http-load fetch PORT SECONDS COUNT /PATH    COUNT connections that ask again and again; prints requests per second and Gbit/s
 *   http-load connect PORT SECONDS /PATH        a new connection for each request; prints requests per second
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 256, PIECE = 1 << 20 };

/* A connection, and how much of the present answer is still to come; -1: its head has not been read whole. */
struct client { int fd; long left; int head_length; char head[2048]; };

static char piece[PIECE], request[512];
static int port;
static long requests, bytes;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int open_connection(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

static void ask(struct client *client) {
  client->left = -1;
  client->head_length = 0;
  if (send(client->fd, request, strlen(request), MSG_NOSIGNAL) < 0) die("send");
}

/* True when the answer is complete. */
static int take(struct client *client, const char *data, long length) {
  if (client->left < 0) {
    long room = (long)sizeof client->head - 1 - client->head_length, part = length < room ? length : room;
    memcpy(client->head + client->head_length, data, (size_t)part);
    client->head_length += (int)part;
    client->head[client->head_length] = 0;
    char *end = strstr(client->head, "\r\n\r\n"), *size = strcasestr(client->head, "content-length:");
    if (!end) return 0;
    if (strncmp(client->head, "HTTP/1.1 200", 12) != 0 || !size) { fprintf(stderr, "unexpected answer: %.60s\n", client->head); exit(1); }
    client->left = atol(size + 15) - (client->head_length - (end + 4 - client->head)) - (length - part);
  } else client->left -= length;
  return client->left <= 0;
}

static void fetch(double seconds, int count) {
  static struct client clients[MOST];
  int epoll = epoll_create1(0);
  for (int i = 0; i < count; ++i) {
    clients[i].fd = open_connection();
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event);
    ask(&clients[i]);
  }
  double begun = now();
  while (now() - begun < seconds) {
    struct epoll_event events[64];
    int ready = epoll_wait(epoll, events, 64, 1000);
    for (int i = 0; i < ready; ++i) {
      struct client *client = events[i].data.ptr;
      long got = recv(client->fd, piece, PIECE, 0);
      if (got <= 0) die("recv");
      bytes += got;
      if (take(client, piece, got)) {
        ++requests;
        ask(client);
      }
    }
  }
  double took = now() - begun;
  printf("%.1f %.3f\n", (double)requests / took, (double)bytes * 8 / took / 1e9);
}

static void connect_each(double seconds) {
  double begun = now();
  while (now() - begun < seconds) {
    struct client client = {.fd = open_connection()};
    struct linger gone = {1, 0};
    ask(&client);
    for (long got = 1; got > 0;) {
      got = recv(client.fd, piece, PIECE, 0);
      if (got <= 0) die("recv");
      if (take(&client, piece, got)) break;
    }
    ++requests;
    /* Otherwise the ports of this machine are used up. */
    setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &gone, sizeof gone);
    close(client.fd);
  }
  printf("%.1f\n", (double)requests / (now() - begun));
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  port = atoi(argv[2]);
  snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", argv[argc - 1]);
  if (strcmp(argv[1], "fetch") == 0) fetch(atof(argv[3]), atoi(argv[4]));
  else connect_each(atof(argv[3]));
  return 0;
}

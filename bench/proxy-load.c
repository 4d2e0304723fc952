/* For bench/proxy.mjs: servers and clients that cost little themselves.
 *
 *   proxy-load sink PORT                   reads everything and throws it away
 *   proxy-load echo PORT                   answers each piece with the same
 *   proxy-load stream PORT SECONDS COUNT   writes as fast as it can; prints Gbit/s
 *   proxy-load ask PORT SECONDS COUNT      100 bytes there and back; prints requests per second, and microseconds: median, 99 %
 *   proxy-load connect PORT SECONDS        the same with a new connection for each
 *   proxy-load hold PORT COUNT             keeps connections that were answered once, until its input ends
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 256 * 1024, ASKED = 100, MOST = 1024, MOST_TIMES = 4000000 };

static int port;
static double seconds;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static struct sockaddr_in address(void) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int new_socket(void) {
  int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static int dial(void) {
  struct sockaddr_in to = address();
  int fd = new_socket();
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) die("connect");
  return fd;
}

static int listening(void) {
  struct sockaddr_in at = address();
  int fd = new_socket();
  if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4096) != 0) die("listen");
  return fd;
}

static void watch(int epoll, int fd, unsigned long data) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void serve(int answers) {
  static char piece[PIECE];
  int listener = listening(), epoll = epoll_create1(0);
  struct epoll_event events[64];
  for (watch(epoll, listener, (unsigned long)listener);;) {
    int count = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      int fd = (int)events[i].data.u64;
      if (fd == listener) {
        int client = accept(listener, NULL, NULL), on = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll, client, (unsigned long)client);
        continue;
      }
      ssize_t got = read(fd, piece, sizeof piece);
      if (got <= 0 || (answers && write(fd, piece, (size_t)got) != got)) close(fd);
    }
  }
}

static void *stream_one(void *total) {
  static char piece[PIECE];
  long written = 0;
  int fd = dial();
  for (double end = now() + seconds; now() < end;) {
    ssize_t sent = write(fd, piece, sizeof piece);
    if (sent <= 0) die("write");
    written += sent;
  }
  close(fd);
  __sync_fetch_and_add((long *)total, written);
  return NULL;
}

static void stream(int count) {
  pthread_t threads[MOST];
  long total = 0;
  double begin = now();
  for (int i = 0; i < count; ++i) pthread_create(&threads[i], NULL, stream_one, &total);
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
  printf("%.3f\n", (double)total * 8 / (now() - begin) / 1e9);
}

static float times[MOST_TIMES];
static int time_count;

static void note(double took) {
  if (time_count < MOST_TIMES) times[time_count++] = (float)(took * 1e6);
}

static int by_value(const void *a, const void *b) {
  return (*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b);
}

static void print_times(void) {
  qsort(times, (size_t)time_count, sizeof *times, by_value);
  printf("%.0f %.1f %.1f\n", time_count / seconds, times[time_count / 2], times[time_count * 99L / 100]);
}

static void ask(int count) {
  static double asked[MOST];
  static char bytes[ASKED];
  int epoll = epoll_create1(0);
  struct epoll_event events[64];
  for (int i = 0; i < count; ++i) {
    int fd = dial();
    watch(epoll, fd, (unsigned long)fd | (unsigned long)i << 32);
    asked[i] = now();
    if (write(fd, bytes, ASKED) != ASKED) die("write");
  }
  for (double end = now() + seconds; now() < end;) {
    int ready = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < ready; ++i) {
      int fd = (int)(events[i].data.u64 & 0xffffffff), place = (int)(events[i].data.u64 >> 32);
      if (recv(fd, bytes, ASKED, MSG_WAITALL) != ASKED) die("recv");
      note(now() - asked[place]);
      asked[place] = now();
      if (write(fd, bytes, ASKED) != ASKED) die("write");
    }
  }
  print_times();
}

static void connect_often(void) {
  static char bytes[ASKED];
  struct linger at_once = {1, 0};
  for (double end = now() + seconds; now() < end;) {
    double begin = now();
    int fd = dial();
    if (write(fd, bytes, ASKED) != ASKED || recv(fd, bytes, ASKED, MSG_WAITALL) != ASKED) die("recv");
    note(now() - begin);
    /* Otherwise the ports run out. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
  }
  print_times();
}

static void hold(int count) {
  char byte = 'x';
  for (int i = 0; i < count; ++i) {
    int fd = dial();
    if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1) die("read");
  }
  puts("held");
  fflush(stdout);
  while (read(0, &byte, 1) > 0) continue;
}

int main(int argc, char **argv) {
  const char *what = argc > 2 ? argv[1] : "";
  port = argc > 2 ? atoi(argv[2]) : 0;
  seconds = argc > 3 ? atof(argv[3]) : 1;
  int count = argc > 4 ? atoi(argv[4]) : 1;
  if (strcmp(what, "sink") == 0) serve(0);
  else if (strcmp(what, "echo") == 0) serve(1);
  else if (strcmp(what, "stream") == 0) stream(count);
  else if (strcmp(what, "ask") == 0) ask(count);
  else if (strcmp(what, "connect") == 0) connect_often();
  else if (strcmp(what, "hold") == 0) hold(argc > 3 ? atoi(argv[3]) : 1);
  else return 2;
  return 0;
}

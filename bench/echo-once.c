/* For the benchmarks. Without arguments: an activated server on descriptor 3 that serves one client and leaves; with `stay`, one that
 * serves one after the other. With `bind PORT`: one that opens its socket itself, and serves one client. With a port: a client
 * that prints the microseconds from connect() to the first byte of the answer. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int serve(void) {
  char buffer[64];
  int client = accept(3, NULL, NULL);
  if (client < 0) return 1;
  ssize_t length = read(client, buffer, sizeof buffer);
  if (length <= 0 || write(client, buffer, (size_t)length) != length) return 1;
  close(client);
  return 0;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static struct sockaddr_in local(int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* On descriptor 3, as the others have it. */
static int bind_and_serve(int port) {
  struct sockaddr_in address = local(port);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || dup2(listener, 3) != 3 || bind(3, (struct sockaddr *)&address, sizeof address) != 0 || listen(3, 8) != 0) return 1;
  return serve();
}

static int ask(int port) {
  struct sockaddr_in address = local(port);
  char byte = 'x';
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  double before = now();
  if (connect(connection, (struct sockaddr *)&address, sizeof address) != 0) return 1;
  if (write(connection, &byte, 1) != 1 || read(connection, &byte, 1) != 1) return 1;
  printf("%.0f\n", now() - before);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return serve();
  if (argv[1][0] == 'b') return bind_and_serve(atoi(argv[2]));
  if (argv[1][0] != 's') return ask(atoi(argv[1]));
  while (serve() == 0) continue;
  return 1;
}

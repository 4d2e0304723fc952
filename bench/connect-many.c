/*
 * Clients for bench/accept.mjs: COUNT connections to a TCP port, AT_ONCE of them at a time, each of which says a word, waits until it
 * comes back, and then for the end. Prints connections per second, and how many were not answered.
 *
 *   connect-many PORT COUNT AT_ONCE
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char word[] = "hello\n";

/* 1 when the word came back, and then the end. */
static int ask(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char answer[sizeof word];
    size_t got = 0;
    if (fd < 0) return 0;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && write(fd, word, sizeof word - 1) > 0) {
        for (;;) {
            struct pollfd ready = {.fd = fd, .events = POLLIN};
            ssize_t count = poll(&ready, 1, 20000) == 1 ? read(fd, answer + got, sizeof answer - got) : -1;
            if (count <= 0) break;
            got += (size_t)count;
            if (got == sizeof word - 1) shutdown(fd, SHUT_WR);
        }
    }
    close(fd);
    return got == sizeof word - 1 && memcmp(answer, word, got) == 0;
}

int main(int argc, char **argv) {
    int port = argc > 3 ? atoi(argv[1]) : 0, count = argc > 3 ? atoi(argv[2]) : 0, at_once = argc > 3 ? atoi(argv[3]) : 1;
    int answered = 0, ends[2];
    struct timespec begin, end;
    if (port == 0 || pipe(ends) != 0) return 2;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int client = 0; client < at_once; ++client) {
        if (fork() != 0) continue;
        int mine = 0;
        for (int i = client; i < count; i += at_once) mine += ask(port);
        _exit(write(ends[1], &mine, sizeof mine) == sizeof mine ? 0 : 1);
    }
    for (int client = 0, mine; client < at_once; ++client) if (read(ends[0], &mine, sizeof mine) == sizeof mine) answered += mine;
    clock_gettime(CLOCK_MONOTONIC, &end);
    while (wait(NULL) > 0) continue;
    double seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    printf("{\"perSecond\":%.1f,\"lost\":%d}\n", answered / seconds, count - answered);
    return 0;
}

/* A server for tests of containers: answers each client on descriptor 3 with what its line asks for. `env NAME`, `file PATH`,
 * `write PATH` (puts `kept` there). With `notify` it says READY=1 two seconds after it has started. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void say_ready(void) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (path == NULL) return;
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  const char *text = "READY=1\nSTATUS=said so";
  sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof address);
  close(fd);
}

static void answer(FILE *client, char *line) {
  char word[4096] = "";
  line[strcspn(line, "\n")] = 0;
  if (strncmp(line, "env ", 4) == 0) snprintf(word, sizeof word, "%s", getenv(line + 4) ? getenv(line + 4) : "");
  FILE *file = strncmp(line, "file ", 5) == 0 ? fopen(line + 5, "r") : NULL;
  if (file != NULL && fgets(word, sizeof word, file) == NULL) word[0] = 0;
  if (file != NULL) fclose(file);
  if (strncmp(line, "write ", 6) == 0 && (file = fopen(line + 6, "w")) != NULL) {
    fputs("kept", file);
    fclose(file);
  }
  fprintf(client, "%s\n", word);
}

int main(int argc, char **argv) {
  puts("serving");
  fflush(stdout);
  if (argc > 1 && strcmp(argv[1], "notify") == 0) {
    sleep(2);
    say_ready();
  }
  for (;;) {
    char line[4096];
    int fd = accept(3, NULL, NULL);
    if (fd < 0) return 1;
    FILE *client = fdopen(fd, "r+");
    if (fgets(line, sizeof line, client) != NULL) answer(client, line);
    fclose(client);
  }
}

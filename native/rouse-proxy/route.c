/*
 * Which server a client gets. Targets take turns; one that refused lately comes after those that did not. When all of them have
 * refused, the client waits (stream.c, datagram.c) and everything is tried again.
 */
#include "proxy.h"

enum { BAD_MS = 2000 };

static int is_bad(const struct route *route, int at) {
    return route->targets[at].bad_until > now;
}

/* The turn begins at the next target that is not known to be bad; at the next one where all are. */
int attempt_begin(struct attempt *attempt, struct route *route) {
    int first = route->next, steps = 0;
    while (steps < route->count && is_bad(route, first)) {
        first = (first + 1) % route->count;
        ++steps;
    }
    /* All addresses of a name are one target: the turn goes on to another name, where there is one. */
    int next = first;
    do next = (next + 1) % route->count;
    while (next != first && route->targets[next].name == route->targets[first].name);
    route->next = next;
    *attempt = (struct attempt){route, first, 0, first};
    return 1;
}

/* 0 when all have been tried. */
int attempt_next(struct attempt *attempt) {
    if (++attempt->tried >= attempt->route->count) return 0;
    attempt->at = (attempt->first + attempt->tried) % attempt->route->count;
    return 1;
}

const struct target *attempt_target(const struct attempt *attempt) {
    return &attempt->route->targets[attempt->at];
}

void target_failed(struct attempt *attempt, int error) {
    attempt->route->targets[attempt->at].bad_until = now + BAD_MS;
    attempt->route->last_error = error;
}

void target_works(struct attempt *attempt) {
    attempt->route->targets[attempt->at].bad_until = 0;
}

/*
 * The words of the command line, which `rouse proxy` writes: nobody types them. Each is a letter and its operand, in this order.
 *
 *   r                     a route: the targets that follow are tried for the clients of its listeners
 *   t<text> h<text>       a target as it was typed; h when it is the name of a host, whose addresses may change
 *   a<hex>                an address of the target named last, as struct sockaddr
 *   l<number>             a listener of the route begun last: descriptor 3 + number
 *   x<word>               the command that looks targets up: they are put behind it
 *   c<most> i<ms> w<ms> s<ms> p<version>   options, see below
 */
#include "proxy.h"

enum { FIRST = 3 };

struct options options = {-1, -1, -1, 60000, 0, 0};
struct route routes[MOST_ROUTES];
struct listener listeners[MOST_LISTENERS];
int route_count, listener_count;

const char *lookup_words[MOST_LOOKUP_WORDS];
int lookup_word_count;

__attribute__((noreturn)) static void refuse(const char *word) {
    complain("rouse-proxy is not called by hand", word, EINVAL);
    leave(1);
}

static int hex_digit(char c) {
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* How many bytes there were. */
u32 read_hex(const char *text, u8 *bytes, u32 most) {
    u32 length = 0;
    for (; text[0] > ' ' && text[1] > ' ' && length < most; text += 2) bytes[length++] = (u8)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
    return length;
}

static struct route *last_route(const char *word) {
    if (route_count == 0) refuse(word);
    return &routes[route_count - 1];
}

static void read_address(const char *text) {
    struct route *route = last_route(text);
    if (route->count == MOST_ADDRESSES || route->name_count == 0) refuse(text);
    struct target *target = &route->targets[route->count++];
    target->name = route->names[route->name_count - 1];
    target->address.length = read_hex(text, target->address.bytes, sizeof target->address.bytes);
}

static void read_name(const char *text, int is_host) {
    struct route *route = last_route(text);
    if (route->name_count == MOST_ADDRESSES) refuse(text);
    route->names[route->name_count++] = text;
    route->has_hosts |= is_host;
    route->looked_up_at = now;
}

static int option_of(int fd, int name) {
    int value = 0;
    u32 length = sizeof value;
    return call6(SYS_getsockopt, fd, SOL_SOCKET, name, (i64)&value, (i64)&length, 0) < 0 ? -1 : value;
}

static void read_listener(const char *text) {
    if (listener_count == MOST_LISTENERS || route_count == 0) refuse(text);
    struct listener *listener = &listeners[listener_count++];
    listener->kind = KIND_LISTENER;
    listener->fd = FIRST + (int)number_at(&text);
    listener->route = &routes[route_count - 1];
    listener->type = option_of(listener->fd, SO_TYPE);
    listener->family = option_of(listener->fd, SO_DOMAIN);
}

static void read_word(const char *word) {
    const char *operand = word + 1;
    switch (*word) {
    case 'r':
        if (route_count == MOST_ROUTES) refuse(word);
        list_init(&routes[route_count++].waiting);
        return;
    case 't':
    case 'h': return read_name(operand, *word == 'h');
    case 'x':
        if (lookup_word_count == MOST_LOOKUP_WORDS) refuse(word);
        lookup_words[lookup_word_count++] = operand;
        return;
    case 'a': return read_address(operand);
    case 'l': return read_listener(operand);
    case 'c': options.most = number_at(&operand); return;
    case 'i': options.idle_ms = number_at(&operand); return;
    case 'w': options.connect_ms = number_at(&operand); return;
    case 's': options.session_ms = number_at(&operand); return;
    case 'p': options.header = (int)number_at(&operand); return;
    case 'q': options.quiet = 1; return;
    default: refuse(word);
    }
}

void read_plan(char **words, i64 count) {
    for (i64 i = 0; i < count; ++i) read_word(words[i]);
    if (listener_count == 0) refuse("");
}

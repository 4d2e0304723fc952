/* The PROXY protocol: who the client is, before its first byte. https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt */
#include "proxy.h"

static const u8 SIGNATURE[12] = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};

enum { VERSION_LOCAL = 0x20, VERSION_PROXY = 0x21, FAMILY_INET = 0x10, FAMILY_INET6 = 0x20, FAMILY_UNIX = 0x30, OVER_STREAM = 1, OVER_DGRAM = 2 };

static int is_mapped(const struct address *address) {
    static const u8 prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return address->family == AF_INET6 && memcmp(address->bytes + 8, prefix, sizeof prefix) == 0;
}

static const u8 *port_of(const struct address *address) {
    return address->bytes + 2;
}

/* An IPv4 client of a socket for both families is an IPv4 client. */
static const u8 *host_of(const struct address *address, int family) {
    if (family == AF_INET6) return address->bytes + 8;
    return address->family == AF_INET ? address->bytes + 4 : address->bytes + 20;
}

static int common_family(const struct address *from, const struct address *to) {
    if (from->family == AF_INET && to->family == AF_INET) return AF_INET;
    if (from->family == AF_INET6 && to->family == AF_INET6) return is_mapped(from) && is_mapped(to) ? AF_INET : AF_INET6;
    return from->family == AF_UNIX ? AF_UNIX : 0;
}

static void add_host(struct line *line, const u8 *host, int family) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < (family == AF_INET ? 4 : 8); ++i) {
        if (i) add_text(line, family == AF_INET ? "." : ":");
        if (family == AF_INET) {
            add_number(line, host[i]);
            continue;
        }
        u32 group = (u32)(host[2 * i] << 8 | host[2 * i + 1]);
        int shift = 12;
        while (shift > 0 && !(group >> shift)) shift -= 4;
        for (; shift >= 0; shift -= 4) add_bytes(line, &digits[group >> shift & 15], 1);
    }
}

static void add_port(struct line *line, const struct address *address) {
    add_text(line, " ");
    add_number(line, (u64)(port_of(address)[0] << 8 | port_of(address)[1]));
}

static int make_version1(u8 *bytes, const struct address *from, const struct address *to) {
    static struct line line;
    int family = common_family(from, to);
    line.length = 0;
    if (family != AF_INET && family != AF_INET6) add_text(&line, "PROXY UNKNOWN");
    else {
        add_text(&line, family == AF_INET ? "PROXY TCP4 " : "PROXY TCP6 ");
        add_host(&line, host_of(from, family), family);
        add_text(&line, " ");
        add_host(&line, host_of(to, family), family);
        add_port(&line, from);
        add_port(&line, to);
    }
    add_text(&line, "\r\n");
    memcpy(bytes, line.bytes, (u64)line.length);
    return (int)line.length;
}

/* 108 bytes, filled up with zeros. */
static void put_path(u8 *at, const struct address *address) {
    memset(at, 0, 108);
    if (address->length > 2) memcpy(at, address->bytes + 2, address->length - 2 < 108 ? address->length - 2 : 108);
}

static int make_version2(u8 *bytes, int type, const struct address *from, const struct address *to) {
    int family = common_family(from, to), host_size = family == AF_INET ? 4 : 16, length = 0;
    memcpy(bytes, SIGNATURE, sizeof SIGNATURE);
    bytes[12] = family ? VERSION_PROXY : VERSION_LOCAL;
    bytes[13] = 0;
    u8 over = type == SOCK_DGRAM ? OVER_DGRAM : OVER_STREAM;
    if (family == AF_UNIX) {
        bytes[13] = FAMILY_UNIX | over;
        put_path(bytes + 16, from);
        put_path(bytes + 16 + 108, to);
        length = 216;
    } else if (family) {
        bytes[13] = (family == AF_INET ? FAMILY_INET : FAMILY_INET6) | over;
        memcpy(bytes + 16, host_of(from, family), (u64)host_size);
        memcpy(bytes + 16 + host_size, host_of(to, family), (u64)host_size);
        memcpy(bytes + 16 + 2 * host_size, port_of(from), 2);
        memcpy(bytes + 18 + 2 * host_size, port_of(to), 2);
        length = 2 * host_size + 4;
    }
    bytes[14] = 0;
    bytes[15] = (u8)length;
    return 16 + length;
}

/* Writes at most HEADER_MOST bytes, and returns how many. */
int make_header(u8 *bytes, int version, int type, const struct address *from, const struct address *to) {
    return version == 1 ? make_version1(bytes, from, to) : make_version2(bytes, type, from, to);
}

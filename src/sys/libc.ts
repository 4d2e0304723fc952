/**
 * Every native function that rouse calls, and nothing else. Buffers rather than structs: a struct costs koffi six times as much.
 * glibc and musl; x86-64 and arm64.
 */
import koffi from 'koffi';

const lib = koffi.load(null);

type Int = (...args: never[]) => number;
const declare = <T extends Int>(prototype: string): T => lib.func(prototype) as unknown as T;

/** Of the last call, on this thread. */
export const errno = (): number => koffi.errno();

export const socket = declare<(domain: number, type: number, protocol: number) => number>('int socket(int, int, int)');
export const socketpair = declare<(domain: number, type: number, protocol: number, fds: Buffer) => number>('int socketpair(int, int, int, _Out_ void *)');
export const bind = declare<(fd: number, address: Buffer, length: number) => number>('int bind(int, const void *, uint32_t)');
export const connect = declare<(fd: number, address: Buffer, length: number) => number>('int connect(int, const void *, uint32_t)');
export const listen = declare<(fd: number, backlog: number) => number>('int listen(int, int)');
export const accept4 = declare<(fd: number, address: Buffer | null, length: Buffer | null, flags: number) => number>('int accept4(int, _Out_ void *, _Inout_ void *, int)');
export const getsockname = declare<(fd: number, address: Buffer, length: Buffer) => number>('int getsockname(int, _Out_ void *, _Inout_ void *)');
export const getpeername = declare<(fd: number, address: Buffer, length: Buffer) => number>('int getpeername(int, _Out_ void *, _Inout_ void *)');
export const setsockopt = declare<(fd: number, level: number, name: number, value: Buffer, length: number) => number>('int setsockopt(int, int, int, const void *, uint32_t)');
export const getsockopt = declare<(fd: number, level: number, name: number, value: Buffer, length: Buffer) => number>(
  'int getsockopt(int, int, int, _Out_ void *, _Inout_ void *)',
);
export const recv = declare<(fd: number, buffer: Buffer, length: number, flags: number) => number>('long recv(int, _Out_ void *, size_t, int)');
export const recvfrom = declare<(fd: number, buffer: Buffer, length: number, flags: number, address: Buffer, addressLength: Buffer) => number>(
  'long recvfrom(int, _Out_ void *, size_t, int, _Out_ void *, _Inout_ void *)',
);
export const recvmsg = declare<(fd: number, message: Buffer, flags: number) => number>('long recvmsg(int, _Inout_ void *, int)');
export const sendmsg = declare<(fd: number, message: Buffer, flags: number) => number>('long sendmsg(int, const void *, int)');
export const sendto = declare<(fd: number, buffer: Buffer, length: number, flags: number, address: Buffer | null, addressLength: number) => number>(
  'long sendto(int, const void *, size_t, int, const void *, uint32_t)',
);
export const shutdown = declare<(fd: number, how: number) => number>('int shutdown(int, int)');
export const open = declare<(path: string, flags: number) => number>('int open(const char *, int)');
export const close = declare<(fd: number) => number>('int close(int)');
export const read = declare<(fd: number, buffer: Buffer, length: number) => number>('long read(int, _Out_ void *, size_t)');
export const write = declare<(fd: number, buffer: Buffer, length: number) => number>('long write(int, const void *, size_t)');
export const pipe2 = declare<(fds: Buffer, flags: number) => number>('int pipe2(_Out_ void *, int)');
export const fcntl = declare<(fd: number, command: number, argument: number) => number>('int fcntl(int, int, int)');
export const dup2 = declare<(from: number, to: number) => number>('int dup2(int, int)');
export const mkfifo = declare<(path: string, mode: number) => number>('int mkfifo(const char *, uint32_t)');
export const flock = declare<(fd: number, operation: number) => number>('int flock(int, int)');

export const epollCreate1 = declare<(flags: number) => number>('int epoll_create1(int)');
export const epollCtl = declare<(epfd: number, operation: number, fd: number, event: Buffer) => number>('int epoll_ctl(int, int, int, void *)');
export const epollWait = declare<(epfd: number, events: Buffer, most: number, timeoutMs: number) => number>('int epoll_wait(int, _Out_ void *, int, int)');

export const poll = declare<(fds: Buffer, count: number, timeoutMs: number) => number>('int poll(_Inout_ void *, unsigned long, int)');

export const prctl = declare<(option: number, a: number, b: number, c: number, d: number) => number>('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
export const waitid = declare<(idType: number, id: number, info: Buffer, options: number) => number>('int waitid(int, uint32_t, _Out_ void *, int)');
/** pidfd_open(2) and pidfd_send_signal(2) have no wrapper in musl and in older glibc. */
export const syscall = declare<(number: number, a: number, b: number, c: number, d: number) => number>('long syscall(long, long, long, long, long)');
export const syscallWithBuffer = declare<(number: number, a: number, b: number, buffer: Buffer, d: number) => number>('long syscall(long, long, long, _Inout_ void *, long)');
export const syscallWithName = declare<(number: number, name: string, b: number, c: number, buffer: Buffer | null) => number>(
  'long syscall(long, const char *, long, long, const void *)',
);
export const syscallWithBuffers = declare<(number: number, a: number, buffer: Buffer, c: number, d: Buffer | null, e: Buffer) => number>(
  'long syscall(long, long, _Out_ void *, long, void *, const void *)',
);
export const ioctl = declare<(fd: number, request: number, argument: Buffer) => number>('int ioctl(int, unsigned long, _Inout_ void *)');
export const processVmReadv = declare<(pid: number, local: Buffer, localCount: number, remote: Buffer, remoteCount: number, flags: number) => number>(
  'long process_vm_readv(int, const void *, unsigned long, const void *, unsigned long, unsigned long)',
);

/** native/rouse-spawn/rouse-spawn.c; loaded when the first process is started. */
export type SpawnCall = (words: readonly (string | null)[], env: readonly (string | null)[], fds: Buffer, count: number, cgroup: number, result: Buffer) => number;

export interface RouseSpawn {
  /** Waits until the child has executed its program. */
  readonly spawn: SpawnCall;
  /** Does not. */
  readonly start: SpawnCall;
  /** What became of a child of `start` that failed. */
  readonly outcome: (place: number, pid: number, result: Buffer) => void;
}

/** Throws when the library cannot be loaded. */
export function loadRouseSpawn(path: string): RouseSpawn {
  const library = koffi.load(path);
  return {
    spawn: library.func('int rouse_spawn(const char **, const char **, const void *, int, int, _Out_ void *)'),
    start: library.func('int rouse_start(const char **, const char **, const void *, int, int, _Out_ void *)'),
    outcome: library.func('void rouse_outcome(int, int, _Out_ void *)'),
  };
}

export const execve = declare<(path: string, argv: readonly (string | null)[], env: readonly (string | null)[]) => number>(
  'int execve(const char *, const char **, const char **)',
);
/** Ends the process at once: what is buffered, and what would be tidied up at the exit, is lost. */
export const exitNow = lib.func('void _exit(int)') as unknown as (code: number) => never;
export const strerror = lib.func('const char *strerror(int)') as unknown as (number: number) => string;

/** The last Buffers of which an address was taken. */
const reached: Buffer[] = [];
const REACHED_MOST = 8;

/**
 * A native pointer to a Buffer's bytes, for structs that hold pointers. The collector does not see that: the Buffer is held until eight more
 * addresses were taken, which is longer than any call that gets it.
 */
export function addressOf(buffer: Buffer): bigint {
  reached.push(buffer);
  if (reached.length > REACHED_MOST) reached.shift();
  return BigInt(koffi.address(buffer));
}

/** uv_poll on our epoll descriptor; koffi's `node.poll`. The handle must be kept: without a reference it stops. */
export function pollInLoop(fd: number, onReadable: () => void): { stop(): void } {
  return koffi.node.poll(fd, { readable: true }, onReadable);
}

#!/bin/sh
# Builds rouse-spawn for this machine (or for CC's target) into rouse-spawn.MACHINE.so. The same compiler gives the same bytes.
set -eu
cd "$(dirname "$0")"
cc=${CC:-cc}
machine=$("$cc" -dumpmachine | cut -d- -f1)
"$cc" -std=c11 -Os -shared -nostdlib -nostartfiles -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -fPIC -fvisibility=hidden \
  -fno-tree-loop-distribute-patterns -Wall -Wextra -Werror -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,defs -s \
  -o "${1:-.}/rouse-spawn.$machine.so" rouse-spawn.c
echo "rouse-spawn.$machine.so"

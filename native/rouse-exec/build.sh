#!/bin/sh
# Builds rouse-exec for this machine (or for CC's target) into rouse-exec.MACHINE. The same compiler gives the same bytes.
set -eu
cd "$(dirname "$0")"
cc=${CC:-cc}
machine=$("$cc" -dumpmachine | cut -d- -f1)
"$cc" -std=c11 -Os -static -nostdlib -nostartfiles -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -fno-pie -no-pie \
  -fno-tree-loop-distribute-patterns -Wall -Wextra -Werror -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,noexecstack -s \
  -o "rouse-exec.$machine" rouse-exec.c
echo "rouse-exec.$machine"

#!/bin/sh
# Builds a program that uses no library for this machine (or for CC's target): build-program.sh NAME SOURCE... makes NAME.MACHINE
# in the current folder. The same compiler gives the same bytes.
set -eu
name=$1
shift
cc=${CC:-cc}
machine=$("$cc" -dumpmachine | cut -d- -f1)
"$cc" -std=c11 -O2 -static -nostdlib -nostartfiles -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -fno-pie -no-pie \
  -fno-tree-loop-distribute-patterns -Wall -Wextra -Werror -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,noexecstack -s \
  -o "$name.$machine" "$@"
echo "$name.$machine"

#!/bin/sh
# Builds every native part for x86-64 and arm64, and writes SHA256SUMS. The bytes in the repository are those of gcc 12.2 (Debian 12):
# gcc and gcc-aarch64-linux-gnu.
set -eu
cd "$(dirname "$0")"
for cc in x86_64-linux-gnu-gcc aarch64-linux-gnu-gcc; do
  for build in */build.sh; do CC=$cc sh "$build"; done
done
sha256sum */*.x86_64 */*.aarch64 */*.so >SHA256SUMS

#!/bin/sh
# Builds rouse-sockets for this machine (or for CC's target) into rouse-sockets.MACHINE. The same compiler gives the same bytes.
set -eu
cd "$(dirname "$0")"
exec ../build-program.sh rouse-sockets rouse-sockets.c

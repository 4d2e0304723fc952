#!/bin/sh
# Builds rouse-proxy for this machine (or for CC's target) into rouse-proxy.MACHINE. The same compiler gives the same bytes.
set -eu
cd "$(dirname "$0")"
exec ../build-program.sh rouse-proxy main.c plan.c route.c listen.c stream.c datagram.c lookup.c header.c memory.c

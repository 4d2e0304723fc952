#!/bin/sh
# Builds rouse-wait for this machine (or for CC's target) into rouse-wait.MACHINE. The same compiler gives the same bytes.
set -eu
cd "$(dirname "$0")"
exec ../build-program.sh rouse-wait rouse-wait.c

#!/bin/sh
# Builds rouse-keeper for this machine (or for CC's target) into rouse-keeper.MACHINE. The same compiler gives the same bytes.
set -eu
cd "$(dirname "$0")"
exec ../build-program.sh rouse-keeper rouse-keeper.c

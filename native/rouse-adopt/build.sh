#!/bin/sh
# Builds rouse-adopt for this machine (or for CC's target) into rouse-adopt.MACHINE. The same compiler gives the same bytes.
set -eu
cd "$(dirname "$0")"
exec ../build-program.sh rouse-adopt rouse-adopt.c

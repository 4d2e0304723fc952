#!/bin/bash
# Builds a root file system with more packages than the test host has, from a copy of it. Called by extended-root.mjs, which holds the lock
# of the store and says in the environment what is wanted:
#   STORE      the folder that everything is kept in
#   BASE       the root file system that is copied
#   ROOT       where the finished one goes: it appears there whole or not at all
#   KIND       its name: ROOT is root-KIND-HASH
#   PACKAGES   what comes on top, separated by spaces
# Each line on standard output says what is done now; everything else goes to $STORE/$KIND.log.
set -euo pipefail

log=$STORE/$KIND.log new=$STORE/building-$KIND

say() { echo "$*"; echo "== $*" >>"$log"; }

fail() { echo "$*" >&2; tail -n 15 "$log" >&2; exit 1; }

in_root() { chroot "$new" "$@" >>"$log" 2>&1; }

inside() {
  say "copying $BASE"
  rm -rf --one-file-system "$new"
  cp -a --reflink=auto "$BASE" "$new"
  say "installing $(wc -w <<<"$PACKAGES") packages and what they need"
  mount -t proc proc "$new/proc"
  mount --bind /etc/resolv.conf "$new/etc/resolv.conf"
  in_root apt-get update || fail 'Failed to fetch the package lists'
  printf '#!/bin/sh\nexit 101\n' >"$new/usr/sbin/policy-rc.d"
  chmod +x "$new/usr/sbin/policy-rc.d"
  # shellcheck disable=SC2086  # a list of words
  DEBIAN_FRONTEND=noninteractive in_root apt-get install -y --no-install-recommends $PACKAGES || fail 'Failed to install the packages'
  umount "$new/proc" "$new/etc/resolv.conf"
  in_root apt-get clean
  rm -rf "$new"/var/lib/apt/lists/* "$new/usr/sbin/policy-rc.d"
  mv "$new" "$ROOT"
  drop_old
  say 'done'
}

# A host that runs on one holds a lock on its folder.
drop_old() {
  local old
  for old in "$STORE/root-$KIND"-*; do
    [[ -d $old && $old != "$ROOT" ]] || continue
    flock --exclusive --nonblock "$old" rm -rf --one-file-system "$old" || true
  done
}

case ${1:-} in
  inside) inside ;;
  *) [[ -e $ROOT ]] || { : >"$log"; exec unshare --mount --pid --fork --kill-child=KILL bash "$0" inside; } ;;
esac

#!/bin/bash
# Builds the archive from which the tests of adopted sockets make their image: Debian with unmodified servers from its packages. Called by
# servers.mjs, which holds the lock of the store and says in the environment what is wanted:
#   STORE      the folder that everything is kept in
#   ARCHIVE    the finished archive: it appears there whole or not at all
#   PACKAGES   what it holds, separated by spaces
# Each line on standard output says what is done now; everything else goes to $STORE/servers.log.
set -euo pipefail

log=$STORE/servers.log new=$STORE/servers-building suite=trixie

say() { echo "$*"; echo "== $*" >>"$log"; }

fail() { echo "$*" >&2; tail -n 15 "$log" >&2; exit 1; }

# The machine's own mirror if it has one of Debian.
mirror() {
  local url
  url=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | grep -m 1 -E '/debian/?$' || true)
  [[ $url ]] || url=$(sed -n 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\).*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | grep -m 1 -E '/debian/?$' || true)
  echo "${url:-http://deb.debian.org/debian}"
}

in_root() { chroot "$new" "$@" >>"$log" 2>&1; }

inside() {
  say "unpacking Debian 13 from $(mirror)"
  rm -rf --one-file-system "$new" "$ARCHIVE.new"
  mkdir "$new"
  debootstrap --variant=minbase "$suite" "$new" "$(mirror)" >>"$log" 2>&1 || fail 'Failed to unpack Debian'
  say "installing $(wc -w <<<"$PACKAGES") packages and what they need"
  printf '#!/bin/sh\nexit 101\n' >"$new/usr/sbin/policy-rc.d"
  chmod +x "$new/usr/sbin/policy-rc.d"
  printf 'force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n' >"$new/etc/dpkg/dpkg.cfg.d/servers"
  mount -t proc proc "$new/proc"
  in_root apt-get update || fail 'Failed to fetch the package lists'
  # shellcheck disable=SC2086  # a list of words
  DEBIAN_FRONTEND=noninteractive in_root apt-get install -y --no-install-recommends $PACKAGES || fail 'Failed to install the packages'
  umount "$new/proc"
  in_root apt-get clean
  rm -rf "$new"/var/lib/apt/lists/* "$new/usr/sbin/policy-rc.d"
  say 'packing'
  tar -C "$new" --one-file-system -cf "$ARCHIVE.new" .
  chmod 644 "$ARCHIVE.new"
  mv "$ARCHIVE.new" "$ARCHIVE"
  rm -rf --one-file-system "$new"
  say 'done'
}

case ${1:-} in
  inside) inside ;;
  *) [[ -e $ARCHIVE ]] || { : >"$log"; exec unshare --mount --pid --fork --kill-child=KILL bash "$0" inside; } ;;
esac

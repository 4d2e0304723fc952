#!/bin/bash
# Builds the root file system of the test host. Called by root-fs.mjs, which holds the lock of the store and says in the
# environment what is wanted:
#   STORE      the folder that everything is kept in
#   ROOT       where the finished root file system goes: it appears there whole or not at all
#   PACKAGES   what it holds, separated by spaces
# Each line on standard output says what is done now; everything else goes to $STORE/build.log.
set -euo pipefail

log=$STORE/build.log new=$STORE/building suite=trixie

say() { echo "$*"; echo "== $*" >>"$log"; }

fail() { echo "$*" >&2; tail -n 15 "$log" >&2; exit 1; }

# The machine's own mirror if it has one of Debian: it is near, and reachable where the machine is shut in.
mirror() {
  local url
  url=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | grep -m 1 -E '/debian/?$' || true)
  [[ $url ]] || url=$(sed -n 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\).*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | grep -m 1 -E '/debian/?$' || true)
  echo "${url:-http://deb.debian.org/debian}"
}

# Outside the namespaces of the build: an interrupted apt-get would leave the machine's own dpkg in disorder.
prepare() {
  [[ -e $ROOT ]] && exit 0
  mkdir -p "$STORE/mnt"
  : >"$log"
  if ! command -v debootstrap >/dev/null; then
    say 'installing debootstrap'
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 debootstrap; } >>"$log" 2>&1 || fail 'Failed to install debootstrap'
  fi
  # When the caller is killed the build ends with it, and its mounts too.
  exec unshare --mount --pid --fork --kill-child=KILL bash "$0" inside
}

in_root() { chroot "$new" "$@" >>"$log" 2>&1; }

debian() {
  say "unpacking Debian 13 from $(mirror)"
  rm -rf --one-file-system "$new"
  mkdir "$new"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$new" "$(mirror)" >>"$log" 2>&1 || fail 'Failed to unpack Debian'
}

# Nobody installs services here to have them started, reads their documentation, or needs them after a power cut.
packages() {
  say "installing $(wc -w <<<"$PACKAGES") packages and what they need"
  printf '#!/bin/sh\nexit 101\n' >"$new/usr/sbin/policy-rc.d"
  chmod +x "$new/usr/sbin/policy-rc.d"
  printf 'force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n' >"$new/etc/dpkg/dpkg.cfg.d/test-host"
  mount -t proc proc "$new/proc"
  in_root apt-get update || fail 'Failed to fetch the package lists'
  # shellcheck disable=SC2086  # a list of words
  DEBIAN_FRONTEND=noninteractive in_root apt-get install -y --no-install-recommends $PACKAGES || fail 'Failed to install the packages'
  umount "$new/proc"
  in_root apt-get clean
  rm -rf "$new"/var/lib/apt/lists/* "$new/usr/sbin/policy-rc.d"
}

settings() {
  say 'writing its settings'
  in_root useradd -m -u 1000 -s /bin/bash tester
  echo tester:100000:65536 | tee "$new/etc/subuid" >"$new/etc/subgid"
  echo host >"$new/etc/hostname"
  printf '127.0.0.1 localhost host\n::1 localhost\n' >"$new/etc/hosts"
  echo '# The host has no network, and so no name server.' >"$new/etc/resolv.conf"
  # A sandbox may lack CAP_SYS_RESOURCE (no limit can be raised) and the pids controller.
  mkdir -p "$new/etc/containers/containers.conf.d"
  printf '[containers]\ndefault_ulimits = ["nofile=1024:4096", "nproc=1000:1000"]\npids_limit = 0\n' >"$new/etc/containers/containers.conf.d/test-host.conf"
  mkdir -p "$new/rouse"
  boot_settings
}

# What a real machine's boot does to devices, kernel settings and packages has no business here; podman's units are the tests' to start.
boot_settings() {
  in_root systemctl mask sys-fs-fuse-connections.mount systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-sysctl.service \
    systemd-modules-load.service systemd-binfmt.service systemd-networkd.service systemd-resolved.service systemd-timesyncd.service \
    systemd-firstboot.service systemd-tmpfiles-clean.timer getty.target console-getty.service proc-sys-fs-binfmt_misc.automount \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
  in_root systemctl disable podman.service podman.socket podman-auto-update.timer podman-restart.service podman-clean-transient.service || true
  in_root systemctl --global disable podman.service podman.socket podman-auto-update.timer podman-restart.service || true
  # Rootless Quadlet services wait for this target, and nothing here brings a network up.
  in_root systemctl add-wants multi-user.target network-online.target
  mkdir -p "$new/var/lib/systemd/linger"
  touch "$new/var/lib/systemd/linger/tester"
}

# Root file systems of earlier package lists go, except where a host runs on one: it holds a lock on its folder.
drop_old() {
  local old
  for old in "$STORE"/root-*; do
    [[ -d $old && $old != "$ROOT" ]] || continue
    flock --exclusive --nonblock "$old" rm -rf --one-file-system "$old" || true
  done
}

case ${1:-} in
  inside) debian; packages; settings; mv "$new" "$ROOT"; drop_old; say 'done' ;;
  *) prepare ;;
esac

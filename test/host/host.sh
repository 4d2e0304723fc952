#!/bin/bash
# The part of the test host that a shell does best: namespaces, mounts and cgroups. Called by host.mjs.
#
#   host.sh supervise             makes a host, prints 'pid N' (its process 1, seen from outside) when that one starts, and keeps the
#                                 host up until standard input ends: then everything in it is killed and its cgroups are removed.
#                                 The caller's death ends standard input too, whatever it died of.
#   host.sh exec PID DIR... -- CMD   CMD in the namespaces of that process and in these cgroups, v2's first
#
# supervise reads from its environment:
#   NAME       the name of the host's cgroup          STORE     a folder whose subfolder mnt serves as mount point
#   ROOT       the root file system                   CHECKOUT  what is seen at /rouse
#   BOOT       systemd, or plain for a tiny init      LAYOUT    delegated, undelegated or hybrid
#   UNIFIED    where cgroup v2 is mounted             V1        lines 'OPTIONS PATH': the v1 hierarchies
#   BINDS      lines 'SOURCE:TARGET'
set -euo pipefail

self=$(readlink -f "$0")

# Not even root in the host may change the machine's clock, its modules or its ports.
confined=(setpriv --inh-caps=-all --bounding-set=-sys_module,-sys_time,-sys_rawio --)

# ---- outside: cgroups, and the life of the host ----

v1_paths() {
  local options path
  while read -r options path; do [[ -z $path ]] || echo "$path"; done <<<"$V1"
}

# The lock says that the host lives. Between mkdir and flock another host's sweep may take the folder away: then again.
make_cgroups() {
  local path=$UNIFIED/$NAME hierarchy file
  until mkdir -p "$path" || exit && exec 6<"$path" && flock --nonblock 6 && [[ $path -ef /dev/fd/6 ]]; do :; done
  [[ $LAYOUT == hybrid ]] || return 0
  for hierarchy in $(v1_paths); do
    mkdir -p "$hierarchy/$NAME"
    for file in cpuset.cpus cpuset.mems; do   # a new v1 cpuset is empty, and nothing can enter it
      [[ ! -e $hierarchy/$file ]] || cat "$hierarchy/$file" >"$hierarchy/$NAME/$file"
    done
  done
}

# What v1 has frozen, a paused container for example, does not die before it is thawed.
kill_all() {
  local hierarchy state
  for hierarchy in $(v1_paths); do
    [[ -e $hierarchy/$1/freezer.state ]] || continue
    find "$hierarchy/$1" -name freezer.state | while read -r state; do echo THAWED >"$state"; done
  done
  echo 1 2>/dev/null >"$UNIFIED/$1/cgroup.kill"
}

# Removes a host's cgroups. v2's comes last: as long as it exists the others are known to be somebody's.
sweep() {
  local hierarchy i
  for ((i = 0; i < ${2:-200}; i++)); do
    kill_all "$1" || true
    for hierarchy in $(v1_paths) "$UNIFIED"; do
      [[ ! -d $hierarchy/$1 ]] || find "$hierarchy/$1" -depth -type d -exec rmdir {} + 2>/dev/null || { sleep 0.05; continue 2; }
    done
    return
  done
  echo "Failed to remove the cgroup $1" >&2
}

# What a host left whose supervisor was killed itself: its folder is there, but nobody has the lock.
sweep_stale() {
  local path hierarchy
  for path in "$UNIFIED"/rouse-test-host.*; do
    [[ ! -d $path ]] || { flock --nonblock 5 && sweep "${path##*/}" 20; } 5<"$path" || true
  done
  for hierarchy in $(v1_paths); do
    for path in "$hierarchy"/rouse-test-host.*; do
      [[ ! -d $path || -d $UNIFIED/${path##*/} ]] || sweep "${path##*/}" 20
    done
  done
}

own_cgroup() {
  local path
  path=$UNIFIED$(sed -n 's/^0:://p' /proc/self/cgroup)
  [[ -e $path/cgroup.procs ]] && echo "$path" || echo "$UNIFIED"
}

# Kills what is in the cgroup, and again until the host is gone: process 1 may not have entered it yet. That is left to the process
# that made it to reap.
end() {
  local i
  for ((i = 0; i < 500; i++)); do
    kill_all "$NAME" || break
    sleep 0.01
    kill -0 "$child" 2>/dev/null || return 0
  done
  kill -KILL "$child" 2>/dev/null || true
}

supervise() {
  exec 7<"$ROOT"
  flock --shared 7
  sweep_stale 2>/dev/null
  make_cgroups
  # Descriptors, because the files cannot be opened any more from inside the new cgroup namespace.
  exec 8>"$UNIFIED/$NAME/cgroup.procs" 9>"$(own_cgroup)/cgroup.procs"
  setpriv --pdeathsig KILL bash "$self" .enter </dev/null 6<&- 7<&- &
  child=$!
  exec 8>&- 9>&-
  trap end TERM INT HUP
  trap : PIPE
  { while read -r; do :; done; kill -TERM $$; } <&0 >/dev/null 2>&1 6<&- 7<&- &
  local watcher=$!
  while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done
  { kill -KILL "$watcher" && wait "$watcher"; } 2>/dev/null || true
  sweep "$NAME"
}

# A cgroup namespace shows as its root the cgroup in which it was made. Whoever made it leaves that cgroup again: only a v2 cgroup
# without processes of its own can hand controllers to its children.
enter() {
  local hierarchy
  [[ $LAYOUT != hybrid ]] || for hierarchy in $(v1_paths); do echo 0 >"$hierarchy/$NAME/cgroup.procs"; done
  echo 0 >&8
  exec unshare --cgroup bash "$self" .leave
}

leave() {
  echo 0 >&9
  exec unshare --mount --pid --fork --uts --ipc --net --kill-child=KILL bash "$self" .inside
}

# ---- inside: process 1 makes its file system and becomes init ----

# Nodes of the host's own where the machine lets them be made, and else the machine's.
device() {
  mkdir -p "$(dirname "dev/$1")"
  mknod -m 666 "dev/$1" c "$2" "$3" 2>/dev/null || { touch "dev/$1"; mount --bind "/dev/$1" "dev/$1"; }
}

# The devices that every host has. No kernel log, no loop devices and no disks: they are the machine's.
devices() {
  mount -t tmpfs -o mode=755 dev dev
  device null 1 3; device zero 1 5; device full 1 7; device random 1 8; device urandom 1 9; device tty 5 0
  device fuse 10 229; device net/tun 10 200
  [[ ! -e /dev/vsock ]] || device vsock $(stat -c '0x%t 0x%T' /dev/vsock)
  mkdir dev/pts dev/shm dev/mqueue
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
  mount -t tmpfs -o mode=1777 tmpfs dev/shm
  mount -t mqueue mqueue dev/mqueue 2>/dev/null || true
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  ln -s fd/0 dev/stdin; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr
}

# The kernel's settings are the machine's too and are shown read-only, but for the network's, which are the host's own. A whole /proc is
# mounted out of sight: only where there is one does the kernel let a rootless container mount its own.
kernel_settings() {
  mount -t proc proc proc
  mount -t sysfs -o ro sysfs sys
  mkdir -m 700 run/host && mkdir run/host/proc
  mount -t proc proc run/host/proc
  local file
  for file in proc/sys proc/sysrq-trigger; do
    [[ -e $file ]] || continue
    mount --bind "$file" "$file"
    mount -o remount,bind,ro "$file"
  done
  mount --bind run/host/proc/sys/net proc/sys/net
}

cgroup_tree() {
  [[ $LAYOUT == hybrid ]] || { mount -t cgroup2 cgroup2 sys/fs/cgroup; return; }
  local options path folder
  mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/unified
  mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
  while read -r options path; do
    [[ $path ]] || continue
    folder=sys/fs/cgroup/${path##*/}
    mkdir "$folder"
    mount -t cgroup -o "$options" cgroup "$folder"
  done <<<"$V1"
}

binds() {
  local source target
  while IFS=: read -r source target; do
    [[ $target ]] || continue
    if [[ -d $source ]]; then mkdir -p "./$target"; else mkdir -p "$(dirname "./$target")"; touch "./$target"; fi
    mount --rbind "$source" "./$target"
  done <<<"$BINDS"
}

# Everything that is written lands in memory: over the root file system, over the checkout, in /run, /tmp, /home and podman's storage.
file_system() {
  mount -t tmpfs -o mode=755 test-host "$STORE/mnt"
  cd "$STORE/mnt"
  mkdir lower upper work root checkout checkout-upper checkout-work
  chmod --reference="$CHECKOUT" checkout-upper
  chown --reference="$CHECKOUT" checkout-upper
  mount --bind "$ROOT" lower
  mount --bind "$CHECKOUT" checkout
  mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay root
  mount -t overlay -o lowerdir=checkout,upperdir=checkout-upper,workdir=checkout-work overlay root/rouse
  cd root
  local folder
  for folder in run var/lib/containers home; do mkdir -p "$folder"; mount -t tmpfs -o mode=755 tmpfs "$folder"; done
  mount -t tmpfs -o mode=1777 tmpfs tmp
  cp -a "$ROOT/home/tester" home/tester
  kernel_settings
  cgroup_tree
  devices
  binds
}

become_root() {
  mount -t tmpfs tmpfs mnt
  pivot_root . mnt
  cd /
  umount -l /mnt
  umount /mnt 2>/dev/null || true
  mount --make-rshared /
}

# Without systemd: one cgroup for root's programs and one for the user's, as OpenRC or runit could have set them up.
plain_cgroups() {
  local tree=/sys/fs/cgroup controller
  [[ $LAYOUT != hybrid ]] || tree=$tree/unified
  mkdir "$tree/init"
  echo 0 >"$tree/init/cgroup.procs"
  for controller in $(<"$tree/cgroup.controllers"); do echo "+$controller" 2>/dev/null >"$tree/cgroup.subtree_control" || true; done
  mkdir "$tree/root" "$tree/tester"
  [[ $LAYOUT == undelegated ]] || chown tester:tester "$tree"/tester "$tree"/tester/cgroup.{procs,threads,subtree_control}
  install -d -m 700 -o tester -g tester /run/user/1000
}

inside() {
  local pid _
  read -r pid _ </proc/self/stat
  echo 0 >&8
  exec 8>&- 9>&-
  mount --make-rprivate /
  file_system
  ip link set lo up
  hostname host
  become_root
  [[ $BOOT == systemd ]] || plain_cgroups
  echo "pid $pid"
  exec </dev/null >/dev/null 2>&1
  local init=(catatonit -P)
  [[ $BOOT != systemd ]] || init=(/lib/systemd/systemd --system --log-target=journal --unit=multi-user.target)
  exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 container=lxc \
    "${confined[@]}" "${init[@]}"
}

# ---- a command in a host that is up ----

# Only the command enters the v2 cgroup: nsenter stays outside to reap it, also when everything in that cgroup is killed.
exec_in() {
  local pid=$1 unified=$2
  shift 2
  while [[ $1 != -- ]]; do
    echo 0 >"$1/cgroup.procs"
    shift
  done
  shift
  exec 8>"$unified/cgroup.procs"
  exec nsenter --target "$pid" --all -- sh -c 'echo 0 >&8; exec 8>&-; exec "$@"' sh "${confined[@]}" "$@"
}

# What the caller's caller forgot to close is no concern of the host: tests in it count descriptors.
close_inherited() {
  local path fd
  for path in /proc/self/fd/*; do
    fd=${path##*/}
    [[ $fd -le 2 || $fd == 255 ]] || exec {fd}>&-   # bash reads this script from 255
  done
}

verb=$1
shift
case $verb in
  supervise) close_inherited; supervise ;;
  exec) close_inherited; exec_in "$@" ;;
  .enter) enter ;;
  .leave) leave ;;
  .inside) inside ;;
esac

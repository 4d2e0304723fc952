#!/bin/sh
# A container image from Debian packages that are installed here, without a registry: their files and those of what they depend on.
#   image-of-packages.sh IMAGE 'COMMAND AS JSON' PACKAGE...
set -e
image=$1 command=$2
shift 2
work=$(mktemp -d)

# What they depend on, all the way down. Of alternatives, whichever are installed.
closure() {
  todo="$* base-files base-passwd dash bash coreutils sed grep gawk mawk libc-bin"
  done=' '
  while [ -n "$todo" ]; do
    set -- $todo
    todo=
    for name; do
      case $done in *" $name "*) continue ;; esac
      done="$done$name "
      todo="$todo $(dpkg-query -W -f '${Pre-Depends}, ${Depends}\n' "$name" 2>/dev/null | tr ',|' '\n\n' | sed 's/[(:].*//; s/ //g' | sort -u | tr '\n' ' ')"
    done
  done
  echo "$done"
}

for name in $(closure "$@"); do dpkg-query -L "$name" 2>/dev/null || true; done | sort -u >"$work/list"
{ cat "$work/list"; printf '/bin\n/lib\n/lib64\n/sbin\n/run\n/run/lock\n/tmp\n/var/lock\n/var/run\n'; find /etc /var/www /var/log/apache2 /var/lib/apache2 2>/dev/null; } | sort -u |
  tar -C / -cf "$work/image.tar" --no-recursion --ignore-failed-read --warning=none -T - 2>/dev/null || true
podman import -q --change "CMD $command" "$work/image.tar" "$image"
rm -r "$work"

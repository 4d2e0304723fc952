#!/bin/sh
# Makes the image localhost/busybox from nothing but busybox, in the podman storage of whoever calls it: the host has no registry to pull from.
set -e
folder=$(mktemp -d)
mkdir "$folder/bin"
cp /bin/busybox "$folder/bin/"
for name in sh cat echo env httpd id ls nc sleep; do ln -s busybox "$folder/bin/$name"; done
tar -C "$folder" -c . | podman import --quiet - localhost/busybox
rm -r "$folder"

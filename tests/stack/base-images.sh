#!/usr/bin/env bash
# Make the base images of the Dockerfiles and of docker-compose.yml from Debian's own packages, under the same tags,
# where they are neither here nor to be had from a registry. For tests: never ship what is built on them.
#
# Usage: base-images.sh FOLDER    (as root; FOLDER is for the root file system, which is removed at the end)
set -euo pipefail

python_image=python:3.11-slim-bookworm
redis_image=redis:7-bookworm
rootfs=$1/rootfs

here() { docker image inspect "$1" >/dev/null 2>&1; }
had() { here "$1" || timeout 60 docker pull --quiet "$1" >/dev/null 2>&1; }
inside() { chroot "$rootfs" env DEBIAN_FRONTEND=noninteractive "$@"; }
keep() {
    tar -C "$rootfs" -c --exclude='./proc/*' --exclude='./sys/*' --exclude='./var/lib/apt/lists/*' . |
        docker import "${@:2}" - "$1" >/dev/null
    echo "$1: made of Debian's packages"
}
install() {
    inside apt-get update -qq
    inside apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    inside apt-get clean
}

if had "$python_image" && had "$redis_image"; then exit 0; fi
if ! command -v debootstrap >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "$python_image or $redis_image cannot be pulled; to make them here, debootstrap and root are needed." >&2
    exit 1
fi

mirror=$(grep -rhoE '(https?|file)://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
    head -1 | tr -d ' ') || true
rm -rf "$rootfs"
trap 'rm -rf "$rootfs"' EXIT
debootstrap --variant=minbase bookworm "$rootfs" ${mirror:+"$mirror"} >/dev/null
cp -L /etc/resolv.conf "$rootfs/etc/"
install python3 python3-pip python3-venv ca-certificates
inside ln -sf python3 /usr/bin/python
rm -f "$rootfs/usr/lib/python3.11/EXTERNALLY-MANAGED"
here "$python_image" || keep "$python_image" --change 'CMD ["python3"]'
if ! here "$redis_image"; then
    install redis-server
    inside install -d -o redis -g redis /data # as the official image has it
    keep "$redis_image" --change 'VOLUME /data' --change 'CMD ["redis-server"]'
fi

#!/usr/bin/env bash
# Runs a command as a container of docker-compose.yml would, as far as Linux does that without an engine: as the user
# 50000 without capabilities, on a root of its own that nobody can write to. Needs root, and a mount namespace of its
# own: unshare --mount bash contain.sh ROOT HOME -- READ_ONLY ... -- SOURCE TARGET ... -- TARGET OPTIONS ... -- COMMAND ...
#
# ROOT is an empty folder; READ_ONLY are folders of this machine that are seen in the same place; each SOURCE is seen at
# its TARGET, where "+" before it lets the command write; each further TARGET is a folder in memory with mount options.
set -euo pipefail

root=$1 home=$2
shift 3
mount --make-rprivate /
mount -t tmpfs -o mode=755 none "$root"
show() {
    if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$(dirname "$root$2")" && touch "$root$2"; fi
    mount --bind "$1" "$root$2"
    [ "${3:-}" = writable ] || mount -o remount,bind,ro "$root$2"
}
for folder in /usr /etc; do show "$folder" "$folder"; done
for folder in /bin /sbin /lib /lib64; do
    if [ -L "$folder" ]; then cp -P "$folder" "$root$folder"; elif [ -d "$folder" ]; then show "$folder" "$folder"; fi
done
for folder in /proc /dev; do mkdir "$root$folder" && mount --rbind "$folder" "$root$folder"; done
# The image's user, for who asks for its name.
{ cat /etc/passwd && echo "service:x:50000:50000::$home:/usr/sbin/nologin"; } >"$root/passwd"
mount --bind "$root/passwd" "$root/etc/passwd"
while [ "$1" != -- ]; do show "$1" "$1" && shift; done
shift
while [ "$1" != -- ]; do
    if [ "${1#+}" != "$1" ]; then show "${1#+}" "$2" writable; else show "$1" "$2"; fi
    shift 2
done
shift
while [ "$1" != -- ]; do
    mkdir -p "$root$1" && mount -t tmpfs -o "nosuid,nodev,noexec,$2" none "$root$1" && shift 2
done
shift
mount -o remount,ro "$root"
export HOME="$home"
exec chroot "$root" env --chdir=/opt/tshop setpriv --reuid 50000 --regid 50000 --clear-groups --no-new-privs \
    --bounding-set=-all --inh-caps=-all -- "$@"

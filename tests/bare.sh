#!/usr/bin/env bash
# Runs a command as on a bare Debian 12 that has no more than README asks for: bash tests/bare.sh COMMAND ...
#
# PATH holds the programs of Debian's required packages, Python and make. As root, where the kernel lets a process mount (in
# most containers it does not), Debian's PostgreSQL is hidden, too, which programs find without PATH.
set -euo pipefail

bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
# Several programs are reached by links of /etc/alternatives: what counts is the file at the end.
mapfile -t required < <(dpkg-query --show --showformat '${Package} ${Priority}\n' | awk '$2 == "required" { print $1 }')
dpkg --listfiles "${required[@]}" apt make | grep -E '^(/usr)?/s?bin/.' | xargs readlink -f | sort -u >"$bin/.required"
for folder in /usr/sbin /usr/bin; do
    find "$folder" -mindepth 1 -maxdepth 1 -printf '%p\n' | while read -r program; do
        printf '%s %s\n' "$(readlink -f "$program")" "$program"
    done
done | awk 'NR == FNR { is_required[$1]; next } $1 in is_required { print $2 }' "$bin/.required" - |
    xargs ln --symbolic --force --target-directory "$bin"
rm "$bin/.required"
ln --symbolic --force "$(command -v python3)" "$bin/python3"

if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
    export PATH="$bin"
    # shellcheck disable=SC2016
    unshare --mount bash -euc '
        for folder in /usr/lib/postgresql /usr/share/postgresql /usr/share/postgresql-common; do
            if [ -d "$folder" ]; then mount -t tmpfs none "$folder"; fi
        done
        exec "$@"' bare "$@"
else
    PATH="$bin" "$@"
fi

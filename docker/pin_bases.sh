#!/usr/bin/env bash
# Pins the ready-made images of docker-compose.yml and of the Dockerfiles: NAME:TAG becomes NAME:TAG@sha256:DIGEST.
#
# Asks the registry, by Docker's buildx, what each tag names now. Run it after a tag was changed and from time to time, for
# the security updates of a tag, and commit what it writes. Where it cannot ask for one of them, it writes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

files=(docker-compose.yml docker/*/Dockerfile)
before='^( +image:|FROM) +'
after='(@sha256:[0-9a-f]{64})?( AS [a-z]+)?$'
mapfile -t images < <(sed -nE "s#$before([a-z0-9./-]+:[0-9][A-Za-z0-9._-]*)$after#\\2#p" "${files[@]}" | sort -u)

edits=()
for image in "${images[@]}"; do
    digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}') || true
    if ! [[ "$digest" =~ ^sha256:[0-9a-f]{64}$ ]]; then
        echo "The registry does not tell the digest of $image: look whether it can be reached and has this tag." >&2
        exit 1
    fi
    edits+=(-e "s#$before(${image//./\\.})$after#\\1 \\2@$digest\\4#")
done
sed -E -i "${edits[@]}" "${files[@]}"
printf '%s\n' "${#images[@]} images are pinned by digest."

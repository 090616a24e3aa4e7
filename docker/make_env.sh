#!/usr/bin/env bash
# Writes .env, which docker-compose.yml takes its secrets from: .env.example with a new secret in every empty place.
#
# What .env has stays as it is, and what .env.example has come to name since then is added. Nobody else may read it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 077

# Random bytes in hexadecimal digits: passwords go into URLs. A key of HMAC with SHA-512 has 64 characters at least. A
# Fernet key is 32 bytes in URL-safe base64.
hexadecimal() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
fernet_key() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }

touch .env
draft=$(mktemp .env.XXXXXX)
trap 'rm -f "$draft"' EXIT
while IFS= read -r line; do
    if [[ "$line" =~ ^([A-Z_]+)= ]]; then
        name=${BASH_REMATCH[1]}
        if known=$(grep -m 1 "^$name=" .env); then
            line=$known
        fi
        if [[ "$line" = "$name=" && "$name" =~ (PASSWORD|SECRET|KEY)$ ]]; then
            case $name in
                *_FERNET_KEY) line+=$(fernet_key) ;;
                *_SECRET) line+=$(hexadecimal 32) ;;
                *) line+=$(hexadecimal 24) ;;
            esac
        fi
    fi
    printf '%s\n' "$line"
done <.env.example >"$draft"
# Lines of .env that .env.example does not know.
while IFS= read -r line; do
    if [[ "$line" =~ ^([A-Za-z_][A-Za-z_0-9]*)= ]] && ! grep -q "^${BASH_REMATCH[1]}=" .env.example; then
        printf '%s\n' "$line"
    fi
done <.env >>"$draft"
mv "$draft" .env
echo 'Secrets are in .env. People need three: TSHOP_SUPERSET_VIEWER_PASSWORD of the user viewer,'
echo '  TSHOP_SUPERSET_ADMIN_PASSWORD and TSHOP_AIRFLOW_ADMIN_PASSWORD, each of a user admin.'

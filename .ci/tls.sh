#!/usr/bin/env bash
# Checks the TLS of a running box against Mozilla's intermediate profile with sslyze (PyPI), trusting
# the authority that the box hands out. OPENALPR_WEBHOOK_BIN is the binary.
set -euo pipefail
cd "$(dirname "$0")/.."
binary="$(realpath "${OPENALPR_WEBHOOK_BIN:-target/debug/openalpr-webhook}")"
SSLYZE_VERSION=6.3.1

scratch="$(mktemp -d)"
server=""
clean_up() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap clean_up EXIT

if ! command -v sslyze >/dev/null; then
  python3 -m venv "$scratch/venv"
  "$scratch/venv/bin/pip" --quiet --disable-pip-version-check install "sslyze==$SSLYZE_VERSION"
  PATH="$scratch/venv/bin:$PATH"
fi

port=$((20000 + RANDOM % 20000))
"$binary" --listen "127.0.0.1:$port" --data "$scratch/data" >"$scratch/log" 2>&1 &
server=$!
for _ in $(seq 200); do
  [ "$(curl -s "http://127.0.0.1:$port/healthz" || true)" = ok ] && break
  sleep 0.05
done
curl -sf "http://127.0.0.1:$port/trust/openalpr-webhook-ca.crt" -o "$scratch/ca.pem"
[ "$(curl -sf --cacert "$scratch/ca.pem" "https://localhost:$port/healthz")" = ok ]
for old in --tlsv1.0 --tlsv1.1; do
  if curl -s --cacert "$scratch/ca.pem" "$old" --tls-max "${old#--tlsv}" "https://localhost:$port/healthz"; then
    echo "FAILED: $old is spoken"
    exit 1
  fi
done
if ! sslyze --mozilla_config intermediate --certinfo_ca_file "$scratch/ca.pem" "localhost:$port" \
  >"$scratch/report" 2>&1; then
  cat "$scratch/report"
  echo "FAILED: not in Mozilla's intermediate profile"
  exit 1
fi
sed -n '/COMPLIANCE/,$p' "$scratch/report"

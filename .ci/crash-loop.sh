#!/usr/bin/env bash
# Kills the server at random moments ROUNDS times while eight senders post, and compares what it
# acknowledged with what it kept. Usage: .ci/crash-loop.sh [ROUNDS]; OPENALPR_WEBHOOK_BIN names
# the build to kill (the debug build when unset).
set -euo pipefail
cd "$(dirname "$0")/.."
export CRASH_ROUNDS="${1:-50}"
exec cargo test --locked --test it -- --ignored --exact crash::crash_loop --nocapture

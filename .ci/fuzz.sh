#!/usr/bin/env bash
# Fuzzes every target of tests/fuzz for a while: fuzz.sh [SECONDS] [TARGET ...]. Needs stable Rust and
# a C++ compiler for libFuzzer itself. The crate holds no unsafe code, so no sanitizer is used; what
# is looked for are panics, overflows, hangs, memory and broken promises.
set -euo pipefail
cd "$(dirname "$0")/../tests/fuzz"

seconds="${1:-20}"
[ "$#" -gt 0 ] && shift
targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
  mapfile -t targets < <(sed -n 's/^path = "\(.*\)\.rs"$/\1/p' Cargo.toml)
fi

# What cargo-fuzz passes, in the words of a stable compiler.
export RUSTFLAGS="--cfg fuzzing -Ccodegen-units=4 -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
host="$(rustc -vV | sed -n 's/^host: //p')"
cargo build --quiet --locked --release --target "$host" --target-dir target
binaries="target/$host/release"

run() {
  local target="$1" folder="corpus/$1"
  mkdir -p "$folder" "artifacts/$target"
  local seeds=()
  [ -d "seeds/$target" ] && seeds+=("seeds/$target")
  [ "$target" = payload ] && seeds+=(../fixtures/payloads)
  if "$binaries/$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=512 -max_len=65536 \
    -artifact_prefix="artifacts/$target/" -print_final_stats=1 "$folder" "${seeds[@]}" \
    >"artifacts/$target/log" 2>&1; then
    printf '%-12s %s runs\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: //p' "artifacts/$target/log")"
  else
    printf 'FAILED: %s\n' "$target"
    grep -vE '^#|^INFO' "artifacts/$target/log" | tail -40
    return 1
  fi
}

# Two at a time: as many as the smallest machine has cores.
failed=0
for ((at = 0; at < ${#targets[@]}; at += 2)); do
  pids=()
  for target in "${targets[@]:at:2}"; do run "$target" & pids+=($!); done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
done
exit "$failed"

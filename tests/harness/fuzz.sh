# Every parser under libFuzzer, the fixtures as corpus. Works with the stable toolchain: the coverage is LLVM's own.

run_fuzz_targets() {
    local seconds=${TRUNKLINE_FUZZ_SECONDS:-30}
    say "build of the fuzz targets"
    local flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
    flags="$flags -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
    local folder="$PWD/target/fuzz" triple
    # --target keeps build scripts and procedural macros free of the instrumentation.
    triple=$(rustc -vV | sed -n 's/^host: //p')
    (cd tests/fuzz && CARGO_TARGET_DIR="$folder" RUSTFLAGS="$flags" cargo build --release --quiet --target "$triple")
    say "fuzz targets, $seconds s each, two at a time"
    local name running=()
    # shellcheck disable=SC2013 # names hold no blanks
    for name in $(sed -n 's/^name = "\(fuzz_[a-z_]*\)"$/\1/p' tests/fuzz/Cargo.toml); do
        fuzz_one "$folder/$triple/release/$name" "$name" "$folder" "$seconds" &
        running+=($!)
        if [ ${#running[@]} -eq 2 ]; then
            wait "${running[0]}"
            running=("${running[1]}")
        fi
    done
    for name in "${running[@]}"; do wait "$name"; done
}

# One target on its corpus; what it says is shown when it finds a fault or has covered nothing.
fuzz_one() {
    local binary=$1 name=$2 folder=$3 seconds=$4 corpus="$3/corpus/$2" log="$3/$2.log" covered runs
    mkdir -p "$corpus"
    tests/fuzz/seed "$name" "$corpus"
    if ! "$binary" "$corpus" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
        -artifact_prefix="$folder/$name-" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        echo "$name found a fault; its input is beside $folder/$name-*" >&2
        return 1
    fi
    covered=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | cut -d ' ' -f 2)
    runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")
    # A target without instrumentation would find nothing, silently.
    if [ "${covered:-0}" -lt 100 ]; then
        echo "$name covers ${covered:-0} places only: it is not instrumented" >&2
        return 1
    fi
    echo "$name: no fault in $runs runs, $covered places covered"
}

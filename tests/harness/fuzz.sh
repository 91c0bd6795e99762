# Every parser under libFuzzer, the fixtures as corpus. Works with the stable toolchain: the coverage is LLVM's own.

run_fuzz_targets() {
    local seconds=${TRUNKLINE_FUZZ_SECONDS:-30}
    say "fuzz targets, $seconds s each"
    local flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
    flags="$flags -Cllvm-args=-sanitizer-coverage-pc-table -Cdebug-assertions -Ccodegen-units=1 --cfg fuzzing"
    export CARGO_TARGET_DIR="$PWD/target/fuzz"
    # --target keeps build scripts and procedural macros free of the instrumentation.
    local triple
    triple=$(rustc -vV | sed -n 's/^host: //p')
    (cd tests/fuzz && RUSTFLAGS="$flags" cargo build --release --quiet --target "$triple")
    local name
    for name in $(sed -n 's/^name = "\(fuzz_[a-z_]*\)"$/\1/p' tests/fuzz/Cargo.toml); do
        local corpus="$CARGO_TARGET_DIR/corpus/$name"
        mkdir -p "$corpus"
        tests/fuzz/seed "$name" "$corpus"
        "$CARGO_TARGET_DIR/$triple/release/$name" "$corpus" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
            -artifact_prefix="$CARGO_TARGET_DIR/" -print_final_stats=0 -verbosity=0 \
            || { echo "fuzz target $name found a fault; its input is in $CARGO_TARGET_DIR" >&2; exit 1; }
        echo "$name: no fault"
    done
    unset CARGO_TARGET_DIR
}

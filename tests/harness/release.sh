# What users run: the release build's demo, and a short benchmark that shows that it still works.

run_demo() {
    say "demo, release build"
    cargo build --release --quiet
    cargo run --release --quiet -- demo --once --json
}

run_benchmark_smoke() {
    if [ ! -d benches/pipeline ]; then
        echo "benches/pipeline is not there: no benchmark was run"
        return
    fi
    say "benchmark, shortened"
    # In the profile of the tests, which is built already: here it is shown that it works, not how fast.
    TRUNKLINE_BENCH_SECONDS=${TRUNKLINE_BENCH_SECONDS:-2} cargo bench --quiet --profile dev --workspace --bench pipeline
}

//! The result, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::floor::Floor;
use crate::machine::Machine;
use crate::run::Measured;

impl Measured {
    /// The delay that so great a part of the pops did not exceed; `None` without a pop.
    fn pop(&self, part: f64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "some thousand pops")]
        let last = self.pops.len().saturating_sub(1) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        self.pops.get((last * part).ceil() as usize).copied()
    }

    fn cpu_in_all(&self) -> f64 {
        self.cpu.daemon + self.cpu.broker + self.cpu.database
    }

    fn name(&self) -> String {
        self.rate.map_or_else(|| "sustained".to_owned(), |rate| format!("{rate}/s"))
    }

    fn value(&self, ceiling: f64) -> Value {
        let pop = |part| self.pop(part).map(rounded);
        json!({
            "rate": self.rate,
            "events_per_s": self.events_per_s.round(),
            "ceiling_per_s": ceiling.round(),
            "ratio": rounded(self.events_per_s / ceiling),
            "cpu_us_per_event": rounded(self.cpu_in_all()),
            "cpu_us_per_event_by_process": {
                "daemon": rounded(self.cpu.daemon), "broker": rounded(self.cpu.broker),
                "database": rounded(self.cpu.database), "bench": rounded(self.cpu.bench),
            },
            "rss_mib": rounded(self.memory.daemon),
            "rss_mib_by_process": {
                "daemon": rounded(self.memory.daemon), "broker": rounded(self.memory.broker),
                "database": rounded(self.memory.database),
            },
            "pops": self.pops.len(),
            "pop_p50_ms": pop(0.5),
            "pop_p99_ms": pop(0.99),
            "pop_max_ms": pop(1.0),
            "on_their_way": self.on_their_way,
        })
    }
}

/// To hundredths.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// One line a rate.
pub(crate) fn table(
    ceiling: f64,
    machine: Machine,
    floors: &[Floor],
    rates: &[Measured],
    sustained: &Measured,
) -> String {
    let mut text = format!("\nceiling: {ceiling:.0} messages/s through the bare broker\n");
    let Machine { sync_p50, sync_p99, wake } = machine;
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "machine: a durable write of 8 KiB takes {sync_p50:.1} ms (p50), {sync_p99:.1} ms (p99); waking a thread {wake:.0} µs"
    );
    for Floor { rate, p50, p99, broker } in floors {
        let _ = writeln!(
            text,
            "floor at {rate}/s: {p50:.1} ms (p50), {p99:.1} ms (p99) over the bare broker, which takes {broker:.0} µs a message"
        );
    }
    text.push('\n');
    let _ = writeln!(
        text,
        "{:<10} {:>9} {:>6} {:>26} {:>22} {:>6} {:>24} {:>8}",
        "rate", "events/s", "ratio", "CPU µs/event", "memory MiB", "pops", "ring → pop ms", "on way"
    );
    let _ = writeln!(
        text,
        "{:<10} {:>9} {:>6} {:>26} {:>22} {:>6} {:>24} {:>8}",
        "", "", "", "daemon broker  base bench", "daemon broker  base", "", "p50     p99     max", ""
    );
    for one in rates.iter().chain([sustained]) {
        let pop = |part| one.pop(part).map_or_else(|| "-".to_owned(), |delay| format!("{delay:.1}"));
        let _ = writeln!(
            text,
            "{:<10} {:>9.0} {:>6.2} {:>7.0} {:>6.0} {:>5.0} {:>5.0} {:>9.0} {:>6.0} {:>5.0} {:>6} {:>8} {:>7} {:>7} {:>8}",
            one.name(),
            one.events_per_s,
            one.events_per_s / ceiling,
            one.cpu.daemon,
            one.cpu.broker,
            one.cpu.database,
            one.cpu.bench,
            one.memory.daemon,
            one.memory.broker,
            one.memory.database,
            one.pops.len(),
            pop(0.5),
            pop(0.99),
            pop(1.0),
            one.on_their_way,
        );
    }
    text.push('\n');
    text
}

/// One line: the sustained run's numbers, and those of every rate.
pub(crate) fn json(
    ceiling: f64,
    machine: Machine,
    floors: &[Floor],
    rates: &[Measured],
    sustained: &Measured,
) -> Value {
    let mut all = sustained.value(ceiling);
    all["disk_sync_p50_ms"] = rounded(machine.sync_p50).into();
    all["disk_sync_p99_ms"] = rounded(machine.sync_p99).into();
    all["wake_us"] = rounded(machine.wake).into();
    all["sustained"] = sustained.value(ceiling);
    all["floors"] = floors
        .iter()
        .map(|Floor { rate, p50, p99, broker }| {
            json!({
                "rate": rate, "p50_ms": rounded(*p50), "p99_ms": rounded(*p99),
                "broker_us_per_message": rounded(*broker),
            })
        })
        .collect();
    all["rates"] = rates.iter().map(|rate| rate.value(ceiling)).collect();
    all
}

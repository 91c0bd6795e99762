//! What the processes used, from `/proc`: CPU time in the kernel's ticks, memory.

use std::fs;

/// Ticks a second in `/proc/*/stat`; Linux shows this number to programs on every machine.
const TICKS: f64 = 100.0;

/// The processes that are measured, by id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Processes {
    pub(crate) daemon: u32,
    /// The Erlang virtual machine.
    pub(crate) broker: u32,
    /// The server that starts a process for each connection.
    pub(crate) database: u32,
}

/// CPU seconds used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    pub(crate) daemon: f64,
    pub(crate) broker: f64,
    pub(crate) database: f64,
    /// This process: telephone system and pages.
    pub(crate) bench: f64,
}

/// Resident memory in MiB; the database's shared pages count once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) daemon: f64,
    pub(crate) broker: f64,
    pub(crate) database: f64,
}

impl Processes {
    pub(crate) fn cpu(self) -> Cpu {
        let database = family(self.database).into_iter().map(own).sum::<f64>() + reaped(self.database);
        Cpu { daemon: own(self.daemon), broker: own(self.broker), database, bench: own(std::process::id()) }
    }

    pub(crate) fn memory(self) -> Memory {
        let database = family(self.database).into_iter().map(|pid| mib(pid, "smaps_rollup", "Pss:")).sum();
        let resident = |pid| mib(pid, "status", "VmRSS:");
        Memory { daemon: resident(self.daemon), broker: resident(self.broker), database }
    }
}

impl std::ops::Sub for Cpu {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            daemon: self.daemon - before.daemon,
            broker: self.broker - before.broker,
            database: self.database - before.database,
            bench: self.bench - before.bench,
        }
    }
}

/// A process and its children.
fn family(parent: u32) -> Vec<u32> {
    let mut pids = vec![parent];
    let Ok(entries) = fs::read_dir("/proc") else { return pids };
    let all = entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.extend(all.filter(|pid| stat(*pid, 1).is_some_and(|of| of == parent)));
    pids
}

/// One number of `/proc/PID/stat`, counted from the state (0).
fn stat(pid: u32, at: usize) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(')')?.1.split_whitespace().nth(at)?.parse().ok()
}

/// The sum of two clocks of a process, in seconds.
fn clocks(pid: u32, which: [usize; 2]) -> f64 {
    which.into_iter().filter_map(|at| stat(pid, at)).map(f64::from).sum::<f64>() / TICKS
}

fn own(pid: u32) -> f64 {
    clocks(pid, [11, 12])
}

fn reaped(pid: u32) -> f64 {
    clocks(pid, [13, 14])
}

fn mib(pid: u32, file: &str, key: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

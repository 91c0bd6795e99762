//! The spool against a disk that tears, flips and fills up.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{PoisonError, RwLock};

use tempfile::TempDir;
use uuid::Uuid;

use super::{Spool, SpoolError, segment};
use crate::{Exchange, Outgoing, SpoolSettings};

const ROOM: u64 = 1024 * 1024;

fn event(number: u128) -> Outgoing {
    Outgoing {
        exchange: Exchange::Events,
        routing_key: "call.ringing.v1".to_owned(),
        partition_key: format!("call-{number}"),
        id: Uuid::from_u128(number),
        source: "/connectors/test".to_owned(),
        sequence: None,
        mandatory: true,
        body: format!(r#"{{"number":{number}}}"#).into(),
    }
}

fn events(numbers: std::ops::Range<u128>) -> Vec<Outgoing> {
    numbers.map(event).collect()
}

/// A child holds the locks of our files from its fork to its exec: a spool closed meanwhile cannot be opened again.
static FORKING: RwLock<()> = RwLock::new(());

fn open(dir: &Path) -> Spool {
    open_with(dir, ROOM)
}

pub(super) fn open_with(dir: &Path, max_bytes: u64) -> Spool {
    let _nobody_forks = FORKING.read().unwrap_or_else(PoisonError::into_inner);
    Spool::open(SpoolSettings { dir: dir.to_owned(), max_bytes }).expect("opens")
}

/// Reads everything in steps of three.
fn drain(spool: &mut Spool) -> Vec<u128> {
    let mut ids = Vec::new();
    loop {
        let (batch, position) = spool.peek(3).expect("reads");
        if batch.is_empty() {
            return ids;
        }
        ids.extend(batch.iter().map(|event| event.id.as_u128()));
        spool.advance(position, batch.len()).expect("advances");
    }
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn only_segment(dir: &Path) -> std::path::PathBuf {
    let segments = segment::list(dir).expect("lists");
    assert_eq!(segments.len(), 1);
    segment::path(dir, segments[0].0)
}

#[test]
fn events_come_out_in_order_also_after_a_restart_and_are_not_sent_twice() {
    let dir = directory();
    let mut spool = open(dir.path());
    spool.append(&events(0..5)).expect("appended");
    spool.append(&events(5..10)).expect("appended");
    let (first, position) = spool.peek(4).expect("reads");
    assert_eq!(first, events(0..4));
    spool.advance(position, 4).expect("advances");
    drop(spool);
    let mut again = open(dir.path());
    assert_eq!(again.fill().events, 6);
    again.append(&events(10..12)).expect("appended");
    assert_eq!(drain(&mut again), (4..12).collect::<Vec<_>>());
    assert!(again.fill().events == 0);
    assert_eq!(again.fill().bytes, 0);
    assert!(segment::list(dir.path()).expect("lists").is_empty());
}

#[test]
fn a_crash_at_every_byte_of_the_last_write_costs_only_what_was_not_accepted() {
    let written = directory();
    let mut spool = open(written.path());
    spool.append(&events(0..2)).expect("appended");
    let accepted = fs::read(only_segment(written.path())).expect("read").len();
    spool.append(&events(2..4)).expect("appended");
    let bytes = fs::read(only_segment(written.path())).expect("read");
    let third = accepted + (bytes.len() - accepted) / 2;
    for cut in accepted..=bytes.len() {
        let dir = directory();
        fs::write(segment::path(dir.path(), 1), &bytes[..cut]).expect("written");
        let mut torn = open(dir.path());
        torn.append(&events(9..10)).expect("appended");
        let whole = 2 + u128::from(cut >= third) + u128::from(cut == bytes.len());
        let expected: Vec<u128> = (0..whole).chain([9]).collect();
        assert_eq!(drain(&mut torn), expected, "cut at {cut}");
        assert_eq!(torn.fill().damaged, 0, "cut at {cut}");
    }
}

#[test]
fn a_flipped_byte_costs_one_event_and_is_reported() {
    let written = directory();
    open(written.path()).append(&events(0..3)).expect("appended");
    let bytes = fs::read(only_segment(written.path())).expect("read");
    let record = bytes.len() / 3;
    for at in 0..bytes.len() {
        let dir = directory();
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x40;
        fs::write(segment::path(dir.path(), 1), &flipped).expect("written");
        let mut spool = open(dir.path());
        let hit = (at / record) as u128;
        let expected: Vec<u128> = (0..3).filter(|id| *id != hit).collect();
        assert_eq!(drain(&mut spool), expected, "flipped at {at}");
        // A flip in the last record's length looks like a torn write.
        assert!(spool.fill().damaged == 1 || hit == 2, "flipped at {at}");
        assert!(spool.fill().events == 0);
    }
}

#[test]
fn a_full_spool_takes_nothing_until_something_was_read() {
    let dir = directory();
    let mut spool = Spool::open(SpoolSettings { dir: dir.path().to_owned(), max_bytes: 4096 }).expect("opens");
    let mut count = 0;
    while spool.append(&[event(count)]).is_ok() {
        count += 1;
    }
    assert!(matches!(spool.append(&[event(count)]), Err(SpoolError::Full { .. })));
    assert!(spool.fill().bytes <= 4096);
    assert!(matches!(spool.append(&events(0..100)), Err(SpoolError::TooLarge { .. })));
    let (batch, position) = spool.peek(1000).expect("reads");
    spool.advance(position, batch.len()).expect("advances");
    spool.append(&[event(count)]).expect("room again");
    let rest: Vec<u128> = (batch.len() as u128..=count).collect();
    assert_eq!(drain(&mut spool), rest);
}

#[test]
fn records_longer_than_a_read_and_many_segments_come_out_in_order() {
    let dir = directory();
    let settings = SpoolSettings { dir: dir.path().to_owned(), max_bytes: 64 * ROOM };
    let mut spool = Spool::open(settings).expect("opens");
    for number in 0..12 {
        let mut large = event(number);
        large.body = vec![b'x'; 3_000_000].into();
        spool.append(&[large]).expect("appended");
    }
    assert!(segment::list(dir.path()).expect("lists").len() > 3);
    assert_eq!(drain(&mut spool), (0..12).collect::<Vec<_>>());
}

#[test]
fn a_damaged_position_costs_duplicates_and_no_events() {
    let dir = directory();
    let mut spool = open(dir.path());
    spool.append(&events(0..4)).expect("appended");
    let (_, position) = spool.peek(2).expect("reads");
    spool.advance(position, 2).expect("advances");
    drop(spool);
    fs::write(dir.path().join("position"), "1 99 12345\n").expect("written");
    assert_eq!(drain(&mut open(dir.path())), vec![0, 1, 2, 3]);
}

#[test]
fn what_is_accepted_after_all_was_read_outlives_two_restarts() {
    let dir = directory();
    let mut first = open(dir.path());
    first.append(&events(0..3)).expect("appended");
    assert_eq!(drain(&mut first), [0, 1, 2]);
    drop(first);
    open(dir.path()).append(&events(3..6)).expect("appended");
    assert_eq!(drain(&mut open(dir.path())), [3, 4, 5]);
}

#[test]
fn two_processes_cannot_share_a_directory() {
    let dir = directory();
    let _first = open(dir.path());
    let settings = SpoolSettings { dir: dir.path().to_owned(), max_bytes: ROOM };
    assert!(matches!(Spool::open(settings), Err(SpoolError::Locked { .. })));
}

/// A file system of 64 KiB; only root may mount one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let dir = directory();
        let _opening_waits = FORKING.write().unwrap_or_else(PoisonError::into_inner);
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(dir.path()).output();
        let mounted = mounted.expect("mount runs");
        if mounted.status.success() {
            return Some(Self(dir));
        }
        eprintln!("passed over: no small tmpfs can be mounted: {}", String::from_utf8_lossy(&mounted.stderr).trim());
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _opening_waits = FORKING.write().unwrap_or_else(PoisonError::into_inner);
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_an_error_and_costs_nothing_that_was_accepted() {
    let Some(disk) = SmallDisk::mount() else { return };
    let mut spool = open(disk.0.path());
    let mut accepted = Vec::new();
    let failed = loop {
        let number = accepted.len() as u128;
        match spool.append(&[event(number)]) {
            Ok(()) => accepted.push(number),
            Err(error) => break error,
        }
    };
    assert!(matches!(failed, SpoolError::Io { .. }), "{failed}");
    assert_eq!(drain(&mut spool), accepted);
    spool.append(&[event(7)]).expect("room again after the drain");
    assert_eq!(drain(&mut spool), vec![7]);
}

/// Set for the run under strace.
const UNDER_STRACE: &str = "TRUNKLINE_TEST_SPOOL_DISK_FAILS";

/// The same test again, in a process whose second fdatasync fails, as on a dying disk.
#[test]
fn a_sync_that_fails_confirms_nothing_and_its_file_is_not_written_again() {
    if std::env::var_os(UNDER_STRACE).is_some() {
        return the_second_sync_fails();
    }
    let _opening_waits = FORKING.write().unwrap_or_else(PoisonError::into_inner);
    let myself = std::env::current_exe().expect("a path");
    let fault = "inject=fdatasync:error=EIO:when=2";
    let traced = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", fault])
        .arg(myself)
        .args(["--exact", "spool::tests::a_sync_that_fails_confirms_nothing_and_its_file_is_not_written_again"])
        .env(UNDER_STRACE, "1")
        .output();
    match traced {
        Err(error) => eprintln!("passed over: no strace: {error}"),
        Ok(done) => {
            let (told, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
            if errors.contains("PTRACE") || errors.contains("ptrace") {
                return eprintln!("passed over: strace may not trace here: {}", errors.trim());
            }
            assert!(done.status.success() && told.contains("1 passed"), "{told}{errors}");
        }
    }
}

fn the_second_sync_fails() {
    let dir = directory();
    let mut spool = open(dir.path());
    spool.append(&events(0..2)).expect("appended");
    let failed = spool.append(&events(2..4)).expect_err("the disk says no");
    assert!(matches!(failed, SpoolError::Io { doing: "writing", .. }), "{failed}");
    assert_eq!(spool.fill().events, 2, "nothing of it counts");
    spool.append(&events(4..6)).expect("another file");
    assert_eq!(segment::list(dir.path()).expect("lists").len(), 2, "what the kernel kept of the first is unknown");
    drop(spool);
    let mut again = open(dir.path());
    assert_eq!(drain(&mut again), [0, 1, 4, 5]);
    assert_eq!(again.fill().damaged, 0);
}

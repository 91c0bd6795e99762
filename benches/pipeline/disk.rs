//! How long the disk takes to make a small write durable. An event waits for it twice, at the broker and at the database,
//! so no delay of this bench can be read without it.

use std::fs::File;
use std::io::Write as _;
use std::time::Instant;

use anyhow::Result;

/// Writes that are measured.
const WRITES: usize = 300;

/// Milliseconds of a write of 8 KiB with `fdatasync`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sync {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Measures in the folder that the private servers use too. Blocks for a second or two.
pub(crate) fn measure() -> Result<Sync> {
    let folder = tempfile::tempdir()?;
    let mut file = File::create(folder.path().join("writes"))?;
    let mut took = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let begun = Instant::now();
        file.write_all(&[0; 8192])?;
        file.sync_data()?;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    took.sort_unstable_by(f64::total_cmp);
    Ok(Sync { p50: took[WRITES / 2], p99: took[WRITES * 99 / 100] })
}

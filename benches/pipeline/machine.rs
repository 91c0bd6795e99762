//! What the machine gives: how long its disk takes to make a small write durable, and what it costs to wake another
//! thread. An event waits for the disk twice, at the broker and at the database, and on its way wakes dozens of threads and
//! processes, so no delay of this bench can be read without these.

use std::fs::File;
use std::io::{Read as _, Write as _, pipe};
use std::time::Instant;

use anyhow::{Context as _, Result};

/// Writes that are measured.
const WRITES: usize = 300;
/// Times that a byte goes there and back.
const TURNS: u32 = 5_000;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    /// Milliseconds of a write of 8 KiB with `fdatasync`.
    pub(crate) sync_p50: f64,
    pub(crate) sync_p99: f64,
    /// Microseconds until another thread has read a byte from a pipe.
    pub(crate) wake: f64,
}

/// Blocks for a second or two.
pub(crate) fn measure() -> Result<Machine> {
    let (sync_p50, sync_p99) = sync()?;
    Ok(Machine { sync_p50, sync_p99, wake: wake()? })
}

/// In the folder that the private servers use too.
fn sync() -> Result<(f64, f64)> {
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
    Ok((took[WRITES / 2], took[WRITES * 99 / 100]))
}

fn wake() -> Result<f64> {
    let ((mut there, mut to), (mut back, mut answer)) = (pipe()?, pipe()?);
    let echo = std::thread::spawn(move || -> std::io::Result<()> {
        let mut byte = [0];
        while there.read(&mut byte)? > 0 {
            answer.write_all(&byte)?;
        }
        Ok(())
    });
    let begun = Instant::now();
    let mut byte = [0];
    for _ in 0..TURNS {
        to.write_all(&byte)?;
        back.read_exact(&mut byte)?;
    }
    let took = begun.elapsed().as_secs_f64() * 1e6;
    drop(to);
    echo.join().ok().context("the echo broke")??;
    Ok(took / f64::from(TURNS) / 2.0)
}

//! The disk under the spool is full while the broker is away.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::broker::rabbit;
use super::house::House;
use super::load::Traffic;
use super::settle::bounded;
use super::verify::tell;

/// A tiny disk. Unmounted when dropped.
struct TinyDisk(PathBuf);

impl TinyDisk {
    /// `None` where this user may not mount.
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).expect("a folder");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=192k", "tmpfs"]).arg(at).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        // Lazily: the daemon may still hold a file there.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_the_spool_confirms_nothing_and_loses_nothing() {
    let mut disk = None;
    let mut house = House::with_prepared_folder(|data| disk = TinyDisk::mount(&data.join("spool"))).await;
    let Some(_disk) = disk else {
        return tell("full disk: not tried, this user may not mount a small disk");
    };
    let traffic = Traffic::start(&house);
    house.dice.moment(500, 1_000).await;
    rabbit(&mut house).stop().await;
    bounded(Duration::from_secs(60), "a webhook is put off for want of room", async || {
        let url = format!("http://{}/metrics", house.daemon.address());
        let metrics = house.client.get(url).send().await.ok()?.text().await.ok()?;
        let full = house.daemon.output().contains("the spool has no room");
        (full && metrics.contains("not_durable")).then_some(())
    })
    .await;
    rabbit(&mut house).start_again().await;
    house.dice.moment(500, 1_000).await;
    let sent = traffic.finish().await;
    assert!(sent.chats.iter().any(|entry| entry.statuses.contains(&503)), "nobody was told to come again");
    house.verify("full disk under the spool", &sent, Duration::from_secs(90)).await;
}

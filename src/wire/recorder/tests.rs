//! The recorder beside a link: what it hears, whom it cuts off, where its key is.

use std::os::unix::fs::PermissionsExt as _;

use futures_util::StreamExt as _;
use trunkline_events::{Body, EventId, Timestamp, link};

use super::*;

fn open(data: &Path) -> Arc<Recorder> {
    Arc::new(Recorder::open(data, &Knowledge::default()).expect("a key is made"))
}

fn up(source: &str, number: usize) -> Event {
    Event {
        id: EventId::derive(source, "", "", &number.to_string()),
        source: source.to_owned(),
        subject: None,
        time: Timestamp::EPOCH,
        received: Timestamp::EPOCH,
        partition_key: source.to_owned(),
        causation: None,
        sequence: None,
        body: Body::LinkUp(link::Up { peer: number.to_string() }),
    }
}

/// The lines of a recording to its end, without signs of life.
async fn read(mut lines: Lines) -> Vec<Line> {
    let mut text = Vec::new();
    while let Some(bytes) = lines.next().await {
        text.extend_from_slice(&bytes);
    }
    let parsed = text.split(|byte| *byte == b'\n').map(|line| Line::parse(line).expect("a line"));
    parsed.filter(|line| *line != Line::Empty).collect()
}

fn reason(lines: &[Line]) -> (u64, &str) {
    match lines.last() {
        Some(Line::Ends(end)) => (end.events, &end.reason),
        other => panic!("no end: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_recording_holds_its_connector_and_ends_when_its_time_is_up() {
    let data = tempfile::tempdir().expect("a folder");
    let recorder = open(data.path());
    recorder.hear(&[up("/connectors/avaya-bj", 0)]);
    assert!(!recorder.listens());
    let lines = recorder.record("avaya-bj", "avaya-dmcc", Duration::from_secs(600));
    assert!(recorder.listens());
    recorder.hear(&[up("/connectors/avaya-bj", 1), up("/connectors/avaya-bj", 2)]);
    recorder.hear(&[up("/connectors/other", 3)]);
    let lines = read(lines).await;
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(matches!(&lines[0], Line::Begins(beginning) if beginning.connector == "avaya-bj"));
    assert_eq!(reason(&lines), (2, "the time was up"));
    recorder.hear(&[up("/connectors/avaya-bj", 4)]);
    assert!(!recorder.listens(), "nobody is left, so nothing is copied any more");
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_does_not_keep_up_is_cut_off_and_the_link_never_waits() {
    let data = tempfile::tempdir().expect("a folder");
    let recorder = open(data.path());
    let lines = recorder.record("avaya-bj", "avaya-dmcc", Duration::from_secs(600));
    for number in 0..WAITING + 10 {
        recorder.hear(&[up("/connectors/avaya-bj", number)]);
    }
    assert!(!recorder.listens());
    let lines = read(lines).await;
    let (events, why) = reason(&lines);
    assert!(events == WAITING as u64 && why.contains("too slow"), "{events} {why}");
}

#[test]
fn the_key_is_made_once_for_the_daemon_alone_and_another_file_is_no_key() {
    let data = tempfile::tempdir().expect("a folder");
    let file = data.path().join("recorder.key");
    drop(open(data.path()));
    let key = std::fs::read(&file).expect("a key");
    assert_eq!((key.len(), std::fs::metadata(&file).expect("there").permissions().mode() & 0o777), (32, 0o600));
    drop(open(data.path()));
    assert_eq!(std::fs::read(&file).expect("a key"), key);
    std::fs::write(&file, "short").expect("written");
    let error = Recorder::open(data.path(), &Knowledge::default()).err().expect("no key").to_string();
    assert!(error.contains("recorder.key is no key of 32 bytes") && error.contains("remove it"), "{error}");
}

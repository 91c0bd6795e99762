//! Any history of appends, reads, restarts and crashes against the plainest of models: what was accepted, in a row.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::ops::Range;

use proptest::prelude::*;
use tempfile::TempDir;
use uuid::Uuid;

use super::tests::open_with;
use super::{Spool, segment};
use crate::{Exchange, Outgoing};

/// Small, so that segments are closed and removed all the time.
const ROOM: u64 = 8 * 1024;

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    /// Looks at so many and moves past them, unless it is only a look.
    Read {
        most: usize,
        advances: bool,
    },
    Restart,
    /// The process dies within a write of so many bytes; the place that was saved last may be lost with it.
    Crash {
        torn: usize,
        place_lost: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1_usize..12).prop_map(Step::Append),
        4 => (1_usize..20, prop::bool::weighted(0.8)).prop_map(|(most, advances)| Step::Read { most, advances }),
        2 => Just(Step::Restart),
        1 => (0_usize..200, any::<bool>()).prop_map(|(torn, place_lost)| Step::Crash { torn, place_lost }),
    ]
}

fn event(number: usize) -> Outgoing {
    Outgoing {
        exchange: Exchange::Events,
        routing_key: "call.ringing.v1".to_owned(),
        partition_key: "call".to_owned(),
        id: Uuid::from_u128(number as u128),
        source: "/connectors/test".to_owned(),
        sequence: None,
        mandatory: true,
        body: vec![b'x'; 40].into(),
    }
}

/// The spool and what is known of it: events `0..accepted` were taken, in this order.
struct History {
    dir: TempDir,
    spool: Option<Spool>,
    accepted: usize,
    /// Something was written since it was opened; only such a file can be torn.
    written: bool,
    /// Everything before this was moved past.
    read: usize,
    /// Where the next look must begin; unknown after a crash that lost the place.
    next: Option<usize>,
    /// The saved place as it was at the last restart or crash.
    old_place: Option<Vec<u8>>,
}

impl History {
    fn begin() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let spool = Some(open_with(dir.path(), ROOM));
        Self { dir, spool, accepted: 0, written: false, read: 0, next: Some(0), old_place: None }
    }

    fn spool(&mut self) -> &mut Spool {
        self.spool.as_mut().expect("open")
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Append(count) => {
                let new: Vec<Outgoing> = (self.accepted..self.accepted + count).map(event).collect();
                if self.spool().append(&new).is_ok() {
                    self.accepted += count;
                    self.written = true;
                }
            }
            Step::Read { most, advances } => {
                self.look(most, advances);
            }
            Step::Restart => self.open_again(0, false),
            Step::Crash { torn, place_lost } => self.open_again(torn, place_lost),
        }
    }

    /// What was seen; empty at the end.
    fn look(&mut self, most: usize, advances: bool) -> Range<usize> {
        let (batch, position) = self.spool().peek(most).expect("reads");
        let Some(first) = batch.first() else {
            assert_eq!(self.read, self.accepted, "events are lost");
            return self.read..self.read;
        };
        let first = usize::try_from(first.id.as_u128()).expect("small");
        assert!(self.next.is_none_or(|next| next == first), "{first} comes, not {:?}", self.next);
        assert!(first <= self.read, "{first} comes, {} is lost", self.read);
        for (number, event) in (first..).zip(&batch) {
            assert_eq!(event.id, Uuid::from_u128(number as u128), "out of order");
        }
        let end = first + batch.len();
        if advances {
            self.spool().advance(position, batch.len()).expect("advances");
            self.read = self.read.max(end);
            self.next = Some(end);
        }
        first..end
    }

    fn open_again(&mut self, torn: usize, place_lost: bool) {
        self.spool = None;
        let place = self.dir.path().join("position");
        let now = fs::read(&place).ok();
        if torn > 0
            && self.written
            && let Some((number, _)) = segment::list(self.dir.path()).expect("lists").last()
        {
            let mut bytes = Vec::new();
            super::record::encode(&event(usize::MAX), &mut bytes);
            bytes.truncate(torn.min(bytes.len() - 1));
            let mut file =
                OpenOptions::new().append(true).open(segment::path(self.dir.path(), *number)).expect("opens");
            file.write_all(&bytes).expect("written");
        }
        if place_lost {
            match &self.old_place {
                Some(old) => fs::write(&place, old).expect("written"),
                None => drop(fs::remove_file(&place)),
            }
            self.next = None;
        }
        self.old_place = if place_lost { self.old_place.take() } else { now };
        self.written = false;
        self.spool = Some(open_with(self.dir.path(), ROOM));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_history_gives_back_what_was_accepted(steps in proptest::collection::vec(step(), 1..40)) {
        let mut history = History::begin();
        for step in &steps {
            history.take(step);
        }
        while !history.look(7, true).is_empty() {}
        prop_assert_eq!(history.spool().fill().damaged, 0);
    }
}

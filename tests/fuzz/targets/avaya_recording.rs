//! DMCC frames, XML and CSTA, as a recording: whatever comes out is an event that can be read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trunkline_connectors::avaya::AvayaDmcc;
use trunkline_connectors::contract::SourceId;
use trunkline_connectors::drive::replay::decode;
use trunkline_events::{Event, Timestamp};

fuzz_target!(|data: &[u8]| {
    let id = SourceId::new("fuzz").expect("a name");
    let start = Timestamp::from_unix_seconds(1_770_000_000).expect("an instant");
    for event in decode(&AvayaDmcc, &id, data, start).events {
        let json = event.to_json().expect("what a connector emits can be written");
        Event::from_json(&json).expect("and read");
    }
});

//! CloudEvents JSON from the bus: what can be read is written and read back as the same event.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trunkline_events::Event;

fuzz_target!(|data: &[u8]| {
    if let Ok(event) = Event::from_json(data) {
        let json = event.to_json().expect("what was read can be written");
        assert_eq!(Event::from_json(&json).expect("and read"), event);
    }
});

//! What holds for any event and any bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use trunkline_events::{Event, event_schema};

use super::arbitrary::event;
use super::samples::samples;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_event_comes_back_from_json_as_it_was(event in event()) {
        let json = event.to_json().expect("writes");
        prop_assert_eq!(Event::from_json(&json).expect("reads"), event);
    }

    #[test]
    fn whatever_is_written_fits_the_schema_of_its_type(event in event()) {
        let json: Value = serde_json::from_slice(&event.to_json().expect("writes")).expect("JSON");
        let schema = event_schema(event.event_type()).expect("a schema");
        let validator = jsonschema::options().build(&schema).expect("a schema");
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        prop_assert!(errors.is_empty(), "{errors:?}");
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Event::from_json(&bytes);
    }

    #[test]
    fn no_change_of_a_real_event_makes_the_reader_panic(
        sample in 0..45_usize,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let samples = samples();
        let mut bytes = samples[sample % samples.len()].1.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let end = cut.index(bytes.len());
        let _ = Event::from_json(&bytes);
        let _ = Event::from_json(&bytes[..end]);
    }
}

//! Standard Webhooks: lines are id, timestamp, signature, secret; the rest is the body. Also the look at JSON before it
//! is parsed: what it lets through, the parser can take without running out of stack.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use trunkline_connectors::webhook::json;
use trunkline_connectors::webhook::standard::{Secret, Signed, verify};
use trunkline_events::Timestamp;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(5, |byte| *byte == b'\n');
    let mut text = || std::str::from_utf8(parts.next().unwrap_or_default()).unwrap_or_default();
    let (id, timestamp, signature, secret) = (text(), text(), text(), text());
    let body = parts.next().unwrap_or_default();
    let now = Timestamp::from_unix_seconds(1_770_000_000).expect("an instant");
    let tolerance = Duration::from_secs(300);
    if let Ok(secret) = Secret::parse(secret) {
        let _ = verify(std::slice::from_ref(&secret), Signed { id, timestamp, signature }, body, now, tolerance);
        if !id.is_empty() && id.len() <= 64 {
            let own = secret.sign(id, 1_770_000_000, body);
            let signed = Signed { id, timestamp: "1770000000", signature: &own };
            verify(&[secret], signed, body, now, tolerance).expect("what we sign ourselves is good");
        }
    }
    let _ = json::check(body, 32);
});

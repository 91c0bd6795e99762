//! Standard Webhooks 1.0.0 (standard-webhooks/standard-webhooks, spec/standard-webhooks.md): symmetric signatures.
//!
//! The signed content is `webhook-id "." webhook-timestamp "." body`, the body as it came; `webhook-signature` is a list
//! of `v1,<base64 of HMAC-SHA-256>` separated by spaces, of which any one has to fit any one of our secrets (that is how
//! both sides rotate them). `v1a` (Ed25519) signatures are passed over.

use std::time::Duration;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use trunkline_events::Timestamp;

/// Secrets come with and without padding, and from tools that leave spare bits set.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// Signatures looked at in one header.
const MOST_SIGNATURES: usize = 16;
/// Characters of a `webhook-id`.
const LONGEST_ID: usize = 256;

/// A shared secret of 24 to 64 bytes. Debug shows nothing of it.
#[derive(Debug, Clone)]
pub struct Secret(SecretSlice<u8>);

/// The text is no secret of a Standard Webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and the base64 of 24 to 64 random bytes")]
pub struct SecretError;

impl Secret {
    /// Reads `whsec_<base64>`; the prefix and the padding may be missing.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix("whsec_").unwrap_or(text);
        let bytes = LENIENT.decode(encoded).map_err(|_| SecretError)?;
        if (24..=64).contains(&bytes.len()) { Ok(Self(bytes.into())) } else { Err(SecretError) }
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Option<[u8; 32]> {
        // HMAC takes keys of any length, so this never fails.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(mac.finalize().into_bytes().into())
    }

    /// One entry of `webhook-signature`: `v1,<base64>`. `timestamp` is in seconds since 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mac = self.mac(id, &timestamp.to_string(), body).unwrap_or_default();
        format!("v1,{}", general_purpose::STANDARD.encode(mac))
    }
}

/// The three headers as they came.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `webhook-id`
    pub id: &'a str,
    /// `webhook-timestamp`
    pub timestamp: &'a str,
    /// `webhook-signature`
    pub signature: &'a str,
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// One of the three headers is absent, empty or too long.
    #[error("webhook-id, webhook-timestamp or webhook-signature is missing")]
    Headers,
    /// `webhook-timestamp` is no whole number of seconds.
    #[error("webhook-timestamp is not in seconds since 1970")]
    Timestamp,
    /// It was sent longer ago than the tolerance.
    #[error("webhook-timestamp is too old")]
    TooOld,
    /// It was sent further in the future than the tolerance.
    #[error("webhook-timestamp lies in the future")]
    TooNew,
    /// No signature fits any secret.
    #[error("no signature fits")]
    Signature,
}

impl Refusal {
    /// A bounded word for metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Headers => "missing_header",
            Self::Timestamp => "bad_timestamp",
            Self::TooOld => "too_old",
            Self::TooNew => "too_new",
            Self::Signature => "bad_signature",
        }
    }
}

/// Verifies one webhook at `now`. The signature is compared in constant time, and before the age is looked at, so that
/// only who knows a secret learns what our clock says.
pub fn verify(
    secrets: &[Secret],
    signed: Signed<'_>,
    body: &[u8],
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), Refusal> {
    if [signed.id, signed.timestamp, signed.signature].iter().any(|header| header.is_empty())
        || signed.id.len() > LONGEST_ID
    {
        return Err(Refusal::Headers);
    }
    // `parse` alone would take "+1" and so give one instant two spellings.
    let digits = signed.timestamp.len() <= 12 && signed.timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = signed.timestamp.parse::<i64>().ok().filter(|_| digits).ok_or(Refusal::Timestamp)?;
    if !fits(secrets, signed, body) {
        return Err(Refusal::Signature);
    }
    let sent = Timestamp::from_unix_seconds(seconds).map_err(|_| Refusal::Timestamp)?;
    let age = now.since(sent);
    if age.unsigned_abs() <= tolerance {
        Ok(())
    } else if age.is_negative() {
        Err(Refusal::TooNew)
    } else {
        Err(Refusal::TooOld)
    }
}

fn fits(secrets: &[Secret], signed: Signed<'_>, body: &[u8]) -> bool {
    let listed: Vec<Vec<u8>> = signed
        .signature
        .split_ascii_whitespace()
        .filter_map(|entry| entry.strip_prefix("v1,"))
        .take(MOST_SIGNATURES)
        .filter_map(|encoded| LENIENT.decode(encoded).ok())
        .collect();
    let mut any = Choice::from(0);
    for secret in secrets {
        let Some(mac) = secret.mac(signed.id, signed.timestamp, body) else { continue };
        for signature in &listed {
            any |= signature.as_slice().ct_eq(&mac);
        }
    }
    any.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The vector on which the PyPI and the npm library agree.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SECONDS: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const FIVE_MINUTES: Duration = Duration::from_mins(5);

    fn secret() -> Secret {
        Secret::parse(SECRET).expect("a secret")
    }

    fn check(secrets: &[Secret], signature: &str, late: i64) -> Result<(), Refusal> {
        let timestamp = SECONDS.to_string();
        let signed = Signed { id: ID, timestamp: &timestamp, signature };
        let now = Timestamp::from_unix_seconds(SECONDS + late).expect("an instant");
        verify(secrets, signed, BODY, now, FIVE_MINUTES)
    }

    #[test]
    fn the_official_vector_is_signed_and_verified() {
        assert_eq!(secret().sign(ID, SECONDS, BODY), SIGNATURE);
        assert_eq!(check(&[secret()], SIGNATURE, 0), Ok(()));
        assert_eq!(check(&[secret()], SIGNATURE.trim_end_matches('='), 0), Ok(()));
    }

    #[test]
    fn a_changed_body_id_or_time_does_not_verify() {
        let now = Timestamp::from_unix_seconds(SECONDS).expect("an instant");
        let good = Signed { id: ID, timestamp: "1614265330", signature: SIGNATURE };
        let check = |signed, body| verify(&[secret()], signed, body, now, FIVE_MINUTES);
        assert_eq!(check(good, BODY), Ok(()));
        assert_eq!(check(good, br#"{"test":2432232314}"#), Err(Refusal::Signature), "re-serialised");
        assert_eq!(check(Signed { id: "msg_x", ..good }, BODY), Err(Refusal::Signature));
        assert_eq!(check(Signed { timestamp: "1614265331", ..good }, BODY), Err(Refusal::Signature));
        assert_eq!(check(Signed { timestamp: "+1614265330", ..good }, BODY), Err(Refusal::Timestamp));
        assert_eq!(check(Signed { timestamp: "soon", ..good }, BODY), Err(Refusal::Timestamp));
        assert_eq!(check(Signed { id: "", ..good }, BODY), Err(Refusal::Headers));
    }

    #[test]
    fn either_side_may_rotate_its_secret() {
        let other = Secret::parse("whsec_bmV3ZXIgc2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXM").expect("no padding");
        let both = format!("v1a,xyz {} {SIGNATURE}", other.sign(ID, SECONDS, BODY));
        assert_eq!(check(&[secret()], &both, 0), Ok(()), "the sender signs with both");
        assert_eq!(check(&[other.clone(), secret()], SIGNATURE, 0), Ok(()), "we know both");
        assert_eq!(check(&[other], SIGNATURE, 0), Err(Refusal::Signature));
        assert_eq!(check(&[], SIGNATURE, 0), Err(Refusal::Signature));
    }

    #[test]
    fn five_minutes_are_tolerated_both_ways_and_no_more() {
        for (late, expected) in
            [(300, Ok(())), (301, Err(Refusal::TooOld)), (-300, Ok(())), (-301, Err(Refusal::TooNew))]
        {
            assert_eq!(check(&[secret()], SIGNATURE, late), expected, "{late} s late");
        }
    }

    #[test]
    fn any_of_the_listed_signatures_will_do_and_the_list_has_an_end() {
        let rubbish = |count| vec!["v1,AAAA"; count].join(" ");
        let after = |before: String| check(&[secret()], &format!("{before} {SIGNATURE}"), 0);
        assert_eq!(after(rubbish(15)), Ok(()));
        assert_eq!(after(rubbish(16)), Err(Refusal::Signature), "nobody makes us try for ever");
        assert_eq!(after(vec!["v1a,AAAA v2,AAAA"; 50].join(" ")), Ok(()), "other versions are passed over");
        assert_eq!(check(&[secret()], &format!("{SIGNATURE}\t{SIGNATURE}"), 0), Ok(()));
        let commas = format!("v1,AAAA,{SIGNATURE}");
        assert_eq!(check(&[secret()], &commas, 0), Err(Refusal::Signature), "a list has spaces");
        let other_version = SIGNATURE.replace("v1,", "v1a,");
        assert_eq!(check(&[secret()], &other_version, 0), Err(Refusal::Signature));
        let cut = &SIGNATURE[..SIGNATURE.len() - 8];
        assert_eq!(check(&[secret()], cut, 0), Err(Refusal::Signature), "a prefix of the right one is wrong");
    }

    #[test]
    fn an_instant_has_one_spelling_and_a_year() {
        let now = Timestamp::from_unix_seconds(SECONDS).expect("an instant");
        let check = |timestamp: &str| {
            let signature = secret().mac(ID, timestamp, BODY).map(|mac| general_purpose::STANDARD.encode(mac));
            let signature = format!("v1,{}", signature.expect("a mac"));
            verify(&[secret()], Signed { id: ID, timestamp, signature: &signature }, BODY, now, FIVE_MINUTES)
        };
        assert_eq!(check("1614265330"), Ok(()));
        for odd in
            ["-1614265330", " 1614265330", "1614265330 ", "1614265330.0", "1e9", "１６１４２６５３３０", "0x6038"]
        {
            assert_eq!(check(odd), Err(Refusal::Timestamp), "{odd}");
        }
        assert_eq!(check("1614265330000"), Err(Refusal::Timestamp), "milliseconds");
        assert_eq!(check("999999999999"), Err(Refusal::Timestamp), "beyond the year 9999");
        assert_eq!(check("0"), Err(Refusal::TooOld));
    }

    #[test]
    fn rubbish_signatures_do_not_verify() {
        for signature in ["v1", "v1,", "v1,!!!", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", ",", "v1,AAAA"] {
            assert_eq!(check(&[secret()], signature, 0), Err(Refusal::Signature), "{signature}");
        }
    }

    #[test]
    fn short_long_and_garbled_secrets_are_refused_and_debug_shows_none() {
        for text in ["whsec_", "whsec_c2hvcnQ", "not base64!", &"A".repeat(100)] {
            assert!(Secret::parse(text).is_err(), "{text}");
        }
        assert!(Secret::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_ok(), "no prefix");
        assert!(!format!("{:?}", secret()).contains("MfKQ"));
    }
}

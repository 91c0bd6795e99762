//! Signs like the specification says: HMAC-SHA-256 over `id.timestamp.body`.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The key behind a `whsec_…` text.
#[derive(Clone)]
pub(super) struct Key(Vec<u8>);

impl Key {
    pub(super) fn parse(secret: &str) -> Option<Self> {
        let encoded = secret.trim().strip_prefix("whsec_")?.trim_end_matches('=');
        STANDARD_NO_PAD.decode(encoded).ok().filter(|key| !key.is_empty()).map(Self)
    }

    pub(super) fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut content = format!("{id}.{seconds}.").into_bytes();
        content.extend_from_slice(body);
        // HMAC takes keys of any length; a key it refused would show as a signature that fits nothing.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return "v1,".to_owned() };
        mac.update(&content);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_published_libraries_is_reproduced() {
        let key = Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(Key::parse("secret").is_none());
    }
}

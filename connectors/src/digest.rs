//! SHA-256 as text.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// 64 hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The name that bytes have in the raw archive, made from their content.
pub(crate) fn archive_reference(bytes: &[u8]) -> String {
    format!("sha256-{}", &sha256_hex(bytes)[..32])
}

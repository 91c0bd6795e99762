//! Secrets: written in place, or better in a file of their own.

use std::path::Path;

use secrecy::SecretString;

/// The secret itself: from `value`, else the first line of `file`; `None` when neither is given.
///
/// Reads a file, so it blocks for a moment; only used while loading. The error is a sentence for a [`crate::Problem`].
pub fn secret(value: Option<&SecretString>, file: Option<&Path>) -> Result<Option<SecretString>, String> {
    match (value, file) {
        (Some(_), Some(_)) => Err("is given both in place and as a file; keep one of them".into()),
        (Some(value), None) => Ok(Some(value.clone())),
        (None, None) => Ok(None),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                format!("cannot read {}: {error}; check the path and its permissions", file.display())
            })?;
            let line = text.lines().next().unwrap_or_default().trim_end();
            if line.is_empty() {
                return Err(format!("{} is empty; write the secret into its first line", file.display()));
            }
            Ok(Some(SecretString::from(line.to_owned())))
        }
    }
}

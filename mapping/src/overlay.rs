//! Settings read over embedded defaults: a table adds to or replaces single keys, anything else replaces the whole.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// Reads `text` over `defaults`. Unknown keys and wrong types are errors of `T`, so they are named.
pub(crate) fn read<T: DeserializeOwned>(defaults: &str, text: &str) -> Result<T, toml::de::Error> {
    let mut settings: Table = toml::from_str(defaults)?;
    lay(&mut settings, toml::from_str(text)?);
    settings.try_into()
}

fn lay(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay(below, above),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

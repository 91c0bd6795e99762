//! What a revision of a record changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_events::cdr::Cdr;
use uuid::Uuid;

/// One field that another revision has otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Its path: `talk_ms`, `legs[1].ended`.
    pub field: String,
    /// What stood there; null if nothing did.
    pub before: Value,
    /// What stands there now; null if nothing does.
    pub after: Value,
}

/// Namespace of digests, drawn once; never to change.
const NAMESPACE: Uuid = Uuid::from_u128(0x0d5a_31c8_94e2_5f17_b6f3_20ac_8e41_7d95);

/// Fields that say of a record which telling of it this is.
const OF_THE_TELLING: [&str; 2] = ["revision", "customer"];

/// Every field that `new` has otherwise than `old`, in the order of the fields' names; the revision's number and the
/// customer, who is read through his handle, aside.
pub fn differences(old: &Cdr, new: &Cdr) -> Vec<Change> {
    let mut changes = Vec::new();
    let fields = |cdr: &Cdr| serde_json::to_value(cdr).unwrap_or_default();
    let (mut old, mut new) = (fields(old), fields(new));
    for record in [&mut old, &mut new].into_iter().filter_map(Value::as_object_mut) {
        for field in OF_THE_TELLING {
            record.remove(field);
        }
    }
    compare("", &old, &new, &mut changes);
    changes
}

fn compare(path: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    match (old, new) {
        (Value::Object(before), Value::Object(after)) => {
            let only_after = after.keys().filter(|key| !before.contains_key(*key));
            let mut keys: Vec<&String> = before.keys().chain(only_after).collect();
            keys.sort_unstable();
            for key in keys {
                let field = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(
                    &field,
                    before.get(key).unwrap_or(&Value::Null),
                    after.get(key).unwrap_or(&Value::Null),
                    changes,
                );
            }
        }
        (Value::Array(before), Value::Array(after)) if before.iter().chain(after).all(Value::is_object) => {
            for at in 0..before.len().max(after.len()) {
                let element = |list: &[Value]| list.get(at).cloned().unwrap_or_default();
                compare(&format!("{path}[{at}]"), &element(before), &element(after), changes);
            }
        }
        _ if old != new => {
            changes.push(Change { field: path.to_owned(), before: old.clone(), after: new.clone() });
        }
        _ => {}
    }
}

/// Names the content of a record and the handle that it hangs on: equal records have equal digests. The text is the
/// record's JSON as it is stored.
pub fn digest(json: &str, subject: Option<Uuid>) -> Uuid {
    let subject = subject.map(|subject| subject.to_string()).unwrap_or_default();
    Uuid::new_v5(&NAMESPACE, format!("{subject}|{json}").as_bytes())
}

#[cfg(test)]
mod tests {
    use trunkline_events::cdr::Leg;

    use super::*;

    #[test]
    fn a_change_is_named_by_its_path() {
        let leg = |talk_ms| Leg { extension: "4750".to_owned(), talk_ms, ..Leg::default() };
        let old = Cdr { revision: 1, talk_ms: 5, legs: vec![leg(5)], ..Cdr::default() };
        let new =
            Cdr { revision: 2, talk_ms: 7, legs: vec![leg(7), leg(0)], vdn: Some("65067".to_owned()), ..old.clone() };
        let changes = differences(&old, &new);
        let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["legs[0].talk_ms", "legs[1]", "talk_ms", "vdn"]);
        assert_eq!((&changes[2].before, &changes[2].after), (&5.into(), &7.into()));
        assert_eq!(changes[3].before, Value::Null);
        assert!(differences(&old, &Cdr { revision: 9, ..old.clone() }).is_empty());
    }

    #[test]
    fn a_digest_tells_content_and_subject_apart() {
        let subject = Some(Uuid::from_u128(7));
        assert_eq!(digest("{}", subject), digest("{}", subject));
        assert_ne!(digest("{}", subject), digest("{}", None));
        assert_ne!(digest("{}", None), digest("{ }", None));
    }
}

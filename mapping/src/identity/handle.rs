//! A handle: what identifies a person somewhere. Invariant: it is canonical, so that equal people's handles are equal.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::rules::is_scheme_name;
use super::{Form, Rules};
use crate::numbers::{DialPlan, Kind, Number, ServiceKind, UnusableReason};

/// Namespace of all handle ids, drawn once; never to change.
const NAMESPACE: Uuid = Uuid::from_u128(0x2f1c_96a4_7be0_5d0c_9b51_6c8e_07d4_a3f2);

/// Characters of the longest value.
const LONGEST_VALUE: usize = 256;
/// Characters of the longest scope.
const LONGEST_SCOPE: usize = 128;

/// A canonical `(scheme, scope, value)`. Ordered by these three, which is the order of [`Handle::key`] for the schemes
/// of the default rules.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle {
    scheme: String,
    scope: String,
    value: String,
    id: Uuid,
}

/// Why a value makes no handle. It stays in its event; it never identifies anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Blocked {
    /// A scheme's name has lower-case letters, digits and `_`, at most 40.
    #[error("not a name of a scheme")]
    Scheme,
    /// Nothing is left of the value.
    #[error("empty")]
    Empty,
    /// Longer than any handle.
    #[error("too long")]
    TooLong,
    /// Control characters inside.
    #[error("holds control characters")]
    ControlCharacters,
    /// The rules name it as one that identifies nobody.
    #[error("a value that identifies nobody")]
    Placeholder,
    /// No mail address.
    #[error("not a mail address")]
    NotAnAddress,
    /// The caller is hidden.
    #[error("number withheld")]
    Withheld,
    /// 95588, 110.
    #[error("short code")]
    ShortCode,
    /// 400, 800, SMS gateways.
    #[error("service number")]
    ServiceNumber,
    /// One of the company's own lines.
    #[error("own number")]
    OwnNumber,
    /// An extension of the site.
    #[error("own extension")]
    Extension,
    /// An agent's number or login.
    #[error("an agent")]
    Agent,
    /// From a pool of privacy numbers.
    #[error("privacy number, re-bound to other people")]
    PrivacyNumber,
    /// Masked, cut, local without area code, not even digits.
    #[error("not a usable number")]
    NoNumber,
}

impl Handle {
    /// The one way in from outside: makes the value canonical, or says why it identifies nobody.
    ///
    /// `plan` and `trunk` say how numbers are written where the value comes from. The same person's value in another
    /// spelling gives the same handle; a canonical value gives itself.
    pub fn new(
        scheme: &str,
        scope: &str,
        raw: &str,
        rules: &Rules,
        plan: &DialPlan,
        trunk: Option<&str>,
    ) -> Result<Self, Blocked> {
        let handle = Self::unblocked(scheme, scope, raw, rules, plan, trunk)?;
        if rules.blocks(&handle.scheme, &handle.value) {
            return Err(Blocked::Placeholder);
        }
        if rules.own_people().have(handle.id) { Err(Blocked::Agent) } else { Ok(handle) }
    }

    /// As [`Handle::new`], were it a value that the rules block or one of our own people's: what is made of it may be named
    /// in a list of such, and never stands for anybody.
    pub fn unblocked(
        scheme: &str,
        scope: &str,
        raw: &str,
        rules: &Rules,
        plan: &DialPlan,
        trunk: Option<&str>,
    ) -> Result<Self, Blocked> {
        let scheme = rules.scheme_name(scheme);
        if !is_scheme_name(&scheme) {
            return Err(Blocked::Scheme);
        }
        let rule = rules.scheme(&scheme);
        let value = match rule.form {
            Form::Phone => phone(raw, plan, trunk)?,
            Form::Email => email(raw)?,
            Form::Exact => plain(raw, LONGEST_VALUE)?.to_owned(),
            Form::Folded => plain(raw, LONGEST_VALUE)?.to_lowercase(),
        };
        let scope = match plain(scope, LONGEST_SCOPE) {
            Ok(scope) if rule.scoped => scope,
            Ok(_) | Err(Blocked::Empty) => "",
            Err(reason) => return Err(reason),
        };
        Ok(Self::stored(&scheme, scope, &value))
    }

    /// A handle that [`Handle::new`] made before and a store kept. Nothing is checked or changed.
    pub fn stored(scheme: &str, scope: &str, value: &str) -> Self {
        let id = Uuid::new_v5(&NAMESPACE, key(scheme, scope, value).as_bytes());
        Self { scheme: scheme.to_owned(), scope: scope.to_owned(), value: value.to_owned(), id }
    }

    /// A handle from its [`Handle::key`]; `None` for a text that is no key.
    pub fn from_key(key: &str) -> Option<Self> {
        let (scheme, rest) = key.split_once(':')?;
        let (scope, value) = rest.split_once(':')?;
        (is_scheme_name(scheme) && !value.is_empty()).then(|| Self::stored(scheme, &unescape(scope), value))
    }

    /// `phone`, `email`, …
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What the value is unique within; empty where the scheme has no scope.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The canonical value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// `scheme:scope:value`, unambiguous: a `:` or `%` in the scope is written `%3A`, `%25`; the value is last, as it is.
    pub fn key(&self) -> String {
        key(&self.scheme, &self.scope, &self.value)
    }

    /// UUIDv5 of the key: the handle's id, and the customer's id if this handle is the customer's root.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Whether the value is digits that are no valid number: kept, but it never joins anybody.
    pub(super) fn is_raw(&self, rules: &Rules) -> bool {
        rules.scheme(&self.scheme).form == Form::Phone && self.value.starts_with("raw:")
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

fn key(scheme: &str, scope: &str, value: &str) -> String {
    if scope.contains(['%', ':']) {
        return format!("{scheme}:{}:{value}", scope.replace('%', "%25").replace(':', "%3A"));
    }
    format!("{scheme}:{scope}:{value}")
}

fn unescape(scope: &str) -> String {
    scope.replace("%3A", ":").replace("%25", "%")
}

fn plain(raw: &str, longest: usize) -> Result<&str, Blocked> {
    let trimmed = raw.trim_matches(|found: char| found.is_whitespace() || found == '\u{feff}');
    if trimmed.is_empty() {
        return Err(Blocked::Empty);
    }
    if trimmed.len() > longest * 4 || trimmed.chars().count() > longest {
        return Err(Blocked::TooLong);
    }
    if trimmed.contains(char::is_control) { Err(Blocked::ControlCharacters) } else { Ok(trimmed) }
}

/// `Wang <Wang@Example.com>` → `wang@example.com`. What stands behind a plus is kept: not every server ignores it.
fn email(raw: &str) -> Result<String, Blocked> {
    let normal: String = plain(raw, LONGEST_VALUE)?.nfkc().collect::<String>().to_lowercase();
    let address = match normal.rsplit_once('<') {
        Some((_, inside)) => inside.trim_end().strip_suffix('>').ok_or(Blocked::NotAnAddress)?,
        None => normal.strip_prefix("mailto:").unwrap_or(&normal),
    };
    let address = address.trim();
    let (local, domain) = address.split_once('@').ok_or(Blocked::NotAnAddress)?;
    let domain = domain.trim_end_matches('.');
    let strange = |found: char| found.is_whitespace() || found.is_control() || "<>,;@".contains(found);
    if local.is_empty() || domain.is_empty() || local.contains(strange) || domain.contains(strange) {
        return Err(Blocked::NotAnAddress);
    }
    if address.chars().count() > LONGEST_VALUE { Err(Blocked::TooLong) } else { Ok(format!("{local}@{domain}")) }
}

fn phone(raw: &str, plan: &DialPlan, trunk: Option<&str>) -> Result<String, Blocked> {
    match plan.number(raw, trunk) {
        Number::E164 { kind: Kind::Privacy, .. } => Err(Blocked::PrivacyNumber),
        Number::E164 { value, .. } => Ok(value),
        Number::Unusable { raw, reason: UnusableReason::Invalid } => Ok(format!("raw:{raw}")),
        Number::Unusable { .. } => Err(Blocked::NoNumber),
        Number::Anonymous(_) => Err(Blocked::Withheld),
        Number::Short { .. } => Err(Blocked::ShortCode),
        Number::Service { kind: ServiceKind::Own, .. } => Err(Blocked::OwnNumber),
        Number::Service { kind: ServiceKind::Public, .. } => Err(Blocked::ServiceNumber),
        Number::Extension(_) => Err(Blocked::Extension),
        Number::Agent(_) => Err(Blocked::Agent),
    }
}

//! What a text turned out to be.

use std::borrow::Cow;

/// A number, or what stands in the place of one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Number {
    /// A valid subscriber's number.
    E164 {
        /// `+8613800138000`.
        value: String,
        /// Digits that were dialled or written behind it; no part of the key.
        extension: Option<String>,
        /// What line it is.
        kind: Kind,
    },
    /// A short code of a country: 95588, 110. No person.
    Short {
        /// ISO 3166 code: `CN`.
        country: String,
        /// The digits.
        value: String,
    },
    /// A device of the site itself.
    Extension(String),
    /// An agent, by number or login id. Never a customer.
    Agent(String),
    /// 400, 800, 95xx numbers and the company's own: never a customer's key.
    Service {
        /// E.164 where it has such a form, the digits otherwise.
        value: String,
        /// Which.
        kind: ServiceKind,
    },
    /// The caller is hidden, or the switch did not know.
    Anonymous(Withheld),
    /// Something was written, but no valid number.
    Unusable {
        /// Digits (with a leading `+` if there was one), or the start of the text.
        raw: String,
        /// Why.
        reason: UnusableReason,
    },
}

/// What line a valid number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A mobile phone.
    Mobile,
    /// A fixed line.
    Landline,
    /// A country that does not tell them apart (North America), internet telephony, personal numbers.
    Other,
    /// A privacy number (AX, AXB): re-bound to other people all the time, so it identifies nobody.
    Privacy,
}

/// Whose number it is if it is nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceKind {
    /// One of ours: own direct lines and trunk numbers.
    Own,
    /// A service number of anybody (toll-free, shared cost, SMS gateway).
    Public,
}

/// Why there is no number at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Withheld {
    /// Empty text.
    Empty,
    /// A word for it: anonymous, restricted, 未知.
    Word,
    /// `0`, `00000000`, `-1`.
    Zeroes,
    /// A SIP address instead of a number.
    Address,
}

/// Why a text is no usable number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnusableReason {
    /// Digits that are no valid number: kept as `raw:` key, merges with nothing.
    Invalid,
    /// A local number, and the site has no default area code.
    AreaMissing,
    /// Digits were replaced by stars.
    Masked,
    /// Letters among the digits.
    Letters,
    /// Characters that no number has.
    Symbols,
    /// Too few digits for a subscriber.
    TooShort,
    /// More than any number has.
    TooLong,
}

impl Number {
    /// The key: one for every spelling of the same number. `None` where two equal texts may mean different people, and for
    /// service numbers, which are nobody.
    pub fn key(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::E164 { value, .. } => Some(Cow::Borrowed(value)),
            Self::Short { country, value } => Some(format!("short:{country}:{value}").into()),
            Self::Unusable { raw, reason: UnusableReason::Invalid } => Some(format!("raw:{raw}").into()),
            Self::Service { .. } | Self::Extension(_) | Self::Agent(_) | Self::Anonymous(_) | Self::Unusable { .. } => {
                None
            }
        }
    }

    /// Whether it is a valid number of somebody outside, and so may stand for a customer.
    pub fn is_customer(&self) -> bool {
        matches!(self, Self::E164 { kind: Kind::Mobile | Kind::Landline | Kind::Other, .. })
    }

    /// The same number with what was dialled behind it.
    pub(super) fn with_extension(mut self, digits: Option<String>) -> Self {
        if let Self::E164 { extension, .. } = &mut self {
            *extension = digits;
        }
        self
    }
}

//! What became of a piece of evidence, in words.

/// What a person may decide where the rules could not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// The evidence would have joined two customers, and a rule stood against it: one of the two is wrong.
    Conflict,
    /// The evidence is too little: two known customers name one contact, or somebody unknown names a known one's.
    Candidate,
}

/// Why two handles are, or are not, one customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Verdict {
    /// This evidence made the join.
    #[error("joined")]
    Joined,
    /// Other evidence had joined them already.
    #[error("together by other evidence")]
    Together,
    /// One contact alone could not; another one agrees.
    #[error("joined: a second contact proves the same")]
    SecondProof,
    /// A directive that holds two handles apart.
    #[error("holds these two apart")]
    Excluding,
    /// A later directive or stronger evidence on the same two handles counts instead.
    #[error("later or stronger evidence on the same two counts instead")]
    Superseded,
    /// Both ends are one handle.
    #[error("both are the same handle")]
    SameHandle,
    /// A handle whose value identifies nobody by the present rules.
    #[error("a value that identifies nobody")]
    Blocked,
    /// Digits that are no valid number.
    #[error("not a valid number, so it joins nobody")]
    NoNumber,
    /// Too many share a handle.
    #[error("too many share this handle, so it joins nobody")]
    Generic,
    /// A contact was given to somebody else since.
    #[error("from before this contact was given to somebody else")]
    Recycled,
    /// A person decided that the two sides are different customers.
    #[error("held apart by a person's decision")]
    Excluded,
    /// Both sides have a value of a scheme of which a customer has one.
    #[error("conflict: both sides have a {scheme} of their own{}", in_scope(.scope))]
    Conflict {
        /// The exclusive scheme.
        scheme: String,
        /// Its scope.
        scope: String,
    },
    /// The customer would have too many values of a scheme.
    #[error("limit: a customer has at most {max} {scheme}")]
    Limit {
        /// The scheme.
        scheme: String,
        /// How many a customer may have.
        max: usize,
    },
    /// The customer would have too many handles.
    #[error("limit: a customer has at most {max} handles")]
    TooManyHandles {
        /// How many a customer may have.
        max: usize,
    },
    /// A device stands between two known people.
    #[error("a device that two known customers use joins neither to the other")]
    SharedDevice,
    /// Both sides are known people, and nothing was checked.
    #[error("candidate: both are known customers, and the contact was not verified")]
    BothIdentified,
    /// Somebody unknown named the contact of a known customer.
    #[error("candidate: the contact belongs to a known customer, and was not verified")]
    ContactOfIdentified,
    /// A hint about a known customer.
    #[error("candidate: too weak to join a known customer")]
    TooWeak,
}

fn in_scope(scope: &str) -> String {
    if scope.is_empty() { String::new() } else { format!(" in {scope}") }
}

impl Verdict {
    /// Whether the two are one customer.
    pub fn is_together(&self) -> bool {
        matches!(self, Self::Joined | Self::Together | Self::SecondProof)
    }

    /// Whether the evidence spoke for a join, and another rule refused it: a relation to show.
    pub fn is_refused(&self) -> bool {
        match self {
            Self::Excluded
            | Self::Conflict { .. }
            | Self::Limit { .. }
            | Self::TooManyHandles { .. }
            | Self::SharedDevice
            | Self::BothIdentified
            | Self::ContactOfIdentified
            | Self::TooWeak => true,
            Self::Joined
            | Self::Together
            | Self::SecondProof
            | Self::Excluding
            | Self::Superseded
            | Self::SameHandle
            | Self::Blocked
            | Self::NoNumber
            | Self::Recycled
            | Self::Generic => false,
        }
    }

    /// Whether the other side may be shown as somebody that it could be.
    pub fn is_candidate(&self) -> bool {
        self.is_refused() && !matches!(self, Self::Excluded | Self::SharedDevice)
    }

    /// What a person may decide.
    pub fn question(&self) -> Option<Question> {
        match self {
            Self::Conflict { .. } | Self::Limit { .. } | Self::TooManyHandles { .. } => Some(Question::Conflict),
            Self::BothIdentified | Self::ContactOfIdentified => Some(Question::Candidate),
            _ => None,
        }
    }

    /// Whether a second contact may still prove it.
    pub(super) fn awaits_proof(&self) -> bool {
        matches!(self, Self::BothIdentified | Self::ContactOfIdentified)
    }
}

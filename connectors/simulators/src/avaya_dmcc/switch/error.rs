//! Why a verb was refused. Nothing changed when one of these comes back.

/// A verb that the switch, as it stands, cannot carry out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// No live call has this name.
    #[error("no live call is named {0:?}")]
    NoCall(String),
    /// A live call already has this name.
    #[error("a live call is already named {0:?}")]
    NameTaken(String),
    /// The definition has no such device.
    #[error("{what} {device:?} is not part of the switch")]
    NotInstalled {
        /// Station, VDN, skill or agent.
        what: &'static str,
        /// What was asked for.
        device: String,
    },
    /// The device is not on the call, or not in the state that the verb needs.
    #[error("call {call:?}: {device:?} is not {needed}")]
    WrongState {
        /// The call's name.
        call: String,
        /// The device, or a word for it.
        device: String,
        /// What it should have been.
        needed: &'static str,
    },
    /// The device is on the call already.
    #[error("call {call:?}: {device:?} is already on it")]
    AlreadyThere {
        /// The call's name.
        call: String,
        /// The device.
        device: String,
    },
    /// A value that cannot be what it should be.
    #[error("{field}: {sentence}")]
    BadValue {
        /// The verb's field.
        field: &'static str,
        /// What is wrong.
        sentence: String,
    },
    /// Every call id is in use.
    #[error("all {0} call ids are in use")]
    OutOfCallIds(u32),
}

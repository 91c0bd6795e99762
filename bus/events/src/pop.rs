//! What an agent is shown when the phone rings, compact enough to be pushed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;
use crate::call::{CallData, CallRef, Device, Route};

/// How sure we are of who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Nobody known has this number.
    None,
    /// Exactly one customer.
    One,
    /// Several customers share it: all are offered, none is chosen.
    Many,
}

/// A customer in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Brief {
    /// The customer.
    pub customer: Uuid,
    /// Name from the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Last contact before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_contact: Option<LastContact>,
}

/// The contact before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LastContact {
    /// When it started.
    pub at: Timestamp,
    /// `phone`, `web`, `wechat`, …
    pub channel: String,
    /// The last remark on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// `trunkline.pop.ringing.v1` and `trunkline.pop.answered.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pop {
    /// One per call and device, the same for ringing, answered and ended.
    pub pop: Uuid,
    /// The connector that saw the call: `/connectors/avaya-bj`.
    pub link: String,
    /// The call.
    pub call: CallRef,
    /// The conversation record that will be written.
    pub cdr: Uuid,
    /// For whom.
    pub device: Device,
    /// Who calls whom.
    pub route: Route,
    /// What travels with the call.
    #[serde(default, skip_serializing_if = "CallData::is_empty")]
    pub data: CallData,
    /// How sure we are.
    pub certainty: Certainty,
    /// Who it may be, the likeliest first.
    #[serde(default)]
    pub candidates: Vec<Brief>,
    /// When the switch's event was taken: ring→screen is measured from here.
    pub rang: Timestamp,
}

/// `trunkline.pop.ended.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PopEnded {
    /// The pop that is over.
    pub pop: Uuid,
    /// The connector that saw the call.
    pub link: String,
    /// For whom it was.
    pub device: Device,
}

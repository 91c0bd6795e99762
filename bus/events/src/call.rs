//! Telephone calls as a switch tells them. Numbers stand as the switch gave them; only mapping makes them canonical.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One call at one switch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CallRef {
    /// The connector's name for this call, unique over time within its source although switches reuse call ids.
    pub id: String,
    /// The switch's own call id, reused after a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_call_id: Option<String>,
    /// Universal call id, 20 digits with leading zeros, where the switch has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ucid: Option<String>,
}

/// A number or device in a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Party {
    /// As the switch wrote it, without switch name and address; absent when withheld or unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Why there is no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Absent>,
    /// Display name, where the switch has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Why a number is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    /// The caller withheld it.
    Restricted,
    /// The switch does not know it.
    NotKnown,
    /// The switch left it out.
    NotSpecified,
}

/// Seen from the company.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From outside to us.
    #[default]
    Inbound,
    /// From us to outside.
    Outbound,
    /// Between our own devices.
    Internal,
}

/// What travels with a call besides numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallData {
    /// User-to-user information, the raw bytes as upper-case hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uui_hex: Option<String>,
    /// The same as text, where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uui_text: Option<String>,
    /// Digits that the caller was prompted for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<String>,
    /// Key and value pairs of switches that attach them.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub pairs: std::collections::BTreeMap<String, String>,
}

impl CallData {
    /// Whether nothing travels with the call.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Who calls whom, the same on every event that knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// Seen from the company.
    pub direction: Direction,
    /// The calling party: on an inbound call its number is the ANI.
    pub calling: Party,
    /// The called party: on an inbound call its number is the DNIS.
    pub called: Party,
    /// Vector directory number (or other entry point) that distributed the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vdn: Option<String>,
    /// Skill, split or queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Trunk group, which selects the dial plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
}

/// A leg: one device of ours in a call, and who sits at it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// Extension, without switch name and address.
    pub extension: String,
    /// The agent's login id at that moment, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// `trunkline.call.offered.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Offered {
    /// The call.
    pub call: CallRef,
    /// Who calls whom.
    pub route: Route,
    /// The device that dialled, on outbound and internal calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// What travels with it.
    #[serde(default, skip_serializing_if = "CallData::is_empty")]
    pub data: CallData,
}

/// `trunkline.call.queued.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Queued {
    /// The call.
    pub call: CallRef,
    /// Skill, split or queue.
    pub queue: String,
    /// Who calls whom.
    pub route: Route,
    /// Calls ahead of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_in_front: Option<u32>,
}

/// `trunkline.call.ringing.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ringing {
    /// The call.
    pub call: CallRef,
    /// Where it rings.
    pub device: Device,
    /// Who calls whom.
    pub route: Route,
    /// The device it was redirected from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirected_from: Option<String>,
    /// What travels with it.
    #[serde(default, skip_serializing_if = "CallData::is_empty")]
    pub data: CallData,
}

/// `trunkline.call.answered.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answered {
    /// The call.
    pub call: CallRef,
    /// Who answered.
    pub device: Device,
    /// Who calls whom.
    pub route: Route,
    /// What travels with it.
    #[serde(default, skip_serializing_if = "CallData::is_empty")]
    pub data: CallData,
    /// A mailbox took the call, nobody of ours; where the connector knows which devices these are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voicemail: bool,
}

/// `trunkline.call.held.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    /// The call.
    pub call: CallRef,
    /// Who put it on hold.
    pub device: Device,
}

/// `trunkline.call.resumed.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resumed {
    /// The call.
    pub call: CallRef,
    /// Who took it back.
    pub device: Device,
}

/// `trunkline.call.transferred.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transferred {
    /// The call that goes on.
    pub call: CallRef,
    /// Calls that ended in it: they and `call` are one conversation.
    pub from: Vec<CallRef>,
    /// Who transferred.
    pub transferring: Device,
    /// To whom.
    pub transferred_to: Device,
    /// The customer's side of the conversation, from the original call.
    pub route: Route,
}

/// `trunkline.call.conferenced.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conferenced {
    /// The call that goes on.
    pub call: CallRef,
    /// Calls that ended in it: they and `call` are one conversation.
    pub from: Vec<CallRef>,
    /// Who conferenced.
    pub conferencing: Device,
    /// Who was added.
    pub added: Device,
    /// The customer's side of the conversation, from the original call.
    pub route: Route,
}

/// `trunkline.call.diverted.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diverted {
    /// The call.
    pub call: CallRef,
    /// The device it left.
    pub from: Device,
    /// Where it went, where the switch says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The switch's cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// `trunkline.call.data_attached.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataAttached {
    /// The call, with all that is known of it now.
    pub call: CallRef,
    /// What became known.
    pub data: CallData,
}

/// `trunkline.call.leg_ended.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegEnded {
    /// The call.
    pub call: CallRef,
    /// Whose leg ended.
    pub device: Device,
    /// The switch's cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Found missing after a gap, not told by the switch: `time` is when we noticed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reconstructed: bool,
}

/// `trunkline.call.ended.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// The call.
    pub call: CallRef,
    /// The switch's cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How it came to nothing (busy, no answer), where the switch says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Found missing after a gap, not told by the switch: `time` is when we noticed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reconstructed: bool,
}

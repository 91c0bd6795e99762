//! What events carry besides their parties: linkage (UCID), user data, Avaya's private data (protocol notes 1.6, 1.8).

use trunkline_events::call::{CallData, Party};

use super::super::xml::Element;
use super::party::{device, party};
use super::user_data::UserData;

/// Data of one event, or of the original call inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Data<'d> {
    /// Universal call id of the call that the event is about (the new one, where two are told).
    pub(crate) ucid: Option<&'d str>,
    /// UCID of the call it was before.
    pub(crate) former_ucid: Option<&'d str>,
    /// User data and prompted digits.
    pub(crate) attached: CallData,
    /// Trunk group.
    pub(crate) trunk: Option<&'d str>,
    /// Skill or split.
    pub(crate) queue: Option<&'d str>,
    /// VDN that distributed the call.
    pub(crate) vdn: Option<&'d str>,
    /// After a consultation, transfer or conference: the call it came from.
    pub(crate) original: Option<Box<Original<'d>>>,
}

/// `originalCallInfo`: the customer's side of a call that was passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Original<'d> {
    /// The customer, on an inbound call.
    pub(crate) calling: Party,
    /// What he dialled.
    pub(crate) called: Party,
    /// UCID, user data, digits, trunk of the original call.
    pub(crate) data: Data<'d>,
}

/// Reads all data of an event.
pub(crate) fn data(event: Element<'_>) -> Data<'_> {
    let mut data = plain(event);
    if let Some(private) = private(event) {
        data.trunk = private.text_of("trunkGroup");
        data.queue = private.child("acdGroup").and_then(device);
        data.vdn =
            ["distributingVDN", "distributingDevice"].iter().find_map(|name| private.child(name).and_then(device));
        data.attached.digits = digits(private);
        if let Some(user) = user_data(private).filter(|_| data.attached.uui_hex.is_none()) {
            user.add_to(&mut data.attached);
        }
        data.original = private.child("originalCallInfo").and_then(original).map(Box::new);
        if data.trunk.is_none() {
            data.trunk = private.path(&["trunkList", "trunkInterfaceInfoItem", "trunkGroup"]).and_then(Element::filled);
        }
    }
    data
}

/// The element inside `extensions/privateData/private`, whatever it is called.
pub(crate) fn private(event: Element<'_>) -> Option<Element<'_>> {
    event.path(&["extensions", "privateData", "private"]).and_then(|private| private.children().next())
}

/// Linkage and user data, which stand outside the private data.
fn plain(event: Element<'_>) -> Data<'_> {
    let mut data = Data { ucid: event.child("callLinkageData").and_then(ucid), ..Data::default() };
    if let Some(list) = event.child("callLinkageDataList") {
        data.ucid = list.child("newCallLinkageData").and_then(ucid).or(data.ucid);
        data.former_ucid = list.child("oldCallLinkageData").and_then(ucid);
    }
    if let Some(user) = user_data(event) {
        user.add_to(&mut data.attached);
    }
    data
}

/// The UCID of a `callLinkageData`; one of zeros only is none.
pub(crate) fn ucid(linkage: Element<'_>) -> Option<&str> {
    let text = linkage.find("globallyUniqueCallLinkageID").and_then(Element::filled)?;
    (text.len() <= 64 && text.bytes().any(|digit| digit != b'0')).then_some(text)
}

fn user_data(element: Element<'_>) -> Option<UserData> {
    let user = element.child("userData")?;
    let written = user.text_of("string").or_else(|| user.text_of("private")).or_else(|| user.filled())?;
    UserData::parse(written)
}

fn digits(element: Element<'_>) -> Option<String> {
    element.path(&["userEnteredCode", "data"]).and_then(Element::filled).map(|digits| digits.chars().take(64).collect())
}

/// `originalCallInfo`, unless its reason is 0 (none) or it names nobody.
fn original(info: Element<'_>) -> Option<Original<'_>> {
    if matches!(info.text_of("reason"), Some("0" | "none" | "4" | "newCall")) {
        return None;
    }
    let calling = party(info.child("networkCallingDevice")?);
    let called = info.child("networkCalledDevice").map(party).unwrap_or_default();
    let mut data = plain(info);
    data.trunk = info.text_of("trunkGroup");
    data.attached.digits = digits(info);
    Some(Original { calling, called, data })
}

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
    /// The device that distributed the call, be it a VDN, a skill or something else.
    pub(crate) distributing: Option<&'d str>,
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
        data.vdn = private.child("distributingVDN").and_then(device);
        data.distributing = private.child("distributingDevice").and_then(device);
        prompted(private, &mut data.attached);
        look_ahead(private, &mut data.attached);
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

/// The element inside `extensions/privateData/private`: the one called `…PrivateData`, else the first. Others may stand
/// beside it, and each of the three may come more than once.
pub(crate) fn private(event: Element<'_>) -> Option<Element<'_>> {
    let all = || {
        let datas = event.child("extensions").into_iter().flat_map(Element::children);
        let privates = datas.filter(|data| data.name() == "privateData").flat_map(Element::children);
        privates.filter(|private| private.name() == "private").flat_map(Element::children)
    };
    all().find(|element| element.name().ends_with("PrivateData")).or_else(|| all().next())
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
    if let Some(correlator) = bytes_of(event, "correlatorData") {
        let value = correlator.text.unwrap_or(correlator.hex);
        data.attached.pairs.insert("correlator".to_owned(), value);
    }
    if event.name() == "EnteredDigitsEvent" {
        data.attached.digits = event.text_of("digits").map(shortened);
    }
    data
}

/// The UCID of a `callLinkageData`; one of zeros only is none.
pub(crate) fn ucid(linkage: Element<'_>) -> Option<&str> {
    let text = linkage.find("globallyUniqueCallLinkageID").and_then(Element::filled)?;
    (text.len() <= 64 && text.bytes().any(|digit| digit != b'0')).then_some(text)
}

fn user_data(element: Element<'_>) -> Option<UserData> {
    bytes_of(element, "userData")
}

/// What travels as bytes: `string` is their hex.
fn bytes_of(element: Element<'_>, name: &str) -> Option<UserData> {
    let user = element.child(name)?;
    let written = user.text_of("string").or_else(|| user.text_of("private")).or_else(|| user.filled())?;
    UserData::parse(written)
}

/// Digits that the caller was prompted for, and the VDN that asked.
fn prompted(element: Element<'_>, attached: &mut CallData) {
    let Some(code) = element.child("userEnteredCode") else { return };
    if let Some(digits) = code.text_of("data") {
        attached.digits = Some(shortened(digits));
    }
    if let Some(vdn) = code.child("collectVDN").and_then(device) {
        attached.pairs.insert("collect_vdn".to_owned(), vdn.to_owned());
    }
}

/// What another switch told that passed the call on.
fn look_ahead(element: Element<'_>, attached: &mut CallData) {
    let Some(info) = element.child("lookAheadInfo") else { return };
    let said = [
        ("look_ahead_type", info.text_of("type")),
        ("look_ahead_priority", info.text_of("priority")),
        ("look_ahead_source_vdn", info.child("sourceVDN").and_then(device)),
    ];
    for (key, value) in said.into_iter().filter_map(|(key, value)| Some((key, value?))) {
        attached.pairs.insert(key.to_owned(), shortened(value));
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// `originalCallInfo`: whatever of it is told. With reason 0 (none) and 4 (new call) its parties are no former ones.
fn original(info: Element<'_>) -> Option<Original<'_>> {
    let nobody = matches!(info.text_of("reason"), Some("0" | "none" | "4" | "newCall"));
    let told = |name: &str| info.child(name).filter(|_| !nobody).map(party).unwrap_or_default();
    let (calling, called) = (told("networkCallingDevice"), told("networkCalledDevice"));
    let mut data = plain(info);
    data.trunk = info.text_of("trunkGroup").filter(|_| !nobody);
    prompted(info, &mut data.attached);
    look_ahead(info, &mut data.attached);
    let says_something =
        calling.number.is_some() || data.ucid.is_some() || data.trunk.is_some() || !data.attached.is_empty();
    says_something.then_some(Original { calling, called, data })
}

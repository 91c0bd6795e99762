//! Numbers and devices. A device id is `extension:switch:address:instance`; only the extension leaves this module
//! (protocol notes 1.4, rule 22).

use trunkline_events::call::{Absent, Party};

use super::super::xml::Element;

/// Longest number or name kept, in characters; a switch has at most 30 digits.
const LONGEST: usize = 64;

/// A call as one device sees it: `ConnectionID`, either order, either part missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Connection<'d> {
    /// The switch's call id.
    pub(crate) call: &'d str,
    /// The extension, where there is one.
    pub(crate) device: Option<&'d str>,
}

/// Reads a `ConnectionID`; `None` without a call id.
pub(crate) fn connection(element: Element<'_>) -> Option<Connection<'_>> {
    let call = element.text_of("callID").filter(|call| call.len() <= LONGEST)?;
    Some(Connection { call, device: element.text_of("deviceID").and_then(extension) })
}

/// The extension of any of the device types: a choice of `deviceIdentifier`, `numberDialed`, `deviceID`, plain text,
/// or a word for "there is none".
pub(crate) fn device(element: Element<'_>) -> Option<&str> {
    identifier(element).and_then(extension)
}

fn identifier(element: Element<'_>) -> Option<&str> {
    ["deviceIdentifier", "numberDialed", "deviceID"]
        .iter()
        .find_map(|choice| element.child(choice))
        .map_or_else(|| element.filled(), Element::filled)
}

/// The same with the reason why there is no number.
pub(crate) fn party(element: Element<'_>) -> Party {
    if let Some(text) = identifier(element) {
        let (number, name) = number_and_name(text);
        if let Some(number) = number {
            return Party { number: Some(number.to_owned()), absent: None, name: name.map(shortened) };
        }
    }
    let absent = if element.child("restricted").is_some() {
        Absent::Restricted
    } else if element.child("notSpecified").is_some() || element.child("notRequired").is_some() {
        Absent::NotSpecified
    } else {
        Absent::NotKnown
    };
    Party { number: None, absent: Some(absent), name: None }
}

/// The number of a device id: without switch, address and instance, without a URI scheme.
pub(crate) fn extension(id: &str) -> Option<&str> {
    number_and_name(id).0
}

/// ECMA-269 lets a switch write `N<number>name`; everything else is the number alone.
fn number_and_name(text: &str) -> (Option<&str>, Option<&str>) {
    let bracketed = text.strip_prefix('N').unwrap_or(text).strip_prefix('<').and_then(|rest| rest.split_once('>'));
    let (number, name) = match bracketed {
        Some((number, name)) => (number, name.split(':').next().map(str::trim).filter(|name| !name.is_empty())),
        None => (text, None),
    };
    let number = number.strip_prefix("tel:").or_else(|| number.strip_prefix("sip:")).unwrap_or(number);
    let number = number.split([':', ';', '@']).next().unwrap_or(number).trim();
    ((1..=LONGEST).contains(&number.len()).then_some(number), name)
}

fn shortened(name: &str) -> String {
    name.chars().take(LONGEST).collect()
}

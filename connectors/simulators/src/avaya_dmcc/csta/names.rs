//! Namespaces, and how the switch's devices are written.

use crate::avaya_dmcc::switch::{Party, SwitchDefinition};

use super::Markup;

/// ECMA-354 application session services.
pub const APPLICATION_SESSION: &str = "http://www.ecma-international.org/standards/ecma-354/appl_session";
/// ECMA-323 edition 3, the root namespace of everything about calls and monitors.
pub const CSTA_ED3: &str = "http://www.ecma-international.org/standards/ecma-323/csta/ed3";
/// Avaya's extensions.
pub const AVAYA: &str = "http://www.avaya.com/csta";

/// As AES writes a device that it does not classify (avaya.md 1.4).
const DEVICE_ATTRIBUTES: &str = " typeOfNumber=\"other\" mediaClass=\"notKnown\" bitRate=\"constant\"";

/// How names are written on this link.
#[derive(Debug, Clone)]
pub struct Names {
    /// `:switch:ip:0`, the part of a device id after the extension.
    suffix: String,
    /// Namespace of events and CSTA answers.
    pub csta: String,
    /// `OriginatedEvent` carries the UCID.
    pub ucid_in_originated: bool,
}

impl Names {
    /// Names for a switch. `csta` is the namespace of events.
    pub fn new(definition: &SwitchDefinition, csta: &str) -> Self {
        Self {
            suffix: format!(":{}:{}:0", definition.name, definition.ip),
            csta: csta.to_owned(),
            ucid_in_originated: definition.ucid_in_originated,
        }
    }

    /// `4750:CM1::0`.
    pub fn device_id(&self, device: &str) -> String {
        format!("{device}{}", self.suffix)
    }

    /// `<name typeOfNumber=…>4750:CM1::0</name>`.
    pub fn device(&self, markup: &mut Markup, name: &str, device: &str) {
        markup.leaf_with(name, DEVICE_ATTRIBUTES, &self.device_id(device));
    }

    /// The same of one of the devices that share an extension: `4750:CM1::1`.
    pub fn device_instance(&self, markup: &mut Markup, name: &str, device: &str, instance: &str) {
        let id = self.device_id(device);
        let id = id.strip_suffix('0').map_or_else(|| id.clone(), |shared| format!("{shared}{instance}"));
        markup.leaf_with(name, DEVICE_ATTRIBUTES, &id);
    }

    /// A subject, calling or called device: `<name><deviceIdentifier>…</deviceIdentifier></name>`.
    pub fn subject(&self, markup: &mut Markup, name: &str, device: &str) {
        markup.within(name, |markup| self.device(markup, "deviceIdentifier", device));
    }

    /// A calling or called device that may be hidden.
    pub fn party(&self, markup: &mut Markup, name: &str, party: &Party) {
        markup.within(name, |markup| match party {
            Party::Number(number) => self.device(markup, "deviceIdentifier", number),
            Party::Restricted => markup.empty("restricted"),
            Party::NotKnown => markup.empty("notKnown"),
        });
    }

    /// `lastRedirectionDevice`, a choice of its own (avaya.md 1.6).
    pub fn redirection(&self, markup: &mut Markup, device: Option<&str>) {
        markup.within("lastRedirectionDevice", |markup| match device {
            Some(device) => self.device(markup, "numberDialed", device),
            None => markup.empty("notKnown"),
        });
    }

    /// A connection: call id and device.
    pub fn connection(&self, markup: &mut Markup, name: &str, call_id: u32, device: &str) {
        markup.within(name, |markup| {
            markup.number("callID", u64::from(call_id));
            self.device(markup, "deviceID", device);
        });
    }

    /// The extension in a client's device id: the text before the first colon.
    pub fn extension(device_id: &str) -> &str {
        device_id.split_once(':').map_or(device_id, |(extension, _)| extension)
    }
}

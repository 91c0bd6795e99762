//! The table of all event types. A new type is one row here, one struct in its family's file, one sample.

use schemars::{Schema, SchemaGenerator};
use serde_json::value::RawValue;

use crate::{activity, agent, call, cdr, chat, customer, delivery, link, pop};

/// The name a type has on the wire, like `trunkline.call.ringing.v1`.
pub type EventType = &'static str;

macro_rules! event_types {
    ($($(#[doc = $doc:literal])* $variant:ident($body:ty) = $name:literal;)*) => {
        /// What an event says, typed.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Body {
            $($(#[doc = $doc])* $variant($body),)*
        }

        impl Body {
            /// Every type name, in the order of the table.
            pub const TYPES: &'static [EventType] = &[$($name),*];

            /// What the type called `name` tells, in a sentence; `None` for a name that is not in the table.
            pub fn description(name: &str) -> Option<&'static str> {
                match name {
                    $($name => Some(concat!($($doc),*).trim_ascii()),)*
                    _ => None,
                }
            }

            /// The type name on the wire.
            pub fn event_type(&self) -> EventType {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// Reads `data` as the type called `name`; `None` for a name that is not in the table.
            pub(crate) fn parse(name: &str, data: &RawValue) -> Option<Result<Self, serde_json::Error>> {
                match name {
                    $($name => Some(serde_json::from_str(data.get()).map(Self::$variant)),)*
                    _ => None,
                }
            }

            pub(crate) fn to_raw(&self) -> Result<Box<RawValue>, serde_json::Error> {
                match self { $(Self::$variant(body) => serde_json::value::to_raw_value(body),)* }
            }

            /// The JSON Schema (2020-12) of the `data` of the type called `name`.
            pub fn schema(name: &str) -> Option<Schema> {
                match name {
                    $($name => Some(SchemaGenerator::default().into_root_schema_for::<$body>()),)*
                    _ => None,
                }
            }
        }
    };
}

event_types! {
    /// A call came to the switch, or was dialled from it.
    CallOffered(call::Offered) = "trunkline.call.offered.v1";
    /// A call waits in a queue.
    CallQueued(call::Queued) = "trunkline.call.queued.v1";
    /// A call rings at a device.
    CallRinging(call::Ringing) = "trunkline.call.ringing.v1";
    /// A device answered.
    CallAnswered(call::Answered) = "trunkline.call.answered.v1";
    /// A device put the call on hold.
    CallHeld(call::Held) = "trunkline.call.held.v1";
    /// A device took the call back from hold.
    CallResumed(call::Resumed) = "trunkline.call.resumed.v1";
    /// Two calls became one by a transfer.
    CallTransferred(call::Transferred) = "trunkline.call.transferred.v1";
    /// A party was added by a conference.
    CallConferenced(call::Conferenced) = "trunkline.call.conferenced.v1";
    /// A call left a device for another.
    CallDiverted(call::Diverted) = "trunkline.call.diverted.v1";
    /// Data became known of a call: UCID, user data, digits.
    CallDataAttached(call::DataAttached) = "trunkline.call.data_attached.v1";
    /// One party of a call is gone; the others may talk on.
    CallLegEnded(call::LegEnded) = "trunkline.call.leg_ended.v1";
    /// The call is over for everybody.
    CallEnded(call::Ended) = "trunkline.call.ended.v1";
    /// An agent's work state.
    AgentState(agent::State) = "trunkline.agent.state.v1";
    /// An agent logged on or off.
    AgentLogin(agent::Login) = "trunkline.agent.login.v1";
    /// A chat conversation began.
    ChatOpened(chat::Opened) = "trunkline.chat.opened.v1";
    /// A chat got its agent.
    ChatAssigned(chat::Assigned) = "trunkline.chat.assigned.v1";
    /// A message was written.
    ChatMessage(chat::Message) = "trunkline.chat.message.v1";
    /// A chat is over.
    ChatClosed(chat::Closed) = "trunkline.chat.closed.v1";
    /// A mail came in or went out.
    MailMessage(activity::MailMessage) = "trunkline.mail.message.v1";
    /// A ticket was made or changed.
    TicketChanged(activity::TicketChanged) = "trunkline.ticket.changed.v1";
    /// A customer opened the app or the site.
    PresenceOnline(activity::PresenceOnline) = "trunkline.presence.online.v1";
    /// A customer looked at a page.
    PresencePage(activity::PresencePage) = "trunkline.presence.page.v1";
    /// A customer left the app or the site.
    PresenceOffline(activity::PresenceOffline) = "trunkline.presence.offline.v1";
    /// The step a customer reached in an app when he broke off.
    ContextBreakpoint(activity::ContextBreakpoint) = "trunkline.context.breakpoint.v1";
    /// Two handles were seen to belong together.
    CustomerEvidence(customer::Evidence) = "trunkline.customer.evidence.v1";
    /// A source tells fields of a customer's profile.
    CustomerProfile(customer::Profile) = "trunkline.customer.profile.v1";
    /// A source set or took away a tag.
    CustomerTag(customer::Tag) = "trunkline.customer.tag.v1";
    /// A person decided on identity: include, exclude, or an undo of one of these.
    CustomerDirective(customer::Directive) = "trunkline.customer.directive.v1";
    /// A customer was seen for the first time (derived).
    CustomerCreated(customer::Created) = "trunkline.customer.created.v1";
    /// Customers turned out to be one (derived).
    CustomerMerged(customer::Merged) = "trunkline.customer.merged.v1";
    /// One customer turned out to be several (derived).
    CustomerSplit(customer::Split) = "trunkline.customer.split.v1";
    /// Profile or tags of a customer changed (derived).
    CustomerChanged(customer::Changed) = "trunkline.customer.changed.v1";
    /// A tag is to be written at a system, since another one decided so (derived).
    CustomerTagWanted(customer::TagWanted) = "trunkline.customer.tag_wanted.v1";
    /// A conversation record is complete (derived).
    CdrCompleted(cdr::Cdr) = "trunkline.cdr.completed.v1";
    /// A complete record was corrected (derived).
    CdrRevised(cdr::Cdr) = "trunkline.cdr.revised.v1";
    /// An agent wrote a remark on a conversation.
    CdrRemarked(cdr::Remarked) = "trunkline.cdr.remarked.v1";
    /// The switch's own record of a conversation was found.
    CdrReconciled(cdr::Reconciled) = "trunkline.cdr.reconciled.v1";
    /// The records of a day were compared with those of the switches (derived).
    CdrReport(cdr::Report) = "trunkline.cdr.report.v1";
    /// A phone rings: who it is, at once (derived).
    PopRinging(pop::Pop) = "trunkline.pop.ringing.v1";
    /// The call was answered: the full view may be opened (derived).
    PopAnswered(pop::Pop) = "trunkline.pop.answered.v1";
    /// The call left the agent (derived).
    PopEnded(pop::PopEnded) = "trunkline.pop.ended.v1";
    /// An attempt to deliver something to an outside system.
    DeliveryAttempted(delivery::Attempted) = "trunkline.delivery.attempted.v1";
    /// A link to an outside system works.
    LinkUp(link::Up) = "trunkline.link.up.v1";
    /// A link to an outside system is lost or unwell.
    LinkDown(link::Down) = "trunkline.link.down.v1";
    /// What the source said between two instants may be missing.
    LinkGap(link::Gap) = "trunkline.link.gap.v1";
    /// State was read anew after a gap.
    LinkResynced(link::Resynced) = "trunkline.link.resynced.v1";
    /// A connector's own count of what it has taken.
    LinkBooks(link::Books) = "trunkline.link.books.v1";
    /// A link that usually talks has fallen silent.
    LinkSilent(link::Silent) = "trunkline.link.silent.v1";
    /// A silent link says something again.
    LinkTalking(link::Talking) = "trunkline.link.talking.v1";
    /// A native event that we do not know, kept by reference.
    Opaque(link::Opaque) = "trunkline.opaque.v1";
}

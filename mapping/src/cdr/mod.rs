//! Conversation records, folded from events.
//!
//! A conversation is one call with every call it was joined to by a transfer or a conference, or one chat. Its record is
//! a function of the *set* of its events: their order, their number of deliveries, and the worker that saw them do not
//! show in it. Everything here is pure.
//!
//! - [`conversation_keys`] says which calls or chats an event belongs to, [`root`] which of a joined set names the record.
//! - [`fold`] makes the record, says whether it is complete, and which legs still live.
//! - [`changed`] tells whether a record says something new.
//!
//! # What counts
//!
//! | quantity | from | to |
//! |---|---|---|
//! | queue wait | queued, while the call rings or talks nowhere | ringing, answer, end; a *diverted* ring goes back to waiting |
//! | ring | ringing | answer, diversion, end |
//! | talk | answer, resumed | held, transferred away, end (without hold) |
//! | hold | held | resumed, joined by a conference, transferred away, end |
//! | wrap-up | `after_call` of the last leg's agent at the end | his next state; both name the call |
//!
//! Totals are sums over the legs: agents' time, not the customer's, and no mailbox's. A stretch that has not ended counts nothing yet.
//!
//! A leg is one unbroken stay of an extension in the conversation. An extension that rings again after its leg has ended
//! (a ring that was not answered, a call that came back) begins a second leg; a ring told twice is one. A ring where we
//! believed to hear talk means that a hang-up was missed: the old leg ends there. An agent who consults a colleague on
//! a second call stays on his one leg, held; the colleague's leg begins on the second call. Who dials has a leg
//! without a ring; it is answered when the far side answers.
//!
//! Events after the end of the conversation change nothing, except remarks, wrap-up, call data and the count of chat messages;
//! an answer that *arrives* late but happened before the end counts. An end that the switch told beats one that we concluded.
//! Where our own clock ran backwards during a conversation the order of taking decides, times are held where the
//! clock had been, and the record is marked `reconstructed`.
//!
//! # Outcome
//!
//! | medium | condition, the first that holds | outcome |
//! |---|---|---|
//! | both | not over | `open` |
//! | voice | a device of ours answered; outbound: the far side answered | `answered` |
//! | voice | a mailbox answered, nobody else | `voicemail` |
//! | voice | the switch names a failure that is not "no answer" | `failed` |
//! | voice, inbound | it ended while it rang | `abandoned_ringing` |
//! | voice, inbound | it ended in a queue, or after a ring that was diverted back to it | `abandoned_in_queue` |
//! | voice | otherwise | `unanswered` |
//! | chat | an agent wrote | `answered` |
//! | chat | it was in a queue and never assigned | `abandoned_in_queue` |
//! | chat | otherwise | `unanswered` |

mod calls;
mod chat;
mod differences;
mod fold;
mod import;
mod key;
mod leg;
mod order;
mod outcome;
mod reconcile;
mod remark;
mod route;
mod voice;
mod wrap_up;

pub use differences::{Change, differences, digest};
pub use fold::{CustomerHandle, Folded, LiveLeg, changed, fold};
pub use import::{ImportMapping, MappingError, RowError, switch_record_id};
pub(crate) use key::call_of;
pub use key::{ConversationKey, conversation_keys, known_from, root};
pub use reconcile::{Difference, Match, Reconciliation, Recorded, Seen, Tolerance, reconcile};

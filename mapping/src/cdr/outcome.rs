//! How a conversation went; the table stands in the folder's documentation.

use trunkline_events::call::Direction;
use trunkline_events::cdr::Outcome;

/// Where an inbound call stood last before it was answered or over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Standing {
    #[default]
    Nowhere,
    InQueue,
    Ringing,
}

/// Who answered a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnsweredBy {
    People,
    Mailbox,
    Nobody,
}

/// The outcome of a call that is over.
pub(super) fn of_call(by: AnsweredBy, failure: Option<&str>, direction: Direction, standing: Standing) -> Outcome {
    match by {
        AnsweredBy::People => return Outcome::Answered,
        AnsweredBy::Mailbox => return Outcome::Voicemail,
        AnsweredBy::Nobody => {}
    }
    if failure.is_some_and(|failure| !says_no_answer(failure)) {
        return Outcome::Failed;
    }
    match (direction, standing) {
        (Direction::Inbound, Standing::Ringing) => Outcome::AbandonedRinging,
        (Direction::Inbound, Standing::InQueue) => Outcome::AbandonedInQueue,
        _ => Outcome::Unanswered,
    }
}

/// The outcome of a chat that is over.
pub(super) fn of_chat(agent_wrote: bool, queued: bool, assigned: bool) -> Outcome {
    if agent_wrote {
        Outcome::Answered
    } else if queued && !assigned {
        Outcome::AbandonedInQueue
    } else {
        Outcome::Unanswered
    }
}

/// Switches have many words for it: `no answer`, `callNotAnswered`, `callCancelled`.
fn says_no_answer(failure: &str) -> bool {
    let letters: String =
        failure.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect();
    ["noanswer", "notanswered", "unanswered", "cancel"].iter().any(|word| letters.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switchs_word_for_no_answer_is_no_failure() {
        for word in ["no answer", "callNotAnswered", "NO_ANSWER", "callCancelled", "unanswered"] {
            assert_eq!(
                of_call(AnsweredBy::Nobody, Some(word), Direction::Outbound, Standing::Nowhere),
                Outcome::Unanswered,
                "{word}"
            );
        }
        for word in ["busy", "destNotObtainable", "trunksBusy"] {
            assert_eq!(
                of_call(AnsweredBy::Nobody, Some(word), Direction::Outbound, Standing::Nowhere),
                Outcome::Failed,
                "{word}"
            );
        }
    }
}

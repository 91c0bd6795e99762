//! Conversation records, folded from events.

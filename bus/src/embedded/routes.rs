//! Which queues take a message. Pure.

use crate::message::mapping_queue;
use crate::{Exchange, Outgoing, route};

/// The bindings, with the fixed way from the events to the mapping queues built in.
#[derive(Debug)]
pub(super) struct Routes {
    shards: u16,
    bindings: Vec<(Exchange, String, String)>,
}

impl Routes {
    pub(super) fn new(shards: u16) -> Self {
        Self { shards, bindings: Vec::new() }
    }

    pub(super) fn bind(&mut self, exchange: Exchange, pattern: String, queue: String) {
        let binding = (exchange, pattern, queue);
        if !self.bindings.contains(&binding) {
            self.bindings.push(binding);
        }
    }

    pub(super) fn forget(&mut self, queue: &str) {
        self.bindings.retain(|(_, _, bound)| bound != queue);
    }

    /// Each queue once, however many of its bindings match.
    pub(super) fn queues(&self, message: &Outgoing) -> Vec<String> {
        let mut queues = Vec::new();
        if message.exchange == Exchange::Events {
            queues.push(mapping_queue(route::shard(&message.partition_key, self.shards)));
        }
        for (exchange, pattern, queue) in &self.bindings {
            let takes = *exchange == message.exchange
                && match exchange {
                    Exchange::Commands => *pattern == message.routing_key,
                    Exchange::Pages => true,
                    Exchange::Events | Exchange::Unified => route::matches(pattern, &message.routing_key),
                };
            if takes && !queues.contains(queue) {
                queues.push(queue.clone());
            }
        }
        queues
    }
}

//! The side way: copies of messages that go to a retry queue or to the dead letters, confirmed before the original is
//! acknowledged. On the publishing connection, for a broker's alarm must not stop the acknowledgements.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel};
use uuid::Uuid;

use super::link::Link;
use super::{connect::failed, headers, window};
use crate::BusError;

/// One copy to publish.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) exchange: String,
    pub(super) routing_key: String,
    pub(super) properties: BasicProperties,
    pub(super) body: Bytes,
}

/// What a returned parcel is known by.
type Key = (Uuid, String);

impl Parcel {
    fn key(&self) -> Key {
        (headers::id(&self.properties), self.exchange.clone())
    }
}

/// The channel for parcels, made anew when it broke.
#[derive(Debug)]
pub(super) struct Side {
    link: Link,
    patience: Duration,
    channel: Mutex<Option<(u64, Channel)>>,
}

impl Side {
    pub(super) fn new(link: Link, patience: Duration) -> Self {
        Self { link, patience, channel: Mutex::default() }
    }

    /// Returns when all are confirmed in a queue. On an error none counts, though some may be there.
    pub(super) async fn publish(&self, parcels: Vec<Parcel>) -> Result<(), BusError> {
        if parcels.is_empty() {
            return Ok(());
        }
        let why_not = || self.link.state().borrow().why_not();
        if !self.link.state().borrow().ready() {
            return Err(BusError::Away { reason: why_not() });
        }
        match tokio::time::timeout(self.patience, self.publish_twice(parcels)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                self.keep(None);
                Err(error)
            }
            Err(_) => {
                self.keep(None);
                Err(BusError::Away { reason: format!("no confirm within {:?}", self.patience) })
            }
        }
    }

    /// What is missing on the broker (an operator deleted it) is declared again, once.
    async fn publish_twice(&self, parcels: Vec<Parcel>) -> Result<(), BusError> {
        let parcels = match self.publish_now(&parcels).await {
            Ok(homeless) if homeless.is_empty() => return Ok(()),
            Ok(homeless) => parcels.into_iter().filter(|parcel| homeless.contains(&parcel.key())).collect(),
            Err(error @ BusError::Away { .. }) => return Err(error),
            // A missing exchange costs the channel; which parcels went before it is not known.
            Err(_) => parcels,
        };
        self.keep(None);
        let (generation, connection) = self.link.connection_now()?;
        self.link.while_up(generation, self.link.redeclare(&connection)).await?;
        match self.publish_now(&parcels).await?.len() {
            0 => Ok(()),
            lost => Err(BusError::Away { reason: format!("no queue takes {lost} retries or dead letters") }),
        }
    }

    /// Gives the keys of those that no queue takes.
    async fn publish_now(&self, parcels: &[Parcel]) -> Result<HashSet<Key>, BusError> {
        let channel = self.channel().await?;
        let mut confirms = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let (exchange, key) = (parcel.exchange.as_str().into(), parcel.routing_key.as_str().into());
            let sent = channel.basic_publish(exchange, key, options, &parcel.body, parcel.properties.clone()).await;
            confirms.push(sent.map_err(failed("publishing a retry or dead letter"))?);
        }
        let mut homeless = HashSet::new();
        for confirm in confirms {
            let confirmation = confirm.await.map_err(failed("waiting for a confirm"))?;
            if !confirmation.is_ack() {
                return Err(BusError::Away { reason: "the queue of retries or dead letters is full".to_owned() });
            }
            // It may come with the confirm of another parcel, so it is known by what it is.
            if let Some(returned) = confirmation.take_message() {
                let exchange = returned.delivery.exchange.to_string();
                homeless.insert((headers::id(&returned.delivery.properties), exchange));
            }
        }
        Ok(homeless)
    }

    async fn channel(&self) -> Result<Channel, BusError> {
        let (generation, connection) = self.link.connection_now()?;
        let kept = self.channel.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((of, channel)) = kept
            && of == generation
            && channel.status().connected()
        {
            return Ok(channel);
        }
        let channel = window::confirming(&connection).await.map_err(failed("opening a channel"))?;
        self.keep(Some((generation, channel.clone())));
        Ok(channel)
    }

    fn keep(&self, channel: Option<(u64, Channel)>) {
        *self.channel.lock().unwrap_or_else(PoisonError::into_inner) = channel;
    }
}

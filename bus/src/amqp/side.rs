//! The side way: copies of messages that go to a retry queue or to the dead letters, confirmed before the original is
//! acknowledged. On the publishing connection, for a broker's alarm must not stop the acknowledgements.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel};

use super::link::Link;
use super::{connect::failed, window};
use crate::BusError;

/// One copy to publish.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) exchange: String,
    pub(super) routing_key: String,
    pub(super) properties: BasicProperties,
    pub(super) body: Bytes,
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
        match tokio::time::timeout(self.patience, self.publish_now(&parcels)).await {
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

    async fn publish_now(&self, parcels: &[Parcel]) -> Result<(), BusError> {
        let channel = self.channel().await?;
        let mut confirms = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let (exchange, key) = (parcel.exchange.as_str().into(), parcel.routing_key.as_str().into());
            let sent = channel.basic_publish(exchange, key, options, &parcel.body, parcel.properties.clone()).await;
            confirms.push(sent.map_err(failed("publishing a retry or dead letter"))?);
        }
        let mut lost = 0_usize;
        for confirm in confirms {
            let confirmation = confirm.await.map_err(failed("waiting for a confirm"))?;
            let refused = !confirmation.is_ack();
            lost += usize::from(refused || confirmation.take_message().is_some());
        }
        if lost > 0 {
            return Err(BusError::Away { reason: format!("no queue takes {lost} retries or dead letters") });
        }
        Ok(())
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

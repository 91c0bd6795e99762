//! Bringing spooled events to the transport, and the spool's disk work off the async threads.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::bus::Carrier;
use crate::link::LinkState;
use crate::spool::{Spool, SpoolError};
use crate::{BusError, Outgoing, PublishError, SpoolSettings};

/// Events brought to the transport at once.
const BATCH: usize = 1024;
/// After a failure that nothing announces the end of.
const PAUSE: Duration = Duration::from_millis(500);

/// The spool, locked only inside blocking work.
pub(crate) type SharedSpool = Arc<Mutex<Spool>>;

/// Opens the spool and counts what waits in it.
pub(crate) async fn open_spool(settings: SpoolSettings) -> Result<SharedSpool, BusError> {
    let opened = tokio::task::spawn_blocking(move || Spool::open(settings)).await;
    let spool = opened.map_err(|_| BusError::Closed)??;
    Ok(Arc::new(Mutex::new(spool)))
}

/// Blocking work on the spool; `None` only when the runtime is shutting down.
pub(super) async fn with_spool<T: Send + 'static>(
    spool: &SharedSpool,
    work: impl FnOnce(&mut Spool) -> T + Send + 'static,
) -> Option<T> {
    let spool = spool.clone();
    let done = tokio::task::spawn_blocking(move || work(&mut spool.lock().unwrap_or_else(PoisonError::into_inner)));
    done.await.ok()
}

/// Brings the oldest spooled events to the transport, however long that takes; `false` if there were none.
pub(super) async fn step(spool: SharedSpool, carrier: Carrier) -> bool {
    loop {
        let mut link = carrier.link();
        if link.wait_for(LinkState::ready).await.is_err() {
            // The bus is closing; this task is about to end.
            return std::future::pending().await;
        }
        match bring(&spool, &carrier).await {
            Ok(brought) => return brought,
            Err(Failure::Away) => {}
            Err(Failure::Disk(error)) => tracing::error!(%error, "cannot read the spool; trying again"),
            Err(Failure::Other(error)) => tracing::warn!(%error, "spooled events cannot go on; trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

enum Failure {
    Away,
    Disk(SpoolError),
    Other(BusError),
}

async fn bring(spool: &SharedSpool, carrier: &Carrier) -> Result<bool, Failure> {
    let peeked = with_spool(spool, |spool| spool.peek(BATCH)).await.ok_or(Failure::Away)?;
    let (events, position) = peeked.map_err(Failure::Disk)?;
    if events.is_empty() {
        return Ok(false);
    }
    let count = events.len();
    let events = Arc::new(events);
    let publisher = carrier.publisher();
    let answer = publisher.start(events.clone(), None).await.map_err(|_| Failure::Away)?;
    match answer.await {
        Ok(Ok(())) => {}
        Ok(Err(PublishError::Unroutable { ids })) => {
            bury(carrier, &events, &ids).await.map_err(Failure::Other)?;
        }
        Ok(Err(_)) | Err(_) => return Err(Failure::Away),
    }
    let advanced = with_spool(spool, move |spool| spool.advance(position, count)).await.ok_or(Failure::Away)?;
    advanced.map_err(Failure::Disk)?;
    metrics::counter!("trunkline_spool_drained_events_total").increment(count as u64);
    Ok(true)
}

/// Events that no queue takes are not lost: somebody finds them among the dead letters.
pub(super) async fn bury(carrier: &Carrier, events: &[Outgoing], ids: &[uuid::Uuid]) -> Result<(), BusError> {
    let homeless: Vec<Outgoing> = events.iter().filter(|event| ids.contains(&event.id)).cloned().collect();
    tracing::error!(events = homeless.len(), "no queue takes these events; they are among the dead letters");
    metrics::counter!("trunkline_bus_unroutable_events_total").increment(homeless.len() as u64);
    carrier.bury(&homeless, "no queue takes it").await
}

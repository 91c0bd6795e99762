//! `trunkline token`: an administrator's token for who has lost the first one. Needs the configuration and no daemon.

use std::process::ExitCode;

use anyhow::{Result, bail};
use trunkline_config::{Settings, Sources, StoreBackend};
use trunkline_connectors::drive::system_clock;
use trunkline_mapping::store::{AuditEntry, Minted, NewToken, Store};
use uuid::Uuid;

use crate::run::runtime;
use crate::wire::{declared, links, opening};

/// Makes a token with the scope `admin` in the store that the configuration names; its secret is all that stdout gets.
pub fn run(sources: &Sources, name: &str) -> Result<ExitCode> {
    let settings = trunkline_config::load_with(sources, links::problems, declared::problems)?;
    let secret = runtime()?.block_on(async {
        let store = open(&settings).await?;
        let made = make(&store, name).await;
        store.close().await?;
        made
    })?;
    say(&secret);
    Ok(ExitCode::SUCCESS)
}

async fn open(settings: &Settings) -> Result<Store> {
    let file = settings.daemon.data_dir.join(&settings.store.sqlite.path);
    if settings.store.backend == StoreBackend::Sqlite && !file.is_file() {
        bail!(
            "daemon.data_dir: there is no store at {}; check the path, or start the daemon: it makes the store and the first \
             token",
            file.display()
        );
    }
    opening::open_store(settings).await
}

/// The row of the audit log comes first, as with everything that is changed.
async fn make(store: &Store, name: &str) -> Result<String> {
    let (minted, at) = (Minted::new(Uuid::now_v7())?, system_clock());
    let row = AuditEntry {
        at,
        actor: "command line of the daemon".into(),
        action: "token.create".into(),
        target: minted.id.to_string(),
        detail: "admin".into(),
    };
    store.log_action(&row).await?;
    let new = NewToken { name: name.to_owned(), scopes: vec!["admin".into()], ..NewToken::default() };
    store.keep_token(&minted, &new, at).await?;
    Ok(minted.secret)
}

#[expect(clippy::print_stdout, reason = "the secret is the command's output")]
fn say(secret: &str) {
    println!("{secret}");
}

//! Tokens of people and programs. Only the SHA-256 of a token's secret is kept; the secret itself is 256 random bits, so
//! that a plain hash cannot be turned back and needs no salt.

use std::fmt::Write as _;

use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};
use trunkline_events::Timestamp;
use uuid::Uuid;

use super::connect::Store;
use super::error::StoreError;
use super::session::{Query, Row};

/// What every secret starts with, so that secret scanners know it.
const PREFIX: &str = "tlk_";

/// What to make.
#[derive(Debug, Clone, Default)]
pub struct NewToken {
    /// Who or what it is for; stands in the audit log.
    pub name: String,
    /// `agent`, `integrator`, `admin`, …: given meaning by the HTTP side.
    pub scopes: Vec<String>,
    /// The agent it is bound to.
    pub agent: Option<String>,
    /// The extension it is bound to.
    pub extension: Option<String>,
    /// Worthless from then on.
    pub expires: Option<Timestamp>,
}

/// A token as it is listed: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Names it for revoking.
    pub id: Uuid,
    /// Who or what it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The agent it is bound to.
    pub agent: Option<String>,
    /// The extension it is bound to.
    pub extension: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Worthless from then on.
    pub expires: Option<Timestamp>,
    /// Revoked then.
    pub revoked: Option<Timestamp>,
}

/// What the bearer of a secret may do.
pub type Grant = Token;

/// Id and secret of a token that does not stand in the store yet. Who must keep the secret keeps it first.
pub struct Minted {
    /// Names it for revoking.
    pub id: Uuid,
    /// What its bearer sends.
    pub secret: String,
}

impl Minted {
    /// 256 random bits under an id.
    pub fn new(id: Uuid) -> Result<Self, StoreError> {
        let mut random = [0u8; 32];
        OsRng.try_fill_bytes(&mut random).map_err(|cause| StoreError::Random(cause.to_string()))?;
        Ok(Self { id, secret: format!("{PREFIX}{}", hex(&random)) })
    }
}

const COLUMNS: &str = "SELECT id, name, scopes, agent, extension, created, expires, revoked FROM token";

impl Token {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.uuid(0)?,
            name: row.text(1)?,
            scopes: row.text(2)?.split_whitespace().map(str::to_owned).collect(),
            agent: row.maybe_text(3)?,
            extension: row.maybe_text(4)?,
            created: row.instant(5)?,
            expires: row.maybe_instant(6)?,
            revoked: row.maybe_instant(7)?,
        })
    }
}

/// The hash that stands for a secret.
fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Store {
    /// Makes a token at `now`; the secret is in the answer and nowhere else.
    pub async fn create_token(&self, new: &NewToken, now: Timestamp) -> Result<(Token, String), StoreError> {
        let minted = Minted::new(Uuid::now_v7())?;
        Ok((self.keep_token(&minted, new, now).await?, minted.secret))
    }

    /// Makes a minted token work from `now`.
    pub async fn keep_token(&self, minted: &Minted, new: &NewToken, now: Timestamp) -> Result<Token, StoreError> {
        let token = Token {
            id: minted.id,
            name: new.name.clone(),
            scopes: new.scopes.clone(),
            agent: new.agent.clone(),
            extension: new.extension.clone(),
            created: now,
            expires: new.expires,
            revoked: None,
        };
        let query = Query::new(
            "INSERT INTO token (id, name, hash, scopes, agent, extension, created, expires) \
             VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, CAST({8} AS bigint))",
        )
        .bind(token.id)
        .bind(token.name.as_str())
        .bind(hash(&minted.secret))
        .bind(token.scopes.join(" "))
        .bind(token.agent.as_deref())
        .bind(token.extension.as_deref())
        .bind(token.created)
        .bind(token.expires.map(|at| super::micros(at).to_string()));
        self.writing().run("write a token", query).await?;
        Ok(token)
    }

    /// What the bearer of `secret` may do at `now`; `None` if it is unknown, expired or revoked.
    ///
    /// The secret is looked up by its hash, so the time this takes tells nothing about other secrets.
    pub async fn verify_token(&self, secret: &str, now: Timestamp) -> Result<Option<Grant>, StoreError> {
        let sql = "SELECT id, name, scopes, agent, extension, created, expires, revoked FROM token WHERE hash = {1} \
                   AND revoked IS NULL AND (expires IS NULL OR expires > {2})";
        let query = Query::new(sql).bind(hash(secret)).bind(now);
        let found = self.reading().all("check a token", query).await?;
        found.first().map(Token::read).transpose()
    }

    /// All tokens, revoked ones too, the oldest first.
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let found = self.reading().all("list tokens", Query::new(COLUMNS)).await?;
        let mut tokens: Vec<Token> = found.iter().map(Token::read).collect::<Result<_, _>>()?;
        tokens.sort_by_key(|token| (token.created, token.id));
        Ok(tokens)
    }

    /// Makes a token worthless from `now`; false if there is none of that id that still works.
    pub async fn revoke_token(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        let query = Query::new("UPDATE token SET revoked = {1} WHERE id = {2} AND revoked IS NULL").bind(now).bind(id);
        Ok(self.writing().run("revoke a token", query).await? > 0)
    }
}

//! Who asks, and what he may see.
//!
//! A bearer token is checked on every request; there are no cookies, so nothing a foreign page can ride on. The scopes:
//! `agent` sees the pops of his own seat and what hangs on a customer of one of his live or recent conversations;
//! `desk` opens the customer behind any exact handle, as a chat desk does; `integrator` reads; `admin` may do all.
//! What a caller may not see and what is not there look the same.

use std::net::IpAddr;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret as _, SecretString};
use trunkline_connectors::contract::SourceId;
use trunkline_events::Timestamp;
use trunkline_events::call::Device;

use super::App;
use super::parts::Token;
use super::problem::Problem;

/// The peer's address, put on each request by the server.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Sees his own pops and their customers.
    Agent,
    /// Opens the customer behind an exact handle.
    Desk,
    /// Reads customers and records.
    Integrator,
    /// Everything.
    Admin,
}

impl Scope {
    /// The word in a token.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Desk => "desk",
            Self::Integrator => "integrator",
            Self::Admin => "admin",
        }
    }
}

/// The word names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a scope is agent, desk, integrator or admin, not {0:?}")]
pub struct ScopeError(String);

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Agent, Self::Desk, Self::Integrator, Self::Admin]
            .into_iter()
            .find(|scope| scope.word() == word)
            .ok_or_else(|| ScopeError(word.chars().take(32).collect()))
    }
}

/// Where an agent sits, by extension, login id or both; each may be bound to one connector (`avaya-bj/2001`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seat {
    /// The extension.
    pub extension: Option<Place>,
    /// The login id.
    pub agent: Option<Place>,
}

/// An extension or login id, and the connector it is at, where that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Source of the connector: `/connectors/avaya-bj`; absent: any.
    pub link: Option<String>,
    /// The extension or login id.
    pub value: String,
}

impl Place {
    /// Reads `2001` or `avaya-bj/2001`.
    pub fn new(text: &str) -> Self {
        let bound = text.split_once('/').and_then(|(name, value)| Some((SourceId::new(name).ok()?, value)));
        match bound {
            Some((name, value)) => Self { link: Some(name.source()), value: value.to_owned() },
            None => Self { link: None, value: text.to_owned() },
        }
    }

    fn is(&self, link: &str, value: &str) -> bool {
        self.value == value && self.link.as_deref().is_none_or(|bound| bound == link)
    }
}

impl Seat {
    /// The seat a token is bound to; `None` if it is bound to none.
    pub fn new(extension: Option<&str>, agent: Option<&str>) -> Option<Self> {
        let place = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(Place::new);
        let seat = Self { extension: place(extension), agent: place(agent) };
        (seat != Self::default()).then_some(seat)
    }

    /// Whether a pop for `device` at `link` is for this seat.
    ///
    /// Where both sides know the agent he decides: at an extension that two people share, nobody sees the other's pops.
    pub fn sees(&self, link: &str, device: &Device) -> bool {
        match (&self.agent, &device.agent) {
            (Some(mine), Some(agent)) => mine.is(link, agent),
            _ => self.extension.as_ref().is_some_and(|mine| mine.is(link, &device.extension)),
        }
    }
}

/// A caller whose token is good.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The token, without its secret.
    pub token: Token,
    /// The secret, to look again whether a long stream may go on.
    pub(super) secret: SecretString,
}

impl Caller {
    /// Whether one of the token's scopes is `scope`, or `admin`.
    pub fn may(&self, scope: Scope) -> bool {
        self.token.scopes.iter().any(|word| word == scope.word() || word == Scope::Admin.word())
    }

    /// 403 unless he has one of `scopes`.
    pub fn require(&self, scopes: &[Scope]) -> Result<(), Problem> {
        if scopes.iter().any(|scope| self.may(*scope)) {
            return Ok(());
        }
        let words: Vec<_> = scopes.iter().map(|scope| scope.word()).collect();
        Err(Problem::forbidden(&words.join(" or ")))
    }

    /// The seat of an agent; 403 without the scope or the binding.
    pub fn seat(&self) -> Result<Seat, Problem> {
        self.require(&[Scope::Agent, Scope::Desk])?;
        self.bound_seat().ok_or_else(|| Problem::forbidden("agent, bound to an extension or an agent id"))
    }

    /// The seat the token is bound to, if any.
    pub fn bound_seat(&self) -> Option<Seat> {
        Seat::new(self.token.extension.as_deref(), self.token.agent.as_deref())
    }

    /// The name that remarks carry: the agent's login id, or the token's name.
    pub fn author(&self) -> String {
        self.bound_seat().and_then(|seat| seat.agent).map_or_else(|| self.token.name.clone(), |agent| agent.value)
    }

    /// Whether the token still works at `now` as far as its own dates say.
    pub fn lasts(&self, now: Timestamp) -> bool {
        self.token.expires.is_none_or(|end| end > now) && self.token.revoked.is_none()
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
        let Some(secret) = bearer(&parts.headers) else {
            let token = app.settings().default_token.as_ref().filter(|_| from_this_machine(peer, &parts.headers));
            return match token {
                Some(token) => app.admit(peer, token.expose_secret()).await,
                None => Err(Problem::unauthorized()),
            };
        };
        app.admit(peer, secret).await
    }
}

/// The token of `Authorization: Bearer …`; `None` for anything else, and for what no token looks like.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let fits = scheme.eq_ignore_ascii_case("bearer") && (1..=256).contains(&secret.len());
    fits.then_some(secret)
}

/// A person's own browser on this machine: no proxy in between, no foreign page, no name that was re-bound to us.
fn from_this_machine(peer: IpAddr, headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(host, |(name, _)| name);
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    peer.to_canonical().is_loopback()
        && !headers.contains_key(header::AUTHORIZATION)
        && matches!(name, "localhost" | "127.0.0.1" | "[::1]")
        && !headers.contains_key(header::FORWARDED)
        && !headers.contains_key("x-forwarded-for")
        && site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(extension: &str, agent: Option<&str>) -> Device {
        Device { extension: extension.into(), agent: agent.map(Into::into) }
    }

    #[test]
    fn two_people_at_one_extension_do_not_see_each_others_pops() {
        let seat = Seat::new(Some("2001"), Some("7001")).expect("bound");
        assert!(seat.sees("/connectors/avaya-bj", &device("2001", Some("7001"))));
        assert!(seat.sees("/connectors/avaya-bj", &device("2001", None)));
        assert!(!seat.sees("/connectors/avaya-bj", &device("2001", Some("7002"))));
    }

    #[test]
    fn the_same_extension_at_two_sites_is_two_seats() {
        let seat = Seat::new(Some("avaya-bj/2001"), None).expect("bound");
        assert!(seat.sees("/connectors/avaya-bj", &device("2001", None)));
        assert!(!seat.sees("/connectors/avaya-sh", &device("2001", None)));
    }

    #[test]
    fn an_agent_is_followed_to_another_extension() {
        let seat = Seat::new(None, Some("7001")).expect("bound");
        assert!(seat.sees("/connectors/a", &device("2044", Some("7001"))));
        assert!(!seat.sees("/connectors/a", &device("2044", None)));
    }

    #[test]
    fn only_a_browser_on_this_machine_goes_without_a_token() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:8080".parse().expect("valid"));
        let here = IpAddr::from([127, 0, 0, 1]);
        assert!(from_this_machine(here, &headers));
        assert!(!from_this_machine(IpAddr::from([10, 0, 0, 9]), &headers));
        headers.insert("x-forwarded-for", "10.0.0.9".parse().expect("valid"));
        assert!(!from_this_machine(here, &headers));
        headers.remove("x-forwarded-for");
        headers.insert("sec-fetch-site", "cross-site".parse().expect("valid"));
        assert!(!from_this_machine(here, &headers));
        headers.remove("sec-fetch-site");
        headers.insert(header::HOST, "rebound.example:8080".parse().expect("valid"));
        assert!(!from_this_machine(here, &headers));
    }
}

//! axum's extractors, with a [`Problem`] for every rejection.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Json, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let read = Json::<T>::from_request(request, state).await;
        let Json(value) =
            read.map_err(|error: JsonRejection| Problem::new(error.status(), sentence(&error.body_text())))?;
        Ok(Self(value))
    }
}

/// The query string.
pub(super) struct Parameters<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        let Query(value) = read.map_err(|error: QueryRejection| Problem::senseless(sentence(&error.body_text())))?;
        Ok(Self(value))
    }
}

/// A part of the path; one that does not fit its type names nothing.
pub(super) struct Segment<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segment<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        let Path(value) = read.map_err(|_: PathRejection| Problem::missing("thing"))?;
        Ok(Self(value))
    }
}

/// What a decoder says may quote the request; control characters must not reach a log or a terminal.
///
/// The key and what is wrong with it are enough; that something was to be deserialized is the decoder's own affair.
fn sentence(text: &str) -> String {
    let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(text);
    text.chars().filter(|character| !character.is_control()).take(300).collect()
}

//! The limits of a class, around its routes.
//!
//! Must not know what the routes answer. Invariant: what is refused is answered at once, with a status and a reason.

use super::class::{Class, Pages};
use super::places::Taken;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::error_handling::HandleErrorLayer;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http_body_util::Limited;
use std::sync::Arc;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::error::Overloaded;
use tower::{BoxError, ServiceBuilder};

/// Returns the routes of some pages within the limits of their class.
pub(super) fn limited(pages: Pages) -> Router {
    let class = pages.class;
    let limits = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(refused))
        .load_shed()
        .layer(GlobalConcurrencyLimitLayer::new(class.in_flight_max))
        .timeout(class.answer_time_max);
    let enter = from_fn(move |request, next| enter(class, request, next));
    // axum's own limit of bodies concerns some ways to read one only; ours is around the body itself.
    let router = pages.router.layer(DefaultBodyLimit::disable());
    router.layer(limits).layer(enter)
}

/// Gives a request's connection a place in its class, and its body a limit.
async fn enter(class: Class, request: Request, next: Next) -> Response {
    let place = request.extensions().get::<Arc<Taken>>().cloned();
    if place.as_ref().is_some_and(|place| !place.enter(&class)) {
        return busy();
    }
    let response = match request.body().size_hint().lower() > class.body_bytes_max as u64 {
        true => too_large(class.body_bytes_max),
        false => {
            let limited = |body| Body::new(Limited::new(body, class.body_bytes_max));
            next.run(request.map(limited)).await
        }
    };
    if let Some(place) = place {
        place.answered();
    }
    response
}

/// Says why a request was not answered, in words that the sender may read.
async fn refused(error: BoxError) -> Response {
    match error.is::<Overloaded>() {
        true => busy(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the answer took too long\n").into_response(),
    }
}

fn busy() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    // The connection is worth more to somebody else.
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let reason = "too many requests of this kind at a time\n";
    (StatusCode::SERVICE_UNAVAILABLE, headers, reason).into_response()
}

fn too_large(bytes_max: usize) -> Response {
    let reason = format!("the body is larger than {bytes_max} bytes\n");
    (StatusCode::PAYLOAD_TOO_LARGE, reason).into_response()
}

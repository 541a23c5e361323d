//! `Idempotency-Key` on every POST: the same request with the same key is carried out once and answered twice alike.
//!
//! This stands between the door and the routes, so a new route has it without a line of its own. Orders keep their answer
//! in the transaction that accepts them, and a courier's actions go by ids of their own; positions and photos may be sent
//! again by their nature.

use super::auth::Credential;
use super::body;
use super::catalogue as c;
use super::extract::idempotency_key_of;
use super::problem::Problem;
use crate::app::App;
use crate::app::once::{Fence, Kept, RequestKey, Taken};
use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use sha2::{Digest, Sha256};
use std::future::ready;

/// A request that is being carried out is worth asking about again after this, in seconds.
const ASK_AGAIN_S: u64 = 1;

/// Whether this route's answers are remembered here.
pub fn honours(path: &str) -> bool {
    const BY_THEMSELVES: [&str; 4] =
        ["/v1/orders", "/v1/courier/actions", "/v1/courier/positions", "/v1/courier/photos"];
    // Nobody is known yet whose key it could be.
    let signs_in = path.starts_with("/v1/courier/sign_in/");
    path.starts_with("/v1/") && !signs_in && !BY_THEMSELVES.contains(&path)
}

/// Whose key it is: the credential's owner, or who holds a customer's link.
fn scope(request: &ServiceRequest) -> Option<String> {
    if let Some(token) = ["/v1/c/", "/v1/w/"].iter().find_map(|start| request.path().strip_prefix(start)) {
        let token = token.split('/').next().unwrap_or_default();
        let hash = Sha256::digest(token.as_bytes());
        return Some(format!("link:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
    }
    request.extensions().get::<Credential>().and_then(Credential::scope)
}

/// The middleware.
///
/// # Errors
/// `invalid_header`, `request_in_flight`, `idempotency_key_reused`; those of the inner service.
pub async fn once<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let named = request.method() == Method::POST && request.headers().contains_key("idempotency-key");
    let scope = if named && honours(request.path()) { scope(&request) } else { None };
    let app = request.app_data::<web::Data<App>>().cloned();
    let (Some(scope), Some(app)) = (scope, app) else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let Some(key) = idempotency_key_of(request.headers())? else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let fingerprint = fingerprint(&mut request).await?;
    let known = RequestKey { scope, key, fingerprint };
    match app.take_request(&known).await.map_err(Problem::from)? {
        Taken::Fresh(fence) => carry_out(&app, &known, fence, request, next).await,
        Taken::Answered(kept) => Ok(request.into_response(again(kept)).map_into_boxed_body()),
        Taken::InFlight => {
            let detail = "A request with this key is being carried out.";
            Err(Problem::new(c::REQUEST_IN_FLIGHT, detail).retry_after(ASK_AGAIN_S).into())
        }
        Taken::Reused => {
            Err(Problem::new(c::IDEMPOTENCY_KEY_REUSED, "This key was used for another request.").into())
        }
    }
}

/// SHA-256 of method, address and body; the body is put back for the route.
async fn fingerprint(request: &mut ServiceRequest) -> Result<Vec<u8>, Problem> {
    let payload = request.take_payload();
    let bytes = body::read(request.request(), payload).await?;
    let mut hash = Sha256::new();
    hash.update(format!("{} {}\n", request.method(), request.uri()));
    hash.update(&bytes);
    let stream = futures_util::stream::once(ready(Ok(bytes)));
    request.set_payload(Payload::Stream { payload: Box::pin(stream) });
    Ok(hash.finalize().to_vec())
}

async fn carry_out<B: MessageBody + 'static>(
    app: &App,
    known: &RequestKey,
    fence: Fence,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = match next.call(request).await {
        Ok(response) if response.status().is_success() => response,
        other => {
            // Nothing happened: whoever mends the request may use the key again.
            if let Err(error) = app.release_request(known, fence).await {
                tracing::warn!(%error, "a request's key could not be freed");
            }
            return other.map(ServiceResponse::map_into_boxed_body);
        }
    };
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let bytes = to_bytes(body).await.map_err(|_| Problem::new(c::INTERNAL, "An answer broke off."))?;
    let kept =
        Kept { status: response.status().as_u16(), body: String::from_utf8_lossy(&bytes).into_owned() };
    if let Err(error) = app.settle_request(known, fence, &kept).await {
        tracing::warn!(%error, "an answer could not be kept for its key");
    }
    Ok(ServiceResponse::new(request, response.set_body(bytes).map_into_boxed_body()))
}

fn again(kept: Kept) -> HttpResponse {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.insert_header(("idempotent-replayed", "true"));
    if kept.body.is_empty() {
        return response.finish();
    }
    response.content_type("application/json").body(kept.body)
}

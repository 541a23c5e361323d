//! Photos as proof.

use crate::app::App;
use crate::app::courier::photos::{self, NewPhoto, kind_of};
use crate::http::auth::CourierCaller;
use crate::http::body;
use crate::http::catalogue as c;
use crate::http::extract::id_in;
use crate::http::problem::{Problem, ProblemDocument};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

/// Bytes of a photo at most.
const MOST_BYTES: usize = 256 * 1024;

/// Of what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PhotoQuery {
    /// `dlv_…`, on the courier's run.
    delivery_id: String,
}

/// A kept photo.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoView {
    /// `pho_…`
    photo_id: String,
}

fn stated(request: &HttpRequest) -> Result<String, Problem> {
    let value =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if ["image/jpeg", "image/png"].contains(&kind.as_str()) {
        return Ok(kind);
    }
    Err(Problem::new(c::UNSUPPORTED_TYPE, "A photo is image/jpeg or image/png."))
}

/// Keep a photo, at most 256 KiB, before the action that names it is handed in.
#[utoipa::path(tag = "couriers", params(PhotoQuery), request_body(content = Vec<u8>, content_type = "image/jpeg"),
    responses((status = 201, body = PhotoView), (status = 404, body = ProblemDocument), (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/courier/photos")]
pub async fn keep(
    app: web::Data<App>,
    caller: CourierCaller,
    request: HttpRequest,
    query: web::Query<PhotoQuery>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let caller = caller.acting()?;
    let delivery = id_in("delivery_id", &query.delivery_id)?;
    let stated = stated(&request)?;
    let bytes = body::read(&request, payload.into_inner()).await?;
    if bytes.len() > MOST_BYTES {
        return Err(Problem::new(c::TOO_LARGE, format!("The limit is {MOST_BYTES} bytes.")));
    }
    let content_type = kind_of(&bytes).filter(|kind| *kind == stated);
    let content_type = content_type
        .ok_or_else(|| Problem::invalid("body", "not_an_image", format!("These bytes are no {stated}.")))?;
    let photo =
        photos::keep(&app, caller.courier, NewPhoto { delivery, content_type, bytes: bytes.to_vec() })
            .await?;
    Ok(HttpResponse::Created().json(PhotoView { photo_id: photo.to_string() }))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(keep);
}

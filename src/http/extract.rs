//! Small things many routes read: ids in paths, versions in headers, idempotency keys.

use super::catalogue as c;
use super::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use std::str::FromStr;

/// An id in a path. What cannot be an id is answered like an id nobody has.
///
/// # Errors
/// `not_found`.
pub fn id<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// An id in a body or a query.
///
/// # Errors
/// `invalid_id` at `param`.
pub fn id_in<T: FromStr>(param: &str, text: &str) -> Result<T, Problem>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| {
        let fault = super::problem::Fault::new(param, "invalid_id", error.to_string());
        Problem::new(c::INVALID_ID, format!("{param}: {error}.")).with_faults(vec![fault])
    })
}

/// The version of an `If-Match` header, if there is one; `*` matches any.
///
/// # Errors
/// `invalid_header` for anything that is not one version.
pub fn if_match(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let Some(value) = request.headers().get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.trim_matches('"').parse();
    number
        .map(Some)
        .map_err(|_| Problem::new(c::INVALID_HEADER, "If-Match takes one version as ETag gave it."))
}

/// The value of an `ETag` header.
pub fn etag(version: i64) -> (header::HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}

/// Whether a percent-encoded text is UTF-8 without control characters once it is decoded.
pub fn is_text(encoded: &str) -> bool {
    let mut parts = encoded.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).map(|digits| u8::from_str_radix(digits, 16)) {
            Some(Ok(byte)) => {
                bytes.push(byte);
                bytes.extend(part.bytes().skip(2));
            }
            // A per cent sign that begins nothing stands for itself.
            _ => bytes.extend(part.bytes()),
        }
    }
    std::str::from_utf8(&bytes).is_ok_and(|text| !text.chars().any(char::is_control))
}

/// 200 with a resource and its version.
pub fn versioned(version: i64, view: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag(version)).json(view)
}

/// 201 with a resource, its version and its address.
pub fn created(location: String, version: i64, view: impl Serialize) -> HttpResponse {
    HttpResponse::Created()
        .insert_header(etag(version))
        .insert_header((header::LOCATION, location))
        .json(view)
}

/// The `Idempotency-Key` of a request, if there is one.
///
/// # Errors
/// `invalid_header` unless it has 1 to 255 visible ASCII characters.
pub fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    idempotency_key_of(request.headers())
}

/// The same, from the headers.
///
/// # Errors
/// As [`idempotency_key`].
pub fn idempotency_key_of(headers: &header::HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let fits = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        Ok(Some(text.to_owned()))
    } else {
        Err(Problem::new(c::INVALID_HEADER, "Idempotency-Key takes 1 to 255 visible ASCII characters."))
    }
}

//! The JSON body: size, time, encoding, depth, types and unknown fields are each refused with their own code before a
//! handler sees anything.

use super::catalogue as c;
use super::problem::{Fault, Problem};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Limits of a body.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Bytes at most.
    pub bytes: usize,
    /// The whole body must be here within this.
    pub within: Duration,
}

/// A JSON body that was read in time and has exactly the fields of `T`; keeps the bytes for fingerprints.
#[derive(Debug)]
pub struct Json<T> {
    /// What it says.
    pub value: T,
    /// What it was.
    pub bytes: web::Bytes,
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            super::auth::admitted(&request).await?;
            check_type(&request)?;
            let bytes = read(&request, payload).await?;
            let value = parse(&bytes)?;
            Ok(Json { value, bytes })
        })
    }
}

/// Refuses a body that says it is something other than JSON.
///
/// # Errors
/// `unsupported_type`.
pub fn check_type(request: &HttpRequest) -> Result<(), Problem> {
    let stated = request.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    let stated = stated.unwrap_or_default();
    let kind = stated.split(';').next().unwrap_or_default().trim();
    let json = kind.eq_ignore_ascii_case("application/json")
        || kind.eq_ignore_ascii_case("application/geo+json")
        || kind.is_empty();
    if json {
        Ok(())
    } else {
        Err(Problem::new(c::UNSUPPORTED_TYPE, format!("'{kind}' is not application/json.")))
    }
}

/// Reads a body within the limits of this application.
///
/// # Errors
/// `too_large`, `body_timeout`, `malformed_json` for a broken transfer.
pub async fn read(request: &HttpRequest, payload: Payload) -> Result<web::Bytes, Problem> {
    let limits = request.app_data::<BodyLimits>().copied();
    let limits = limits.unwrap_or(BodyLimits { bytes: 262_144, within: Duration::from_secs(10) });
    read_within(request, payload, limits).await
}

/// Reads a body within limits of its own.
///
/// # Errors
/// As [`read`].
pub async fn read_within(
    request: &HttpRequest,
    payload: Payload,
    limits: BodyLimits,
) -> Result<web::Bytes, Problem> {
    let too_large = || Problem::new(c::TOO_LARGE, format!("The limit is {} bytes.", limits.bytes));
    let stated = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if stated.is_some_and(|length| length > limits.bytes) {
        return Err(too_large());
    }
    let collect = async {
        let mut payload = payload;
        let mut bytes = web::BytesMut::with_capacity(stated.unwrap_or(1024).min(limits.bytes));
        while let Some(chunk) = payload.next().await {
            let chunk =
                chunk.map_err(|_| Problem::new(c::MALFORMED_JSON, "The transfer of the body broke off."))?;
            if bytes.len() + chunk.len() > limits.bytes {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    };
    let late = || {
        Problem::new(
            c::BODY_TIMEOUT,
            format!("The body was not here within {} ms.", limits.within.as_millis()),
        )
    };
    tokio::time::timeout(limits.within, collect).await.unwrap_or_else(|_| Err(late()))
}

/// The text of a body.
///
/// # Errors
/// `invalid_utf8`.
pub fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        Problem::new(c::INVALID_UTF8, format!("Byte {} does not continue UTF-8.", error.valid_up_to()))
    })
}

/// Reads `T` from JSON.
///
/// # Errors
/// The specific problem: encoding, syntax, depth, unknown or missing field, wrong type, with its path.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = utf8(bytes)?;
    if is_deeper_than(text, MOST_LEVELS) {
        return Err(Problem::new(
            c::TOO_DEEP,
            format!("More than {MOST_LEVELS} levels of arrays and objects."),
        ));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        explain(error.into_inner(), &path)
    })?;
    reader.end().map_err(|error| explain(error, "."))?;
    Ok(value)
}

/// Levels of arrays and objects at most; GeoJSON needs eight.
const MOST_LEVELS: usize = 32;

/// Counts brackets outside strings; cheap, and it never recurses.
fn is_deeper_than(text: &str, most: usize) -> bool {
    let (mut level, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => level += 1,
            b']' | b'}' if !in_string => level = level.saturating_sub(1),
            _ => {}
        }
        if level > most {
            return true;
        }
    }
    false
}

fn explain(error: serde_json::Error, path: &str) -> Problem {
    let said = error.to_string();
    // Inside a value that was read ahead, such as a command's fields, there is no place.
    let at = match error.line() {
        0 => String::new(),
        line => format!(" at line {line} column {}", error.column()),
    };
    let said = said.trim_end_matches(at.as_str()).to_owned();
    let mut param = if path == "." { String::new() } else { path.to_owned() };
    if let Some(name) = said.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        param = if param.is_empty() { name.to_owned() } else { format!("{param}.{name}") };
    }
    if said.contains("recursion limit") {
        return Problem::new(c::TOO_DEEP, format!("Nested too deeply{at}."));
    }
    if !error.is_data() {
        return Problem::new(c::MALFORMED_JSON, format!("{said}{at}."));
    }
    let entry = if said.starts_with("unknown field") {
        c::UNKNOWN_FIELD
    } else if said.starts_with("missing field") {
        c::MISSING_FIELD
    } else if said.starts_with("duplicate field") {
        c::MALFORMED_JSON
    } else {
        c::WRONG_TYPE
    };
    Problem::new(entry, format!("{said}{at}.")).with_faults(vec![Fault::new(param, entry.code, said)])
}

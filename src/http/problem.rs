//! RFC 9457 problem documents. Nothing internal leaks: causes go to the log under the request id.

use super::catalogue::{self as c, Entry};
use crate::app::Error;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, ResponseError};
use callahead_domain::delivery::Refusal;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt;
use utoipa::ToSchema;

/// A problem on its way to the caller. Boxed, so that a handler's result stays small.
#[derive(Debug, Clone)]
pub struct Problem(Box<Facts>);

#[derive(Debug, Clone)]
struct Facts {
    entry: Entry,
    code: &'static str,
    detail: String,
    errors: Vec<Fault>,
    extra: Map<String, Value>,
    headers: Vec<(HeaderName, String)>,
}

/// One faulty value.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Fault {
    /// Where, as a path: `customer.phone`, `features[3]`.
    pub param: String,
    /// Stable code.
    pub code: String,
    /// What is wrong and what is allowed.
    pub detail: String,
}

impl Fault {
    /// A fault at a path.
    pub fn new(param: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Fault {
        Fault { param: param.into(), code: code.into(), detail: detail.into() }
    }
}

/// The document, for the OpenAPI description.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// Address of the description of this code.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short title.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// What happened here.
    pub detail: String,
    /// The faulty parameter, if there is one.
    pub param: Option<String>,
    /// Id of the request, also in `x-request-id`.
    pub request_id: String,
    /// Each faulty value.
    pub errors: Option<Vec<Fault>>,
    /// State of the delivery, for a refused command.
    pub current_state: Option<Value>,
    /// Commands the caller may ask for now.
    pub allowed: Option<Vec<String>>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(entry: Entry, detail: impl Into<String>) -> Problem {
        Problem(Box::new(Facts {
            entry,
            code: entry.code,
            detail: detail.into(),
            errors: Vec::new(),
            extra: Map::new(),
            headers: Vec::new(),
        }))
    }

    /// Nothing here, or nothing for you: the two look alike.
    pub fn not_found() -> Problem {
        Problem::new(c::NOT_FOUND, "There is nothing at this address for this credential.")
    }

    /// One invalid value.
    pub fn invalid(param: &str, code: &str, detail: impl Into<String>) -> Problem {
        Problem::new(c::INVALID, "A value is not allowed.").with_faults(vec![Fault::new(param, code, detail)])
    }

    /// With faulty values.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Problem {
        self.0.errors = faults;
        self
    }

    /// With a member of its own.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Problem {
        self.0.extra.insert(name.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// With a Retry-After.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Problem {
        self.header(header::RETRY_AFTER, seconds.to_string())
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: String) -> Problem {
        self.0.headers.push((name, value));
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What happened, in words.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.entry.status
    }

    /// The response, with the id of its request.
    pub fn response(&self, request_id: &str) -> HttpResponse {
        let mut body = Map::new();
        body.insert("type".to_owned(), json!(format!("{}#{}", super::docs::ERRORS, self.0.code)));
        body.insert("title".to_owned(), json!(self.0.entry.title));
        body.insert("status".to_owned(), json!(self.0.entry.status));
        body.insert("code".to_owned(), json!(self.0.code));
        body.insert("detail".to_owned(), json!(self.0.detail));
        body.insert("request_id".to_owned(), json!(request_id));
        if let Some(first) = self.0.errors.first() {
            body.insert("param".to_owned(), json!(first.param));
            body.insert("errors".to_owned(), json!(self.0.errors));
        }
        body.extend(self.0.extra.clone());
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        response.body(Value::Object(body).to_string())
    }

    /// A refused command: 409 when the state was in the way, 422 when the content was.
    pub fn refused(refusal: &Refusal) -> Problem {
        let entry = if refusal.is_conflict() { c::ILLEGAL_TRANSITION } else { c::RULE_BROKEN };
        let entry = if matches!(refusal, Refusal::RoleMayNot { .. }) { c::FORBIDDEN } else { entry };
        Problem::new(entry, refusal.to_string()).coded(refusal.code())
    }

    /// The same kind of problem with a more telling code.
    fn coded(mut self, code: &'static str) -> Problem {
        self.0.code = code;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.entry.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.response("")
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::Refused(refused) => {
                let problem = Problem::refused(&refused.refusal);
                match refused.standing {
                    Some(standing) => problem
                        .with("current_state", json!({"stage": standing.stage, "gate": standing.gate, "payment": standing.payment}))
                        .with("allowed", standing.allowed),
                    None => problem,
                }
            }
            Error::Rule(rule) => {
                let entry = c::ALL.iter().find(|entry| entry.code == rule.code).copied();
                let mut problem = Problem::new(entry.unwrap_or(c::RULE_BROKEN), rule.detail).coded(rule.code);
                if let Some(param) = rule.param {
                    problem.0.errors = vec![Fault::new(param, rule.code, problem.0.detail.clone())];
                }
                problem.0.extra.extend(rule.facts);
                problem
            }
            Error::Stale => Problem::new(c::CONFLICT, "Somebody else changed it at the same time."),
            Error::StaleVersion { current } => {
                Problem::new(c::STALE_VERSION, format!("The current version is {current}."))
                    .with("current_version", current)
            }
            Error::Missing => Problem::not_found(),
            Error::Conflict { .. } => Problem::new(c::DUPLICATE, "Such a thing exists already."),
            Error::Overloaded => Problem::new(c::OVERLOADED, "The write queue is full.").retry_after(1),
            Error::Unavailable(cause) => {
                tracing::error!(%cause, "database unavailable");
                Problem::new(c::UNAVAILABLE, "The database cannot be reached.").retry_after(2)
            }
            Error::Internal(cause) => {
                tracing::error!(%cause, "internal error");
                Problem::new(c::INTERNAL, "Something went wrong on our side; nothing was half done.")
            }
        }
    }
}

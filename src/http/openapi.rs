//! The OpenAPI 3.1 description, made from the routes, and the page to read it with.

use super::catalogue::ALL;
use actix_web::http::Method;
use utoipa::Modify;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Content, Info, Object, OpenApi, OpenApiBuilder, Ref, RefOr, Required, Response, SecurityRequirement, Type,
};

/// Where the description is served.
pub const PATH: &str = "/openapi.json";

/// Everything but the paths and schemas, which the routes bring.
pub fn base() -> OpenApi {
    let info = Info::builder()
        .title("Callahead")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Delivery dispatch and courier coordination. Nobody goes to a door without an answer, and nobody pays before \
             the parcel is in their hands.\n\nErrors are `application/problem+json` with a stable `code`. Lists take \
             `limit` and `after`. Mutable resources carry an `ETag` and honour `If-Match`. A POST with an `Idempotency-Key` may \
             be sent again. A query parameter or a field of a body that an address does not know is refused.",
        ))
        .build();
    let mut api = OpenApiBuilder::new().info(info).build();
    Bearer.modify(&mut api);
    api
}

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, api: &mut OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description = Some("A shop's key (chs_…), a dispatcher's (chd_…), an operator's (cho_…) or a courier's session (chc_…).".to_owned());
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        api.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    }
}

/// The operations of a path, with their methods.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Each path of the description with the methods it takes.
pub fn addresses(api: &mut OpenApi) -> Vec<(String, Vec<Method>)> {
    let paths = api.paths.paths.iter_mut();
    paths.map(|(path, item)| (path.clone(), operations(item).map(|(method, _)| method).collect())).collect()
}

/// Adds what the routes have in common: which need no credential, and the problems any of them may answer with.
pub fn complete(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        let public = ["/v1/c/", "/v1/w/", "/v1/pay/", "/v1/courier/sign_in/", "/health/"]
            .iter()
            .any(|start| path.starts_with(start));
        for (_, operation) in operations(item) {
            if public {
                operation.security = Some(Vec::new());
            }
            for response in operation.responses.responses.values_mut() {
                as_problem(response);
            }
            for status in common(operation, public, path.starts_with("/health/")) {
                let told = operation.responses.responses.entry(status.to_string());
                told.or_insert_with(|| problem(status));
            }
        }
    }
}

/// Statuses of problems that follow from what an operation reads.
fn common(operation: &Operation, public: bool, health: bool) -> Vec<u16> {
    let mut statuses = vec![500];
    if health {
        return statuses;
    }
    // A parameter that is not known is refused everywhere.
    statuses.extend([400, 429, 503]);
    if !public {
        statuses.extend([401, 403]);
    }
    let parameters = operation.parameters.iter().flatten();
    for parameter in parameters.filter_map(|one| if let RefOr::T(one) = one { Some(one) } else { None }) {
        statuses.push(if parameter.parameter_in == ParameterIn::Path { 404 } else { 400 });
    }
    if operation.request_body.is_some() {
        statuses.extend([400, 408, 413, 415, 422]);
    }
    statuses
}

const PROBLEM: &str = "ProblemDocument";

/// A problem is `application/problem+json`, which the routes need not repeat.
fn as_problem(response: &mut RefOr<Response>) {
    let RefOr::T(response) = response else { return };
    let is_problem = |content: &RefOr<Content>| {
        matches!(content, RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. })
            if schema.ref_location.ends_with(PROBLEM))
    };
    if let Some(content) = response.content.shift_remove("application/json") {
        let kind = if is_problem(&content) { "application/problem+json" } else { "application/json" };
        response.content.insert(kind.to_owned(), content);
    }
}

fn problem(status: u16) -> RefOr<Response> {
    let codes = ALL.iter().filter(|entry| entry.status == status).map(|entry| format!("`{}`", entry.code));
    let mut response = Response::new(codes.collect::<Vec<_>>().join(", "));
    let schema = Ref::from_schema_name(PROBLEM);
    response.content.insert("application/problem+json".to_owned(), RefOr::T(Content::new(Some(schema))));
    RefOr::T(response)
}

/// Every POST that remembers its answer says so.
pub fn name_idempotency_keys(api: &mut OpenApi, honours: fn(&str) -> bool) {
    for (path, item) in &mut api.paths.paths {
        let Some(operation) = item.post.as_mut().filter(|_| honours(path)) else { continue };
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "1 to 255 visible characters. Sent again with the same key and body, a request that succeeded is not \
                 carried out again: its answer comes back with `Idempotent-Replayed: true`. 409 `request_in_flight` while \
                 it is being carried out, 422 `idempotency_key_reused` for another request.",
            ))
            .schema(Some(Object::with_type(Type::String)));
        operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
        for status in [409, 422] {
            let told = operation.responses.responses.entry(status.to_string());
            told.or_insert_with(|| problem(status));
        }
    }
}

/// The description as it is served and checked in.
///
/// # Errors
/// Never in practice: the description is plain data.
pub fn text(api: &OpenApi) -> Result<String, serde_json::Error> {
    let mut text = api.to_pretty_json()?;
    text.push('\n');
    Ok(text)
}

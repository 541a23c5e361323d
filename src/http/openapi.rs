//! The OpenAPI 3.1 description, made from the routes, and the page to read it with.

use utoipa::Modify;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder, SecurityRequirement};

/// Everything but the paths and schemas, which the routes bring.
pub fn base() -> OpenApi {
    let info = Info::builder()
        .title("Callahead")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Delivery dispatch and courier coordination. Nobody goes to a door without an answer, and nobody pays before \
             the parcel is in their hands.\n\nErrors are `application/problem+json` with a stable `code`. Lists take \
             `limit` and `after`. Mutable resources carry an `ETag` and honour `If-Match`.",
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

/// Routes that need no credential say so.
pub fn open_public_paths(api: &mut OpenApi) {
    let public = |path: &str| {
        path.starts_with("/v1/c/") || path.starts_with("/v1/courier/sign_in/") || path.starts_with("/health/")
    };
    for (path, item) in &mut api.paths.paths {
        if public(path) {
            for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete]
                .into_iter()
                .flatten()
            {
                operation.security = Some(Vec::new());
            }
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

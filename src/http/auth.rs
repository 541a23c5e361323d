//! Who is calling. One extractor for each role; a route names the one it needs, so its signature says who may come in.

use super::catalogue as c;
use super::limits;
use super::problem::Problem;
use super::query;
use crate::app::App;
use crate::app::auth::{Principal, authenticate};
use crate::app::wallet::Books;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use callahead_domain::actor::Actor;
use callahead_domain::id::{CourierId, KeyId, SessionId, ShopId};
use std::future::{Ready, ready};
use tokio::sync::oneshot;

/// What the middleware found out about a request's credential.
#[derive(Debug, Clone)]
pub struct Credential(Result<Principal, Problem>);

impl Credential {
    /// Whose remembered answers a request's key is looked for among; `None` for a credential that is not valid.
    pub fn scope(&self) -> Option<String> {
        Some(match self.0.as_ref().ok()? {
            Principal::Shop { shop, .. } => shop.to_string(),
            Principal::Dispatcher { key } | Principal::Operator { key } => key.to_string(),
            Principal::Courier { courier, .. } => courier.to_string(),
        })
    }
}

/// Looks a request's credential up before the router sees the request, so that a caller who may not come in learns
/// nothing about what a query or a body must look like: the role's extractor comes first and has its answer ready.
/// `None` when there is no credential.
pub async fn look_up(request: &HttpRequest) -> Option<Credential> {
    let token = bearer(request)?;
    Some(Credential(find(request, token).await))
}

async fn find(request: &HttpRequest, token: &str) -> Result<Principal, Problem> {
    let app =
        request.app_data::<web::Data<App>>().ok_or_else(|| Problem::new(c::INTERNAL, "not configured"))?;
    let found = authenticate(app, token).await?;
    let unknown =
        || Problem::new(c::UNAUTHENTICATED, "The credential is not valid: unknown, ended or revoked.");
    let known = found.ok_or_else(unknown)?;
    limits::check_key(request, token)?;
    Ok(known)
}

/// Any valid credential.
fn principal(request: &HttpRequest) -> Result<Principal, Problem> {
    let missing = || Problem::new(c::UNAUTHENTICATED, "The Authorization header is missing.");
    request.extensions().get::<Credential>().cloned().ok_or_else(missing)?.0
}

/// The token of a request's `Authorization` header.
pub fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn forbidden(needs: &str) -> Problem {
    Problem::new(c::FORBIDDEN, format!("This address is for {needs}."))
}

/// Told once the caller of a request is let in, on routes where that takes a look at the path first.
struct Admission(oneshot::Receiver<()>);

/// The door a caller of another kind comes through: what waits for [`admitted`] goes on once something is sent.
pub(in crate::http) fn admission(request: &HttpRequest) -> oneshot::Sender<()> {
    let (admit, admitted) = oneshot::channel();
    request.extensions_mut().insert(Admission(admitted));
    admit
}

/// Waits until the caller is let in, on routes that ask who is calling. Extractors run side by side and the first
/// refusal is the answer; so a stranger's body is neither read nor judged.
///
/// # Errors
/// `unauthenticated` when the caller was refused; the refusal itself is the answer by then.
pub async fn admitted(request: &HttpRequest) -> Result<(), Problem> {
    let waiting = request.extensions_mut().remove::<Admission>();
    match waiting {
        Some(Admission(admitted)) => {
            admitted.await.map_err(|_| Problem::new(c::UNAUTHENTICATED, "The caller was refused."))
        }
        None => Ok(()),
    }
}

macro_rules! role {
    ($(#[$meta:meta])* $name:ident { $($field:ident : $type:ty),* } from $pattern:pat => $build:expr, $needs:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name { $( #[doc = stringify!($field)] pub $field: $type ),* }
        impl FromRequest for $name {
            type Error = Problem;
            type Future = Ready<Result<Self, Problem>>;
            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                ready(principal(request).and_then(|found| match found {
                    $pattern => query::check(request).map(|()| $build),
                    _ => Err(forbidden($needs)),
                }))
            }
        }
    };
}

role! {
    /// A shop's key.
    ShopCaller { shop: ShopId, key: KeyId } from Principal::Shop { shop, key } => ShopCaller { shop, key }, "shops"
}
role! {
    /// An operator's key.
    OperatorCaller { key: KeyId } from Principal::Operator { key } => OperatorCaller { key }, "operators"
}
role! {
    /// A courier's session. `superseded` couriers may read and send old actions only.
    CourierCaller { courier: CourierId, session: SessionId, superseded: bool }
        from Principal::Courier { courier, session, superseded } => CourierCaller { courier, session, superseded }, "couriers"
}

/// A dispatcher's or an operator's key.
#[derive(Debug, Clone, Copy)]
pub struct StaffCaller {
    /// Who acts.
    pub actor: Actor,
}

impl FromRequest for StaffCaller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            principal(request)
                .and_then(|found| match found {
                    Principal::Dispatcher { key } => Ok(StaffCaller { actor: Actor::Dispatcher(key) }),
                    Principal::Operator { key } => Ok(StaffCaller { actor: Actor::Operator(key) }),
                    _ => Err(forbidden("dispatchers and operators")),
                })
                .and_then(|caller| query::check(request).map(|()| caller)),
        )
    }
}

/// An operator, who may look into all books, or a shop, which may look into its own.
#[derive(Debug, Clone, Copy)]
pub struct BooksCaller {
    /// Whose books.
    pub books: Books,
}

impl FromRequest for BooksCaller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let books = principal(request).and_then(|found| match found {
            Principal::Operator { .. } => Ok(Books::All),
            Principal::Shop { shop, .. } => Ok(Books::Of(shop)),
            _ => Err(forbidden("shops and operators")),
        });
        ready(books.and_then(|books| query::check(request).map(|()| BooksCaller { books })))
    }
}

impl CourierCaller {
    /// The newest session acts; an older one reads only.
    ///
    /// # Errors
    /// `session_superseded` for an older session.
    pub fn acting(self) -> Result<CourierCaller, Problem> {
        if self.superseded {
            return Err(Problem::new(c::SESSION_SUPERSEDED, "Another phone signed in after this one."));
        }
        Ok(self)
    }
}

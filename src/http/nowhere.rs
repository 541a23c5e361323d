//! What no route takes: addresses nobody serves, and addresses that take other methods.

use super::catalogue as c;
use super::problem::Problem;
use actix_web::dev::ResourceDef;
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};

/// The API's addresses, each with the methods it takes; those without a variable part come first.
#[derive(Debug)]
pub struct Addresses(Vec<(ResourceDef, Vec<Method>)>);

impl Addresses {
    /// From the paths of the description.
    pub fn new(mut paths: Vec<(String, Vec<Method>)>) -> Addresses {
        paths.sort_by_key(|(path, _)| path.contains('{'));
        let address = |(path, methods): (String, Vec<Method>)| (ResourceDef::new(path), methods);
        Addresses(paths.into_iter().map(address).collect())
    }

    /// The methods an address takes; none when nobody serves it.
    fn methods(&self, path: &str) -> Vec<&str> {
        let served = self.0.iter().find(|(address, _)| address.is_match(path));
        served.into_iter().flat_map(|(_, methods)| methods).map(Method::as_str).collect()
    }
}

/// The answer when no route takes a request.
///
/// # Errors
/// `not_found`, always, unless the address takes another method.
pub async fn nowhere(request: HttpRequest, addresses: web::Data<Addresses>) -> Result<HttpResponse, Problem> {
    let methods = addresses.methods(request.path());
    if methods.is_empty() {
        return Err(Problem::not_found());
    }
    let allowed = methods.join(", ");
    let detail = format!("{} is not taken here; {allowed} is.", request.method());
    let problem = Problem::new(c::METHOD_NOT_ALLOWED, detail);
    Err(problem.header(header::ALLOW, allowed))
}

//! Query parameters: what a route does not know is refused with its own code, as an unknown field of a body is. A
//! `dry_run` that a route passed over would be carried out in earnest.
//!
//! Which parameters a route knows is what its description says; so a new route is checked without a line here.

use super::catalogue as c;
use super::problem::{Fault, Problem};
use actix_web::{HttpRequest, web};
use std::collections::{BTreeSet, HashMap};
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

/// The parameters each route knows, by method and path.
#[derive(Debug, Default)]
pub struct Known(HashMap<String, BTreeSet<String>>);

impl Known {
    /// Those of a description.
    pub fn of(api: &OpenApi) -> Known {
        let mut known = Known::default();
        for (path, item) in &api.paths.paths {
            let operations = [
                ("GET", &item.get),
                ("PUT", &item.put),
                ("POST", &item.post),
                ("DELETE", &item.delete),
                ("PATCH", &item.patch),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    known.0.insert(format!("{method} {path}"), names(operation));
                }
            }
        }
        known
    }

    fn of_route(&self, method: &str, path: &str) -> Option<&BTreeSet<String>> {
        self.0.get(&format!("{method} {path}"))
    }
}

fn names(operation: &Operation) -> BTreeSet<String> {
    let all = operation.parameters.iter().flatten();
    let written = all.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    let in_query = written.filter(|parameter| matches!(parameter.parameter_in, ParameterIn::Query));
    in_query.map(|parameter| parameter.name.clone()).collect()
}

/// A parameter its route does not know.
pub fn unknown(name: &str, known: &BTreeSet<String>) -> Problem {
    let allowed = match known.is_empty() {
        true => "this address takes none".to_owned(),
        false => format!("this address takes {}", known.iter().cloned().collect::<Vec<_>>().join(", ")),
    };
    let shown: String = name.chars().filter(|letter| !letter.is_control()).take(80).collect();
    let fault = Fault::new(shown.clone(), c::UNKNOWN_PARAMETER.code, allowed.clone());
    Problem::new(c::UNKNOWN_PARAMETER, format!("'{shown}' is no parameter here; {allowed}."))
        .with_faults(vec![fault])
}

/// Refuses parameters that the request's route does not know. Asked once it is known that the caller may come in.
///
/// # Errors
/// `unknown_parameter`; `invalid_query` for a query that cannot be read.
pub fn check(request: &HttpRequest) -> Result<(), Problem> {
    let query = request.query_string();
    if query.is_empty() {
        return Ok(());
    }
    let (Some(all), Some(path)) = (request.app_data::<web::Data<Known>>(), request.match_pattern()) else {
        return Ok(());
    };
    let Some(known) = all.of_route(request.method().as_str(), &path) else { return Ok(()) };
    let given = web::Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|error| Problem::new(c::INVALID_QUERY, error.to_string()))?;
    match given.iter().find(|(name, _)| !known.contains(name)) {
        Some((name, _)) => Err(unknown(name, known)),
        None => Ok(()),
    }
}

//! What is wrong with the values of a request or a file, told all at once and each by its place.

use super::Error;
use callahead_domain::policy::{Policy, Tightening};
use serde::Serialize;
use serde_json::{Map, Value};

/// One value that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// Where, as a path: `payment.url`, `features[3]`; empty for the whole.
    pub param: String,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what is allowed.
    pub detail: String,
}

impl Wrong {
    /// A wrong value at a place.
    pub fn new(param: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Wrong {
        Wrong { param: param.into(), code, detail: detail.into() }
    }
}

/// The refusal of a request because of these values.
pub fn refuse(wrong: &[Wrong]) -> Error {
    let first = wrong.first().map(|wrong| wrong.param.as_str()).unwrap_or_default();
    Error::rule("invalid", "A value is not allowed.").fact("param", first).fact("errors", wrong)
}

/// Checks the knobs a region sets for itself over the default ones. The zone is not one of them: it is the region's
/// own. Places begin with `at`.
pub fn wrong_knobs(own: &Map<String, Value>, default: &Policy, at: &str) -> Vec<Wrong> {
    let mut wrong: Vec<Wrong> = own.iter().filter_map(|(name, value)| wrong_knob(name, value, at)).collect();
    if wrong.is_empty() {
        let mut all = serde_json::to_value(default).unwrap_or_default();
        if let Some(all) = all.as_object_mut() {
            all.extend(own.clone());
        }
        match serde_json::from_value::<Policy>(all) {
            Ok(policy) => wrong.extend(out_of_range(&policy, at, |name| own.contains_key(name))),
            Err(error) => wrong.push(Wrong::new(at, "wrong_type", error.to_string())),
        }
    }
    wrong
}

fn wrong_knob(name: &str, value: &Value, at: &str) -> Option<Wrong> {
    let param = format!("{at}.{name}");
    if name == "time_zone" {
        return Some(Wrong::new(
            param,
            "unknown_field",
            "the zone is the region's time_zone, not part of its policy",
        ));
    }
    let single = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
    let said = serde_json::from_value::<Policy>(single).err()?.to_string();
    let code = if said.starts_with("unknown field") { "unknown_field" } else { "wrong_type" };
    Some(Wrong::new(param, code, said))
}

fn out_of_range(policy: &Policy, at: &str, named: impl Fn(&str) -> bool) -> Vec<Wrong> {
    let problems = policy.problems().into_iter().filter(|(name, ..)| named(name));
    problems
        .map(|(name, value, allowed)| {
            Wrong::new(format!("{at}.{name}"), "out_of_range", format!("{value} is not in {allowed}"))
        })
        .collect()
}

/// Checks a shop's stricter wishes against the rules of regions that set none of their own.
pub fn wrong_wishes(wish: &Tightening, default: &Policy, at: &str) -> Vec<Wrong> {
    match default.tightened(wish) {
        Ok(policy) => out_of_range(&policy, at, |_| true),
        Err(refused) => {
            let name = |said: &str| said.split(' ').next().unwrap_or_default().to_owned();
            refused
                .into_iter()
                .map(|said| Wrong::new(format!("{at}.{}", name(&said)), "would_loosen", said))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use serde_json::json;

    fn knobs(own: &Value) -> Vec<(String, &'static str)> {
        let wrong = wrong_knobs(own.as_object().unwrap(), &Policy::default(), "policy");
        wrong.into_iter().map(|wrong| (wrong.param, wrong.code)).collect()
    }

    #[test]
    fn every_wrong_knob_is_named() {
        let found = knobs(&json!({"call_lead_s": "soon", "colour": 1, "time_zone": "UTC", "max_calls": 2}));
        let at = |name: &str| format!("policy.{name}");
        let wanted = vec![
            (at("call_lead_s"), "wrong_type"),
            (at("colour"), "unknown_field"),
            (at("time_zone"), "unknown_field"),
        ];
        assert_eq!(found, wanted);
        let found = knobs(&json!({"call_lead_s": 60, "max_calls": 99}));
        assert_eq!(found, vec![(at("call_lead_s"), "out_of_range"), (at("max_calls"), "out_of_range")]);
        assert_eq!(knobs(&json!({"call_lead_s": 600, "quiet": null, "silence": "return"})), vec![]);
    }

    #[test]
    fn a_shops_wish_that_loosens_or_is_out_of_range_is_named() {
        let default = Policy::default();
        let loose = Tightening { max_attempts: Some(9), notice_lead_s: Some(1), ..Tightening::default() };
        let found = wrong_wishes(&loose, &default, "policy");
        assert_eq!(
            found.iter().map(|wrong| wrong.param.as_str()).collect::<Vec<_>>(),
            ["policy.notice_lead_s", "policy.max_attempts"]
        );
        assert!(found.iter().all(|wrong| wrong.code == "would_loosen"));
        let far = Tightening { notice_lead_s: Some(i64::MAX), ..Tightening::default() };
        assert_eq!(wrong_wishes(&far, &default, "policy")[0].code, "out_of_range");
        let fine = Tightening { max_attempts: Some(1), ..Tightening::default() };
        assert_eq!(wrong_wishes(&fine, &default, "policy"), vec![]);
    }
}

//! Takes settings one by one out of the merged layers and keeps every problem it meets, so that a wrong
//! start is put right in one go. A refused setting yields a stand-in that nobody sees: a reader with
//! problems never becomes a `Config`.

use std::fmt::{self, Display};
use std::ops::RangeInclusive;

use figment::Figment;
use figment::value::Value;
use secrecy::SecretString;

/// One setting that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting's dotted name, such as `server.listen`, or the file that could not be read.
    pub name: String,
    /// Where the value came from, such as `environment variable CALLAHEAD_SERVER__LISTEN`.
    pub origin: String,
    /// The refused value as it was written; secrets are masked, and empty under an unknown name, which
    /// may be a misspelt secret.
    pub value: String,
    /// What is allowed in its place.
    pub allowed: String,
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, origin, value, allowed } = self;
        match value.as_str() {
            "" => write!(f, "{name} (from {origin}): {allowed}"),
            _ => write!(f, "{name} = {value} (from {origin}) is refused; allowed: {allowed}"),
        }
    }
}

/// How much of a setting may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As it is.
    Plain,
    /// As an address without its password.
    Url,
    /// Never, only whether it is set.
    Secret,
    /// As it is, but left out of the reference: for tests of the service itself.
    Hidden,
}

/// A setting the service asked for: what the reference says about it.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The dotted name.
    pub name: &'static str,
    /// What is allowed, in words.
    pub allowed: String,
    /// How much may be shown.
    pub shown: Shown,
    /// The value in force, as it may be shown.
    pub value: String,
    /// Where the value came from.
    pub origin: String,
}

/// Reads typed settings; see the module.
#[derive(Debug)]
pub struct Reader {
    figment: Figment,
    /// What was refused so far.
    pub problems: Vec<Problem>,
    /// What was asked for so far, in order.
    pub asked: Vec<Setting>,
}

impl Reader {
    /// Reads from the merged layers.
    #[must_use]
    pub fn new(figment: Figment) -> Self {
        Self { figment, problems: Vec::new(), asked: Vec::new() }
    }

    /// One setting through `parse`; `allowed` says in words what `parse` takes.
    pub fn get<T>(&mut self, what: Ask, stand_in: T, parse: impl Fn(&Value) -> Option<T>) -> T {
        let Ask { name, shown, allowed } = what;
        let Ok(value) = self.figment.find_value(name) else {
            self.asked.push(Setting { name, allowed, shown, value: "\"\"".into(), origin: "default".into() });
            return stand_in;
        };
        let setting = Setting {
            name,
            shown,
            value: show(&value, shown),
            origin: self.origin(name),
            allowed: allowed.clone(),
        };
        let parsed = parse(&value);
        if parsed.is_none() {
            self.refuse(name, &setting.origin, &setting.value, &allowed);
        }
        self.asked.push(setting);
        parsed.unwrap_or(stand_in)
    }

    /// A whole number within `range`.
    pub fn whole<T>(&mut self, name: &'static str, range: RangeInclusive<i64>) -> T
    where
        T: TryFrom<i64> + Default,
    {
        let allowed = format!("a whole number from {} to {}", range.start(), range.end());
        self.get(Ask::new(name, allowed), T::default(), |value| {
            let number = match value {
                Value::String(_, text) => text.trim().parse().ok()?,
                Value::Num(_, _) => {
                    i64::try_from(value.to_i128().or_else(|| value.to_u128()?.try_into().ok())?).ok()?
                }
                _ => return None,
            };
            range.contains(&number).then(|| T::try_from(number).ok())?
        })
    }

    /// A number within `range`.
    pub fn number(&mut self, name: &'static str, range: RangeInclusive<f64>) -> f64 {
        let allowed = format!("a number from {} to {}", range.start(), range.end());
        self.get(Ask::new(name, allowed), 0.0, |value| {
            let number = match value {
                Value::String(_, text) => text.trim().parse().ok()?,
                _ => value.to_f64().or_else(|| value.to_i128()?.to_string().parse().ok())?,
            };
            range.contains(&number).then_some(number)
        })
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &'static str) -> bool {
        self.get(Ask::new(name, "true or false"), false, |value| match value {
            Value::Bool(_, flag) => Some(*flag),
            Value::String(_, text) => text.trim().parse().ok(),
            _ => None,
        })
    }

    /// Text that `parse` takes.
    pub fn text<T>(&mut self, what: Ask, stand_in: T, parse: impl Fn(&str) -> Option<T>) -> T {
        self.get(what, stand_in, |value| parse(value.as_str()?.trim()))
    }

    /// A secret that `parse` takes; it is never shown.
    pub fn secret(
        &mut self,
        name: &'static str,
        allowed: &str,
        parse: impl Fn(&str) -> bool,
    ) -> SecretString {
        let ask = Ask { shown: Shown::Secret, ..Ask::new(name, allowed) };
        self.get(ask, SecretString::default(), |value| {
            let text = value.as_str()?;
            parse(text).then(|| SecretString::from(text))
        })
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)], stand_in: T) -> T {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        self.text(Ask::new(name, format!("one of {}", words.join(", "))), stand_in, |text| {
            choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice)
        })
    }

    /// A list of words (in the environment: parted by commas), each of which `parse` takes.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        self.get(Ask::new(name, allowed), Vec::new(), |value| match value {
            Value::Array(_, items) => items.iter().map(|item| parse(item.as_str()?)).collect(),
            Value::String(_, text) => {
                let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
                let items = bare.split(',').map(|item| item.trim().trim_matches('"'));
                items.filter(|item| !item.is_empty()).map(&parse).collect()
            }
            _ => None,
        })
    }

    /// A whole section as it stands, for a room that knows its names.
    pub fn opaque(&mut self, name: &'static str) -> serde_json::Value {
        let value = self.figment.find_value(name).ok();
        value.and_then(|value| value.deserialize().ok()).unwrap_or_else(|| serde_json::json!({}))
    }

    /// Refuses a setting that is right by itself but not beside the others.
    pub fn refuse_beside(&mut self, name: &'static str, allowed: &str) {
        let found = self.asked.iter().find(|setting| setting.name == name);
        let (origin, value) = found.map(|s| (s.origin.clone(), s.value.clone())).unwrap_or_default();
        self.refuse(name, &origin, &value, allowed);
    }

    /// Refuses every setting that was given but never asked for. Names under `opaque` are left to others.
    pub fn refuse_unknown(&mut self, opaque: &[&str]) {
        let mut given = Vec::new();
        if let Ok(all) = self.figment.extract::<figment::value::Dict>() {
            all.iter().for_each(|(key, value)| leaves(key.clone(), value, opaque, &mut given));
        }
        let known: Vec<_> = self.asked.iter().map(|setting| setting.name).collect();
        for (name, value) in given {
            if known.contains(&name.as_str()) {
                continue;
            }
            let within =
                known.iter().any(|k| k.strip_prefix(&name).is_some_and(|rest| rest.starts_with('.')));
            let is_table = matches!(value, Value::Dict(..));
            if within && is_table {
                continue;
            }
            let allowed = match nearest(&name, &known) {
                _ if within || opaque.contains(&name.as_str()) => format!("a section, [{name}]"),
                Some(near) => format!("there is no such setting; did you mean {near}?"),
                None => "there is no such setting; `callahead config --reference` lists them all".into(),
            };
            let origin = self.origin(&name);
            self.refuse(&name, &origin, "", &allowed);
        }
    }

    fn refuse(&mut self, name: &str, origin: &str, value: &str, allowed: &str) {
        self.problems.push(Problem {
            name: name.into(),
            origin: origin.into(),
            value: value.into(),
            allowed: allowed.into(),
        });
    }

    fn origin(&self, name: &str) -> String {
        self.figment.find_metadata(name).map_or_else(|| "default".into(), |data| data.name.to_string())
    }
}

/// What to ask for.
#[derive(Debug)]
pub struct Ask {
    name: &'static str,
    shown: Shown,
    allowed: String,
}

impl Ask {
    /// A setting that may be shown, and what it allows in words.
    pub fn new(name: &'static str, allowed: impl Into<String>) -> Self {
        Self { name, shown: Shown::Plain, allowed: allowed.into() }
    }

    /// The same, shown in another way.
    #[must_use]
    pub fn shown(self, shown: Shown) -> Self {
        Self { shown, ..self }
    }
}

/// A value as it may be shown: as JSON, cut short, without what is secret.
fn show(value: &Value, shown: Shown) -> String {
    let text = value.as_str();
    match (shown, text) {
        (Shown::Secret, Some("")) => "\"\"".into(),
        (Shown::Secret, _) => "***".into(),
        (Shown::Url, Some(url)) => format!("{:?}", mask_url(url)),
        _ => {
            let json = serde_json::to_string(value).unwrap_or_else(|_| "a value".into());
            if json.chars().count() > 80 {
                format!("{}…", json.chars().take(80).collect::<String>())
            } else {
                json
            }
        }
    }
}

/// An address with its password replaced by `***`.
#[must_use]
pub fn mask_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.into() };
    let Some((account, place)) = rest.rsplit_once('@') else { return url.into() };
    match account.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:***@{place}"),
        None => url.into(),
    }
}

/// Every leaf below `value` with its dotted name; a section named in `opaque` is not entered.
fn leaves(name: String, value: &Value, opaque: &[&str], out: &mut Vec<(String, Value)>) {
    match value {
        Value::Dict(..) if opaque.contains(&name.as_str()) => {}
        Value::Dict(_, dict) if !dict.is_empty() => {
            dict.iter().for_each(|(key, inner)| leaves(format!("{name}.{key}"), inner, opaque, out));
        }
        _ => out.push((name, value.clone())),
    }
}

/// The known name closest to a misspelt one, if it is close at all.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let tail = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let score = |candidate: &str| {
        distance(name, candidate).min(distance(&tail(name), &tail(candidate)).saturating_add(1))
    };
    let best = known.iter().map(|candidate| (score(candidate), *candidate)).min()?;
    (best.0 <= 3).then_some(best.1)
}

/// Levenshtein's distance: letters to add, drop or swap.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i.saturating_add(1);
        let mut next = vec![left];
        for (to, above) in b.chars().zip(row.iter().skip(1)) {
            left = corner
                .saturating_add(usize::from(from != to))
                .min(left.saturating_add(1))
                .min(above.saturating_add(1));
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

//! Where settings come from, weakest first: the embedded defaults, a file, the environment, the command line.

use std::path::PathBuf;

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider, providers::Format, providers::Toml};

use super::reader::Problem;

/// The embedded, commented defaults; also the text of the reference.
pub const DEFAULT_TOML: &str = include_str!("default.toml");

/// The file taken from the current directory when no other is named.
const DEFAULT_FILE: &str = "callahead.toml";
const PREFIX: &str = "CALLAHEAD_";

/// Other names for settings in the environment; the setting's own variable wins over them.
const ALIASES: [(&str, &str); 2] =
    [("DATABASE_URL", "database.url"), ("CALLAHEAD_CRASH_AT", "testing.crash_at")];

/// Everything settings are taken from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A file that must be there.
    file: Option<PathBuf>,
    /// A file that is read if it is there.
    optional_file: Option<PathBuf>,
    /// Environment variables, names and values.
    environment: Vec<(String, String)>,
    /// Settings by dotted name that win over all others.
    overrides: Vec<(String, String)>,
}

impl Sources {
    /// The defaults alone: no file, no environment. For tests and tools; add to it with [`Sources::set`].
    #[must_use]
    pub fn defaults() -> Self {
        Self::default()
    }

    /// What a started process goes by: `file` (or CALLAHEAD_CONFIG, or `callahead.toml` in the current
    /// directory if there is one) and the process' environment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let pairs =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let mut sources = Self::defaults().with_environment(pairs);
        sources.file = file.or(sources.file);
        sources.optional_file = Some(PathBuf::from(DEFAULT_FILE));
        sources
    }

    /// With these environment variables; those that are none of ours are passed over.
    #[must_use]
    pub fn with_environment(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, value) in pairs {
            if name == "CALLAHEAD_CONFIG" {
                self.file = Some(PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty());
            } else {
                self.environment.push((name, value));
            }
        }
        self.environment.sort();
        self
    }

    /// With this file, which must be there.
    #[must_use]
    pub fn with_file(mut self, file: PathBuf) -> Self {
        self.file = Some(file);
        self
    }

    /// With one setting given on the command line (or by a test): it wins over file and environment.
    /// Values are written as in the environment: `server.workers` as "2", lists parted by commas.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.overrides.push((name.into(), value.into()));
        self
    }

    /// All layers merged, and what could not be read.
    pub(super) fn merge(&self) -> (Figment, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut figment = Figment::new();
        match parse_toml(DEFAULT_TOML) {
            Ok(dict) => figment = figment.merge(Layer { origin: "default".into(), dict }),
            Err(why) => problems.push(unreadable("default.toml", "default", &why)),
        }
        match self.read_file() {
            Ok(Some(layer)) => figment = figment.merge(layer),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
        for (alias, setting) in ALIASES {
            if let Some((_, value)) =
                self.environment.iter().find(|(name, value)| name == alias && !value.is_empty())
            {
                figment = figment.merge(Layer::one(format!("environment variable {alias}"), setting, value));
            }
        }
        for (name, value) in &self.environment {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            if ALIASES.iter().any(|(alias, _)| alias == name) {
                continue;
            }
            let setting = rest.to_ascii_lowercase().replace("__", ".");
            figment = figment.merge(Layer::one(format!("environment variable {name}"), &setting, value));
        }
        for (name, value) in &self.overrides {
            figment = figment.merge(Layer::one("the command line".into(), name, value));
        }
        (figment, problems)
    }

    fn read_file(&self) -> Result<Option<Layer>, Problem> {
        let (path, must) = match (&self.file, &self.optional_file) {
            (Some(path), _) => (path, true),
            (None, Some(path)) => (path, false),
            (None, None) => return Ok(None),
        };
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if !must && error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&name, "the file's name", &error.to_string())),
        };
        let dict = parse_toml(&text).map_err(|why| unreadable(&name, "the file", &why))?;
        Ok(Some(Layer { origin: format!("file {name}"), dict }))
    }
}

fn unreadable(name: &str, origin: &str, why: &str) -> Problem {
    Problem {
        name: name.into(),
        origin: origin.into(),
        value: why.trim().replace('\n', " "),
        allowed: "a readable TOML file".into(),
    }
}

fn parse_toml(text: &str) -> Result<Dict, String> {
    let mut data = Toml::string(text).data().map_err(|error| error.to_string())?;
    Ok(data.remove(&Profile::Default).unwrap_or_default())
}

/// One source of settings with a name a person recognises.
struct Layer {
    origin: String,
    dict: Dict,
}

impl Layer {
    /// One setting as text. Only opaque sections guess a type from the text: a password of digits, or a
    /// key that looks like `12e45`, stays what it is.
    fn one(origin: String, setting: &str, text: &str) -> Self {
        let value = match setting.split('.').next() {
            Some("policy") => text.parse().unwrap_or_else(|_| Value::from(text)),
            _ => Value::from(text),
        };
        let dict = match figment::util::nest(setting, value) {
            Value::Dict(_, dict) => dict,
            other => Dict::from([(setting.to_owned(), other)]),
        };
        Self { origin, dict }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

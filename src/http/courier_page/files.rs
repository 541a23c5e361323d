//! The page's files: made once from what is embedded, each with its compressed form, in a folder named by their hash.

use super::join::{PAGE, WORKER, join};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

/// One file as it is served.
#[derive(Debug, Clone)]
pub struct File {
    /// With charset where it is text.
    pub content_type: &'static str,
    /// As it is.
    pub bytes: Vec<u8>,
    /// Compressed; none where that would not help.
    pub zipped: Option<Vec<u8>>,
}

impl File {
    /// A text, compressed as well.
    pub fn text(content_type: &'static str, text: String) -> File {
        let zipped = zip(text.as_bytes());
        File { content_type, bytes: text.into_bytes(), zipped }
    }

    fn picture(bytes: &'static [u8]) -> File {
        File { content_type: "image/png", bytes: bytes.to_vec(), zipped: None }
    }
}

fn zip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// Everything there is to serve.
#[derive(Debug)]
pub struct Shelf {
    /// `/courier/a/{hash}/`, with the slash at the end.
    pub folder: String,
    /// By name.
    pub files: BTreeMap<&'static str, File>,
    /// The service worker.
    pub worker: File,
    /// The web app manifest.
    pub manifest: File,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";

macro_rules! web {
    ($name:literal) => {
        concat!("../../../web/courier/", $name)
    };
}

fn made() -> BTreeMap<&'static str, File> {
    let words = |text: &str| File::text(JSON, text.to_owned());
    BTreeMap::from([
        ("app.js", File::text(SCRIPT, join(PAGE))),
        ("app.css", File::text("text/css; charset=utf-8", include_str!(web!("courier.css")).to_owned())),
        ("words.en.json", words(include_str!(web!("words/en.json")))),
        ("words.ko.json", words(include_str!(web!("words/ko.json")))),
        ("icon.svg", File::text("image/svg+xml", include_str!(web!("icons/icon.svg")).to_owned())),
        ("icon-192.png", File::picture(include_bytes!(web!("icons/icon-192.png")))),
        ("icon-512.png", File::picture(include_bytes!(web!("icons/icon-512.png")))),
        ("maskable-512.png", File::picture(include_bytes!(web!("icons/maskable-512.png")))),
    ])
}

/// The shell stands in no folder, but what it looks like is part of the version.
const SHELL: &str = include_str!("../../../web/templates/courier/shell.html");

fn fill() -> Shelf {
    let files = made();
    let parts = files.values().map(|file| file.bytes.as_slice());
    let mut hash = Sha256::new();
    let worker = join(WORKER);
    for part in parts.chain([SHELL.as_bytes(), worker.as_bytes()]) {
        hash.update(part);
    }
    let version: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let folder = format!("/courier/a/{version}/");
    let kept = files.keys().filter(|name| !name.ends_with("-512.png")).map(|name| format!("{folder}{name}"));
    let kept: Vec<String> =
        [super::PATH, "/courier/manifest.webmanifest"].into_iter().map(str::to_owned).chain(kept).collect();
    let list = serde_json::json!(kept);
    let worker = File::text(SCRIPT, format!("const VERSION = '{version}';\nconst FILES = {list};\n{worker}"));
    let manifest = File::text("application/manifest+json", manifest(&folder).to_string());
    Shelf { folder, files, worker, manifest }
}

fn manifest(folder: &str) -> serde_json::Value {
    let icon = |name: &str, size: &str, purpose: &str| serde_json::json!({ "src": format!("{folder}{name}"), "sizes": size, "type": "image/png", "purpose": purpose });
    serde_json::json!({
        "id": super::PATH, "name": "Callahead courier", "short_name": "Callahead",
        "start_url": super::PATH, "scope": super::PATH, "display": "standalone", "orientation": "portrait",
        "background_color": "#13211d", "theme_color": "#13211d",
        "icons": [icon("icon-192.png", "192x192", "any"), icon("icon-512.png", "512x512", "any"), icon("maskable-512.png", "512x512", "maskable")],
    })
}

static SHELF: LazyLock<Shelf> = LazyLock::new(fill);

/// The files.
pub fn shelf() -> &'static Shelf {
    &SHELF
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    /// The blanks of a sentence, in each of its plural forms together.
    fn blanks(sentence: &Value) -> BTreeSet<String> {
        let forms = sentence.as_object().map_or_else(|| vec![sentence], |forms| forms.values().collect());
        let texts = forms.iter().map(|form| form.as_str().unwrap());
        texts
            .flat_map(|text| text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()))
            .collect()
    }

    fn sheet(language: &str) -> serde_json::Map<String, Value> {
        let file = shelf().files.get(format!("words.{language}.json").as_str()).unwrap();
        serde_json::from_slice(&file.bytes).unwrap()
    }

    #[test]
    fn every_language_says_everything_with_the_same_blanks_and_its_own_plurals() {
        let english = sheet("en");
        for (language, forms) in [("en", vec!["one", "other"]), ("ko", vec!["other"])] {
            let sheet = sheet(language);
            assert_eq!(sheet.keys().collect::<BTreeSet<_>>(), english.keys().collect(), "{language}");
            for (key, sentence) in &sheet {
                assert_eq!(blanks(sentence), blanks(&english[key]), "{language} {key}");
                let has: Option<BTreeSet<&str>> =
                    sentence.as_object().map(|it| it.keys().map(String::as_str).collect());
                assert!(has.is_none_or(|has| has == forms.iter().copied().collect()), "{language} {key}");
            }
        }
    }

    #[test]
    fn every_sentence_the_page_asks_for_is_there_and_every_language_it_offers_has_a_sheet() {
        let (english, script) = (sheet("en"), join(PAGE));
        for rest in script.split(" t('").skip(1).chain(script.split("(t('").skip(1)) {
            let key = rest.split('\'').next().unwrap();
            assert!(key.ends_with('.') || english.contains_key(key), "{key}");
        }
        let offered = script.split("const LANGUAGES = {").nth(1).unwrap().split('}').next().unwrap();
        let offered: Vec<_> = offered.split(',').map(|one| one.split(':').next().unwrap().trim()).collect();
        assert!(offered.len() > 1 && offered.iter().all(|language| !sheet(language).is_empty()));
    }
}

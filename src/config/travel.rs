//! `[travel]` and what stands below it: where travel times come from.

use std::path::PathBuf;

use super::reader::{Ask, Reader};

/// Where travel times come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TravelSource {
    /// Straight lines.
    GreatCircle,
    /// A table service.
    Http,
    /// The operator's file.
    Matrix,
}

/// `[travel]`: how long a way takes.
#[derive(Debug, Clone)]
pub struct Travel {
    /// Where travel times come from.
    pub source: TravelSource,
    /// Way driven over the straight line.
    pub detour: f64,
    /// Mean speed, in kilometres an hour.
    pub speed_kmh: f64,
    /// Whether speeds are learned from finished legs.
    pub learn: bool,
    /// Travel times are rounded up to this.
    pub round_up_to_s: u32,
    /// `[travel.http]`.
    pub http: TravelHttp,
    /// `[travel.matrix]`.
    pub matrix: TravelMatrix,
}

/// `[travel.http]`: a table service as OSRM offers it.
#[derive(Debug, Clone)]
pub struct TravelHttp {
    /// The start of its address, without a slash at the end; empty if there is none.
    pub url: String,
    /// The profile asked for.
    pub profile: String,
    /// How long an assignment round waits, in milliseconds.
    pub timeout_ms: u64,
    /// Places in one request, at most.
    pub places: usize,
    /// How long an answer is believed, in seconds.
    pub max_age_s: i64,
    /// Failures in a row after which nothing is asked for a while.
    pub failures: u32,
    /// How long nothing is asked then, in seconds.
    pub pause_s: i64,
}

/// `[travel.matrix]`: a file of travel times.
#[derive(Debug, Clone)]
pub struct TravelMatrix {
    /// The file; empty if there is none.
    pub file: PathBuf,
    /// How far a place may be from a point to stand for it, in metres.
    pub within_m: f64,
}

impl Travel {
    pub(super) fn read(r: &mut Reader) -> Self {
        const SOURCES: [(&str, TravelSource); 3] = [
            ("great_circle", TravelSource::GreatCircle),
            ("http", TravelSource::Http),
            ("matrix", TravelSource::Matrix),
        ];
        let travel = Self {
            source: r.choice("travel.source", &SOURCES, TravelSource::GreatCircle),
            detour: r.number("travel.detour", 1.0..=5.0),
            speed_kmh: r.number("travel.speed_kmh", 1.0..=200.0),
            learn: r.flag("travel.learn"),
            round_up_to_s: r.whole("travel.round_up_to_s", 1..=3600),
            http: TravelHttp::read(r),
            matrix: TravelMatrix::read(r),
        };
        if travel.source == TravelSource::Http && travel.http.url.is_empty() {
            r.refuse_beside("travel.source", "http only with the table service's address in travel.http.url");
        }
        if travel.source == TravelSource::Matrix && travel.matrix.file.as_os_str().is_empty() {
            r.refuse_beside("travel.source", "matrix only with a file in travel.matrix.file");
        }
        travel
    }
}

impl TravelHttp {
    fn read(r: &mut Reader) -> Self {
        let url = Ask::new(
            "travel.http.url",
            "an http:// or https:// address without query or password, such as http://127.0.0.1:5000, or empty",
        );
        let profile = Ask::new("travel.http.profile", "letters, digits, - and _, such as driving");
        let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        Self {
            url: r.text(url, String::new(), base_url),
            profile: r.text(profile, String::new(), |text| {
                (!text.is_empty() && text.chars().all(word)).then(|| text.to_owned())
            }),
            timeout_ms: r.whole("travel.http.timeout_ms", 10..=5_000),
            places: r.whole("travel.http.places", 2..=1_000),
            max_age_s: r.whole("travel.http.max_age_s", 10..=604_800),
            failures: r.whole("travel.http.failures", 1..=100),
            pause_s: r.whole("travel.http.pause_s", 1..=3_600),
        }
    }
}

impl TravelMatrix {
    fn read(r: &mut Reader) -> Self {
        let file = Ask::new("travel.matrix.file", "the path of a file, in one line, or empty");
        Self {
            file: r.text(file, PathBuf::new(), |text| {
                (!text.contains(char::is_control)).then(|| PathBuf::from(text))
            }),
            within_m: r.number("travel.matrix.within_m", 1.0..=50_000.0),
        }
    }
}

/// An address something can be appended to; empty stays empty.
fn base_url(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some(String::new());
    }
    let url = reqwest::Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let bare = plain && url.fragment().is_none() && url.has_host();
    (bare && matches!(url.scheme(), "http" | "https")).then(|| text.trim_end_matches('/').to_owned())
}

//! A table service as OSRM offers it (`GET /table/v1/{profile}/{lon,lat;…}?annotations=duration`), asked before a round
//! and never during one.

use super::blocks::{Block, blocks};
use super::breaker::{Breaker, Leave, State};
use crate::app::ports::Clock;
use crate::config;
use crate::webhook::target::{Answer, ClientError, Request, TargetClient, TargetRules};
use callahead_domain::geo::travel::{Cell, Pairs, round_up_s};
use chrono::TimeDelta;
use futures_util::{StreamExt, stream};
use reqwest::{Method, Url};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Pairs remembered at most, about 40 MB.
const MOST_PAIRS: usize = 500_000;
/// Bytes of an answer read at most: a thousand places on each side.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// Requests on their way at once.
const AT_ONCE: usize = 4;
/// No way takes longer than a week.
const LONGEST_S: f64 = 604_800.0;

/// The service, what it has told, and whether it answers.
#[derive(Debug)]
pub struct HttpTable {
    client: TargetClient,
    settings: config::TravelHttp,
    round_up_to_s: u32,
    clock: Arc<dyn Clock>,
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    pairs: Pairs,
    breaker: Breaker,
    /// Why the last request failed.
    why: String,
}

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// No answer.
    #[error(transparent)]
    Send(#[from] crate::webhook::target::SendError),
    /// The service says no.
    #[error("status {status}, code {code:?}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// OSRM's code, at most 40 characters; empty if there was none.
        code: String,
    },
    /// The answer is no table.
    #[error("the answer is no table: {0}")]
    Garbage(&'static str),
}

/// The parts of an answer that count.
#[derive(Debug, Deserialize)]
struct Wire {
    #[serde(default)]
    code: String,
    #[serde(default)]
    durations: Option<Vec<Vec<Option<f64>>>>,
}

impl HttpTable {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(settings: &config::Travel, clock: Arc<dyn Clock>) -> Result<HttpTable, ClientError> {
        let http = settings.http.clone();
        let rules =
            TargetRules { total: request_limit(&http), answer_bytes: ANSWER_BYTES, ..TargetRules::default() };
        let told = Told {
            pairs: Pairs::new(MOST_PAIRS, TimeDelta::seconds(http.max_age_s)),
            breaker: Breaker::new(http.failures, TimeDelta::seconds(http.pause_s)),
            why: String::new(),
        };
        Ok(HttpTable {
            client: TargetClient::new(rules)?,
            settings: http,
            round_up_to_s: settings.round_up_to_s,
            clock,
            told: Mutex::new(told),
        })
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the breaker stands, and why the last request failed if one did.
    pub fn state(&self) -> (State, String) {
        let told = self.told();
        (told.breaker.state(), told.why.clone())
    }

    /// Asks for the pairs that are not known, as far as `timeout_ms` allows, and answers all that is known then. It never
    /// takes longer, whatever the service does: requests leave in the first half of the time, and each has the other half
    /// to come back.
    pub async fn prepare(&self, from: &BTreeSet<Cell>, to: &BTreeSet<Cell>) -> Pairs {
        let last_start = Instant::now() + request_limit(&self.settings);
        let known = {
            let mut told = self.told();
            told.pairs.forget(self.clock.now());
            told.pairs.clone()
        };
        let wanted = blocks(from, to, self.settings.places, |from, to| known.get(from, to).is_some());
        drop(known);
        if wanted.is_empty() {
            return self.told().pairs.clone();
        }
        let most = match self.told().breaker.leave(self.clock.now()) {
            Leave::Any => wanted.len(),
            Leave::One => 1,
            Leave::Nothing => 0,
        };
        stream::iter(wanted.into_iter().take(most))
            .for_each_concurrent(AT_ONCE, |block| async move {
                let open = matches!(self.state().0, State::Open { .. });
                if !open && Instant::now() < last_start {
                    let asked = self.ask(&block).await;
                    self.judge(&block, asked);
                }
            })
            .await;
        self.told().pairs.clone()
    }

    /// Remembers what was told, and what the breaker makes of it. A change is logged once.
    fn judge(&self, block: &Block, asked: Result<Vec<Vec<Option<u32>>>, AskError>) {
        let now = self.clock.now();
        let mut told = self.told();
        let was_closed = matches!(told.breaker.state(), State::Closed { .. });
        match asked {
            Ok(rows) => {
                told.breaker.succeeded();
                told.why.clear();
                let rows = block.from.iter().zip(rows);
                let pairs = rows.flat_map(|(from, row)| {
                    block.to.iter().zip(row).map(|(to, seconds)| ((*from, *to), seconds))
                });
                told.pairs.learn(now, pairs);
                if !was_closed {
                    tracing::info!("the table service answers again");
                }
            }
            Err(error) => {
                told.breaker.failed(now);
                told.why = error.to_string();
                if was_closed && matches!(told.breaker.state(), State::Open { .. }) {
                    tracing::warn!(%error, pause_s = self.settings.pause_s, "the table service fails; straight lines take its place");
                }
            }
        }
    }

    /// One request: the seconds from each origin (rows) to each destination (columns).
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn ask(&self, block: &Block) -> Result<Vec<Vec<Option<u32>>>, AskError> {
        let url = url(&self.settings, block).ok_or(AskError::Garbage("the address cannot be made"))?;
        let headers = vec![("accept", "application/json".to_owned())];
        let request = Request { method: Method::GET, url, headers, body: Vec::new() };
        let answer = self.client.send(request).await?;
        read(&answer, (block.from.len(), block.to.len()), self.round_up_to_s)
    }
}

/// Half of the time a round waits.
fn request_limit(settings: &config::TravelHttp) -> Duration {
    Duration::from_millis(settings.timeout_ms) / 2
}

/// The address of a block's table. A place that is both origin and destination is named once.
fn url(settings: &config::TravelHttp, block: &Block) -> Option<Url> {
    let mut numbers: HashMap<Cell, usize> = HashMap::new();
    let mut places = Vec::new();
    let mut indices = |cells: &[Cell]| {
        let number = |cell: &Cell| {
            let next = places.len();
            let number = *numbers.entry(*cell).or_insert(next);
            if number == next {
                let (lat, lon) = cell.middle();
                places.push(format!("{lon:.4},{lat:.4}"));
            }
            number.to_string()
        };
        cells.iter().map(number).collect::<Vec<_>>().join(";")
    };
    let (from, to) = (indices(&block.from), indices(&block.to));
    let (base, profile, places) = (&settings.url, &settings.profile, places.join(";"));
    let address =
        format!("{base}/table/v1/{profile}/{places}?annotations=duration&sources={from}&destinations={to}");
    Url::parse(&address).ok()
}

/// Reads an answer; seconds are rounded up to a multiple of `to_s`.
fn read(
    answer: &Answer,
    (rows, columns): (usize, usize),
    to_s: u32,
) -> Result<Vec<Vec<Option<u32>>>, AskError> {
    let wire: Option<Wire> = serde_json::from_slice(&answer.body).ok();
    let code: String = wire.as_ref().map_or("", |wire| wire.code.as_str()).chars().take(40).collect();
    if answer.status != 200 || (wire.is_some() && code != "Ok") {
        return Err(AskError::Refused { status: answer.status, code });
    }
    let table = wire.ok_or(AskError::Garbage("not the JSON expected"))?.durations;
    let table = table.ok_or(AskError::Garbage("no durations"))?;
    if table.len() != rows || table.iter().any(|row| row.len() != columns) {
        return Err(AskError::Garbage("wrong dimensions"));
    }
    let sound = |seconds: &f64| (0.0..=LONGEST_S).contains(seconds);
    if !table.iter().flatten().flatten().all(sound) {
        return Err(AskError::Garbage("a duration below zero or above a week"));
    }
    let row = |row: Vec<Option<f64>>| {
        row.into_iter().map(|told| told.map(|seconds| round_up_s(seconds, to_s))).collect()
    };
    Ok(table.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::app::ports::SimClock;
    use callahead_domain::geo::Point;
    use chrono::DateTime;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

    fn cell(lat: f64, lon: f64) -> Cell {
        Cell::of(Point::new(lat, lon).unwrap())
    }

    fn settings(url: &str) -> config::Travel {
        let sources = config::Sources::defaults().set("travel.source", "http").set("travel.http.url", url);
        config::Config::load(&sources).unwrap().travel
    }

    /// Counts what is logged on the thread it is set for.
    struct Count(Arc<AtomicUsize>);

    impl<S: tracing::Subscriber> Layer<S> for Count {
        fn on_event(&self, _: &tracing::Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_change_of_the_breaker_is_logged_once() {
        let clock = Arc::new(SimClock::new(DateTime::UNIX_EPOCH));
        let table = HttpTable::new(&settings("http://127.0.0.1:9"), clock.clone()).unwrap();
        let block = Block { from: vec![cell(1.0, 1.0)], to: vec![cell(1.0, 1.1)] };
        let logged = Arc::new(AtomicUsize::new(0));
        with_default(tracing_subscriber::registry().with(Count(Arc::clone(&logged))), || {
            let fails = || table.judge(&block, Err(AskError::Garbage("no durations")));
            (0..3).for_each(|_| fails());
            assert_eq!(logged.load(Ordering::SeqCst), 1, "opened by the third");
            (0..3).for_each(|_| fails());
            for _ in 0..3 {
                clock.advance_by(TimeDelta::seconds(30));
                assert_eq!(table.told().breaker.leave(clock.now()), Leave::One);
                fails();
            }
            assert_eq!(logged.load(Ordering::SeqCst), 1, "tries that fail are no change");
            for _ in 0..3 {
                table.judge(&block, Ok(vec![vec![Some(60)]]));
            }
            assert_eq!(logged.load(Ordering::SeqCst), 2);
        });
        assert_eq!(table.told().pairs.get(cell(1.0, 1.0), cell(1.0, 1.1)), Some(Some(60)));
    }

    #[test]
    fn a_request_names_each_place_once_longitude_first() {
        let settings =
            config::TravelHttp { profile: "bike".into(), ..settings("http://127.0.0.1:5000/osrm/").http };
        let (a, b, c) = (cell(37.55, 126.95), cell(37.558, 126.957), cell(-1.0, -0.00004));
        let block = Block { from: vec![a, b], to: vec![b, c] };
        assert_eq!(
            url(&settings, &block).unwrap().as_str(),
            "http://127.0.0.1:5000/osrm/table/v1/bike/126.9500,37.5500;126.9570,37.5580;0.0000,-1.0000\
             ?annotations=duration&sources=0;1&destinations=1;2"
        );
    }

    #[test]
    fn only_a_whole_and_sound_table_is_taken() {
        let told =
            |status, body: &str| read(&Answer { status, body: body.into(), headers: Vec::new() }, (2, 1), 60);
        let good = r#"{"code":"Ok","durations":[[61.2],[null]],"sources":[]}"#;
        assert_eq!(told(200, good), Ok(vec![vec![Some(120)], vec![None]]));
        let refused = |status, code: &str| Err(AskError::Refused { status, code: code.into() });
        assert_eq!(told(400, r#"{"code":"TooBig","message":"x"}"#), refused(400, "TooBig"));
        assert_eq!(told(200, r#"{"code":"NoTable"}"#), refused(200, "NoTable"));
        assert_eq!(told(502, "<html>"), refused(502, ""));
        assert_eq!(told(500, good), refused(500, "Ok"));
        let garbage = |body: &str| match told(200, body) {
            Err(AskError::Garbage(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(garbage("<html>"), "not the JSON expected");
        assert_eq!(garbage(r#"{"code":"Ok"}"#), "no durations");
        assert_eq!(garbage(r#"{"code":"Ok","durations":[["a"],[1]]}"#), "not the JSON expected");
        for wrong in ["[[1]]", "[[1],[1],[1]]", "[[1],[1,2]]", "[[1],[]]", "[]"] {
            assert_eq!(garbage(&format!(r#"{{"code":"Ok","durations":{wrong}}}"#)), "wrong dimensions");
        }
        for wrong in ["-1", "604801", "1e300"] {
            let body = format!(r#"{{"code":"Ok","durations":[[{wrong}],[1]]}}"#);
            assert_eq!(garbage(&body), "a duration below zero or above a week");
        }
    }
}

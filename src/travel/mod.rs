//! Where travel times come from. The engine asks for thousands of them within milliseconds, so everything that may take
//! time happens before: [`Travel::prepare`] gathers what is known of a round's points, and what it answers with only
//! looks up. Whatever fails, the great circle takes its place.

pub mod blocks;
pub mod breaker;
pub mod http;

use crate::app::ports::Clock;
use crate::config::{self, TravelSource};
use callahead_domain::geo::travel::{Cell, Matrix, OnMatrix, Table};
use callahead_domain::geo::{GreatCircle, Learned, Point, TravelTimes};
use http::HttpTable;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Bytes of a matrix file read at most: two thousand places.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Where travel times come from, ready to be asked.
#[derive(Debug)]
pub struct Travel {
    base: GreatCircle,
    source: Source,
}

#[derive(Debug)]
enum Source {
    GreatCircle,
    Http(Box<HttpTable>),
    Matrix { matrix: Arc<Matrix>, within_m: f64 },
}

/// The points of a round.
#[derive(Debug, Clone, Default)]
pub struct Points {
    /// Where ways begin only: couriers.
    pub couriers: Vec<Point>,
    /// Where ways begin and end: shops and doors.
    pub stops: Vec<Point>,
}

/// Great circle distances by the settings.
pub fn great_circle(settings: &config::Travel) -> GreatCircle {
    GreatCircle {
        detour: settings.detour,
        speed_m_per_s: settings.speed_kmh / 3.6,
        round_up_to_s: settings.round_up_to_s,
    }
}

/// Reads a matrix file.
///
/// # Errors
/// Why it cannot be used, naming the file and each wrong line.
pub fn read_matrix(settings: &config::TravelMatrix) -> Result<Matrix, String> {
    let name = settings.file.display();
    let wrong = |why: String| format!("travel.matrix.file {name}: {why}");
    let size = std::fs::metadata(&settings.file).map_err(|error| wrong(error.to_string()))?.len();
    if size > FILE_BYTES {
        return Err(wrong(format!("{size} bytes; at most {FILE_BYTES} are read")));
    }
    let text = std::fs::read_to_string(&settings.file).map_err(|error| wrong(error.to_string()))?;
    Matrix::parse(&text).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(|fault| format!("\n  {fault}")).collect();
        wrong(lines.concat())
    })
}

impl Travel {
    /// By the settings; the matrix file is read now.
    ///
    /// # Errors
    /// When the matrix file cannot be used, or no HTTP client can be made.
    pub fn open(settings: &config::Travel, clock: Arc<dyn Clock>) -> Result<Travel, String> {
        let source = match settings.source {
            TravelSource::GreatCircle => Source::GreatCircle,
            TravelSource::Http => {
                let table = HttpTable::new(settings, clock);
                Source::Http(Box::new(table.map_err(|error| format!("travel.http: {error}"))?))
            }
            TravelSource::Matrix => Source::Matrix {
                matrix: Arc::new(read_matrix(&settings.matrix)?),
                within_m: settings.matrix.within_m,
            },
        };
        Ok(Travel { base: great_circle(settings), source })
    }

    /// What great circle distances are reckoned with where nothing was learned.
    pub fn base(&self) -> GreatCircle {
        self.base
    }

    /// Whether vehicles differ in their times: those of a table and of a matrix hold for all alike.
    pub fn knows_vehicles(&self) -> bool {
        matches!(self.source, Source::GreatCircle)
    }

    /// Travel times between the points of a round; what the source does not know is taken from `learned`. Takes no longer
    /// than `travel.http.timeout_ms`, and no time but with a table service.
    pub async fn prepare(&self, points: &Points, learned: Learned) -> Arc<dyn TravelTimes> {
        match &self.source {
            Source::GreatCircle => Arc::new(learned),
            Source::Http(table) => {
                let to: BTreeSet<Cell> = points.stops.iter().copied().map(Cell::of).collect();
                let mut from = to.clone();
                from.extend(points.couriers.iter().copied().map(Cell::of));
                Arc::new(Table::new(table.prepare(&from, &to).await, Arc::new(learned)))
            }
            Source::Matrix { matrix, within_m } => {
                let all = points.couriers.iter().chain(&points.stops).copied();
                let rules = (*within_m, self.base.round_up_to_s);
                Arc::new(OnMatrix::new(Arc::clone(matrix), all, rules, Arc::new(learned)))
            }
        }
    }

    /// The source and how it stands, in words.
    pub fn told(&self) -> String {
        match &self.source {
            Source::GreatCircle => "great circle".to_owned(),
            Source::Matrix { matrix, .. } => format!("a matrix of {} places", matrix.places()),
            Source::Http(table) => match table.state() {
                (state, why) if why.is_empty() => format!("table service, circuit breaker {state}"),
                (state, why) => format!("table service, circuit breaker {state}; last failure: {why}"),
            },
        }
    }
}

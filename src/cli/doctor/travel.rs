//! Where travel times come from, looked at: the table service is asked, the matrix file read.

use std::sync::Arc;

use callahead_domain::geo::Point;
use callahead_domain::geo::travel::Cell;

use super::{Finding, Level, finding, ok};
use crate::app::ports::SystemClock;
use crate::config::{self, TravelSource};
use crate::travel::blocks::Block;
use crate::travel::http::{AskError, HttpTable};
use crate::travel::read_matrix;

const NAME: &str = "travel times";

/// OSRM has no street near the place asked for: all the same it is OSRM, and it answers.
const NO_STREET: &str = "NoSegment";

pub(super) async fn travel(settings: &config::Travel) -> Finding {
    match settings.source {
        TravelSource::GreatCircle if settings.learn => ok(NAME, "great circle, at learned speeds"),
        TravelSource::GreatCircle => ok(NAME, "great circle, at the speed set"),
        TravelSource::Matrix => match read_matrix(&settings.matrix) {
            Ok(matrix) => ok(NAME, format!("a matrix of {} places", matrix.places())),
            Err(why) => finding(Level::Fail, NAME, why, "correct the file, or set travel.matrix.file"),
        },
        TravelSource::Http => table(settings).await,
    }
}

async fn table(settings: &config::Travel) -> Finding {
    let url = &settings.http.url;
    // Two places beside one another where latitude and longitude are zero: wherever the map is, an answer comes.
    let (Ok(here), Ok(there)) = (Point::new(0.0, 0.0), Point::new(0.0, 0.001)) else {
        return finding(Level::Fail, NAME, "two places cannot be made", "");
    };
    let block = Block { from: vec![Cell::of(here)], to: vec![Cell::of(there)] };
    let asked = match HttpTable::new(settings, Arc::new(SystemClock)) {
        Ok(table) => table.ask(&block).await.map_err(Some),
        Err(_) => Err(None),
    };
    match asked {
        Ok(_) => ok(NAME, format!("{url} answers")),
        Err(Some(AskError::Refused { code, .. })) if code == NO_STREET => ok(NAME, format!("{url} answers")),
        Err(why) => {
            let why = why.map_or_else(|| "no HTTP client can be made".to_owned(), |why| why.to_string());
            let advice = "check travel.http.url; straight lines take its place meanwhile";
            finding(Level::Warn, NAME, format!("{url}: {why}"), advice)
        }
    }
}

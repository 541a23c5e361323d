//! Cursor pages: `?limit=50&after=…` answers `{"data": […], "next_cursor": null}`.

use super::catalogue as c;
use super::problem::Problem;
use crate::app::Error;
use actix_web::HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Rows of a page at most.
pub const MOST: u64 = 200;

/// The query of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Rows wanted, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
    /// The cursor of the page before.
    pub after: Option<String>,
}

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T: ToSchema> {
    /// The rows.
    pub data: Vec<T>,
    /// For the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl PageQuery {
    /// Rows wanted.
    ///
    /// # Errors
    /// `invalid_query` outside 1 to 200.
    pub fn rows(&self) -> Result<u64, Problem> {
        match self.limit.unwrap_or(50) {
            limit @ 1..=MOST => Ok(limit),
            limit => {
                Err(Problem::new(c::INVALID_QUERY, format!("limit is {limit}; 1 to {MOST} are allowed.")))
            }
        }
    }

    /// Answers with a page of what `read` finds after the cursor; it is asked for one row more than is shown.
    ///
    /// # Errors
    /// As [`PageQuery::rows`] and [`PageQuery::after_id`], and what `read` refuses.
    pub async fn page<T, F>(&self, read: impl FnOnce(Option<Uuid>, u64) -> F) -> Result<HttpResponse, Problem>
    where
        T: Serialize + ToSchema,
        F: Future<Output = Result<Vec<(Uuid, T)>, Error>>,
    {
        let wanted = self.rows()?;
        let rows = read(self.after_id()?, wanted + 1).await?;
        Ok(HttpResponse::Ok().json(Page::of(rows, wanted, |(id, _)| *id, |(_, view)| view)))
    }

    /// The row after which this page begins, for lists ordered by id.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub fn after_id(&self) -> Result<Option<Uuid>, Problem> {
        let Some(text) = &self.after else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok());
        bytes
            .map(Some)
            .ok_or_else(|| Problem::new(c::INVALID_CURSOR, "The cursor was not made by this list."))
    }
}

/// The cursor that continues after this row.
pub fn cursor(id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

impl<T: ToSchema> Page<T> {
    /// A page of rows read with one more than wanted: `id_of` tells the id of a row before it becomes a `T`.
    pub fn of<R>(
        mut rows: Vec<R>,
        wanted: u64,
        id_of: impl Fn(&R) -> Uuid,
        view: impl FnMut(R) -> T,
    ) -> Page<T> {
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next_cursor = if more { rows.last().map(|row| cursor(id_of(row))) } else { None };
        Page { data: rows.into_iter().map(view).collect(), next_cursor }
    }
}

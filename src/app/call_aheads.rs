//! How a customer was asked and what they said, read from the events.

use super::{App, Error};
use crate::store::events;
use callahead_domain::call_ahead::Outcome;
use callahead_domain::delivery::Event;
use callahead_domain::id::DeliveryId;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// One attempt to ask, or one answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CallAheadView {
    /// The answer's id, if this is one.
    pub id: Option<String>,
    /// 1, 2, 3 … by rung climbed; an answer carries the attempt it followed.
    pub attempt: u32,
    /// notice, reminder, call, second_call, last_text; absent for an answer nobody asked for.
    pub rung: Option<String>,
    /// The channel it left by, or the way the answer came.
    pub channel: Option<String>,
    /// When it was asked.
    pub asked_at: Option<DateTime<Utc>>,
    /// The arrival told with it.
    pub eta_quoted: Option<DateTime<Utc>>,
    /// What was said.
    pub outcome: Option<String>,
    /// Nobody arrives before.
    pub earliest: Option<DateTime<Utc>>,
    /// Nobody arrives after.
    pub latest: Option<DateTime<Utc>>,
    /// Who takes it.
    pub receiver: Option<String>,
    /// For the courier.
    pub note: String,
    /// Words that were not surely understood.
    pub words: String,
    /// Who wrote it down.
    pub recorded_by: Option<String>,
    /// When it was said.
    pub answered_at: Option<DateTime<Utc>>,
    /// Holds until.
    pub valid_until: Option<DateTime<Utc>>,
    /// The answer it replaces.
    pub supersedes: Option<String>,
}

/// All of a delivery.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CallAheadList {
    /// In order.
    pub data: Vec<CallAheadView>,
}

fn name(value: impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned))
}

fn empty(attempt: u32) -> CallAheadView {
    CallAheadView {
        id: None,
        attempt,
        rung: None,
        channel: None,
        asked_at: None,
        eta_quoted: None,
        outcome: None,
        earliest: None,
        latest: None,
        receiver: None,
        note: String::new(),
        words: String::new(),
        recorded_by: None,
        answered_at: None,
        valid_until: None,
        supersedes: None,
    }
}

fn read(events: &[Event]) -> Vec<CallAheadView> {
    let mut list: Vec<CallAheadView> = Vec::new();
    let mut attempt = 0;
    for event in events {
        match event {
            Event::Asked { rung, at, quoted, .. } => {
                attempt += 1;
                let channel = rung.is_call().then(|| "call_courier".to_owned());
                list.push(CallAheadView {
                    rung: Some(rung.name().to_owned()),
                    channel,
                    asked_at: Some(*at),
                    eta_quoted: *quoted,
                    ..empty(attempt)
                });
            }
            Event::NoticeSent { channel, .. } => {
                if let Some(last) =
                    list.iter_mut().rev().find(|view| view.rung.is_some() && view.channel.is_none())
                {
                    last.channel = Some(channel.clone());
                }
            }
            Event::Answered { answer, .. } => {
                let mut view = CallAheadView {
                    id: Some(answer.id.to_string()),
                    channel: name(answer.source),
                    outcome: Some(answer.outcome.name().to_owned()),
                    note: answer.note.clone(),
                    recorded_by: name(answer.recorded_by),
                    answered_at: Some(answer.answered_at),
                    valid_until: answer.valid_until,
                    supersedes: answer.supersedes.map(|id| id.to_string()),
                    ..empty(attempt)
                };
                match &answer.outcome {
                    Outcome::HomeFrom { from } => view.earliest = Some(*from),
                    Outcome::HomeUntil { until } => view.latest = Some(*until),
                    Outcome::ReceiverNamed { receiver } => view.receiver = Some(receiver.name.clone()),
                    Outcome::Unclear { words } => view.words.clone_from(words),
                    _ => {}
                }
                list.push(view);
            }
            _ => {}
        }
    }
    list
}

impl App {
    /// Every attempt and every answer of a delivery, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn call_aheads(&self, delivery: DeliveryId) -> Result<CallAheadList, Error> {
        let rows = events::of_delivery(self.db.read(), delivery.uuid()).await?;
        let events: Vec<Event> = rows.iter().filter_map(|row| serde_json::from_str(&row.data).ok()).collect();
        Ok(CallAheadList { data: read(&events) })
    }
}

//! The batch of actions.

use crate::app::App;
use crate::app::courier::actions::{self, Action, Verdict};
use crate::app::courier::payload::{self, Payload};
use crate::http::auth::CourierCaller;
use crate::http::body::Json;
use crate::http::catalogue as c;
use crate::http::problem::{Fault, Problem, ProblemDocument};
use crate::http::v1::shared::PointIn;
use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// Actions of one request at most.
const MOST_ACTIONS: usize = 100;

/// One action.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionIn {
    /// The phone's own id of it, 1 to 64 visible characters; a UUID will do.
    #[schema(min_length = 1, max_length = 64)]
    action_id: String,
    /// collect, set_off, turn_back, arrive, hand_over, fail_attempt, undo_fail, reopen or call.
    #[serde(rename = "type")]
    kind: String,
    /// `dlv_…`
    delivery_id: String,
    /// When, by the phone's clock. Ahead of the server's clock by more than a minute: the server's is taken.
    occurred_at: DateTime<Utc>,
    /// The phone's own order, from 0.
    #[schema(minimum = 0)]
    device_seq: i64,
    /// Where.
    point: Option<PointIn>,
    /// The facts; which ones follows from the type.
    #[schema(value_type = Option<Payload>)]
    payload: Option<Value>,
}

/// A batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchIn {
    /// At most 100.
    #[schema(max_items = 100)]
    actions: Vec<ActionIn>,
    /// The phone's clock as it sends: tells how far it is off, for codes that change.
    sent_at: Option<DateTime<Utc>>,
}

/// The verdicts.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchView {
    /// One for each action, in the order of the request.
    results: Vec<Verdict>,
}

fn check(batch: BatchIn) -> Result<Vec<Action>, Problem> {
    let mut faults = Vec::new();
    if batch.actions.len() > MOST_ACTIONS {
        faults.push(Fault::new("actions", "out_of_range", format!("at most {MOST_ACTIONS} actions")));
    }
    let mut read = Vec::with_capacity(batch.actions.len().min(MOST_ACTIONS));
    for (place, action) in batch.actions.into_iter().take(MOST_ACTIONS).enumerate() {
        let id = &action.action_id;
        if !(1..=64).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            faults.push(Fault::new(
                format!("actions[{place}].action_id"),
                "bad_text",
                "1 to 64 visible ASCII characters",
            ));
        }
        if action.device_seq < 0 {
            faults.push(Fault::new(format!("actions[{place}].device_seq"), "out_of_range", "from 0"));
        }
        read.push(Action {
            point: action
                .point
                .and_then(|point| point.check(&mut faults, &format!("actions[{place}].point"))),
            delivery: action.delivery_id.parse().ok(),
            deed: payload::read(&action.kind, action.payload),
            action_id: action.action_id,
            kind: action.kind,
            occurred_at: action.occurred_at,
            device_seq: action.device_seq,
        });
    }
    match faults.is_empty() {
        true => Ok(read),
        false => {
            Err(Problem::new(c::INVALID, "The batch has values that are not allowed.").with_faults(faults))
        }
    }
}

/// Hand in what was done, now or hours ago.
///
/// Each action has its own verdict, kept under its `action_id`: sending again changes nothing and is answered
/// `duplicate` with what was said first. Actions are judged in the order in which they happened (`occurred_at`, then
/// `device_seq`). A 503 means that some may be judged and some not: send the whole batch again.
#[utoipa::path(tag = "couriers", request_body = BatchIn, responses((status = 200, body = BatchView), (status = 400, body = ProblemDocument), (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
#[post("/v1/courier/actions")]
pub async fn hand_in(
    app: web::Data<App>,
    caller: CourierCaller,
    body: Json<BatchIn>,
) -> Result<HttpResponse, Problem> {
    let sent_at = body.value.sent_at;
    let actions = check(body.value)?;
    let results = actions::batch(&app, caller.courier, caller.session, sent_at, actions).await?;
    Ok(HttpResponse::Ok().json(BatchView { results }))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(hand_in);
}

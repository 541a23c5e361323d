//! The dispatcher's desk: deliveries, commands with a reason, why not another courier, the exception queue, jobs.

use crate::app::App;
use crate::app::desk::{DeliveryFilter, DeliveryView, JobView};
use crate::app::exceptions::{ExceptionView, Place, is_kind};
use crate::app::home_history::HomeChanceView;
use crate::app::payments::PayWish;
use crate::http::auth::StaffCaller;
use crate::http::body::Json;
use crate::http::catalogue as c;
use crate::http::extract::{id, id_in, if_match, versioned};
use crate::http::page::{Page, PageQuery};
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::v1::answer::AnswerIn;
use crate::http::v1::shared::PointIn;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use callahead_domain::call_ahead::answer::Source;
use callahead_domain::delivery::proof::Proof;
use callahead_domain::delivery::state::{FlagKind, ReturnReason};
use callahead_domain::delivery::{Command, StageKind};
use callahead_domain::id::{CourierId, DeliveryId, JobId, RegionId, ShopId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    /// Rows wanted, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// The cursor of the page before.
    after: Option<String>,
    /// Only in this stage.
    stage: Option<String>,
    /// Only of this region.
    region: Option<String>,
    /// Only of this courier.
    courier: Option<String>,
    /// Only of this shop.
    shop: Option<String>,
}

/// List deliveries, oldest first.
#[utoipa::path(tag = "dispatch", params(DeliveryQuery), responses((status = 200, body = Page<DeliveryView>), (status = 400, body = ProblemDocument)))]
#[get("/v1/deliveries")]
pub async fn list(
    app: web::Data<App>,
    caller: StaffCaller,
    query: web::Query<DeliveryQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    if let Some(stage) = query.stage.as_deref().filter(|stage| StageKind::parse(stage).is_none()) {
        return Err(Problem::new(c::INVALID_QUERY, format!("'{stage}' is no stage.")));
    }
    let DeliveryQuery { limit, after, stage, .. } = query;
    let region = query.region.as_deref().map(|text| id_in::<RegionId>("region", text)).transpose()?;
    let courier = query.courier.as_deref().map(|text| id_in::<CourierId>("courier", text)).transpose()?;
    let shop = query.shop.as_deref().map(|text| id_in::<ShopId>("shop", text)).transpose()?;
    let filter = |after, limit| DeliveryFilter { stage, region, courier, shop, after, limit };
    PageQuery { limit, after }
        .page(|after, limit| app.delivery_views(filter(after, limit), caller.actor))
        .await
}

/// Read a delivery whole.
#[utoipa::path(tag = "dispatch", params(("id" = String, Path)), responses((status = 200, body = DeliveryView), (status = 404, body = ProblemDocument)))]
#[get("/v1/deliveries/{id}")]
pub async fn read(
    app: web::Data<App>,
    caller: StaffCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = app.delivery_view(id::<DeliveryId>(&path)?, caller.actor).await?;
    Ok(versioned(view.shared.version, view))
}

/// Everything that happened, with who and when.
#[utoipa::path(tag = "dispatch", params(("id" = String, Path)), responses((status = 200, body = crate::app::timeline::TimelineView), (status = 404, body = ProblemDocument)))]
#[get("/v1/deliveries/{id}/timeline")]
pub async fn timeline(
    app: web::Data<App>,
    caller: StaffCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let delivery = id::<DeliveryId>(&path)?;
    app.delivery_view(delivery, caller.actor).await?;
    Ok(HttpResponse::Ok().json(app.timeline(delivery).await?))
}

/// How the customer was asked and what they said.
#[utoipa::path(tag = "dispatch", params(("id" = String, Path)), responses((status = 200, body = crate::app::call_aheads::CallAheadList), (status = 404, body = ProblemDocument)))]
#[get("/v1/deliveries/{id}/call_aheads")]
pub async fn call_aheads(
    app: web::Data<App>,
    caller: StaffCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let delivery = id::<DeliveryId>(&path)?;
    app.delivery_view(delivery, caller.actor).await?;
    Ok(HttpResponse::Ok().json(app.call_aheads(delivery).await?))
}

/// What each courier would mean for a delivery.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainList {
    /// Best first; refused ones last.
    data: Vec<crate::app::assign::ExplainView>,
    /// The chance that somebody is home, with what it was counted from; absent once the courier is at the door.
    home_chance: Option<HomeChanceView>,
}

/// Why this delivery went to no courier, or not to another.
#[utoipa::path(tag = "dispatch", params(("id" = String, Path)), responses((status = 200, body = ExplainList), (status = 404, body = ProblemDocument)))]
#[get("/v1/deliveries/{id}/explain")]
pub async fn explain(
    app: web::Data<App>,
    _caller: StaffCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let delivery = id::<DeliveryId>(&path)?;
    let data = app.explain(delivery).await?;
    let home_chance = app.home_chance(delivery).await?;
    Ok(HttpResponse::Ok().json(ExplainList { data, home_chance }))
}

/// Forget whether the customer of this delivery was home before: everything that was counted of them, and nothing of
/// what they ordered until now is counted later.
#[utoipa::path(tag = "dispatch", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ProblemDocument)))]
#[delete("/v1/deliveries/{id}/history")]
pub async fn forget(
    app: web::Data<App>,
    _caller: StaffCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    app.forget_customer(id::<DeliveryId>(&path)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A command, with the facts it needs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum CommandIn {
    /// Put on a courier's run.
    Assign {
        /** `cou_…` */
        courier_id: String,
    },
    /// Propose to a courier.
    Offer {
        /** `cou_…` */
        courier_id: String,
    },
    /// Take off the run.
    Unassign {
        /** Why. */
        reason: String,
    },
    /// Clear the gate in your own name.
    Override {
        /** Why. */
        reason: String,
        /** For how long, 60 to 86,400; 3600 if absent. */
        #[schema(minimum = 60, maximum = 86_400)]
        valid_s: Option<i64>,
    },
    /// Climb the ladder again.
    AskAgain,
    /// Place the address.
    Locate {
        /** Where. */
        point: PointIn,
    },
    /// Cancel the order.
    Cancel {
        /** Why. */
        reason: String,
    },
    /// Send the parcels back.
    StartReturn {
        /** Why. */
        reason: String,
    },
    /// Take a returned parcel in for the shop.
    ReceiveReturn,
    /// Pass the parcels to another courier.
    Transfer {
        /** `cou_…` */
        courier_id: String,
    },
    /// Give up as lost.
    MarkLost {
        /** Why. */
        reason: String,
    },
    /// Make a new code.
    RotateCode,
    /// Agree to a hand-off without a code.
    ConfirmHandOff,
    /// Object to a hand-off without a code.
    DisputeHandOff {
        /** Why. */
        reason: String,
    },
    /// Take a hand-off back within its grace.
    Reopen,
    /// Record a hand-off on your own word.
    HandOver {
        /** Why. */
        reason: String,
    },
    /// Turn a courier back.
    TurnBack {
        /** Why. */
        reason: String,
    },
    /// Close an open matter.
    Resolve {
        /** Which: customer_wrote, wrong_number, other_place, delivered_before_cancellation, notice_failed, clock_off, arrived_far_away, refund_failed. */
        #[schema(value_type = String)]
        kind: FlagKind,
    },
    /// Try a failed capture again.
    RetryCapture,
    /// Record a new authorisation.
    RenewAuthorisation {
        /** Its end. */
        authorised_until: Option<DateTime<Utc>>,
    },
    /// Ask for another hold, or for money that is owed.
    Authorise {
        /** Who holds the money; the shop's own choice if absent. */
        provider: Option<String>,
        /** What it is taken from, in the provider's words. */
        method: Option<String>,
        /** The provider's reference of a hold made before. */
        reference: Option<String>,
    },
    /// Give up money that is owed.
    WriteOff {
        /** Why. */
        reason: String,
    },
    /// Record what the customer said to you.
    Answer(AnswerIn),
}

fn courier(text: &str) -> Result<CourierId, Problem> {
    id_in("courier_id", text)
}

async fn command_of(app: &App, delivery: DeliveryId, input: CommandIn) -> Result<Command, Problem> {
    Ok(match input {
        CommandIn::Assign { courier_id } => Command::Assign { courier: courier(&courier_id)? },
        CommandIn::Offer { courier_id } => Command::Offer { courier: courier(&courier_id)? },
        CommandIn::Unassign { reason } => Command::Unassign { reason },
        CommandIn::Override { reason, valid_s } => {
            let valid_s = valid_s.unwrap_or(3600);
            if !(60..=86_400).contains(&valid_s) {
                return Err(Problem::invalid("valid_s", "out_of_range", "60 to 86400 seconds"));
            }
            Command::Override { reason, valid_s }
        }
        CommandIn::AskAgain => Command::AskAgain,
        CommandIn::Locate { point } => {
            let mut faults = Vec::new();
            let place = point.check(&mut faults, "point");
            let place = place
                .ok_or_else(|| Problem::new(c::INVALID, "A value is not allowed.").with_faults(faults))?;
            let region = app.region_of(place)?;
            Command::Locate { place, region }
        }
        CommandIn::Cancel { reason } => Command::Cancel { reason },
        CommandIn::StartReturn { reason } => {
            Command::StartReturn { reason: ReturnReason::Decided, note: reason }
        }
        CommandIn::ReceiveReturn => Command::ReceiveReturn,
        CommandIn::Transfer { courier_id } => Command::Transfer { to: courier(&courier_id)? },
        CommandIn::MarkLost { reason } => Command::MarkLost { reason },
        CommandIn::RotateCode => Command::RotateCode,
        CommandIn::ConfirmHandOff => Command::ConfirmHandOff,
        CommandIn::DisputeHandOff { reason } => Command::DisputeHandOff { reason },
        CommandIn::Reopen => Command::Reopen,
        CommandIn::HandOver { reason } => Command::HandOver {
            id: app.ids().hand_off(),
            proof: Proof::Witness { reason },
            plus: Vec::new(),
            parcels: Vec::new(),
        },
        CommandIn::TurnBack { reason } => Command::TurnBack { reason },
        CommandIn::Resolve { kind } => Command::Resolve { kind },
        CommandIn::RetryCapture => Command::RetryCapture,
        CommandIn::RenewAuthorisation { authorised_until } => {
            Command::RenewAuthorisation { until: authorised_until }
        }
        CommandIn::Authorise { provider, method, reference } => {
            let shop = app.shop_of_delivery(delivery).await?;
            app.another_payment(shop, PayWish { provider, method, reference })?
        }
        CommandIn::WriteOff { reason } => Command::WriteOff { reason },
        CommandIn::Answer(answer) => Command::Answer { reply: answer.reply(app, Source::Dispatcher)? },
    })
}

/// Ask for a command in your own name.
#[utoipa::path(tag = "dispatch", params(("id" = String, Path)), request_body = CommandIn, responses((status = 200, body = DeliveryView), (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/deliveries/{id}/commands")]
pub async fn command(
    app: web::Data<App>,
    caller: StaffCaller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Json<CommandIn>,
) -> Result<HttpResponse, Problem> {
    let delivery = id::<DeliveryId>(&path)?;
    let command = command_of(&app, delivery, body.value).await?;
    let view = app.command_delivery(delivery, command, caller.actor, if_match(&request)?).await?;
    Ok(versioned(view.shared.version, view))
}

/// Which exceptions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ExceptionQuery {
    /// Only of this kind.
    kind: Option<String>,
    /// Rows wanted, 1 to 200; 50 if absent.
    limit: Option<u64>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// Jobs of one answer at most.
const JOBS: u64 = 500;

fn place_text(place: &Place) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}.{}", place.harm_at, place.subject.simple(), place.kind))
}

fn parse_place(text: &str) -> Result<Place, Problem> {
    let parts_of = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.splitn(3, '.');
        let harm_at = parts.next()?.parse().ok()?;
        let subject = parts.next()?.parse().ok()?;
        Some(Place { harm_at, subject, kind: parts.next()?.to_owned() })
    };
    parts_of().ok_or_else(|| Problem::new(c::INVALID_CURSOR, "The cursor was not made by this list."))
}

/// The exception queue, sorted by minutes until harm, each with what fixes it.
#[utoipa::path(tag = "dispatch", params(ExceptionQuery), responses((status = 200, body = Page<ExceptionView>), (status = 400, body = ProblemDocument)))]
#[get("/v1/exceptions")]
pub async fn exceptions(
    app: web::Data<App>,
    _caller: StaffCaller,
    query: web::Query<ExceptionQuery>,
) -> Result<HttpResponse, Problem> {
    let ExceptionQuery { kind, limit, after } = query.into_inner();
    if let Some(kind) = kind.as_deref().filter(|kind| !is_kind(kind)) {
        return Err(Problem::new(c::INVALID_QUERY, format!("'{kind}' is no kind of exception.")));
    }
    let wanted = usize::try_from(PageQuery { limit, after: None }.rows()?).unwrap_or(usize::MAX);
    let after = after.as_deref().map(parse_place).transpose()?;
    let mut found = app.exceptions(kind.as_deref(), after.as_ref(), wanted.saturating_add(1)).await?;
    let more = found.len() > wanted;
    found.truncate(wanted);
    let next_cursor = found.last().filter(|_| more).map(|(place, _)| place_text(place));
    let data = found.into_iter().map(|(_, view)| view).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor }))
}

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct JobQuery {
    /// `parked` (gave up) or `queued`; parked if absent.
    state: Option<String>,
}

/// Jobs.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobList {
    /// The earliest first.
    data: Vec<JobView>,
}

/// Jobs that gave up, or that wait.
#[utoipa::path(tag = "dispatch", params(JobQuery), responses((status = 200, body = JobList), (status = 400, body = ProblemDocument)))]
#[get("/v1/jobs")]
pub async fn jobs(
    app: web::Data<App>,
    _caller: StaffCaller,
    query: web::Query<JobQuery>,
) -> Result<HttpResponse, Problem> {
    let parked = match query.state.as_deref() {
        None | Some("parked") => true,
        Some("queued") => false,
        Some(other) => {
            return Err(Problem::new(c::INVALID_QUERY, format!("'{other}' is neither parked nor queued.")));
        }
    };
    Ok(HttpResponse::Ok().json(JobList { data: app.jobs(parked, JOBS).await? }))
}

/// Try a parked job again.
#[utoipa::path(tag = "dispatch", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ProblemDocument)))]
#[post("/v1/jobs/{id}/retry")]
pub async fn retry_job(
    app: web::Data<App>,
    _caller: StaffCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    app.retry_job(id::<JobId>(&path)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list)
        .service(timeline)
        .service(call_aheads)
        .service(explain)
        .service(forget)
        .service(command)
        .service(read)
        .service(exceptions)
        .service(jobs)
        .service(retry_job);
}

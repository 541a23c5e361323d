//! Decisions of a dispatcher's own that reach beyond one delivery: tried first, then made.

use super::checks;
use super::shared::check_text;
use crate::app::App;
use crate::app::assign::{Idea, Move, MovedView, WhatIfView};
use crate::http::auth::StaffCaller;
use crate::http::body::Json;
use crate::http::extract::{id, id_in};
use crate::http::problem::{Problem, ProblemDocument};
use actix_web::{HttpResponse, post, web};
use callahead_domain::id::CourierId;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// Characters of a reason.
const MOST_REASON: usize = 200;

/// What to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "idea", rename_all = "snake_case", deny_unknown_fields)]
pub enum IdeaIn {
    /// Give a delivery that is not collected to a courier on duty.
    Assign {
        /** `dlv_…` */
        delivery_id: String,
        /** `cou_…`; if absent, the twenty couriers who come into question best. */
        courier_id: Option<String>,
    },
    /// Move all of a courier's run that is not collected to another courier.
    MoveRun {
        /** `cou_…` */
        from: String,
        /** `cou_…` */
        to: String,
    },
    /// A courier's shift ends now: what is not collected goes to others.
    EndShift {
        /** `cou_…` */
        courier_id: String,
    },
}

fn idea(input: &IdeaIn) -> Result<Idea, Problem> {
    Ok(match input {
        IdeaIn::Assign { delivery_id, courier_id } => Idea::Assign {
            delivery: id_in("delivery_id", delivery_id)?,
            courier: courier_id.as_deref().map(|text| id_in("courier_id", text)).transpose()?,
        },
        IdeaIn::MoveRun { from, to } => Idea::MoveRun { from: id_in("from", from)?, to: id_in("to", to)? },
        IdeaIn::EndShift { courier_id } => Idea::EndShift { courier: id_in("courier_id", courier_id)? },
    })
}

/// Try an idea on a frozen copy of the present.
///
/// Nothing is changed. For each courier: when customers would be served, the lateness added and whose it is, the driving
/// added, and the rules that would be broken. A broken rule does not keep a dispatcher from assigning all the same.
#[utoipa::path(tag = "dispatch", request_body = IdeaIn, responses((status = 200, body = WhatIfView), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/dispatch/what_if")]
pub async fn what_if(
    app: web::Data<App>,
    _caller: StaffCaller,
    body: Json<IdeaIn>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(app.what_if(idea(&body.value)?).await?))
}

/// Where a run goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveIn {
    /// `cou_…`, on duty.
    to: String,
    /// Why, 1 to 200 characters; kept with every delivery moved.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
    /// Although rules are broken by it; false if absent. The rules are kept with the reason.
    #[serde(default, rename = "override")]
    overrule: bool,
}

/// Move all of a courier's run that is not collected to another courier.
///
/// All of it or nothing. What is on board stays with its courier and is named in the answer; so does an offer they have
/// not answered. Rules that would be broken (422 `rules_broken`, with each in `rules_broken`) are told instead, unless they
/// are overridden.
#[utoipa::path(tag = "dispatch", params(("id" = String, Path)), request_body = MoveIn, responses((status = 200, body = MovedView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/couriers/{id}/run/move")]
pub async fn move_run(
    app: web::Data<App>,
    caller: StaffCaller,
    path: web::Path<String>,
    body: Json<MoveIn>,
) -> Result<HttpResponse, Problem> {
    let from = id::<CourierId>(&path)?;
    let MoveIn { to, reason, overrule } = body.value;
    let mut faults = Vec::new();
    check_text(&mut faults, "reason", &reason, MOST_REASON);
    checks::refuse(faults)?;
    let wanted = Move { from, to: id_in("to", &to)?, reason, overrule, actor: caller.actor };
    Ok(HttpResponse::Ok().json(app.move_run(wanted).await?))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(what_if).service(move_run);
}

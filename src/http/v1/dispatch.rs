//! Decisions of a dispatcher's own that reach beyond one delivery: tried first, then made.

use crate::app::App;
use crate::app::assign::{Idea, WhatIfView};
use crate::http::auth::StaffCaller;
use crate::http::body::Json;
use crate::http::extract::id_in;
use crate::http::problem::{Problem, ProblemDocument};
use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

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

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(what_if);
}

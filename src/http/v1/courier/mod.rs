//! Couriers: everything a courier's phone asks for. Reads are open to an older phone; writes need the newest session,
//! but for actions, which are judged by when they were done.

pub mod actions;
pub mod feed;
pub mod offers;
pub mod photos;
pub mod shift;
pub mod sign_in;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of couriers.
pub fn routes(config: &mut ServiceConfig<'_>) {
    sign_in::routes(config);
    shift::routes(config);
    feed::routes(config);
    offers::routes(config);
    actions::routes(config);
    photos::routes(config);
}

//! The HTTP door: every route of the service, who may come in, and what is said when something is wrong.

pub mod auth;
pub mod body;
pub mod catalogue;
pub mod extract;
pub mod health;
pub mod limits;
pub mod middleware;
pub mod openapi;
pub mod page;
pub mod pages;
pub mod problem;
pub mod t;
pub mod v1;

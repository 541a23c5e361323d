//! Who asks for a change. Every command names its actor, and the transition table names the roles that may ask.

use crate::id::{CourierId, KeyId, ShopId};
use serde::{Deserialize, Serialize};

/// The person or system behind a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// A shop, through its API key.
    Shop(ShopId),
    /// A courier on their phone.
    Courier(CourierId),
    /// The customer, through the link of this delivery.
    Customer,
    /// A dispatcher, through the key named.
    Dispatcher(KeyId),
    /// An operator, through the key named.
    Operator(KeyId),
    /// The service itself: alarm clock, jobs, assignment.
    System,
}

/// The kind of an actor, as the transition table speaks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A shop.
    Shop,
    /// A courier.
    Courier,
    /// A customer.
    Customer,
    /// A dispatcher; an operator may do all that a dispatcher may.
    Dispatcher,
    /// The service itself.
    System,
}

impl Role {
    /// Every role, in the order the documentation lists them.
    pub const ALL: [Role; 5] = [Role::Shop, Role::Courier, Role::Customer, Role::Dispatcher, Role::System];

    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Shop => "shop",
            Role::Courier => "courier",
            Role::Customer => "customer",
            Role::Dispatcher => "dispatcher",
            Role::System => "system",
        }
    }
}

impl Actor {
    /// The role the transition table checks.
    pub fn role(&self) -> Role {
        match self {
            Actor::Shop(_) => Role::Shop,
            Actor::Courier(_) => Role::Courier,
            Actor::Customer => Role::Customer,
            Actor::Dispatcher(_) | Actor::Operator(_) => Role::Dispatcher,
            Actor::System => Role::System,
        }
    }

    /// Who it was, for people: `shop shp_…`, `courier cou_…`, `customer`.
    pub fn label(&self) -> String {
        match self {
            Actor::Shop(id) => format!("shop {id}"),
            Actor::Courier(id) => format!("courier {id}"),
            Actor::Customer => "customer".to_owned(),
            Actor::Dispatcher(id) => format!("dispatcher {id}"),
            Actor::Operator(id) => format!("operator {id}"),
            Actor::System => "system".to_owned(),
        }
    }
}

//! Credentials: opaque random tokens, stored as SHA-256, found by it.

use super::{App, Error};
use crate::store::credentials;
use crate::store::deliveries::micros;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use callahead_domain::id::{CourierId, KeyId, SessionId, ShopId};

/// Who a credential belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// A shop.
    Shop {
        /// Which.
        shop: ShopId,
        /// By which key.
        key: KeyId,
    },
    /// A dispatcher.
    Dispatcher {
        /// By which key.
        key: KeyId,
    },
    /// An operator.
    Operator {
        /// By which key.
        key: KeyId,
    },
    /// A courier.
    Courier {
        /// Who.
        courier: CourierId,
        /// On which phone.
        session: SessionId,
        /// Whether a newer session acts.
        superseded: bool,
    },
}

/// What a new token begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A shop's key.
    Shop,
    /// A dispatcher's key.
    Dispatcher,
    /// An operator's key.
    Operator,
    /// A courier's session.
    Session,
    /// A courier's invite.
    Invite,
}

impl TokenKind {
    /// The prefix.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Shop => "chs_",
            Self::Dispatcher => "chd_",
            Self::Operator => "cho_",
            Self::Session => "chc_",
            Self::Invite => "chi_",
        }
    }

    /// The stored role of a key.
    pub fn role(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Dispatcher => "dispatcher",
            Self::Operator => "operator",
            Self::Session | Self::Invite => "courier",
        }
    }
}

/// A fresh token of 256 random bits.
pub fn new_token(app: &App, kind: TokenKind) -> String {
    format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(app.entropy.thirty_two()))
}

/// Whose token this is; `None` for anything unknown, ended or revoked, all alike.
///
/// # Errors
/// When the database cannot be asked.
pub async fn authenticate(app: &App, token: &str) -> Result<Option<Principal>, Error> {
    if token.len() != 47 {
        return Ok(None);
    }
    let hash = super::secret::hash(token);
    if let Some(principal) = app.seen.get(&hash) {
        return Ok(Some(principal));
    }
    let now = micros(app.clock.now());
    let found = if token.starts_with(TokenKind::Session.prefix()) {
        credentials::session(app.db.read(), hash.clone(), now).await?.map(|row| Principal::Courier {
            courier: CourierId::from_uuid(row.courier_id),
            session: SessionId::from_uuid(row.id),
            superseded: row.superseded_at.is_some(),
        })
    } else {
        credentials::key(app.db.read(), hash.clone(), now).await?.and_then(key_of)
    };
    if let Some(principal) = found {
        app.seen.put(hash, principal);
    }
    Ok(found)
}

fn key_of(row: entity::api_key::Model) -> Option<Principal> {
    let key = KeyId::from_uuid(row.id);
    match (row.role.as_str(), row.shop_id) {
        ("shop", Some(shop)) => Some(Principal::Shop { shop: ShopId::from_uuid(shop), key }),
        ("dispatcher", None) => Some(Principal::Dispatcher { key }),
        ("operator", None) => Some(Principal::Operator { key }),
        _ => None,
    }
}

//! Signing in. An invite is used once; a code is tried at most five times, and whether a phone number is known never
//! shows: not in the answer, not in its shape, not in the work done for it.

use super::Base;
use crate::app::auth::{TokenKind, new_token};
use crate::app::error::Error;
use crate::app::ids::Ids;
use crate::app::secret;
use crate::app::unit::Unit;
use crate::app::{App, view::NamedView};
use crate::store::deliveries::{instant, micros};
use crate::store::jobs::{self, NewJob};
use crate::store::sessions;
use crate::store::tx::Tx;
use callahead_domain::contact::Phone;
use callahead_domain::id::{CodeId, CourierId, RegionId, SessionId};
use chrono::{DateTime, Duration, Utc};
use entity::{session, sign_in_code};
use sea_orm::IntoActiveModel;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;
use uuid::Uuid;

/// A session lasts this long.
const SESSION_DAYS: i64 = 30;
/// A code can be typed this long.
const CODE_MINUTES: i64 = 10;
/// Codes sent to one phone number within an hour.
const CODES_PER_HOUR: u64 = 5;
/// Codes sent to one phone number within a day: with five tries each, a guesser's chance stays under one in 10,000.
const CODES_PER_DAY: u64 = 20;

/// The kind of the job that sends a code.
pub const SEND_CODE: &str = "send_sign_in_code";

/// The payload of that job; the code follows from the request and the master key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendCode {
    /// To whom.
    pub courier: CourierId,
    /// Of which request.
    pub request: CodeId,
}

/// A courier as they see themself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MeView {
    /// `cou_…`
    pub id: String,
    /// Name.
    pub name: String,
    /// E.164.
    pub phone: String,
    /// Language tag.
    pub language: String,
    /// foot, bicycle, scooter or car.
    pub vehicle: String,
    /// Parcels at most.
    pub capacity: i32,
    /// Regions they work in.
    pub regions: Vec<NamedView>,
}

/// A new session.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SignedInView {
    /// `chc_…`, shown once.
    pub token: String,
    /// Whose.
    pub courier: MeView,
}

/// What a request for a code is answered, always.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CodeRequestView {
    /// `otp_…`, to be sent with the code.
    pub request_id: String,
    /// The code's end.
    pub expires_at: DateTime<Utc>,
}

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    In(CourierId),
    Wrong,
    Gone,
}

/// A session to be opened.
#[derive(Debug, Clone)]
struct NewSession {
    id: SessionId,
    hash: Vec<u8>,
    now: DateTime<Utc>,
}

impl NewSession {
    fn draw(app: &App, ids: &Ids, now: DateTime<Utc>) -> (NewSession, String) {
        let token = new_token(app, TokenKind::Session);
        (NewSession { id: ids.make(SessionId::from_parts), hash: secret::hash(&token), now }, token)
    }

    /// Opens it; false when the courier is not active any more.
    async fn open(&self, tx: &Tx, courier: Uuid) -> Result<bool, Error> {
        if !sessions::hold_active_courier(tx, courier).await? {
            return Ok(false);
        }
        let row = session::Model {
            id: self.id.uuid(),
            courier_id: courier,
            hash: self.hash.clone(),
            created_at: micros(self.now),
            seen_at: micros(self.now),
            expires_at: micros(self.now + Duration::days(SESSION_DAYS)),
            superseded_at: None,
            revoked_at: None,
        };
        sessions::open(tx, row.into_active_model(), courier, micros(self.now)).await?;
        Ok(true)
    }
}

/// Signs in with an invite.
///
/// # Errors
/// [`Error::Missing`] for an unknown token; `gone` for one that is used, expired, or of a courier who left.
pub async fn by_invite(app: &App, token: &str) -> Result<SignedInView, Error> {
    let known = token.len() == 47 && token.starts_with(TokenKind::Invite.prefix());
    let found = if known { sessions::invite(app.db.read(), secret::hash(token)).await? } else { None };
    let invite = found.ok_or(Error::Missing)?;
    let (ids, now) = (app.ids(), app.clock.now());
    let (session, token) = NewSession::draw(app, &ids, now);
    let unit = ByInvite { invite: invite.id, courier: invite.courier_id, session };
    if !app.lanes.write(unit).await? {
        return Err(Error::rule("gone", "The invite is used up or over; a dispatcher makes a new one."));
    }
    signed_in(app, CourierId::from_uuid(invite.courier_id), token).await
}

#[derive(Debug)]
struct ByInvite {
    invite: Uuid,
    courier: Uuid,
    session: NewSession,
}

impl Unit for ByInvite {
    type Output = bool;

    fn key(&self) -> Uuid {
        self.courier
    }

    async fn run(&self, tx: &Tx) -> Result<bool, Error> {
        if !sessions::use_invite(tx, self.invite, micros(self.session.now)).await? {
            return Ok(false);
        }
        self.session.open(tx, self.courier).await
    }
}

async fn signed_in(app: &App, courier: CourierId, token: String) -> Result<SignedInView, Error> {
    app.seen.clear();
    Ok(SignedInView { token, courier: me(app, courier).await? })
}

/// Asks for a code.
///
/// # Errors
/// When the database cannot be asked; never for a phone number nobody has.
pub async fn request_code(app: &App, phone: Phone) -> Result<CodeRequestView, Error> {
    let (ids, now) = (app.ids(), app.clock.now());
    let request = ids.make(CodeId::from_parts);
    let code = app.secrets.sign_in_code(request.uuid());
    let hash = app.secrets.sign_in_hash(request.uuid(), &code);
    let expires_at = now + Duration::minutes(CODE_MINUTES);
    app.lanes.write(RequestCode { request, phone, hash, now, expires_at, job: ids.job().uuid() }).await?;
    app.bells.work.notify_one();
    Ok(CodeRequestView { request_id: request.to_string(), expires_at })
}

#[derive(Debug)]
struct RequestCode {
    request: CodeId,
    phone: Phone,
    hash: Vec<u8>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    job: Uuid,
}

impl Unit for RequestCode {
    type Output = ();

    /// By phone number, so that requests for one number are counted one after the other.
    fn key(&self) -> Uuid {
        let hash = secret::hash(self.phone.as_str());
        hash.get(..16).and_then(|head| Uuid::from_slice(head).ok()).unwrap_or_default()
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        // Requests of neighbours for this number must be in the table to be counted.
        tx.flush().await?;
        let courier = sessions::active_courier_by_phone(tx.reader(), self.phone.as_str()).await?;
        // Another replica may be counting too. Nobody's row is held as well, so that both cases cost the same.
        sessions::hold_active_courier(tx, courier.as_ref().map_or_else(Uuid::nil, |row| row.id)).await?;
        let hour =
            sessions::codes_since(tx.reader(), self.phone.as_str(), micros(self.now - Duration::hours(1)))
                .await?;
        let day =
            sessions::codes_since(tx.reader(), self.phone.as_str(), micros(self.now - Duration::days(1)))
                .await?;
        if hour >= CODES_PER_HOUR || day >= CODES_PER_DAY {
            return Ok(());
        }
        let row = sign_in_code::Model {
            id: self.request.uuid(),
            phone: self.phone.as_str().to_owned(),
            courier_id: courier.as_ref().map(|row| row.id),
            hash: self.hash.clone(),
            attempts: 0,
            expires_at: micros(self.expires_at),
            used_at: None,
            created_at: micros(self.now),
        };
        tx.insert(row.into_active_model());
        let Some(courier) = courier else { return Ok(()) };
        let payload = SendCode { courier: CourierId::from_uuid(courier.id), request: self.request };
        jobs::enqueue(
            tx,
            NewJob {
                id: self.job,
                kind: SEND_CODE.to_owned(),
                dedupe: None,
                payload: serde_json::to_string(&payload).map_err(Error::internal)?,
                run_at: micros(self.now),
                delivery_id: None,
                created_at: micros(self.now),
            },
        );
        Ok(())
    }
}

/// Tries a code. Requests nobody made and phone numbers nobody has look like a wrong code.
///
/// # Errors
/// `wrong_code`; `gone` for a request that is used, expired or out of tries.
pub async fn verify(app: &App, request: CodeId, code: &str) -> Result<SignedInView, Error> {
    let (ids, now) = (app.ids(), app.clock.now());
    let (session, token) = NewSession::draw(app, &ids, now);
    let hash = app.secrets.sign_in_hash(request.uuid(), code);
    match app.lanes.write(Verify { request, hash, session }).await? {
        Tried::In(courier) => signed_in(app, courier, token).await,
        Tried::Wrong => Err(Error::rule("wrong_code", "That code did not match. Check the newest message.")),
        Tried::Gone => Err(Error::rule("gone", "The code is used up or over; ask for a new one.")),
    }
}

#[derive(Debug)]
struct Verify {
    request: CodeId,
    hash: Vec<u8>,
    session: NewSession,
}

impl Unit for Verify {
    type Output = Tried;

    fn key(&self) -> Uuid {
        self.request.uuid()
    }

    /// A wrong code is an answer, not an error: the counted try must stay.
    async fn run(&self, tx: &Tx) -> Result<Tried, Error> {
        let now = micros(self.session.now);
        let id = self.request.uuid();
        if !sessions::count_try(tx, id, now).await? {
            let known = sessions::code(tx.reader(), id).await?;
            return Ok(if known.is_some() { Tried::Gone } else { Tried::Wrong });
        }
        let row = sessions::code(tx.reader(), id).await?.ok_or(Error::Missing)?;
        let matches = bool::from(row.hash.ct_eq(&self.hash));
        let Some(courier) = row.courier_id.filter(|_| matches) else { return Ok(Tried::Wrong) };
        if !self.session.open(tx, courier).await? {
            return Ok(Tried::Wrong);
        }
        sessions::use_code(tx, id, now).await?;
        Ok(Tried::In(CourierId::from_uuid(courier)))
    }
}

/// A courier as they see themself.
///
/// # Errors
/// [`Error::Missing`] when there is no such courier.
pub async fn me(app: &App, courier: CourierId) -> Result<MeView, Error> {
    let row = sessions::courier(app.db.read(), courier.uuid()).await?.ok_or(Error::Missing)?;
    let regions: Vec<RegionId> = serde_json::from_str(&row.regions).map_err(Error::internal)?;
    let book = app.book.get();
    let named = |id: RegionId| NamedView {
        id: id.to_string(),
        name: book.regions.get(&id).map(|entry| entry.name.clone()).unwrap_or_default(),
    };
    Ok(MeView {
        id: courier.to_string(),
        name: row.name,
        phone: row.phone,
        language: row.language,
        vehicle: row.vehicle,
        capacity: row.capacity,
        regions: regions.into_iter().map(named).collect(),
    })
}

/// When another phone signed in after this session, if one did.
///
/// # Errors
/// When the database cannot be asked.
pub(super) async fn superseded_at(app: &App, session: SessionId) -> Result<Option<DateTime<Utc>>, Error> {
    let row = sessions::session(app.db.read(), session.uuid()).await?;
    Ok(row.and_then(|row| row.superseded_at).map(instant))
}

/// Ends a session.
///
/// # Errors
/// When the database cannot be asked.
pub async fn sign_out(app: &App, courier: CourierId, session: SessionId) -> Result<(), Error> {
    app.lanes.write(SignOut { base: Base::new(app, courier), session }).await?;
    app.seen.clear();
    Ok(())
}

#[derive(Debug)]
struct SignOut {
    base: Base,
    session: SessionId,
}

impl Unit for SignOut {
    type Output = ();

    fn key(&self) -> Uuid {
        self.base.courier.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        Ok(sessions::revoke(tx, self.session.uuid(), micros(self.base.now)).await?)
    }
}

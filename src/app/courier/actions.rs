//! What couriers did, as their phones hand it in: hours later, out of order, twice, or at the same time. Each action is
//! a unit of its own with a verdict that is kept under the action's id, so that sending again changes nothing.

use super::legs;
use super::payload::{Deed, Shown, Unreadable};
use super::shift::{AHEAD_S, BEFORE_START_MIN};
use super::sign_in;
use crate::app::App;
use crate::app::book::Book;
use crate::app::change::{Asked, Changed, carry_out, carry_out_loaded};
use crate::app::error::{Error, Refused};
use crate::app::ids::Ids;
use crate::app::scan::Worthless;
use crate::app::unit::Unit;
use crate::store::deliveries::{self, Loaded, instant, micros};
use crate::store::positions::{self, NewPosition};
use crate::store::tx::Tx;
use crate::store::{idempotency, photos, shifts};
use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::answer::Source;
use callahead_domain::delivery::proof::Proof;
use callahead_domain::delivery::state::{CODE_TRIES, FlagKind, Stage};
use callahead_domain::delivery::{Command, Event, Refusal, Reply};
use callahead_domain::geo::point::Point;
use callahead_domain::hand_off::chain::Hid;
use callahead_domain::id::{AnswerId, CourierId, DeliveryId, SessionId};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// What an arrival far from the address is flagged with.
const FAR_AWAY: &str = "arrived_far_away";
/// What the phone's clock is flagged with.
const CLOCK_OFF: &str = "clock_off";
/// How often an action that lost a race is judged anew.
const TRIES: usize = 4;

/// One action as the phone tells it.
#[derive(Debug, Clone)]
pub struct Action {
    /// The phone's own id of it.
    pub action_id: String,
    /// Its type as sent.
    pub kind: String,
    /// Of which delivery; `None` when the id cannot be one.
    pub delivery: Option<DeliveryId>,
    /// What was done.
    pub deed: Result<Deed, Unreadable>,
    /// When, by the phone's clock.
    pub occurred_at: DateTime<Utc>,
    /// The phone's own order.
    pub device_seq: i64,
    /// Where.
    pub point: Option<Point>,
}

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// It happened.
    Applied,
    /// It was sent before; the rest is what was answered then.
    Duplicate,
    /// The state was in the way.
    Conflict,
    /// Content, ownership or role do not allow it.
    Rejected,
}

/// Where the delivery stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StandView {
    /// Where the parcels are.
    pub stage: String,
    /// What the customer has said.
    pub gate: String,
    /// Rises with every change.
    pub version: i64,
}

/// The answer to one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// The phone's own id of it.
    pub action_id: String,
    /// What became of it.
    pub verdict: Judged,
    /// What became of it when it came first; only for a duplicate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Judged>,
    /// Stable code of a refusal.
    pub code: Option<String>,
    /// In words.
    pub detail: Option<String>,
    /// Tries left before the code locks, after a wrong one.
    pub tries_left: Option<u32>,
    /// Where the delivery stands; null where that is not this courier's to know.
    pub state: Option<StandView>,
    /// `clock_off`: the phone's clock was ahead, the server's was taken. `arrived_far_away`: taken, and shown to a
    /// dispatcher.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flagged: Vec<String>,
}

/// Judges a batch in the order in which it happened; answers in the order in which it was sent.
///
/// # Errors
/// Only when the database is away or overloaded: what was judged before then stays, and the whole batch may be sent again.
pub async fn batch(
    app: &App,
    courier: CourierId,
    session: SessionId,
    sent_at: Option<DateTime<Utc>>,
    actions: Vec<Action>,
) -> Result<Vec<Verdict>, Error> {
    let now = app.clock.now();
    let behind = sent_at.map_or_else(Duration::zero, |sent| now - sent);
    let superseded_at = sign_in::superseded_at(app, session).await?;
    let latest = shifts::latest_of(app.db.read(), courier.uuid()).await?;
    let shift = latest.map(|row| (row.id, instant(row.started_at) - Duration::minutes(BEFORE_START_MIN)));
    let mut order: Vec<(DateTime<Utc>, i64, usize, Action)> = actions
        .into_iter()
        .enumerate()
        .map(|(place, action)| (corrected(action.occurred_at, now).0, action.device_seq, place, action))
        .collect();
    order.sort_by_key(|(at, seq, place, _)| (*at, *seq, *place));
    let mut verdicts = Vec::with_capacity(order.len());
    for (at, _, place, action) in order {
        let clock_off = corrected(action.occurred_at, now).1;
        let scanned_at =
            action.occurred_at.checked_add_signed(behind).map_or(at, |at| super::cut(at).min(now));
        let action = Arc::new(action);
        let told = Told { courier, action, at, scanned_at, clock_off, superseded_at, shift, now };
        verdicts.push((place, judge(app, &told).await?));
    }
    if verdicts.iter().any(|(_, verdict)| verdict.verdict == Judged::Applied || verdict.tries_left.is_some())
    {
        app.bells.ring();
    }
    verdicts.sort_by_key(|(place, _)| *place);
    Ok(verdicts.into_iter().map(|(_, verdict)| verdict).collect())
}

/// When it happened as far as we believe, and whether the phone's clock was ahead.
fn corrected(occurred_at: DateTime<Utc>, now: DateTime<Utc>) -> (DateTime<Utc>, bool) {
    (super::cut(occurred_at).min(now), occurred_at > now + Duration::seconds(AHEAD_S))
}

/// An action with everything it is judged by.
#[derive(Debug, Clone)]
struct Told {
    courier: CourierId,
    action: Arc<Action>,
    at: DateTime<Utc>,
    /// When it happened by the server's clock: the phone's word, moved by how far its clock was off as it sent.
    scanned_at: DateTime<Utc>,
    clock_off: bool,
    superseded_at: Option<DateTime<Utc>>,
    /// The courier's latest shift and the first instant that belongs to it.
    shift: Option<(Uuid, DateTime<Utc>)>,
    now: DateTime<Utc>,
}

async fn judge(app: &App, told: &Told) -> Result<Verdict, Error> {
    for _ in 0..TRIES {
        let typed = compare(app, told).await?;
        let (learn, book) = (app.config.travel.learn, app.book.get());
        let unit = Act { told: told.clone(), typed, learn, book, ids: app.ids() };
        match app.lanes.write(unit).await {
            // The same action from another connection, a code rotated in between, another replica: look again.
            Err(Error::Stale) => {}
            Err(Error::Conflict { constraint }) if constraint == idempotency::CONSTRAINT => {}
            other => return other,
        }
    }
    Err(Error::Overloaded)
}

/// A code compared under one rotation.
#[derive(Debug, Clone)]
struct Typed {
    rotation: u32,
    proof: Result<Proof, Worthless>,
    /// Which other delivery of the same customer a scanned code is of.
    other: Option<DeliveryId>,
}

/// Compares before the transaction; the transaction checks that the rotation still holds.
async fn compare(app: &App, told: &Told) -> Result<Option<Typed>, Error> {
    let (Some(id), Ok(Deed::HandOver { shown: shown @ (Shown::Code(_) | Shown::Scan(_)), .. })) =
        (told.action.delivery, &told.action.deed)
    else {
        return Ok(None);
    };
    let Some(loaded) = deliveries::by_id(app.db.read(), id.uuid()).await? else { return Ok(None) };
    let delivery = &loaded.delivery;
    let rotation = delivery.code.rotation;
    let proof = match shown {
        Shown::Code(code) => Ok(Proof::Code { matches: app.secrets.code_matches(id, rotation, code) }),
        Shown::Scan(scanned) => app.secrets.judge_scan(delivery, told.courier, *scanned, told.scanned_at),
        _ => return Ok(None),
    };
    let other = match (shown, &proof) {
        (Shown::Scan(scanned), Err(Worthless::Another)) => {
            same_customer(app, told.courier, &loaded, scanned.hid()).await?
        }
        _ => None,
    };
    Ok(Some(Typed { rotation, proof, other }))
}

#[derive(Debug)]
struct Act {
    told: Told,
    typed: Option<Typed>,
    /// Whether finished legs are kept.
    learn: bool,
    book: Arc<Book>,
    ids: Ids,
}

impl Unit for Act {
    type Output = Verdict;

    fn key(&self) -> Uuid {
        self.told.action.delivery.map_or_else(Uuid::nil, |id| id.uuid())
    }

    async fn run(&self, tx: &Tx) -> Result<Verdict, Error> {
        self.ids.restart();
        let Told { courier, action, superseded_at, at, now, .. } = &self.told;
        let scope = format!("act:{}", courier.uuid());
        if let Some(stored) = idempotency::find(tx.reader(), &scope, &action.action_id).await? {
            return self.again(&stored);
        }
        if superseded_at.is_some_and(|since| *at >= since) {
            // Not kept: it says something of the phone, not of the action.
            return Ok(self.rejected("session_superseded", "Another phone signed in before this was done."));
        }
        let mut verdict = self.verdict(tx).await?;
        if self.told.clock_off {
            verdict.flagged.push(CLOCK_OFF.to_owned());
        }
        if verdict.verdict == Judged::Conflict {
            // Not kept: nothing happened. What reached the service before its predecessor did is taken when it is
            // sent again.
            return Ok(verdict);
        }
        idempotency::insert(
            tx,
            entity::idempotency::Model {
                scope,
                key: action.action_id.clone(),
                fingerprint: self.fingerprint(),
                status: 200,
                body: serde_json::to_string(&verdict).map_err(Error::internal)?,
                created_at: micros(*now),
            },
        );
        Ok(verdict)
    }
}

/// Whose a delivery is, for a courier.
#[derive(Debug, PartialEq, Eq)]
enum Whose {
    /// On their run, or it ended there.
    Theirs,
    /// It was, and nobody has it now.
    Past,
    /// It was, and another courier has it now; or it is only offered.
    Others,
    /// It never was.
    Never,
}

impl Act {
    /// What the action is about; its facts are left out so that nothing of a typed code is kept.
    fn fingerprint(&self) -> Vec<u8> {
        let action = &self.told.action;
        let about =
            format!("{}\n{}", action.kind, action.delivery.map(|id| id.to_string()).unwrap_or_default());
        Sha256::digest(about).to_vec()
    }

    fn again(&self, stored: &entity::idempotency::Model) -> Result<Verdict, Error> {
        if stored.fingerprint != self.fingerprint() {
            return Ok(self.rejected("action_id_reused", "This id was used for another action."));
        }
        let first: Verdict = serde_json::from_str(&stored.body).map_err(Error::internal)?;
        Ok(Verdict { verdict: Judged::Duplicate, first: Some(first.verdict), ..first })
    }

    fn answer(&self, verdict: Judged, state: Option<StandView>) -> Verdict {
        Verdict {
            action_id: self.told.action.action_id.clone(),
            verdict,
            first: None,
            code: None,
            detail: None,
            tries_left: None,
            state,
            flagged: Vec::new(),
        }
    }

    fn rejected(&self, code: &str, detail: impl Into<String>) -> Verdict {
        Verdict {
            code: Some(code.to_owned()),
            detail: Some(detail.into()),
            ..self.answer(Judged::Rejected, None)
        }
    }

    async fn verdict(&self, tx: &Tx) -> Result<Verdict, Error> {
        let deed = match &self.told.action.deed {
            Ok(deed) => deed,
            Err(unreadable) => return Ok(self.rejected(unreadable.code, unreadable.detail.clone())),
        };
        let Some((shift, first)) = self.told.shift else {
            return Ok(self.rejected("no_shift", "No shift was started."));
        };
        if self.told.at < first {
            return Ok(self.rejected(
                "occurred_before_shift",
                format!("The shift takes what was done from {first} on."),
            ));
        }
        let unknown = || Ok(self.rejected("unknown_delivery", "This delivery is not this courier's."));
        let Some(id) = self.told.action.delivery else { return unknown() };
        let Some(loaded) = deliveries::by_id(tx.reader(), id.uuid()).await? else { return unknown() };
        match self.whose(tx, &loaded).await? {
            Whose::Never => unknown(),
            Whose::Others => Ok(self.rejected("not_yours", "This delivery is not on your run.")),
            Whose::Theirs | Whose::Past => self.carry_out(tx, &loaded, deed, shift).await,
        }
    }

    async fn whose(&self, tx: &Tx, loaded: &Loaded) -> Result<Whose, Error> {
        let me = Some(self.told.courier);
        let with = match &loaded.delivery.stage {
            Stage::Cancelled { was, .. } => *was,
            stage => stage.courier(),
        };
        let offered = matches!(loaded.delivery.stage, Stage::Offered { .. });
        if with == me {
            return Ok(if offered { Whose::Others } else { Whose::Theirs });
        }
        let had = shifts::ever_had(tx.reader(), loaded.row.id, &self.told.courier.to_string()).await?;
        Ok(match (had, with) {
            (false, _) => Whose::Never,
            (true, None) => Whose::Past,
            (true, Some(_)) => Whose::Others,
        })
    }

    async fn carry_out(&self, tx: &Tx, loaded: &Loaded, deed: &Deed, shift: Uuid) -> Result<Verdict, Error> {
        let command = match self.command(tx, loaded, deed).await? {
            Ok(command) => command,
            Err(verdict) => return Ok(*verdict),
        };
        let asked = self.asked(loaded.delivery.id, command, Actor::Courier(self.told.courier));
        let mut verdict = match carry_out_loaded(tx, loaded, &asked, &self.book, &self.ids).await {
            Ok(changed) => {
                let arrived = self.learn && matches!(deed, Deed::Arrive { .. }) && !self.told.clock_off;
                let verdict = self.applied(&changed);
                if arrived && verdict.flagged.is_empty() {
                    legs::keep(tx, loaded, (self.told.courier, shift), self.told.at, &self.book).await?;
                }
                verdict
            }
            Err(Error::Refused(refused)) => self.refused(loaded, &refused),
            Err(error) => return Err(error),
        };
        if let (Some(point), Judged::Applied) = (self.told.action.point, verdict.verdict) {
            let new = NewPosition {
                at: micros(self.told.at),
                lat: point.lat(),
                lon: point.lon(),
                accuracy_m: None,
                implausible: false,
            };
            positions::insert(tx, self.told.courier.uuid(), shift, &new, micros(self.told.now));
        }
        let flagged = loaded.delivery.flags.iter().any(|flag| flag.kind == FlagKind::ClockOff);
        if self.told.clock_off && !flagged {
            let ahead = (self.told.action.occurred_at - self.told.now).num_seconds();
            let command = Command::Flag {
                kind: FlagKind::ClockOff,
                detail: format!("the phone's clock is {ahead} s ahead"),
            };
            let changed =
                carry_out(tx, &self.asked(loaded.delivery.id, command, Actor::System), &self.book, &self.ids)
                    .await?;
            verdict.state = verdict.state.map(|_| stand(&changed));
        }
        Ok(verdict)
    }

    fn asked(&self, delivery: DeliveryId, command: Command, actor: Actor) -> Asked {
        Asked { delivery, command, actor, now: self.told.now, occurred_at: self.told.at, expect: None }
    }

    fn applied(&self, changed: &Changed) -> Verdict {
        let state = Some(stand(changed));
        let Some(Event::CodeRefused { tries, .. }) = changed.events.first() else {
            let far = |event: &Event| matches!(event, Event::Flagged { kind: FlagKind::ArrivedFarAway, .. });
            let flagged = changed.events.iter().any(far).then(|| FAR_AWAY.to_owned());
            let flagged = flagged.into_iter().collect();
            return Verdict { flagged, ..self.answer(Judged::Applied, state) };
        };
        Verdict {
            tries_left: Some(CODE_TRIES.saturating_sub(*tries)),
            state,
            ..self.rejected("code_wrong", "The code does not match; ask for the newest one.")
        }
    }

    fn refused(&self, loaded: &Loaded, refused: &Refused) -> Verdict {
        let refusal = &refused.refusal;
        let role = matches!(refusal, Refusal::NotYours | Refusal::RoleMayNot { .. });
        let judged = if refusal.is_conflict() && !role { Judged::Conflict } else { Judged::Rejected };
        let state = StandView {
            stage: loaded.delivery.stage.kind().name().to_owned(),
            gate: loaded.delivery.gate.kind().name().to_owned(),
            version: loaded.row.version,
        };
        Verdict {
            code: Some(refusal.code().to_owned()),
            detail: Some(refusal.to_string()),
            tries_left: matches!(refusal, Refusal::CodeLocked { .. }).then_some(0),
            ..self.answer(judged, Some(state).filter(|_| !matches!(refusal, Refusal::NotYours)))
        }
    }

    /// The domain's command, or a verdict where the facts do not hold.
    async fn command(
        &self,
        tx: &Tx,
        loaded: &Loaded,
        deed: &Deed,
    ) -> Result<Result<Command, Box<Verdict>>, Error> {
        Ok(Ok(match deed {
            Deed::Collect => Command::Collect,
            Deed::SetOff => Command::SetOff { last_in_run: self.last_in_run(tx, loaded).await? },
            Deed::TurnBack { reason } => Command::TurnBack { reason: reason.clone() },
            Deed::Arrive { reason } => {
                Command::Arrive { point: self.told.action.point, reason: reason.clone() }
            }
            Deed::Fail { reason } => Command::FailAttempt { reason: *reason },
            Deed::UndoFail => Command::UndoFail,
            Deed::Reopen => Command::Reopen,
            Deed::Call { outcome, note } => Command::Answer {
                reply: Reply {
                    id: self.ids.make(AnswerId::from_parts),
                    outcome: outcome.clone(),
                    note: note.clone(),
                    source: Source::Courier,
                    region: None,
                },
            },
            Deed::HandOver { shown, plus, parcels } => {
                let mut brought = Vec::with_capacity(plus.len());
                for one in plus {
                    match self.proof(tx, loaded, one).await? {
                        Ok(proof) => brought.push(proof),
                        Err(verdict) => return Ok(Err(verdict)),
                    }
                }
                match self.proof(tx, loaded, shown).await? {
                    Ok(proof) => Command::HandOver {
                        id: self.ids.hand_off(),
                        proof,
                        plus: brought,
                        parcels: parcels.clone(),
                    },
                    Err(verdict) => return Ok(Err(verdict)),
                }
            }
        }))
    }

    /// Why a scan proves nothing. It counts as no try: such a code cannot be guessed.
    fn worthless(&self, worthless: Worthless, other: Option<DeliveryId>) -> Verdict {
        let (code, detail) = match (worthless, other) {
            (Worthless::Stale, _) => (
                "code_stale",
                "This code was shown at another moment: scan the one that is shown now.".to_owned(),
            ),
            (Worthless::Void, _) => (
                "code_void",
                "This code does not hold any more: scan the newest page, or type its digits.".to_owned(),
            ),
            (Worthless::Another, None) => {
                ("code_of_another_delivery", "This code is of another delivery.".to_owned())
            }
            (Worthless::Another, Some(id)) => {
                ("code_of_another_delivery", format!("This code is of {id}, for the same customer."))
            }
        };
        self.rejected(code, detail)
    }

    async fn last_in_run(&self, tx: &Tx, loaded: &Loaded) -> Result<bool, Error> {
        let mine = deliveries::of_couriers(tx.reader(), vec![self.told.courier.uuid()]).await?;
        Ok(!mine.iter().any(|other| other.row.id != loaded.row.id && other.delivery.is_askable()))
    }

    async fn proof(
        &self,
        tx: &Tx,
        loaded: &Loaded,
        shown: &Shown,
    ) -> Result<Result<Proof, Box<Verdict>>, Error> {
        Ok(Ok(match shown {
            Shown::Code(_) | Shown::Scan(_) => match &self.typed {
                Some(typed) if typed.rotation == loaded.delivery.code.rotation => match &typed.proof {
                    Ok(proof) => proof.clone(),
                    Err(worthless) => return Ok(Err(Box::new(self.worthless(*worthless, typed.other)))),
                },
                _ => return Err(Error::Stale),
            },
            Shown::Signature { signer, strokes } => {
                Proof::Signature { signer: signer.clone(), strokes: strokes.clone() }
            }
            Shown::Photo { photo, reason } => {
                if !photos::is_of(tx.reader(), photo.uuid(), self.told.courier.uuid(), loaded.row.id).await? {
                    let verdict =
                        self.rejected("unknown_photo", "There is no such photo of yours of this delivery.");
                    return Ok(Err(Box::new(verdict)));
                }
                Proof::Photo { photo: *photo, reason: reason.clone() }
            }
        }))
    }
}

/// Which delivery a code is of, if this courier has it for the same customer.
async fn same_customer(
    app: &App,
    courier: CourierId,
    loaded: &Loaded,
    hid: Hid,
) -> Result<Option<DeliveryId>, Error> {
    let mine = deliveries::of_couriers(app.db.read(), vec![courier.uuid()]).await?;
    let same = |other: &&Loaded| {
        other.row.customer_key.is_some() && other.row.customer_key == loaded.row.customer_key
    };
    let mut ids = mine.iter().filter(same).map(|other| other.delivery.id);
    Ok(ids.find(|id| app.secrets.hid(*id) == hid))
}

fn stand(changed: &Changed) -> StandView {
    StandView {
        stage: changed.delivery.stage.kind().name().to_owned(),
        gate: changed.delivery.gate.kind().name().to_owned(),
        version: changed.version,
    }
}

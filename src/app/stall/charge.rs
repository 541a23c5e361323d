//! A stall scans a customer's personal code and types the amount. The code pays once; above the limits the customer is
//! asked, on their phone or by their PIN at the stall.

use super::{Stall, pay};
use crate::app::unit::Unit;
use crate::app::view::MoneyView;
use crate::app::wallet::{SCAN, Wallet, settled};
use crate::app::{App, Error};
use crate::store::deliveries::{instant, micros};
use crate::store::tx::Tx;
use crate::store::{ledger, stalls as rows};
use callahead_domain::id::{StallId, TransferId, WalletId};
use callahead_domain::ledger::{Action, Code, Limit, Refusal, Request, Transfer, Verdict};
use callahead_domain::money::{Currency, Money};
use callahead_domain::pay_code::{Alias, PayCode, PayNumber, accepted_at};
use chrono::{DateTime, Duration, Utc};
use entity::{pay_device, stall_charge};
use sea_orm::IntoActiveModel;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

/// A charge as it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChargeView {
    /// `trf_…`, as the stall made it.
    pub id: String,
    /// `paid`; `waiting` for the customer; `declined`; `over`, when nobody agreed in time.
    pub state: String,
    /// How much.
    pub amount: MoneyView,
    /// The word that stands on both screens, once it is paid.
    pub receipt_word: Option<String>,
    /// `trf_…` of the payment in the statements, once it is paid.
    pub transfer_id: Option<String>,
    /// How long the customer may agree.
    pub waits_until: DateTime<Utc>,
    /// The stall's name.
    pub stall: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// What a stall asks for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Made by the stall.
    pub id: TransferId,
    /// What was scanned or typed: a `PP1` text or 18 digits.
    pub code: String,
    /// How much.
    pub amount: Money,
    /// The PIN, typed at the stall by the customer.
    pub pin: Option<String>,
}

struct Keep {
    row: stall_charge::Model,
}

impl Unit for Keep {
    type Output = ();

    fn key(&self) -> Uuid {
        self.row.wallet_id
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        tx.insert(self.row.clone().into_active_model());
        Ok(())
    }
}

struct Decline {
    wallet: WalletId,
    id: TransferId,
    now: i64,
}

impl Unit for Decline {
    type Output = bool;

    fn key(&self) -> Uuid {
        self.wallet.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<bool, Error> {
        Ok(rows::decline(tx, self.wallet.uuid(), pay::key(self.id), self.now).await?)
    }
}

/// The id under which a charge is paid once the customer agreed: another than the stall's, which the limit may have
/// refused for good.
fn agreed_id(charge: Uuid) -> TransferId {
    let hash = Sha256::new().chain_update(b"agreed").chain_update(charge.as_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    TransferId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

fn bad_code() -> Error {
    Error::rule("bad_code", "The code is not one that pays now.").at("code")
}

/// The charge's transfer.
fn request(id: TransferId, row: &stall_charge::Model, action: Action) -> Request {
    Request::new(id, Code::CodePayment, format!("{:016x}:{}", row.alias, row.half_minute), action)
}

impl App {
    /// Takes a personal code at a stall.
    ///
    /// # Errors
    /// `bad_code` and, after five in ten minutes, `too_many_tries`; `code_used`; `stall_closed`; `currency_differs`;
    /// `transfer_id_taken`; about the PIN; what the ledger refuses.
    pub async fn charge(&self, stall: &Stall, asked: &Asked) -> Result<ChargeView, Error> {
        if let Some(known) = rows::charge(self.db.read(), pay::key(asked.id)).await? {
            return self.known_charge(stall, asked, known).await;
        }
        if !stall.row.open {
            return Err(Error::rule("stall_closed", "The stall takes no payments."));
        }
        self.take_try(stall.row.id, SCAN).await?;
        let (device, half_minute) = self.read_code(&asked.code).await?.ok_or_else(bad_code)?;
        self.give_back_try(stall.row.id, SCAN).await?;
        let wallet = self.wallet(WalletId::from_uuid(device.wallet_id)).await?;
        if wallet.currency() != asked.amount.currency() {
            return Err(Error::rule("currency_differs", "The wallet has another currency."));
        }
        if asked.pin.is_some() {
            self.check_pin(&wallet, asked.pin.as_deref()).await?;
        }
        let now = self.clock.now();
        let row = stall_charge::Model {
            id: pay::key(asked.id),
            stall_id: stall.row.id,
            wallet_id: device.wallet_id,
            alias: device.alias,
            half_minute,
            amount: asked.amount.minor(),
            currency: asked.amount.currency().code().to_owned(),
            waits_until: micros(now + Duration::seconds(self.config.wallets.agree_within_s)),
            declined_at: None,
            created_at: micros(now),
        };
        self.lanes.write(Keep { row: row.clone() }).await.map_err(|error| match error {
            Error::Conflict { constraint } if constraint == rows::CODE_ONCE => Error::rule(
                "code_used",
                "This code was used before; the next one comes within half a minute.",
            ),
            other => other,
        })?;
        self.try_to_pay(stall, &wallet, &row, instant(device.seen_at), asked.pin.is_some()).await
    }

    /// A charge that came before: the same is answered alike, and carried on where a process died in between.
    async fn known_charge(
        &self,
        stall: &Stall,
        asked: &Asked,
        row: stall_charge::Model,
    ) -> Result<ChargeView, Error> {
        let same = row.stall_id == stall.row.id
            && row.amount == asked.amount.minor()
            && row.currency == asked.amount.currency().code();
        if !same {
            return Err(Error::rule("transfer_id_taken", "The transfer_id belongs to another request."));
        }
        let wallet = self.wallet(WalletId::from_uuid(row.wallet_id)).await?;
        let device = rows::device(self.db.read(), row.alias).await?.ok_or(Error::Missing)?;
        if asked.pin.is_some() {
            self.check_pin(&wallet, asked.pin.as_deref()).await?;
        }
        self.try_to_pay(stall, &wallet, &row, instant(device.seen_at), asked.pin.is_some()).await
    }

    /// Pays what the limits allow; the rest waits for the customer.
    async fn try_to_pay(
        &self,
        stall: &Stall,
        wallet: &Wallet,
        row: &stall_charge::Model,
        seen: DateTime<Utc>,
        agreed: bool,
    ) -> Result<ChargeView, Error> {
        let limits = self.config.wallets;
        let over = row.declined_at.is_some() || instant(row.waits_until) <= self.clock.now();
        let paid = over || self.paid(row).await?.is_some();
        if agreed && !paid {
            self.pay_agreed(stall, wallet, row).await?;
        } else if !paid && row.amount <= limits.code_limit && self.online_lately(seen) {
            let action = self.action(stall, wallet, row).await?;
            let limit = Limit::Spent {
                code: Code::CodePayment,
                since: instant(row.created_at) - Duration::hours(24),
                most: limits.code_day_limit,
            };
            let id = TransferId::from_uuid(row.id);
            match self.ledger.carry_out(request(id, row, action).within(limit)).await? {
                Verdict::Refused(Refusal::ExceedsLimit) => {}
                verdict => drop(settled(verdict)?),
            }
        }
        self.charge_view(row).await
    }

    async fn action(
        &self,
        stall: &Stall,
        wallet: &Wallet,
        row: &stall_charge::Model,
    ) -> Result<Action, Error> {
        let currency = Currency::parse(&row.currency).map_err(Error::internal)?;
        let amount = Money::new(row.amount, currency).map_err(Error::internal)?;
        Ok(Action::Single { debit: wallet.account(), credit: self.stall_account(stall).await?, amount })
    }

    async fn pay_agreed(
        &self,
        stall: &Stall,
        wallet: &Wallet,
        row: &stall_charge::Model,
    ) -> Result<(), Error> {
        let action = self.action(stall, wallet, row).await?;
        settled(self.ledger.carry_out(request(agreed_id(row.id), row, action)).await?).map(drop)
    }

    /// The device and the half minute of a code, if it pays now.
    async fn read_code(&self, text: &str) -> Result<Option<(pay_device::Model, i64)>, Error> {
        let text = text.trim();
        if let Ok(code) = PayCode::parse(text) {
            let Ok(alias) = i64::try_from(code.alias.0) else { return Ok(None) };
            let device = rows::device(self.db.read(), alias).await?.filter(|one| one.revoked_at.is_none());
            return Ok(device.and_then(|device| {
                let accepted = self.accepted(&device).contains(&code.window);
                let right = accepted && code.proves(&self.secrets.device_key(code.alias.0));
                right.then(|| (device, i64::from(code.window)))
            }));
        }
        let Ok(number) = PayNumber::parse(text) else { return Ok(None) };
        let device = rows::device_by_short(self.db.read(), i64::from(number.short_alias)).await?;
        Ok(device.filter(|one| one.revoked_at.is_none()).and_then(|device| {
            let alias = Alias(u64::try_from(device.alias).unwrap_or(0));
            let key = self.secrets.device_key(alias.0);
            let window = number.window(&key, alias, &self.accepted(&device))?;
            Some((device, i64::from(window)))
        }))
    }

    /// The half minutes whose codes count, by the device's own clock.
    fn accepted(&self, device: &pay_device::Model) -> Vec<u32> {
        accepted_at(self.clock.now() + Duration::seconds(device.skew_s))
    }

    async fn paid(&self, row: &stall_charge::Model) -> Result<Option<Transfer>, Error> {
        for id in [TransferId::from_uuid(row.id), agreed_id(row.id)] {
            if let Some(transfer) = ledger::transfer_by_id(self.db.read(), id).await? {
                return Ok(Some(transfer));
            }
        }
        Ok(None)
    }

    async fn charge_view(&self, row: &stall_charge::Model) -> Result<ChargeView, Error> {
        let paid = self.paid(row).await?.map(|transfer| transfer.id);
        let waits_until = instant(row.waits_until);
        let state = match paid {
            Some(_) => "paid",
            None if row.declined_at.is_some() => "declined",
            None if waits_until <= self.clock.now() => "over",
            None => "waiting",
        };
        let stall = rows::by_id(self.db.read(), row.stall_id).await?.ok_or(Error::Missing)?;
        Ok(ChargeView {
            id: TransferId::from_uuid(row.id).to_string(),
            state: state.to_owned(),
            amount: MoneyView { amount: row.amount, currency: row.currency.clone() },
            receipt_word: paid.map(|id| self.secrets.receipt_word(id)),
            transfer_id: paid.map(|id| id.to_string()),
            waits_until,
            stall: stall.name,
            created_at: instant(row.created_at),
        })
    }

    /// A charge as its stall sees it.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another stall's.
    pub async fn charge_of_stall(&self, stall: &Stall, id: TransferId) -> Result<ChargeView, Error> {
        let row = rows::charge(self.db.read(), pay::key(id)).await?;
        let row = row.filter(|row| row.stall_id == stall.row.id).ok_or(Error::Missing)?;
        self.charge_view(&row).await
    }

    /// What stalls ask a customer to agree to, the most urgent first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn waiting_charges(&self, wallet: &Wallet) -> Result<Vec<ChargeView>, Error> {
        let found = rows::waiting(self.db.read(), wallet.id().uuid(), micros(self.clock.now())).await?;
        let mut views = Vec::new();
        for row in found {
            let view = self.charge_view(&row).await?;
            if view.state == "waiting" {
                views.push(view);
            }
        }
        Ok(views)
    }

    /// The customer agrees to a charge.
    ///
    /// # Errors
    /// [`Error::Missing`]; `charge_over` when it is declined or too late; about the PIN; what the ledger refuses.
    pub async fn agree_to_charge(
        &self,
        wallet: &Wallet,
        id: TransferId,
        pin: Option<&str>,
    ) -> Result<ChargeView, Error> {
        let row = self.charge_of_wallet(wallet, id).await?;
        if self.paid(&row).await?.is_none() {
            if row.declined_at.is_some() || instant(row.waits_until) <= self.clock.now() {
                return Err(Error::rule("charge_over", "The charge was declined or is too old."));
            }
            self.agree(wallet, row.amount, pin).await?;
            let stall = rows::by_id(self.db.read(), StallId::from_uuid(row.stall_id).uuid()).await?;
            let stall = Stall { row: stall.ok_or(Error::Missing)? };
            self.pay_agreed(&stall, wallet, &row).await?;
        }
        self.charge_view(&row).await
    }

    /// The customer does not agree.
    ///
    /// # Errors
    /// [`Error::Missing`]; `charge_over` when it is paid.
    pub async fn decline_charge(&self, wallet: &Wallet, id: TransferId) -> Result<ChargeView, Error> {
        let row = self.charge_of_wallet(wallet, id).await?;
        if self.paid(&row).await?.is_some() {
            return Err(Error::rule("charge_over", "The charge is paid; the stall can give it back."));
        }
        self.lanes.write(Decline { wallet: wallet.id(), id, now: micros(self.clock.now()) }).await?;
        let row = self.charge_of_wallet(wallet, id).await?;
        self.charge_view(&row).await
    }

    async fn charge_of_wallet(&self, wallet: &Wallet, id: TransferId) -> Result<stall_charge::Model, Error> {
        let row = rows::charge(self.db.read(), pay::key(id)).await?;
        row.filter(|row| row.wallet_id == wallet.id().uuid()).ok_or(Error::Missing)
    }
}

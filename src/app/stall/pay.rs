//! Paying a stall from the customer's own phone, giving back within the day, and what a stall took today.

use super::{GUI, Stall};
use crate::app::view::MoneyView;
use crate::app::wallet::{TransferView, Wallet, settled};
use crate::app::wrong::{Wrong, refuse};
use crate::app::{App, Error};
use crate::store::deliveries::micros;
use crate::store::{ledger, stalls as rows, wallets};
use callahead_domain::emvqr::Payload;
use callahead_domain::id::{AccountId, TransferId};
use callahead_domain::ledger::{Action, Code, Request, Transfer};
use callahead_domain::money::Money;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The same amount to the same stall within this time is asked about, in seconds.
const AGAIN_S: i64 = 60;

/// What a customer scanned or typed.
#[derive(Debug, Clone)]
pub enum Scan {
    /// The stall's reference, typed.
    Reference(String),
    /// The text of its picture.
    Picture(String),
}

/// A payment at a stall.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StallPaymentView {
    /// `trf_…`
    pub id: String,
    /// `stall_payment`, `code_payment` or `refund`.
    pub operation: String,
    /// How much.
    pub amount: MoneyView,
    /// The word that stands on the customer's screen too.
    pub receipt_word: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether the stall may still give back of it.
    pub refundable: bool,
}

/// What a stall took and gave back in a day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DayView {
    /// The day, in the shop's zone.
    pub day: NaiveDate,
    /// What came.
    pub paid: MoneyView,
    /// What was given back.
    pub given_back: MoneyView,
    /// How many payments.
    pub payments: i64,
}

/// A stall's payments.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StallPayments {
    /// Today's sums.
    pub today: DayView,
    /// The newest, at most a hundred, newest first.
    pub data: Vec<StallPaymentView>,
}

fn invalid(param: &str, code: &'static str, detail: &str) -> Error {
    refuse(&[Wrong::new(param, code, detail)])
}

/// The day of an instant in a zone.
fn day(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

impl App {
    /// The stall of what was scanned. A picture says which stall; what else it says is not believed.
    ///
    /// # Errors
    /// `invalid` for a picture that is not of a stall here or that names an amount other than the one to be paid;
    /// [`Error::Missing`] for an unknown stall.
    pub async fn scanned(&self, scan: &Scan, minor: i64) -> Result<Stall, Error> {
        match scan {
            Scan::Reference(text) => self.stall_by_reference(text).await,
            Scan::Picture(text) => {
                let payload = Payload::parse(text)
                    .map_err(|error| invalid("qr", "not_readable", &error.to_string()))?;
                if payload.amount_minor().is_some_and(|amount| amount != minor) {
                    return Err(invalid("amount", "other_amount", "the picture names another amount"));
                }
                let ours = payload.account(GUI).and_then(|template| template.get(1));
                let reference =
                    ours.ok_or_else(|| invalid("qr", "not_ours", "not a stall of this service"))?;
                self.stall_by_reference(reference).await
            }
        }
    }

    /// Pays a stall from a wallet. `again`: yes, the same amount once more.
    ///
    /// # Errors
    /// `stall_closed`; `currency_differs`; `paid_just_now`; about the PIN; what the ledger refuses.
    pub async fn pay_stall(
        &self,
        wallet: &Wallet,
        stall: &Stall,
        id: TransferId,
        amount: Money,
        pin: Option<&str>,
        again: bool,
    ) -> Result<TransferView, Error> {
        if !stall.row.open {
            return Err(Error::rule("stall_closed", "The stall takes no payments."));
        }
        let holder = stall.holder()?;
        if holder.currency != amount.currency() {
            return Err(Error::rule("currency_differs", "The stall takes another currency."));
        }
        let credit = self.ledger.open(&holder).await?;
        if !again {
            self.not_twice(wallet.account(), credit, id, amount).await?;
        }
        self.agree(wallet, amount.minor(), pin).await?;
        let action = Action::Single { debit: wallet.account(), credit, amount };
        let request = Request::new(id, Code::StallPayment, &stall.row.reference, action);
        Ok(self.transfer_view(&settled(self.ledger.carry_out(request).await?)?))
    }

    /// A hand that slipped pays twice: the same amount within a minute is asked about.
    async fn not_twice(
        &self,
        debit: AccountId,
        credit: AccountId,
        id: TransferId,
        amount: Money,
    ) -> Result<(), Error> {
        let since = micros(self.clock.now() - Duration::seconds(AGAIN_S));
        let code = Code::StallPayment.name();
        let paid = rows::paid_since(self.db.read(), debit.uuid(), credit.uuid(), code, since).await?;
        match paid.iter().rfind(|row| row.id != id.uuid() && row.amount == amount.minor()) {
            // Sent again, it is the same payment.
            _ if paid.iter().any(|row| row.id == id.uuid()) => Ok(()),
            Some(row) => Err(Error::rule("paid_just_now", "The same amount was paid there a moment ago.")
                .fact("transfer_id", TransferId::from_uuid(row.id))),
            None => Ok(()),
        }
    }

    fn zone_of(&self, stall: &Stall) -> Tz {
        self.book.get().shops.get(&stall.shop()).map_or(Tz::UTC, |shop| shop.time_zone)
    }

    /// A stall gives back a part of what it took today.
    ///
    /// # Errors
    /// [`Error::Missing`] for a payment of another stall; `not_refundable`; `refund_too_late`; what the ledger refuses.
    pub async fn give_back(
        &self,
        stall: &Stall,
        id: TransferId,
        of: TransferId,
        minor: i64,
    ) -> Result<TransferView, Error> {
        let account = stall.holder()?.account();
        let taken = ledger::transfer_by_id(self.db.read(), of).await?;
        let taken = taken.filter(|taken| taken.credit == account).ok_or(Error::Missing)?;
        let known = ledger::transfer_by_id(self.db.read(), id).await?.is_some();
        let zone = self.zone_of(stall);
        if !known && day(taken.at, zone) != day(self.clock.now(), zone) {
            return Err(Error::rule("refund_too_late", "The payment is not of today."));
        }
        self.give_back_of(&taken, id, minor).await
    }

    /// An operator gives back a part of what a stall took, on whatever day.
    ///
    /// # Errors
    /// [`Error::Missing`]; `not_refundable` for what was not paid at a stall; what the ledger refuses.
    pub async fn refund_transfer(
        &self,
        id: TransferId,
        of: TransferId,
        minor: i64,
    ) -> Result<TransferView, Error> {
        let taken = ledger::transfer_by_id(self.db.read(), of).await?.ok_or(Error::Missing)?;
        self.give_back_of(&taken, id, minor).await
    }

    async fn give_back_of(
        &self,
        taken: &Transfer,
        id: TransferId,
        minor: i64,
    ) -> Result<TransferView, Error> {
        if !matches!(taken.code, Code::StallPayment | Code::CodePayment) {
            return Err(Error::rule("not_refundable", "Only what was paid at a stall is given back here."));
        }
        let amount = Money::new(minor, taken.currency).map_err(Error::internal)?;
        let request = Request::refund(id, taken.id, taken.credit, taken.debit, amount);
        Ok(self.transfer_view(&settled(self.ledger.carry_out(request).await?)?))
    }

    /// What a stall took lately, and today's sums.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn stall_payments(&self, stall: &Stall) -> Result<StallPayments, Error> {
        const SHOWN: usize = 100;
        let (account, zone) = (stall.holder()?.account(), self.zone_of(stall));
        let today = day(self.clock.now(), zone);
        let money = |amount: i64| MoneyView { amount, currency: stall.row.currency.clone() };
        let (mut paid, mut back, mut payments, mut data) = (0_i64, 0_i64, 0_i64, Vec::new());
        let mut before = None;
        'pages: loop {
            let lines = wallets::statement(self.db.read(), account.uuid(), before, 200).await?;
            let Some(last) = lines.last() else { break };
            before = Some(last.version);
            for line in lines {
                let transfer = ledger::transfer(line.transfer)?;
                let of_today = day(transfer.at, zone) == today;
                if !of_today && data.len() >= SHOWN {
                    break 'pages;
                }
                let operation = transfer.code;
                let took = matches!(operation, Code::StallPayment | Code::CodePayment);
                if of_today && took {
                    paid = paid.saturating_add(transfer.amount);
                    payments = payments.saturating_add(1);
                }
                if of_today && operation == Code::Refund {
                    back = back.saturating_add(transfer.amount);
                }
                if data.len() < SHOWN && (took || operation == Code::Refund) {
                    data.push(StallPaymentView {
                        id: transfer.id.to_string(),
                        operation: operation.name().to_owned(),
                        amount: money(transfer.amount),
                        receipt_word: self.secrets.receipt_word(transfer.id),
                        at: transfer.at,
                        refundable: took && of_today,
                    });
                }
            }
        }
        let today = DayView { day: today, paid: money(paid), given_back: money(back), payments };
        Ok(StallPayments { today, data })
    }

    /// The account of a stall.
    pub(super) async fn stall_account(&self, stall: &Stall) -> Result<AccountId, Error> {
        self.ledger.open(&stall.holder()?).await
    }
}

/// The key of a row whose id is a transfer's.
pub(super) fn key(id: TransferId) -> Uuid {
    id.uuid()
}

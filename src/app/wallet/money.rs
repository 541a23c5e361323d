//! Money into a wallet and from wallet to wallet.

use super::{Wallet, tries};
use crate::app::unit::Unit;
use crate::app::view::MoneyView;
use crate::app::{App, Error};
use crate::store::deliveries::micros;
use crate::store::tx::Tx;
use crate::store::wallets as rows;
use callahead_domain::id::{AccountId, CardId, TransferId};
use callahead_domain::ledger::{Action, Code, Holder, Refusal, Request, Transfer, Verdict};
use callahead_domain::luhn;
use callahead_domain::money::Money;
use chrono::{DateTime, Utc};
use entity::wallet_card;
use sea_orm::IntoActiveModel;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Digits of a card's number, the check digit included.
const CARD_DIGITS: usize = 16;

/// A transfer that was made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TransferView {
    /// `trf_…`
    pub id: String,
    /// Which operation it is, as in statements.
    pub operation: String,
    /// `acc_…`, which it left.
    pub from: String,
    /// `acc_…`, which it reached.
    pub to: String,
    /// How much.
    pub amount: MoneyView,
    /// What it is about.
    pub reference: String,
    /// The word that stands on both screens when a stall is paid.
    pub receipt_word: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Prepaid cards to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewCards {
    /// What each is worth.
    pub amount: Money,
    /// How many.
    pub count: u32,
}

/// A prepaid card.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CardView {
    /// `crd_…`
    pub id: String,
    /// 16 digits with a check digit. In the answer that made it and never again.
    pub number: String,
    /// What it is worth.
    pub amount: MoneyView,
}

/// Who is paid from a wallet.
#[derive(Debug, Clone)]
pub struct Payee {
    /// Telephone number (E.164) or e-mail address.
    pub contact: String,
    /// What the payer wants to say.
    pub note: String,
}

struct MakeCards {
    rows: Vec<wallet_card::Model>,
}

impl Unit for MakeCards {
    type Output = ();

    fn key(&self) -> Uuid {
        Uuid::nil()
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        self.rows.iter().for_each(|row| tx.insert(row.clone().into_active_model()));
        Ok(())
    }
}

/// The transfer of a verdict.
///
/// # Errors
/// A rule with the refusal's code.
pub(in crate::app) fn settled(verdict: Verdict) -> Result<Transfer, Error> {
    match verdict {
        Verdict::Made(transfer) | Verdict::Known(transfer) => Ok(transfer),
        Verdict::Refused(refusal) => Err(refused(refusal)),
    }
}

fn refused(refusal: Refusal) -> Error {
    let detail = match refusal {
        Refusal::AccountMissing => "There is no such account.",
        Refusal::AccountClosed => "An account is closed.",
        Refusal::AccountFrozen => "The account is frozen: nothing new leaves it.",
        Refusal::CurrencyDiffers => "The account has another currency.",
        Refusal::InsufficientFunds => "Less is available than is asked for.",
        Refusal::HoldMissing => "There is no such hold.",
        Refusal::HoldResolved => "The hold was taken or given back before.",
        Refusal::HoldExpired => "The hold is over.",
        Refusal::ExceedsHold => "More is asked for than is held.",
        Refusal::ReferenceUsed => "The receipt, card or code was used before.",
        Refusal::ExceedsTaken => "More would be given back than was taken.",
        Refusal::ExceedsLimit => "More than may be spent in this time.",
        Refusal::TooLarge => "The balance would be larger than can be carried exactly.",
        Refusal::IdTaken => "The transfer_id belongs to another request.",
        Refusal::HoldRuns => "The hold is not over yet.",
        Refusal::HoldNeeded => "The hold waits for a hand-off.",
    };
    let kept = !refusal.passes();
    Error::rule(refusal.code(), detail).fact("new_transfer_id_needed", kept || refusal == Refusal::IdTaken)
}

/// The digits of a card's number as people write it; `None` unless it can be one.
fn card_digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    (digits.len() == CARD_DIGITS && luhn::is_valid(&digits)).then_some(digits)
}

impl App {
    /// A transfer as it is shown.
    pub(in crate::app) fn transfer_view(&self, transfer: &Transfer) -> TransferView {
        TransferView {
            id: transfer.id.to_string(),
            operation: transfer.code.name().to_owned(),
            from: transfer.debit.to_string(),
            to: transfer.credit.to_string(),
            amount: MoneyView { amount: transfer.amount, currency: transfer.currency.code().to_owned() },
            reference: transfer.reference.clone(),
            receipt_word: self.secrets.receipt_word(transfer.id),
            at: transfer.at,
        }
    }

    /// Puts money into a wallet that came in elsewhere; the receipt counts once.
    ///
    /// # Errors
    /// What the ledger refuses, among it `reference_used`.
    pub async fn top_up(
        &self,
        wallet: &Wallet,
        id: TransferId,
        amount: Money,
        receipt: &str,
    ) -> Result<TransferView, Error> {
        self.put_in(wallet.account(), id, Code::TopUp, receipt.to_owned(), amount).await
    }

    async fn put_in(
        &self,
        wallet: AccountId,
        id: TransferId,
        code: Code,
        reference: String,
        amount: Money,
    ) -> Result<TransferView, Error> {
        let world = self.ledger.open(&Holder::world(amount.currency())).await?;
        let action = Action::Single { debit: world, credit: wallet, amount };
        let verdict = self.ledger.carry_out(Request::new(id, code, reference, action)).await?;
        Ok(self.transfer_view(&settled(verdict)?))
    }

    /// Makes prepaid cards. Their numbers are in the answer and nowhere else.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn make_cards(&self, new: NewCards) -> Result<Vec<CardView>, Error> {
        let now = self.clock.now();
        let (mut views, mut cards) = (Vec::new(), Vec::new());
        for _ in 0..new.count {
            let id = CardId::from_parts(now, self.entropy.ten());
            let random = u128::from_be_bytes(self.entropy.sixteen()) % 1_000_000_000_000_000;
            let number = luhn::with_check_digit(&format!("{random:015}")).unwrap_or_default();
            let currency = new.amount.currency().code().to_owned();
            cards.push(wallet_card::Model {
                id: id.uuid(),
                number_hash: self.secrets.card_hash(&number),
                amount: new.amount.minor(),
                currency: currency.clone(),
                created_at: micros(now),
            });
            let amount = MoneyView { amount: new.amount.minor(), currency };
            views.push(CardView { id: id.to_string(), number, amount });
        }
        self.lanes.write(MakeCards { rows: cards }).await?;
        Ok(views)
    }

    /// Uses a prepaid card up.
    ///
    /// # Errors
    /// `invalid` for a number with a wrong digit, which is no try; `card_unknown`; `too_many_tries`; what the ledger refuses.
    pub async fn use_card(
        &self,
        wallet: &Wallet,
        id: TransferId,
        number: &str,
    ) -> Result<TransferView, Error> {
        let Some(digits) = card_digits(number) else {
            let wrong =
                crate::app::wrong::Wrong::new("number", "wrong_digit", "16 digits, one of which is wrong");
            return Err(crate::app::wrong::refuse(&[wrong]));
        };
        self.take_try(wallet.row.id, tries::CARD).await?;
        let card = rows::card(self.db.read(), self.secrets.card_hash(&digits)).await?;
        let card = card.ok_or_else(|| Error::rule("card_unknown", "There is no such card.").at("number"))?;
        self.give_back_try(wallet.row.id, tries::CARD).await?;
        if card.currency != wallet.currency().code() {
            return Err(Error::rule("currency_differs", "The card has another currency."));
        }
        let amount = Money::new(card.amount, wallet.currency()).map_err(Error::internal)?;
        let reference = CardId::from_uuid(card.id).to_string();
        self.put_in(wallet.account(), id, Code::CardTopUp, reference, amount).await
    }

    /// Pays from a wallet into the wallet of somebody with a contact.
    ///
    /// # Errors
    /// `wallet_unknown`; `invalid` for the wallet itself; about the PIN; what the ledger refuses.
    pub async fn pay_wallet(
        &self,
        wallet: &Wallet,
        id: TransferId,
        amount: Money,
        payee: &Payee,
        pin: Option<&str>,
    ) -> Result<TransferView, Error> {
        let other = rows::by_contact(self.db.read(), &payee.contact, wallet.currency().code()).await?;
        let Some(other) = other else {
            // Asked often enough, this would tell who has a wallet.
            self.take_try(wallet.row.id, tries::PAYEE).await?;
            return Err(Error::rule("wallet_unknown", "Nobody has a wallet of this currency there.").at("to"));
        };
        if other.id == wallet.row.id {
            let wrong = crate::app::wrong::Wrong::new("to", "same_wallet", "another wallet than this one");
            return Err(crate::app::wrong::refuse(&[wrong]));
        }
        self.agree(wallet, amount.minor(), pin).await?;
        let credit = super::holder(other.id, wallet.currency()).account();
        let action = Action::Single { debit: wallet.account(), credit, amount };
        let request = Request::new(id, Code::Transfer, &payee.note, action);
        Ok(self.transfer_view(&settled(self.ledger.carry_out(request).await?)?))
    }
}

//! Guessing is counted before it is looked at, so that guesses sent at once are counted too.

use crate::app::unit::Unit;
use crate::app::{App, Error};
use crate::store::deliveries::micros;
use crate::store::tx::Tx;
use crate::store::wallets::{self as rows, Tries};
use uuid::Uuid;

const HOUR: i64 = 3_600 * 1_000_000;

/// Wrong PINs of a wallet.
pub const PIN: Tries = Tries { kind: "pin", most: 5, within: HOUR };
/// Wrong card numbers of a wallet.
pub const CARD: Tries = Tries { kind: "card", most: 5, within: HOUR };
/// Contacts without a wallet to whom a wallet wanted to pay.
pub const PAYEE: Tries = Tries { kind: "payee", most: 20, within: HOUR };

/// Bad scans of a stall.
pub const SCAN: Tries = Tries { kind: "scan", most: 5, within: HOUR / 6 };

struct Take {
    subject: Uuid,
    tries: Tries,
    now: i64,
}

impl Unit for Take {
    type Output = bool;

    fn key(&self) -> Uuid {
        self.subject
    }

    async fn run(&self, tx: &Tx) -> Result<bool, Error> {
        Ok(rows::take_try(tx, self.subject, self.tries, self.now).await?)
    }
}

struct GiveBack {
    subject: Uuid,
    tries: Tries,
}

impl Unit for GiveBack {
    type Output = ();

    fn key(&self) -> Uuid {
        self.subject
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        Ok(rows::give_back_try(tx, self.subject, self.tries).await?)
    }
}

impl App {
    /// Counts a try.
    ///
    /// # Errors
    /// `too_many_tries` when there were too many.
    pub async fn take_try(&self, subject: Uuid, tries: Tries) -> Result<(), Error> {
        let taken = self.lanes.write(Take { subject, tries, now: micros(self.clock.now()) }).await?;
        if taken {
            return Ok(());
        }
        let minutes = tries.within / 60_000_000;
        let detail = format!("{} wrong tries in {minutes} minutes are allowed.", tries.most);
        Err(Error::rule("too_many_tries", detail).fact("retry_after_s", tries.within / 1_000_000))
    }

    /// The try was right: it does not count.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn give_back_try(&self, subject: Uuid, tries: Tries) -> Result<(), Error> {
        self.lanes.write(GiveBack { subject, tries }).await
    }
}

//! Devices that make personal codes (`PP1`), also without a network. Their keys follow from the master key.

use crate::app::unit::Unit;
use crate::app::wallet::Wallet;
use crate::app::{App, Error};
use crate::store::deliveries::micros;
use crate::store::stalls as rows;
use crate::store::tx::Tx;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callahead_domain::id::WalletId;
use callahead_domain::pay_code::Alias;
use chrono::{DateTime, Utc};
use entity::pay_device;
use sea_orm::IntoActiveModel;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Draws of a name until its short form is free.
const DRAWS: u32 = 8;
/// A clock that is farther off than this is set wrong altogether; seconds.
const MOST_SKEW_S: i64 = 12 * 3_600;

/// A device that was registered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeviceView {
    /// 16 hexadecimal digits: its name in the codes.
    pub alias: String,
    /// Its key, base64 of 32 bytes. In this answer and never again.
    pub key: String,
    /// How its codes are made.
    pub codes: String,
    /// It must be online again before this, or its codes pay nothing without another word of the customer.
    pub online_before: DateTime<Utc>,
}

struct Register {
    row: pay_device::Model,
}

impl Unit for Register {
    type Output = ();

    fn key(&self) -> Uuid {
        self.row.wallet_id
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        tx.insert(self.row.clone().into_active_model());
        Ok(())
    }
}

enum Step {
    Online { skew_s: i64 },
    Revoke,
}

struct Touch {
    wallet: WalletId,
    alias: i64,
    step: Step,
    now: i64,
}

impl Unit for Touch {
    type Output = bool;

    fn key(&self) -> Uuid {
        self.wallet.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<bool, Error> {
        let wallet = self.wallet.uuid();
        Ok(match self.step {
            Step::Online { skew_s } => rows::device_online(tx, wallet, self.alias, skew_s, self.now).await?,
            Step::Revoke => rows::revoke_device(tx, wallet, self.alias, self.now).await?,
        })
    }
}

/// A name as it is written: 16 hexadecimal digits.
fn named(text: &str) -> Result<i64, Error> {
    let wanted = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = wanted.then(|| u64::from_str_radix(text, 16).ok()).flatten();
    number.and_then(|number| i64::try_from(number).ok()).ok_or(Error::Missing)
}

impl App {
    /// Registers a device with a wallet.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn register_device(&self, wallet: &Wallet) -> Result<DeviceView, Error> {
        let now = self.clock.now();
        let mut draws = 0;
        loop {
            draws += 1;
            // Half of all numbers, so that a database without unsigned ones keeps them.
            let drawn =
                self.entropy.sixteen().iter().fold(0_u64, |sum, byte| (sum << 4) ^ u64::from(*byte)) >> 1;
            let alias = Alias(drawn);
            let row = pay_device::Model {
                alias: i64::try_from(drawn).map_err(Error::internal)?,
                short_alias: i64::from(alias.short()),
                wallet_id: wallet.id().uuid(),
                skew_s: 0,
                seen_at: micros(now),
                revoked_at: None,
                created_at: micros(now),
            };
            match self.lanes.write(Register { row }).await {
                Ok(()) => {
                    return Ok(DeviceView {
                        alias: format!("{drawn:016x}"),
                        key: STANDARD.encode(self.secrets.device_key(drawn)),
                        codes: "PP1".to_owned(),
                        online_before: self.online_before(now),
                    });
                }
                Err(Error::Conflict { .. }) if draws < DRAWS => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn online_before(&self, seen: DateTime<Utc>) -> DateTime<Utc> {
        seen + chrono::Duration::hours(self.config.wallets.online_within_h)
    }

    /// Whether a device seen then was online lately enough for its codes to pay.
    pub(super) fn online_lately(&self, seen: DateTime<Utc>) -> bool {
        self.clock.now() < self.online_before(seen)
    }

    /// A device says that it is online and what its clock shows; how far that is off is kept for reading its codes.
    /// Answers until when its codes pay.
    ///
    /// # Errors
    /// [`Error::Missing`]; `invalid` for a clock that is off by more than half a day.
    pub async fn device_online(
        &self,
        wallet: &Wallet,
        alias: &str,
        its_clock: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Error> {
        let now = self.clock.now();
        let skew_s = (its_clock - now).num_seconds();
        if skew_s.abs() > MOST_SKEW_S {
            let wrong = crate::app::wrong::Wrong::new(
                "at",
                "clock_wrong",
                "within twelve hours of the server's clock",
            );
            return Err(crate::app::wrong::refuse(&[wrong]).fact("now", now));
        }
        self.touch(wallet, alias, Step::Online { skew_s }).await?;
        Ok(self.online_before(now))
    }

    /// Ends a device: its codes pay nothing any more.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn revoke_device(&self, wallet: &Wallet, alias: &str) -> Result<(), Error> {
        self.touch(wallet, alias, Step::Revoke).await
    }

    async fn touch(&self, wallet: &Wallet, alias: &str, step: Step) -> Result<(), Error> {
        let touch = Touch { wallet: wallet.id(), alias: named(alias)?, step, now: micros(self.clock.now()) };
        if self.lanes.write(touch).await? { Ok(()) } else { Err(Error::Missing) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sixteen_hexadecimal_digits_name_a_device() {
        assert_eq!(named("00000000075bcd15"), Ok(123_456_789));
        for wrong in ["", "75bcd15", "00000000075bcd1g", "+0000000075bcd15", "ffffffffffffffff"] {
            assert_eq!(named(wrong), Err(Error::Missing), "{wrong}");
        }
    }
}

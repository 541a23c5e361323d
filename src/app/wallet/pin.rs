//! The wallet's PIN: asked for above a limit, hashed slowly and under the master key, five wrong tries an hour.

use super::{Change, Wallet, tries};
use crate::app::{App, Error};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::pbkdf2;
use std::num::NonZeroU32;

/// PBKDF2 with HMAC-SHA256; the master key is what makes so few digits safe in a stolen database, this slows down who
/// has that too.
const ROUNDS: u32 = 100_000;
/// The stored form's name.
const FORM: &str = "pbkdf2-sha256";

fn derive(pepper: &[u8], salt: &[u8], rounds: u32) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::new(rounds)?, salt, pepper, &mut out);
    Some(out)
}

/// What is stored: `pbkdf2-sha256$rounds$salt$hash`.
fn stored(pepper: &[u8], salt: &[u8]) -> Option<String> {
    let hash = derive(pepper, salt, ROUNDS)?;
    Some(format!("{FORM}${ROUNDS}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash)))
}

/// Whether this is the PIN, in constant time.
fn is_right(stored: &str, pepper: &[u8]) -> bool {
    let mut parts = stored.split('$');
    let (Some(FORM), Some(rounds), Some(salt), Some(hash), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let rounds = rounds.parse().ok().and_then(NonZeroU32::new);
    let (Some(rounds), Ok(salt), Ok(hash)) =
        (rounds, STANDARD_NO_PAD.decode(salt), STANDARD_NO_PAD.decode(hash))
    else {
        return false;
    };
    pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, pepper, &hash).is_ok()
}

/// Four to eight digits.
pub fn is_pin(text: &str) -> bool {
    (4..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Hashes on a thread where nobody else waits.
#[expect(clippy::disallowed_methods, reason = "one hash of fixed length, some hundredths of a second")]
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

impl App {
    /// Whether a payment of this size may go out with what was typed.
    ///
    /// # Errors
    /// `pin_required`, `wrong_pin`, `too_many_tries`.
    pub async fn agree(&self, wallet: &Wallet, minor: i64, pin: Option<&str>) -> Result<(), Error> {
        if minor <= self.config.wallets.pin_above {
            return Ok(());
        }
        self.check_pin(wallet, pin).await
    }

    /// Whether this is the wallet's PIN.
    ///
    /// # Errors
    /// As [`App::agree`].
    pub async fn check_pin(&self, wallet: &Wallet, pin: Option<&str>) -> Result<(), Error> {
        let (Some(stored), Some(pin)) = (wallet.row.pin_hash.clone(), pin) else {
            let set = wallet.row.pin_hash.is_some();
            return Err(Error::rule("pin_required", "This needs the wallet's PIN.").fact("pin_set", set));
        };
        self.take_try(wallet.row.id, tries::PIN).await?;
        let pepper = self.secrets.pin_pepper(wallet.row.id, pin);
        if !apart(move || is_right(&stored, &pepper)).await? {
            return Err(Error::rule("wrong_pin", "The PIN is not the right one.").at("pin"));
        }
        self.give_back_try(wallet.row.id, tries::PIN).await
    }

    /// Sets the PIN; where there is one, the one before must be told.
    ///
    /// # Errors
    /// As [`App::check_pin`]; [`Error::Stale`].
    pub async fn set_pin(&self, wallet: &Wallet, pin: &str, before: Option<&str>) -> Result<(), Error> {
        if wallet.row.pin_hash.is_some() {
            self.check_pin(wallet, before).await?;
        }
        let pepper = self.secrets.pin_pepper(wallet.row.id, pin);
        let salt = self.entropy.sixteen();
        let hash = apart(move || stored(&pepper, &salt)).await?;
        let hash = hash.ok_or_else(|| Error::internal("no rounds"))?;
        self.alter_wallet(wallet, Change::Pin(Some(hash))).await
    }

    /// Takes the PIN away, for a customer who forgot it.
    ///
    /// # Errors
    /// [`Error::Stale`].
    pub async fn reset_pin(&self, wallet: &Wallet) -> Result<(), Error> {
        self.alter_wallet(wallet, Change::Pin(None)).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_pin_is_known_again_and_no_other() {
        let kept = stored(b"pepper 1234", b"0123456789abcdef").unwrap();
        assert!(is_right(&kept, b"pepper 1234"));
        assert!(!is_right(&kept, b"pepper 1235"));
        assert!(!kept.contains("1234"));
        for broken in
            ["", "pbkdf2-sha256$0$YQ$YQ", "pbkdf2-sha256$1$*$YQ", "md5$1$YQ$YQ", "pbkdf2-sha256$1$YQ$YQ$x"]
        {
            assert!(!is_right(broken, b"pepper 1234"), "{broken}");
        }
    }

    #[test]
    fn four_to_eight_digits_are_a_pin() {
        assert!(is_pin("0000") && is_pin("12345678"));
        assert!(!["", "123", "123456789", "12 4", "١٢٣٤", "12a4"].into_iter().any(is_pin));
    }
}

//! Signing and checking by Standard Webhooks 1.0, version `v1`: HMAC-SHA256 over `id.timestamp.body`.
//!
//! Three headers go with a message: [`HEADER_ID`] (the same over retries, the receiver's key against doubles),
//! [`HEADER_TIMESTAMP`] (Unix seconds of this attempt) and [`HEADER_SIGNATURE`] (`v1,<base64>`, several of them
//! parted by spaces while a secret is being replaced). A message counts only within [`TOLERANCE_S`] of its
//! timestamp, in both directions.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// The message's id.
pub const HEADER_ID: &str = "webhook-id";
/// Unix seconds of the attempt.
pub const HEADER_TIMESTAMP: &str = "webhook-timestamp";
/// The signatures.
pub const HEADER_SIGNATURE: &str = "webhook-signature";
/// How far a timestamp may be from now, in seconds, either way.
pub const TOLERANCE_S: u64 = 300;

/// What a secret's text may start with.
const SECRET_PREFIX: &str = "whsec_";
/// What a signature of this version starts with.
const VERSION_PREFIX: &str = "v1,";
/// HMAC-SHA256's block; a key is at most this long, so it is never hashed first.
const BLOCK_BYTES: usize = 64;
/// The shortest key, in bytes.
const KEY_BYTES_MIN: usize = 24;

/// Why a secret was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not standard base64 after an optional `whsec_`.
    #[error("a signing secret is base64, with or without \"whsec_\" in front")]
    NotBase64,
    /// Fewer than 24 or more than 64 bytes.
    #[error("a signing secret has 24 to 64 bytes")]
    Length,
}

/// Why a message was refused. Says nothing to the sender beyond "refused"; for our own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The timestamp is not plain Unix seconds.
    #[error("the timestamp is not Unix seconds")]
    Timestamp,
    /// More than [`TOLERANCE_S`] old.
    #[error("the message is too old")]
    TooOld,
    /// More than [`TOLERANCE_S`] ahead.
    #[error("the message is from the future")]
    TooNew,
    /// No signature of a known version fits any key.
    #[error("no signature fits")]
    Signature,
}

/// A shared key. Printing it shows nothing.
#[derive(Clone)]
pub struct SigningKey(SecretSlice<u8>);

impl SigningKey {
    /// The key of a secret's text: `whsec_<base64>` or the base64 alone.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn parse(secret: &str) -> Result<Self, SecretError> {
        let text = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
        let bytes = STANDARD.decode(text).map_err(|_| SecretError::NotBase64)?;
        Self::from_bytes(bytes)
    }

    /// The key of its bytes.
    ///
    /// # Errors
    /// [`SecretError::Length`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SecretError> {
        if !(KEY_BYTES_MIN..=BLOCK_BYTES).contains(&bytes.len()) {
            return Err(SecretError::Length);
        }
        Ok(Self(SecretSlice::from(bytes)))
    }

    /// The secret's text, to be shown once: `whsec_<base64>`.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(self.0.expose_secret()))
    }

    /// `v1,<base64>` for one message.
    fn signature(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let mut block = [0u8; BLOCK_BYTES];
        for (slot, byte) in block.iter_mut().zip(self.0.expose_secret()) {
            *slot = *byte;
        }
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body);
        format!("{VERSION_PREFIX}{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SigningKey")
    }
}

/// The value of [`HEADER_SIGNATURE`]: one signature for each key, parted by spaces.
#[must_use]
pub fn sign(keys: &[SigningKey], id: &str, at: DateTime<Utc>, body: &[u8]) -> String {
    let all: Vec<String> = keys.iter().map(|key| key.signature(id, at.timestamp(), body)).collect();
    all.join(" ")
}

/// The three headers of a message as they arrived.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// [`HEADER_ID`].
    pub id: &'a str,
    /// [`HEADER_TIMESTAMP`].
    pub timestamp: &'a str,
    /// [`HEADER_SIGNATURE`].
    pub signature: &'a str,
}

/// Checks a message on its raw body: right age, and at least one `v1` signature that fits one of the keys.
/// Every pair of key and signature is compared in full, in constant time; other versions are passed over.
/// No keys at all means refused.
///
/// # Errors
/// [`Rejected`].
pub fn verify(
    keys: &[SigningKey],
    received: Received<'_>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Rejected> {
    let timestamp_s: i64 = received.timestamp.parse().map_err(|_| Rejected::Timestamp)?;
    if timestamp_s.to_string() != received.timestamp {
        return Err(Rejected::Timestamp);
    }
    if timestamp_s.abs_diff(now.timestamp()) > TOLERANCE_S {
        return Err(if timestamp_s < now.timestamp() { Rejected::TooOld } else { Rejected::TooNew });
    }
    let mut fits = Choice::from(0);
    for key in keys {
        let wanted = key.signature(received.id, timestamp_s, body);
        for given in received.signature.split(' ') {
            fits |= wanted.as_bytes().ct_eq(given.as_bytes());
        }
    }
    if bool::from(fits) { Ok(()) } else { Err(Rejected::Signature) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods)]

    use super::*;

    const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const KNOWN: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn key() -> SigningKey {
        SigningKey::parse(SECRET).unwrap()
    }

    fn received<'a>(timestamp: &'a str, signature: &'a str) -> Received<'a> {
        Received { id: ID, timestamp, signature }
    }

    #[test]
    fn the_standards_own_example_comes_out() {
        assert_eq!(sign(&[key()], ID, at(1_614_265_330), BODY), KNOWN);
        let prefixed = SigningKey::parse(&format!("whsec_{SECRET}")).unwrap();
        assert_eq!(sign(&[prefixed], ID, at(1_614_265_330), BODY), KNOWN);
        assert_eq!(key().to_text(), format!("whsec_{SECRET}"));
    }

    #[test]
    fn a_message_counts_for_five_minutes_either_way() {
        let check = |now| verify(&[key()], received("1614265330", KNOWN), BODY, at(now));
        assert_eq!(check(1_614_265_330), Ok(()));
        assert_eq!(check(1_614_265_630), Ok(()));
        assert_eq!(check(1_614_265_030), Ok(()));
        assert_eq!(check(1_614_265_631), Err(Rejected::TooOld));
        assert_eq!(check(1_614_265_029), Err(Rejected::TooNew));
    }

    #[test]
    fn any_change_breaks_the_signature() {
        let now = at(1_614_265_330);
        assert_eq!(verify(&[key()], received("1614265330", KNOWN), b"{}", now), Err(Rejected::Signature));
        assert_eq!(verify(&[key()], received("1614265331", KNOWN), BODY, now), Err(Rejected::Signature));
        let other = Received { id: "msg_other", timestamp: "1614265330", signature: KNOWN };
        assert_eq!(verify(&[key()], other, BODY, now), Err(Rejected::Signature));
        let v2 = KNOWN.replace("v1,", "v2,");
        for wrong in ["", "v1", "v1,", v2.as_str(), KNOWN.trim_start_matches("v1,"), &KNOWN[..40]] {
            let refused = verify(&[key()], received("1614265330", wrong), BODY, now);
            assert_eq!(refused, Err(Rejected::Signature), "{wrong}");
        }
        assert_eq!(verify(&[], received("1614265330", KNOWN), BODY, now), Err(Rejected::Signature));
    }

    #[test]
    fn while_a_secret_is_replaced_either_key_fits() {
        let (old, new) = (key(), SigningKey::from_bytes(vec![7; 32]).unwrap());
        let now = at(1_614_265_330);
        let both = sign(&[old.clone(), new.clone()], ID, now, BODY);
        assert_eq!(both.split(' ').count(), 2);
        let text = received("1614265330", &both);
        assert_eq!(verify(std::slice::from_ref(&old), text, BODY, now), Ok(()));
        assert_eq!(verify(std::slice::from_ref(&new), text, BODY, now), Ok(()));
        let stranger = SigningKey::from_bytes(vec![8; 32]).unwrap();
        assert_eq!(verify(std::slice::from_ref(&stranger), text, BODY, now), Err(Rejected::Signature));
        assert_eq!(verify(&[stranger, new], received("1614265330", &both), BODY, now), Ok(()));
    }

    #[test]
    fn a_timestamp_is_plain_unix_seconds() {
        for wrong in ["", "+1614265330", "01614265330", "1614265330.0", "now", "99999999999999999999"] {
            let refused = verify(&[key()], received(wrong, KNOWN), BODY, at(1_614_265_330));
            assert_eq!(refused, Err(Rejected::Timestamp), "{wrong}");
        }
        let far = received("-9223372036854775808", KNOWN);
        assert_eq!(verify(&[key()], far, BODY, at(0)), Err(Rejected::TooOld));
    }

    #[test]
    fn a_secret_is_base64_of_24_to_64_bytes() {
        assert_eq!(SigningKey::parse("no base64!").unwrap_err(), SecretError::NotBase64);
        assert_eq!(SigningKey::parse("").unwrap_err(), SecretError::Length);
        assert_eq!(SigningKey::from_bytes(vec![0; 23]).unwrap_err(), SecretError::Length);
        assert_eq!(SigningKey::from_bytes(vec![0; 65]).unwrap_err(), SecretError::Length);
        assert!(SigningKey::from_bytes(vec![0; 64]).is_ok());
        assert_eq!(format!("{:?}", key()), "SigningKey");
    }

    #[test]
    fn an_outside_library_agrees_in_both_directions() {
        let now = DateTime::from_timestamp(Utc::now().timestamp(), 0).unwrap();
        let stamp = now.timestamp().to_string();
        for (length, body) in [(24, "{}"), (32, ""), (64, "{\"이름\":\"안녕\"}")] {
            let bytes: Vec<u8> = (0..length).collect();
            let ours = SigningKey::from_bytes(bytes.clone()).unwrap();
            let theirs = standardwebhooks::Webhook::from_bytes(bytes).unwrap();
            let signature = sign(std::slice::from_ref(&ours), ID, now, body.as_bytes());
            assert_eq!(signature, theirs.sign(ID, now.timestamp(), body.as_bytes()).unwrap());
            let mut headers = reqwest::header::HeaderMap::new();
            headers.insert(HEADER_ID, ID.parse().unwrap());
            headers.insert(HEADER_TIMESTAMP, stamp.parse().unwrap());
            headers.insert(HEADER_SIGNATURE, signature.parse().unwrap());
            theirs.verify(body.as_bytes(), &headers).unwrap();
            verify(&[ours], received(&stamp, &signature), body.as_bytes(), now).unwrap();
        }
    }
}

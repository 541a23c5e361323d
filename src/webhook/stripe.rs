//! Checking what Stripe sends: `Stripe-Signature: t=<unix>,v1=<hex>[,v1=...]`, HMAC-SHA256 over `t.body`, the key being the
//! secret's text as it is.
//!
//! Like our own signatures, one counts only within [`TOLERANCE_S`] of its time, in both directions.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::signature::{Rejected, TOLERANCE_S};

/// The header.
pub const HEADER: &str = "stripe-signature";

fn signature(secret: &SecretString, timestamp: &str, body: &[u8]) -> Result<String, Rejected> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).map_err(|_| Rejected::Signature)?;
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    Ok(mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Checks a message on its raw body against every secret that is not empty. No secret at all means refused. Every pair
/// of secret and signature is compared in full, in constant time.
///
/// # Errors
/// [`Rejected`].
pub fn verify(
    secrets: &[&SecretString],
    header: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Rejected> {
    let parts: Vec<(&str, &str)> = header.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let timestamp =
        parts.iter().find(|(name, _)| *name == "t").map(|(_, value)| *value).ok_or(Rejected::Timestamp)?;
    let at_s: i64 = timestamp.parse().map_err(|_| Rejected::Timestamp)?;
    if at_s.abs_diff(now.timestamp()) > TOLERANCE_S {
        return Err(if at_s < now.timestamp() { Rejected::TooOld } else { Rejected::TooNew });
    }
    let mut fits = Choice::from(0);
    for secret in secrets.iter().filter(|secret| !secret.expose_secret().is_empty()) {
        let wanted = signature(secret, timestamp, body)?;
        for (_, given) in parts.iter().filter(|(name, _)| *name == "v1") {
            fits |= wanted.as_bytes().ct_eq(given.as_bytes());
        }
    }
    if bool::from(fits) { Ok(()) } else { Err(Rejected::Signature) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1","object":"event"}"#;

    /// Headers made by `webhooks.generateTestHeaderString` of Stripe's own SDK for JavaScript, version 23.1.0.
    #[test]
    fn headers_of_stripes_own_sdk_fit() {
        let vectors: [(i64, &str, &str); 2] = [
            (
                1_700_000_000,
                r#"{"id":"evt_1","object":"event"}"#,
                "t=1700000000,v1=47dcdf15debfd0659802b1ff8a97f5db9aa674dc803e53473f9844baf5ba3ead",
            ),
            (
                1_700_000_001,
                r#"{"id":"evt_2","name":"조선 상점"}"#,
                "t=1700000001,v1=1a098117bbe1eca71adec1afa969c5b6919ea1df9d7a75baab5ae50fb89c3f4d",
            ),
        ];
        for (at_s, body, header) in vectors {
            let at = DateTime::from_timestamp(at_s, 0).unwrap();
            assert_eq!(verify(&[&secret("whsec_test_vector")], header, body.as_bytes(), at), Ok(()));
        }
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    fn signed(text: &str, at_s: i64) -> String {
        format!("t={at_s},v1={}", signature(&secret(text), &at_s.to_string(), BODY).unwrap())
    }

    fn check(secrets: &[&SecretString], header: &str, now_s: i64) -> Result<(), Rejected> {
        verify(secrets, header, BODY, DateTime::from_timestamp(now_s, 0).unwrap())
    }

    #[test]
    fn a_message_counts_for_five_minutes_either_way_under_any_of_the_secrets() {
        let (new, old) = (secret("whsec_new"), secret("whsec_old"));
        let header = signed("whsec_old", 1_000_000);
        for now in [1_000_000, 1_000_300, 999_700] {
            assert_eq!(check(&[&new, &old], &header, now), Ok(()));
        }
        assert_eq!(check(&[&new, &old], &header, 1_000_301), Err(Rejected::TooOld));
        assert_eq!(check(&[&new, &old], &header, 999_699), Err(Rejected::TooNew));
        assert_eq!(check(&[&new], &header, 1_000_000), Err(Rejected::Signature));
        let two = format!("{header},v1=00,v0=ff");
        assert_eq!(check(&[&old], &two, 1_000_000), Ok(()));
    }

    #[test]
    fn nothing_fits_without_a_secret_or_with_another_body() {
        let (none, some) = (secret(""), secret("whsec_x"));
        let header = signed("", 1_000_000);
        assert_eq!(check(&[], &header, 1_000_000), Err(Rejected::Signature));
        assert_eq!(check(&[&none], &header, 1_000_000), Err(Rejected::Signature), "an empty secret is none");
        let header = signed("whsec_x", 1_000_000);
        let at = DateTime::from_timestamp(1_000_000, 0).unwrap();
        assert_eq!(verify(&[&some], &header, b"{}", at), Err(Rejected::Signature));
        for wrong in ["", "t=", "t=abc,v1=00", "v1=00", "t=1000000"] {
            assert!(check(&[&some], wrong, 1_000_000).is_err(), "{wrong}");
        }
    }
}

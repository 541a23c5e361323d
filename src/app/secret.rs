//! What is derived from the master key: links, hand-off codes, sign-in codes. Nothing of it is stored in clear.

use crate::config::MasterKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use callahead_domain::hand_off::code;
use callahead_domain::id::{DeliveryId, TransferId};
use callahead_domain::receipt_word::receipt_word;
use hmac::{Hmac, KeyInit, Mac};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The keyed derivations of this installation.
pub struct Secrets {
    master: MasterKey,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

/// SHA-256, for tokens at rest.
pub fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

impl Secrets {
    /// From the master key.
    pub fn new(master: MasterKey) -> Secrets {
        Secrets { master }
    }

    fn derive(&self, purpose: &str, parts: &[&[u8]]) -> Vec<u8> {
        // HMAC takes keys of any length; the fallback can only be reached if that ever changed.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.master.expose_secret()) else {
            return Vec::new();
        };
        mac.update(purpose.as_bytes());
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    }

    /// The customer's link token: 22 characters, 128 bits.
    pub fn link(&self, delivery: Uuid) -> String {
        let full = self.derive("link", &[delivery.as_bytes()]);
        URL_SAFE_NO_PAD.encode(full.get(..16).unwrap_or_default())
    }

    /// The token of a wallet's link: 22 characters, 128 bits.
    pub fn wallet_link(&self, wallet: Uuid, rotation: i32) -> String {
        let full = self.derive("wallet", &[wallet.as_bytes(), &rotation.to_be_bytes()]);
        URL_SAFE_NO_PAD.encode(full.get(..16).unwrap_or_default())
    }

    /// What is stored of a prepaid card's number.
    pub fn card_hash(&self, number: &str) -> Vec<u8> {
        self.derive("card", &[number.as_bytes()])
    }

    /// What a wallet's PIN is hashed from: useless to guess at without the master key.
    pub fn pin_pepper(&self, wallet: Uuid, pin: &str) -> Vec<u8> {
        self.derive("pin", &[wallet.as_bytes(), pin.as_bytes()])
    }

    /// The key of a device that makes personal codes.
    pub fn device_key(&self, alias: u64) -> Vec<u8> {
        self.derive("device", &[&alias.to_be_bytes()])
    }

    /// The word of a transfer, for both screens.
    pub fn receipt_word(&self, transfer: TransferId) -> String {
        receipt_word(&self.derive("receipt", &[]), &transfer.to_string())
    }

    /// Sixteen bytes derived for a purpose.
    pub(super) fn derived(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 16] {
        let mut out = [0; 16];
        out.iter_mut().zip(self.derive(purpose, parts)).for_each(|(to, from)| *to = from);
        out
    }

    /// The delivery's hand-off id: what its codes name it by.
    pub fn hid(&self, delivery: DeliveryId) -> [u8; 8] {
        let full = self.derive("hid", &[delivery.uuid().as_bytes()]);
        let mut out = [0; 8];
        out.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        out
    }

    /// The six-digit hand-off code of a rotation.
    pub fn hand_off_code(&self, delivery: DeliveryId, rotation: u32) -> String {
        code::code(self.master.expose_secret(), self.hid(delivery), rotation)
    }

    /// Whether a typed code is the valid one, in constant time.
    pub fn code_matches(&self, delivery: DeliveryId, rotation: u32, typed: &str) -> bool {
        code::verify(self.master.expose_secret(), self.hid(delivery), rotation, typed)
    }

    /// The six digits of a sign-in code.
    pub fn sign_in_code(&self, request: Uuid) -> String {
        let full = self.derive("sign-in", &[request.as_bytes()]);
        let number = full.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        format!("{:06}", number % 1_000_000)
    }

    /// What is stored of a sign-in code; useless without the master key.
    pub fn sign_in_hash(&self, request: Uuid, code: &str) -> Vec<u8> {
        self.derive("sign-in-hash", &[request.as_bytes(), code.as_bytes()])
    }

    /// A mark of the master key, so that two processes on one database find out that theirs differ.
    pub fn fingerprint(&self) -> String {
        let full = self.derive("fingerprint", &[]);
        full.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Seals a text that must not lie about in clear, bound to what it is about. `nonce`: random, its first 12 bytes
    /// count.
    pub fn seal(&self, about: &str, text: &str, nonce: [u8; 32]) -> Option<String> {
        let nonce: [u8; NONCE_LEN] = nonce.get(..NONCE_LEN)?.try_into().ok()?;
        let mut sealed = text.as_bytes().to_vec();
        let key = self.sealing_key()?;
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(about.as_bytes()),
            &mut sealed,
        )
        .ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what [`Secrets::seal`] sealed about the same thing; `None` for anything else.
    pub fn open(&self, about: &str, sealed: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let text = self.sealing_key()?.open_in_place(nonce, Aad::from(about.as_bytes()), &mut sealed).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }

    fn sealing_key(&self) -> Option<LessSafeKey> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.derive("seal", &[])).ok()?;
        Some(LessSafeKey::new(key))
    }

    /// What a customer is counted under: 128 bits of a keyed hash of their contact.
    pub fn customer_key(&self, contact: &str) -> Vec<u8> {
        let full = self.derive("customer", &[contact.as_bytes()]);
        full.get(..16).unwrap_or_default().to_vec()
    }

    /// What an address is counted under: 128 bits of a keyed hash of its words and its region.
    pub fn door_key(&self, region: Uuid, words: &str) -> Vec<u8> {
        let full = self.derive("door", &[region.as_bytes(), words.as_bytes()]);
        full.get(..16).unwrap_or_default().to_vec()
    }

    /// The token of a form on the customer's page, bound to its delivery.
    pub fn form_token(&self, delivery: Uuid) -> String {
        let full = self.derive("form", &[delivery.as_bytes()]);
        URL_SAFE_NO_PAD.encode(full.get(..12).unwrap_or_default())
    }
}

const FINGERPRINT: &str = "master_fingerprint";

impl super::App {
    /// Makes sure that every process on this database has the same master key: links and codes made by one must be
    /// known to the others.
    ///
    /// # Errors
    /// When another key is in use here, with what to do.
    pub async fn claim_master_key(&self) -> Result<(), super::Error> {
        let mine = self.secrets.fingerprint();
        let known = self.lanes.write(ClaimSetting { key: FINGERPRINT, value: mine.clone() }).await?;
        if known == mine {
            return Ok(());
        }
        Err(super::Error::Internal(
            "this database was set up with another master key: give this process the same secrets.master, or the same key file"
                .to_owned(),
        ))
    }
}

/// Sets a setting unless it is set, and answers what it is.
#[derive(Debug)]
struct ClaimSetting {
    key: &'static str,
    value: String,
}

impl super::unit::Unit for ClaimSetting {
    type Output = String;

    fn key(&self) -> Uuid {
        Uuid::nil()
    }

    async fn run(&self, tx: &crate::store::tx::Tx) -> Result<String, super::Error> {
        Ok(crate::store::settings::claim(tx, self.key, &self.value).await?)
    }
}

//! Sealing a text, and deriving the key that seals.

use super::Settings;
use crate::protocol::Credentials;
use crate::protocol::sign::hex;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::pbkdf2;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// Rounds of PBKDF2-HMAC-SHA256, as OWASP asks for.
pub const ROUNDS: u32 = 600_000;
/// A file that asks for more rounds was not written here.
const ROUNDS_MAX: u32 = 10_000_000;
/// The length of a key, in bytes.
pub const KEY_BYTES: usize = 32;
/// The length of a salt, in bytes.
pub const SALT_BYTES: usize = 16;
/// The length of a nonce, in bytes.
pub const NONCE_BYTES: usize = 12;
/// Enough for any credentials: a text that has to move while it grows leaves copies behind.
const TEXT_BYTES: usize = 16 * 1024;
/// What everything sealed here is bound to.
const PURPOSE: &str = "ballast-keys-1";

/// A sealed text, in hex.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    nonce: String,
    text: String,
}

/// The sealed part of a configuration. Neither `Debug` nor ever kept.
#[derive(Deserialize)]
pub(super) struct Words {
    pub(super) key: String,
    pub(super) secret: String,
    pub(super) passphrase: Option<String>,
    pub(super) settings: Settings,
}

/// The text of a configuration that is sealed.
pub(super) fn words(credentials: &Credentials, settings: &Settings) -> Option<Zeroizing<Vec<u8>>> {
    #[derive(Serialize)]
    struct Said<'a> {
        key: &'a str,
        secret: &'a str,
        passphrase: Option<&'a str>,
        settings: &'a Settings,
    }
    let (key, secret, passphrase) = (credentials.key(), credentials.secret(), credentials.passphrase());
    let mut text = Zeroizing::new(Vec::with_capacity(TEXT_BYTES));
    serde_json::to_writer(&mut *text, &Said { key, secret, passphrase, settings }).ok()?;
    Some(text)
}

/// What a sealed text is bound to, without two lists that look alike.
pub(super) fn bound(parts: &[&str]) -> Vec<u8> {
    let mut bound = PURPOSE.to_owned();
    for part in parts {
        bound.push_str(&format!("|{}:{part}", part.len()));
    }
    bound.into_bytes()
}

/// The bytes of a text in hex.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    pairs.collect()
}

/// Seals and opens. Has no `Debug`; the cipher wipes its key when dropped.
pub struct Sealer(LessSafeKey);

impl Sealer {
    /// From a passphrase. `None` if the rounds are none, or more than anybody asks for.
    #[must_use]
    pub fn from_passphrase(passphrase: &str, salt: &[u8], rounds: u32) -> Option<Self> {
        let rounds = NonZeroU32::new(rounds).filter(|rounds| rounds.get() <= ROUNDS_MAX)?;
        let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, passphrase.as_bytes(), &mut *key);
        Self::from_master(&key)
    }

    /// From random bytes.
    #[must_use]
    pub fn from_master(master: &[u8; KEY_BYTES]) -> Option<Self> {
        Some(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, master).ok()?)))
    }

    pub(super) fn seal(&self, nonce: [u8; NONCE_BYTES], bound: &[u8], text: &[u8]) -> Option<Sealed> {
        // Encrypted in place, so that no open copy is left.
        let mut kept = Vec::with_capacity(text.len() + AES_256_GCM.tag_len());
        kept.extend_from_slice(text);
        let told = hex(&nonce);
        self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut kept).ok()?;
        Some(Sealed { nonce: told, text: hex(&kept) })
    }

    pub(super) fn open(&self, sealed: &Sealed, bound: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let nonce = Nonce::try_assume_unique_for_key(&from_hex(&sealed.nonce)?).ok()?;
        let mut text = Zeroizing::new(from_hex(&sealed.text)?);
        let length = self.0.open_in_place(nonce, Aad::from(bound), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

#[cfg(test)]
impl super::Entry {
    pub(super) fn sealed_len(&self) -> usize {
        self.sealed.text.len()
    }

    pub(super) fn flip(&mut self, at: usize) {
        let was = self.sealed.text.as_bytes()[at];
        let now = if was == b'0' { "1" } else { "0" };
        self.sealed.text.replace_range(at..=at, now);
    }
}

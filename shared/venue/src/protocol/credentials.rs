//! The keys of an account. They have no `Debug` and no `Serialize`, and are wiped when dropped.

use super::fault::CallError;
use super::sign;
use aws_lc_rs::hmac;
use std::sync::{Arc, OnceLock};
use zeroize::Zeroizing;

/// What a venue gave out. There is no way to print it.
#[derive(Clone)]
pub struct Credentials {
    key: Zeroizing<String>,
    secret: Zeroizing<String>,
    passphrase: Option<Zeroizing<String>>,
    ready: Arc<Ready>,
}

/// The secret as a key of the HMAC, made when it is first signed with: half of a signature's work is the same each time.
/// Like the secret, these are wiped when dropped.
#[derive(Default)]
struct Ready {
    sha256: OnceLock<hmac::Key>,
    sha512: OnceLock<Option<hmac::Key>>,
}

/// What people leave where a key belongs.
const PLACEHOLDERS: [&str; 8] = ["changeme", "placeholder", "your_", "your-", "xxx", "todo", "<", "example"];

impl Credentials {
    /// The checked constructor.
    ///
    /// # Errors
    /// [`CallError::Credentials`] if a part is empty, has spaces around it, or is a placeholder.
    pub fn new(
        venue: &'static str,
        key: String,
        secret: String,
        passphrase: Option<String>,
    ) -> Result<Self, CallError> {
        let (key, secret) = (Zeroizing::new(key), Zeroizing::new(secret));
        let passphrase = passphrase.map(Zeroizing::new);
        let fault = |why| Err(CallError::Credentials { venue, why });
        let controls = |part: &Zeroizing<String>| part.chars().any(char::is_control);
        if !key.is_ascii() || controls(&key) || passphrase.as_ref().is_some_and(controls) {
            return fault("key or passphrase has a character that can't be sent, such as a line's end");
        }
        if controls(&secret) && !secret.contains("-----BEGIN") {
            return fault("the secret has a line's end or another character that is none, and is no key in PEM");
        }
        for part in [Some(&key), Some(&secret), passphrase.as_ref()].into_iter().flatten() {
            let lower = Zeroizing::new(part.to_ascii_lowercase());
            if part.trim().is_empty() {
                return fault("a part of them is empty");
            }
            if part.trim_matches(' ') != part.as_str() {
                return fault("a part of them has spaces around it");
            }
            if PLACEHOLDERS.iter().any(|p| lower.starts_with(p)) {
                return fault("a part of them is a placeholder");
            }
        }
        Ok(Self { key, secret, passphrase, ready: Arc::default() })
    }

    /// The key's name, which is sent openly.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The secret, for signing.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// A text without them: a server may repeat what it was sent.
    #[must_use]
    pub fn hidden_in(&self, text: &str) -> String {
        let parts = [Some(self.secret()), self.passphrase(), Some(self.key())];
        let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
        parts.fold(text.to_owned(), |text, part| text.replace(part, "(hidden)"))
    }

    /// The passphrase, where the venue asks for one.
    #[must_use]
    pub fn passphrase(&self) -> Option<&str> {
        self.passphrase.as_ref().map(|p| p.as_str())
    }

    /// HMAC-SHA256 of a message in parts, with the secret as it is written.
    #[must_use]
    pub fn hmac_sha256(&self, message: &[&[u8]]) -> hmac::Tag {
        let key = self.ready.sha256.get_or_init(|| hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes()));
        sign::hmac_of(key, message)
    }

    /// HMAC-SHA512 of a message in parts, with the bytes that the secret is in base64; `None` if it is none.
    #[must_use]
    pub fn hmac_sha512(&self, message: &[&[u8]]) -> Option<hmac::Tag> {
        let key = self.ready.sha512.get_or_init(|| {
            let bytes = sign::from_base64(&self.secret).map(Zeroizing::new).filter(|bytes| !bytes.is_empty())?;
            Some(hmac::Key::new(hmac::HMAC_SHA512, &bytes))
        });
        key.as_ref().map(|key| sign::hmac_of(key, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_header_can_carry_is_no_key_and_a_secret_may_have_lines() {
        let new = |key: &str, word: &str, secret: &str| {
            Credentials::new("v", key.into(), secret.into(), Some(word.into())).err().map(|fault| fault.to_string())
        };
        for (key, word) in [("ke\ny", "word"), ("k\u{7f}ey", "word"), ("kéy", "word"), ("key", "wo\trd")] {
            assert!(new(key, word, "s").unwrap().contains("can't be sent"), "{key:?} {word:?}");
        }
        assert_eq!(new("key", "a word", "-----BEGIN KEY-----\nAAAA\n"), None);
        for secret in ["secret\n", "sec\u{7}ret", "secret\r\n"] {
            assert!(new("key", "a word", secret).unwrap().contains("the secret has"), "{secret:?}");
        }
    }

    #[test]
    fn a_key_made_once_signs_like_one_made_each_time() {
        let of = |secret: &str| Credentials::new("v", "k".into(), secret.into(), None).unwrap();
        let credentials = of("c2VjcmV0");
        let again = credentials.clone();
        for message in ["", "one", "another"] {
            let whole = sign::hmac_sha256(b"c2VjcmV0", message.as_bytes());
            let (head, tail) = message.split_at(message.len() / 2);
            for ours in [&credentials, &again] {
                assert_eq!(ours.hmac_sha256(&[head.as_bytes(), tail.as_bytes()]).as_ref(), whole.as_ref());
            }
            let bytes = sign::hmac_sha512(b"secret", message.as_bytes());
            assert_eq!(credentials.hmac_sha512(&[message.as_bytes()]).unwrap().as_ref(), bytes.as_ref());
        }
        assert!(of("no base64").hmac_sha512(&[b""]).is_none());
    }
}

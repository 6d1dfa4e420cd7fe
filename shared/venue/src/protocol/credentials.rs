//! The keys of an account. They have no `Debug` and no `Serialize`, and are wiped when dropped.

use super::fault::CallError;
use zeroize::Zeroizing;

/// What a venue gave out. There is no way to print it.
#[derive(Clone)]
pub struct Credentials {
    key: Zeroizing<String>,
    secret: Zeroizing<String>,
    passphrase: Option<Zeroizing<String>>,
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
        Ok(Self { key, secret, passphrase })
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
}

//! Keys at rest: labelled configurations of venues in one file, each sealed on its own.
//!
//! Readable in the file are a configuration's label, its venue and the first four characters of its key. Everything else
//! of it (key, secret, passphrase, whether orders may be live, whether it is in use, its server) is one text, sealed with
//! AES-256-GCM and bound to those three, so that nothing of it can be read, changed, or moved to another label.
//!
//! 1. The key that seals comes from a passphrase by PBKDF2-HMAC-SHA256, or is 32 random bytes kept beside the file.
//! 2. The file holds a sealed empty text of its own: a wrong passphrase is told apart from a damaged configuration.
//! 3. Bytes in, bytes out: salt, nonces and time come in as values. A nonce is 96 random bits, fresh for every sealing.
//!
//! Whether a key may be used at all is [`admission`]'s to say. What is not protected: a file put back to an older state,
//! and one from which a configuration was taken away.

pub mod admission;
mod seal;

pub use seal::{KEY_BYTES, NONCE_BYTES, ROUNDS, SALT_BYTES, Sealer};

use crate::protocol::{CallError, Credentials};
use crate::registry;
use desk::time::Timestamp;
use seal::{Sealed, Words};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use thiserror::Error;

/// The version of the file.
const SCHEMA: u32 = 1;
/// How long a label may be, in characters.
const LABEL_MAX: usize = 40;
/// How much of a key's name is readable, in characters.
const PREFIX: usize = 4;

/// Why the file, or a configuration, can't be used. Never holds any text of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyFileError {
    /// It is no such file.
    #[error("it is damaged ({0}); restore it from a copy, or remove it and add the keys again")]
    Damaged(String),
    /// It was written by a newer desk.
    #[error("it was written by a newer desk (version {0}, this one knows {SCHEMA})")]
    Newer(u32),
    /// The passphrase is wrong.
    #[error("the passphrase is wrong (or the file was changed): no configuration can be opened with it")]
    WrongPassphrase,
    /// The random key beside the file is another's.
    #[error("the master key beside it is not the one it was sealed with (or the file was changed)")]
    WrongMaster,
    /// A configuration was changed, or belongs elsewhere.
    #[error(
        "the configuration {0:?} was changed since it was sealed, or copied from elsewhere; remove it and add it again"
    )]
    Changed(String),
    /// The label is in use.
    #[error("there is a configuration {0:?} already; choose another label, or remove that one first")]
    Taken(String),
    /// There is no such configuration.
    #[error("there is no configuration {0:?}; `ballast keys list` shows which there are")]
    Unknown(String),
    /// The label can't be used.
    #[error("a label has 1 to {LABEL_MAX} letters, digits, spaces inside, or - _ .")]
    Label,
    /// The server can't be used. Does not repeat it: people paste secrets.
    #[error(
        "the base URL must begin with https://, or with http:// and a loopback address, and have neither user, query nor fragment"
    )]
    BaseUrl,
    /// The venue is not known.
    #[error("there is no venue {0:?}; there are {names}", names = registry::names().join(", "))]
    Venue(String),
    /// The credentials can't be used.
    #[error(transparent)]
    Credentials(#[from] CallError),
    /// The cipher refused.
    #[error("sealing failed")]
    Sealing,
}

/// Whether orders go to the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Env {
    /// The desk may read with the key; orders stay on paper.
    #[default]
    Paper,
    /// Orders may be sent with it.
    Live,
}

/// What is told about a configuration besides its keys. Sealed with them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whether orders go to the venue.
    pub env: Env,
    /// Whether it is in use.
    pub active: bool,
    /// The venue's test network.
    pub test: bool,
    /// A server other than the venue's own.
    pub base_url: Option<String>,
    /// When the venue last told what the key may do, and that was admitted; `None` if it was never asked.
    pub checked_at: Option<Timestamp>,
}

/// A configuration, opened.
#[derive(Clone)]
pub struct Configuration {
    /// Its unique name.
    pub label: String,
    /// The venue's id.
    pub venue: &'static str,
    /// What the venue gave out.
    pub credentials: Credentials,
    /// The rest.
    pub settings: Settings,
}

impl std::fmt::Debug for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Configuration({:?}, {}, {:?})", self.label, self.venue, self.settings)
    }
}

/// What can be read of a configuration without opening it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its unique name.
    pub label: String,
    /// The venue's id.
    pub venue: String,
    /// The first characters of the key.
    pub key_prefix: String,
    sealed: Sealed,
}

impl Entry {
    /// What the sealed text is bound to.
    fn bound(&self) -> Vec<u8> {
        seal::bound(&[&self.label, &self.venue, &self.key_prefix])
    }
}

/// Where the key that seals comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SealedBy {
    /// A passphrase.
    Passphrase,
    /// 32 random bytes in a file.
    MasterKey,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    schema: u32,
    sealed_by: SealedBy,
    /// Rounds of PBKDF2, and its salt in hex; unused with a master key.
    rounds: u32,
    salt: String,
    /// An empty text, sealed: tells a wrong key.
    check: Sealed,
    keys: Vec<Entry>,
}

impl KeyFile {
    /// A file without configurations, sealed by a passphrase.
    ///
    /// # Errors
    /// [`KeyFileError::Sealing`].
    pub fn with_passphrase(
        passphrase: &str,
        salt: [u8; SALT_BYTES],
        nonce: [u8; NONCE_BYTES],
    ) -> Result<(Self, Sealer), KeyFileError> {
        let sealer = Sealer::from_passphrase(passphrase, &salt, ROUNDS).ok_or(KeyFileError::Sealing)?;
        Ok((Self::new(SealedBy::Passphrase, &salt, &sealer, nonce)?, sealer))
    }

    /// A file without configurations, sealed by random bytes.
    ///
    /// # Errors
    /// [`KeyFileError::Sealing`].
    pub fn with_master(master: &[u8; KEY_BYTES], nonce: [u8; NONCE_BYTES]) -> Result<(Self, Sealer), KeyFileError> {
        let sealer = Sealer::from_master(master).ok_or(KeyFileError::Sealing)?;
        Ok((Self::new(SealedBy::MasterKey, &[], &sealer, nonce)?, sealer))
    }

    fn new(sealed_by: SealedBy, salt: &[u8], sealer: &Sealer, nonce: [u8; NONCE_BYTES]) -> Result<Self, KeyFileError> {
        let check = sealer.seal(nonce, &seal::bound(&[]), &[]).ok_or(KeyFileError::Sealing)?;
        let rounds = match sealed_by {
            SealedBy::Passphrase => ROUNDS,
            SealedBy::MasterKey => 0,
        };
        let salt = crate::protocol::sign::hex(salt);
        Ok(Self { schema: SCHEMA, sealed_by, rounds, salt, check, keys: Vec::new() })
    }

    /// From its bytes.
    ///
    /// # Errors
    /// [`KeyFileError::Damaged`], [`KeyFileError::Newer`].
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyFileError> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        // Where, not what: the words of the parser repeat the text.
        let damaged = |e: serde_json::Error| KeyFileError::Damaged(format!("line {}, column {}", e.line(), e.column()));
        let Version { schema } = serde_json::from_slice(bytes).map_err(damaged)?;
        if schema != SCHEMA {
            return Err(KeyFileError::Newer(schema));
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }

    /// Its bytes.
    ///
    /// # Errors
    /// [`KeyFileError::Sealing`], which does not happen: it is all text.
    pub fn to_bytes(&self) -> Result<Vec<u8>, KeyFileError> {
        serde_json::to_vec_pretty(self).map_err(|_| KeyFileError::Sealing)
    }

    /// Where the key that seals it comes from.
    #[must_use]
    pub const fn sealed_by(&self) -> SealedBy {
        self.sealed_by
    }

    /// What can be read without opening anything.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.keys
    }

    /// The sealer of a passphrase, if it is the right one. Takes about a third of a second, on purpose.
    ///
    /// # Errors
    /// [`KeyFileError::WrongPassphrase`], [`KeyFileError::Damaged`].
    pub fn unlock(&self, passphrase: &str) -> Result<Sealer, KeyFileError> {
        let salt = seal::from_hex(&self.salt).ok_or_else(|| KeyFileError::Damaged("its salt".to_owned()))?;
        let sealer = Sealer::from_passphrase(passphrase, &salt, self.rounds)
            .ok_or_else(|| KeyFileError::Damaged("its rounds".to_owned()))?;
        self.proven(sealer, KeyFileError::WrongPassphrase)
    }

    /// The sealer of the random bytes, if they are the right ones.
    ///
    /// # Errors
    /// [`KeyFileError::WrongMaster`].
    pub fn unlock_with_master(&self, master: &[u8; KEY_BYTES]) -> Result<Sealer, KeyFileError> {
        self.proven(Sealer::from_master(master).ok_or(KeyFileError::Sealing)?, KeyFileError::WrongMaster)
    }

    fn proven(&self, sealer: Sealer, wrong: KeyFileError) -> Result<Sealer, KeyFileError> {
        match sealer.open(&self.check, &seal::bound(&[])) {
            Some(empty) if empty.is_empty() => Ok(sealer),
            Some(_) | None => Err(wrong),
        }
    }

    fn at(&self, label: &str) -> Option<usize> {
        self.keys.iter().position(|entry| entry.label.eq_ignore_ascii_case(label))
    }

    /// Refuses a label that can't be used or is in use.
    ///
    /// # Errors
    /// [`KeyFileError::Label`], [`KeyFileError::Taken`].
    pub fn free(&self, label: &str) -> Result<(), KeyFileError> {
        let fits = label.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.'));
        if !fits || label.trim() != label || !(1..=LABEL_MAX).contains(&label.chars().count()) {
            return Err(KeyFileError::Label);
        }
        self.at(label).map_or(Ok(()), |_| Err(KeyFileError::Taken(label.to_owned())))
    }

    /// Adds a configuration.
    ///
    /// # Errors
    /// As [`Self::free`]; [`KeyFileError::Sealing`].
    pub fn add(
        &mut self,
        configuration: &Configuration,
        sealer: &Sealer,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<(), KeyFileError> {
        self.free(&configuration.label)?;
        self.keys.push(sealed(configuration, sealer, nonce)?);
        self.keys.sort_by(|a, b| a.label.cmp(&b.label));
        Ok(())
    }

    /// Puts a configuration in the place of the one with its label.
    ///
    /// # Errors
    /// [`KeyFileError::Unknown`], [`KeyFileError::Sealing`].
    pub fn replace(
        &mut self,
        configuration: &Configuration,
        sealer: &Sealer,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<(), KeyFileError> {
        let entry = sealed(configuration, sealer, nonce)?;
        let at = self.at(&configuration.label).and_then(|at| self.keys.get_mut(at));
        *at.ok_or_else(|| KeyFileError::Unknown(configuration.label.clone()))? = entry;
        Ok(())
    }

    /// Takes a configuration away.
    ///
    /// # Errors
    /// [`KeyFileError::Unknown`].
    pub fn remove(&mut self, label: &str) -> Result<Entry, KeyFileError> {
        let at = self.at(label).ok_or_else(|| KeyFileError::Unknown(label.to_owned()))?;
        Ok(self.keys.remove(at))
    }

    /// Opens a configuration.
    ///
    /// # Errors
    /// [`KeyFileError::Unknown`], [`KeyFileError::Changed`], [`KeyFileError::Venue`].
    pub fn open(&self, label: &str, sealer: &Sealer) -> Result<Configuration, KeyFileError> {
        let entry = self.at(label).and_then(|at| self.keys.get(at));
        let entry = entry.ok_or_else(|| KeyFileError::Unknown(label.to_owned()))?;
        let changed = || KeyFileError::Changed(entry.label.clone());
        let text = sealer.open(&entry.sealed, &entry.bound()).ok_or_else(changed)?;
        let words: Words = serde_json::from_slice(&text).map_err(|_| changed())?;
        let adapter = registry::adapter(&entry.venue).ok_or_else(|| KeyFileError::Venue(entry.venue.clone()))?;
        let venue = adapter.protocol.capabilities().venue;
        let credentials = Credentials::new(venue, words.key, words.secret, words.passphrase)?;
        Ok(Configuration { label: entry.label.clone(), venue, credentials, settings: words.settings })
    }
}

fn sealed(configuration: &Configuration, sealer: &Sealer, nonce: [u8; NONCE_BYTES]) -> Result<Entry, KeyFileError> {
    let Configuration { label, venue, credentials, settings } = configuration;
    let mut entry = Entry {
        label: label.clone(),
        venue: (*venue).to_owned(),
        key_prefix: credentials.key().chars().take(PREFIX).collect(),
        sealed: Sealed::default(),
    };
    let text = seal::words(credentials, settings).ok_or(KeyFileError::Sealing)?;
    entry.sealed = sealer.seal(nonce, &entry.bound(), &text).ok_or(KeyFileError::Sealing)?;
    Ok(entry)
}

/// A server that may be used in the place of the venue's own, in one form: `https`, or `http` on loopback.
///
/// # Errors
/// [`KeyFileError::BaseUrl`].
pub fn base_url(text: &str) -> Result<String, KeyFileError> {
    let url = reqwest::Url::parse(text).map_err(|_| KeyFileError::BaseUrl)?;
    let host = url.host_str().ok_or(KeyFileError::BaseUrl)?;
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    let secure = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !secure || !bare || url.fragment().is_some() {
        return Err(KeyFileError::BaseUrl);
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests;

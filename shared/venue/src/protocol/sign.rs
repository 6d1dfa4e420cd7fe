//! The primitives venues sign with. What is signed, and where the signature goes, is each venue's own.

use super::fault::CallError;
use aws_lc_rs::{digest, hmac, rand, signature};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let mut digits = vec![b'0'; 2 * bytes.len()];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    // Digits are always text.
    String::from_utf8(digits).unwrap_or_default()
}

/// Base64 with padding.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 for URLs, without padding.
#[must_use]
pub fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of a base64 text, with padding or without.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.trim()).ok()
}

/// HMAC-SHA256.
#[must_use]
pub fn hmac_sha256(secret: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message)
}

/// HMAC-SHA512.
#[must_use]
pub fn hmac_sha512(secret: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, secret), message)
}

/// The HMAC of parts, one behind the other.
#[must_use]
pub fn hmac_of(key: &hmac::Key, parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    parts.iter().for_each(|part| context.update(part));
    context.sign()
}

/// SHA-256 of parts, one behind the other.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> digest::Digest {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    context.finish()
}

/// Ed25519 (RFC 8032), from the 32-byte seed.
///
/// # Errors
/// [`CallError::Credentials`] if it is no seed.
pub fn ed25519(venue: &'static str, seed: &[u8], message: &[u8]) -> Result<Vec<u8>, CallError> {
    let pair = signature::Ed25519KeyPair::from_seed_unchecked(seed)
        .map_err(|_| CallError::Credentials { venue, why: "the Ed25519 key is not 32 bytes" })?;
    Ok(pair.sign(message).as_ref().to_vec())
}

/// ECDSA over P-256 with SHA-256, in the fixed form JWTs use, from a private key in PEM (SEC 1 or PKCS #8).
///
/// # Errors
/// [`CallError::Credentials`] if the text is no such key.
pub fn es256(venue: &'static str, pem: &str, message: &[u8]) -> Result<Vec<u8>, CallError> {
    let fault = || CallError::Credentials { venue, why: "the secret is no EC P-256 private key in PEM" };
    let der = pem_body(pem).ok_or_else(fault)?;
    let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = signature::EcdsaKeyPair::from_private_key_der(algorithm, &der).map_err(|_| fault())?;
    Ok(pair.sign(&rand::SystemRandom::new(), message).map_err(|_| fault())?.as_ref().to_vec())
}

/// The bytes between a PEM text's marks; `\n` written out, as copied from JSON, is a line's end too.
#[must_use]
pub fn pem_body(pem: &str) -> Option<Vec<u8>> {
    let text = pem.replace("\\n", "\n");
    let mut lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN"));
    lines.next()?;
    let body: String = lines.take_while(|line| !line.starts_with("-----END")).collect();
    from_base64(&body)
}

//! What is secret in a request is taken out of every fault that its answer leads to.
//!
//! A venue may repeat in an error what it was sent: a key, a signature, even a secret. Faults quote answers, and faults are
//! logged, stored and shown. What an answer says is not touched.
//!
//! 1. Hidden are the parts of the credentials, line by line, whatever a request was signed with, and all of it in base64,
//!    hex and percent-encoded.
//! 2. Texts are cut before they come here, perhaps within a secret: its first letters are enough to know it by.

use crate::protocol::http::encode_into;
use crate::protocol::sign::{base64, hex};
use crate::protocol::{ApiError, Credentials, ReadFault, Request};
use zeroize::Zeroizing;

/// What stands for a secret.
const HIDDEN: &str = "***";
/// By how many letters a secret is known; shorter words would be found everywhere.
const KNOWN_BY: usize = 8;

/// What may be told to nobody.
pub(super) struct Secrets(Vec<Zeroizing<String>>);

impl Secrets {
    /// Those of an account, and of a request that was signed with them.
    pub(super) fn of(credentials: Option<&Credentials>, request: Option<&Request>) -> Self {
        let mut all = Vec::new();
        if let Some(keys) = credentials {
            for part in [Some(keys.secret()), keys.passphrase(), Some(keys.key())].into_iter().flatten() {
                add(&mut all, part);
                // A key in several lines is shown with its lines put together, or apart.
                part.lines().filter(|line| *line != part).for_each(|line| add(&mut all, line));
            }
        }
        if let Some(request) = request {
            request.headers.iter().for_each(|(_, value)| add(&mut all, value.trim_start_matches("Bearer ")));
            let signed = [request.target.as_str(), request.body.as_str()];
            let signatures = signed.into_iter().filter_map(|text| text.split_once("signature="));
            signatures.for_each(|(_, rest)| add(&mut all, rest.split('&').next().unwrap_or_default()));
        }
        Self(all)
    }

    /// The same, and another one.
    pub(super) fn and(mut self, secret: &str) -> Self {
        add(&mut self.0, secret);
        self
    }

    /// A text without them.
    pub(super) fn hidden(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| without(text, secret))
    }

    /// A fault without them.
    pub(super) fn out_of(&self, fault: ReadFault) -> ReadFault {
        match fault {
            ReadFault::Api(error) => {
                ReadFault::Api(ApiError { code: self.hidden(error.code), message: self.hidden(error.message), ..error })
            }
            ReadFault::Parse { what, status, excerpt } => {
                ReadFault::Parse { what: self.hidden(what), status, excerpt: self.hidden(excerpt) }
            }
        }
    }
}

fn add(all: &mut Vec<Zeroizing<String>>, part: &str) {
    // Times and types of content are no secrets, and good to read in a fault.
    let is_time = part.bytes().all(|b| b.is_ascii_digit() || b"-:.TZ".contains(&b));
    if part.len() < KNOWN_BY || is_time || part.starts_with("application/") {
        return;
    }
    // All of Coinbase's keys have this in front. It is a word of faults too, and no secret.
    let own = part.strip_prefix("organizations/").unwrap_or(part);
    let mut encoded = String::new();
    encode_into(&mut encoded, own);
    let forms = [own.to_owned(), encoded, base64(part.as_bytes()), hex(part.as_bytes())];
    all.extend(forms.map(Zeroizing::new));
}

fn without(text: String, secret: &str) -> String {
    let Some(beginning) = secret.get(..KNOWN_BY) else { return text };
    if !text.contains(beginning) {
        return text;
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(beginning) {
        kept.push_str(rest.get(..at).unwrap_or_default());
        kept.push_str(HIDDEN);
        let found = rest.get(at..).unwrap_or_default();
        let same = found.char_indices().zip(secret.chars()).take_while(|((_, a), b)| a == b).count();
        rest = found.char_indices().nth(same).and_then(|(end, _)| found.get(end..)).unwrap_or_default();
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let keys = Credentials::new("x", "the-key-name".into(), "top-secret/9".into(), Some("open sesame".into()));
        Secrets::of(Some(&keys.unwrap()), None)
    }

    #[test]
    fn a_secret_is_hidden_whole_cut_off_and_encoded() {
        let hidden = |text: &str| secrets().hidden(text.to_owned());
        assert_eq!(hidden("a top-secret/9 b top-secret/9"), "a *** b ***");
        assert_eq!(hidden("it begins \"top-secre\""), "it begins \"***\"");
        assert_eq!(hidden(&base64(b"top-secret/9")), HIDDEN);
        assert_eq!(hidden(&hex(b"open sesame")), HIDDEN);
        assert_eq!(hidden("open%20sesame of the-key-name"), "*** of ***");
    }

    #[test]
    fn a_word_in_front_of_every_key_is_none_of_the_secret() {
        let name = "organizations/7f3c1f5e-0000/apiKeys/9d2b";
        let secrets = Secrets::of(Some(&Credentials::new("x", name.into(), "s".repeat(9), None).unwrap()), None);
        assert_eq!(
            secrets.hidden(format!("no such organizations: {name}")),
            "no such organizations: organizations/***"
        );
        assert_eq!(secrets.hidden("7f3c1f5e-0000/api".to_owned()), HIDDEN);
    }

    #[test]
    fn a_stream_s_token_is_hidden_too() {
        assert_eq!(secrets().and("a-listen-key").hidden("no such a-listen-key".to_owned()), "no such ***");
        assert_eq!(secrets().and("").hidden("a".to_owned()), "a");
    }

    #[test]
    fn what_is_no_secret_is_left_as_it_is() {
        let text = "the key of a top order, opened at 9: \u{fc}\u{1f600}";
        assert_eq!(secrets().hidden(text.to_owned()), text);
        assert_eq!(Secrets::of(None, None).hidden(text.to_owned()), text);
    }
}

//! Parameters of a request, and how they are encoded.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;

/// Parameters in the order in which they are sent: venues sign exactly that text. Their values lie in one text, one behind
/// the other, so that a dozen of them don't take a dozen pieces of memory.
#[derive(Clone, Default)]
pub struct Params {
    values: String,
    list: Vec<(Cow<'static, str>, Range<usize>)>,
}

/// How much room the parameters of an order take.
const USUAL_COUNT: usize = 12;
const USUAL_LENGTH: usize = 192;
/// How much may come behind: time, window and signature.
const SIGNED_LENGTH: usize = 160;

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl PartialEq for Params {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Params {}

impl Params {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { values: String::new(), list: Vec::new() }
    }

    /// With one more.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        self.push(name, value);
        self
    }

    /// With one more, if there is a value.
    #[must_use]
    pub fn maybe(self, name: impl Into<Cow<'static, str>>, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With one more, in front of all others.
    #[must_use]
    pub fn led_by(mut self, name: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        let value = self.written(value);
        self.list.insert(0, (name.into(), value));
        self
    }

    /// Adds one.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl fmt::Display) {
        let value = self.written(value);
        self.list.push((name.into(), value));
    }

    /// Where a value stands once it is written down.
    fn written(&mut self, value: impl fmt::Display) -> Range<usize> {
        if self.list.is_empty() {
            self.list.reserve(USUAL_COUNT);
            self.values.reserve(USUAL_LENGTH);
        }
        let from = self.values.len();
        // Writing to a String can't fail.
        let _ = write!(self.values, "{value}");
        from..self.values.len()
    }

    /// Takes away those whose names are not wanted.
    pub fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.list.retain(|(name, _)| wanted(name));
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list.iter().map(|(name, at)| (name.as_ref(), self.values.get(at.clone()).unwrap_or_default()))
    }

    /// The value of a parameter, if it is there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// `a=1&b=x%20y`: percent-encoded as RFC 3986 has it, in order.
    #[must_use]
    pub fn encoded(&self) -> String {
        let mut text = String::with_capacity(self.room());
        self.encode_behind(&mut text);
        text
    }

    /// Appends the same to a text.
    pub(super) fn encode_behind(&self, text: &mut String) {
        let from = text.len();
        self.join_behind(text, String::push_str);
        // Nearly always nothing has to be encoded. Then what does not stand for itself is what joins the parts, and no more.
        let joints = (2 * self.list.len()).saturating_sub(1);
        if reserved(text.as_bytes().get(from..).unwrap_or_default()) != joints {
            text.truncate(from);
            self.join_behind(text, encode_into);
        }
    }

    /// Appends names and values, each as `add` writes it.
    fn join_behind(&self, text: &mut String, add: impl Fn(&mut String, &str)) {
        for (number, (name, value)) in self.iter().enumerate() {
            if number > 0 {
                text.push('&');
            }
            add(text, name);
            text.push('=');
            add(text, value);
        }
    }

    /// How long the encoded text will be, with a signature behind it, where little has to be encoded.
    pub(super) fn room(&self) -> usize {
        let names: usize = self.list.iter().map(|(name, _)| name.len() + 2).sum();
        names + self.values.len() + SIGNED_LENGTH
    }
}

/// Whether a character stands for itself (RFC 3986, "unreserved").
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

/// How many bytes of a text don't stand for themselves. Counted in pieces so short that a byte holds the count: processors
/// do that for many bytes at once.
fn reserved(text: &[u8]) -> usize {
    let in_piece =
        |piece: &[u8]| piece.iter().fold(0_u8, |count, byte| count.wrapping_add(u8::from(!is_unreserved(*byte))));
    text.chunks(255).map(|piece| usize::from(in_piece(piece))).sum()
}

/// Appends `value`, percent-encoded but for RFC 3986's unreserved characters.
pub fn encode_into(text: &mut String, value: &str) {
    if reserved(value.as_bytes()) == 0 {
        text.push_str(value);
        return;
    }
    for byte in value.bytes() {
        if is_unreserved(byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_order_and_are_equal_by_what_they_say() {
        let params = Params::new().with("b", 2).maybe("none", None::<u8>).with("a", "x y").led_by("nonce", 1);
        assert_eq!(params.iter().collect::<Vec<_>>(), [("nonce", "1"), ("b", "2"), ("a", "x y")]);
        assert_eq!(params.encoded(), "nonce=1&b=2&a=x%20y");
        let mut fewer = params.clone();
        fewer.retain(|name| name != "b");
        assert_eq!(fewer, Params::new().with("nonce", 1).with("a", "x y"));
        assert_ne!(fewer, params);
        assert_eq!((fewer.get("a"), fewer.get("b")), (Some("x y"), None));
        assert_eq!(format!("{fewer:?}"), r#"[("nonce", "1"), ("a", "x y")]"#);
    }

    #[test]
    fn a_part_that_holds_what_joins_parts_is_encoded_however_many_there_are() {
        for (name, value, encoded) in [("a", "&", "%26"), ("a", "=", "%3D"), ("a", "b&c=d", "b%26c%3Dd")] {
            assert_eq!(Params::new().with(name, value).encoded(), format!("a={encoded}"));
            let many = (0..200).fold(Params::new(), |params, _| params.with(name, value));
            assert_eq!(many.encoded(), vec![format!("a={encoded}"); 200].join("&"));
        }
        assert_eq!(Params::new().with("a=b", "").encoded(), "a%3Db=");
        assert_eq!(Params::new().encoded(), "");
    }

    #[test]
    fn what_is_not_unreserved_is_encoded_byte_by_byte() {
        let mut text = String::new();
        encode_into(&mut text, "aZ09-_.~ +/=é");
        assert_eq!(text, "aZ09-_.~%20%2B%2F%3D%C3%A9");
    }
}

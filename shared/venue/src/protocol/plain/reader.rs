//! The reader itself: a text from its beginning to its end, piece by piece, and as a source for serde.

use super::{DEPTH, RAW, SCALAR, Unusual};
use crate::protocol::eight;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// A text, and what is still to be read of it. It goes by bytes, since all that is looked for is ASCII; so pieces are cut
/// between characters.
pub(crate) struct Reader<'de> {
    text: &'de str,
    /// What is still to be read.
    rest: &'de [u8],
    depth: u8,
}

impl<'de> Reader<'de> {
    /// A text from its beginning.
    pub(crate) const fn new(text: &'de str) -> Self {
        Self { text, rest: text.as_bytes(), depth: 0 }
    }

    /// Where what is still to be read begins.
    const fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next `length` bytes.
    fn take(&mut self, length: usize) -> Result<&'de str, Unusual> {
        let from = self.at();
        self.rest = self.rest.get(length..).ok_or(Unusual)?;
        self.text.get(from..from + length).ok_or(Unusual)
    }

    /// That the text goes on with a character.
    fn mark(&mut self, mark: u8) -> Result<(), Unusual> {
        match self.rest.split_first() {
            Some((next, rest)) if *next == mark => self.rest = rest,
            Some(_) | None => return Err(Unusual),
        }
        Ok(())
    }

    /// That the text goes on with a word.
    pub(crate) fn word(&mut self, word: &str) -> Result<(), Unusual> {
        self.rest = self.rest.strip_prefix(word.as_bytes()).ok_or(Unusual)?;
        Ok(())
    }

    /// A text between quotes.
    pub(crate) fn text(&mut self) -> Result<&'de str, Unusual> {
        self.mark(b'"')?;
        let text = self.take(eight::plain(self.rest).ok_or(Unusual)?)?;
        self.mark(b'"')?;
        Ok(text)
    }

    /// A member's name.
    fn key(&mut self) -> Result<&'de str, Unusual> {
        // Names of one letter, as in the frames that come most often.
        if let [b'"', letter @ b'A'..=b'z', b'"', b':', rest @ ..] = self.rest
            && *letter != b'\\'
        {
            let at = self.at() + 1;
            self.rest = rest;
            return self.text.get(at..=at).ok_or(Unusual);
        }
        let key = self.text()?;
        self.mark(b':')?;
        Ok(key)
    }

    /// A number's literal text: no zeros in front, no exponent.
    fn number(&mut self) -> Result<&'de str, Unusual> {
        let (sign, unsigned) = match self.rest {
            [b'-', unsigned @ ..] => (1, unsigned),
            all => (0, all),
        };
        let whole = eight::digits(unsigned);
        if whole == 0 || (whole > 1 && unsigned.first() == Some(&b'0')) {
            return Err(Unusual);
        }
        let length = sign + whole;
        match unsigned.get(whole..) {
            Some([b'.', behind @ ..]) => match eight::digits(behind) {
                0 => Err(Unusual),
                part if matches!(behind.get(part), Some(b'e' | b'E')) => Err(Unusual),
                part => self.take(length + 1 + part),
            },
            Some([b'e' | b'E', ..]) => Err(Unusual),
            Some(_) | None => self.take(length),
        }
    }

    /// A number without sign, point and exponent.
    pub(crate) fn natural(&mut self) -> Result<u64, Unusual> {
        /// The most digits that certainly fit.
        const FIT: usize = 19;
        let (value, length) = eight::number(0, self.rest);
        let zeros = length > 1 && self.peek() == Some(b'0');
        let (digits, rest) = self.rest.split_at_checked(length).ok_or(Unusual)?;
        if length == 0 || zeros || matches!(rest, [b'.' | b'e' | b'E', ..]) {
            return Err(Unusual);
        }
        if length > FIT {
            return self.take(digits.len())?.parse().map_err(|_| Unusual);
        }
        self.rest = rest;
        Ok(value)
    }

    /// A number without sign, point and exponent, that fits a signed one.
    pub(crate) fn signed(&mut self) -> Result<i64, Unusual> {
        i64::try_from(self.natural()?).map_err(|_| Unusual)
    }

    /// `true` or `false`.
    pub(crate) fn truth(&mut self) -> Result<bool, Unusual> {
        let truth = self.peek() == Some(b't');
        self.word(if truth { "true" } else { "false" })?;
        Ok(truth)
    }

    /// What is left.
    pub(crate) fn rest(&self) -> Result<&'de str, Unusual> {
        self.text.get(self.at()..).ok_or(Unusual)
    }

    /// That nothing is left.
    pub(crate) const fn end(&self) -> Result<(), Unusual> {
        if self.rest.is_empty() { Ok(()) } else { Err(Unusual) }
    }

    /// The literal text of a scalar; `None` is `null`.
    fn scalar(&mut self) -> Result<Option<&'de str>, Unusual> {
        match self.peek().ok_or(Unusual)? {
            b'"' => self.text().map(Some),
            b'-' | b'0'..=b'9' => self.number().map(Some),
            b't' => self.word("true").map(|()| Some("true")),
            b'f' => self.word("false").map(|()| Some("false")),
            b'n' => self.word("null").map(|()| None),
            _ => Err(Unusual),
        }
    }

    /// Passes over a value.
    fn skip(&mut self) -> Result<(), Unusual> {
        match self.peek() {
            Some(b'{') => self.object(IgnoredAny).map(|_| ()),
            Some(b'[') => self.array(IgnoredAny).map(|_| ()),
            Some(_) | None => self.scalar().map(|_| ()),
        }
    }

    fn object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unusual> {
        self.nested((b'{', b'}'), |reader| visitor.visit_map(Members { reader, first: true }))
    }

    fn array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unusual> {
        self.nested((b'[', b']'), |reader| visitor.visit_seq(Members { reader, first: true }))
    }

    fn nested<T>(
        &mut self,
        (opens, closes): (u8, u8),
        inside: impl FnOnce(&mut Self) -> Result<T, Unusual>,
    ) -> Result<T, Unusual> {
        self.mark(opens)?;
        if self.depth == DEPTH {
            return Err(Unusual);
        }
        self.depth += 1;
        let value = inside(self)?;
        self.depth -= 1;
        self.mark(closes)?;
        Ok(value)
    }
}

/// The members of an object, or the elements of an array.
struct Members<'r, 'de> {
    reader: &'r mut Reader<'de>,
    first: bool,
}

impl Members<'_, '_> {
    /// Whether there is another one in front of `end`.
    fn another(&mut self, end: u8) -> Result<bool, Unusual> {
        if self.reader.peek() == Some(end) {
            return Ok(false);
        }
        if !std::mem::take(&mut self.first) {
            self.reader.mark(b',')?;
        }
        Ok(true)
    }
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = Unusual;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unusual> {
        if !self.another(b'}')? {
            return Ok(None);
        }
        let key = self.reader.key()?;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unusual> {
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> SeqAccess<'de> for Members<'_, 'de> {
    type Error = Unusual;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unusual> {
        if !self.another(b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Unusual;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.peek().ok_or(Unusual)? {
            b'"' => visitor.visit_borrowed_str(self.text()?),
            b'0'..=b'9' => visitor.visit_u64(self.natural()?),
            b'n' => self.word("null").and_then(|()| visitor.visit_unit()),
            b't' | b'f' => self.deserialize_bool(visitor),
            _ => Err(Unusual),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        visitor.visit_bool(self.truth()?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        if self.peek() == Some(b'-') {
            let number: i64 = self.number()?.parse().map_err(|_| Unusual)?;
            // A zero with a sign is a float.
            return if number == 0 { Err(Unusual) } else { visitor.visit_i64(number) };
        }
        visitor.visit_u64(self.natural()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        visitor.visit_u64(self.natural()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        if self.peek() == Some(b'n') {
            self.word("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Unusual> {
        match name {
            SCALAR => match self.scalar()? {
                Some(text) => visitor.visit_borrowed_str(text),
                None => visitor.visit_unit(),
            },
            RAW => {
                let from = self.at();
                self.skip()?;
                visitor.visit_borrowed_str(self.text.get(from..self.at()).ok_or(Unusual)?)
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.array(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.object(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unusual> {
        self.object(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unusual> {
        self.array(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unusual> {
        self.array(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.deserialize_str(visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u128 f32 f64 char bytes byte_buf unit unit_struct identifier enum
    }
}

//! Fields of a question: named values that become a query or a JSON body. Texts lie one behind the other, as those of
//! [`Params`] do, and a body is written straight from them: an order is a dozen short texts.

use super::call::Extra;
use super::http::{Body, Params};
use desk::time::Timestamp;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Named values, in order; one of a name. Sorted by name where they become JSON, as a `serde_json` map would have them.
#[derive(Clone, Default)]
pub struct Fields {
    texts: String,
    list: Vec<(Cow<'static, str>, Held)>,
}

/// How much room the fields of an order take, and its body.
const USUAL_COUNT: usize = 12;
const USUAL_LENGTH: usize = 128;
const USUAL_BODY: usize = 384;

#[derive(Clone)]
enum Held {
    /// Where a text stands.
    Text(Range<usize>),
    Other(Value),
}

/// A value as it is given.
pub enum Given<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// Anything else.
    Other(Value),
}

impl<'a> From<&'a str> for Given<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Given<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Given<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<Value> for Given<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(Cow::Owned(text)),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Self::Other(other)
            }
        }
    }
}

/// What `serde_json` makes a value of.
macro_rules! others {
    ($($kind:ty),+) => {$(
        impl From<$kind> for Given<'_> {
            fn from(value: $kind) -> Self {
                Self::Other(Value::from(value))
            }
        }
    )+};
}

others!(bool, u8, u16, u32, u64, i32, i64, Vec<Value>);

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.list.iter().map(|(name, held)| (name, self.value(held)));
        f.debug_map().entries(values).finish()
    }
}

impl Fields {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { texts: String::new(), list: Vec::new() }
    }

    /// With one more; it takes the place of one of the same name.
    #[must_use]
    pub fn with<'a>(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Given<'a>>) -> Self {
        self.set(name, value);
        self
    }

    /// With one more, if there is a value.
    #[must_use]
    pub fn maybe<'a>(self, name: &'static str, value: Option<impl Into<Given<'a>>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Sets one.
    pub fn set<'a>(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Given<'a>>) {
        if self.list.is_empty() {
            self.list.reserve(USUAL_COUNT);
            self.texts.reserve(USUAL_LENGTH);
        }
        let held = match value.into() {
            Given::Text(text) => {
                let from = self.texts.len();
                self.texts.push_str(&text);
                Held::Text(from..self.texts.len())
            }
            Given::Other(value) => Held::Other(value),
        };
        let name = name.into();
        match self.list.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = held,
            None => self.list.push((name, held)),
        }
    }

    /// With an instant in milliseconds, written as a text, if there is one.
    #[must_use]
    pub fn time(self, name: &'static str, at: Option<Timestamp>) -> Self {
        self.maybe(name, at.map(|at| at.ms().to_string()))
    }

    /// With the caller's own, but for those that were interpreted and those that are null.
    #[must_use]
    pub fn extra(mut self, extra: &Extra, interpreted: &[&str]) -> Self {
        for (name, value) in extra.iter().filter(|(name, value)| !interpreted.contains(name) && !value.is_null()) {
            self.set(name.to_owned(), value.clone());
        }
        self
    }

    /// Takes one away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.list.retain(|(known, _)| known != name);
        self
    }

    /// Whether there is one of a name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.list.iter().any(|(known, _)| known == name)
    }

    /// The text of one.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.list.iter().find(|(known, _)| known == name)? {
            (_, Held::Text(at)) => Some(self.at(at)),
            (_, Held::Other(_)) => None,
        }
    }

    fn at(&self, at: &Range<usize>) -> &str {
        self.texts.get(at.clone()).unwrap_or_default()
    }

    fn value(&self, held: &Held) -> Value {
        match held {
            Held::Text(at) => Value::from(self.at(at)),
            Held::Other(value) => value.clone(),
        }
    }

    /// As a JSON object.
    #[must_use]
    pub fn object(self) -> Value {
        let members = self.list.iter().map(|(name, held)| (name.clone().into_owned(), self.value(held)));
        Value::Object(members.collect::<Map<_, _>>())
    }

    /// As a body: an object.
    #[must_use]
    pub fn body(&self) -> Body {
        let mut text = String::with_capacity(USUAL_BODY);
        self.write(&mut text);
        Body::Json(text)
    }

    /// As a body: a list of one object.
    #[must_use]
    pub fn only(&self) -> Body {
        let mut text = String::with_capacity(USUAL_BODY);
        text.push('[');
        self.write(&mut text);
        text.push(']');
        Body::Json(text)
    }

    /// As a query; what is null is left out.
    #[must_use]
    pub fn query(&self) -> Params {
        self.list.iter().fold(Params::new(), |params, (name, held)| match held {
            Held::Text(at) => params.with(name.clone(), self.at(at)),
            Held::Other(Value::Null) => params,
            Held::Other(other) => params.with(name.clone(), other),
        })
    }

    fn write(&self, text: &mut String) {
        let mut sorted: Vec<&(Cow<'static, str>, Held)> = self.list.iter().collect();
        sorted.sort_unstable_by_key(|(name, _)| name);
        text.push('{');
        for (number, (name, held)) in sorted.into_iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            quote(name, text);
            text.push(':');
            match held {
                Held::Text(at) => quote(self.at(at), text),
                Held::Other(value) => text.push_str(&value.to_string()),
            }
        }
        text.push('}');
    }
}

/// Writes a text in quotes, as `serde_json` does.
fn quote(value: &str, text: &mut String) {
    if value.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..b' ')) {
        text.push_str(&Value::from(value).to_string());
        return;
    }
    text.push('"');
    text.push_str(value);
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn json(body: Body) -> String {
        let Body::Json(text) = body else { panic!("{body:?}") };
        text
    }

    #[test]
    fn the_last_of_a_name_counts_and_what_is_null_is_not_asked() {
        let extra = Extra(vec![("c".into(), json!(null)), ("d".into(), json!([1])), ("e".into(), json!("read"))]);
        let fields = Fields::new().with("b", "old").with("a", 1).maybe("none", None::<&str>).with("b", "new");
        let fields = fields.extra(&extra, &["e"]).with("f", Value::Null).with("g", true).without("g");
        assert_eq!(
            (fields.text("b"), fields.text("a"), fields.has("a"), fields.has("g")),
            (Some("new"), None, true, false)
        );
        assert_eq!(fields.query().encoded(), "b=new&a=1&d=%5B1%5D");
        assert_eq!(json(fields.body()), r#"{"a":1,"b":"new","d":[1],"f":null}"#);
        assert_eq!(json(fields.only()), r#"[{"a":1,"b":"new","d":[1],"f":null}]"#);
        assert_eq!(json(Fields::new().body()), "{}");
    }

    proptest! {
        #[test]
        fn a_body_is_what_its_own_library_writes(members in proptest::collection::vec(("\\PC{0,4}|[a-c\"\\\\\n]{0,2}", ".{0,6}", any::<i64>()), 0..12)) {
            let mut fields = Fields::new();
            let mut map = Map::new();
            for (name, text, number) in members {
                let value = if number % 2 == 0 { Value::from(text) } else { Value::from(number) };
                fields.set(name.clone(), value.clone());
                map.insert(name, value);
            }
            let map = Value::Object(map);
            prop_assert_eq!(json(fields.body()), map.to_string());
            prop_assert_eq!(fields.object(), map);
        }
    }
}

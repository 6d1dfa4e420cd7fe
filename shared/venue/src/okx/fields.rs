//! Bodies and queries: the venue's fields, and what the caller adds to them.

use crate::protocol::call::Extra;
use crate::protocol::http::sorted_object;
use crate::protocol::{Body, Params};
use desk::time::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Named values, in order; sorted by name where they become JSON.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(Cow<'static, str>, Value)>);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        sorted_object(serializer, self.0.iter().map(|(name, value)| (name.as_ref(), value)))
    }
}

impl Fields {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// With one more; one of the same name is replaced.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// With one more, if there is a value.
    pub(super) fn maybe(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With an instant in milliseconds, if there is one.
    pub(super) fn time(self, name: &'static str, at: Option<Timestamp>) -> Self {
        self.maybe(name, at.map(|at| at.ms().to_string()))
    }

    /// Sets one.
    pub(super) fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        let name = name.into();
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.into()));
    }

    /// Takes one away.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// The text of one.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.as_str())
    }

    /// With the caller's own, but for those that were interpreted.
    pub(super) fn extra(mut self, extra: &Extra, interpreted: &[&str]) -> Self {
        for (name, value) in extra.iter().filter(|(name, _)| !interpreted.contains(name)) {
            self.set(name.to_owned(), value.clone());
        }
        self
    }

    /// As a JSON object.
    pub(super) fn object(self) -> Value {
        Value::Object(self.0.into_iter().map(|(name, value)| (name.into_owned(), value)).collect::<Map<_, _>>())
    }

    /// As a body.
    pub(super) fn body(&self) -> Body {
        Body::json(self)
    }

    /// As a query; what is null is left out.
    pub(super) fn query(self) -> Params {
        let mut params = Params::new();
        for (name, value) in self.0 {
            match value {
                Value::Null => {}
                Value::String(text) => params.push(name, text),
                other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                    params.push(name, other)
                }
            }
        }
        params
    }
}

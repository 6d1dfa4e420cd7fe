//! What requests are made of: categories, and fields that go into a query or a body.

use crate::protocol::call::{Extra, OrderClass};
use crate::protocol::http::{Params, sorted_object};
use crate::protocol::{Body, CallError, EndpointClass, Instrument, Product, Range, Scope, Unsigned};
use desk::time::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The only server of requests.
pub(super) const ORIGIN: &str = "v5";

/// The venue's word for a product.
pub(super) const fn category(product: Product) -> &'static str {
    match product {
        Product::Spot => "spot",
        Product::Linear => "linear",
        Product::Inverse => "inverse",
        Product::Option => "option",
    }
}

/// The product the venue's word stands for.
pub(super) fn product(category: &str) -> Option<Product> {
    [Product::Spot, Product::Linear, Product::Inverse, Product::Option]
        .into_iter()
        .find(|p| self::category(*p) == category)
}

/// Which product a question is about: what is said, the market's own, or linear contracts.
pub(super) fn product_of(market: Option<&Instrument>, scope: &Scope) -> Product {
    scope.product.or(market.map(|i| i.product)).unwrap_or(Product::Linear)
}

/// Something that does not fit together.
pub(super) fn invalid<T>(what: impl Into<String>) -> Result<T, CallError> {
    Err(CallError::Invalid(what.into()))
}

/// Fields in order; one of a name. Sorted by name where they become JSON.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(Cow<'static, str>, Value)>);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        sorted_object(serializer, self.0.iter().map(|(name, value)| (name.as_ref(), value)))
    }
}

impl Fields {
    /// With one more; it takes the place of one of the same name.
    pub(super) fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
        self
    }

    /// With one more, if there is a value.
    pub(super) fn maybe(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a stretch of time under the venue's usual names.
    pub(super) fn range(self, range: &Range) -> Self {
        self.maybe("startTime", range.since.map(Timestamp::ms))
            .maybe("endTime", range.until.map(Timestamp::ms))
            .maybe("limit", range.limit)
    }

    /// With the filter of conditional orders, if those are meant.
    pub(super) fn class(self, class: OrderClass) -> Self {
        match class {
            OrderClass::Plain => self,
            OrderClass::Trigger | OrderClass::Trailing => self.with("orderFilter", "StopOrder"),
        }
    }

    /// With what the caller adds, but for what the adapter read itself.
    pub(super) fn extra(self, extra: &Extra, read: &[&str]) -> Self {
        let rest = extra.iter().filter(|(name, value)| !read.contains(name) && !value.is_null());
        rest.fold(self, |fields, (name, value)| fields.with(name.to_owned(), value.clone()))
    }

    /// Whether there is one of a name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// As a query.
    pub(super) fn query(self) -> Params {
        self.0.into_iter().fold(Params::new(), |params, (name, value)| match value.as_str() {
            Some(text) => params.with(name, text),
            None => params.with(name, &value),
        })
    }

    /// As a JSON object.
    pub(super) fn object(self) -> Value {
        Value::Object(self.0.into_iter().map(|(name, value)| (name.into_owned(), value)).collect::<Map<_, _>>())
    }

    /// A public question.
    pub(super) fn public(self, path: &'static str) -> Unsigned {
        Unsigned::public(ORIGIN, path, self.query())
    }

    /// A question about the account.
    pub(super) fn account(self, path: &'static str) -> Unsigned {
        Unsigned::account(ORIGIN, path, self.query())
    }

    /// Something to be done.
    pub(super) fn post(self, path: &'static str, class: EndpointClass) -> Unsigned {
        Unsigned::post(ORIGIN, path, Body::json(&self), class)
    }
}

//! What requests are made of.

use crate::protocol::call::Extra;
use crate::protocol::http::{Params, encode_into};
use crate::protocol::{Body, CallError, EndpointClass, Instrument, Product, Scope, Unsigned};
use desk::time::Timestamp;
use serde_json::{Map, Value};

/// The only server of requests.
pub(super) const ORIGIN: &str = "api";
/// What all paths begin with.
pub(super) const BASE: &str = "/api/v3/brokerage";

/// Extras of several questions that are read here and not passed on.
pub(super) const READ: &[&str] =
    &["method", "v3", "preview", "portfolio", "paginate", "usePrivate", "createMarketBuyOrderRequiresPrice"];

/// Something that does not fit together.
pub(super) fn invalid<T>(what: impl Into<String>) -> Result<T, CallError> {
    Err(CallError::Invalid(what.into()))
}

/// Which product a question is about: what is said, the market's own, or spot.
pub(super) fn product_of(market: Option<&Instrument>, scope: &Scope) -> Product {
    scope.product.or(market.map(|i| i.product)).unwrap_or(Product::Spot)
}

/// The venue's word for a product.
pub(super) const fn product_type(product: Product) -> &'static str {
    match product {
        Product::Spot => "SPOT",
        Product::Linear | Product::Inverse | Product::Option => "FUTURE",
    }
}

/// One part of a path: an id can't reach beyond it.
pub(super) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    encode_into(&mut encoded, text);
    encoded
}

/// An instant in whole seconds.
pub(super) fn seconds(at: Timestamp) -> i64 {
    at.ms().div_euclid(1000)
}

/// A query with what the caller adds; an extra of the same name takes the place of ours.
pub(super) fn query(params: &Params, extra: &Extra, read: &[&str]) -> Params {
    let given = |name: &str| extra.get(name).is_some() && !read.contains(&name);
    let ours = params.iter().filter(|(name, _)| !given(name));
    let all = ours.fold(Params::new(), |all, (name, value)| all.with(name.to_owned(), value));
    let theirs = extra.iter().filter(|(name, value)| !read.contains(name) && !value.is_null());
    theirs.fold(all, |all, (name, value)| {
        let one = std::slice::from_ref(value);
        let values = value.as_array().map_or(one, Vec::as_slice);
        values.iter().fold(all, |all, value| all.with(name.to_owned(), plain(value)))
    })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Adds to a body what the caller adds.
pub(super) fn add(body: &mut Map<String, Value>, extra: &Extra, read: &[&str]) {
    for (name, value) in extra.iter().filter(|(name, value)| !read.contains(name) && !value.is_null()) {
        body.insert(name.to_owned(), value.clone());
    }
}

/// A question for market data, under `/market` for everybody. The same stands outside of it for those who have a key,
/// with higher limits and fresher answers: the extra `usePrivate` asks there.
pub(super) fn public(path: &str, params: Params, extra: &Extra) -> Unsigned {
    if extra.text("usePrivate").as_deref() == Some("true") {
        return account(path, params);
    }
    Unsigned::public(ORIGIN, format!("{BASE}/market{path}"), params)
}

/// A question about the account.
pub(super) fn account(path: &str, params: Params) -> Unsigned {
    Unsigned::account(ORIGIN, format!("{BASE}{path}"), params)
}

/// Something to be done.
pub(super) fn post(path: &str, body: Map<String, Value>, class: EndpointClass) -> Unsigned {
    Unsigned::post(ORIGIN, format!("{BASE}{path}"), Body::json(&Value::Object(body)), class)
}

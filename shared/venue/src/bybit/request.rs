//! What requests are made of: categories, and fields that go into a query or a body.

use crate::protocol::call::OrderClass;
pub(super) use crate::protocol::fields::Fields;
use crate::protocol::{CallError, EndpointClass, Instrument, Product, Range, Scope, Unsigned};
use desk::time::Timestamp;

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

/// The venue's word for a kind of orders. Stop-losses and take-profits of spot are a kind of their own.
pub(super) const fn filter(class: OrderClass, product: Product) -> &'static str {
    match (class, product) {
        (OrderClass::Plain, _) => "Order",
        (OrderClass::Protective, Product::Spot) => "tpslOrder",
        (OrderClass::Trigger | OrderClass::Protective | OrderClass::Trailing, _) => "StopOrder",
    }
}

/// What this venue's questions have of their own.
impl Fields {
    /// With a stretch of time under the venue's usual names.
    pub(super) fn range(self, range: &Range) -> Self {
        self.maybe("startTime", range.since.map(Timestamp::ms))
            .maybe("endTime", range.until.map(Timestamp::ms))
            .maybe("limit", range.limit)
    }

    /// With the filter of conditional orders, if those are meant. Without one, the venue tells of all kinds.
    pub(super) fn class(self, class: OrderClass, product: Product) -> Self {
        match class {
            OrderClass::Plain => self,
            OrderClass::Trigger | OrderClass::Protective | OrderClass::Trailing => {
                self.with("orderFilter", filter(class, product))
            }
        }
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
        Unsigned::post(ORIGIN, path, self.body(), class)
    }
}

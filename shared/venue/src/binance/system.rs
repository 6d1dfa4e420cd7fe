//! The endpoint table: which of the venue's order systems a question goes to, and what its paths and names are.
//!
//! | product | classic | classic, margin | portfolio margin |
//! |---|---|---|---|
//! | spot | [`System::Spot`] `/api/v3` | [`System::Margin`] `/sapi/v1/margin` | [`System::UnifiedMargin`] `/papi/v1/margin` |
//! | linear | [`System::Usdm`] `/fapi/v1` | the same | [`System::UnifiedUsdm`] `/papi/v1/um` |
//! | inverse | [`System::Coinm`] `/dapi/v1` | the same | [`System::UnifiedCoinm`] `/papi/v1/cm` |
//! | option | [`System::Options`] `/eapi/v1` | the same | the same |
//!
//! Orders that wait for a trigger live in the same book as all others on spot and margin, but in a service of their own
//! on contracts: there they have other paths, other ids, and the plain endpoints say "no such order" about them.

use super::errors::Family;
use crate::protocol::call::{AccountSystem, OrderClass, Scope, Wallet};
use crate::protocol::model::MarginMode;
use crate::protocol::{Instrument, Product};

/// The server of spot, margin and the wallet.
pub(super) const SPOT: &str = "spot";
/// The server of contracts settled in the quote currency.
pub(super) const USDM: &str = "usdm";
/// The server of contracts settled in the base currency.
pub(super) const COINM: &str = "coinm";
/// The server of options.
pub(super) const OPTIONS: &str = "options";
/// The server of portfolio margin accounts.
pub(super) const PORTFOLIO: &str = "portfolio";

/// One of the venue's order systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Spot,
    Margin,
    Usdm,
    Coinm,
    Options,
    UnifiedMargin,
    UnifiedUsdm,
    UnifiedCoinm,
}

/// Paths of an order system, and how it names the ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct OrderPaths {
    /// Placing and cancelling.
    pub place: &'static str,
    /// One order, whatever became of it.
    pub one: &'static str,
    /// One order that works.
    pub open_one: &'static str,
    /// All that work.
    pub open: &'static str,
    /// All there were.
    pub all: &'static str,
    /// Cancelling all.
    pub cancel_all: &'static str,
    /// The venue's id.
    pub id: &'static str,
    /// Our id of an order that exists.
    pub client_id: &'static str,
    /// Our id of a new order.
    pub new_client_id: &'static str,
}

const fn plain(
    place: &'static str,
    open_one: &'static str,
    open: &'static str,
    all: &'static str,
    cancel_all: &'static str,
) -> OrderPaths {
    OrderPaths {
        place,
        one: place,
        open_one,
        open,
        all,
        cancel_all,
        id: "orderId",
        client_id: "origClientOrderId",
        new_client_id: "newClientOrderId",
    }
}

const fn algo(
    place: &'static str,
    one: &'static str,
    open: &'static str,
    all: &'static str,
    cancel_all: &'static str,
) -> OrderPaths {
    OrderPaths {
        place,
        one,
        open_one: one,
        open,
        all,
        cancel_all,
        id: "algoId",
        client_id: "clientAlgoId",
        new_client_id: "clientAlgoId",
    }
}

const SPOT_ORDERS: OrderPaths =
    plain("/api/v3/order", "/api/v3/order", "/api/v3/openOrders", "/api/v3/allOrders", "/api/v3/openOrders");
const MARGIN_ORDERS: OrderPaths = plain(
    "/sapi/v1/margin/order",
    "/sapi/v1/margin/order",
    "/sapi/v1/margin/openOrders",
    "/sapi/v1/margin/allOrders",
    "/sapi/v1/margin/openOrders",
);
const USDM_ORDERS: OrderPaths = plain(
    "/fapi/v1/order",
    "/fapi/v1/openOrder",
    "/fapi/v1/openOrders",
    "/fapi/v1/allOrders",
    "/fapi/v1/allOpenOrders",
);
const COINM_ORDERS: OrderPaths = plain(
    "/dapi/v1/order",
    "/dapi/v1/openOrder",
    "/dapi/v1/openOrders",
    "/dapi/v1/allOrders",
    "/dapi/v1/allOpenOrders",
);
const OPTION_ORDERS: OrderPaths = OrderPaths {
    client_id: "clientOrderId",
    new_client_id: "clientOrderId",
    ..plain(
        "/eapi/v1/order",
        "/eapi/v1/order",
        "/eapi/v1/openOrders",
        "/eapi/v1/historyOrders",
        "/eapi/v1/allOpenOrders",
    )
};
const UNIFIED_MARGIN_ORDERS: OrderPaths = plain(
    "/papi/v1/margin/order",
    "/papi/v1/margin/order",
    "/papi/v1/margin/openOrders",
    "/papi/v1/margin/allOrders",
    "/papi/v1/margin/allOpenOrders",
);
const UNIFIED_USDM_ORDERS: OrderPaths = plain(
    "/papi/v1/um/order",
    "/papi/v1/um/openOrder",
    "/papi/v1/um/openOrders",
    "/papi/v1/um/allOrders",
    "/papi/v1/um/allOpenOrders",
);
const UNIFIED_COINM_ORDERS: OrderPaths = plain(
    "/papi/v1/cm/order",
    "/papi/v1/cm/openOrder",
    "/papi/v1/cm/openOrders",
    "/papi/v1/cm/allOrders",
    "/papi/v1/cm/allOpenOrders",
);
const USDM_ALGO: OrderPaths = algo(
    "/fapi/v1/algoOrder",
    "/fapi/v1/algoOrder",
    "/fapi/v1/openAlgoOrders",
    "/fapi/v1/allAlgoOrders",
    "/fapi/v1/algoOpenOrders",
);
const COINM_ALGO: OrderPaths = algo(
    "/dapi/v1/algoOrder",
    "/dapi/v1/algoOrder",
    "/dapi/v1/openAlgoOrders",
    "/dapi/v1/allAlgoOrders",
    "/dapi/v1/algoOpenOrders",
);
const UNIFIED_USDM_ALGO: OrderPaths = algo(
    "/papi/v1/um/algo/order",
    "/papi/v1/um/algo/algoOrder",
    "/papi/v1/um/algo/openAlgoOrders",
    "/papi/v1/um/algo/allAlgoOrders",
    "/papi/v1/um/algo/allOpenOrders",
);
const UNIFIED_COINM_CONDITIONAL: OrderPaths = OrderPaths {
    place: "/papi/v1/cm/conditional/order",
    one: "/papi/v1/cm/conditional/orderHistory",
    open_one: "/papi/v1/cm/conditional/openOrder",
    open: "/papi/v1/cm/conditional/openOrders",
    all: "/papi/v1/cm/conditional/allOrders",
    cancel_all: "/papi/v1/cm/conditional/allOpenOrders",
    id: "strategyId",
    client_id: "newClientStrategyId",
    new_client_id: "newClientStrategyId",
};

impl System {
    /// The order system of a product.
    pub(super) const fn of(product: Product, account: AccountSystem, margin: Option<MarginMode>) -> Self {
        let unified = matches!(account, AccountSystem::Unified);
        match (product, unified) {
            (Product::Spot, true) => Self::UnifiedMargin,
            (Product::Spot, false) if margin.is_some() => Self::Margin,
            (Product::Spot, false) => Self::Spot,
            (Product::Linear, true) => Self::UnifiedUsdm,
            (Product::Linear, false) => Self::Usdm,
            (Product::Inverse, true) => Self::UnifiedCoinm,
            (Product::Inverse, false) => Self::Coinm,
            (Product::Option, _) => Self::Options,
        }
    }

    /// The order system a scope means; `usual` is the product where neither market nor scope tell.
    pub(super) fn within(scope: &Scope, market: Option<&Instrument>, usual: Product) -> Self {
        let product = market.map(|m| m.product).or(scope.product).unwrap_or(usual);
        let margin = scope.margin.or_else(|| (scope.wallet == Some(Wallet::Margin)).then_some(MarginMode::Cross));
        Self::of(product, scope.account, margin)
    }

    /// Which server it has.
    pub(super) const fn origin(self) -> &'static str {
        match self {
            Self::Spot | Self::Margin => SPOT,
            Self::Usdm => USDM,
            Self::Coinm => COINM,
            Self::Options => OPTIONS,
            Self::UnifiedMargin | Self::UnifiedUsdm | Self::UnifiedCoinm => PORTFOLIO,
        }
    }

    /// Which product its symbols are of.
    pub(super) const fn product(self) -> Product {
        match self {
            Self::Spot | Self::Margin | Self::UnifiedMargin => Product::Spot,
            Self::Usdm | Self::UnifiedUsdm => Product::Linear,
            Self::Coinm | Self::UnifiedCoinm => Product::Inverse,
            Self::Options => Product::Option,
        }
    }

    /// Which table its error codes are from.
    pub(super) const fn family(self) -> Family {
        match self.product() {
            Product::Spot => Family::Spot,
            Product::Linear | Product::Inverse | Product::Option => Family::Contract,
        }
    }

    /// The beginning of its paths.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Spot => "/api/v3",
            Self::Margin => "/sapi/v1/margin",
            Self::Usdm => "/fapi/v1",
            Self::Coinm => "/dapi/v1",
            Self::Options => "/eapi/v1",
            Self::UnifiedMargin => "/papi/v1/margin",
            Self::UnifiedUsdm => "/papi/v1/um",
            Self::UnifiedCoinm => "/papi/v1/cm",
        }
    }

    /// A path of it.
    pub(super) fn path(self, rest: &str) -> String {
        format!("{}{rest}", self.prefix())
    }

    /// Whether orders that wait for a trigger are kept apart from the others.
    pub(super) const fn keeps_triggers_apart(self) -> bool {
        matches!(self, Self::Usdm | Self::Coinm | Self::UnifiedUsdm | Self::UnifiedCoinm)
    }

    /// The paths of a kind of orders.
    pub(super) const fn orders(self, class: OrderClass) -> OrderPaths {
        let waiting = matches!(class, OrderClass::Trigger | OrderClass::Protective | OrderClass::Trailing);
        match (self, waiting) {
            (Self::Spot, _) => SPOT_ORDERS,
            (Self::Margin, _) => MARGIN_ORDERS,
            (Self::UnifiedMargin, _) => UNIFIED_MARGIN_ORDERS,
            (Self::Options, _) => OPTION_ORDERS,
            (Self::Usdm, false) => USDM_ORDERS,
            (Self::Usdm, true) => USDM_ALGO,
            (Self::Coinm, false) => COINM_ORDERS,
            (Self::Coinm, true) => COINM_ALGO,
            (Self::UnifiedUsdm, false) => UNIFIED_USDM_ORDERS,
            (Self::UnifiedUsdm, true) => UNIFIED_USDM_ALGO,
            (Self::UnifiedCoinm, false) => UNIFIED_COINM_ORDERS,
            (Self::UnifiedCoinm, true) => UNIFIED_COINM_CONDITIONAL,
        }
    }

    /// Where our own trades are.
    pub(super) fn trades(self) -> String {
        match self {
            Self::Spot | Self::Margin | Self::UnifiedMargin => self.path("/myTrades"),
            Self::Usdm | Self::Coinm | Self::Options | Self::UnifiedUsdm | Self::UnifiedCoinm => {
                self.path("/userTrades")
            }
        }
    }

    /// What a request costs: on spot and margin, on USD-M, on everything else.
    pub(super) const fn weight(self, spot: u32, usdm: u32, other: u32) -> u32 {
        match self {
            Self::Spot | Self::Margin => spot,
            Self::Usdm => usdm,
            Self::Coinm | Self::Options | Self::UnifiedMargin | Self::UnifiedUsdm | Self::UnifiedCoinm => other,
        }
    }
}

/// The public server of a product: market data does not depend on the account.
pub(super) const fn public(product: Product) -> System {
    System::of(product, AccountSystem::Classic, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_waits_for_a_trigger_is_looked_up_where_it_was_placed() {
        for system in [System::Usdm, System::Coinm, System::UnifiedUsdm, System::UnifiedCoinm] {
            let (plain, waiting) = (system.orders(OrderClass::Plain), system.orders(OrderClass::Trigger));
            assert_ne!(plain.one, waiting.one, "{system:?}");
            assert_ne!(plain.open, waiting.open, "{system:?}");
            assert_ne!(plain.id, waiting.id, "{system:?}");
            assert!(waiting.place.starts_with(system.prefix()) && plain.place.starts_with(system.prefix()));
        }
        for system in [System::Spot, System::Margin, System::UnifiedMargin] {
            assert_eq!(system.orders(OrderClass::Plain).one, system.orders(OrderClass::Trigger).one, "{system:?}");
        }
    }

    #[test]
    fn portfolio_margin_never_reaches_a_classic_account() {
        for product in [Product::Spot, Product::Linear, Product::Inverse] {
            let system = System::of(product, AccountSystem::Unified, Some(MarginMode::Isolated));
            assert_eq!(system.origin(), PORTFOLIO);
            assert!(system.orders(OrderClass::Plain).place.starts_with("/papi/"));
        }
    }
}

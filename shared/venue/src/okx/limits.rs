//! Limits on requests. The venue limits each endpoint by itself; here the endpoints of a class share one budget, in which
//! one with a lower limit weighs more. So no endpoint is ever asked more often than it may be.

use crate::protocol::capability::RateLimit;
use crate::protocol::fields::Fields;
use crate::protocol::{Body, EndpointClass, Unsigned};

/// In how long, in milliseconds.
const PER_MS: u32 = 2000;

/// The budgets.
pub(super) static LIMITS: [RateLimit; 4] = [
    RateLimit::new("weight", &[EndpointClass::Order], 300, PER_MS),
    RateLimit::new("weight", &[EndpointClass::Cancel], 300, PER_MS),
    RateLimit::new("weight", &[EndpointClass::Account], 60, PER_MS),
    RateLimit::new("weight", &[EndpointClass::Public], 40, PER_MS),
];

/// How often an endpoint may be asked in two seconds (of orders: how many may be in its requests), where that is less than
/// its class's budget.
const RATES: &[(&str, u32)] = &[
    // Placing and changing.
    ("/api/v5/trade/order-algo", 20),
    ("/api/v5/trade/amend-order", 60),
    ("/api/v5/trade/amend-algos", 20),
    ("/api/v5/trade/close-position", 20),
    // Cancelling.
    ("/api/v5/trade/cancel-order", 60),
    ("/api/v5/trade/cancel-algos", 20),
    ("/api/v5/trade/cancel-all-after", 2),
    // The account.
    ("/api/v5/trade/order-precheck", 5),
    ("/api/v5/trade/orders-history", 40),
    ("/api/v5/trade/orders-history-archive", 20),
    ("/api/v5/trade/orders-algo-pending", 20),
    ("/api/v5/trade/orders-algo-history", 20),
    ("/api/v5/trade/fills-history", 10),
    ("/api/v5/account/balance", 10),
    ("/api/v5/account/positions", 10),
    ("/api/v5/account/positions-history", 10),
    ("/api/v5/account/config", 5),
    ("/api/v5/account/trade-fee", 5),
    ("/api/v5/account/leverage-info", 20),
    ("/api/v5/account/set-leverage", 20),
    ("/api/v5/account/set-position-mode", 5),
    ("/api/v5/account/position/margin-balance", 20),
    ("/api/v5/account/bills-archive", 5),
    ("/api/v5/asset/balances", 12),
    ("/api/v5/asset/bills", 12),
    ("/api/v5/asset/currencies", 12),
    // Public.
    ("/api/v5/public/time", 10),
    ("/api/v5/system/status", 4),
    ("/api/v5/public/instruments", 20),
    ("/api/v5/market/ticker", 20),
    ("/api/v5/market/tickers", 20),
    ("/api/v5/public/mark-price", 10),
    ("/api/v5/market/books-full", 10),
    ("/api/v5/market/history-candles", 20),
    ("/api/v5/market/mark-price-candles", 20),
    ("/api/v5/market/history-mark-price-candles", 10),
    ("/api/v5/market/index-candles", 20),
    ("/api/v5/market/history-index-candles", 10),
    ("/api/v5/market/history-trades", 20),
    ("/api/v5/public/funding-rate", 10),
    ("/api/v5/public/funding-rate-history", 10),
    ("/api/v5/public/open-interest", 20),
    ("/api/v5/public/position-tiers", 10),
];

/// The request with the weight of its endpoint.
fn weighed(request: Unsigned) -> Unsigned {
    let budget = LIMITS.iter().find(|limit| limit.class.contains(&request.class)).map_or(1, |limit| limit.units);
    let rate = RATES.iter().find(|(path, _)| *path == request.path).map_or(budget, |(_, rate)| *rate);
    let weight = budget.div_ceil(rate.clamp(1, budget));
    request.weighing(weight)
}

/// A public read.
pub(super) fn public(path: &'static str, fields: Fields) -> Unsigned {
    weighed(Unsigned::public(super::ORIGIN, path, fields.query()))
}

/// A signed read.
pub(super) fn account(path: &'static str, fields: Fields) -> Unsigned {
    weighed(Unsigned::account(super::ORIGIN, path, fields.query()))
}

/// A signed write.
pub(super) fn post(path: &'static str, body: Body, class: EndpointClass) -> Unsigned {
    weighed(Unsigned::post(super::ORIGIN, path, body, class))
}

/// A signed write about several orders, which weighs as much as they do.
pub(super) fn several(path: &'static str, list: Vec<serde_json::Value>, class: EndpointClass) -> Unsigned {
    let count = u32::try_from(list.len()).unwrap_or(u32::MAX);
    let request = post(path, Body::json(&serde_json::Value::Array(list)), class);
    let weight = request.weight.saturating_mul(count);
    request.weighing(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_asked_less_often_weighs_more() {
        let order = |path| post(path, Body::None, EndpointClass::Order).weight;
        assert_eq!(order("/api/v5/trade/batch-orders"), 1);
        assert_eq!(order("/api/v5/trade/order-algo"), 15);
        let list = vec![serde_json::Value::Null; 3];
        assert_eq!(several("/api/v5/trade/cancel-algos", list, EndpointClass::Cancel).weight, 45);
        assert_eq!(account("/api/v5/account/balance", Fields::new()).weight, 6);
    }

    #[test]
    fn no_endpoint_is_named_twice() {
        let mut paths: Vec<&str> = RATES.iter().map(|(path, _)| *path).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), RATES.len());
    }
}

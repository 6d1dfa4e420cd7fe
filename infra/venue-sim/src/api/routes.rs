//! The table of endpoints: who may ask, what it weighs, which parameters are read.

use super::call::{Method, Params};
use super::{Route, Security, account, market, movements, orders, pairs, replace, statistics};
use Method::{Delete, Get, Post, Put};
use Security::{Key, Public, Signed, Trade};

/// The endpoint of a request.
pub(super) fn find(method: Method, path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.method == method && route.path == path)
}

/// Whether the path exists under any method.
pub(super) fn known(path: &str) -> bool {
    ROUTES.iter().any(|route| route.path == path)
}

fn depth(params: &Params) -> u32 {
    match params.limit(100, 5_000) {
        Ok(..=100) | Err(_) => 5,
        Ok(..=500) => 25,
        Ok(..=1_000) => 50,
        Ok(_) => 250,
    }
}

/// Some endpoints weigh more when they answer for all markets.
fn by_symbol(params: &Params, one: u32, all: u32) -> u32 {
    if params.names().any(|name| name == "symbol" || name == "symbols") { one } else { all }
}

const fn signed(
    method: Method,
    path: &'static str,
    weight: fn(&Params) -> u32,
    params: &'static [&'static str],
    handle: super::Handle,
) -> Route {
    Route { method, path, security: Signed, weight, orders: 0, params, handle }
}

const fn trade(
    method: Method,
    path: &'static str,
    orders: u32,
    params: &'static [&'static str],
    handle: super::Handle,
) -> Route {
    Route { method, path, security: Trade, weight: |_| 1, orders, params, handle }
}

const fn public(
    path: &'static str,
    weight: fn(&Params) -> u32,
    params: &'static [&'static str],
    handle: super::Handle,
) -> Route {
    Route { method: Get, path, security: Public, weight, orders: 0, params, handle }
}

const fn stream(method: Method, params: &'static [&'static str], handle: super::Handle) -> Route {
    Route { method, path: "/api/v3/userDataStream", security: Key, weight: |_| 2, orders: 0, params, handle }
}

const RANGE: &[&str] = &["symbol", "orderId", "startTime", "endTime", "limit"];

static ROUTES: &[Route] = &[
    public("/api/v3/ping", |_| 1, &[], market::ping),
    public("/api/v3/time", |_| 1, &[], market::time),
    public(
        "/api/v3/exchangeInfo",
        |_| 20,
        &["symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus"],
        market::info,
    ),
    public("/api/v3/depth", depth, &["symbol", "limit", "symbolStatus"], market::depth),
    public("/api/v3/trades", |_| 25, &["symbol", "limit"], market::trades),
    public("/api/v3/historicalTrades", |_| 25, &["symbol", "limit", "fromId"], market::trades),
    public("/api/v3/aggTrades", |_| 4, &["symbol", "fromId", "startTime", "endTime", "limit"], market::aggregates),
    public("/api/v3/klines", |_| 2, &["symbol", "interval", "startTime", "endTime", "timeZone", "limit"], market::bars),
    public(
        "/api/v3/uiKlines",
        |_| 2,
        &["symbol", "interval", "startTime", "endTime", "timeZone", "limit"],
        market::bars,
    ),
    public("/api/v3/avgPrice", |_| 2, &["symbol"], market::average),
    public(
        "/api/v3/ticker/24hr",
        |p| by_symbol(p, 2, 80),
        &["symbol", "symbols", "type", "symbolStatus"],
        statistics::day,
    ),
    public("/api/v3/ticker/price", |p| by_symbol(p, 2, 4), &["symbol", "symbols", "symbolStatus"], statistics::price),
    public(
        "/api/v3/ticker/bookTicker",
        |p| by_symbol(p, 2, 4),
        &["symbol", "symbols", "symbolStatus"],
        statistics::best,
    ),
    public("/sapi/v1/system/status", |_| 1, &[], market::system),
    trade(Post, "/api/v3/order", 1, orders::NEW, orders::place),
    trade(Post, "/api/v3/order/test", 0, orders::TEST, orders::test),
    trade(
        Delete,
        "/api/v3/order",
        0,
        &["symbol", "orderId", "origClientOrderId", "newClientOrderId", "cancelRestrictions"],
        orders::cancel,
    ),
    trade(Delete, "/api/v3/openOrders", 0, &["symbol"], orders::cancel_all),
    trade(Post, "/api/v3/orderList/oco", 2, pairs::NEW, pairs::place),
    trade(
        Delete,
        "/api/v3/orderList",
        0,
        &["symbol", "orderListId", "listClientOrderId", "newClientOrderId"],
        pairs::cancel,
    ),
    trade(Post, "/api/v3/order/cancelReplace", 1, replace::NEW, replace::cancel_replace),
    Route {
        method: Put,
        path: "/api/v3/order/amend/keepPriority",
        security: Trade,
        weight: |_| 4,
        orders: 0,
        params: &["symbol", "orderId", "origClientOrderId", "newClientOrderId", "newQty"],
        handle: replace::amend,
    },
    signed(Get, "/sapi/v1/capital/deposit/hisrec", |_| 1, movements::PARAMS, movements::deposits),
    signed(Get, "/sapi/v1/capital/withdraw/history", |_| 2, movements::PARAMS, movements::withdrawals),
    signed(Get, "/api/v3/order", |_| 4, &["symbol", "orderId", "origClientOrderId"], orders::query),
    signed(Get, "/api/v3/openOrders", |p| by_symbol(p, 6, 80), &["symbol"], orders::open),
    signed(Get, "/api/v3/allOrders", |_| 20, RANGE, orders::all),
    signed(Get, "/api/v3/orderList", |_| 4, &["orderListId", "origClientOrderId"], pairs::query),
    signed(Get, "/api/v3/openOrderList", |_| 6, &[], pairs::open),
    signed(Get, "/api/v3/allOrderList", |_| 20, &["fromId", "startTime", "endTime", "limit"], pairs::all),
    signed(
        Get,
        "/api/v3/myTrades",
        |p| if p.names().any(|name| name == "orderId") { 5 } else { 20 },
        &["symbol", "orderId", "startTime", "endTime", "fromId", "limit"],
        account::trades,
    ),
    signed(Get, "/api/v3/account", |_| 20, &["omitZeroBalances"], account::account),
    signed(Get, "/api/v3/account/commission", |_| 20, &["symbol"], account::commission),
    signed(Get, "/api/v3/rateLimit/order", |_| 40, &[], account::order_counts),
    signed(Get, "/sapi/v1/account/apiRestrictions", |_| 1, &[], account::restrictions),
    signed(Get, "/sapi/v1/asset/tradeFee", |_| 1, &["symbol"], account::trade_fees),
    stream(Post, &[], account::listen),
    stream(Put, &["listenKey"], account::keep),
    stream(Delete, &["listenKey"], account::unlisten),
];

//! What the futures exchange promises.

use crate::protocol::Product;
use crate::protocol::call::TimeInForce;
use crate::protocol::capability::{
    Capabilities, ClientId, Deadline, Evidence, Orders, OwnTradesList, RateLimit, StreamLimits,
};
use crate::protocol::http::EndpointClass;

/// The record.
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    venue: "krakenfutures",
    name: "Kraken Futures",
    api: "derivatives v3, history v2 and v3, charts v1, WebSocket v1, documents of 2026",
    products: &[Product::Linear, Product::Inverse],
    origins: &[("futures", "https://futures.kraken.com")],
    test_origins: &[("futures", "https://demo-futures.kraken.com")],
    demo_header: None,
    passphrase: false,
    market_buys_by_cost: false,
    client_id: ClientId {
        field: "cliOrdId",
        format: "up to 100 characters",
        promise: "globally unique; one that exists is refused",
        duplicate: &["clientOrderIdAlreadyExist"],
    },
    clock_step_ms: 1,
    deadline: Deadline {
        least_ms: 0,
        field: "processBefore",
        max_ms: 0,
        unnamed_ms: 0,
        rule: "RFC 3339; an order that would be processed later is refused (wouldProcessAfterSpecifiedTime)",
    },
    after_timeout: "orders/status by cliOrdId (working orders, and those that ended in the last five seconds), then the log \
                    of order events; beside them the stream of open orders and fills",
    in_sequence: false,
    triggers_place_orders: false,
    order_rows: None,
    own_trades: OwnTradesList { rows: 100, span_ms: Some(365 * 86_400_000), of_market: false, with: &[] },
    query_lag_ms: 5000,
    self_trade: &[
        "the taking order is refused by default (selfFill); cancelling the resting one can be set for the account",
    ],
    limits: &[
        RateLimit::new("weight", &[EndpointClass::Order, EndpointClass::Cancel, EndpointClass::Account], 500, 10_000),
        // The venue names no limit for market data; this is the desk's own.
        RateLimit::new("requests", &[EndpointClass::Public], 5, 1000),
    ],
    streams: StreamLimits {
        topics: 200,
        messages: 100,
        per_ms: 1000,
        rule: "100 requests a second; how many feeds a connection has is not documented, the number is the desk's own",
    },
    taker_ppm: &[(Product::Linear, 500), (Product::Inverse, 500)],
    orders: Orders {
        time_in_force: &[TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::PostOnly],
        stop_loss: true,
        take_profit: true,
        trailing: true,
        oco: false,
        reduce_only: true,
        iceberg: false,
        amend: true,
        batch: true,
        test: false,
        dead_man: true,
    },
    book_rule: "each product's messages are counted: `seq` grows by one",
    evidence: Evidence::Recorded,
    notes: &[
        "Fees are not told by this API since June 2026 (the fee schedules no longer hold); fills tell what was paid.",
        "Market orders are sent to the book as orders that take what is there within one per cent.",
        "What stops a loss or takes a profit is sent as reduce-only.",
        "Leverage is set for a market; with one of its own a market has isolated margin, without it shares that of all.",
        "The log of a past order tells what was left of it, and how much was filled.",
        "Requests carry no nonce: the key's own setting must not demand one.",
    ],
};

//! What the venue promises.

use crate::protocol::call::TimeInForce;
use crate::protocol::capability::{
    Capabilities, ClientId, Deadline, Evidence, Orders, OwnTradesList, RateLimit, StreamLimits,
};
use crate::protocol::{EndpointClass, Product};

/// The record.
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    venue: "coinbase",
    name: "Coinbase Advanced Trade",
    api: "v3 brokerage (documents of 2025)",
    products: &[Product::Spot, Product::Linear],
    origins: &[
        ("api", "https://api.coinbase.com"),
        ("stream-public", "wss://advanced-trade-ws.coinbase.com"),
        ("stream-private", "wss://advanced-trade-ws-user.coinbase.com"),
    ],
    test_origins: &[("api", "https://api-sandbox.coinbase.com")],
    demo_header: None,
    passphrase: false,
    market_buys_by_cost: false,
    client_id: ClientId {
        field: "client_order_id",
        format: "text; the documents ask for a UUID",
        promise: "an order with an id that is known is not placed again; the documents promise the earlier one's id",
        duplicate: super::errors::DUPLICATES,
    },
    clock_step_ms: 1,
    deadline: Deadline {
        least_ms: 0,
        field: "JWT exp",
        max_ms: 120_000,
        unnamed_ms: 120_000,
        rule: "not before nbf, and until exp two minutes later",
    },
    after_timeout: "orders/historical/batch of the market by client_order_id, then orders/historical/fills",
    in_sequence: false,
    triggers_place_orders: false,
    order_rows: None,
    own_trades: OwnTradesList { rows: 100, span_ms: Some(365 * 86_400_000), of_market: true, with: &[] },
    query_lag_ms: 5000,
    self_trade: &[],
    limits: &[
        RateLimit::new("requests", &[EndpointClass::Public], 10, 1000),
        RateLimit::new("requests", &[EndpointClass::Account, EndpointClass::Order, EndpointClass::Cancel], 30, 1000),
    ],
    streams: StreamLimits {
        topics: 200,
        messages: 8,
        per_ms: 1000,
        rule: "8 messages a second; how many subscriptions a connection has is not documented, the number is the desk's own",
    },
    taker_ppm: &[(Product::Spot, 12_000)],
    orders: Orders {
        time_in_force: &[TimeInForce::Gtc, TimeInForce::Gtd, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::PostOnly],
        stop_loss: true,
        take_profit: true,
        trailing: false,
        oco: true,
        reduce_only: true,
        iceberg: false,
        amend: true,
        batch: false,
        test: true,
        dead_man: false,
    },
    book_rule: "frames of a connection are counted in sequence_num; a book has no number of its own",
    evidence: Evidence::Fixtures,
    notes: &[
        "Stop orders have a limit: there are no stop-market orders.",
        "A market buy of spot with a price or a cost counts quote units; give neither for an exact quantity.",
        "Orders are cancelled and changed by the venue's id only.",
        "The stream of orders tells how much is filled, not the single fills.",
        "The sandbox answers with fixed examples: it tests signatures and forms, and no behaviour.",
        "International perpetual positions need the extra `portfolio`.",
    ],
};

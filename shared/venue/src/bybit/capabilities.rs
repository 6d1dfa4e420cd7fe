//! What the venue promises.

use crate::protocol::call::TimeInForce;
use crate::protocol::capability::{
    Capabilities, ClientId, Deadline, Evidence, Orders, OwnTradesList, RateLimit, StreamLimits,
};
use crate::protocol::{EndpointClass, Product};

/// The record.
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    venue: "bybit",
    name: "Bybit",
    api: "v5 (documents of 2025)",
    products: &[Product::Spot, Product::Linear, Product::Inverse],
    origins: &[
        ("v5", "https://api.bybit.com"),
        ("stream-public", "wss://stream.bybit.com/v5/public"),
        ("stream-private", "wss://stream.bybit.com/v5/private"),
    ],
    test_origins: &[
        ("v5", "https://api-testnet.bybit.com"),
        ("stream-public", "wss://stream-testnet.bybit.com/v5/public"),
        ("stream-private", "wss://stream-testnet.bybit.com/v5/private"),
    ],
    demo_header: None,
    passphrase: false,
    market_buys_by_cost: false,
    client_id: ClientId {
        field: "orderLinkId",
        format: "at most 36 letters, digits, dashes and underscores",
        promise: "unique among an account's orders; for how long is not documented",
        duplicate: super::errors::DUPLICATES,
    },
    clock_step_ms: 1,
    deadline: Deadline {
        least_ms: 0,
        field: "X-BAPI-RECV-WINDOW",
        max_ms: 60_000,
        unnamed_ms: 0,
        rule: "server time - window <= timestamp < server time + 1000",
    },
    after_timeout: "order/realtime by orderLinkId, then order/history by orderLinkId",
    in_sequence: false,
    triggers_place_orders: false,
    order_rows: Some(50),
    own_trades: OwnTradesList { rows: 100, span_ms: Some(7 * 86_400_000), of_market: true, with: &[] },
    query_lag_ms: 5000,
    self_trade: &["CancelMaker", "CancelTaker", "CancelBoth"],
    limits: &[
        RateLimit::new("requests", &[], 600, 5000),
        RateLimit::new("orders", &[EndpointClass::Order, EndpointClass::Cancel], 10, 1000),
        RateLimit::new("requests", &[EndpointClass::Account], 20, 1000),
    ],
    streams: StreamLimits {
        topics: 500,
        messages: 20,
        per_ms: 1000,
        rule: "21,000 characters of topics a connection, of which one has 40 at most; messages are not limited by the documents",
    },
    taker_ppm: &[(Product::Spot, 1000), (Product::Linear, 550), (Product::Inverse, 550)],
    orders: Orders {
        time_in_force: &[TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::PostOnly],
        stop_loss: true,
        take_profit: true,
        trailing: true,
        oco: true,
        reduce_only: true,
        iceberg: false,
        amend: true,
        batch: true,
        test: true,
        dead_man: false,
    },
    book_rule: "each message carries u, one more than the last; a snapshot, or u = 1, starts anew",
    evidence: Evidence::Fixtures,
    notes: &[
        "An answer to an order is an acknowledgement: the order can still be refused, which the stream or a query tells.",
        "A market order of spot with a price or a cost counts quote units; give neither for an exact quantity.",
        "Stop-loss and take-profit together, and trailing stops, belong to the position and have no order id in the answer.",
        "The venue's switch against disconnection counts from the loss of the private stream, not from the last request.",
        "Orders are checked without being placed for contracts only.",
        "Unified accounts are assumed; classic ones are being converted by the venue.",
        "Forced closings (AdlTrade, BustTrade) are in the stream; a query for fills has to name them.",
    ],
};

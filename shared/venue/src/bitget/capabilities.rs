//! What the venue promises.

use super::super::protocol::call::TimeInForce;
use super::super::protocol::capability::{
    Capabilities, ClientId, Deadline, DemoHeader, Evidence, Orders, OwnTradesList, RateLimit, StreamLimits,
};
use super::super::protocol::http::EndpointClass;
use super::super::protocol::market::Product;
use super::errors::DUPLICATE;
use super::line::VENUE;
use super::raw::ORIGIN;

/// The record.
pub(super) static CAPABILITIES: Capabilities = Capabilities {
    venue: VENUE,
    name: "Bitget",
    api: "REST v2 (classic account) and v3 (unified account), WebSocket v2; documents of 2025",
    products: &[Product::Spot, Product::Linear, Product::Inverse],
    origins: &[
        (ORIGIN, "https://api.bitget.com"),
        ("public", "wss://ws.bitget.com/v2/ws/public"),
        ("private", "wss://ws.bitget.com/v2/ws/private"),
    ],
    // Demo trading is on the same server, told apart by a header alone. A request that lacks it trades with real money, so
    // there is no test network here.
    // Demo trading has the same server for requests; the header makes the difference.
    test_origins: &[(ORIGIN, "https://api.bitget.com")],
    demo_header: Some(DemoHeader { name: "paptrading", value: "1", public: false }),
    passphrase: true,
    market_buys_by_cost: true,
    client_id: ClientId {
        field: "clientOid",
        format: "up to 40 of A-Z a-z 0-9 _ : # - + and space; in the unified account up to 32 of A-Z a-z 0-9 . : / _ -",
        promise: "a double is refused for six hours, not fully guaranteed, and only while the order is not filled; \
                  ignored for attached stop-losses and take-profits",
        duplicate: &DUPLICATE,
    },
    clock_step_ms: 1,
    deadline: Deadline {
        least_ms: 0,
        field: "ACCESS-TIMESTAMP",
        max_ms: 30_000,
        unnamed_ms: 30_000,
        rule: "a request whose timestamp is more than 30 s away from the server's clock is refused",
    },
    after_timeout: "by clientOid: spot orderInfo, contracts order/detail, unified order-info; then the fills of the market. \
                    Margin orders and orders with triggers: the list of working ones, then the history",
    in_sequence: false,
    triggers_place_orders: true,
    order_rows: Some(100),
    own_trades: OwnTradesList { rows: 100, span_ms: Some(90 * 86_400_000), of_market: true, with: &[] },
    query_lag_ms: 10_000,
    self_trade: &["none", "cancel_taker", "cancel_maker", "cancel_both"],
    limits: &[
        RateLimit::new("requests", &[], 6000, 60_000),
        RateLimit::new("requests", &[EndpointClass::Public], 20, 1000),
        RateLimit::new("requests", &[EndpointClass::Account], 10, 1000),
        RateLimit::new("requests", &[EndpointClass::Order], 10, 1000),
        RateLimit::new("requests", &[EndpointClass::Cancel], 10, 1000),
    ],
    streams: StreamLimits {
        topics: 300,
        messages: 10,
        per_ms: 1000,
        rule: "1000 subscriptions a connection, of which a topic is three at most; 10 messages a second",
    },
    taker_ppm: &[(Product::Spot, 1000), (Product::Linear, 600), (Product::Inverse, 600)],
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
        // The unified account has one, for those the venue has admitted to it.
        dead_man: false,
    },
    book_rule: "the CRC32 of the best 25 levels of both sides comes with each message, and seq must grow",
    evidence: Evidence::Fixtures,
    notes: &[
        "Demo trading shares the live server: signed requests carry the header paptrading: 1, keys are made for it, and \
         streams have servers of their own.",
        "An order has no deadline of its own; the 30 s of the timestamp are all there is.",
        "A spot order is changed by cancelling it and placing another one: it has a new id afterwards.",
        "Market buys of spot say what they may cost, not how much they buy.",
        "Quantities of coin-margined contracts are in the base coin in the classic account, in the quote coin in the \
         unified one.",
        "In the classic account a stop-loss or take-profit with a quantity is about that part of a position, one without \
         is about all of it.",
        "Classic margin trading has neither triggers nor a way to change an order.",
        "The codes 40010, 40725, 45001 and 25001 leave the outcome open: the order has to be looked up.",
        "Perpetual contracts settled in USDC are listed apart from those in USDT; both are loaded together.",
        "The dead-man's switch works in the unified account only, and after the venue has admitted the account to it.",
    ],
};

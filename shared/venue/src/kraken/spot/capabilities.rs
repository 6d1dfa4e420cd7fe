//! What the spot exchange promises.

use crate::protocol::Product;
use crate::protocol::call::TimeInForce;
use crate::protocol::capability::{
    Capabilities, ClientId, Deadline, Evidence, Orders, OwnTradesList, RateLimit, StreamLimits,
};
use crate::protocol::http::EndpointClass;

/// The record.
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    venue: "kraken",
    name: "Kraken",
    api: "REST 0 and WebSocket v2, documents of 2026",
    products: &[Product::Spot],
    origins: &[("spot", "https://api.kraken.com")],
    test_origins: &[],
    demo_header: None,
    passphrase: false,
    market_buys_by_cost: false,
    client_id: ClientId {
        field: "cl_ord_id",
        format: "a UUID with or without hyphens, or up to 18 characters of ASCII",
        promise: "unique among the working orders of the account; it can be used again once the order has ended",
        duplicate: &["a text that names cl_ord_id and says that it is not unique"],
    },
    clock_step_ms: 1000,
    deadline: Deadline {
        least_ms: 2_000,
        field: "deadline",
        max_ms: 60_000,
        unnamed_ms: 0,
        rule: "RFC 3339, two to sixty seconds from now; the matching engine rejects the order afterwards",
    },
    after_timeout: "OpenOrders by cl_ord_id, then ClosedOrders by cl_ord_id; beside them the stream of executions",
    in_sequence: true,
    triggers_place_orders: false,
    order_rows: None,
    own_trades: OwnTradesList {
        rows: 50,
        span_ms: Some(365 * 86_400_000),
        of_market: false,
        with: &[("consolidate_taker", "false")],
    },
    query_lag_ms: 5000,
    self_trade: &["cancel-newest", "cancel-oldest", "cancel-both"],
    limits: &[
        RateLimit::new("requests", &[EndpointClass::Public], 1, 1000),
        // A counter of 15 that falls by a third of a unit each second, on the lowest tier.
        RateLimit::new("weight", &[EndpointClass::Account], 15, 45_000),
        RateLimit::new("orders", &[EndpointClass::Order], 60, 60_000),
    ],
    streams: StreamLimits {
        topics: 200,
        messages: 10,
        per_ms: 1000,
        rule: "neither is documented: both numbers are the desk's own",
    },
    taker_ppm: &[(Product::Spot, 4000)],
    orders: Orders {
        time_in_force: &[TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::PostOnly, TimeInForce::Gtd],
        stop_loss: true,
        take_profit: true,
        trailing: true,
        oco: false,
        reduce_only: true,
        iceberg: true,
        amend: true,
        batch: true,
        test: true,
        dead_man: true,
    },
    book_rule: "no numbers: CRC-32 over the ten best levels of each side, after every message",
    evidence: Evidence::Fixtures,
    notes: &[
        "CancelAll cancels the orders of all markets; there is no call for one market.",
        "A request's nonce must be greater than every earlier one of the same key: one key, one process.",
        "An order carries at most one order that closes it (`close[...]`): a stop-loss or a take-profit.",
        "Cancelling tells how many orders were cancelled, not which.",
        "There is no public test network.",
        "Margin positions settle in spot balances and are summed up by market here.",
        "The text that answers a client id in use is not documented; an unknown text leaves the outcome open.",
    ],
};

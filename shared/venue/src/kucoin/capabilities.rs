//! What KuCoin promises, as data.

use crate::protocol::call::TimeInForce;
use crate::protocol::capability::{
    Capabilities, ClientId, Deadline, Evidence, Orders, OwnTradesList, RateLimit, StreamLimits,
};
use crate::protocol::{EndpointClass, Product};

/// The record.
pub(super) static CAPABILITIES: Capabilities = Capabilities {
    venue: super::ask::VENUE,
    name: "KuCoin",
    api: "Spot v1 and hf v1, margin hf v3, futures v1/v2, unified account ua v1; documents of 2026",
    products: &[Product::Spot, Product::Linear, Product::Inverse],
    origins: &[("spot", "https://api.kucoin.com"), ("futures", "https://api-futures.kucoin.com")],
    // The sandbox was closed in 2023.
    test_origins: &[],
    demo_header: None,
    passphrase: true,
    market_buys_by_cost: false,
    client_id: ClientId {
        field: "clientOid",
        format: "at most 40 characters of letters, digits, _ and -",
        promise: "described as unique; for how long is not documented, so a repeated id is no proof of safety",
        duplicate: &["102426", "300018"],
    },
    clock_step_ms: 1,
    deadline: Deadline {
        least_ms: 0,
        field: "KC-API-TIMESTAMP",
        max_ms: 5000,
        unnamed_ms: 5000,
        rule: "a request whose time stamp is more than five seconds off is refused; fast spot orders may also carry \
               clientTimestamp and allowMaxTimeWindow",
    },
    after_timeout: "the order by its clientOid, and the list of open orders and fills of the market; a stop order has \
                    endpoints of its own",
    in_sequence: false,
    triggers_place_orders: false,
    order_rows: Some(100),
    own_trades: OwnTradesList { rows: 100, span_ms: Some(7 * 86_400_000), of_market: true, with: &[] },
    query_lag_ms: 5000,
    self_trade: &["CN", "CO", "CB", "DC"],
    // Of the lowest tier. Weights are those of the documents.
    limits: &[
        // One pool of 2000 for both servers: each has a half of it.
        RateLimit::new("weight", &[EndpointClass::Public], 1000, 30_000),
        RateLimit::new("weight", &[EndpointClass::Account], 2000, 30_000),
        RateLimit::new("weight", &[EndpointClass::Order, EndpointClass::Cancel], 2000, 30_000),
    ],
    streams: StreamLimits {
        topics: 150,
        messages: 100,
        per_ms: 10_000,
        rule: "300 topics a connection, of which one of ours is two at most; 100 messages in ten seconds",
    },
    taker_ppm: &[(Product::Spot, 1000), (Product::Linear, 600), (Product::Inverse, 600)],
    orders: Orders {
        time_in_force: &[TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::PostOnly, TimeInForce::Gtd],
        stop_loss: true,
        take_profit: true,
        trailing: false,
        oco: true,
        reduce_only: true,
        iceberg: true,
        amend: true,
        batch: true,
        test: true,
        dead_man: true,
    },
    book_rule: "spot: each delta carries sequenceStart and sequenceEnd and follows the last one, over a fetched \
                snapshot; futures: the sequence grows by one",
    evidence: Evidence::Recorded,
    notes: &[
        "Spot orders go to the fast endpoints, or to the old ones (which the documents call abandoned), as the venue says of \
         the account: it is asked before anything is placed.",
        "The spot order book with all its levels is given to signed requests only.",
        "A good-till-time order needs cancelAfter, its life in seconds, among the extra parameters.",
        "One cancels the other is for spot only; changing orders for spot, and for contracts of the unified account.",
        "The dead-man's switch takes whole seconds from 5 to a day.",
        "The leverage of contracts goes with the order under isolated margin; without one, 1 is sent.",
        "Stop orders of contracts watch the mark price unless told otherwise.",
    ],
};

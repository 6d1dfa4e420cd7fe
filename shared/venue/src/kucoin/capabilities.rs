//! What KuCoin promises, as data.

use crate::protocol::call::TimeInForce;
use crate::protocol::capability::{Capabilities, ClientId, Deadline, Evidence, Orders, RateLimit};
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
    passphrase: true,
    client_id: ClientId {
        field: "clientOid",
        format: "at most 40 characters of letters, digits, _ and -",
        promise: "described as unique; for how long is not documented, so a repeated id is no proof of safety",
        duplicate: &["102426", "300018"],
    },
    deadline: Deadline {
        field: "KC-API-TIMESTAMP",
        max_ms: 5000,
        unnamed_ms: 5000,
        rule: "a request whose time stamp is more than five seconds off is refused; fast spot orders may also carry \
               clientTimestamp and allowMaxTimeWindow",
    },
    after_timeout: "the order by its clientOid, and the list of open orders and fills of the market; a stop order has \
                    endpoints of its own",
    query_lag_ms: 5000,
    self_trade: &["CN", "CO", "CB", "DC"],
    // Of the lowest tier. Weights are those of the documents.
    limits: &[
        RateLimit { of: "weight", class: &[EndpointClass::Public], units: 2000, per_ms: 30_000 },
        RateLimit { of: "weight", class: &[EndpointClass::Account], units: 2000, per_ms: 30_000 },
        RateLimit { of: "weight", class: &[EndpointClass::Order, EndpointClass::Cancel], units: 2000, per_ms: 30_000 },
    ],
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
        "Spot orders of the classic account system go to the old endpoints, which the documents call abandoned; accounts \
         of today trade by the fast ones (account system HighFrequency).",
        "The spot order book with all its levels is given to signed requests only.",
        "A good-till-time order needs cancelAfter, its life in seconds, among the extra parameters.",
        "One cancels the other is for spot only; changing orders for spot, and for contracts of the unified account.",
        "The dead-man's switch takes whole seconds from 5 to a day.",
        "The leverage of contracts goes with the order under isolated margin; without one, 1 is sent.",
        "Stop orders of contracts watch the mark price unless told otherwise.",
    ],
};

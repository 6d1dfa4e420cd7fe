//! What the venue promises.

use crate::protocol::Product;
use crate::protocol::call::TimeInForce;
use crate::protocol::capability::{
    Capabilities, ClientId, Deadline, Evidence, Orders, OwnTradesList, RateLimit, StreamLimits,
};
use crate::protocol::http::EndpointClass;

/// The capability record.
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    venue: "binance",
    name: "Binance",
    api: "spot v3, wallet and margin v1, USD-M v1 to v3, COIN-M v1, portfolio margin v1, options v1",
    products: &[Product::Spot, Product::Linear, Product::Inverse, Product::Option],
    origins: &[
        ("spot", "https://api.binance.com"),
        ("usdm", "https://fapi.binance.com"),
        ("coinm", "https://dapi.binance.com"),
        ("options", "https://eapi.binance.com"),
        ("portfolio", "https://papi.binance.com"),
    ],
    test_origins: &[
        ("spot", "https://testnet.binance.vision"),
        ("usdm", "https://demo-fapi.binance.com"),
        ("coinm", "https://demo-dapi.binance.com"),
    ],
    demo_header: None,
    passphrase: false,
    market_buys_by_cost: false,
    client_id: ClientId {
        field: "newClientOrderId; clientAlgoId for conditional orders on contracts; newClientStrategyId for those on \
                inverse contracts under portfolio margin; clientOrderId for options",
        format: "1 to 36 of A-Z a-z 0-9 . : / _ -",
        promise: "unique among open orders only: an id is free again once its order has ended, so a filled market order \
                  can be sent, and filled, twice",
        duplicate: &["-2010 Duplicate order sent.", "-4111", "-4116"],
    },
    clock_step_ms: 1,
    deadline: Deadline {
        least_ms: 0,
        field: "recvWindow with timestamp",
        max_ms: 60_000,
        unnamed_ms: 0,
        rule: "checked on arrival and, on spot, again before the order goes to the matching engine; past it the order \
               can't be placed any more",
    },
    after_timeout: "the order by client id on the endpoint of its class, and the open orders and trades of its market; \
                    'no such order' means absent only after the deadline and the grace",
    in_sequence: false,
    triggers_place_orders: false,
    order_rows: None,
    own_trades: OwnTradesList { rows: 1000, span_ms: None, of_market: true, with: &[] },
    query_lag_ms: 2000,
    self_trade: &["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"],
    limits: &[
        RateLimit::new("weight", &[], 6000, 60_000).at(&["spot", "portfolio"]),
        RateLimit::new("weight", &[], 2400, 60_000).at(&["usdm", "coinm"]),
        RateLimit::new("weight", &[], 400, 60_000).at(&["options"]),
        RateLimit::new("orders", &[EndpointClass::Order], 100, 10_000).at(&["spot", "options"]),
        RateLimit::new("orders", &[EndpointClass::Order], 200_000, 86_400_000).at(&["spot"]),
        RateLimit::new("orders", &[EndpointClass::Order], 300, 10_000).at(&["usdm"]),
        RateLimit::new("orders", &[EndpointClass::Order], 1200, 60_000).at(&["usdm", "coinm", "portfolio"]),
    ],
    streams: StreamLimits {
        topics: 512,
        messages: 5,
        per_ms: 1000,
        rule: "1024 streams a connection, of which a topic is two at most; 5 messages a second on spot, 10 on contracts",
    },
    taker_ppm: &[(Product::Spot, 1000), (Product::Linear, 500), (Product::Inverse, 500)],
    orders: Orders {
        time_in_force: &[TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::PostOnly, TimeInForce::Gtd],
        stop_loss: true,
        take_profit: true,
        trailing: true,
        oco: true,
        reduce_only: true,
        iceberg: true,
        amend: true,
        batch: true,
        test: true,
        dead_man: false,
    },
    book_rule: "spot: U of a delta is the u before plus one; contracts: pu of a delta is the u before",
    evidence: Evidence::Recorded,
    notes: &[
        "conditional orders on contracts live in a service of their own: the plain order endpoints answer -2013 about \
         them although they exist",
        "on spot a change of the price is a cancellation and a new order in one request; a smaller quantity alone keeps \
         the place in the queue",
        "each server has a budget of its own: what contracts use up is not missing on spot",
        "the dead-man's switch of contracts holds for one market at a time and is not spoken here",
        "good till a day and reduce-only exist on contracts only, OCO and icebergs on spot and margin only",
    ],
};

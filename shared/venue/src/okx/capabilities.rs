//! What the venue promises.

use crate::protocol::Product;
use crate::protocol::call::TimeInForce;
use crate::protocol::capability::{
    Capabilities, ClientId, Deadline, DemoHeader, Evidence, Orders, OwnTradesList, StreamLimits,
};

/// The record.
pub(super) static CAPABILITIES: Capabilities = Capabilities {
    venue: super::VENUE,
    name: "OKX",
    api: "v5, documents of 2026",
    products: &[Product::Spot, Product::Linear, Product::Inverse],
    origins: &[(super::ORIGIN, "https://www.okx.com")],
    // Demo trading has the same servers for requests; the header makes the difference.
    test_origins: &[(super::ORIGIN, "https://www.okx.com")],
    demo_header: Some(DemoHeader { name: "x-simulated-trading", value: "1", public: true }),
    passphrase: true,
    market_buys_by_cost: false,
    client_id: ClientId {
        field: "clOrdId (algoClOrdId for orders that wait for a trigger)",
        format: "[A-Za-z0-9]{1,32}",
        promise: "a double is refused; for how long is not documented",
        duplicate: &["51016", "51065"],
    },
    clock_step_ms: 1,
    deadline: Deadline {
        least_ms: 0,
        field: "header expTime",
        max_ms: 0,
        unnamed_ms: 30_000,
        rule: "an order or change that arrives later is not processed; orders that wait for a trigger have no deadline",
    },
    after_timeout: "GET trade/order?clOrdId (trade/order-algo?algoClOrdId), and the channels orders and orders-algo; \
                    50004 and 51149 are time-outs behind which an order may stand",
    in_sequence: false,
    triggers_place_orders: true,
    order_rows: Some(100),
    own_trades: OwnTradesList { rows: 100, span_ms: Some(90 * 86_400_000), of_market: true, with: &[] },
    query_lag_ms: 5000,
    self_trade: &["cancel_maker (default)", "cancel_taker", "cancel_both"],
    limits: &super::limits::LIMITS,
    streams: StreamLimits {
        topics: 500,
        messages: 480,
        per_ms: 3_600_000,
        rule: "64 KB of subscriptions a connection, of which one has 100 bytes at most; 480 subscribing messages an hour",
    },
    taker_ppm: &[(Product::Spot, 1000), (Product::Linear, 500), (Product::Inverse, 500)],
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
        dead_man: true,
    },
    book_rule: "each delta names its predecessor (prevSeqId, seqId); the CRC32 of 25 levels is checked as long as the \
                venue sends one that is not zero",
    evidence: Evidence::Recorded,
    notes: &[
        "demo trading: every request carries the header x-simulated-trading: 1, and keys are made for it",
        "accounts opened in the EEA or the US have servers of their own (eea.okx.com, us.okx.com), which know no keys of the \
         others",
        "a cancelled order without a fill can be looked up for two hours, others for seven days, then in the archive",
        "spot orders go in with tdMode cash, so that nothing is borrowed; accounts in the multi-currency mode may refuse \
         that, for stop-losses above all: keep the desk's account in the spot mode",
        "the list of all orders has those that ended in the last seven days; working ones are in the list of open ones",
        "dated futures are listed apart from perpetual swaps; both are loaded together",
        "steps of leverage are told in the venue's unit of quantity, not in notional",
        "the checksum of books has been zero since 2026: sequence numbers alone tell of a gap",
        "the venue limits each endpoint by itself; here those of a class share a budget, and rarer ones weigh more",
    ],
};

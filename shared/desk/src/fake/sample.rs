//! Sample values for tests.

#![expect(clippy::unwrap_used, reason = "constants of tests")]

use crate::fill::Fill;
use crate::id::{AccountId, Asset, IntentId, SignalId, StrategyId, Symbol, TradeId, VenueId};
use crate::instrument::Instrument;
use crate::money::{Amount, Fee, Notional};
use crate::order::{Intent, Leg, OrderKind, Side};
use crate::signal::Signal;
use crate::strategy::Target;
use crate::time::{Interval, Timestamp};
use std::collections::BTreeMap;

/// The account of all samples.
#[must_use]
pub fn account() -> AccountId {
    AccountId::new("paper").unwrap()
}

/// `BTCUSDT` with a tick of 0.01 and a lot of 0.00001.
#[must_use]
pub fn instrument() -> Instrument {
    Instrument {
        symbol: Symbol::new("BTCUSDT").unwrap(),
        base: Asset::new("BTC").unwrap(),
        quote: Asset::new("USDT").unwrap(),
        tick: "0.01".parse().unwrap(),
        lot: "0.00001".parse().unwrap(),
        min_quantity: "0.00001".parse().unwrap(),
        max_quantity: "1000000".parse().unwrap(),
        min_notional: Notional::ZERO,
    }
}

/// A fill of the sample entry; `number` is its trade id and its time in ms.
#[must_use]
pub fn fill(side: Side, price: &str, quantity: &str, number: i64) -> Fill {
    Fill {
        venue: VenueId::new("paper").unwrap(),
        account: account(),
        symbol: instrument().symbol,
        trade: TradeId::new(number.to_string()).unwrap(),
        order: entry("1").id,
        side,
        price: price.parse().unwrap(),
        quantity: quantity.parse().unwrap(),
        fee: Fee::ZERO,
        fee_asset: instrument().quote,
        at: Timestamp::from_ms(number),
    }
}

/// A long signal at a close of 100 on a minute bar, staking 1,000.
#[must_use]
pub fn signal() -> Signal {
    let strategy = StrategyId::new("ema-cross").unwrap();
    let (account, symbol, interval, bar) = (account(), instrument().symbol, Interval::MINUTE, Timestamp::from_ms(0));
    let stake = Notional::new(Amount::whole(1000)).unwrap();
    Signal {
        id: SignalId::derive(&account, &strategy, &symbol, interval, bar),
        account,
        strategy,
        strategy_version: "ema-cross/1".to_owned(),
        parameters: BTreeMap::new(),
        symbol,
        interval,
        bar,
        decided_at: bar.plus_ms(interval.ms()),
        close: "100".parse().unwrap(),
        target: Target::Long { stake, stop_distance: "200".parse().unwrap() },
        inputs: BTreeMap::new(),
        because: "a sample".to_owned(),
    }
}

/// The market entry that the sample signal leads to.
#[must_use]
pub fn entry(quantity: &str) -> Intent {
    let signal = signal();
    Intent {
        id: IntentId::derive(&signal.id, "entry", 1),
        account: signal.account,
        symbol: signal.symbol,
        cause: signal.id,
        leg: Leg::Entry,
        attempt: 1,
        side: Side::Buy,
        kind: OrderKind::Market,
        quantity: quantity.parse().unwrap(),
        reference_price: signal.close,
        decided_at: signal.decided_at,
        stop_distance: Some("200".parse().unwrap()),
    }
}

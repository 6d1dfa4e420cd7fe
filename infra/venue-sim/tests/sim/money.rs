//! Money is conserved whatever is done, and the book never crosses.

use crate::client::{T0, dec, exchange};
use proptest::prelude::*;
use rust_decimal::Decimal;
use venue_sim::engine::Which;
use venue_sim::engine::flow::Flow;
use venue_sim::engine::place::Restriction;
use venue_sim::engine::types::{Kind, NewOrder, Side, Stp, Tif};

#[derive(Debug, Clone)]
enum Act {
    Place { who: bool, order: NewOrder },
    Pair { who: bool, side: Side, spread: i64, quantity: i64 },
    Cancel { who: bool, back: u64 },
    Move { who: bool, amount: i64 },
}

fn order() -> impl Strategy<Value = NewOrder> {
    let kinds = prop::sample::select(Kind::ALL);
    let sides = prop::sample::select(Side::ALL);
    let modes = prop::sample::select(Stp::ALL);
    let tifs = prop::sample::select(Tif::ALL);
    (kinds, sides, modes, tifs, -300..300_i64, -300..300_i64, 1..300_000_i64, any::<bool>()).prop_map(
        |(kind, side, stp, tif, price, stop, quantity, by_quote)| {
            let price_of = |offset: i64| Decimal::from(60_000 + offset);
            let mut order =
                NewOrder { kind, stp, ..NewOrder::limit("BTCUSDT", side, Decimal::ZERO, Decimal::new(quantity, 5)) };
            if kind.has_price() {
                order.price = price_of(price);
                order.tif = if kind == Kind::LimitMaker { Tif::Gtc } else { tif };
            }
            if kind.is_stop() {
                order.stop_price = price_of(stop);
            }
            if kind == Kind::Market && by_quote {
                order.quote_quantity = Decimal::new(quantity * 60, 2);
                order.quantity = Decimal::ZERO;
            }
            order
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (any::<bool>(), order()).prop_map(|(who, order)| Act::Place { who, order }),
        1 => (any::<bool>(), prop::sample::select(Side::ALL), 1..200_i64, 1..200_000_i64).prop_map(|(who, side, spread, quantity)| Act::Pair { who, side, spread, quantity }),
        2 => (any::<bool>(), 0..20_u64).prop_map(|(who, back)| Act::Cancel { who, back }),
        1 => (any::<bool>(), -1_000..1_000_i64).prop_map(|(who, amount)| Act::Move { who, amount }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_money_appears_or_vanishes(acts in prop::collection::vec(act(), 1..120), third in any::<bool>()) {
        let (mut exchange, mine, other) = exchange();
        let engine = &mut exchange.engine;
        engine.account_mut(mine).unwrap().fee_asset = third.then(|| "USDT".to_owned());
        let account = |who: bool| if who { mine } else { other };
        let mut placed = 0;
        for (step, act) in acts.into_iter().enumerate() {
            let now = T0 + i64::try_from(step).unwrap();
            // Refusals are as good as successes: nothing may be lost in either.
            match act {
                Act::Place { who, order } => placed = engine.place(account(who), &order, now).unwrap_or(placed),
                Act::Pair { who, side, spread, quantity } => {
                    let last = engine.market("BTCUSDT").unwrap().tape.last().unwrap_or(dec("60000")).floor();
                    let leg = |kind, at: Decimal, limit: Decimal| {
                        let mut leg = NewOrder { kind, ..NewOrder::limit("BTCUSDT", side, Decimal::ZERO, Decimal::new(quantity, 5)) };
                        (leg.price, leg.stop_price) = if kind == Kind::LimitMaker { (limit, Decimal::ZERO) } else { (limit, at) };
                        leg
                    };
                    let (up, down) = (last + Decimal::from(spread), last - Decimal::from(spread));
                    let (above, below) = match side {
                        Side::Sell => (leg(Kind::LimitMaker, up, up), leg(Kind::StopLossLimit, down, down - Decimal::ONE)),
                        Side::Buy => (leg(Kind::StopLossLimit, up, up + Decimal::ONE), leg(Kind::LimitMaker, down, down)),
                    };
                    let _refused = engine.place_pair(account(who), &above, &below, "", now);
                }
                Act::Cancel { who, back } => {
                    let which = Which { id: Some(placed.saturating_sub(back)), client: None };
                    let _gone = engine.cancel(account(who), "BTCUSDT", which, Restriction::None, "c", now);
                }
                Act::Move { who, amount } => {
                    let _short = engine.fund(account(who), "USDT", Decimal::from(amount), now);
                }
            }
            prop_assert_eq!(engine.audit(), Ok(()));
            let top = engine.market("BTCUSDT").unwrap().book.top();
            if let (Some((bid, _)), Some((ask, _))) = (top.bid, top.ask) {
                prop_assert!(bid < ask, "crossed: {} {}", bid, ask);
            }
        }
    }
}

#[test]
fn the_participants_are_the_same_for_the_same_seed_and_lose_no_money() {
    let run = |seed| {
        let (mut exchange, _, _) = exchange();
        let engine = &mut exchange.engine;
        let mut flow = Flow::new(engine, seed);
        flow.open(engine, "BTCUSDT", dec("60000"), Vec::new(), T0);
        for step in 0..300 {
            flow.step(engine, T0 + step * 250);
        }
        engine.audit().unwrap();
        let market = engine.market("BTCUSDT").unwrap();
        assert!(market.tape.trades().len() > 100, "{} trades", market.tape.trades().len());
        (market.book.snapshot(50), market.tape.trades().clone())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn the_participants_follow_given_prices() {
    let (mut exchange, _, _) = exchange();
    let engine = &mut exchange.engine;
    let mut flow = Flow::new(engine, 1);
    let path: Vec<Decimal> = (0..100).map(|step| Decimal::from(60_000 + step * 30)).collect();
    flow.open(engine, "BTCUSDT", dec("1"), path, T0);
    for step in 0..100 {
        flow.step(engine, T0 + step * 250);
    }
    let (bid, _) = engine.market("BTCUSDT").unwrap().book.top().bid.unwrap();
    assert!((bid - dec("62970")).abs() < dec("20"), "{bid}");
}

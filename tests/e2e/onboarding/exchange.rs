//! The desk and a person in one account, at the simulated exchange.

use crate::venue_sim::{KEY, SYMBOL, Scene, exchange, opened, run};
use ballast::desk::live::Live;
use boot::event::Scheduled;
use desk::external::Replay;
use desk::id::{IntentId, SignalId};
use desk::movement::MovementKind;
use desk::order::{Leg, Order};
use desk::risk::Layer;
use rust_decimal::Decimal;
use std::time::{Duration, Instant};
use store::rows::{Outcome, VerdictRow};
use venue::binance::Binance;
use venue_sim::engine::Which;
use venue_sim::engine::place::Restriction;
use venue_sim::engine::types::{NewOrder, Side};
use venue_sim::server::Sim;

/// How long something may take that the market brings about.
const PATIENCE: Duration = Duration::from_secs(90);

/// A market order by hand, as soon as there is somebody to trade with.
async fn trade_by_hand(sim: &Sim, side: Side, quantity: Decimal) -> u64 {
    let began = Instant::now();
    loop {
        let order = NewOrder::market(SYMBOL, side, quantity);
        let placed = sim.with(|exchange, now| {
            let id = exchange.by_hand(KEY, order, now).ok()?;
            let executed = exchange.engine.order(id).map(|order| order.executed).unwrap_or_default();
            (!executed.is_zero()).then_some(id)
        });
        if let Some(id) = placed {
            return id;
        }
        assert!(began.elapsed() < PATIENCE, "nobody trades at the exchange");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

impl Scene {
    async fn verdicts(&self) -> Vec<VerdictRow> {
        let mut all = Vec::new();
        let decisions: Vec<SignalId> = self.desk.store.all_decisions(&self.desk.config.account).await.unwrap();
        for id in &decisions {
            all.extend(self.desk.store.verdicts(id).await.unwrap());
        }
        all
    }

    async fn external(&self) -> Vec<Order> {
        let orders = self.desk.store.all_orders(&self.desk.config.account).await.unwrap();
        orders.into_iter().filter(|order| order.intent.leg == Leg::External).collect()
    }

    async fn round(&self) {
        reconciliation::handle(&self.desk.handlers.reconciliation, &Scheduled::ALL).await.unwrap();
        self.desk.drain().await.unwrap();
    }

    /// The position is what the ledger's transactions make of it.
    async fn the_position_is_the_ledger_s(&self) {
        let (store, account) = (&self.desk.store, &self.desk.config.account);
        let fills = store.fills(account).await.unwrap();
        let others: Vec<IntentId> = self.external().await.into_iter().map(|order| order.intent.id).collect();
        let instrument = &self.desk.config.markets[0].instrument;
        let mut replay = Replay::new(instrument, &fills, &others);
        for row in store.transactions(account).await.unwrap() {
            replay.take(&row.transaction).unwrap();
        }
        assert_eq!(replay.position, store.position(account, &instrument.symbol).await.unwrap());
    }
}

#[test]
fn a_person_trades_beside_the_desk_and_the_ledger_is_the_exchange_s_books() {
    run(async {
        let sim = exchange(&[("USDT", 100_000), ("BTC", 2), ("BNB", 3)]).await;
        trade_by_hand(&sim, Side::Buy, Decimal::new(1, 1)).await;
        let scene = opened(sim).await;
        let (desk, account) = (&scene.desk, &scene.desk.config.account);
        assert_eq!(scene.ours().await, scene.theirs().0, "what was there is the opening");
        assert!(scene.ours().await.len() >= 3);
        let opening = desk.store.transactions(account).await.unwrap();
        assert!(opening.iter().all(|row| row.transaction.cause == "opening"));

        // Somebody's order rests at the exchange.
        let resting = scene.sim.with(|exchange, now| {
            let last = exchange.engine.market(SYMBOL).unwrap().tape.last().unwrap();
            let price = (last * Decimal::from(3)).round_dp(2);
            exchange.by_hand(KEY, NewOrder::limit(SYMBOL, Side::Sell, price, Decimal::new(5, 1)), now).unwrap()
        });
        let mut live = Live::begin(desk, scene.venue.clone(), &Binance);
        scene.round().await;
        let began = Instant::now();
        let refused = loop {
            let refused = |v: &VerdictRow| matches!(v.outcome, Outcome::Refused { layer: Layer::MarketFrozen });
            if let Some(verdict) = scene.verdicts().await.into_iter().find(refused) {
                break verdict;
            }
            assert!(began.elapsed() < PATIENCE, "the strategy never wished to enter");
            scene.trade(&mut live, Duration::from_secs(1)).await;
        };
        let check = refused.checks.iter().find(|check| check.layer == Layer::MarketFrozen).unwrap();
        assert!(check.value.contains("which is none of ours"), "{}", check.value);
        let entered = |v: &VerdictRow| matches!(v.outcome, Outcome::Approved { .. }) && v.leg == Leg::Entry;
        assert!(!scene.verdicts().await.iter().any(entered), "nothing was entered meanwhile");

        // It is cancelled, something is sold at the market, and money comes in and goes out.
        scene.sim.with(|exchange, now| {
            let which = Which { id: Some(resting), client: None };
            let owner = exchange.keys.get(KEY).unwrap().account;
            exchange.engine.cancel(owner, SYMBOL, which, Restriction::None, "web", now).unwrap();
        });
        trade_by_hand(&scene.sim, Side::Sell, Decimal::new(3, 1)).await;
        scene.sim.with(|exchange, now| {
            let owner = exchange.keys.get(KEY).unwrap().account;
            exchange.engine.fund(owner, "USDT", Decimal::new(123_456_789, 5), now).unwrap();
            exchange.engine.fund(owner, "BTC", Decimal::new(-25, 2), now).unwrap();
        });
        live.settle(desk, Duration::from_secs(60)).await.unwrap();
        assert_eq!(scene.ours().await, scene.theirs().0, "the ledger is the exchange's own books");
        scene.the_position_is_the_ledger_s().await;
        let external = scene.external().await;
        let [sold] = external.as_slice() else { panic!("{external:?}") };
        assert_eq!(sold.filled.quantity.to_string(), "0.3", "and what was bought before the opening is not among them");
        let mut kinds: Vec<MovementKind> =
            desk.store.movements(account).await.unwrap().into_iter().map(|movement| movement.kind).collect();
        kinds.sort_by_key(|kind| kind.name());
        assert_eq!(kinds, [MovementKind::Deposit, MovementKind::Withdrawal]);
        let state = desk.store.account_state(account).await.unwrap();
        assert!(state.frozen.is_none() && state.frozen_markets.is_empty(), "{:?}", state.frozen_markets);

        // And the desk goes on.
        let began = Instant::now();
        while !scene.verdicts().await.iter().any(entered) {
            assert!(began.elapsed() < PATIENCE, "the desk did not go on");
            scene.trade(&mut live, Duration::from_secs(1)).await;
        }
        scene.trade(&mut live, Duration::from_secs(2)).await;
        live.settle(desk, Duration::from_secs(60)).await.unwrap();
        assert_eq!(scene.ours().await, scene.theirs().0);
        scene.the_position_is_the_ledger_s().await;
    });
}

//! What can get in the way of a market that nobody drives: several functions that work on the paper venue's rows at once
//! (whoever finds one moved reads it again, and no order is lost or ended for that), and outages.

use super::permissions::Scenario;
use desk::fake::{FakeTable, sample};
use desk::market::Candle;
use desk::message::QueueName;
use desk::port::{Clock, Item, Key, Query, Table, TableError, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use venue::paper::{Announced, Paper, Terms};

/// The table, and somebody who moves a market's numbers just before each write that builds on them, so many times.
#[derive(Debug, Clone)]
struct Meddled {
    table: Arc<FakeTable>,
    times: Arc<AtomicU32>,
}

impl Meddled {
    fn new(scenario: &Scenario, times: u32) -> Self {
        Self { table: scenario.desk.table.clone(), times: Arc::new(AtomicU32::new(times)) }
    }

    fn venue(&self, scenario: &Scenario) -> Paper<Self, Announced<Self>, impl Clock + use<>> {
        let config = &scenario.desk.config;
        let paper = &config.paper;
        let terms = Terms { fee: paper.fee, slippage: paper.slippage, participation: paper.participation };
        let instruments = config.markets.iter().map(|market| market.instrument.clone());
        let (table, clock) = (self.clone(), scenario.desk.clock.clone());
        Paper::new(config.venue.clone(), table, Announced(self.clone()), clock, terms, instruments)
    }
}

impl Table for Meddled {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.table.get(key).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        self.table.query(query).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        let is_numbers = |write: &&Write| write.key().sk.starts_with("SYMBOL#");
        if let Some(Write::Put { item, condition }) = writes.iter().find(is_numbers)
            && self.times.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        {
            // What somebody else would write who was given the same number at the same time, for an order of theirs.
            let (mut item, condition) = (item.clone(), *condition);
            for write in &writes {
                if let Some(id) = write.key().sk.strip_prefix("ORDER#") {
                    item.body = item.body.replace(id, &"f".repeat(id.len()));
                }
            }
            self.table.transact(vec![Write::Put { item, condition }]).await?;
            if self.times.load(Ordering::Relaxed) % 2 == 1 {
                return Err(TableError::Contended("TransactionConflict".to_owned()));
            }
        }
        self.table.transact(writes).await
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_is_taken_in_and_traded_although_others_move_the_market_s_numbers() {
    let mut scenario = Scenario::new().await;
    scenario.until(true).await;
    scenario.until(false).await;
    scenario.until_message(QueueName::Orders).await;
    let message = scenario.desk.queues.take(QueueName::Orders).unwrap();
    let meddled = Meddled::new(&scenario, 6);
    scenario.desk.place(&message, meddled.venue(&scenario)).await.unwrap();
    assert_eq!(meddled.times.load(Ordering::Relaxed), 0, "somebody did meddle");
    scenario.desk.drain().await;
    assert!(scenario.is_open().await);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_reached_fills_although_others_move_the_market_s_numbers() {
    let mut scenario = Scenario::new().await;
    scenario.until(true).await;
    let meddled = Meddled::new(&scenario, 3);
    let market = &scenario.desk.config.markets[0];
    let last =
        scenario.desk.see("test").0.last_candle(&market.instrument.symbol, market.interval).await.unwrap().unwrap();
    let fall = Candle { open_time: last.close_time(market.interval), low: market.instrument.tick, ..last };
    let symbol = sample::instrument().symbol;
    let venue = meddled.venue(&scenario);
    let fills = venue.follow(&scenario.desk.config.account, &symbol, market.interval, &[fall], None).await.unwrap();
    assert_eq!((fills.len(), meddled.times.load(Ordering::Relaxed)), (1, 0));
    // Followed again, the same bar trades nothing.
    let again = venue.follow(&scenario.desk.config.account, &symbol, market.interval, &[fall], None).await.unwrap();
    assert!(again.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_long_history_comes_at_once_and_an_outage_in_parts_that_fit_into_a_function_s_time() {
    let market = |scenario: &Scenario| scenario.desk.config.markets[0].clone();
    let last = async |scenario: &Scenario| {
        let market = market(scenario);
        let store = scenario.desk.see("test").0;
        store.last_candle(&market.instrument.symbol, market.interval).await.unwrap().unwrap().open_time
    };
    let fresh = Scenario::new().await;
    fresh.desk.tick(fresh.bars[250].open_time).await;
    assert_eq!(last(&fresh).await, fresh.bars[249].open_time);
    let mut scenario = Scenario::new().await;
    scenario.until(true).await;
    let begun = scenario.next - 1;
    for (tick, stored) in [(1, begun + 99), (2, begun + 149), (3, begun + 149)] {
        scenario.desk.tick(scenario.bars[begun + 150].open_time).await;
        assert_eq!(last(&scenario).await, scenario.bars[stored].open_time, "tick {tick}");
    }
    let round = scenario.desk.reconcile().await;
    assert_eq!((round.mended, round.findings.len()), (0, 0), "{round:?}");
}

#[tokio::test(start_paused = true)]
async fn a_candle_that_can_not_be_believed_trades_nothing_closed_or_begun() {
    let mut scenario = Scenario::new().await;
    scenario.until(true).await;
    let (at, good) = (scenario.next, scenario.bars.clone());
    let tiny = scenario.desk.config.markets[0].instrument.tick;
    let symbol = sample::instrument().symbol;
    let shown = |change: &dyn Fn(&mut Candle)| {
        let mut bars = good.clone();
        change(&mut bars[at]);
        std::collections::BTreeMap::from([(symbol.clone(), bars)])
    };
    let before = |scenario: &Scenario| {
        let mut items = scenario.desk.table.items();
        items.retain(|item| item.key.pk.starts_with("PAPER") || item.key.pk.starts_with("CANDLES"));
        items
    };
    // Closed: the low does not enclose the close, and would reach the stop.
    scenario.desk.show(shown(&|bar| (bar.open, bar.high, bar.low) = (tiny, tiny, tiny)));
    let books = before(&scenario);
    let refused = scenario.desk.try_tick(good[at + 1].open_time).await.unwrap_err().to_string();
    assert!(refused.contains("lies outside of"), "{refused}");
    // Begun: an opening that is off the tick.
    scenario
        .desk
        .show(shown(&|bar| bar.open = desk::money::Price::new(rust_decimal::Decimal::new(100_001, 3)).unwrap()));
    let refused = scenario.desk.try_tick(good[at].open_time).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(before(&scenario).len(), books.len());
    assert_eq!(scenario.desk.queues.waiting(QueueName::Fills), 0);
    assert!(scenario.is_open().await);
}

#[tokio::test(start_paused = true)]
async fn a_market_that_fails_keeps_no_other_one_from_being_told_of() {
    let mut scenario = Scenario::new().await;
    scenario.until(true).await;
    let (now, good) = (scenario.bars[scenario.next].open_time, scenario.bars.clone());
    let symbol = sample::instrument().symbol;
    // Beside a second market whose candles can't be believed.
    let mut config = scenario.desk.config.as_ref().clone();
    let mut other = config.markets[0].clone();
    other.instrument.symbol = desk::id::Symbol::new("AAAUSDT").unwrap();
    other.instrument.base = desk::id::Asset::new("AAA").unwrap();
    config.markets.insert(0, other.clone());
    let broken: Vec<Candle> = good.iter().map(|bar| Candle { high: bar.low, low: bar.high, ..*bar }).collect();
    let broken = broken.into_iter().filter(|bar| bar.high < bar.low).collect();
    let markets = std::collections::BTreeMap::from([(other.instrument.symbol, broken), (symbol, good)]);
    let desk = super::desk::CloudDesk::new(config, markets);
    desk.open_account().await;
    let failed = desk.try_tick(now).await.unwrap_err().to_string();
    assert!(failed.contains("AAAUSDT"), "{failed}");
    assert_eq!(desk.queues.waiting(QueueName::Bars), 1, "the other market's bars are told of");
    assert!(desk.try_tick(now).await.is_err());
    assert_eq!(desk.queues.waiting(QueueName::Bars), 1, "once");
}

//! Books kept from given sequences: no socket, no clock.

use super::*;
use crate::binance::Binance;
use crate::bybit::Bybit;
use crate::kucoin::KuCoin;
use crate::protocol::book::{Numbering, WireLevel};
use crate::protocol::model::Level;
use crate::protocol::{CallError, Product};
use proptest::prelude::*;
use rust_decimal::Decimal;

const NAME: &str = "BTC/USDT";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn market(product: Product) -> Instrument {
    let settle = product.is_contract().then_some("USDT");
    Instrument { name: NAME.to_owned(), ..Instrument::named(product, "BTCUSDT", "BTC", "USDT", settle) }
}

fn keeper(streams: &dyn Streams, product: Product) -> (Keeper, LiveBooks) {
    let books = LiveBooks::default();
    (Keeper::new(streams, &[Topic::Book(market(product))], books.clone(), ms(0)), books)
}

fn level(price: i64, quantity: i64) -> WireLevel {
    (Decimal::from(price), Decimal::from(quantity))
}

/// A delta over the numbers `first..=last` that puts `last` at a price of its own.
fn delta(first: u64, last: u64) -> BookUpdate {
    let bids = vec![level(i64::try_from(last).unwrap(), 1)];
    BookUpdate { market: "BTCUSDT".into(), first: Some(first), last: Some(last), bids, ..BookUpdate::default() }
}

fn fetched(last: u64) -> Result<OrderBook, CallFault> {
    let one = |price: &str| Level { price: price.parse().unwrap(), quantity: "1".parse().unwrap() };
    let (bids, asks) = (vec![one("1")], vec![one("1000000")]);
    Ok(OrderBook { market: NAME.into(), sequence: Some(last), bids, asks, at: None })
}

fn state(news: Option<News>) -> Option<BookState> {
    news.map(|news| match news {
        News::Book { market, state } => {
            assert_eq!(market, NAME);
            state
        }
        other @ (News::Up | News::Down(_) | News::Event(_)) => panic!("{other:?}"),
    })
}

fn is_unknown(state: Option<BookState>) -> bool {
    matches!(state, Some(BookState::Unknown(_)))
}

fn sequence(books: &LiveBooks) -> Option<u64> {
    books.look(NAME, |book| book.sequence().unwrap())
}

#[test]
fn a_snapshot_is_fetched_again_until_it_reaches_what_waits() {
    let (mut keeper, books) = keeper(&Binance, Product::Spot);
    let snapshot = vec![Need::Snapshot(market(Product::Spot))];
    assert_eq!(keeper.due(), Some(PAUSE), "the stream begins first");
    assert_eq!(keeper.update(delta(10, 12), ms(100)), None);
    assert_eq!(keeper.needs(ms(250)), Ok(snapshot.clone()));
    assert_eq!(keeper.needs(ms(300)), Ok(vec![]), "one question at a time");
    assert_eq!(keeper.snapshot(NAME, fetched(8), ms(350)), None);
    assert_eq!((sequence(&books), keeper.due()), (None, Some(ms(600))));
    let _ = keeper.update(delta(13, 13), ms(400));
    assert_eq!(keeper.needs(ms(600)), Ok(snapshot));
    assert_eq!(state(keeper.snapshot(NAME, fetched(9), ms(650))), Some(BookState::Known));
    assert_eq!(sequence(&books), Some(13), "what had waited came behind it");
    assert_eq!(state(keeper.update(delta(14, 15), ms(700))), Some(BookState::Changed));
    assert_eq!((sequence(&books), keeper.due()), (Some(15), None));
}

#[test]
fn nobody_sees_a_book_between_a_gap_and_the_next_snapshot() {
    let (mut keeper, books) = keeper(&Binance, Product::Spot);
    keeper.needs(ms(250)).unwrap();
    keeper.snapshot(NAME, fetched(10), ms(260));
    let why = state(keeper.update(delta(13, 14), ms(300)));
    assert_eq!(why, Some(BookState::Unknown(format!("{NAME}: a delta is missing: 11 should follow, 13 came"))));
    assert_eq!(sequence(&books), None);
    assert_eq!(state(keeper.update(delta(15, 15), ms(310))), None);
    assert_eq!(sequence(&books), None);
    assert_eq!(keeper.needs(ms(550)).unwrap().len(), 1);
    assert_eq!(state(keeper.snapshot(NAME, fetched(12), ms(560))), Some(BookState::Known));
    assert_eq!(sequence(&books), Some(15), "the delta that showed the gap was kept");
}

#[test]
fn a_stream_that_sends_its_snapshots_is_subscribed_to_anew() {
    let (mut keeper, books) = keeper(&Bybit, Product::Linear);
    let of_stream = |last| BookUpdate { snapshot: true, ..delta(last, last) };
    assert_eq!(keeper.needs(ms(1000)), Ok(vec![]), "the first one comes by itself");
    assert_eq!(state(keeper.update(of_stream(5), ms(1000))), Some(BookState::Known));
    assert!(is_unknown(state(keeper.update(delta(7, 7), ms(1100)))));
    assert_eq!(keeper.needs(ms(1349)), Ok(vec![]));
    assert_eq!(keeper.needs(ms(1350)), Ok(vec![Need::Again(market(Product::Linear))]));
    assert_eq!(state(keeper.update(delta(8, 8), ms(1400))), None);
    assert_eq!(sequence(&books), None);
    assert_eq!(state(keeper.update(of_stream(9), ms(1500))), Some(BookState::Known));
    assert!(is_unknown(state(keeper.update(delta(11, 11), ms(1600)))));
    assert_eq!(keeper.needs(ms(2100)).unwrap().len(), 1, "the second pause is twice as long");
    assert!(keeper.needs(ms(2100) + PATIENCE).unwrap_err().contains("no snapshot came in 30 s"));
}

#[test]
fn a_crossed_book_is_a_gap_and_pauses_grow_until_a_book_has_held() {
    let (mut keeper, books) = keeper(&Binance, Product::Spot);
    let (mut now, mut number, mut pauses) = (ms(250), 10, Vec::new());
    for held_s in [1, 1, 1, 61, 1] {
        assert_eq!(keeper.needs(now).unwrap().len(), 1);
        assert_eq!(state(keeper.snapshot(NAME, fetched(number), now)), Some(BookState::Known));
        now += Duration::from_secs(held_s);
        number += 1;
        let crossed = BookUpdate { bids: vec![level(2_000_000, 1)], ..delta(number, number) };
        let why = state(keeper.update(crossed, now));
        assert!(matches!(&why, Some(BookState::Unknown(why)) if why.contains("crossed")), "{why:?}");
        assert_eq!(sequence(&books), None);
        let due = keeper.due().unwrap();
        pauses.push((due - now).as_millis());
        now = due;
    }
    assert_eq!(pauses, [250, 500, 1000, 250, 500]);
}

#[test]
fn a_snapshot_that_the_budget_does_not_allow_is_asked_for_when_it_does() {
    let (mut keeper, books) = keeper(&Binance, Product::Spot);
    keeper.needs(ms(250)).unwrap();
    let spent = CallFault::Budget {
        venue: "binance".into(),
        wait_ms: 5000,
        until: desk::time::Timestamp::from_ms(5000),
        silence: false,
    };
    assert!(is_unknown(state(keeper.snapshot(NAME, Err(spent), ms(300)))));
    assert_eq!(keeper.due(), Some(ms(5300)));
    keeper.needs(ms(5300)).unwrap();
    let none = CallFault::Call(CallError::Credentials { venue: "kucoin", why: "there are none" });
    assert!(is_unknown(state(keeper.snapshot(NAME, Err(none), ms(5300)))));
    keeper.needs(ms(6000)).unwrap();
    let unnumbered = OrderBook { sequence: None, ..fetched(1).unwrap() };
    assert!(is_unknown(state(keeper.snapshot(NAME, Ok(unnumbered), ms(6000)))));
    assert_eq!(sequence(&books), None);
}

#[test]
fn the_books_of_a_connection_go_with_it_and_others_stay() {
    let (mut one, books) = keeper(&Binance, Product::Spot);
    let eth = Instrument::named(Product::Spot, "ETHUSDT", "ETH", "USDT", None);
    let mut other = Keeper::new(&Binance, &[Topic::Book(eth)], books.clone(), ms(0));
    one.needs(ms(250)).unwrap();
    one.snapshot(NAME, fetched(10), ms(260));
    other.needs(ms(250)).unwrap();
    let book = OrderBook { market: "ETH/USDT".into(), ..fetched(20).unwrap() };
    other.snapshot("ETH/USDT", Ok(book), ms(260)).unwrap();
    let strange = BookUpdate { market: "SOL/USDT".into(), ..delta(1, 1) };
    assert!(!one.keeps(&strange.market), "it is kept by nobody here");
    drop(one);
    assert_eq!((sequence(&books), books.look("ETH/USDT", Book::sequence)), (None, Some(Some(20))));
}

/// A venue's book, message by message, numbered by one of the rules.
struct Truth {
    /// Levels after each message, with its last number.
    states: Vec<(u64, BTreeMap<Decimal, Decimal>)>,
    messages: Vec<BookUpdate>,
}

impl Truth {
    fn new(numbering: Numbering, changes: &[(i64, i64, u64)]) -> Self {
        let mut truth = Self { states: vec![(100, BTreeMap::from([level(1, 1)]))], messages: Vec::new() };
        for (price, quantity, count) in changes {
            let (before, levels) = truth.states.last().unwrap();
            let (before, mut levels) = (*before, levels.clone());
            let last = before + if numbering == Numbering::Counted { 1 } else { *count };
            let (price, quantity) = level(*price, *quantity);
            if quantity.is_zero() {
                levels.remove(&price);
            } else {
                levels.insert(price, quantity);
            }
            let bids = vec![(price, quantity)];
            let update = BookUpdate { bids, previous: Some(before), ..delta(before + 1, last) };
            truth.messages.push(update);
            truth.states.push((last, levels));
        }
        truth
    }

    fn at(&self, number: u64) -> &BTreeMap<Decimal, Decimal> {
        &self.states.iter().find(|(last, _)| *last == number).unwrap().1
    }

    /// The book as it was before `age` of the first `so_far` messages.
    fn snapshot(&self, so_far: usize, age: usize) -> OrderBook {
        let (last, levels) = &self.states[so_far.saturating_sub(age)];
        let one = |(price, quantity): (&Decimal, &Decimal)| Level {
            price: price.to_string().parse().unwrap(),
            quantity: quantity.to_string().parse().unwrap(),
        };
        let bids = levels.iter().rev().map(one).collect();
        OrderBook { market: NAME.into(), at: None, sequence: Some(*last), bids, asks: Vec::new() }
    }
}

/// What happens to a message on its way.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Comes,
    Lost,
    Twice,
    Overtaken,
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![8 => Just(Fate::Comes), 1 => Just(Fate::Lost), 1 => Just(Fate::Twice), 1 => Just(Fate::Overtaken)]
}

proptest! {
    /// Whatever is lost, doubled or overtaken, and however old snapshots are: a book that can be looked at is the
    /// venue's at its number, and one is there again when the bad weather is over.
    #[test]
    fn a_book_that_can_be_looked_at_is_the_venue_s(
        venue in 0_usize..4,
        changes in prop::collection::vec(((2_i64..9, 0_i64..4, 1_u64..4), fates(), 0_usize..4), 1..120),
    ) {
        let (streams, product): (&dyn Streams, Product) = match venue {
            0 => (&Binance, Product::Spot),
            1 => (&Binance, Product::Linear),
            2 => (&KuCoin, Product::Linear),
            _ => (&Bybit, Product::Linear),
        };
        let rule = streams.book_rule(product);
        // At the end the weather is good for a while.
        let calm = (0..40).map(|n| ((2 + n % 7, 1, 1), Fate::Comes, 0));
        let all: Vec<_> = changes.into_iter().chain(calm).collect();
        let truth = Truth::new(rule.numbering, &all.iter().map(|(change, ..)| *change).collect::<Vec<_>>());
        let (mut keeper, books) = keeper(streams, product);
        let (mut now, mut held, mut seen) = (ms(0), None, 0);
        if !rule.fetched {
            let _ = keeper.update(update_of(&truth.snapshot(0, 0)), now);
        }
        for (at, (message, (_, fate, age))) in truth.messages.iter().zip(&all).enumerate() {
            let mut on_its_way = match fate {
                Fate::Comes => vec![message.clone()],
                Fate::Lost => vec![],
                Fate::Twice => vec![message.clone(), message.clone()],
                Fate::Overtaken => {
                    held = Some(message.clone());
                    continue;
                }
            };
            on_its_way.extend(held.take());
            for update in on_its_way {
                let _ = keeper.update(update, now);
            }
            now += Duration::from_secs(31);
            for need in keeper.needs(now).unwrap_or_default() {
                let book = truth.snapshot(at + 1, *age);
                match need {
                    Need::Snapshot(_) => drop(keeper.snapshot(NAME, Ok(book), now)),
                    Need::Again(_) => {
                        // A stream's own snapshot is never older than what it tells next.
                        let update = update_of(&truth.snapshot(at + 1, 0));
                        let _ = keeper.update(update, now);
                    }
                }
            }
            books.look(NAME, |book| {
                seen += 1;
                let ours: BTreeMap<Decimal, Decimal> = book.bids().collect();
                assert_eq!(&ours, truth.at(book.sequence().unwrap()), "at {:?}", book.sequence());
            });
        }
        prop_assert!(seen > 0);
        let (last, _) = truth.states.last().unwrap();
        if rule.fetched {
            prop_assert_eq!(sequence(&books), Some(*last), "the book is there again");
        }
    }
}

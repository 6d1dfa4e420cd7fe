//! Histories pulled from scripted venues.

use super::*;
use crate::protocol::Product;
use desk::money::Quantity;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

fn bar(open: i64) -> Bar {
    let price = |cents: i64| Price::new(rust_decimal::Decimal::new(10_000 + cents, 2)).unwrap();
    let moved = open / HOUR % 50;
    Bar {
        open_time: at(open),
        open: price(moved),
        high: price(moved + 3),
        low: price(moved - 1),
        close: price(moved + 1),
        volume: Quantity::ZERO,
    }
}

/// How a venue answers.
#[derive(Debug, Clone, Copy)]
struct Habit {
    /// The last rows of the stretch instead of the first ones.
    newest: bool,
    /// At most so many.
    most: usize,
    /// Rows before the stretch, too.
    early: usize,
    /// Each row twice.
    doubled: bool,
    /// The other way round.
    reversed: bool,
}

const PLAIN: Habit = Habit { newest: false, most: 1000, early: 0, doubled: false, reversed: false };

struct Scripted {
    habit: Habit,
    opens: Vec<i64>,
    now: i64,
}

impl Scripted {
    fn answer(&self, query: &BarQuery) -> Vec<Bar> {
        let (since, until) = (query.range.since.unwrap().ms(), query.range.until.unwrap().ms());
        let mut opens: Vec<i64> = if query.interval.ms() == DAY_MS {
            self.opens.iter().map(|open| open - open.rem_euclid(DAY_MS)).collect()
        } else {
            self.opens.clone()
        };
        opens.retain(|open| *open <= self.now);
        opens.dedup();
        let before: Vec<i64> = opens.iter().copied().filter(|open| *open < since).collect();
        opens.retain(|open| (since..=until).contains(open));
        let most = if query.interval.ms() == DAY_MS { 100 } else { self.habit.most };
        if self.habit.newest {
            opens.drain(..opens.len().saturating_sub(most));
        } else {
            opens.truncate(most);
        }
        let early = before.into_iter().rev().take(self.habit.early);
        let mut bars: Vec<Bar> = early.chain(opens).map(bar).collect();
        bars.sort_by_key(|bar| bar.open_time);
        if self.habit.doubled {
            bars = bars.into_iter().flat_map(|bar| [bar, bar]).collect();
        }
        if self.habit.reversed {
            bars.reverse();
        }
        bars
    }

    fn pull(&self, backfill: &mut Backfill) -> Vec<i64> {
        let mut got = Vec::new();
        while let Some(query) = backfill.question() {
            let before = backfill.next();
            let page = backfill.answer(&self.answer(&query), at(self.now)).unwrap();
            assert!(page.next >= before);
            got.extend(page.bars.iter().map(|bar| bar.open_time.ms()));
            assert!(backfill.pages() < 5000, "it does not end");
        }
        got
    }
}

fn wanted(from: i64, to: i64, rows: u32) -> Wanted {
    let interval = Interval::from_ms(HOUR).unwrap();
    Wanted { interval, from: at(from), to: at(to), reach: Reach { rows, span_ms: None, depth: None } }
}

fn hours(from: i64, to: i64) -> Vec<i64> {
    (from..to).map(|hour| hour * HOUR).collect()
}

#[test]
fn a_listing_years_after_the_beginning_is_found_by_its_days() {
    let listed = 24 * 1500 + 7;
    let venue = Scripted { habit: PLAIN, opens: hours(listed, listed + 500), now: i64::MAX };
    let mut backfill = Backfill::new(wanted(0, (listed + 500) * HOUR, 100), None);
    assert_eq!(venue.pull(&mut backfill), venue.opens);
    assert!(backfill.pages() < 80, "{} pages", backfill.pages());
}

#[test]
fn the_bar_that_has_not_closed_by_the_venues_clock_ends_the_history() {
    let venue = Scripted { habit: PLAIN, opens: hours(0, 50), now: 30 * HOUR + 1 };
    let mut backfill = Backfill::new(wanted(0, 50 * HOUR, 20), None);
    assert_eq!(venue.pull(&mut backfill), hours(0, 30));
    assert_eq!(backfill.to(), at(30 * HOUR));
}

#[test]
fn a_bar_that_contradicts_itself_is_named_with_its_page_and_row() {
    let mut backfill = Backfill::new(wanted(0, 10 * HOUR, 5), None);
    backfill.answer(&[bar(0), bar(HOUR)], at(i64::MAX)).unwrap();
    let wrong = Bar { high: bar(0).low, ..bar(3 * HOUR) };
    let fault = backfill.answer(&[bar(2 * HOUR), wrong], at(i64::MAX)).unwrap_err();
    assert_eq!((fault.page, fault.row, fault.at), (2, 2, at(3 * HOUR)));
    assert!(fault.to_string().starts_with("page 2, row 2 (the bar of 1970-01-01T03:00:00Z): high"), "{fault}");
}

#[test]
fn two_bars_of_one_time_overlaps_and_bars_off_the_grid_are_refused() {
    let told = |second: Bar| Backfill::new(wanted(0, 10 * HOUR, 5), None).answer(&[bar(0), second], at(i64::MAX));
    assert!(told(bar(0)).is_ok(), "the same again is passed over");
    let other = Bar { close: bar(0).open, ..bar(0) };
    assert_eq!(told(other).unwrap_err().what, Disbelief::Twice);
    assert!(matches!(told(bar(HOUR / 2)).unwrap_err().what, Disbelief::Candle(CandleFault::Overlap { .. })));
    assert!(matches!(told(bar(HOUR + HOUR / 2)).unwrap_err().what, Disbelief::OffGrid { .. }));
}

#[test]
fn a_venue_that_is_silent_for_ever_is_asked_a_bounded_number_of_times() {
    let venue = Scripted { habit: PLAIN, opens: Vec::new(), now: i64::MAX };
    let mut backfill = Backfill::new(wanted(0, 24 * 3650 * HOUR, 100), None);
    assert!(venue.pull(&mut backfill).is_empty());
    assert!(backfill.pages() < 80, "{} pages", backfill.pages());
}

#[test]
fn every_venue_of_the_registry_has_a_reach() {
    for adapter in crate::registry::ADAPTERS {
        let record = adapter.protocol.capabilities();
        for product in record.products {
            assert!(reach(record.venue, *product).rows >= 200);
        }
    }
}

#[test]
fn every_venue_can_be_asked_for_a_page_without_keys() {
    use crate::protocol::{Instrument, Moment, Scope};
    for adapter in crate::registry::ADAPTERS {
        let record = adapter.protocol.capabilities();
        for product in record.products.iter().filter(|product| **product != Product::Option) {
            for length in ["1m", "5m", "15m", "1h", "1d"] {
                let settle = product.is_contract().then_some("USDT");
                let market = Instrument::named(*product, "BTCUSDT", "BTC", "USDT", settle);
                let (interval, reach) = (length.parse().unwrap(), reach(record.venue, *product));
                let (from, to) = (at(1_650_000_000_000), at(1_700_000_000_000));
                let question = Backfill::new(Wanted { interval, from, to, reach }, None).question().unwrap();
                let ask = adapter.protocol.bars(&market, &question, &Scope::default());
                let ask = ask.unwrap_or_else(|e| panic!("{} {length}: {e}", record.venue));
                let moment = Moment { now: to, nonce: 1, window_ms: 5000 };
                let request = adapter.protocol.sign(ask.request, None, moment).unwrap();
                println!("{} {product:?} {length} {}", record.venue, request.target);
                assert!(request.target.contains("16"), "{} names no beginning: {}", record.venue, request.target);
            }
        }
    }
}

proptest! {
    /// Whatever is missing and however the venue answers, every bar of the stretch comes, once and in order.
    #[test]
    fn every_bar_comes_once_and_in_order(
        gaps in proptest::collection::vec((1_i64..60, 0_i64..400), 0..12),
        (newest, doubled, reversed) in (any::<bool>(), any::<bool>(), any::<bool>()),
        (most, rows, early) in (1_usize..40, 1_u32..60, 0_usize..3),
        (from, length, stopped) in (-20_i64..300, 1_i64..900, 0_usize..40),
    ) {
        let mut opens = Vec::new();
        let mut hour = 0;
        for (run, gap) in gaps {
            opens.extend(hours(hour, hour + run));
            hour += run + gap;
        }
        let habit = Habit { newest, most, early: if newest { 0 } else { early }, doubled: false, reversed };
        let habit = Habit { doubled, ..habit };
        let now = hour * HOUR + HOUR / 2;
        let venue = Scripted { habit, opens, now };
        let to = (from + length) * HOUR;
        let asked = wanted(from * HOUR, to, rows);
        let mut expected = venue.opens.clone();
        expected.retain(|open| *open >= from * HOUR && open + HOUR <= to.min(now));

        // A part, then a second process that goes on behind it.
        let mut first = Backfill::new(asked, None);
        let (mut got, mut last) = (Vec::new(), None);
        for _ in 0..stopped {
            let Some(query) = first.question() else { break };
            let page = first.answer(&venue.answer(&query), at(now)).unwrap();
            last = page.bars.last().copied().or(last);
            got.extend(page.bars.iter().map(|bar| bar.open_time.ms()));
        }
        let mut second = Backfill::new(asked, Some((first.next(), last)));
        got.extend(venue.pull(&mut second));
        prop_assert_eq!(got, expected);
    }
}

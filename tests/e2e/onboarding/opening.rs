//! The books of an account at a venue: opened with what it holds, later brought to the configuration.

use crate::crash_sweep::config;
use boot::Failure;
use boot::config::DeskConfig;
use desk::fake::{FakeClock, FakeTable, FakeVenue, run};
use desk::id::Asset;
use desk::money::Amount;
use desk::time::Timestamp;
use reconciliation::open_at_venue;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Store;

const AT: Timestamp = Timestamp::from_ms(60_000);

fn holding(holdings: &[(&str, &str)]) -> FakeVenue {
    let venue = FakeVenue::new(Arc::new(FakeClock::at(AT.ms())));
    let holdings = holdings.iter().map(|(name, held)| (Asset::new(*name).unwrap(), held.parse().unwrap()));
    venue.hold(holdings.collect::<BTreeMap<Asset, Amount>>());
    venue
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

#[test]
fn the_cash_of_the_books_is_the_venue_s_and_not_the_configuration_s() {
    let (store, venue) = (Store::new(Arc::new(FakeTable::default())), holding(&[("USDT", "2500.5"), ("BTC", "0.25")]));
    let written = DeskConfig { cash: amount("1"), ..config() };
    let opened = run(open_at_venue(&store, &venue, &written, AT)).unwrap();
    assert_eq!(opened.cash, amount("2500.5"));
    let holdings = run(store.holdings(&written.account)).unwrap();
    let held = |name: &str| holdings.get(&Asset::new(name).unwrap()).copied();
    assert_eq!((held("USDT"), held("BTC")), (Some(amount("2500.5")), Some(amount("0.25"))));

    // Later the venue holds something else, and the limits are others: the opening stays, the limits move.
    venue.hold(BTreeMap::from([(Asset::new("USDT").unwrap(), amount("7"))]));
    let mut later = written.clone();
    later.profile.max_open_positions += 1;
    let again = run(open_at_venue(&store, &venue, &later, AT)).unwrap();
    assert_eq!(again.cash, amount("2500.5"));
    let row = run(store.account(&written.account)).unwrap().unwrap();
    assert_eq!((row.cash, row.profile), (amount("2500.5"), later.profile));
}

#[test]
fn an_account_without_quote_is_refused_and_nothing_is_opened() {
    let (store, venue) = (Store::new(Arc::new(FakeTable::default())), holding(&[("BTC", "1")]));
    let refused = run(open_at_venue(&store, &venue, &config(), AT));
    let Err(Failure::Poison { reason }) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("holds no USDT"), "{reason}");
    assert_eq!(run(store.account(&config().account)).unwrap(), None);
}

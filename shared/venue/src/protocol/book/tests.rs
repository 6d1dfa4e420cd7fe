use super::*;

const SPOT: BookRule = BookRule { numbering: Numbering::Ranges, fetched: true, depth: 0, checksum: None };

fn level(price: i64, quantity: i64) -> WireLevel {
    (Decimal::new(price, 1), Decimal::new(quantity, 1))
}

fn delta(first: u64, last: u64, bids: &[WireLevel], asks: &[WireLevel]) -> BookUpdate {
    let (first, last) = (Some(first), Some(last));
    BookUpdate { first, last, bids: bids.to_vec(), asks: asks.to_vec(), ..BookUpdate::default() }
}

fn snapshot(last: u64) -> BookUpdate {
    BookUpdate { snapshot: true, ..delta(0, last, &[level(100, 5)], &[level(110, 5)]) }
}

#[test]
fn deltas_wait_for_the_snapshot_and_overlap_it() {
    let mut book = Book::new("X", SPOT);
    assert_eq!(book.apply(&delta(8, 9, &[level(101, 1)], &[])), Ok(Applied::Waiting));
    assert_eq!(book.apply(&delta(10, 12, &[level(102, 1)], &[])), Ok(Applied::Waiting));
    assert_eq!(book.apply(&snapshot(11)), Ok(Applied::Changed));
    assert_eq!(book.sequence(), Some(12));
    let prices: Vec<_> = book.bids().map(|(price, _)| price.to_string()).collect();
    assert_eq!(prices, ["10.2", "10.0"], "the first delta is older than the snapshot");
}

#[test]
fn a_missing_delta_is_noticed_and_the_book_is_emptied() {
    let mut book = Book::new("X", SPOT);
    book.apply(&snapshot(10)).unwrap();
    book.apply(&delta(11, 11, &[], &[])).unwrap();
    assert_eq!(book.apply(&delta(13, 13, &[], &[])), Err(Gap::Missed { market: "X".into(), expected: 12, got: 13 }));
    assert!(!book.is_live());
    assert_eq!(book.bids().count(), 0);
    assert_eq!(book.apply(&delta(14, 14, &[], &[])), Ok(Applied::Waiting), "it waits for a snapshot");
}

#[test]
fn a_crossed_book_and_an_impossible_level_are_never_shown() {
    let mut book = Book::new("X", SPOT);
    book.apply(&snapshot(10)).unwrap();
    assert!(matches!(book.apply(&delta(11, 11, &[level(110, 1)], &[])), Err(Gap::Crossed { .. })));
    book.apply(&snapshot(10)).unwrap();
    assert!(matches!(book.apply(&delta(11, 11, &[level(-1, 1)], &[])), Err(Gap::Level { .. })));
}

#[test]
fn a_snapshot_that_does_not_reach_what_waits_is_too_old() {
    let mut book = Book::new("X", SPOT);
    assert!(!book.is_too_old(&snapshot(1)), "nothing waits");
    book.apply(&delta(12, 14, &[], &[])).unwrap();
    book.apply(&delta(15, 15, &[], &[])).unwrap();
    for (last, too_old) in [(10, true), (11, false), (12, false), (14, false), (15, false), (20, false)] {
        assert_eq!(book.is_too_old(&snapshot(last)), too_old, "a snapshot at {last}");
    }
    let linked = BookRule { numbering: Numbering::Linked, ..SPOT };
    let mut book = Book::new("X", linked);
    book.apply(&BookUpdate { previous: Some(9), ..delta(12, 14, &[], &[]) }).unwrap();
    for (last, too_old) in [(9, true), (11, true), (12, false), (14, false), (15, false)] {
        assert_eq!(book.is_too_old(&snapshot(last)), too_old, "a snapshot at {last}");
    }
    assert_eq!(book.apply(&snapshot(14)), Ok(Applied::Changed), "the delta that ends with it overlaps it");
    assert_eq!(book.sequence(), Some(14));
}

#[test]
fn linked_deltas_name_their_predecessor() {
    let rule = BookRule { numbering: Numbering::Linked, fetched: false, depth: 0, checksum: None };
    let mut book = Book::new("X", rule);
    let linked = |previous, last| BookUpdate { previous: Some(previous), ..delta(0, last, &[], &[]) };
    book.apply(&snapshot(10)).unwrap();
    book.apply(&linked(10, 15)).unwrap();
    assert_eq!(book.apply(&linked(15, 15)), Ok(Applied::Changed), "nothing changed");
    assert!(matches!(book.apply(&linked(14, 16)), Err(Gap::Missed { expected: 15, got: 14, .. })));
}

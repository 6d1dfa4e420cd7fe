//! The venue's checksum of a book: CRC32 over the first 25 levels, bid and ask by turns, `price:quantity:price:quantity`,
//! each in the digits it was sent in.

use crate::protocol::book::Book;
use std::fmt::Write as _;

/// How many levels of a side it covers.
const LEVELS: usize = 25;

/// The checksum of a book.
pub(super) fn checksum(book: &Book) -> u32 {
    let (mut bids, mut asks) = (book.bids().take(LEVELS), book.asks().take(LEVELS));
    let mut text = String::with_capacity(LEVELS * 48);
    loop {
        let pair = [bids.next(), asks.next()];
        if pair.iter().all(Option::is_none) {
            return crc32fast::hash(text.trim_end_matches(':').as_bytes());
        }
        for (price, quantity) in pair.into_iter().flatten() {
            // Writing to a String can't fail.
            let _ = write!(text, "{price}:{quantity}:");
        }
    }
}

/// The checksum as it stands on the wire, where it is a signed number. Zero, together with sequence numbers, says that
/// the venue sends none any more.
pub(super) fn wire(number: Option<i64>, numbered: bool) -> Result<Option<u32>, String> {
    match number {
        None => Ok(None),
        Some(0) if numbered => Ok(None),
        Some(number) => match i32::try_from(number) {
            Ok(signed) => Ok(Some(u32::from_ne_bytes(signed.to_ne_bytes()))),
            Err(_) => Err(format!("{number} is no checksum")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::book::{BookRule, BookUpdate, Numbering};
    use crate::protocol::wire::decimal;

    #[test]
    fn levels_stand_by_turns_and_keep_their_zeros() {
        let level = |price: &str, quantity: &str| (decimal(price).unwrap(), decimal(quantity).unwrap());
        let rule = BookRule { numbering: Numbering::None, fetched: false, depth: 0, checksum: None };
        let mut book = Book::new("X", rule);
        let bids = vec![level("99.10", "1.50"), level("99", "2")];
        let asks = vec![level("100.0", "3")];
        book.apply(&BookUpdate { snapshot: true, bids, asks, ..BookUpdate::default() }).unwrap();
        assert_eq!(checksum(&book), crc32fast::hash(b"99.10:1.50:100.0:3:99:2"));
    }

    #[test]
    fn zero_is_no_checksum_where_sequence_numbers_are() {
        assert_eq!(wire(Some(0), true), Ok(None));
        assert_eq!(wire(Some(0), false), Ok(Some(0)));
        assert_eq!(wire(Some(-1), true), Ok(Some(u32::MAX)));
        assert!(wire(Some(1 << 40), true).is_err());
    }
}

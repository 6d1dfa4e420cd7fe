//! Trades of the market: the frames that come most often. The venue writes their members in one order, in which they are
//! read without looking for them; a frame that is written otherwise is read by its members' names. A property holds the two
//! together.
//!
//! Source: the exchange's documentation of WebSocket market streams, spot, USD-M and COIN-M.

use super::stream_read::{Frame, Words, parse};
use crate::protocol::model::{PublicTrade, Side};
use crate::protocol::plain::{Reader, Unusual};
use crate::protocol::stream::Event;
use crate::protocol::wire::{self, Num, instant};
use serde::Deserialize;
use std::borrow::Cow;

#[derive(Deserialize, Debug, PartialEq)]
struct Trade<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    t: u64,
    p: Num,
    q: Num,
    #[serde(rename = "T")]
    at: i64,
    /// The buyer's order stood in the book: the taker sold.
    m: bool,
    /// How a trade of a contract came about.
    #[serde(rename = "X")]
    made: Option<&'a str>,
}

impl<'a> Trade<'a> {
    /// A trade of spot.
    fn usual(text: &'a str) -> Result<Self, Unusual> {
        let mut rest = Reader::new(text);
        rest.word(r#"{"e":"trade","E":"#)?;
        rest.signed()?;
        rest.word(r#","s":"#)?;
        let s = Cow::Borrowed(rest.text()?);
        rest.word(r#","t":"#)?;
        let t = rest.natural()?;
        rest.word(r#","p":"#)?;
        let p = number(&mut rest)?;
        rest.word(r#","q":"#)?;
        let q = number(&mut rest)?;
        rest.word(r#","T":"#)?;
        let at = rest.signed()?;
        let m = maker(&mut rest)?;
        Ok(Self { s, t, p, q, at, m, made: None })
    }
}

/// A number that stands between quotes.
fn number(rest: &mut Reader<'_>) -> Result<Num, Unusual> {
    wire::decimal(rest.text()?).map(Num).map_err(|_| Unusual)
}

/// How a trade's members end: whether the buyer's order stood in the book, and something that is to be ignored.
fn maker(rest: &mut Reader<'_>) -> Result<bool, Unusual> {
    rest.word(r#","m":"#)?;
    let maker = rest.truth()?;
    rest.word(r#","M":"#)?;
    rest.truth()?;
    rest.word("}")?;
    rest.end().map(|()| maker)
}

/// One trade.
pub(super) fn trade(at: &Frame<'_>, text: &str) -> Words<Event> {
    let Trade { s, t, p, q, at: time, m, made } = Trade::usual(text).or_else(|Unusual| parse(text))?;
    match made {
        None | Some("MARKET" | "LIQUIDATION") => {}
        Some("INSURANCE_FUND" | "ADL" | "NA") => {
            return Ok(Event::Ignored("a contract that changed hands outside of the book"));
        }
        Some(other) => return Err(format!("a trade made by {other:.24}")),
    }
    printed(at, &s, t, p, q, time, m)
}

#[derive(Deserialize, Debug, PartialEq)]
struct Aggregate<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    a: u64,
    p: Num,
    q: Num,
    #[serde(rename = "T")]
    at: i64,
    m: bool,
}

impl<'a> Aggregate<'a> {
    /// An aggregate of spot.
    fn usual(text: &'a str) -> Result<Self, Unusual> {
        let mut rest = Reader::new(text);
        rest.word(r#"{"e":"aggTrade","E":"#)?;
        rest.signed()?;
        rest.word(r#","s":"#)?;
        let s = Cow::Borrowed(rest.text()?);
        rest.word(r#","a":"#)?;
        let a = rest.natural()?;
        rest.word(r#","p":"#)?;
        let p = number(&mut rest)?;
        rest.word(r#","q":"#)?;
        let q = number(&mut rest)?;
        rest.word(r#","f":"#)?;
        rest.natural()?;
        rest.word(r#","l":"#)?;
        rest.natural()?;
        rest.word(r#","T":"#)?;
        let at = rest.signed()?;
        let m = maker(&mut rest)?;
        Ok(Self { s, a, p, q, at, m })
    }
}

/// What one order took at one price.
pub(super) fn aggregate(at: &Frame<'_>, text: &str) -> Words<Event> {
    let Aggregate { s, a, p, q, at: time, m } = Aggregate::usual(text).or_else(|Unusual| parse(text))?;
    printed(at, &s, a, p, q, time, m)
}

fn printed(at: &Frame<'_>, symbol: &str, id: u64, p: Num, q: Num, time: i64, maker_bought: bool) -> Words<Event> {
    if q.0.is_zero() {
        return Err("a trade of nothing".to_owned());
    }
    Ok(Event::Trade(PublicTrade {
        market: at.market(symbol)?,
        id: Some(id.to_string()),
        at: instant(time)?,
        side: Some(if maker_bought { Side::Sell } else { Side::Buy }),
        price: wire::price(p.0)?,
        quantity: wire::quantity(q.0)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRADE: &str = r#"{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.00100000","q":"100.50","T":1672515782135,"m":true,"M":true}"#;
    const AGGREGATE: &str = r#"{"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":12345,"p":"0.001","q":"100","f":100,"l":105,"T":1672515782135,"m":false,"M":true}"#;

    #[test]
    fn the_usual_order_is_met() {
        assert_eq!(Trade::usual(TRADE).ok().unwrap(), parse(TRADE).unwrap());
        assert_eq!(Aggregate::usual(AGGREGATE).ok().unwrap(), parse(AGGREGATE).unwrap());
    }

    #[test]
    fn another_order_is_read_by_name() {
        let other = TRADE.replace(r#""e":"trade","E":1672515782136,"#, "").replace('{', r#"{"E":1672515782136,"#);
        assert!(Trade::usual(&other).is_err());
        assert_eq!(parse::<Trade<'_>>(&other), parse(TRADE));
    }

    proptest! {
        #[test]
        fn what_is_read_in_order_is_what_is_read_by_name(
            which in any::<bool>(),
            at in any::<prop::sample::Index>(),
            cut in 0_usize..4,
            put in prop_oneof!["[-0-9.eE\"\\\\,:{} a-zA-Z]{0,4}", "\\PC{0,2}"],
        ) {
            let whole = if which { TRADE } else { AGGREGATE };
            let from = at.index(whole.len());
            let damaged = format!("{}{put}{}", &whole[..from], &whole[(from + cut).min(whole.len())..]);
            if let Ok(trade) = Trade::usual(&damaged) {
                prop_assert_eq!(Ok(trade), parse(&damaged));
            }
            if let Ok(aggregate) = Aggregate::usual(&damaged) {
                prop_assert_eq!(Ok(aggregate), parse(&damaged));
            }
        }
    }
}

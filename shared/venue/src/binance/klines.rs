//! Candles: what is asked, and what the answer means. Both are pure.

use crate::Bars;
use crate::protocol::Product;
use desk::id::Symbol;
use desk::market::Candle;
use desk::time::{Interval, Timestamp};
use serde_json::Value;

/// The bar lengths the exchange knows.
const INTERVALS: [&str; 15] =
    ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w"];
/// The most rows one answer has.
const ROWS: u32 = 1000;

/// The exchange's name of a bar length, if it has bars of it. Only spot has bars of a second.
pub(super) fn name(interval: Interval, product: Product) -> Result<String, String> {
    let name = interval.to_string();
    let known = INTERVALS.contains(&name.as_str()) && (product == Product::Spot || name != "1s");
    if known { Ok(name) } else { Err(format!("the exchange has no {name} bars; it has {}", INTERVALS.join(", "))) }
}

/// The path and query that ask for bars which begin behind `after`, or for the newest.
///
/// # Errors
/// A reason, if the exchange has no bars of that length.
pub fn path(symbol: &Symbol, interval: Interval, after: Option<Timestamp>, limit: u32) -> Result<String, String> {
    let name = name(interval, Product::Spot)?;
    let from = after.map(|after| format!("&startTime={}", after.plus_ms(1).ms())).unwrap_or_default();
    Ok(format!("/api/v3/klines?symbol={symbol}&interval={name}&limit={}{from}", limit.min(ROWS)))
}

/// What an answer says. `now` is the exchange's own time: a bar is closed when that says so.
///
/// # Errors
/// A reason, if anything of the answer is not as documented: then none of it is believed.
pub fn parse(body: &[u8], interval: Interval, now: Timestamp) -> Result<Bars, String> {
    let rows: Vec<Vec<Value>> =
        serde_json::from_slice(body).map_err(|e| format!("the answer is no list of candles: {e}"))?;
    let mut bars = Bars::default();
    for (number, row) in rows.iter().enumerate() {
        let candle = candle(row).map_err(|what| format!("candle {number} of the answer: {what}"))?;
        if candle.close_time(interval) <= now {
            bars.closed.push(candle);
        } else {
            // Behind the first one that has not closed nothing counts: our knowledge of the time is a second behind.
            bars.begun = Some(candle);
            break;
        }
    }
    Ok(bars)
}

fn candle(row: &[Value]) -> Result<Candle, String> {
    let [open_time, open, high, low, close, volume, ..] = row else {
        return Err(format!("{} fields, not 12", row.len()));
    };
    let open_time = open_time.as_i64().ok_or_else(|| format!("{open_time} is no time in ms"))?;
    Ok(Candle {
        open_time: Timestamp::from_ms(open_time),
        open: number("open", open)?,
        high: number("high", high)?,
        low: number("low", low)?,
        close: number("close", close)?,
        volume: number("volume", volume)?,
    })
}

/// A decimal in a string, as the exchange writes them: a JSON number would have lost digits.
fn number<T: std::str::FromStr>(what: &str, value: &Value) -> Result<T, String> {
    let text = value.as_str().and_then(|text| text.parse().ok());
    text.ok_or_else(|| format!("{what} {value} is no decimal in a string"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn hour() -> Interval {
        Interval::from_ms(HOUR).unwrap()
    }

    fn row(open_time: i64, close: &str) -> String {
        format!(
            r#"[{open_time},"100.10","101.00","99.00","{close}","12.5",{},"0",7,"0","0","0"]"#,
            open_time + HOUR - 1
        )
    }

    fn parse_rows(rows: &[String], now: i64) -> Result<Bars, String> {
        parse(format!("[{}]", rows.join(",")).as_bytes(), hour(), Timestamp::from_ms(now))
    }

    #[test]
    fn what_has_not_closed_by_the_exchange_s_clock_has_only_begun() {
        let rows = [row(0, "100.5"), row(HOUR, "100.6"), row(2 * HOUR, "100.7")];
        let bars = parse_rows(&rows, 2 * HOUR).unwrap();
        assert_eq!(bars.closed.iter().map(|c| c.open_time.ms()).collect::<Vec<_>>(), [0, HOUR]);
        assert_eq!(bars.begun.map(|c| c.open.to_string()).as_deref(), Some("100.1"));
        let late = parse_rows(&rows, 2 * HOUR - 1).unwrap();
        assert_eq!((late.closed.len(), late.begun.map(|c| c.open_time.ms())), (1, Some(HOUR)));
        assert_eq!(parse_rows(&rows, 9 * HOUR).unwrap().begun, None);
    }

    #[test]
    fn an_answer_that_is_not_as_documented_is_not_believed_at_all() {
        let good = row(0, "100.5");
        for (bad, says) in [
            (row(HOUR, "NaN"), "candle 1 of the answer: close"),
            (row(HOUR, "-1"), "close"),
            (row(HOUR, "").replace(r#""12.5""#, "12.5"), "close"),
            (row(HOUR, "1").replace(r#""12.5""#, "12.5"), "volume 12.5 is no decimal in a string"),
            ("[1,2]".to_owned(), "2 fields"),
            ("{}".to_owned(), "no list of candles"),
        ] {
            let error = parse_rows(&[good.clone(), bad], 9 * HOUR).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        let html = parse(b"<html>busy</html>", hour(), Timestamp::from_ms(0)).unwrap_err();
        assert!(html.contains("no list of candles"), "{html}");
    }

    #[test]
    fn the_question_names_the_first_bar_wanted() {
        let symbol = Symbol::new("BTCUSDT").unwrap();
        let asked = |after| path(&symbol, hour(), after, 5000).unwrap();
        assert_eq!(asked(None), "/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=1000");
        assert!(asked(Some(Timestamp::from_ms(7))).ends_with("&startTime=8"));
        let odd = Interval::from_ms(7 * 60_000).unwrap();
        assert!(path(&symbol, odd, None, 1).unwrap_err().contains("no 7m bars"));
    }
}

//! One row: which column is what, and from text to a candle.

use super::lines::Line;
use desk::market::{Candle, CandleFault};
use desk::money::{MoneyError, Price, Quantity};
use desk::time::Timestamp;
use std::str::FromStr;
use thiserror::Error;

/// What is wrong with a line of the file.
#[derive(Debug, Error)]
pub enum Fault {
    /// The file holds nothing at all.
    #[error("the file is empty; its first line must name the columns timestamp_ms,open,high,low,close,volume")]
    NoHeader,
    /// A column that must be there is not.
    #[error(
        "there is no column {column} in {header:?}; \
         the first line must name the columns timestamp_ms,open,high,low,close,volume"
    )]
    NoColumn {
        /// The column.
        column: &'static str,
        /// What the first line says, cut to 100 characters.
        header: String,
    },
    /// Two columns have the same name.
    #[error("the column {column} is named twice; remove one of the two")]
    ColumnTwice {
        /// The column.
        column: &'static str,
    },
    /// The bytes are not text.
    #[error("the line is not UTF-8 text; is this a CSV file?")]
    NotUtf8,
    /// The line is longer than any row can be.
    #[error("the line is longer than {bytes_max} bytes; is this a CSV file?")]
    LongLine {
        /// The longest line that is read.
        bytes_max: u64,
    },
    /// The compressed data stops before its end.
    #[error("the gzip data is cut short here; fetch the file again")]
    GzipCutShort,
    /// The system or the decoder gives an error.
    #[error("the file can't be read on: {0}; if it is damaged, fetch it again")]
    Unreadable(#[source] std::io::Error),
    /// A line between the rows says nothing.
    #[error("the line is empty and more rows follow; is a row missing?")]
    Blank,
    /// There are more or fewer fields than columns.
    #[error("the header names {expected} fields, and here are {found}")]
    FieldCount {
        /// As many as the header has.
        expected: usize,
        /// As many as the row has.
        found: usize,
    },
    /// The file ends in the middle of a row.
    #[error("the file ends in the middle of this row, after {found} of {expected} fields; fetch the file again")]
    CutShort {
        /// As many as the header has.
        expected: usize,
        /// As many as are whole.
        found: usize,
    },
    /// A field says nothing.
    #[error("{column} is empty")]
    Empty {
        /// The column.
        column: &'static str,
    },
    /// A field is not a number of its kind.
    #[error("{column}: {source}")]
    Value {
        /// The column.
        column: &'static str,
        /// What is wrong with the number.
        source: MoneyError,
    },
    /// A time is not a whole number.
    #[error("timestamp_ms: {text:?} is not a time; UTC milliseconds since 1970 are expected, like 1672531200000")]
    Time {
        /// What was given, cut to 64 characters.
        text: String,
    },
    /// A time at which nothing was traded, so that it's probably in another unit.
    #[error("timestamp_ms: {text} is outside 2009-01-01..2100-01-01; UTC milliseconds are expected{hint}")]
    TimeRange {
        /// What was given.
        text: String,
        /// The unit it would make sense in, as the end of the sentence.
        hint: &'static str,
    },
    /// The bar contradicts itself or the bar before it.
    #[error(transparent)]
    Candle(CandleFault),
}

/// 2009-01-01, before which there was no coin to trade.
const FIRST_MS: i64 = 1_230_768_000_000;
/// 2100-01-01.
const END_MS: i64 = 4_102_444_800_000;

/// Where each value stands in a row.
pub(super) struct Columns {
    width: usize,
    time: usize,
    open: usize,
    high: usize,
    low: usize,
    close: usize,
    volume: Option<usize>,
}

impl Columns {
    /// Reads the header. A byte order mark is no part of the first name.
    pub(super) fn of(header: &str) -> Result<Self, Fault> {
        let header = header.strip_prefix('\u{feff}').unwrap_or(header);
        let names: Vec<&str> = header.split(',').collect();
        let find = |column: &'static str| {
            let mut places = names.iter().enumerate().filter(|(_, name)| **name == column).map(|(place, _)| place);
            match (places.next(), places.next()) {
                (_, Some(_)) => Err(Fault::ColumnTwice { column }),
                (place, None) => Ok(place),
            }
        };
        let must = |column: &'static str| {
            find(column)?.ok_or_else(|| Fault::NoColumn { column, header: header.chars().take(100).collect() })
        };
        Ok(Self {
            width: names.len(),
            time: must("timestamp_ms")?,
            open: must("open")?,
            high: must("high")?,
            low: must("low")?,
            close: must("close")?,
            volume: find("volume")?,
        })
    }

    /// Reads a row; a missing volume column means that nothing is known to have been traded.
    pub(super) fn candle(&self, line: &Line<'_>) -> Result<Candle, Fault> {
        let row = Row { columns: self, ended: line.ended, fields: line.text.split(',').collect() };
        let (found, expected) = (row.fields.len(), self.width);
        if found != expected {
            let cut = !line.ended && found < expected;
            return Err(if cut { row.cut_short() } else { Fault::FieldCount { expected, found } });
        }
        Ok(Candle {
            open_time: time(row.field("timestamp_ms", self.time)?)?,
            open: row.number::<Price>("open", self.open)?,
            high: row.number::<Price>("high", self.high)?,
            low: row.number::<Price>("low", self.low)?,
            close: row.number::<Price>("close", self.close)?,
            volume: self.volume.map_or(Ok(Quantity::ZERO), |place| row.number("volume", place))?,
        })
    }
}

struct Row<'a> {
    columns: &'a Columns,
    ended: bool,
    fields: Vec<&'a str>,
}

impl Row<'_> {
    fn field(&self, column: &'static str, place: usize) -> Result<&str, Fault> {
        match self.fields.get(place) {
            Some(text) if !text.is_empty() => Ok(text),
            // The comma before the last field is there and the field is not.
            _ if !self.ended && place + 1 == self.columns.width => Err(self.cut_short()),
            _ => Err(Fault::Empty { column }),
        }
    }

    fn number<T: FromStr<Err = MoneyError>>(&self, column: &'static str, place: usize) -> Result<T, Fault> {
        self.field(column, place)?.parse().map_err(|source| Fault::Value { column, source })
    }

    /// The last field of a row that breaks off is not whole, even if something of it is there.
    fn cut_short(&self) -> Fault {
        Fault::CutShort { expected: self.columns.width, found: self.fields.len().saturating_sub(1) }
    }
}

fn time(text: &str) -> Result<Timestamp, Fault> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::Time { text: text.chars().take(64).collect() });
    }
    match text.parse::<i64>() {
        Ok(ms) if (FIRST_MS..END_MS).contains(&ms) => Ok(Timestamp::from_ms(ms)),
        other => Err(Fault::TimeRange { text: text.chars().take(64).collect(), hint: other.map_or("", unit) }),
    }
}

/// The unit in which the number would be a time.
fn unit(number: i64) -> &'static str {
    let sane = |ms| (FIRST_MS..END_MS).contains(&ms);
    if sane(number.saturating_mul(1000)) {
        "; this looks like seconds: multiply by 1000"
    } else if sane(number / 1000) {
        "; this looks like microseconds: divide by 1000"
    } else if sane(number / 1_000_000) {
        "; this looks like nanoseconds: divide by 1000000"
    } else {
        ""
    }
}

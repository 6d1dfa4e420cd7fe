//! Bars in Parquet: every number exact, and whose they are in the file itself.
//!
//! | column | type |
//! |---|---|
//! | `open_time` | INT64, TIMESTAMP(MILLIS, UTC): the bar's first instant |
//! | `open`, `high`, `low`, `close`, `volume` | FIXED_LEN_BYTE_ARRAY(16), DECIMAL(38, scale) |
//!
//! A column's scale is the largest that one of its numbers needs; no number is rounded. The file's metadata name what
//! [`Facts`] holds. A file is written beside its place, flushed, and moved there: it is there whole, or it is not.

use super::gaps::Gap;
use anyhow::{Context, anyhow, bail};
use desk::market::Candle;
use desk::money::{Price, Quantity};
use desk::time::{Interval, Timestamp};
use parquet::basic::Compression;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{DataType, FixedLenByteArray, FixedLenByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The columns behind `open_time`, in order.
const NUMBERS: [&str; 5] = ["open", "high", "low", "close", "volume"];
/// How many rows lie together.
const GROUP: usize = 65_536;
/// The key of the metadata.
const KEY: &str = "ballast";

/// Whose bars a file holds, in its metadata under the key `ballast`, as JSON; the plain ones under their own names, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The version of this layout: 1.
    pub version: u32,
    /// The venue's id.
    pub venue: String,
    /// The venue's own name of the market.
    pub symbol: String,
    /// Its unified name.
    pub market: String,
    /// What is bought and sold.
    pub base: String,
    /// What pays for it.
    pub quote: String,
    /// A step that every price of the file is on: the venue's, or a power of ten.
    pub tick: String,
    /// The venue's step of quantities.
    pub lot: Option<String>,
    /// The bars' length.
    pub interval: Interval,
    /// The server.
    pub source: String,
    /// When the pull ended.
    pub pulled_at: Timestamp,
    /// The beginning of what was asked for.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// How many bars are missing in it.
    pub missing: u64,
    /// How many gaps there are.
    pub gap_count: u64,
    /// The first thousand of them.
    pub gaps: Vec<Gap>,
}

/// The largest scale of each number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scales([u32; 5]);

impl Scales {
    /// Makes room for a bar.
    pub fn take(&mut self, bar: &Candle) {
        for (scale, number) in self.0.iter_mut().zip(numbers(bar)) {
            *scale = (*scale).max(number.normalize().scale());
        }
    }

    /// The power of ten that every price is on.
    #[must_use]
    pub fn step(&self) -> Decimal {
        let [open, high, low, close, _] = self.0;
        Decimal::new(1, open.max(high).max(low).max(close))
    }
}

const fn numbers(bar: &Candle) -> [Decimal; 5] {
    [bar.open.value(), bar.high.value(), bar.low.value(), bar.close.value(), bar.volume.value()]
}

/// A file being written.
pub struct Writer {
    inner: SerializedFileWriter<File>,
    scales: Scales,
    rows: Vec<Candle>,
    beside: PathBuf,
    place: PathBuf,
}

impl Writer {
    /// Begins the file that will lie at `place`.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn create(place: &Path, facts: &Facts, scales: Scales) -> anyhow::Result<Self> {
        let columns = NUMBERS.iter().zip(scales.0);
        let columns =
            columns.map(|(name, scale)| format!("REQUIRED FIXED_LEN_BYTE_ARRAY (16) {name} (DECIMAL (38, {scale}));"));
        let columns: String = columns.collect();
        let schema = format!("message bars {{ REQUIRED INT64 open_time (TIMESTAMP (MILLIS, true)); {columns} }}");
        let schema = Arc::new(parse_message_type(&schema)?);
        let json = serde_json::to_string(facts)?;
        let plain = [
            (KEY, json),
            ("venue", facts.venue.clone()),
            ("symbol", facts.symbol.clone()),
            ("interval", facts.interval.to_string()),
            ("source", facts.source.clone()),
            ("pulled_at", facts.pulled_at.to_string()),
        ];
        let plain = plain.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("ballast".to_owned())
            .set_key_value_metadata(Some(plain));
        let mut beside = place.as_os_str().to_owned();
        beside.push(".tmp");
        let beside = PathBuf::from(beside);
        let file = File::create(&beside).with_context(|| format!("{}: can't be written", beside.display()))?;
        let inner = SerializedFileWriter::new(file, schema, Arc::new(properties.build()))?;
        Ok(Self { inner, scales, rows: Vec::new(), beside, place: place.to_owned() })
    }

    /// Adds a bar.
    ///
    /// # Errors
    /// If it can't be written, or a number does not fit 38 digits.
    pub fn take(&mut self, bar: &Candle) -> anyhow::Result<()> {
        self.rows.push(*bar);
        if self.rows.len() >= GROUP { self.group() } else { Ok(()) }
    }

    /// Writes the rows that are waiting.
    fn group(&mut self) -> anyhow::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let mut group = self.inner.next_row_group()?;
        let times: Vec<i64> = rows.iter().map(|bar| bar.open_time.ms()).collect();
        let mut column = group.next_column()?.context("the schema has no column of times")?;
        column.typed::<Int64Type>().write_batch(&times, None, None)?;
        column.close()?;
        for (at, scale) in self.scales.0.into_iter().enumerate() {
            let number = |bar: &Candle| numbers(bar).get(at).copied().unwrap_or_default();
            let cells: anyhow::Result<Vec<_>> = rows.iter().map(|bar| cell(number(bar), scale)).collect();
            let mut column = group.next_column()?.context("the schema has too few columns")?;
            column.typed::<FixedLenByteArrayType>().write_batch(&cells?, None, None)?;
            column.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// Ends the file and moves it to its place.
    ///
    /// # Errors
    /// If it can't be written; there is nothing at its place then.
    pub fn finish(mut self) -> anyhow::Result<()> {
        if !self.rows.is_empty() {
            self.group()?;
        }
        self.inner.into_inner()?.sync_all()?;
        let moved = std::fs::rename(&self.beside, &self.place);
        moved.with_context(|| format!("{}: can't be moved to its place", self.place.display()))
    }
}

/// A number times ten to the scale, in 16 bytes, the highest first.
fn cell(number: Decimal, scale: u32) -> anyhow::Result<FixedLenByteArray> {
    const DIGITS: i128 = 10_i128.pow(38);
    let number = number.normalize();
    let factor = scale.checked_sub(number.scale()).and_then(|more| 10_i128.checked_pow(more));
    let whole = factor.and_then(|factor| number.mantissa().checked_mul(factor));
    let whole = whole.filter(|whole| whole.abs() < DIGITS);
    let whole = whole.ok_or_else(|| anyhow!("{number} has more than 38 digits with {scale} decimals"))?;
    Ok(FixedLenByteArray::from(whole.to_be_bytes().to_vec()))
}

/// Reads a file of bars, and checks that they follow each other.
///
/// # Errors
/// If it can't be read, is not one of ours, or holds a bar that can't be believed, naming its row.
pub fn read(path: &Path) -> anyhow::Result<(Facts, Vec<Candle>)> {
    read_all(path).with_context(|| path.display().to_string())
}

fn read_all(path: &Path) -> anyhow::Result<(Facts, Vec<Candle>)> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    let facts = facts_of(&reader)?;
    let mut bars: Vec<Candle> = Vec::new();
    for at in 0..reader.num_row_groups() {
        let group = reader.get_row_group(at)?;
        let rows = usize::try_from(group.metadata().num_rows())?;
        let times = column::<Int64Type>(&*group, 0, "open_time", rows)?;
        let mut columns = Vec::new();
        for (at, name) in (1..).zip(NUMBERS) {
            let scale = u32::try_from(group.metadata().schema_descr().column(at).type_scale())?;
            let cells = column::<FixedLenByteArrayType>(&*group, at, name, rows)?;
            let numbers: anyhow::Result<Vec<Decimal>> = cells.iter().map(|cell| number(cell.data(), scale)).collect();
            columns.push(numbers.with_context(|| name.to_owned())?.into_iter());
        }
        for at in times {
            let mut next = || columns.iter_mut().map(Iterator::next).collect::<Option<Vec<Decimal>>>();
            let row = bars.len() + 1;
            let bar = next().and_then(|numbers| bar(at, &numbers)).with_context(|| format!("row {row}: no bar"))?;
            super::believe(&bar, bars.last(), facts.interval).with_context(|| format!("row {row}"))?;
            bars.push(bar);
        }
    }
    if bars.is_empty() {
        bail!("there is no bar in it");
    }
    Ok((facts, bars))
}

fn facts_of(reader: &SerializedFileReader<File>) -> anyhow::Result<Facts> {
    let metadata = reader.metadata().file_metadata().key_value_metadata();
    let ours = metadata.into_iter().flatten().find(|pair| pair.key == KEY).and_then(|pair| pair.value.as_ref());
    let ours = ours.context("it tells no market: only files of `ballast data pull` can be read")?;
    let facts: Facts = serde_json::from_str(ours).context("its metadata can't be read")?;
    if facts.version != 1 {
        bail!("it is of version {}, and this is version 1", facts.version);
    }
    Ok(facts)
}

fn column<T: DataType>(group: &dyn RowGroupReader, at: usize, name: &str, rows: usize) -> anyhow::Result<Vec<T::T>> {
    let schema = group.metadata().schema_descr();
    let fits = at < schema.num_columns()
        && schema.column(at).name() == name
        && schema.column(at).physical_type() == T::get_physical_type();
    if !fits {
        bail!("column {at} is not {name} as `ballast data pull` writes it");
    }
    let mut values = Vec::with_capacity(rows);
    let mut reader = get_typed_column_reader::<T>(group.get_column_reader(at)?);
    while values.len() < rows {
        let (_, read, _) = reader.read_records(rows - values.len(), None, None, &mut values)?;
        if read == 0 {
            bail!("column {name} ends after {} of {rows} rows", values.len());
        }
    }
    Ok(values)
}

fn number(cell: &[u8], scale: u32) -> anyhow::Result<Decimal> {
    let whole = i128::from_be_bytes(cell.try_into().context("a number is not 16 bytes long")?);
    // Zeros that the column's scale has added go first: what was written then always fits.
    let (mut whole, mut scale) = (whole, scale);
    while scale > 0 && whole % 10 == 0 {
        (whole, scale) = (whole / 10, scale - 1);
    }
    Ok(Decimal::try_from_i128_with_scale(whole, scale)?)
}

fn bar(at: i64, numbers: &[Decimal]) -> Option<Candle> {
    let [open, high, low, close, volume] = numbers else { return None };
    let price = |number: &Decimal| Price::new(*number).ok();
    Some(Candle {
        open_time: Timestamp::from_ms(at),
        open: price(open)?,
        high: price(high)?,
        low: price(low)?,
        close: price(close)?,
        volume: Quantity::new(*volume).ok()?,
    })
}

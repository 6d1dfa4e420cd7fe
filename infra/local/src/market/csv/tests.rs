use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

const HEADER: &str = "timestamp_ms,open,high,low,close,volume";
const GOOD: &str = "1672531200000,10,12,9,11,5\n1672531260000,11,13,10,12,0\n1672531320000,12,12,12,12,1.5\n";

/// A file in a folder of its own, gone when the test is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("ballast-csv-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, bytes).unwrap();
        Self(file)
    }

    fn load(&self, tick: &str) -> Result<Series, FileError> {
        load(&self.0, None, tick.parse().unwrap(), "0.00001".parse().unwrap())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn loaded(bytes: impl AsRef<[u8]>) -> Result<Series, FileError> {
    Scratch::new("bars.csv", bytes.as_ref()).load("0.01")
}

/// The fault of the second row, which must be named as row 2 and line 3.
fn second_row(row: &str) -> Fault {
    fault_at(format!("{HEADER}\n1672531200000,10,12,9,11,5\n{row}\n1672531320000,12,12,12,12,1\n"), 2)
}

fn fault_at(bytes: impl AsRef<[u8]>, expected: u64) -> Fault {
    match loaded(bytes) {
        Err(FileError::Row { path, row, line, fault }) => {
            assert!(path.ends_with("bars.csv"));
            assert_eq!((row, line), (expected, expected + 1), "{fault}");
            fault
        }
        other => panic!("not a fault of a row: {other:?}"),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_good_file_loads_with_every_value_where_its_column_is() {
    let series = loaded(format!("{HEADER}\n{GOOD}")).unwrap();
    assert_eq!(series.instrument.symbol.as_str(), "BARS");
    assert_eq!(series.interval, Interval::MINUTE);
    let text = |c: &Candle| format!("{} {} {} {} {} {}", c.open_time.ms(), c.open, c.high, c.low, c.close, c.volume);
    let rows: Vec<String> = series.candles.iter().map(text).collect();
    assert_eq!(rows, ["1672531200000 10 12 9 11 5", "1672531260000 11 13 10 12 0", "1672531320000 12 12 12 12 1.5"]);
}

#[test]
fn columns_come_in_any_order_and_among_others() {
    let series = loaded("low,note,close,open,timestamp_ms,high\n9,,11,10,1672531200000,12\n9,x,9,9,1672531260000,9\n");
    let first = series.unwrap().candles[0];
    assert_eq!([first.open, first.high, first.low, first.close].map(|p| p.to_string()), ["10", "12", "9", "11"]);
    assert_eq!(first.volume, Quantity::ZERO);
}

#[test]
fn gzip_line_ends_of_windows_and_a_last_line_without_one_change_nothing() {
    let plain = loaded(format!("{HEADER}\n{GOOD}")).unwrap();
    let text = format!("{HEADER}\n{GOOD}");
    assert_eq!(loaded(gzip(text.as_bytes())).unwrap(), plain);
    assert_eq!(loaded(text.replace('\n', "\r\n")).unwrap(), plain);
    assert_eq!(loaded(format!("\u{feff}{text}\n\n")).unwrap(), plain);
    assert_eq!(loaded(text.trim_end()).unwrap(), plain);
    let (head, tail) = text.as_bytes().split_at(60);
    assert_eq!(loaded([gzip(head), gzip(tail)].concat()).unwrap(), plain);
}

#[test]
fn the_symbol_given_goes_before_the_name_of_the_file() {
    let file = Scratch::new("binance-spot_ETHUSDT_1m_a_b.csv", format!("{HEADER}\n{GOOD}").as_bytes());
    assert_eq!(file.load("0.01").unwrap().instrument.base.as_str(), "ETH");
    let given = Some(Symbol::new("BTC-EUR").unwrap());
    let series = load(&file.0, given, "0.01".parse().unwrap(), "1".parse().unwrap()).unwrap();
    assert_eq!(series.instrument.quote.as_str(), "EUR");
}

#[test]
fn a_header_that_is_missing_or_lacks_a_column_is_refused_by_the_name_of_the_column() {
    for (header, column) in [
        ("timestamp_ms,open,high,low,volume", "close"),
        ("time,open,high,low,close", "timestamp_ms"),
        ("1672531200000,10,12,9,11,5", "timestamp_ms"),
    ] {
        let refused = loaded(format!("{header}\n{GOOD}"));
        let Err(FileError::Header { fault: Fault::NoColumn { column: named, .. }, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(named, column);
    }
    let twice = loaded(format!("{HEADER},open\n{GOOD}"));
    assert!(matches!(twice, Err(FileError::Header { fault: Fault::ColumnTwice { column: "open" }, .. })));
    assert!(matches!(loaded(""), Err(FileError::Header { fault: Fault::NoHeader, .. })));
}

#[test]
fn a_row_with_too_few_too_many_or_empty_fields_is_refused() {
    let few = second_row("1672531260000,11,13,10,12");
    assert!(matches!(few, Fault::FieldCount { expected: 6, found: 5 }));
    let many = second_row("1672531260000,11,13,10,12,0,7");
    assert!(matches!(many, Fault::FieldCount { expected: 6, found: 7 }));
    assert!(matches!(second_row("1672531260000,11,,10,12,0"), Fault::Empty { column: "high" }));
    assert!(matches!(second_row("1672531260000,11,13,10,12,"), Fault::Empty { column: "volume" }));
    assert!(matches!(second_row(""), Fault::Blank));
}

#[test]
fn a_value_that_is_no_plain_decimal_or_out_of_range_is_refused() {
    for bad in ["NaN", "inf", "-inf", "1e5", "-1", "0", "0.00", " 11", "+11", "0x10", "1.", "\"11\"", "abc"] {
        for (column, row) in [
            ("open", format!("1672531260000,{bad},13,10,12,0")),
            ("high", format!("1672531260000,11,{bad},10,12,0")),
            ("low", format!("1672531260000,11,13,{bad},12,0")),
            ("close", format!("1672531260000,11,13,10,{bad},0")),
        ] {
            let fault = second_row(&row);
            assert!(matches!(fault, Fault::Value { column: named, .. } if named == column), "{row}: {fault}");
        }
    }
    for bad in ["NaN", "inf", "-1", "-0.001", "1e5", "1.5999999999999999e-05"] {
        let fault = second_row(&format!("1672531260000,11,13,10,12,{bad}"));
        assert!(matches!(fault, Fault::Value { column: "volume", .. }), "{bad}: {fault}");
    }
}

#[test]
fn a_bar_that_its_high_and_low_do_not_enclose_is_refused() {
    for row in ["1672531260000,11,11.5,10,12,0", "1672531260000,11,13,11.5,12,0", "1672531260000,11,10,13,12,0"] {
        assert!(matches!(second_row(row), Fault::Candle(CandleFault::Inconsistent { .. })), "{row}");
    }
}

#[test]
fn times_that_repeat_go_back_or_overlap_are_refused_with_their_row() {
    let rows = |times: [i64; 5]| {
        let rows: Vec<String> = times.map(|t| format!("{},10,12,9,11,5\n", 1_672_531_200_000 + t * 1000)).into();
        format!("{HEADER}\n{}", rows.concat())
    };
    assert!(matches!(fault_at(rows([0, 60, 60, 120, 180]), 3), Fault::Candle(CandleFault::Duplicate { .. })));
    assert!(matches!(fault_at(rows([0, 60, 120, 60, 180]), 4), Fault::Candle(CandleFault::Backwards { .. })));
    assert!(matches!(fault_at(rows([0, 60, 120, 180, 210]), 5), Fault::Candle(CandleFault::Overlap { .. })));
    assert!(matches!(fault_at(rows([0, 0, 0, 0, 0]), 2), Fault::Candle(CandleFault::Duplicate { .. })));
    assert!(matches!(fault_at(rows([9, 8, 7, 6, 5]), 2), Fault::Candle(CandleFault::Backwards { .. })));
}

#[test]
fn a_time_in_another_unit_is_refused_and_the_unit_recognised() {
    for (time, unit) in [
        ("1672531260", "looks like seconds"),
        ("1672531260000000", "looks like microseconds"),
        ("1672531260000000000", "looks like nanoseconds"),
        ("-1", "UTC milliseconds"),
        ("99999999999999999999", "UTC milliseconds"),
        ("1230767999999", "UTC milliseconds"),
        ("4102444800000", "UTC milliseconds"),
        ("2023-01-01", "UTC milliseconds"),
        ("1672531260000.0", "UTC milliseconds"),
    ] {
        let said = second_row(&format!("{time},11,13,10,12,0")).to_string();
        assert!(said.contains(unit) && said.contains(time), "{said}");
    }
}

#[test]
fn bytes_that_are_not_text_and_lines_without_end_are_refused() {
    let mut bytes = format!("{HEADER}\n{GOOD}").into_bytes();
    bytes.extend_from_slice(b"1672531380000,10,12,9,1\xff,5\n");
    assert!(matches!(fault_at(&bytes, 4), Fault::NotUtf8));
    let endless = format!("{HEADER}\n{}", "1".repeat(100_000));
    assert!(matches!(fault_at(endless, 1), Fault::LongLine { .. }));
}

#[test]
fn a_file_that_ends_in_the_middle_of_a_row_is_refused() {
    let text = format!("{HEADER}\n{GOOD}");
    for cut in ["1672", "1672531380000,10,", "1672531380000,10,12,9,11", "1672531380000,10,12,9,11,"] {
        assert!(matches!(fault_at(format!("{text}{cut}"), 4), Fault::CutShort { .. }), "{cut}");
    }
}

#[test]
fn a_gzip_file_that_is_cut_short_anywhere_or_damaged_is_refused() {
    let whole = gzip(format!("{HEADER}\n{GOOD}").as_bytes());
    for length in 2..whole.len() {
        let said = loaded(&whole[..length]).unwrap_err().to_string();
        assert!(said.contains("the gzip data is cut short"), "{length}: {said}");
    }
    let mut damaged = whole.clone();
    *damaged.iter_mut().rev().nth(5).unwrap() ^= 1;
    assert!(matches!(fault_at(damaged, 4), Fault::Unreadable(_)));
}

#[test]
fn a_file_without_rows_is_refused() {
    assert!(matches!(loaded(HEADER), Err(FileError::NoRows { .. })));
    assert!(matches!(loaded(format!("{HEADER}\n\n")), Err(FileError::NoRows { .. })));
}

#[test]
fn one_row_alone_needs_the_length_of_a_bar_in_the_name_of_the_file() {
    let one = format!("{HEADER}\n1672531200000,10,12,9,11,5\n");
    assert!(matches!(loaded(&one), Err(FileError::OneRow { .. })));
    let named = Scratch::new("venue_BTCUSDT_4h_a_b.csv", one.as_bytes()).load("0.01").unwrap();
    assert_eq!(named.interval.to_string(), "4h");
}

#[test]
fn the_bar_length_is_the_most_frequent_step_and_not_what_the_name_says() {
    let rows = |minutes: &[i64]| {
        let row = |m: &i64| format!("{},10,12,9,11,5\n", 1_672_531_200_000 + m * 60_000);
        Scratch::new(
            "v_BTC_1h_a_b.csv",
            format!("{HEADER}\n{}", minutes.iter().map(row).collect::<String>()).as_bytes(),
        )
    };
    assert_eq!(rows(&[0, 5, 10, 70, 130]).load("0.01").unwrap().interval.to_string(), "5m");
    assert_eq!(rows(&[0, 7, 67, 74, 174]).load("0.01").unwrap().interval.to_string(), "7m");
    assert!(matches!(rows(&[0, 10_081]).load("0.01"), Err(FileError::Spacing { ms: 604_860_000, .. })));
}

#[test]
fn a_price_off_the_tick_is_refused_with_the_step_that_fits_the_whole_file() {
    let finest = "1672531380000,10,12,9,11.005,5\n1672531440000,10,12,9.0001,11,5\n1672531500000,9.5,12,9,11,5\n";
    let text = format!("{HEADER}\n{GOOD}{finest}");
    let file = Scratch::new("bars.csv", text.as_bytes());
    let refused = file.load("0.01").unwrap_err();
    let FileError::OffTick { row: 4, line: 5, price, finest, .. } = &refused else { panic!("{refused}") };
    assert_eq!((price.to_string(), finest.to_string()), ("11.005".to_owned(), "0.0001".to_owned()));
    let said = refused.to_string();
    assert!(said.contains("--tick 0.0001") && said.contains("--tick BARS:0.0001"), "{said}");
    assert_eq!(file.load("0.0001").unwrap().candles.len(), 6);
}

#[test]
fn a_price_off_the_tick_is_told_after_every_other_fault() {
    let text = format!("{HEADER}\n1672531200000,10.001,12,9,11,5\n");
    assert!(matches!(fault_at(format!("{text}1672531260000,NaN,12,9,11,5\n"), 2), Fault::Value { .. }));
    assert!(matches!(fault_at(format!("{text}1672531200000,10,12,9,11,5\n"), 2), Fault::Candle(_)));
}

#[test]
fn a_file_that_is_not_there_or_names_no_market_is_refused() {
    let (tick, lot) = ("0.01".parse().unwrap(), "1".parse().unwrap());
    let absent = std::env::temp_dir().join("ballast-no-such-file.csv");
    assert!(matches!(load(&absent, None, tick, lot), Err(FileError::Open { .. })));
    let nameless = Scratch::new("行情.csv", format!("{HEADER}\n{GOOD}").as_bytes());
    assert!(matches!(nameless.load("0.01"), Err(FileError::Nameless { .. })));
    let split = Scratch::new("v_BTC-USD-PERP_1m.csv", format!("{HEADER}\n{GOOD}").as_bytes());
    assert!(matches!(split.load("0.01"), Err(FileError::Market { .. })));
}

/// The folder of real files, or nothing where it is allowed to be absent.
fn testdata() -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/testdata"));
    let folder = std::env::var_os("BALLAST_TESTDATA").map_or_else(beside, PathBuf::from).join("market/ohlcv");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("BALLAST_REQUIRE_TESTDATA").is_none(), "{} is not there", folder.display());
    println!("skipped: {} is not there", folder.display());
    None
}

#[test]
fn real_files_load_whole_and_the_one_that_goes_backwards_is_refused_with_its_row() {
    let Some(folder) = testdata() else { return };
    let real = |name: &str| load(&folder.join(name), None, "0.01".parse().unwrap(), "0.00001".parse().unwrap());
    let binance = real("binance-spot_BTCUSDT_1h_20230101_20240630.csv.gz").unwrap();
    assert_eq!((binance.candles.len(), binance.interval.to_string().as_str()), (13_127, "1h"));
    assert_eq!(binance.instrument.symbol.as_str(), "BTCUSDT");
    match real("coinbase_BTC-USD_1h_20170701_20191017.csv.gz") {
        Err(FileError::Row { row, line, fault: Fault::Candle(CandleFault::Backwards { .. }), .. }) => {
            assert_eq!((row, line), (3206, 3207));
        }
        other => panic!("not refused as going backwards: {other:?}"),
    }
}

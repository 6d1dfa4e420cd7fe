//! What a file's name tells about its bars: `venue_SYMBOL_interval_from_to.csv`, perhaps with `.gz`.

use desk::id::Symbol;
use desk::time::Interval;
use std::path::Path;

/// The second of three or more fields, the first of two whose second is a bar length, else the whole name; in capitals
/// and without what no symbol has.
pub(super) fn symbol(path: &Path) -> Option<Symbol> {
    let stem = stem(path)?;
    let fields: Vec<&str> = stem.split('_').collect();
    let name = match fields.as_slice() {
        [_, symbol, _, ..] => symbol,
        [symbol, interval] if interval.parse::<Interval>().is_ok() => symbol,
        _ => stem.as_str(),
    };
    let known = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
    Symbol::new(name.to_ascii_uppercase().chars().filter(known).collect::<String>()).ok()
}

/// The first field after the venue that is a bar length.
pub(super) fn interval(path: &Path) -> Option<Interval> {
    stem(path)?.split('_').skip(1).find_map(|field| field.parse().ok())
}

/// The file's name without `.gz` and without the extension before it.
fn stem(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let unpacked = name.strip_suffix(".gz").unwrap_or(&name);
    Some(unpacked.rsplit_once('.').map_or(unpacked, |(stem, _)| stem).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symbol_is_the_second_field_or_the_whole_name() {
        for (file, expected) in [
            ("binance-spot_BTCUSDT_1h_20230101_20240630.csv.gz", Some("BTCUSDT")),
            ("bitvavo_btc-eur_1h.csv", Some("BTC-EUR")),
            ("/tmp/a_b_c/gapped.csv", Some("GAPPED")),
            ("BTC_EUR.csv", Some("BTC_EUR")),
            ("BTCUSDT_1h.csv", Some("BTCUSDT")),
            ("my bars (2).csv", Some("MYBARS2")),
            ("eth", Some("ETH")),
            ("行情.csv", None),
            ("..", None),
        ] {
            assert_eq!(symbol(Path::new(file)).as_ref().map(Symbol::as_str), expected, "{file}");
        }
    }

    #[test]
    fn the_bar_length_is_the_field_that_is_one() {
        let of = |file: &str| interval(Path::new(file)).map(|interval| interval.to_string());
        assert_eq!(of("coinbase_BTC-USD_1h_20170701_20191017.csv.gz").as_deref(), Some("1h"));
        assert_eq!(of("BTCUSDT_15m.csv").as_deref(), Some("15m"));
        assert_eq!(of("1h.csv"), None);
        assert_eq!(of("gapped.csv"), None);
    }
}

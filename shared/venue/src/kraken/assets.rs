//! Kraken's own names of currencies, and the common ones.

/// Currencies whose old name carries a class letter: X for crypto, Z for national ones. Newer currencies have none, so
/// that a letter alone says nothing (`ZETA`, `XION`).
const CLASSED: [&str; 21] = [
    "XETC", "XETH", "XICN", "XLTC", "XMLN", "XNMC", "XREP", "XXBT", "XXDG", "XXLM", "XXMR", "XXRP", "XXVN", "XZEC",
    "ZAUD", "ZCAD", "ZEUR", "ZGBP", "ZJPY", "ZKRW", "ZUSD",
];

/// The common name: `XXBT` and `XBT` are BTC, `ZUSD` is USD, `XDG` is DOGE. Balances that earn or are locked keep their
/// suffix (`XBT.F` is `BTC.F`): they are not the same as what can be traded.
pub(super) fn common(asset: &str) -> String {
    let upper = asset.to_ascii_uppercase();
    let (name, suffix) = match upper.split_once('.') {
        Some((name, suffix)) => (name, Some(suffix)),
        None => (upper.as_str(), None),
    };
    let bare = if CLASSED.contains(&name) { name.get(1..).unwrap_or(name) } else { name };
    let code = match bare {
        "XBT" => "BTC",
        "XDG" => "DOGE",
        other => other,
    };
    suffix.map_or_else(|| code.to_owned(), |suffix| format!("{code}.{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::common;

    #[test]
    fn only_old_names_lose_their_class_letter() {
        for (asset, code) in [
            ("XXBT", "BTC"),
            ("XBT", "BTC"),
            ("xbt", "BTC"),
            ("ZUSD", "USD"),
            ("XXDG", "DOGE"),
            ("XDG", "DOGE"),
            ("XETH", "ETH"),
            ("ETH", "ETH"),
            ("XTZ", "XTZ"),
            ("ZRX", "ZRX"),
            ("ZETA", "ZETA"),
            ("XION", "XION"),
            ("XBT.F", "BTC.F"),
            ("USDT", "USDT"),
        ] {
            assert_eq!(common(asset), code, "{asset}");
        }
    }
}

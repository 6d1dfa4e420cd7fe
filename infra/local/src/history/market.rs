//! Which market is meant.

use super::ask::Source;
use anyhow::anyhow;
use venue::protocol::{Instrument, Product};
use venue::registry::adapter;

/// How many names are offered instead of one that is not known.
const NEAR: usize = 6;

/// The market of a name: the venue's own or the unified one. Products are looked through in the venue's order, spot
/// first as a rule, so that a name that two of them share means the first.
///
/// # Errors
/// If there is none, with names that are near; if the venue does not answer.
pub async fn find(source: &Source, name: &str) -> anyhow::Result<Instrument> {
    let known = adapter(source.venue()).map_or(&[][..], |adapter| adapter.protocol.capabilities().products);
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    for product in known.iter().filter(|product| **product != Product::Option) {
        match source.instruments(*product).await {
            Ok(mut instruments) => {
                if let Some(found) = instruments.iter().position(|instrument| is_called(instrument, name)) {
                    return Ok(instruments.swap_remove(found));
                }
                all.append(&mut instruments);
            }
            Err(fault) => faults.push(fault),
        }
    }
    let near = near(&all, name);
    let near = if near.is_empty() { "none is near".to_owned() } else { format!("near are {}", near.join(", ")) };
    let missed = format!("{} has no market {name} among what it tells; {near}", source.venue());
    match faults.into_iter().next() {
        Some(fault) => Err(anyhow!(fault).context(format!("{missed}; and it does not tell all"))),
        None => Err(anyhow!(missed)),
    }
}

fn is_called(instrument: &Instrument, name: &str) -> bool {
    instrument.symbol == name || instrument.name == name || instrument.aliases.iter().any(|alias| alias == name)
}

/// The names most like `name`, both of each market.
fn near(all: &[Instrument], name: &str) -> Vec<String> {
    let wanted = plain(name);
    let far = |instrument: &Instrument| {
        let own = distance(&plain(&instrument.symbol), &wanted);
        own.min(distance(&plain(&instrument.name), &wanted))
    };
    let most = wanted.len() / 2;
    let mut ranked: Vec<(usize, &Instrument)> =
        all.iter().map(|i| (far(i), i)).filter(|(far, _)| *far <= most).collect();
    ranked.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    let both = |instrument: &Instrument| format!("{} ({})", instrument.symbol, instrument.name);
    ranked.into_iter().take(NEAR).map(|(_, instrument)| both(instrument)).collect()
}

fn plain(name: &str) -> Vec<u8> {
    name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_uppercase()).collect()
}

/// Levenshtein's distance.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, left) in a.iter().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(at + 1);
        for ((right, above), corner) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let beside = next.last().copied().unwrap_or_default();
            next.push((corner + usize::from(left != right)).min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_near_are_offered_nearest_first() {
        let spot = |symbol: &str, base: &str| Instrument::named(Product::Spot, symbol, base, "USDT", None);
        let all = [spot("ETHUSDT", "ETH"), spot("BTCUSDT", "BTC"), spot("BNBUSDT", "BNB"), spot("XYZQRT", "XYZQRT")];
        assert_eq!(near(&all, "btc-usdt").first().unwrap(), "BTCUSDT (BTC/USDT)");
        assert_eq!(near(&all, "BTCUSD").first().unwrap(), "BTCUSDT (BTC/USDT)");
        assert!(near(&all, "1").is_empty());
    }
}

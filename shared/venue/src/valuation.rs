//! What accounts at several venues are worth, in USD and EUR. Pure: holdings and prices in, a report out.
//!
//! | step | rule |
//! |---|---|
//! | a market's price | the middle of bid and ask, else the last trade, else the mark price |
//! | USD of an asset | its venue's market against USD, USDT, USDC, BTC or EUR, in this order; else another venue's |
//! | USD of a stablecoin | any venue's market against USD, or of USD against it; else 1, and the report says so |
//! | USD of a EUR | any venue's market of EUR against USD, USDT or USDC; else BTC against both |
//! | an amount | total less debt, times the price, rounded to [`DIGITS`] decimals, ties to the even one |
//!
//! Sums of amounts are exact. What has no price is listed, and is in no sum. Prices may be seconds apart: this tells what
//! somebody has, and decides nothing.

use crate::protocol::model::{Balances, Ticker};
use desk::money::exact;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// Decimals of an amount of USD or EUR.
pub const DIGITS: u32 = 8;
/// What is taken for a dollar where no market says otherwise.
pub const STABLE: [&str; 2] = ["USDT", "USDC"];
/// What an asset is priced in, in this order.
const THROUGH: [&str; 5] = ["USD", "USDT", "USDC", "BTC", "EUR"];

/// Which part of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pocket {
    /// Spot, or the one account of venues that have only one.
    Spot,
    /// Contracts.
    Futures,
}

/// What an account holds in a pocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The configuration's label.
    pub label: String,
    /// The venue's id.
    pub venue: String,
    /// Which part of it.
    pub pocket: Pocket,
    /// What it holds.
    pub balances: Balances,
}

/// The middle of bid and ask, else the last trade's price, else the mark price; never zero.
#[must_use]
pub fn price_of(ticker: &Ticker) -> Option<Decimal> {
    let positive = |price: Option<Decimal>| price.filter(|price| *price > Decimal::ZERO);
    let middle = match (positive(ticker.bid), positive(ticker.ask)) {
        (Some(bid), Some(ask)) if bid <= ask => bid.checked_add(ask).and_then(|sum| sum.checked_div(Decimal::TWO)),
        (Some(_) | None, Some(_) | None) => None,
    };
    middle.or_else(|| positive(ticker.last)).or_else(|| positive(ticker.mark))
}

/// Prices, by venue, base and quote.
#[derive(Debug, Clone, Default)]
pub struct Prices {
    of: BTreeMap<String, BTreeMap<(String, String), Decimal>>,
}

impl Prices {
    /// Adds a market's price. One that is not positive is left out.
    pub fn add(&mut self, venue: &str, base: &str, quote: &str, price: Decimal) {
        if price > Decimal::ZERO {
            self.of.entry(venue.to_owned()).or_default().insert((base.to_owned(), quote.to_owned()), price);
        }
    }

    fn at(&self, venue: &str, base: &str, quote: &str) -> Option<Decimal> {
        self.of.get(venue)?.get(&(base.to_owned(), quote.to_owned())).copied()
    }

    fn anywhere(&self, base: &str, quote: &str) -> Option<Decimal> {
        self.of.keys().find_map(|venue| self.at(venue, base, quote))
    }
}

/// Dollars per unit of the assets others are priced in.
struct Dollars<'a> {
    prices: &'a Prices,
    /// Which stablecoins were taken for a dollar each.
    assumed: BTreeSet<&'static str>,
    stable: BTreeMap<&'static str, Decimal>,
    euro: Option<Decimal>,
}

impl<'a> Dollars<'a> {
    fn new(prices: &'a Prices) -> Self {
        let (mut assumed, mut stable) = (BTreeSet::new(), BTreeMap::new());
        for coin in STABLE {
            let inverse = || prices.anywhere("USD", coin).and_then(|price| Decimal::ONE.checked_div(price));
            let price = prices.anywhere(coin, "USD").or_else(inverse);
            if price.is_none() {
                assumed.insert(coin);
            }
            stable.insert(coin, price.unwrap_or(Decimal::ONE));
        }
        let mut dollars = Self { prices, assumed, stable, euro: None };
        dollars.euro = dollars.euro();
        dollars
    }

    /// Of a dollar or a stablecoin.
    fn sure(&self, asset: &str) -> Option<Decimal> {
        if asset == "USD" { Some(Decimal::ONE) } else { self.stable.get(asset).copied() }
    }

    fn euro(&self) -> Option<Decimal> {
        let dollars = ["USD", "USDT", "USDC"];
        let direct = |quote| self.prices.anywhere("EUR", quote).and_then(|price| price.checked_mul(self.sure(quote)?));
        let bitcoin = |quote| self.prices.anywhere("BTC", quote).and_then(|price| price.checked_mul(self.sure(quote)?));
        let crossed = || dollars.into_iter().find_map(bitcoin)?.checked_div(self.prices.anywhere("BTC", "EUR")?);
        dollars.into_iter().find_map(direct).or_else(crossed)
    }

    /// Of whatever else is priced in, at a venue or, failing that, anywhere.
    fn through(&self, quote: &str, venue: &str) -> Option<Decimal> {
        if quote == "EUR" {
            return self.euro;
        }
        self.sure(quote).or_else(|| {
            let dollars = |found: &dyn Fn(&str) -> Option<Decimal>| {
                ["USD", "USDT", "USDC"].into_iter().find_map(|in_| found(in_)?.checked_mul(self.sure(in_)?))
            };
            dollars(&|in_| self.prices.at(venue, quote, in_))
                .or_else(|| dollars(&|in_| self.prices.anywhere(quote, in_)))
        })
    }

    /// Of an asset, as its venue prices it, else as any other does.
    fn of(&self, asset: &str, venue: &str) -> Option<Decimal> {
        if asset == "EUR" {
            return self.euro;
        }
        let by = |found: &dyn Fn(&str) -> Option<Decimal>| {
            THROUGH.into_iter().find_map(|quote| found(quote)?.checked_mul(self.through(quote, venue)?))
        };
        self.sure(asset)
            .or_else(|| by(&|quote| self.prices.at(venue, asset, quote)))
            .or_else(|| by(&|quote| self.prices.anywhere(asset, quote)))
    }
}

/// Amounts are text in JSON, so that nobody makes floats of them.
fn text<S: Serializer>(amount: &Decimal, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(amount)
}

fn maybe_text<S: Serializer>(amount: &Option<Decimal>, out: S) -> Result<S::Ok, S::Error> {
    match amount {
        Some(amount) => out.collect_str(amount),
        None => out.serialize_none(),
    }
}

/// Two amounts of one worth. EUR is `None` where nothing tells its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Worth {
    /// In US dollars.
    #[serde(serialize_with = "text")]
    pub usd: Decimal,
    /// In euros.
    #[serde(serialize_with = "maybe_text")]
    pub eur: Option<Decimal>,
}

/// A holding with its worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Valued {
    /// The configuration's label.
    pub label: String,
    /// The venue's id.
    pub venue: String,
    /// Which part of the account.
    pub pocket: Pocket,
    /// The asset's common name.
    pub asset: String,
    /// Total less debt.
    #[serde(serialize_with = "text")]
    pub quantity: Decimal,
    /// Dollars per unit; `None` if nothing tells it.
    #[serde(serialize_with = "maybe_text")]
    pub price_usd: Option<Decimal>,
    /// What it is worth; `None` if it has no price, or too many digits.
    pub worth: Option<Worth>,
}

/// What accounts are worth.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Every holding that is not zero.
    pub holdings: Vec<Valued>,
    /// By the venue's id.
    pub venues: BTreeMap<String, Worth>,
    /// All spot pockets.
    pub spot: Worth,
    /// All pockets of contracts.
    pub futures: Worth,
    /// All of them.
    pub total: Worth,
    /// Dollars per euro; `None` if nothing tells it.
    #[serde(serialize_with = "maybe_text")]
    pub usd_per_eur: Option<Decimal>,
    /// Stablecoins that were taken for a dollar each, because no market says otherwise.
    pub taken_for_a_dollar: Vec<String>,
}

fn rounded(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(DIGITS, RoundingStrategy::MidpointNearestEven).normalize()
}

/// Values accounts.
///
/// # Errors
/// In words, if a sum is too large to be held exactly.
pub fn value(accounts: &[Account], prices: &Prices) -> Result<Report, String> {
    let dollars = Dollars::new(prices);
    let eur = |usd: Decimal| Some(rounded(usd.checked_div(dollars.euro?)?));
    let mut report = Report { usd_per_eur: dollars.euro, ..Report::default() };
    for account in accounts {
        let (venue, pocket) = (&account.venue, account.pocket);
        let mut sum = Decimal::ZERO;
        for (asset, holding) in &account.balances.of {
            let parts = (holding.free.unwrap_or_default(), holding.used.unwrap_or_default());
            let total = holding.total.map_or_else(|| exact::add(parts.0, parts.1), Ok);
            let quantity = total.and_then(|total| exact::add(total, -holding.debt.unwrap_or_default()));
            let quantity = quantity.map_err(|e| format!("{}: {asset}: {e}", account.label))?;
            if quantity.is_zero() {
                continue;
            }
            let price_usd = dollars.of(asset, venue);
            let usd = price_usd.and_then(|price| quantity.checked_mul(price)).map(rounded);
            sum = exact::add(sum, usd.unwrap_or_default()).map_err(|e| format!("{}: {e}", account.label))?;
            let worth = usd.map(|usd| Worth { usd, eur: eur(usd) });
            let (label, venue, asset) = (account.label.clone(), venue.clone(), asset.clone());
            report.holdings.push(Valued { label, venue, pocket, asset, quantity, price_usd, worth });
        }
        let of_pocket = match pocket {
            Pocket::Spot => &mut report.spot,
            Pocket::Futures => &mut report.futures,
        };
        for worth in [of_pocket, &mut report.total, report.venues.entry(venue.clone()).or_default()] {
            worth.usd = exact::add(worth.usd, sum).map_err(|e| format!("{}: {e}", account.label))?;
        }
    }
    let sums = [&mut report.spot, &mut report.futures, &mut report.total];
    for worth in sums.into_iter().chain(report.venues.values_mut()) {
        worth.eur = eur(worth.usd);
    }
    report.taken_for_a_dollar = dollars.assumed.iter().map(|coin| (*coin).to_owned()).collect();
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::model::Holding;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn account(venue: &str, pocket: Pocket, of: &[(&str, &str)]) -> Account {
        let holding = |total: &str| Holding { total: Some(d(total)), ..Holding::default() };
        let of = of.iter().map(|(asset, total)| ((*asset).to_owned(), holding(total))).collect();
        Account { label: format!("my {venue}"), venue: venue.into(), pocket, balances: Balances { at: None, of } }
    }

    fn prices(rows: &[(&str, &str, &str, &str)]) -> Prices {
        let mut prices = Prices::default();
        for (venue, base, quote, price) in rows {
            prices.add(venue, base, quote, d(price));
        }
        prices
    }

    fn usd(report: &Report, asset: &str) -> Option<Decimal> {
        report.holdings.iter().find(|held| held.asset == asset).unwrap().worth.map(|worth| worth.usd)
    }

    #[test]
    fn the_sums_of_venues_and_of_pockets_are_the_total_to_the_last_decimal() {
        let accounts = [
            account("one", Pocket::Spot, &[("BTC", "0.12345678"), ("USDT", "1000.00000001"), ("USD", "5")]),
            account("one", Pocket::Futures, &[("USDT", "-12.5")]),
            account("two", Pocket::Spot, &[("ETH", "3")]),
        ];
        let prices = prices(&[
            ("one", "BTC", "USDT", "60000.01"),
            ("one", "USDT", "USD", "0.9995"),
            ("two", "ETH", "BTC", "0.05"),
            ("two", "BTC", "USD", "59990"),
            ("two", "EUR", "USD", "1.08"),
        ]);
        let report = value(&accounts, &prices).unwrap();
        assert_eq!(usd(&report, "BTC"), Some(rounded(d("0.12345678") * d("60000.01") * d("0.9995"))));
        assert_eq!(usd(&report, "ETH"), Some(d("8998.5")));
        assert_eq!(report.futures.usd, d("-12.49375"));
        assert_eq!(report.spot.usd + report.futures.usd, report.total.usd);
        assert_eq!(report.venues.values().map(|worth| worth.usd).sum::<Decimal>(), report.total.usd);
        assert_eq!(report.total.eur, Some(rounded(report.total.usd / d("1.08"))));
        assert_eq!(report.taken_for_a_dollar, ["USDC"]);
    }

    #[test]
    fn a_stablecoin_is_worth_what_its_market_says_and_a_dollar_only_where_none_does() {
        let held = [account("one", Pocket::Spot, &[("USDT", "100")])];
        let taken = value(&held, &Prices::default()).unwrap();
        assert_eq!((taken.total.usd, taken.total.eur), (d("100"), None));
        assert!(taken.taken_for_a_dollar.contains(&"USDT".to_owned()));
        let broken = value(&held, &prices(&[("other", "USDT", "USD", "0.9")])).unwrap();
        assert_eq!(broken.total.usd, d("90"));
        assert!(!broken.taken_for_a_dollar.contains(&"USDT".to_owned()));
        let inverse = value(&held, &prices(&[("one", "USD", "USDT", "1.25")])).unwrap();
        assert_eq!(inverse.total.usd, d("80"));
    }

    #[test]
    fn the_euro_is_found_directly_or_through_bitcoin() {
        let held = [account("one", Pocket::Spot, &[("EUR", "100"), ("USDT", "110")])];
        for rows in
            [&[("one", "EUR", "USDT", "1.1")][..], &[("one", "BTC", "EUR", "50000"), ("two", "BTC", "USDT", "55000")]]
        {
            let report = value(&held, &prices(rows)).unwrap();
            assert_eq!((report.total.usd, report.total.eur), (d("220"), Some(d("200"))), "{rows:?}");
        }
        assert_eq!(usd(&value(&held, &Prices::default()).unwrap(), "EUR"), None, "a euro is not a dollar");
    }

    #[test]
    fn what_has_no_price_is_listed_and_in_no_sum() {
        let held = [account("one", Pocket::Spot, &[("USD", "1"), ("LDXYZ", "7"), ("DUST", "0")])];
        let report = value(&held, &prices(&[("one", "LDXYZ", "USD", "0")])).unwrap();
        assert_eq!(usd(&report, "LDXYZ"), None);
        assert_eq!((report.total.usd, report.holdings.len()), (d("1"), 2));
    }

    #[test]
    fn the_venues_own_price_comes_before_anothers_and_debts_count() {
        let mut one = account("one", Pocket::Spot, &[("SOL", "10")]);
        one.balances.of.get_mut("SOL").unwrap().debt = Some(d("4"));
        let rows = [("aaa", "SOL", "USD", "99"), ("one", "SOL", "BTC", "0.002"), ("aaa", "BTC", "USD", "50000")];
        let report = value(&[one, account("two", Pocket::Spot, &[("SOL", "1")])], &prices(&rows)).unwrap();
        assert_eq!((report.venues["one"].usd, report.venues["two"].usd), (d("600"), d("99")));
    }

    #[test]
    fn a_price_is_the_middle_and_never_nothing() {
        let ticker = |bid, ask, last| Ticker { bid, ask, last, ..Ticker::default() };
        assert_eq!(price_of(&ticker(Some(d("1")), Some(d("2")), Some(d("9")))), Some(d("1.5")));
        assert_eq!(price_of(&ticker(Some(d("2")), Some(d("1")), Some(d("9")))), Some(d("9")), "a crossed book");
        assert_eq!(price_of(&ticker(None, Some(d("2")), Some(Decimal::ZERO))), None);
    }
}

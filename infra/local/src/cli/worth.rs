//! `ballast portfolio --venues`: what all active configurations hold, in one form, valued in USD and EUR.
//!
//! 1. Every venue is asked by itself; one that fails is named, and the others' figures stand.
//! 2. A key that is there under several labels opens one account, which is counted once; the other labels are named.
//! 3. Pockets that a venue answers with one and the same account (unified accounts) are counted once.
//! 4. Prices come from the tickers of the venues themselves; [`venue::valuation`] does the arithmetic.

use super::keys::{KeysAt, Reached, fault_words, reach};
use super::print::{print_json, say, table};
use crate::in_use::server;
use anyhow::bail;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use venue::keys::Configuration;
use venue::protocol::call::{AccountSystem, Wallet};
use venue::protocol::model::Balances;
use venue::protocol::{Ask, CallError, CallFault, MarketsQuery, Product, Protocol, Scope};
use venue::valuation::{Account, Pocket, Prices, Report, Valued, Worth, price_of, value};

/// A question about a venue that has no answer.
struct Failure {
    label: String,
    venue: &'static str,
    what: &'static str,
    why: String,
}

/// A label whose key is another's, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Again {
    label: String,
    /// The label under which the account is counted.
    counted_as: String,
}

/// The configurations with a key each, and the labels that repeat one of their keys.
fn each_key_once(active: Vec<Configuration>) -> (Vec<Configuration>, Vec<Again>) {
    let (mut once, mut again): (Vec<Configuration>, Vec<Again>) = (Vec::new(), Vec::new());
    for one in active {
        let same =
            |known: &&Configuration| server(known) == server(&one) && known.credentials.key() == one.credentials.key();
        match once.iter().find(same) {
            Some(known) => again.push(Again { label: one.label, counted_as: known.label.clone() }),
            None => once.push(one),
        }
    }
    (once, again)
}

/// Balances with the pocket they lie in.
type Pockets = Vec<(Pocket, Balances)>;

pub(super) async fn portfolio(at: &KeysAt, as_json: bool) -> anyhow::Result<()> {
    let all = at.existing()?.all()?;
    let active: Vec<Configuration> = all.into_iter().filter(|one| one.settings.active).collect();
    if active.is_empty() {
        bail!("no configuration is active; see `ballast keys list` and `ballast keys activate`");
    }
    let (active, again) = each_key_once(active);
    let (mut accounts, mut prices, mut failures) = (Vec::new(), Prices::default(), Vec::new());
    let mut priced = BTreeSet::new();
    for configuration in &active {
        let exchange = reach(configuration)?;
        let failed = |what, fault: CallFault| Failure {
            label: configuration.label.clone(),
            venue: configuration.venue,
            what,
            why: fault_words(&fault, &configuration.credentials),
        };
        match holdings(&exchange).await {
            Ok((found, unread)) => {
                let account = |(pocket, balances)| Account {
                    label: configuration.label.clone(),
                    venue: configuration.venue.to_owned(),
                    pocket,
                    balances,
                };
                accounts.extend(found.into_iter().map(account));
                failures.extend(unread.into_iter().map(|fault| failed("a wallet of contracts", fault)));
            }
            Err(fault) => {
                failures.push(failed("balances", fault));
                continue;
            }
        }
        // A server of one's own may have prices of its own: it is asked apart.
        if priced.insert((configuration.venue, configuration.settings.test, configuration.settings.base_url.clone()))
            && let Err(fault) = tickers(&exchange, &mut prices).await
        {
            failures.push(failed("prices", fault));
        }
    }
    let report = value(&accounts, &prices).map_err(|e| anyhow::anyhow!("{e}"))?;
    if as_json {
        print_json(&as_object(&report, &failures, &again))?;
    } else {
        print(&report, &failures);
        for Again { label, counted_as } in &again {
            say(&format!("once     {label:?} has the key of {counted_as:?}: one account, counted under that label"));
        }
    }
    if !failures.is_empty() {
        let names: BTreeSet<&str> = failures.iter().map(|failure| failure.label.as_str()).collect();
        bail!("not everything is in these figures: {}", names.into_iter().collect::<Vec<_>>().join(", "));
    }
    Ok(())
}

/// Balances of some pockets that one request answers. Equal ones are one pocket.
fn together(asks: Vec<(Pocket, Ask<Balances>)>) -> Option<Ask<Pockets>> {
    let request = asks.first()?.1.request.clone();
    Some(Ask::new(request, move |reply, markets| {
        let mut found: Pockets = Vec::new();
        for (pocket, ask) in &asks {
            let balances = ask.read(reply, markets)?;
            if found.iter().all(|(_, known)| *known != balances) {
                found.push((*pocket, balances));
            }
        }
        Ok(found)
    }))
}

/// The requests for all pockets of a venue, those of one request in one.
fn questions(protocol: &dyn Protocol, contracts: bool, account: AccountSystem) -> Result<Vec<Ask<Pockets>>, CallError> {
    let products = protocol.capabilities().products;
    let wallets = [
        (Product::Spot, Wallet::Spot, Pocket::Spot),
        (Product::Linear, Wallet::Linear, Pocket::Futures),
        (Product::Inverse, Wallet::Inverse, Pocket::Futures),
    ];
    let mut groups: Vec<Vec<(Pocket, Ask<Balances>)>> = Vec::new();
    for (product, wallet, pocket) in wallets {
        if !products.contains(&product) || (product.is_contract() && !contracts) {
            continue;
        }
        let scope = Scope { product: Some(product), wallet: Some(wallet), account, ..Scope::default() };
        let ask = match protocol.balances(&scope) {
            Ok(ask) => ask,
            Err(CallError::Unsupported { .. }) if product.is_contract() => continue,
            Err(error) => return Err(error),
        };
        let same = |group: &&mut Vec<(Pocket, Ask<Balances>)>| {
            group.first().is_some_and(|(_, known)| known.request == ask.request)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push((pocket, ask)),
            None => groups.push(vec![(pocket, ask)]),
        }
    }
    Ok(groups.into_iter().filter_map(together).collect())
}

/// What an account holds, and which wallets of contracts could not be read. Fails if nothing can be read.
async fn holdings(exchange: &Reached) -> Result<(Pockets, Vec<CallFault>), CallFault> {
    exchange.measure_clock().await?;
    // A key without the right to contracts can't read their wallets: then there is nothing to miss.
    let told = match exchange.protocol().key_permissions() {
        Ok(ask) => exchange.read(ask).await.ok(),
        Err(CallError::Unsupported { .. } | CallError::Invalid(_) | CallError::Credentials { .. }) => None,
    };
    let contracts = told.is_none_or(|told| told.contracts != Some(false));
    let account = exchange.account_scope().await?.account;
    let (mut found, mut unread) = (Pockets::new(), Vec::new());
    for (number, ask) in questions(exchange.protocol(), contracts, account)?.into_iter().enumerate() {
        match exchange.read(ask).await {
            Ok(pockets) => found.extend(pockets),
            Err(fault) if number == 0 => return Err(fault),
            Err(fault) => unread.push(fault),
        }
    }
    Ok((found, unread))
}

/// The prices of all markets of a venue: spot, or perpetual contracts where it has no spot.
async fn tickers(exchange: &Reached, prices: &mut Prices) -> Result<(), CallFault> {
    let capabilities = exchange.protocol().capabilities();
    let product = if capabilities.products.contains(&Product::Spot) { Product::Spot } else { Product::Linear };
    let markets = exchange.load_markets(&[product]).await?;
    let scope = Scope { product: Some(product), ..Scope::default() };
    let query = MarketsQuery { instruments: Vec::new(), scope };
    for ticker in exchange.read(exchange.protocol().tickers(&query)?).await? {
        let market = markets.get(&ticker.market).filter(|market| market.product == product && market.expiry.is_none());
        if let Some((market, price)) = market.zip(price_of(&ticker)) {
            prices.add(capabilities.venue, &market.base, &market.quote, price);
        }
    }
    Ok(())
}

fn as_object(report: &Report, failures: &[Failure], again: &[Again]) -> Value {
    let failure = |failure: &Failure| json!({ "label": failure.label, "venue": failure.venue, "what": failure.what, "why": failure.why });
    let mut object = json!({ "failures": failures.iter().map(failure).collect::<Vec<_>>(), "counted_once": again });
    let report = serde_json::to_value(report).unwrap_or_default();
    if let (Some(object), Some(fields)) = (object.as_object_mut(), report.as_object()) {
        object.extend(fields.clone());
    }
    object
}

fn amounts(worth: Worth) -> [String; 2] {
    let text = |amount: rust_decimal::Decimal| format!("{:.2}", amount.round_dp(2));
    [text(worth.usd), worth.eur.map_or_else(|| "-".to_owned(), text)]
}

fn print(report: &Report, failures: &[Failure]) {
    let row = |held: &Valued| {
        let pocket = match held.pocket {
            Pocket::Spot => "spot",
            Pocket::Futures => "futures",
        };
        let [usd, eur] = held.worth.map_or_else(|| ["unpriced".to_owned(), "-".to_owned()], amounts);
        let named = [&held.label, &held.venue, pocket, &held.asset].map(str::to_owned);
        named.into_iter().chain([held.quantity.to_string(), usd, eur]).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = report.holdings.iter().map(row).collect();
    table(&["label", "venue", "pocket", "asset", "quantity", "USD", "EUR"], &rows);
    say("");
    let sums = report.venues.iter().map(|(venue, worth)| (venue.as_str(), *worth));
    let sums = sums.chain([("all spot", report.spot), ("all futures", report.futures), ("total", report.total)]);
    let sum = |(name, worth): (&str, Worth)| std::iter::once(name.to_owned()).chain(amounts(worth)).collect();
    table(&["", "USD", "EUR"], &sums.map(sum).collect::<Vec<Vec<String>>>());
    if !report.taken_for_a_dollar.is_empty() {
        say(&format!(
            "taken for 1 USD each, because no market here says otherwise: {}",
            report.taken_for_a_dollar.join(", ")
        ));
    }
    if report.usd_per_eur.is_none() {
        say("no venue here has a market that tells the price of a euro");
    }
    let unpriced: Vec<&str> =
        report.holdings.iter().filter(|held| held.worth.is_none()).map(|held| held.asset.as_str()).collect();
    if !unpriced.is_empty() {
        say(&format!("unpriced, and in no sum: {}", unpriced.join(", ")));
    }
    for failure in failures {
        say(&format!("failed   {:?} ({}), {}: {}", failure.label, failure.venue, failure.what, failure.why));
    }
}

//! The desk's configuration: one struct, parsed once, refused with the full list of its faults.

use desk::id::{AccountId, Asset, Symbol, VenueId};
use desk::instrument::Instrument;
use desk::money::{Amount, Bps, Notional, Quantity};
use desk::risk::Profile;
use desk::strategy::Strategy;
use desk::time::{Interval, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::rows::AccountRow;
use store::verbs::Opening;
use thiserror::Error;

/// The id of an exchange that is started and ended with the desk.
pub const SIMULATED_VENUE: &str = "sim";
/// The mode of a desk that trades there.
pub const SIMULATED: &str = "simulated";

/// Everything a desk is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskConfig {
    /// The account.
    pub account: AccountId,
    /// Where it trades.
    pub venue: VenueId,
    /// What it is valued in.
    pub quote: Asset,
    /// Its opening cash.
    pub cash: Amount,
    /// What it trades by.
    pub strategy: StrategyConfig,
    /// Its limits.
    pub profile: Profile,
    /// On what terms the paper venue trades.
    pub paper: PaperConfig,
    /// What it trades.
    pub markets: Vec<MarketConfig>,
    /// How it trades with real money; on paper, when it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveConfig>,
}

/// How a desk on AWS trades at its venue with real money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveConfig {
    /// The name under which the account's keys stand in the secret.
    pub keys: String,
    /// The venue's test network.
    #[serde(default)]
    pub test: bool,
    /// Rights that the venue does not tell of are accepted.
    #[serde(default)]
    pub accept_unknown_permissions: bool,
}

/// Which strategy, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategyConfig {
    /// Its name.
    pub name: String,
    /// What differs from its defaults.
    pub parameters: BTreeMap<String, String>,
    /// What an entry spends, in quote units.
    pub stake: Notional,
}

/// The paper venue's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperConfig {
    /// The fee of every fill.
    pub fee: Bps,
    /// How far fills are moved against the trader.
    pub slippage: Bps,
    /// The share of a bar's volume that one order may take; `None` for all it wants.
    pub participation: Option<Bps>,
}

/// A market and its bars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketConfig {
    /// What is traded.
    pub instrument: Instrument,
    /// On which bars.
    pub interval: Interval,
}

/// The configuration can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the configuration can't be used:{}", .0.iter().map(|fault| format!("\n  - {fault}")).collect::<String>())]
pub struct ConfigFaults(pub Vec<String>);

impl DeskConfig {
    /// Checks everything and returns every fault found.
    ///
    /// # Errors
    /// [`ConfigFaults`], all of them.
    pub fn check(&self) -> Result<Strategy, ConfigFaults> {
        let mut faults = Vec::new();
        if self.cash <= Amount::ZERO {
            faults.push(format!("cash: {} must be greater than zero (--cash)", self.cash));
        }
        if self.strategy.stake.amount() <= Amount::ZERO {
            faults.push(format!("strategy.stake: {} must be greater than zero (--stake)", self.strategy.stake));
        }
        let all = Decimal::new(10_000, 0);
        let PaperConfig { fee, slippage, participation } = &self.paper;
        if fee.value() >= all {
            faults.push(format!("paper.fee: {fee} bp is all of a fill or more (--fee-bps)"));
        }
        if slippage.value() >= all {
            faults.push(format!("paper.slippage: {slippage} bp leaves nothing of a price (--slippage-bps)"));
        }
        if let Some(share) = participation.filter(|share| *share == Bps::ZERO || share.value() > all) {
            faults.push(format!(
                "paper.participation: {share} bp must be above 0 and at most 10000 (--participation-bps)"
            ));
        }
        if self.markets.is_empty() {
            faults.push("markets: there is none".to_owned());
        }
        let mut seen: BTreeSet<&Symbol> = BTreeSet::new();
        for MarketConfig { instrument, .. } in &self.markets {
            let symbol = &instrument.symbol;
            if !seen.insert(symbol) {
                faults.push(format!("markets: {symbol} is given twice"));
            }
            if instrument.quote != self.quote {
                let (quote, ours) = (&instrument.quote, &self.quote);
                faults.push(format!("markets: {symbol} is quoted in {quote}, the account in {ours}; run them apart"));
            }
            faults.extend(instrument.clone().checked().err().map(|fault| format!("markets: {fault}")));
            let (stake, least) = (self.strategy.stake, instrument.min_notional);
            if stake < least {
                faults.push(format!(
                    "strategy.stake: {stake} is less than the smallest order in {symbol}, {least} {}: no entry would ever be \
                     placed (--stake)",
                    instrument.quote
                ));
            }
        }
        faults.extend(self.profile.clone().checked().err().map(|fault| fault.to_string()));
        let StrategyConfig { name, parameters, stake } = &self.strategy;
        match Strategy::configure(name, parameters, *stake) {
            Ok(strategy) if faults.is_empty() => Ok(strategy),
            Ok(_) => Err(ConfigFaults(faults)),
            Err(fault) => {
                faults.push(fault.to_string());
                Err(ConfigFaults(faults))
            }
        }
    }

    /// How it trades with real money; `None` on paper.
    ///
    /// # Errors
    /// [`ConfigFaults`] if the venue and `live` don't agree: neither alone may send orders to an exchange.
    pub fn traded_live(&self) -> Result<Option<&LiveConfig>, ConfigFaults> {
        let fault = |text: String| Err(ConfigFaults(vec![text]));
        match (self.venue.as_str(), &self.live) {
            ("paper", None) => Ok(None),
            ("paper", Some(_)) => {
                fault("live: the venue is \"paper\"; name the exchange, or leave `live` away".to_owned())
            }
            (venue, None) => fault(format!("venue: {venue:?}: without `live`, this desk trades on `paper` only")),
            (_, Some(live)) => Ok(Some(live)),
        }
    }

    /// What the account is opened with, at `at`.
    #[must_use]
    pub fn opening(&self, at: Timestamp) -> Opening {
        let (account, quote, cash) = (self.account.clone(), self.quote.clone(), self.cash);
        let account = AccountRow { account, quote, cash, profile: self.profile.clone() };
        let symbols = self.markets.iter().map(|market| market.instrument.symbol.clone()).collect();
        Opening { account, symbols, at }
    }

    /// Whether it trades on paper: at a venue where nobody else is, and no real money.
    #[must_use]
    pub fn is_paper(&self) -> bool {
        self.venue.as_str() == "paper"
    }

    /// What kind of trading it is, in a word: `paper`, `simulated` at an exchange of this process's own, or `live`.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        match self.venue.as_str() {
            _ if self.is_paper() => "paper",
            SIMULATED_VENUE => SIMULATED,
            _ => "live",
        }
    }

    /// The market of that name.
    #[must_use]
    pub fn market(&self, symbol: &Symbol) -> Option<&MarketConfig> {
        self.markets.iter().find(|market| market.instrument.symbol == *symbol)
    }

    /// The markets, as what prices the account's assets.
    pub fn priced(&self) -> impl Iterator<Item = (&Instrument, Interval)> + Send {
        self.markets.iter().map(|market| (&market.instrument, market.interval))
    }

    /// The markets a schedule is for.
    ///
    /// # Errors
    /// [`crate::Failure::Poison`] for a market that is not configured.
    pub fn chosen(&self, event: &crate::event::Scheduled) -> Result<Vec<&MarketConfig>, crate::Failure> {
        match &event.symbols {
            None => Ok(self.markets.iter().collect()),
            Some(symbols) => symbols.iter().map(|symbol| self.known_market(symbol)).collect(),
        }
    }

    /// The market of that name, or the reason for which a message about it is refused.
    ///
    /// # Errors
    /// [`crate::Failure::Poison`] for a market that is not configured.
    pub fn known_market(&self, symbol: &Symbol) -> Result<&MarketConfig, crate::Failure> {
        self.market(symbol).ok_or_else(|| crate::Failure::poison(format!("{symbol} is not a configured market")))
    }
}

/// Sizes of orders for one market, in base units, as the environment gives them.
pub(crate) fn set_size(config: &mut DeskConfig, symbol: &Symbol, size: Quantity, largest: bool) -> bool {
    let found = config.markets.iter_mut().find(|market| market.instrument.symbol == *symbol);
    found.is_some_and(|market| {
        if largest {
            market.instrument.max_quantity = size;
        } else {
            market.instrument.min_quantity = size;
        }
        true
    })
}

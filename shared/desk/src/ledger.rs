//! The double-entry ledger.
//!
//! Every transaction moves amounts between five accounts, and for every asset its entries add up to zero. A trade
//! crosses assets through `Trading`, so that each asset balances by itself:
//!
//! | buying 0.1 BTC for 1,000 USDT, fee 1 USDT | Holdings | Trading | Fees |
//! |---|---|---|---|
//! | BTC | +0.1 | −0.1 | |
//! | USDT | −1,000 −1 | +1,000 | +1 |
//!
//! `Holdings` is what the venue should say we have; reconciliation compares the two. Amounts are exact at 18
//! decimals. Each stored transaction carries the hash of the one before it, so that history can't be edited unseen.

use crate::fill::Fill;
use crate::id::Asset;
use crate::instrument::Instrument;
use crate::money::{Amount, MoneyError};
use crate::movement::Movement;
use crate::order::Side;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use thiserror::Error;

/// Where an amount lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerAccount {
    /// At the venue, ours.
    Holdings,
    /// The other side of trades, one balance an asset.
    Trading,
    /// Paid for trading.
    Fees,
    /// Put in at the start.
    Capital,
    /// Brought in and taken out since, without a trade: neither profit nor loss.
    Movements,
}

impl LedgerAccount {
    /// The account's name in keys and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holdings => "holdings",
            Self::Trading => "trading",
            Self::Fees => "fees",
            Self::Capital => "capital",
            Self::Movements => "movements",
        }
    }
}

impl fmt::Display for LedgerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One line of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// Where.
    pub account: LedgerAccount,
    /// Of what.
    pub asset: Asset,
    /// How much; negative leaves the account.
    pub amount: Amount,
}

/// A balanced set of postings with one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// The cause's name: `opening`, the fill's key, or the movement's.
    pub cause: String,
    /// When, in market time.
    pub at: Timestamp,
    /// The lines.
    pub postings: Vec<Posting>,
}

/// A transaction that can't be posted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// The lines of an asset don't add up to zero.
    #[error("{cause}: the postings of {asset} add up to {sum} instead of zero")]
    Unbalanced {
        /// The cause.
        cause: String,
        /// The asset.
        asset: Asset,
        /// What they add up to.
        sum: Amount,
    },
    /// An amount can't be held exactly.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What postings add up to, per asset.
///
/// # Errors
/// [`MoneyError::Overflow`] at 10²⁰ whole units.
pub fn sums<'a>(postings: impl IntoIterator<Item = &'a Posting>) -> Result<BTreeMap<Asset, Amount>, MoneyError> {
    let mut sums: BTreeMap<Asset, Amount> = BTreeMap::new();
    for posting in postings {
        let sum = sums.entry(posting.asset.clone()).or_default();
        *sum = sum.plus(posting.amount)?;
    }
    Ok(sums)
}

impl Transaction {
    fn balanced(cause: String, at: Timestamp, postings: Vec<Posting>) -> Result<Self, LedgerError> {
        match sums(&postings)?.into_iter().find(|(_, sum)| !sum.is_zero()) {
            Some((asset, sum)) => Err(LedgerError::Unbalanced { cause, asset, sum }),
            None => Ok(Self { cause, at, postings }),
        }
    }

    /// The transaction that puts the opening cash in.
    ///
    /// # Errors
    /// Never for a single asset; the signature is the checked constructor's.
    pub fn opening(asset: &Asset, cash: Amount, at: Timestamp) -> Result<Self, LedgerError> {
        Self::opening_of([(asset, cash)], at)
    }

    /// The transaction that puts in what an account holds when the desk opens it.
    ///
    /// # Errors
    /// Never: each asset balances by itself; the signature is the checked constructor's.
    pub fn opening_of<'a>(
        held: impl IntoIterator<Item = (&'a Asset, Amount)>,
        at: Timestamp,
    ) -> Result<Self, LedgerError> {
        let line = |account, asset: &Asset, amount| Posting { account, asset: asset.clone(), amount };
        let lines = |(asset, amount): (&Asset, Amount)| {
            [line(LedgerAccount::Holdings, asset, amount), line(LedgerAccount::Capital, asset, amount.negated())]
        };
        Self::balanced("opening".to_owned(), at, held.into_iter().flat_map(lines).collect())
    }

    /// The transaction that books a movement without a trade, and what it cost.
    ///
    /// # Errors
    /// Never: each asset balances by itself; the signature is the checked constructor's.
    pub fn of_movement(movement: &Movement) -> Result<Self, LedgerError> {
        let line = |account, asset: &Asset, amount| Posting { account, asset: asset.clone(), amount };
        let (asset, amount) = (&movement.asset, movement.amount);
        let mut postings =
            vec![line(LedgerAccount::Holdings, asset, amount), line(LedgerAccount::Movements, asset, amount.negated())];
        let fee = movement.fee.amount();
        if !fee.is_zero() {
            postings.push(line(LedgerAccount::Holdings, &movement.fee_asset, fee.negated()));
            postings.push(line(LedgerAccount::Fees, &movement.fee_asset, fee));
        }
        Self::balanced(movement.key(), movement.at, postings)
    }

    /// What the transaction changes of an asset that is held.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] at 10²⁰ whole units.
    pub fn change_held(&self, asset: &Asset) -> Result<Amount, MoneyError> {
        Ok(self.changes()?.get(&(LedgerAccount::Holdings, asset.clone())).copied().unwrap_or_default())
    }

    /// The transaction that books a fill.
    ///
    /// # Errors
    /// [`LedgerError::Money`] if the notional has more than 18 decimals.
    pub fn of_fill(fill: &Fill, instrument: &Instrument) -> Result<Self, LedgerError> {
        let signed = |amount: Amount| match fill.side {
            Side::Buy => amount,
            Side::Sell => amount.negated(),
        };
        let base = signed(fill.quantity.amount()?);
        let quote = signed(fill.notional()?.amount());
        let line = |account, asset: &Asset, amount| Posting { account, asset: asset.clone(), amount };
        let mut postings = vec![
            line(LedgerAccount::Holdings, &instrument.base, base),
            line(LedgerAccount::Trading, &instrument.base, base.negated()),
            line(LedgerAccount::Holdings, &instrument.quote, quote.negated()),
            line(LedgerAccount::Trading, &instrument.quote, quote),
        ];
        let fee = fill.fee.amount();
        if !fee.is_zero() {
            postings.push(line(LedgerAccount::Holdings, &fill.fee_asset, fee.negated()));
            postings.push(line(LedgerAccount::Fees, &fill.fee_asset, fee));
        }
        Self::balanced(fill.key(), fill.at, postings)
    }

    /// What the transaction changes, per account and asset.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] at 10²⁰ whole units.
    pub fn changes(&self) -> Result<BTreeMap<(LedgerAccount, Asset), Amount>, MoneyError> {
        let mut changes: BTreeMap<(LedgerAccount, Asset), Amount> = BTreeMap::new();
        for posting in &self.postings {
            let change = changes.entry((posting.account, posting.asset.clone())).or_default();
            *change = change.plus(posting.amount)?;
        }
        Ok(changes)
    }

    /// The hash that chains this transaction to the one before it.
    #[must_use]
    pub fn chained(&self, previous: &str) -> String {
        let mut hasher = Sha256::new();
        let mut feed = |part: &str| {
            hasher.update(part.as_bytes());
            hasher.update([0x1f]);
        };
        feed(previous);
        feed(&self.cause);
        feed(&self.at.ms().to_string());
        for posting in &self.postings {
            feed(posting.account.name());
            feed(posting.asset.as_str());
            feed(&posting.amount.to_string());
        }
        crate::id::hex(&hasher.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::sample;
    use proptest::prelude::*;

    #[test]
    fn postings_that_do_not_balance_are_refused() {
        let asset = Asset::new("USDT").unwrap();
        let lone = Posting { account: LedgerAccount::Holdings, asset, amount: Amount::ONE };
        let refused = Transaction::balanced("x".to_owned(), Timestamp::from_ms(0), vec![lone]);
        assert!(matches!(refused, Err(LedgerError::Unbalanced { .. })));
    }

    #[test]
    fn changing_one_digit_changes_the_chain() {
        let fill = sample::fill(Side::Buy, "100", "0.3", 1);
        let a = Transaction::of_fill(&fill, &sample::instrument()).unwrap();
        let other = sample::fill(Side::Buy, "100.01", "0.3", 1);
        let b = Transaction::of_fill(&other, &sample::instrument()).unwrap();
        assert_ne!(a.chained("seed"), b.chained("seed"));
        assert_ne!(a.chained("seed"), a.chained("other"));
    }

    proptest! {
        #[test]
        fn every_fill_balances_to_the_last_decimal(price in 1_u64..10_000_000_000, quantity in 1_u64..10_000_000_000, buy in any::<bool>(), fee_bps in 0_u32..100) {
            let price = rust_decimal::Decimal::new(i64::try_from(price).unwrap(), 2).to_string();
            let quantity = rust_decimal::Decimal::new(i64::try_from(quantity).unwrap(), 5).to_string();
            let side = if buy { Side::Buy } else { Side::Sell };
            let mut fill = sample::fill(side, &price, &quantity, 1);
            fill.fee = fill.notional().unwrap().fee(fee_bps.to_string().parse().unwrap()).unwrap();
            let transaction = Transaction::of_fill(&fill, &sample::instrument()).unwrap();
            prop_assert!(sums(&transaction.postings).unwrap().values().all(|sum| sum.is_zero()));
        }
    }
}

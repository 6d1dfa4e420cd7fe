//! What venues tell of an account: what it holds, what it pays, what its keys may do.

use super::order::VenueFee;
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;

/// What an account holds of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holding {
    /// At hand.
    pub free: Option<Decimal>,
    /// Bound in orders or as margin.
    pub used: Option<Decimal>,
    /// Both.
    pub total: Option<Decimal>,
    /// Owed.
    pub debt: Option<Decimal>,
}

/// What an account holds, by the common names of currencies: one form for spot, margin and futures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balances {
    /// When.
    pub at: Option<Timestamp>,
    /// Of each currency.
    pub of: BTreeMap<String, Holding>,
}

/// What trading costs, as fractions. Negative is a rebate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeeRate {
    /// The market's unified name; empty when the rate holds for all.
    pub market: String,
    /// For giving liquidity.
    pub maker: Option<Decimal>,
    /// For taking it.
    pub taker: Option<Decimal>,
}

/// What a key may do. Withdrawal is asked for so that such keys can be refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPermissions {
    /// It may read.
    pub read: Option<bool>,
    /// It may trade spot.
    pub spot: Option<bool>,
    /// It may trade contracts.
    pub contracts: Option<bool>,
    /// It may move money out, or between accounts of several owners.
    pub withdraw: Option<bool>,
    /// The addresses it is good for; empty when it is good for any.
    pub addresses: Vec<String>,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// A product in which money can be left for interest (Binance Earn).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EarnProduct {
    /// The venue's id.
    pub id: String,
    /// Of which currency.
    pub asset: String,
    /// The yearly rate, as a fraction.
    pub apr: Option<Decimal>,
    /// For how many days money is bound; `None` when it can be taken back at any time.
    pub locked_days: Option<u32>,
    /// The least that can be left.
    pub min_amount: Option<Decimal>,
    /// Whether it is sold out.
    pub sold_out: bool,
}

/// Why money moved without a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MovementKind {
    /// From outside.
    Deposit,
    /// To the outside.
    Withdrawal,
    /// Between the owner's accounts at the venue.
    Transfer,
    /// Interest, airdrops, rebates and whatever else the venue credits or takes.
    Other,
}

/// Money that moved without a trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The venue's id.
    pub id: String,
    /// Why.
    pub kind: MovementKind,
    /// Of which currency.
    pub currency: String,
    /// How much, without the fee; negative when it left.
    pub amount: Decimal,
    /// What was taken for it besides.
    pub fee: Option<VenueFee>,
    /// When.
    pub at: Timestamp,
}

/// An account of the owner at the venue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountRow {
    /// The venue's id.
    pub id: String,
    /// The venue's type of it.
    pub kind: Option<String>,
    /// Its currency, where an account holds one.
    pub currency: Option<String>,
}

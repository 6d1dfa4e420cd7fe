//! A trade at the exchange: its number, its fee, and what it moves. No balance goes below zero.

use super::exchange::{Exchange, NewOrder};
use crate::market::Markets;
use desk::fill::Fill;
use desk::id::{Asset, TradeId};
use desk::instrument::Instrument;
use desk::money::{Amount, Bps, Fee, MoneyError, Price, Quantity, Rounding};
use desk::order::Side;
use desk::port::VenueStatus;
use desk::time::Timestamp;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What the exchange charges.
const FEE_BP: i64 = 10;

impl Exchange {
    /// Makes a trade; `None` if it can't be paid.
    pub(super) fn fill(&mut self, index: usize, quantity: Quantity, now: Timestamp, markets: &Markets) -> Option<()> {
        let order = self.orders.get(index)?;
        let instrument = self.instruments.get(&order.new.symbol)?;
        let price = markets.price(&order.new.symbol, now)?;
        // Every market counts its own trades: two may have the same number.
        let number = self.trades.iter().filter(|trade| trade.symbol == order.new.symbol).count() + 1;
        let trade = TradeId::new(format!("{number:06}")).ok()?;
        let (fee, fee_asset) = self.fee(&order.new, price, quantity, instrument)?;
        let fill = Fill {
            venue: self.id.clone(),
            account: self.account.clone(),
            symbol: order.new.symbol.clone(),
            trade,
            order: order.new.client_id.clone(),
            side: order.new.side,
            price,
            quantity,
            fee,
            fee_asset,
            at: now,
        };
        self.balances = paid(&self.balances, &fill, instrument).ok()?;
        let filled = order.filled.plus(quantity).ok()?;
        let order = self.orders.get_mut(index)?;
        order.filled = filled;
        if filled == order.new.quantity {
            (order.status, order.ended_at) = (VenueStatus::Filled, Some(now));
        }
        self.trades.push(fill);
        Some(())
    }

    fn fee(&self, new: &NewOrder, price: Price, quantity: Quantity, instrument: &Instrument) -> Option<(Fee, Asset)> {
        let rate = Bps::new(Decimal::from(FEE_BP)).ok()?;
        if self.semantics.fee_in_base && new.side == Side::Buy {
            let fee = quantity.amount().ok()?.times(rate.fraction().ok()?, Rounding::Floor).ok()?;
            return Some((Fee::new(fee).ok()?, instrument.base.clone()));
        }
        Some((price.notional(quantity).ok()?.fee(rate).ok()?, instrument.quote.clone()))
    }
}

/// The balances after a trade.
fn paid(
    balances: &BTreeMap<Asset, Amount>,
    fill: &Fill,
    instrument: &Instrument,
) -> Result<BTreeMap<Asset, Amount>, MoneyError> {
    let (base, notional) = (fill.quantity.amount()?, fill.notional()?.amount());
    let (base, quote) = match fill.side {
        Side::Buy => (base, notional.negated()),
        Side::Sell => (base.negated(), notional),
    };
    let mut next = balances.clone();
    let moves = [(&instrument.base, base), (&instrument.quote, quote), (&fill.fee_asset, fill.fee.amount().negated())];
    for (asset, change) in moves {
        let balance = next.entry(asset.clone()).or_default();
        *balance = balance.plus(change)?;
    }
    match next.values().find(|balance| balance.is_negative()) {
        Some(short) => Err(MoneyError::Range { what: "balance", value: short.to_string(), range: "zero or more" }),
        None => Ok(next),
    }
}

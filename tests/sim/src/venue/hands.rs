//! What other hands do in the account, at the exchange's own page: they trade, and they move money and coins.
//!
//! The exchange tells of it as of anything else. Orders placed by hand carry names that no intent of ours leads to; a movement
//! changes the balance at once, and the history tells of it some time later.

use super::exchange::{Answer, Exchange, NewOrder, VenueOrder};
use crate::chance::span;
use crate::fault::Faults;
use crate::market::Markets;
use desk::id::{Asset, IntentId, MovementId, Symbol};
use desk::instrument::Instrument;
use desk::money::{Amount, Fee, Price, Quantity, Rounding, exact};
use desk::movement::{Movement, MovementKind};
use desk::order::{OrderKind, Side};
use desk::port::VenueStatus;
use desk::time::Timestamp;
use rust_decimal::Decimal;

/// How long an order that waits is left there, in milliseconds.
const LEFT_MS: (i64, i64) = (10_000, 200_000);
/// After how long the history tells of a movement, in milliseconds.
const TOLD_MS: (i64, i64) = (0, 90_000);

impl Exchange {
    /// Whether an order was placed by other hands.
    #[must_use]
    pub fn is_by_hand(&self, order: &IntentId) -> bool {
        self.by_hand.contains(order)
    }

    /// Somebody trades in one of the markets: mostly at once, now and then with a stop that waits. `None` if it can't be
    /// paid; otherwise what it was.
    pub fn trade_by_hand(
        &mut self,
        bits: u64,
        now: Timestamp,
        markets: &Markets,
        faults: &mut Faults,
    ) -> Option<String> {
        let instrument = self.nth_market(bits)?.clone();
        let price = markets.price(&instrument.symbol, now)?;
        let side = if (bits >> 8).is_multiple_of(2) { Side::Buy } else { Side::Sell };
        let waits = side == Side::Sell && (bits >> 9).is_multiple_of(3);
        let kind = if waits { OrderKind::StopMarket { trigger: below(price)? } } else { OrderKind::Market };
        let quantity = Quantity::new(Decimal::new(span(bits >> 12, 1, 12_000), 3)).ok()?;
        let number = (self.by_hand.len() + 1).to_string();
        let client_id = IntentId::derive_external(&self.id, &number);
        let new = NewOrder {
            client_id: client_id.clone(),
            symbol: instrument.symbol.clone(),
            side,
            kind,
            quantity,
            deadline: now,
            made_at: now,
        };
        self.by_hand.insert(client_id.clone());
        let until = waits.then(|| now.plus_ms(span(bits >> 20, LEFT_MS.0, LEFT_MS.1)));
        let answer = self.arrive(&new, now, markets, faults);
        if let Some(until) = until {
            self.end_at(&client_id, until);
        }
        matches!(answer, Answer::Accepted(..)).then(|| format!("{side} {quantity} {} by hand", instrument.symbol))
    }

    /// Somebody brings something in, or takes something out that nothing at the exchange waits for.
    pub fn move_by_hand(&mut self, kind: MovementKind, bits: u64, now: Timestamp) -> Option<String> {
        let instrument = self.nth_market(bits)?.clone();
        let asset = if (bits >> 8).is_multiple_of(2) { instrument.quote.clone() } else { instrument.base.clone() };
        let free = self.free(&instrument, &asset)?;
        let most = if asset == instrument.quote { 2_000_000 } else { 12_000 };
        let wanted: Amount = Decimal::new(span(bits >> 12, 1, most), 3).to_string().parse().ok()?;
        let (amount, fee) = match kind {
            MovementKind::Withdrawal => {
                // A part of what is there, the exchange's fee besides.
                let fee = wanted.times(Decimal::new(1, 2), Rounding::Floor).ok()?;
                let all = wanted.plus(fee).ok()?;
                if all > free {
                    return None;
                }
                (wanted.negated(), fee)
            }
            MovementKind::Deposit | MovementKind::Transfer | MovementKind::Other => (wanted, Amount::ZERO),
        };
        let change = amount.minus(fee).ok()?;
        let balance = self.balances.entry(asset.clone()).or_default();
        *balance = balance.plus(change).ok()?;
        let movement = Movement {
            venue: self.id.clone(),
            account: self.account.clone(),
            kind,
            id: MovementId::new(format!("M{}", self.movements.len() + 1)).ok()?,
            asset: asset.clone(),
            amount,
            fee: Fee::new(fee).ok()?,
            fee_asset: asset.clone(),
            at: now,
        };
        let told = now.plus_ms(span(bits >> 40, TOLD_MS.0, TOLD_MS.1));
        self.movements.push((told, movement));
        Some(format!("{amount} {asset}, fee {fee}"))
    }

    /// What the history tells of at `now`, since `since`.
    #[must_use]
    pub fn movements(&self, since: Timestamp, now: Timestamp) -> Vec<Movement> {
        let told = self.movements.iter().filter(|(told, movement)| *told <= now && movement.at >= since);
        told.map(|(_, movement)| movement.clone()).collect()
    }

    fn nth_market(&self, bits: u64) -> Option<&Instrument> {
        let index = (bits % 256).checked_rem(u64::try_from(self.instruments.len()).ok()?)?;
        self.instruments.values().nth(usize::try_from(index).ok()?)
    }

    /// What of an asset no open order would sell.
    fn free(&self, instrument: &Instrument, asset: &Asset) -> Option<Amount> {
        let mut free = self.balances.get(asset).copied().unwrap_or_default();
        if *asset == instrument.base {
            free = free.minus(self.on_sale(&instrument.symbol).ok()?).ok()?;
        }
        Some(free)
    }

    /// What the open orders of a market have locked to sell it.
    pub(super) fn on_sale(&self, symbol: &Symbol) -> Result<Amount, desk::money::MoneyError> {
        let locks = |order: &VenueOrder| match order.new.kind {
            OrderKind::Market => true,
            OrderKind::StopMarket { .. } => self.semantics.stops_lock || order.triggered,
        };
        let sells = |order: &&VenueOrder| {
            order.status == VenueStatus::Open
                && order.new.symbol == *symbol
                && order.new.side == Side::Sell
                && locks(order)
        };
        let mut all = Amount::ZERO;
        for order in self.orders.iter().filter(sells) {
            all = all.plus(order.new.quantity.minus(order.filled)?.amount()?)?;
        }
        Ok(all)
    }
}

/// Two percent below a price, in whole hundredths.
fn below(price: Price) -> Option<Price> {
    let cents = exact::onto(price.value() * Decimal::new(98, 2), Decimal::new(1, 2), Rounding::Floor).ok()?;
    Price::new(cents).ok()
}

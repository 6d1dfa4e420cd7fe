//! What the account has traded, what moved without a trade, and what it holds.

use super::LiveSpot;
use crate::live::transport::Transport;
use crate::protocol::call::{Range, Wallet};
use crate::protocol::model::{Movement as Moved, MovementKind as MovedKind, OwnTrade, Side as VenueSide};
use crate::protocol::{CallError, HistoryQuery, Instrument, Scope};
use desk::fill::Fill;
use desk::id::{AccountId, Asset, IntentId, MovementId, Symbol, TradeId};
use desk::money::{Amount, Fee};
use desk::movement::{Movement, MovementKind};
use desk::order::Side;
use desk::port::{Clock, ListMovements, ReadBalances, Table, VenueError};
use desk::time::Timestamp;
use std::collections::BTreeMap;

/// Our id, if a client id is one.
fn ours(client_id: &str) -> Option<IntentId> {
    IntentId::new(client_id.chars().filter(|c| *c != '-').collect::<String>()).ok()
}

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    pub(super) fn fill(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        order: IntentId,
        trade: &OwnTrade,
    ) -> Result<Fill, String> {
        let markets = self.exchange.markets();
        let quote = markets.of_symbol(symbol.as_str(), &[crate::protocol::Product::Spot]).map(|i| i.quote.clone());
        let (cost, currency) = match &trade.fee {
            Some(fee) => (fee.cost, fee.currency.clone().or(quote)),
            None => (rust_decimal::Decimal::ZERO, quote),
        };
        let fee =
            Amount::from_decimal(cost).and_then(Fee::new).map_err(|e| format!("the fee of trade {}: {e}", trade.id))?;
        let side = match trade.side.ok_or_else(|| format!("trade {} has no side", trade.id))? {
            VenueSide::Buy => Side::Buy,
            VenueSide::Sell => Side::Sell,
        };
        Ok(Fill {
            venue: self.id.clone(),
            account: account.clone(),
            symbol: symbol.clone(),
            trade: TradeId::new(trade.id.clone()).map_err(|e| e.to_string())?,
            order,
            side,
            price: trade.price,
            quantity: trade.quantity,
            fee,
            fee_asset: Asset::new(currency.unwrap_or_default()).map_err(|e| e.to_string())?,
            at: trade.at.ok_or_else(|| format!("trade {} has no time", trade.id))?,
        })
    }

    /// Which of our orders a trade belongs to. `None` if it is somebody else's.
    async fn order_of(
        &self,
        instrument: &Instrument,
        trade: &OwnTrade,
        venue_order: &str,
    ) -> Result<Option<IntentId>, VenueError> {
        let client_id = match &trade.client_id {
            Some(id) => Some(id.clone()),
            None => self.client_id(instrument, venue_order).await?,
        };
        let Some(client_id) = client_id else { return Ok(None) };
        if let Some(order) = ours(&client_id) {
            return Ok(Some(order));
        }
        // A stop that was triggered is a new order at some venues, whose client id is the venue's own id of the order that
        // waited (Bitget). Such ids are numbers.
        if !client_id.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(None);
        }
        if self.named(&client_id).is_none() {
            self.learn(instrument, &client_id).await?;
        }
        Ok(self.named(&client_id).and_then(|name| ours(&name)))
    }

    /// A trade that the account's stream tells of, as a fill.
    ///
    /// # Errors
    /// [`VenueError`] if it can't be told which order it belongs to, or if it can't be read.
    pub async fn fill_of(&self, account: &AccountId, trade: &OwnTrade) -> Result<Fill, VenueError> {
        let markets = self.exchange.markets();
        let instrument =
            markets.get(&trade.market).ok_or_else(|| self.error(format!("it has no market {}", trade.market)))?;
        let symbol = Symbol::new(instrument.symbol.clone()).map_err(|e| self.error(e))?;
        let venue_order = trade.order.clone().unwrap_or_default();
        let order = match self.order_of(instrument, trade, &venue_order).await? {
            Some(order) => order,
            None => IntentId::derive_external(&self.id, &venue_order),
        };
        self.fill(account, &symbol, order, trade).map_err(|e| self.error(e))
    }
}

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    /// A movement in the desk's form. `None` if its currency has a name that no market's can be.
    fn movement(&self, account: &AccountId, moved: &Moved) -> Result<Option<Movement>, String> {
        let Ok(asset) = Asset::new(moved.currency.clone()) else { return Ok(None) };
        let fault = |e: &dyn std::fmt::Display| format!("movement {}: {e}", moved.id);
        let (cost, currency) = match &moved.fee {
            Some(fee) => (fee.cost, fee.currency.clone()),
            None => (rust_decimal::Decimal::ZERO, None),
        };
        let fee_asset = currency.map_or_else(|| Ok(asset.clone()), Asset::new).map_err(|e| fault(&e))?;
        Ok(Some(Movement {
            venue: self.id.clone(),
            account: account.clone(),
            kind: match moved.kind {
                MovedKind::Deposit => MovementKind::Deposit,
                MovedKind::Withdrawal => MovementKind::Withdrawal,
                MovedKind::Transfer => MovementKind::Transfer,
                MovedKind::Other => MovementKind::Other,
            },
            id: MovementId::new(moved.id.clone()).map_err(|e| fault(&e))?,
            asset,
            amount: Amount::from_decimal(moved.amount).map_err(|e| fault(&e))?,
            fee: Amount::from_decimal(cost).and_then(Fee::new).map_err(|e| fault(&e))?,
            fee_asset,
            at: moved.at,
        }))
    }
}

impl<T: Table, C: Clock, X: Transport> ListMovements for LiveSpot<T, C, X> {
    async fn movements(&self, account: &AccountId, since: Timestamp) -> Result<Option<Vec<Movement>>, VenueError> {
        let scope = Scope { wallet: Some(Wallet::Spot), ..self.scope.clone() };
        let query = HistoryQuery { instrument: None, range: Range { since: Some(since), ..Range::default() }, scope };
        let protocol = self.exchange.protocol();
        let (mut told, mut asked) = (Vec::new(), false);
        // Some venues list withdrawals apart.
        for ask in [protocol.movements(&query), protocol.withdrawals(&query)] {
            match ask {
                Ok(ask) => {
                    asked = true;
                    told.extend(self.exchange.read(ask).await.map_err(|e| self.fault(&e))?);
                }
                Err(CallError::Unsupported { .. }) => {}
                Err(fault) => return Err(self.error(fault)),
            }
        }
        told.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        let movements: Result<Vec<Option<Movement>>, String> = told.iter().map(|m| self.movement(account, m)).collect();
        let movements = movements.map_err(|e| self.error(e))?.into_iter().flatten().collect();
        Ok(asked.then_some(movements))
    }
}

impl<T: Table, C: Clock, X: Transport> ReadBalances for LiveSpot<T, C, X> {
    async fn balances(&self, _: &AccountId) -> Result<BTreeMap<Asset, Amount>, VenueError> {
        let balances = self.exchange.balances(&self.scope).await.map_err(|e| self.fault(&e))?;
        let mut held = BTreeMap::new();
        for (currency, holding) in balances.of {
            let total = holding.total.or_else(|| Some(holding.free? + holding.used?)).unwrap_or_default();
            if total.is_zero() {
                continue;
            }
            // What has a name that no market's currency can have is no business of the desk's.
            let Ok(asset) = Asset::new(currency) else { continue };
            held.insert(asset, Amount::from_decimal(total).map_err(|e| self.error(e))?);
        }
        Ok(held)
    }
}

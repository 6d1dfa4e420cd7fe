//! Making an open order smaller without losing its place in the queue.

use super::refusal::Refusal;
use super::types::{AccountId, Execution, Ms};
use super::{Engine, Which};
use rust_decimal::Decimal;

impl Engine {
    /// Makes an open order smaller, under another name. The answer is its number.
    ///
    /// # Errors
    /// -2038 if there is no such open order, or it would not become smaller, or smaller than what has filled.
    pub fn amend(
        &mut self,
        account: AccountId,
        symbol: &str,
        which: Which<'_>,
        quantity: Decimal,
        name: &str,
        now: Ms,
    ) -> Result<u64, Refusal> {
        let refused = |text: &str| Refusal::new(-2038, text);
        let order = self.find(account, symbol, which).filter(|order| order.status.is_open());
        let order = order.ok_or_else(|| refused("Unknown order sent."))?;
        let (id, step) = (order.id, self.market(symbol)?.rules.step());
        if quantity == order.quantity {
            return Err(refused("The requested action would change no state; rejecting"));
        }
        if quantity > order.quantity {
            return Err(refused("Order amend (quantity increase) is not supported."));
        }
        if quantity <= order.executed || !(quantity % step).is_zero() {
            return Err(Refusal::filter("LOT_SIZE"));
        }
        if order.list.is_some() {
            return Err(refused("Order amend is not supported for this symbol."));
        }
        if name != order.client_id && self.name_taken(account, symbol, name) {
            return Err(refused("Duplicate order sent."));
        }
        let Some(order) = self.orders.get_mut(&id) else { return Err(refused("Unknown order sent.")) };
        let less = order.quantity - quantity;
        order.quantity = quantity;
        order.updated_at = now;
        let former = std::mem::replace(&mut order.client_id, name.to_owned());
        order.cancel_id = Some(former.clone());
        let need = order.need();
        let over = order.held - need;
        order.held = need;
        let (side, price, resting) = (order.side, order.price, order.resting);
        if resting && let Some(market) = self.markets.get_mut(symbol) {
            market.book.reduce(side, price, id, less);
        }
        self.free(account, symbol, side, over);
        self.names.remove(&(account, symbol.to_owned(), former));
        self.names.insert((account, symbol.to_owned(), name.to_owned()), id);
        self.report(id, Execution::Replaced, None, now);
        self.finish(now);
        Ok(id)
    }
}

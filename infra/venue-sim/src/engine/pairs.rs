//! One-cancels-the-other: two orders that share what is locked for them.
//!
//! The larger need is locked on the first leg. When a leg begins to work by a fill or a trigger, the other one expires
//! and the leg takes over the lock; that can't fail, because it needs no more than was locked.

use super::Engine;
use super::matching::Ending;
use super::refusal::Refusal;
use super::types::{AccountId, Expiry, Kind, Ms, NewOrder, OrderList};
use rust_decimal::Decimal;

impl Engine {
    /// Places a pair; `above` and `below` are by price. The answer is the pair's number.
    ///
    /// # Errors
    /// Why it was refused; nothing has changed then.
    pub fn place_pair(
        &mut self,
        account: AccountId,
        above: &NewOrder,
        below: &NewOrder,
        client_id: &str,
        now: Ms,
    ) -> Result<u64, Refusal> {
        let stop_loss = |order: &NewOrder| matches!(order.kind, Kind::StopLoss | Kind::StopLossLimit);
        if stop_loss(above) == stop_loss(below) {
            return Err(Refusal::new(-1158, "Order type not supported in OCO."));
        }
        let last = self.market(&above.symbol)?.tape.last();
        let trigger = |order: &NewOrder| if order.kind.is_stop() { order.stop_price } else { order.price };
        if last.is_some_and(|last| trigger(above) <= last || trigger(below) >= last) || trigger(above) <= trigger(below)
        {
            return Err(Refusal::order("The relationship of the prices for the orders is not correct."));
        }
        if !above.client_id.is_empty() && above.client_id == below.client_id {
            return Err(Refusal::order("Duplicate order sent."));
        }
        if self.pairs(account).any(|pair| !pair.done && pair.client_id == client_id && !client_id.is_empty()) {
            return Err(Refusal::order("Duplicate order sent."));
        }
        self.check(account, above)?;
        self.check(account, below)?;
        self.list_id += 1;
        let list = self.list_id;
        let orders = vec![self.admit(account, above, Some(list), now), self.admit(account, below, Some(list), now)];
        if self.hold_pair(&orders).is_err() {
            orders.into_iter().for_each(|id| self.forget(id));
            return Err(Refusal::funds());
        }
        let client_id = if client_id.is_empty() { format!("list{list:018}") } else { client_id.to_owned() };
        let pair = OrderList {
            id: list,
            account,
            symbol: above.symbol.clone(),
            client_id,
            orders: orders.clone(),
            done: false,
            at: now,
        };
        self.lists.insert(list, pair);
        self.tell_list(list, now);
        for id in orders {
            self.start(id, now);
        }
        self.settle_down(&above.symbol, now);
        Ok(list)
    }

    fn hold_pair(&mut self, orders: &[u64]) -> Result<(), super::ledger::Short> {
        let known = || orders.iter().filter_map(|id| self.orders.get(id));
        let most = known().map(super::types::Order::need).max().unwrap_or(Decimal::ZERO);
        let Some((account, side, symbol, id)) =
            known().next().map(|order| (order.account, order.side, order.symbol.clone(), order.id))
        else {
            return Ok(());
        };
        let Some(asset) = self.markets.get(&symbol).map(|market| market.rules.given(side).to_owned()) else {
            return Ok(());
        };
        self.ledger.lock(account, &asset, most)?;
        self.note(account, &asset);
        if let Some(order) = self.orders.get_mut(&id) {
            order.held = most;
        }
        Ok(())
    }

    /// A leg begins to work: the other one expires, and the lock is this leg's.
    pub(super) fn begin_leg(&mut self, id: u64, now: Ms) {
        let Some(list) = self.orders.get(&id).and_then(|order| order.list) else { return };
        let others = self.lists.get(&list).map(|pair| pair.orders.clone()).unwrap_or_default();
        let open = |engine: &Self, id: u64| engine.orders.get(&id).is_some_and(|order| order.status.is_open());
        if !others.iter().any(|other| *other != id && open(self, *other)) {
            return;
        }
        let held = self.orders.get_mut(&id).map(|order| std::mem::take(&mut order.held)).unwrap_or_default();
        if let Some((account, symbol, side)) =
            self.orders.get(&id).map(|order| (order.account, order.symbol.clone(), order.side))
            && !held.is_zero()
        {
            self.free(account, &symbol, side, held);
        }
        for other in others.into_iter().filter(|other| *other != id) {
            self.end_leg(other, now);
        }
        let locked = self.hold(id);
        debug_assert!(locked.is_ok(), "the pair had locked the larger need");
    }

    /// The other orders of a pair expire with this one.
    pub(super) fn end_others(&mut self, list: u64, id: u64, now: Ms) {
        let others = self.lists.get(&list).map(|pair| pair.orders.clone()).unwrap_or_default();
        for other in others.into_iter().filter(|other| *other != id) {
            self.end_leg(other, now);
        }
    }

    /// Expires a leg; without telling the pair, which the caller does.
    fn end_leg(&mut self, id: u64, now: Ms) {
        let list = self.orders.get_mut(&id).and_then(|order| order.list.take());
        self.end(id, Ending::Expired(Expiry::OcoTrigger), now);
        if let Some(order) = self.orders.get_mut(&id) {
            order.list = list;
        }
    }
}

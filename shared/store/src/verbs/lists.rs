//! Lists for people and reports.

use crate::rows::{PointerRow, VerdictRow};
use crate::{Store, StoreError, keys};
use desk::fill::Fill;
use desk::id::{AccountId, IntentId, SignalId};
use desk::order::Order;
use desk::port::{Query, Table};
use desk::time::Timestamp;

impl<T: Table> Store<T> {
    /// The account's last orders, newest first, at most `limit`, behind the place `before`. Returns each order's
    /// place, too, from which the list can be continued.
    ///
    /// # Errors
    /// As the table.
    pub async fn recent_orders(
        &self,
        account: &AccountId,
        before: Option<String>,
        limit: u32,
    ) -> Result<Vec<(String, Order)>, StoreError> {
        let query = Query { descending: true, limit, after: before, ..keys::orders(account) };
        let mut orders = Vec::new();
        for item in self.table.query(&query).await? {
            let pointer: PointerRow = self.table.decoded(&item)?;
            let id = IntentId::new(pointer.to).map_err(|e| StoreError::Contradiction(e.to_string()))?;
            orders.push((item.key.sk, self.order(&id).await?.row));
        }
        Ok(orders)
    }

    /// The ids of the account's last decisions, newest first, with their places.
    ///
    /// # Errors
    /// As the table.
    pub async fn recent_decisions(
        &self,
        account: &AccountId,
        before: Option<String>,
        limit: u32,
    ) -> Result<Vec<(String, SignalId)>, StoreError> {
        let query = Query { descending: true, limit, after: before, ..keys::decisions(account) };
        let named = |item: desk::port::Item| {
            let pointer: PointerRow = self.table.decoded(&item)?;
            let id = SignalId::new(pointer.to).map_err(|e| StoreError::Contradiction(e.to_string()))?;
            Ok((item.key.sk, id))
        };
        self.table.query(&query).await?.into_iter().map(named).collect()
    }

    /// The market time of the last decision or order, whichever is later: the books have seen the market until then.
    ///
    /// # Errors
    /// As the table.
    pub async fn seen_until(&self, account: &AccountId) -> Result<Option<Timestamp>, StoreError> {
        let mut latest = None;
        for query in [keys::orders(account), keys::decisions(account)] {
            let last = Query { descending: true, limit: 1, ..query };
            for item in self.table.query(&last).await? {
                let time = item.key.sk.split('#').next().and_then(|text| text.parse().ok()).map(Timestamp::from_ms);
                latest = latest.max(time);
            }
        }
        Ok(latest)
    }

    /// Every order of the account, oldest first.
    ///
    /// # Errors
    /// As the table.
    pub async fn all_orders(&self, account: &AccountId) -> Result<Vec<Order>, StoreError> {
        let mut orders = Vec::new();
        for pointer in self.rows::<PointerRow>(keys::orders(account)).await? {
            let id = IntentId::new(pointer.to).map_err(|e| StoreError::Contradiction(e.to_string()))?;
            orders.push(self.order(&id).await?.row);
        }
        Ok(orders)
    }

    /// Every decision of the account, oldest first.
    ///
    /// # Errors
    /// As the table.
    pub async fn all_decisions(&self, account: &AccountId) -> Result<Vec<SignalId>, StoreError> {
        let pointers = self.rows::<PointerRow>(keys::decisions(account)).await?;
        let id = |p: PointerRow| SignalId::new(p.to).map_err(|e| StoreError::Contradiction(e.to_string()));
        pointers.into_iter().map(id).collect()
    }

    /// Everything risk said about a decision, by leg and attempt.
    ///
    /// # Errors
    /// As the table.
    pub async fn verdicts(&self, signal: &SignalId) -> Result<Vec<VerdictRow>, StoreError> {
        self.rows(keys::verdicts(signal)).await
    }

    /// Every fill of the account.
    ///
    /// # Errors
    /// As the table.
    pub async fn fills(&self, account: &AccountId) -> Result<Vec<Fill>, StoreError> {
        self.rows(keys::fills(account)).await
    }

    /// The fills of one order.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if a pointer leads nowhere.
    pub async fn fills_of(&self, account: &AccountId, order: &IntentId) -> Result<Vec<Fill>, StoreError> {
        let mut fills = Vec::new();
        for pointer in self.rows::<PointerRow>(keys::order_fills(order)).await? {
            let found = self.row::<Fill>(&keys::fill_named(account, &pointer.to)).await?;
            let missing = || StoreError::Missing { what: format!("fill {}", pointer.to) };
            fills.push(found.ok_or_else(missing)?.row);
        }
        Ok(fills)
    }
}

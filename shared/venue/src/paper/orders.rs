//! The ports: placing, asking, cancelling, listing.

use super::rows::{self, Numbers, OpenRow, PaperOrder, Status};
use super::stand::{Stand, Standing};
use super::{Paper, PaperError, TRIES};
use desk::fill::Fill;
use desk::id::{AccountId, Asset, IntentId, Symbol, VenueId, VenueOrderId};
use desk::money::{Amount, Quantity};
use desk::order::{Claimed, Intent, OrderKind, Timing};
use desk::port::{
    CancelOrder, CancelOutcome, Clock, ListMovements, ListOpenOrders, ListTrades, Lookup, OpenOrder, OrderFact,
    PlaceOrder, PlaceOutcome, Query, QueryOrder, ReadBalances, RowError, Table, TableError, Venue, VenueError, Write,
    create, decode, replace, upsert,
};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use std::ops::Range;

/// The place of the market's numbers among the writes that take an order in.
const NUMBERS: usize = 1;

impl<T: Table, M: Stand, C: Clock> Paper<T, M, C> {
    /// Why an order is refused, if it is.
    fn refusal(&self, claimed: &Claimed) -> Option<String> {
        let intent = &claimed.order().intent;
        let Some(instrument) = self.instruments.get(&intent.symbol) else {
            return Some(format!("{} is not traded here", intent.symbol));
        };
        if self.clock.now() > claimed.claim().deadline {
            return Some("the request arrived after its deadline".to_owned());
        }
        let quantity = intent.quantity;
        if quantity.is_zero() || !quantity.is_on(instrument.lot) {
            return Some(format!("quantity {quantity} is not a whole number of lots of {}", instrument.lot));
        }
        None
    }

    /// Takes an order in. Another order of the market may be taken in at the same time: then the numbers are read again.
    async fn accept(&self, intent: &Intent, standing: &Standing) -> Result<OrderFact, PaperError> {
        for _ in 0..TRIES {
            match self.try_accept(intent, standing.at).await {
                Err(PaperError::Table(TableError::Conflict(conflict))) if conflict.index == NUMBERS => {}
                Err(PaperError::Table(TableError::Contended(_))) => {}
                done => return done,
            }
        }
        Err(PaperError::Busy(intent.symbol.clone()))
    }

    async fn try_accept(&self, intent: &Intent, accepted_at: Timestamp) -> Result<OrderFact, PaperError> {
        let key = rows::numbers(&intent.account, &intent.symbol);
        let item = self.table.get(&key).await?;
        let mut numbers = item.as_ref().map(decode::<Numbers>).transpose()?.unwrap_or_default();
        numbers.orders += 1;
        numbers.last_order = Some(intent.id.clone());
        let seq = numbers.orders;
        let fault = |e: desk::id::BadId| RowError::at(&key, e.to_string());
        let order = PaperOrder {
            order: intent.id.clone(),
            venue_order: VenueOrderId::new(format!("{}-{seq}", intent.symbol)).map_err(fault)?,
            symbol: intent.symbol.clone(),
            side: intent.side,
            kind: intent.kind,
            quantity: intent.quantity,
            filled: Quantity::ZERO,
            status: Status::Open,
            triggered: false,
            accepted_at,
            seq,
            last_match: None,
        };
        let writes = vec![
            create(rows::order(&intent.account, &intent.id), &order)?,
            upsert(key, item.map(|i| i.version), &numbers)?,
            create(rows::open(&intent.account, &intent.symbol, seq), &OpenRow { order: intent.id.clone() })?,
        ];
        self.table.transact(writes).await?;
        Ok(order.fact())
    }

    /// Takes an order in and, if it trades at once and the bar's opening is known, lets it.
    async fn take(&self, intent: &Intent, standing: &Standing) -> Result<(OrderFact, Vec<Fill>), PaperError> {
        let accepted = self.accept(intent, standing).await?;
        if intent.kind != OrderKind::Market || standing.opening.is_none() {
            return Ok((accepted, Vec::new()));
        }
        // The order is in whatever becomes of this: a bar that closes plays its opening again.
        let fills = self.open(&intent.account, &intent.symbol, standing).await.unwrap_or_default();
        let found = self.find(&intent.account, &intent.id).await?;
        Ok((found.map_or(accepted, |(order, _)| order.fact()), fills))
    }

    async fn find(&self, account: &AccountId, id: &IntentId) -> Result<Option<(PaperOrder, u64)>, PaperError> {
        let item = self.table.get(&rows::order(account, id)).await?;
        Ok(item.map(|item| decode(&item).map(|order| (order, item.version))).transpose()?)
    }

    async fn listed(&self, account: &AccountId, symbol: &Symbol, id: &IntentId) -> Result<bool, PaperError> {
        for item in self.table.query(&rows::all_open(account, Some(symbol))).await? {
            if decode::<OpenRow>(&item)?.order == *id {
                return Ok(true);
            }
        }
        let recent = Query { descending: true, ..rows::trades(account, symbol) };
        for item in self.table.query(&recent).await? {
            if decode::<Fill>(&item)?.order == *id {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn try_cancel(&self, account: &AccountId, id: &IntentId) -> Result<CancelOutcome, PaperError> {
        let Some((mut order, version)) = self.find(account, id).await? else {
            return Ok(CancelOutcome::Unknown("there is no such order".to_owned()));
        };
        if order.status == Status::Open {
            order.status = Status::Cancelled;
            let gone = Write::Delete { key: rows::open(account, &order.symbol, order.seq) };
            self.table.transact(vec![replace(rows::order(account, id), version, &order)?, gone]).await?;
        }
        Ok(CancelOutcome::Done(order.fact()))
    }

    async fn all_trades(&self, account: &AccountId, symbol: &Symbol) -> Result<Vec<Fill>, PaperError> {
        let mut query = rows::trades(account, symbol);
        let mut all = Vec::new();
        loop {
            let items = self.table.query(&query).await?;
            let Some(last) = items.last() else { return Ok(all) };
            query.after = Some(last.key.sk.clone());
            for item in &items {
                all.push(decode(item)?);
            }
        }
    }

    fn unavailable(&self, error: &PaperError) -> VenueError {
        VenueError::new(self.id.clone(), error.to_string())
    }

    fn look(found: Option<(PaperOrder, u64)>) -> Lookup {
        found.map_or(Lookup::NotFound, |(order, _)| Lookup::Found(order.fact()))
    }
}

impl<T: Table, M: Stand, C: Clock> PlaceOrder for Paper<T, M, C> {
    async fn place(&self, claimed: &Claimed) -> PlaceOutcome {
        if let Some(reason) = self.refusal(claimed) {
            return PlaceOutcome::Refused(reason);
        }
        let intent = &claimed.order().intent;
        let standing = match self.market.stands(&intent.account, &intent.symbol).await {
            Ok(Some(standing)) => standing,
            Ok(None) => return PlaceOutcome::Refused(format!("nobody has followed {} yet", intent.symbol)),
            Err(error) => return PlaceOutcome::Unknown(error.to_string()),
        };
        match self.take(intent, &standing).await {
            Ok((fact, fills)) => PlaceOutcome::Accepted { fact, fills },
            Err(PaperError::Table(TableError::Conflict(_))) => {
                PlaceOutcome::Unknown("the client id is in use".to_owned())
            }
            Err(error) => PlaceOutcome::Unknown(error.to_string()),
        }
    }
}

impl<T: Table, M: Stand, C: Clock> QueryOrder for Paper<T, M, C> {
    async fn by_client_id(&self, account: &AccountId, _: &Symbol, order: &IntentId) -> Result<Lookup, VenueError> {
        self.find(account, order).await.map(Self::look).map_err(|e| self.unavailable(&e))
    }

    async fn in_lists(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        order: &IntentId,
        _: Timestamp,
    ) -> Result<Lookup, VenueError> {
        match self.listed(account, symbol, order).await {
            Ok(true) => self.by_client_id(account, symbol, order).await,
            Ok(false) => Ok(Lookup::NotFound),
            Err(error) => Err(self.unavailable(&error)),
        }
    }
}

impl<T: Table, M: Stand, C: Clock> CancelOrder for Paper<T, M, C> {
    async fn cancel(&self, account: &AccountId, _: &Symbol, order: &IntentId) -> CancelOutcome {
        self.try_cancel(account, order).await.unwrap_or_else(|error| CancelOutcome::Unknown(error.to_string()))
    }
}

impl<T: Table, M: Stand, C: Clock> ListOpenOrders for Paper<T, M, C> {
    async fn open_orders(&self, account: &AccountId) -> Result<Vec<OpenOrder>, VenueError> {
        let fault = |e: PaperError| self.unavailable(&e);
        let items = self.table.query(&rows::all_open(account, None)).await.map_err(|e| fault(e.into()))?;
        // Everybody here is the desk: its orders need no market to be known by.
        let open = |row: OpenRow| OpenOrder { client_id: row.order.to_string(), symbol: None };
        items.iter().map(|item| decode::<OpenRow>(item).map(open).map_err(|e| fault(e.into()))).collect()
    }
}

impl<T: Table, M: Stand, C: Clock> ListTrades for Paper<T, M, C> {
    async fn trades(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        stretch: Range<Timestamp>,
    ) -> Result<Vec<Fill>, VenueError> {
        let all = self.all_trades(account, symbol).await.map_err(|e| self.unavailable(&e))?;
        Ok(all.into_iter().filter(|fill| stretch.contains(&fill.at)).collect())
    }

    async fn last_trade(&self, account: &AccountId, symbol: &Symbol) -> Result<Option<Fill>, VenueError> {
        let fault = |e: PaperError| self.unavailable(&e);
        let query = Query { descending: true, limit: 1, ..rows::trades(account, symbol) };
        let items = self.table.query(&query).await.map_err(|e| fault(e.into()))?;
        items.first().map(|item| decode(item).map_err(|e| fault(e.into()))).transpose()
    }
}

/// Nothing moves on paper but by trades.
impl<T: Table, M: Stand, C: Clock> ListMovements for Paper<T, M, C> {}

impl<T: Table, M: Stand, C: Clock> ReadBalances for Paper<T, M, C> {
    async fn balances(&self, account: &AccountId) -> Result<BTreeMap<Asset, Amount>, VenueError> {
        let fault = |reason: String| VenueError::new(self.id.clone(), reason);
        let mut balances = BTreeMap::new();
        for item in self.table.query(&rows::balances(account)).await.map_err(|e| fault(e.to_string()))? {
            let name = item.key.sk.trim_start_matches("BALANCE#");
            let asset = Asset::new(name).map_err(|e| fault(e.to_string()))?;
            balances.insert(asset, item.counters.get("amount").copied().unwrap_or_default());
        }
        Ok(balances)
    }
}

impl<T: Table, M: Stand, C: Clock> Venue for Paper<T, M, C> {
    fn id(&self) -> &VenueId {
        &self.id
    }

    fn timing(&self) -> Timing {
        Self::TIMING
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

//! The exchange as its API sees it: the engine, the keys, the limits, the listen keys, and how it misbehaves.

use crate::api::auth::{Key, Keys};
use crate::api::limits::Limits;
use crate::engine::book::Snapshot;
use crate::engine::flow::Flow;
use crate::engine::refusal::Refusal;
use crate::engine::types::{AccountId, Event, Execution, Ms, NewOrder, Side, Tif};
use crate::engine::{Account, Engine};
use crate::faults::Venue;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// How long a listen key lives without being kept.
const LISTEN_MS: Ms = 3_600_000;

/// All of the exchange's state. No clock: every call that needs the time is given it.
#[derive(Clone, Default)]
pub struct Exchange {
    /// Orders, books, balances.
    pub engine: Engine,
    /// API keys by name.
    pub keys: Keys,
    /// Request weights and order counts.
    pub limits: Limits,
    /// Synthetic participants.
    pub flow: Option<Flow>,
    /// How the exchange itself misbehaves.
    pub venue: Venue,
    listens: BTreeMap<String, (AccountId, Ms)>,
    snapshots: BTreeMap<String, (Ms, Snapshot)>,
    names: u64,
    /// What was brought in and taken out, oldest first.
    pub(crate) movements: Vec<Movement>,
}

/// Funds that were brought in, or taken out (negative).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) account: AccountId,
    pub(crate) asset: String,
    pub(crate) amount: Decimal,
    pub(crate) at: Ms,
}

impl Exchange {
    /// An exchange without markets and accounts.
    #[must_use]
    pub fn new() -> Self {
        Self { engine: Engine::new(), ..Self::default() }
    }

    /// Opens an account with a key of its own. Commissions are fractions (0.001 is 10 basis points).
    pub fn open(&mut self, key: &str, secret: &str, maker: Decimal, taker: Decimal) -> AccountId {
        let account = self.engine.open_account(Account { house: false, maker, taker, fee_asset: None });
        self.key(key, secret, account);
        account
    }

    /// Another key for an account.
    pub fn key(&mut self, key: &str, secret: &str, account: AccountId) {
        let key_of = Key {
            secret: secret.to_owned(),
            account,
            revoked: false,
            trading: true,
            withdrawals: false,
            ip_restricted: true,
        };
        self.keys.insert(key.to_owned(), key_of);
    }

    /// The next name the exchange makes up.
    pub fn name(&mut self) -> String {
        self.names += 1;
        format!("simc{:018}", self.names)
    }

    /// What happened since the last call; orders that traded no longer count against the limit of orders.
    pub fn events(&mut self) -> Vec<Event> {
        let events = self.engine.events();
        for event in &events {
            if let Event::Moved(account, asset, amount, at) = event {
                self.movements.push(Movement { account: *account, asset: asset.clone(), amount: *amount, at: *at });
            }
            if let Event::Report(report) = event
                && report.execution == Execution::Trade
                && report.fill.as_ref().is_some_and(|fill| fill.quantity == report.order.executed)
            {
                self.limits.traded(report.order.account, 1, report.at);
            }
        }
        events
    }

    /// A book; an old copy of it while the snapshots lag behind.
    ///
    /// # Errors
    /// -1121.
    pub fn snapshot(&mut self, symbol: &str, limit: usize, now: Ms) -> Result<Snapshot, Refusal> {
        let book = &self.engine.market(symbol)?.book;
        if self.venue.snapshot_age_ms <= 0 {
            return Ok(book.snapshot(limit));
        }
        let fresh = || (now, book.snapshot(5_000));
        let kept = self.snapshots.entry(symbol.to_owned()).or_insert_with(fresh);
        if now - kept.0 > self.venue.snapshot_age_ms {
            *kept = fresh();
        }
        let mut copy = kept.1.clone();
        copy.bids.truncate(limit);
        copy.asks.truncate(limit);
        Ok(copy)
    }

    /// The account's listen key, made when there is none; kept for an hour.
    pub fn listen(&mut self, account: AccountId, now: Ms) -> String {
        let known = self
            .listens
            .iter()
            .find(|(_, (owner, until))| *owner == account && *until > now)
            .map(|(key, _)| key.clone());
        let key = known.unwrap_or_else(|| {
            self.names += 1;
            format!("simlisten{:055}", self.names)
        });
        self.listens.insert(key.clone(), (account, now + LISTEN_MS));
        key
    }

    /// Keeps a listen key for another hour; whether there was one.
    pub fn keep(&mut self, key: &str, account: AccountId, now: Ms) -> bool {
        let known = self.listens.get_mut(key).filter(|(owner, until)| *owner == account && *until > now);
        known.is_some_and(|(_, until)| {
            *until = now + LISTEN_MS;
            true
        })
    }

    /// Gives a listen key back; whether there was one.
    pub fn unlisten(&mut self, key: &str, account: AccountId) -> bool {
        let known = self.listens.get(key).is_some_and(|(owner, _)| *owner == account);
        known && self.listens.remove(key).is_some()
    }

    /// Whose a listen key is, while it is good.
    #[must_use]
    pub fn listener(&self, key: &str, now: Ms) -> Option<AccountId> {
        self.listens.get(key).filter(|(_, until)| *until > now).map(|(account, _)| *account)
    }

    /// Takes all listen keys away; the answer is those that were.
    pub fn expire_listens(&mut self) -> Vec<String> {
        std::mem::take(&mut self.listens).into_keys().collect()
    }

    /// An order that the owner of a key places by hand, on the exchange's page. The answer is its number.
    ///
    /// # Errors
    /// -2015 for a key that is not known, or why the engine refused.
    pub fn by_hand(&mut self, key: &str, order: NewOrder, now: Ms) -> Result<u64, Refusal> {
        let unknown = || Refusal::new(-2015, "Invalid API-key, IP, or permissions for action.");
        let account = self.keys.get(key).ok_or_else(unknown)?.account;
        let client_id = format!("web_{}", self.name());
        self.engine.place(account, &NewOrder { client_id, ..order }, now)
    }

    /// Orders of the house that other orders can trade with.
    ///
    /// # Errors
    /// Why the engine refused.
    pub fn rest(
        &mut self,
        symbol: &str,
        side: Side,
        price: Decimal,
        quantity: Decimal,
        now: Ms,
    ) -> Result<u64, Refusal> {
        let house = self.house(symbol, now)?;
        self.engine.place(house, &NewOrder::limit(symbol, side, price, quantity), now)
    }

    /// Fills an open order against the house, up to a quantity, whatever else is in the book at its price.
    ///
    /// # Errors
    /// Why the engine refused.
    pub fn fill(&mut self, order: u64, quantity: Decimal, now: Ms) -> Result<(), Refusal> {
        let Some(resting) = self.engine.order(order).filter(|order| order.status.is_open()).cloned() else {
            return Err(Refusal::cancel());
        };
        let house = self.house(&resting.symbol, now)?;
        let side = resting.side.opposite();
        let ahead = self.engine.market(&resting.symbol)?.book.ahead(resting.side, resting.price, order);
        let quantity = quantity.min(resting.remaining());
        let mut taker = NewOrder::limit(&resting.symbol, side, resting.price, ahead + quantity);
        taker.tif = Tif::Ioc;
        self.engine.place(house, &taker, now)?;
        Ok(())
    }

    /// The house's account, with funds for this market.
    fn house(&mut self, symbol: &str, now: Ms) -> Result<AccountId, Refusal> {
        let rules = self.engine.market(symbol)?.rules.clone();
        let account = match &self.flow {
            Some(flow) => flow.helper(),
            None => {
                let flow = Flow::new(&mut self.engine, 0);
                let account = flow.helper();
                self.flow = Some(flow);
                account
            }
        };
        for asset in [&rules.base, &rules.quote] {
            if self.engine.ledger().balance(account, asset).free < Decimal::from(1_000_000_000) {
                self.engine.fund(account, asset, Decimal::from(1_000_000_000_000_u64), now)?;
            }
        }
        Ok(account)
    }
}

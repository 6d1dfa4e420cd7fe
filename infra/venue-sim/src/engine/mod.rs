//! The matching engine: accounts, markets, orders, and what happened to them. No I/O, no clock, no randomness.
//!
//! Steps of an order: rules of the market ([`rules`]), client id, price relations, funds locked ([`ledger`]), matched
//! by price and time ([`book`]), settled by double entry, stop orders released by the prices just traded, then told as
//! [`Event`]s. Invariants: money is conserved per asset; what is locked is what open orders need ([`Engine::audit`]).

mod amend;
pub mod book;
pub mod flow;
pub mod ledger;
mod matching;
mod pairs;
pub mod place;
pub mod refusal;
pub mod rules;
pub mod tape;
pub mod types;

use book::Book;
use ledger::{Balance, Ledger};
use refusal::Refusal;
use rules::Rules;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use tape::Tape;
use types::{AccountId, Event, Execution, Fill, Ms, Order, OrderList, Report};

/// An account's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Synthetic participants: no history is kept, and nothing is told to them.
    pub house: bool,
    /// Commission of a resting order, as a fraction.
    pub maker: Decimal,
    /// Commission of an incoming order, as a fraction.
    pub taker: Decimal,
    /// Another asset that commissions are paid in, while there is enough of it and a market to value it.
    pub fee_asset: Option<String>,
}

/// A market as it stands.
#[derive(Debug, Clone)]
pub struct Market {
    /// Its rules.
    pub rules: Rules,
    /// Its book.
    pub book: Book,
    /// What was traded.
    pub tape: Tape,
    /// Stop orders that wait.
    stops: BTreeSet<u64>,
    /// Lowest and highest price traded since stops were looked at.
    swing: Option<(Decimal, Decimal)>,
}

/// Which order is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Which<'a> {
    /// Its number.
    pub id: Option<u64>,
    /// Its owner's name for it; must fit too when both are given.
    pub client: Option<&'a str>,
}

/// The exchange's inside.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    accounts: Vec<Account>,
    ledger: Ledger,
    markets: BTreeMap<String, Market>,
    orders: BTreeMap<u64, Order>,
    lists: BTreeMap<u64, OrderList>,
    history: BTreeMap<(AccountId, String), Vec<u64>>,
    open: BTreeMap<AccountId, BTreeSet<u64>>,
    /// The newest order of each name.
    names: BTreeMap<(AccountId, String, String), u64>,
    fills: BTreeMap<AccountId, Vec<Fill>>,
    events: Vec<Event>,
    changed: BTreeMap<AccountId, BTreeSet<String>>,
    order_id: u64,
    list_id: u64,
    report_id: u64,
    match_id: u64,
}

impl Engine {
    /// An exchange without a market; only its own account.
    #[must_use]
    pub fn new() -> Self {
        let mut engine = Self::default();
        engine.open_account(Account { house: true, maker: Decimal::ZERO, taker: Decimal::ZERO, fee_asset: None });
        engine
    }

    /// Opens an account.
    pub fn open_account(&mut self, account: Account) -> AccountId {
        self.accounts.push(account);
        self.ledger.open()
    }

    /// Lists a market.
    ///
    /// # Errors
    /// What is wrong with its rules.
    pub fn list(&mut self, rules: Rules) -> Result<(), String> {
        rules.check()?;
        let market =
            Market { book: Book::default(), tape: Tape::default(), stops: BTreeSet::new(), swing: None, rules };
        self.markets.insert(market.rules.symbol.clone(), market);
        Ok(())
    }

    /// Brings funds in, or takes them out (negative).
    ///
    /// # Errors
    /// -2010 if more is to be taken out than is free.
    pub fn fund(&mut self, account: AccountId, asset: &str, amount: Decimal, now: Ms) -> Result<(), Refusal> {
        self.ledger.issue(account, asset, amount).map_err(|_| Refusal::funds())?;
        if !self.is_house(account) {
            self.events.push(Event::Moved(account, asset.to_owned(), amount, now));
        }
        self.note(account, asset);
        self.finish(now);
        Ok(())
    }

    /// An account's terms.
    #[must_use]
    pub fn account(&self, account: AccountId) -> Option<&Account> {
        self.accounts.get(account.0)
    }

    /// An account's terms, to change them.
    pub fn account_mut(&mut self, account: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(account.0)
    }

    /// Balances.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// A market.
    ///
    /// # Errors
    /// -1121.
    pub fn market(&self, symbol: &str) -> Result<&Market, Refusal> {
        self.markets.get(symbol).ok_or_else(Refusal::symbol)
    }

    /// A market, to change it.
    ///
    /// # Errors
    /// -1121.
    pub fn market_mut(&mut self, symbol: &str) -> Result<&mut Market, Refusal> {
        self.markets.get_mut(symbol).ok_or_else(Refusal::symbol)
    }

    /// All markets by symbol.
    pub fn markets(&self) -> impl Iterator<Item = &Market> {
        self.markets.values()
    }

    /// All symbols.
    #[must_use]
    pub fn symbols(&self) -> Vec<String> {
        self.markets.keys().cloned().collect()
    }

    /// An order by its number.
    #[must_use]
    pub fn order(&self, id: u64) -> Option<&Order> {
        self.orders.get(&id)
    }

    /// A pair by its number.
    #[must_use]
    pub fn pair(&self, id: u64) -> Option<&OrderList> {
        self.lists.get(&id)
    }

    /// An account's pairs.
    pub fn pairs(&self, account: AccountId) -> impl Iterator<Item = &OrderList> {
        self.lists.values().filter(move |list| list.account == account)
    }

    /// The order of an account that is meant; the newest of a name.
    #[must_use]
    pub fn find(&self, account: AccountId, symbol: &str, which: Which<'_>) -> Option<&Order> {
        let by_name = |name: &str| self.names.get(&(account, symbol.to_owned(), name.to_owned())).copied();
        let id = which.id.or_else(|| which.client.and_then(by_name))?;
        let order = self.orders.get(&id)?;
        let fits = order.account == account
            && order.symbol == symbol
            && which.client.is_none_or(|name| order.client_id == name);
        fits.then_some(order)
    }

    /// An account's open orders, oldest first.
    pub fn open_orders(&self, account: AccountId) -> impl Iterator<Item = &Order> {
        self.open.get(&account).into_iter().flatten().filter_map(|id| self.orders.get(id))
    }

    /// All orders an account ever had in a market, oldest first.
    pub fn all_orders(&self, account: AccountId, symbol: &str) -> impl DoubleEndedIterator<Item = &Order> {
        self.history.get(&(account, symbol.to_owned())).into_iter().flatten().filter_map(|id| self.orders.get(id))
    }

    /// An account's fills, oldest first.
    #[must_use]
    pub fn fills(&self, account: AccountId) -> &[Fill] {
        self.fills.get(&account).map_or(&[], Vec::as_slice)
    }

    /// What happened since the last call.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Checks the invariants.
    ///
    /// # Errors
    /// The one that does not hold.
    pub fn audit(&self) -> Result<(), String> {
        self.ledger.audit()?;
        let mut held: BTreeMap<(AccountId, &str), Decimal> = BTreeMap::new();
        for order in self.open.values().flatten().filter_map(|id| self.orders.get(id)) {
            let Some(market) = self.markets.get(&order.symbol) else {
                return Err(format!("order {} has no market", order.id));
            };
            if order.executed > order.quantity && !order.by_quote() {
                return Err(format!("order {} has filled more than it asked for", order.id));
            }
            *held.entry((order.account, market.rules.given(order.side))).or_default() += order.held;
            let legs = order.list.and_then(|list| self.lists.get(&list)).map_or(&[][..], |pair| &pair.orders);
            let legs = legs
                .iter()
                .filter_map(|id| self.orders.get(id))
                .filter(|leg| leg.status.is_open() && leg.id != order.id);
            let (need, holds) =
                legs.fold((order.need(), order.held), |sum, leg| (sum.0.max(leg.need()), sum.1 + leg.held));
            if need != holds {
                return Err(format!("order {} needs {need}, and {holds} is held for it", order.id));
            }
        }
        for number in 0..self.accounts.len() {
            for (asset, Balance { locked, .. }) in self.ledger.balances(AccountId(number)) {
                let need = held.get(&(AccountId(number), asset.as_str())).copied().unwrap_or_default();
                if need != locked {
                    return Err(format!("account {number} has {locked} {asset} locked, its orders hold {need}"));
                }
            }
        }
        Ok(())
    }

    fn is_house(&self, account: AccountId) -> bool {
        self.accounts.get(account.0).is_none_or(|account| account.house)
    }

    fn note(&mut self, account: AccountId, asset: &str) {
        if !self.is_house(account) {
            self.changed.entry(account).or_default().insert(asset.to_owned());
        }
    }

    fn report(&mut self, id: u64, execution: Execution, fill: Option<Fill>, now: Ms) {
        let Some(order) = self.orders.get(&id) else { return };
        if self.is_house(order.account) {
            return;
        }
        self.report_id += 1;
        let report = Report { order: order.clone(), execution, fill, number: self.report_id, at: now };
        self.events.push(Event::Report(Box::new(report)));
    }

    /// Tells what an action has led to beyond its reports: balances, best prices, aggregated trades.
    fn finish(&mut self, now: Ms) {
        for (account, assets) in std::mem::take(&mut self.changed) {
            let balances = assets.into_iter().map(|asset| {
                let balance = self.ledger.balance(account, &asset);
                (asset, balance)
            });
            let balances = balances.collect();
            self.events.push(Event::Position(account, balances, now));
        }
        for (symbol, market) in &mut self.markets {
            self.events.extend(market.tape.news().into_iter().map(|trades| Event::Aggregate(symbol.clone(), trades)));
            self.events.extend(market.book.news().map(|top| Event::Top(symbol.clone(), top)));
        }
    }
}

//! Opening an account: its limits become headroom, what it holds becomes the ledger's first transaction.

use super::counters::add;
use super::ledger::Appended;
use crate::rows::{AccountRow, OpeningRow, create, replace};
use crate::{Store, StoreError, Versioned, keys};
use desk::id::{AccountId, Asset, Symbol};
use desk::ledger::Transaction;
use desk::money::Amount;
use desk::port::Table;
use desk::risk::{Kill, KillState};
use desk::time::Timestamp;
use std::collections::BTreeMap;

/// What an account is opened with.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Its name, cash and limits.
    pub account: AccountRow,
    /// The markets it may trade.
    pub symbols: Vec<Symbol>,
    /// When, in market time.
    pub at: Timestamp,
}

/// How many assets one transaction enters: each is two balances, and a transaction has room for a hundred writes.
const CHUNK: usize = 40;

/// What was found at the venue when an account was opened there.
#[derive(Debug, Clone)]
pub struct Found {
    /// What the account holds; the quote asset among it is the opening's cash.
    pub holdings: BTreeMap<Asset, Amount>,
    /// What of the venue's history that comes from.
    pub history: OpeningRow,
}

impl<T: Table> Store<T> {
    /// Opens an account, or finds it opened with the same row.
    ///
    /// # Errors
    /// [`StoreError::Contradiction`] if it was opened with another one.
    pub async fn open_account(&self, opening: &Opening) -> Result<(), StoreError> {
        self.open_with(opening, None).await
    }

    /// Opens an account that holds something already: all of it becomes opening entries of the ledger.
    ///
    /// # Errors
    /// [`StoreError::Contradiction`] if it was opened with another row.
    pub async fn open_found(&self, opening: &Opening, found: &Found) -> Result<(), StoreError> {
        self.open_with(opening, Some(found)).await?;
        self.finish_opening(&opening.account.account).await
    }

    /// Enters what the account held besides its cash, as far as that has not been done.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if somebody else does so, too.
    pub async fn finish_opening(&self, account: &AccountId) -> Result<(), StoreError> {
        let key = keys::opening(account);
        while let Some(Versioned { mut row, version }) = self.row::<OpeningRow>(&key).await? {
            let chunk: Vec<(Asset, Amount)> = row.rest.iter().take(CHUNK).map(|(a, held)| (a.clone(), *held)).collect();
            if chunk.is_empty() {
                break;
            }
            row.rest.retain(|asset, _| chunk.iter().all(|(entered, _)| entered != asset));
            let lines = chunk.iter().map(|(asset, held)| (asset, *held));
            let transaction =
                Transaction::opening_of(lines, row.at).map_err(|e| StoreError::Contradiction(e.to_string()))?;
            let head = self.ledger_head(account).await?;
            let mut writes = vec![replace(key.clone(), version, &row)?];
            writes.extend(Appended::new(account, head, transaction)?.writes()?);
            self.table.transact(writes).await?;
        }
        Ok(())
    }

    async fn open_with(&self, opening: &Opening, found: Option<&Found>) -> Result<(), StoreError> {
        let AccountRow { account, quote, cash, profile } = &opening.account;
        let live = KillState { epoch: 1, kill: Kill::Live };
        let mut writes = vec![create(keys::account(account), &opening.account)?, create(keys::kill(account), &live)?];
        if let Some(found) = found {
            let rest = found.holdings.iter().filter(|(asset, held)| *asset != quote && !held.is_zero());
            let rest = rest.map(|(asset, held)| (asset.clone(), *held)).collect();
            writes.push(create(keys::opening(account), &OpeningRow { rest, ..found.history.clone() })?);
        }
        let slots = Amount::whole(profile.max_open_positions);
        writes.extend(add(keys::headroom(account), &[("cash", *cash), ("slots", slots)], &[]));
        for symbol in &opening.symbols {
            let key = keys::symbol_headroom(account, symbol);
            writes.extend(add(key, &[("exposure", profile.max_position)], &[]));
        }
        let transaction =
            Transaction::opening(quote, *cash, opening.at).map_err(|e| StoreError::Contradiction(e.to_string()))?;
        writes.extend(Appended::new(account, None, transaction)?.writes()?);
        match self.table.transact(writes).await.map_err(StoreError::from) {
            Err(StoreError::Changed) => match self.account(account).await? {
                Some(found) if found == opening.account => Ok(()),
                Some(_) | None => Err(StoreError::Contradiction(format!(
                    "account {account} was opened with other cash or limits; use a folder of its own"
                ))),
            },
            done => done,
        }
    }

    /// Opens an account, or brings one that was opened to other limits and further markets: what is left of each limit
    /// moves by the difference. A limit below what is held leaves headroom below zero: nothing is sold, nothing is bought.
    ///
    /// # Errors
    /// [`StoreError::Contradiction`] if the account was opened with other cash or in another asset.
    pub async fn open_or_adopt(&self, wanted: &Opening) -> Result<(), StoreError> {
        let key = keys::account(&wanted.account.account);
        let Some(Versioned { row, version }) = self.row::<AccountRow>(&key).await? else {
            return self.open_account(wanted).await;
        };
        let AccountRow { account, quote, cash, profile } = &wanted.account;
        if row.quote != *quote || row.cash != *cash {
            let opened = format!("account {account} was opened with {} {}", row.cash, row.quote);
            return Err(StoreError::Contradiction(format!("{opened}; set cash and quote back to that")));
        }
        let room = self.account_state(account).await?.exposure;
        let more = |new: Amount, old: Amount| new.minus(old);
        let slots = more(Amount::whole(profile.max_open_positions), Amount::whole(row.profile.max_open_positions))?;
        let mut writes = vec![replace(key, version, &wanted.account)?];
        writes.extend(add(keys::headroom(account), &[("slots", slots)], &[]));
        for symbol in room.keys().chain(wanted.symbols.iter().filter(|symbol| !room.contains_key(symbol))) {
            let known = if room.contains_key(symbol) { row.profile.max_position } else { Amount::ZERO };
            let exposure = more(profile.max_position, known)?;
            writes.extend(add(keys::symbol_headroom(account, symbol), &[("exposure", exposure)], &[]));
        }
        if writes.len() == 1 && row == wanted.account {
            return Ok(());
        }
        Ok(self.table.transact(writes).await?)
    }

    /// The account, if it has been opened.
    ///
    /// # Errors
    /// As the table.
    pub async fn account(&self, account: &AccountId) -> Result<Option<AccountRow>, StoreError> {
        Ok(self.row(&keys::account(account)).await?.map(|found| found.row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use desk::fake::{FakeTable, run, sample};
    use desk::risk::Profile;
    use std::collections::BTreeSet;

    fn opening(max_position: u32, slots: u32, symbols: &[&str]) -> Opening {
        let mut profile = Profile::named("careful").unwrap();
        (profile.max_position, profile.max_open_positions) = (Amount::whole(max_position), slots);
        let account = AccountRow {
            account: sample::account(),
            quote: sample::instrument().quote,
            cash: Amount::whole(1000),
            profile,
        };
        let symbols = symbols.iter().map(|symbol| Symbol::new(*symbol).unwrap()).collect();
        Opening { account, symbols, at: Timestamp::from_ms(0) }
    }

    #[test]
    fn other_limits_move_the_headroom_by_the_difference_and_new_markets_get_theirs() {
        let store = Store::new(FakeTable::default());
        run(store.open_or_adopt(&opening(50, 5, &["BTCUSDT"]))).unwrap();
        let before = store.table().items();
        run(store.open_or_adopt(&opening(50, 5, &["BTCUSDT"]))).unwrap();
        assert_eq!(store.table().items(), before, "the same opening changes nothing");
        // 20 of 50 are in use when the limit falls to 10.
        let key = keys::symbol_headroom(&sample::account(), &Symbol::new("BTCUSDT").unwrap());
        let used = add(key, &[("exposure", Amount::whole(20).negated())], &[]).unwrap();
        run(store.table().transact(vec![used])).unwrap();
        run(store.open_or_adopt(&opening(10, 3, &["BTCUSDT", "ETHUSDT"]))).unwrap();
        let state = run(store.account_state(&sample::account())).unwrap();
        let room: Vec<Amount> = state.exposure.values().copied().collect();
        assert_eq!((state.slots, room), (Amount::whole(3), vec![Amount::whole(10).negated(), Amount::whole(10)]));
        assert_eq!(state.account.profile.max_position, Amount::whole(10));
        let mut other = opening(10, 3, &["BTCUSDT"]);
        other.account.cash = Amount::whole(2000);
        let refused = run(store.open_or_adopt(&other)).unwrap_err().to_string();
        assert!(refused.contains("was opened with 1000 USDT"), "{refused}");
    }

    #[test]
    fn everything_an_account_holds_becomes_opening_entries_even_if_the_opening_stops_half_way() {
        let store = Store::new(FakeTable::default());
        let mut holdings: BTreeMap<Asset, Amount> =
            (0..100).map(|n| (Asset::new(format!("A{n}")).unwrap(), Amount::whole(n))).collect();
        holdings.insert(sample::instrument().quote, Amount::whole(1000));
        let (at, trades, movements) = (Timestamp::from_ms(5), BTreeMap::new(), BTreeSet::from(["m".to_owned()]));
        let history = OpeningRow { at, trades, movements, rest: BTreeMap::new() };
        let found = Found { holdings: holdings.clone(), history };
        run(store.open_with(&opening(50, 5, &["BTCUSDT"]), Some(&found))).unwrap();
        assert_eq!(run(store.holdings(&sample::account())).unwrap().len(), 1);
        run(store.finish_opening(&sample::account())).unwrap();
        let before = store.table().items();
        run(store.open_found(&opening(50, 5, &["BTCUSDT"]), &found)).unwrap();
        assert_eq!(store.table().items(), before, "the same opening changes nothing");
        holdings.retain(|_, held| !held.is_zero());
        assert_eq!(run(store.holdings(&sample::account())).unwrap(), holdings);
        let state = run(store.account_state(&sample::account())).unwrap();
        assert_eq!(state.cash, Amount::whole(1000));
        assert!(state.opening.is_some_and(|row| row.rest.is_empty() && row.movements.contains("m")));
    }
}

//! The table, with its faults: no answer before or after the fact, a client that asks again, items others write.

use super::Caller;
use crate::fault::Fault;
use crate::memory::Applied;
use crate::mutants::Mutant;
use crate::operators;
use crate::world::World;
use desk::port::{Item, Key, Query, Row, RowError, Table, TableError, Write};

/// The table as one process sees it.
#[derive(Debug, Clone)]
pub struct SimTable(pub Caller);

macro_rules! sites {
    ($($name:literal),*) => {
        /// The names of the calls about one kind of row: get, query, write.
        fn sites(key: (&str, &str)) -> [&'static str; 3] {
            match kind(key) {
                $($name => [concat!("get-", $name), concat!("query-", $name), concat!("write-", $name)],)*
                _ => ["get-other", "query-other", "write-other"],
            }
        }
    };
}

sites!(
    "account", "kill", "freeze", "headroom", "position", "working", "order", "orders", "decision", "fill", "ledger",
    "candle", "cursor", "signal", "snapshot"
);

/// The kind of row at a key, as places of faults name it.
fn kind((pk, sk): (&str, &str)) -> &'static str {
    match (head(pk), head(sk)) {
        ("ACCOUNT", "KILL") => "kill",
        ("ACCOUNT", "FREEZE") => "freeze",
        ("ACCOUNT", "HEADROOM") => "headroom",
        ("ACCOUNT", "POSITION") => "position",
        ("ACCOUNT", "WORKING") => "working",
        ("ACCOUNT", _) => "account",
        ("ORDER", _) => "order",
        ("ORDERS", _) => "orders",
        ("DECISION" | "DECISIONS", _) => "decision",
        ("FILLS", _) => "fill",
        ("LEDGER", _) => "ledger",
        ("CANDLES", _) => "candle",
        ("STRATEGY", _) => "cursor",
        ("SIGNAL", _) => "signal",
        ("SNAPSHOTS", _) => "snapshot",
        _ => "other",
    }
}

fn head(text: &str) -> &str {
    text.split('#').next().unwrap_or_default()
}

fn unavailable() -> TableError {
    TableError::Unavailable("no answer".to_owned())
}

impl SimTable {
    async fn read<R>(&self, site: &'static str, read: impl FnOnce(&World) -> R) -> Result<R, TableError> {
        let caller = &self.0;
        caller
            .call(site, |world, visit| {
                if world.faults.fires(caller.actor, site, visit, &[Fault::TableDown]).is_some() {
                    caller.note(world, site, visit, format_args!("{}", Fault::TableDown));
                    return Err(unavailable());
                }
                caller.note(world, site, visit, format_args!("ok"));
                Ok(read(world))
            })
            .await
    }

    /// Applies a transaction and holds the world against its invariants.
    fn apply(&self, world: &mut World, site: &str, visit: u32, writes: &[Write]) -> Result<(), TableError> {
        let told = match world.memory.transact(writes) {
            Ok(Applied::Now) => {
                self.0.note(world, site, visit, format_args!("{}", Told(writes)));
                let World { mirror, memory, now, .. } = &mut *world;
                mirror.committed(writes, memory, *now);
                operators::amid(world);
                world.check();
                Ok(())
            }
            Ok(Applied::Before) if self.0.mutant == Some(Mutant::OwnSuccess) => {
                Err(TableError::Contended("a condition did not hold".to_owned()))
            }
            Ok(Applied::Before) => {
                self.0.note(world, site, visit, format_args!("done before"));
                Ok(())
            }
            Err(_) if self.0.mutant == Some(Mutant::AnyRow) && any_stands(world, writes) => Ok(()),
            Err(error) => {
                self.0.note(world, site, visit, format_args!("{error}"));
                Err(error)
            }
        };
        let puts = writes.iter().any(|write| matches!(write, Write::Put { .. }));
        if told.is_ok() && puts && !world.memory.stands(writes) {
            world.mirror.step.feigned = Some(format!("{site}: somebody else's success was told to be its own"));
            world.check();
        }
        told
    }
}

impl SimTable {
    /// A client that did not hear asks again. I18: as long as what it wrote stands, it hears of its success.
    fn again(
        &self,
        site: &'static str,
        visit: u32,
        writes: &[Write],
        first: &Result<(), TableError>,
    ) -> Result<(), TableError> {
        let mut world = self.0.world.lock();
        let ours = first.is_ok() && world.memory.stands(writes);
        let again = self.apply(&mut world, site, visit, writes);
        if ours && again.is_err() {
            world.mirror.step.denied = Some(format!("{site}: an own earlier success was told to be a conflict"));
            world.check();
        }
        again
    }
}

fn any_stands(world: &World, writes: &[Write]) -> bool {
    let stands = |write: &Write| matches!(write, Write::Put { item, .. } if world.memory.get(&item.key) == Some(item));
    writes.iter().any(stands)
}

/// A transaction in one line: the keys it is about.
struct Told<'a>(&'a [Write]);

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, write) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            let verb = match write {
                Write::Put { .. } => "put",
                Write::Add { .. } => "add",
                Write::Delete { .. } => "delete",
                Write::Check { .. } => "check",
            };
            write!(f, "{comma}{verb} {}/{}", write.key().pk, write.key().sk)?;
        }
        Ok(())
    }
}

impl Table for SimTable {
    fn decoded<R: Row>(&self, item: &Item) -> Result<R, RowError> {
        self.0.world.lock().memory.decoded(item)
    }

    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        let [site, _, _] = sites((&key.pk, &key.sk));
        let seen = self.read(site, |world| (world.memory.get(key).cloned(), world.now)).await;
        match (seen, self.0.mutant) {
            (Ok((item, now)), Some(mutant)) => Ok(item.map(|item| mutant.reads(self.0.actor, item, now))),
            (Ok((item, _)), None) => Ok(item),
            (Err(error), mutant) => mutant.and_then(|m| m.instead_of_nothing(key)).map(Some).ok_or(error),
        }
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        let [_, site, _] = sites((&query.pk, &query.prefix));
        let items = self.read(site, |world| world.memory.query(query)).await?;
        Ok(match self.0.mutant {
            Some(mutant) => mutant.lists(self.0.actor, items),
            None => items,
        })
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        let writes = match self.0.mutant {
            Some(mutant) => {
                let world = self.0.world.lock();
                mutant.writes(self.0.actor, writes, |key| world.memory.get(key).cloned())
            }
            None => writes,
        };
        let Some(first) = writes.first() else { return Err(TableError::Invalid("nothing to write".to_owned())) };
        let [_, _, site] = sites((&first.key().pk, &first.key().sk));
        let caller = &self.0;
        let visit = caller.before(site).await;
        let kinds = [Fault::TableDown, Fault::Contended, Fault::TableUnclear, Fault::TableAgain];
        let (answer, fault) = {
            let mut world = caller.world.lock();
            let fault = world.faults.fires(caller.actor, site, visit, &kinds);
            if let Some(fault) = fault {
                caller.note(&mut world, site, visit, format_args!("{fault}"));
            }
            let answer = match fault {
                Some(Fault::TableDown) => Err(unavailable()),
                Some(Fault::Contended) => Err(TableError::Contended("another transaction".to_owned())),
                Some(_) | None => self.apply(&mut world, site, visit, &writes),
            };
            (answer, fault)
        };
        caller.after(site, visit).await;
        match fault {
            Some(Fault::TableUnclear) => Err(unavailable()),
            Some(Fault::TableAgain) => {
                let again = self.again(site, visit, &writes, &answer);
                caller.after(site, visit).await;
                again
            }
            Some(_) | None => answer,
        }
    }
}

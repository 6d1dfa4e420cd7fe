//! The table port's three implementations, held to the same answers: the SDK over the embedded store, the fake, and the
//! simulator's.

use ballast::embedded::Shelves;
use desk::fake::FakeTable;
use desk::money::Amount;
use desk::port::{Condition, Item, Key, Query, Shelf, Table, TableError, Write};
use sim::chance::Chance;
use sim::memory::Alone;
use std::collections::BTreeMap;

fn key(pk: &str, sk: &str) -> Key {
    Key { shelf: Shelf::Money, pk: pk.to_owned(), sk: sk.to_owned() }
}

fn item(pk: &str, sk: &str, version: u64, body: &str) -> Item {
    Item { key: key(pk, sk), version, body: body.to_owned(), counters: BTreeMap::new() }
}

fn put(item: Item, condition: Condition) -> Write {
    Write::Put { item, condition }
}

fn amounts(pairs: &[(&str, &str)]) -> BTreeMap<String, Amount> {
    pairs.iter().map(|(name, amount)| ((*name).to_owned(), amount.parse().unwrap())).collect()
}

fn add(sk: &str, deltas: &[(&str, &str)], at_least: &[(&str, &str)]) -> Write {
    Write::Add { key: key("P", sk), deltas: amounts(deltas), at_least: amounts(at_least) }
}

/// Goes through everything the port promises and writes down each answer.
async fn answers(table: &impl Table) -> Vec<String> {
    let mut log = Vec::new();
    let mut note = |what: &str, answer: Result<(), TableError>| {
        let answer = match answer {
            Ok(()) => "ok".to_owned(),
            Err(TableError::Conflict(c)) => format!("conflict at {} with {:?}", c.index, c.current),
            Err(other) => format!("{other:?}"),
        };
        log.push(format!("{what}: {answer}"));
    };
    let one = |w| table.transact(vec![w]);
    note("create", one(put(item("P", "a", 1, "x"), Condition::Absent)).await);
    note("create the same again", one(put(item("P", "a", 1, "x"), Condition::Absent)).await);
    note("create another there", one(put(item("P", "a", 1, "y"), Condition::Absent)).await);
    note("replace", one(put(item("P", "a", 2, "z"), Condition::Version(1))).await);
    note("replace the same again", one(put(item("P", "a", 2, "z"), Condition::Version(1))).await);
    note("replace an old version", one(put(item("P", "a", 2, "w"), Condition::Version(1))).await);
    note("replace what is not there", one(put(item("P", "none", 2, "w"), Condition::Version(1))).await);
    note("add to nothing", one(add("n", &[("cash", "10.000000000000000001"), ("slots", "3")], &[])).await);
    note("add with room", one(add("n", &[("cash", "-10")], &[("cash", "10")])).await);
    note("add without room", one(add("n", &[("cash", "-1")], &[("cash", "1")])).await);
    note(
        "the last unit",
        one(add("n", &[("cash", "-0.000000000000000001")], &[("cash", "0.000000000000000001")])).await,
    );
    note("38 digits", one(add("big", &[("a", "99999999999999999999.999999999999999998")], &[])).await);
    note("38 digits and one more unit", one(add("big", &[("a", "0.000000000000000001")], &[])).await);
    note("a missing counter has no room", one(add("n", &[("b", "1")], &[("b", "0")])).await);
    let check = |version| Write::Check { key: key("P", "a"), condition: Condition::Version(version) };
    note("all", table.transact(vec![put(item("P", "b", 1, "1"), Condition::Absent), check(2)]).await);
    note("none", table.transact(vec![put(item("P", "c", 1, "1"), Condition::Absent), check(1)]).await);
    // An own earlier success is one whole: of two transactions that share a row, only one was applied.
    let two =
        |sk, body| vec![put(item("P", "d", 1, "4"), Condition::Absent), put(item("P", sk, 1, body), Condition::Absent)];
    note("two", table.transact(two("e", "5")).await);
    note("the same two again", table.transact(two("e", "5")).await);
    note("one of them, and another there", table.transact(two("e", "6")).await);
    note("one of them, and another that is not there", table.transact(two("f", "6")).await);
    let gone = Write::Delete { key: key("P", "b") };
    note("delete", table.transact(vec![gone.clone(), check(2)]).await);
    note("delete again", table.transact(vec![gone, check(2)]).await);
    for sk in ["s#1", "s#2", "s#3", "t#1"] {
        note(sk, one(put(item("P", sk, 1, sk), Condition::Absent)).await);
    }
    for (prefix, after, descending, limit) in [
        ("s#", None, false, 10),
        ("s#", Some("s#1"), false, 1),
        ("s#", None, true, 2),
        ("s#", Some("s#3"), true, 5),
        ("", None, false, 3),
    ] {
        let (pk, prefix, after) = ("P".to_owned(), prefix.to_owned(), after.map(str::to_owned));
        let query = Query { shelf: Shelf::Money, pk, prefix, after, descending, limit };
        let found = table.query(&query).await.unwrap();
        log.push(format!("{:?}", found.iter().map(|item| item.key.sk.clone()).collect::<Vec<_>>()));
    }
    for sk in ["a", "b", "c", "d", "e", "f", "n", "big", "none"] {
        log.push(format!("{sk}: {:?}", table.get(&key("P", sk)).await.unwrap()));
    }
    log
}

#[test]
fn all_tables_give_the_same_answers() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let shelves = Shelves::open(folder.path()).unwrap();
    let real = runtime.block_on(answers(&shelves));
    let fake = runtime.block_on(answers(&FakeTable::default()));
    let simulated = runtime.block_on(answers(&Alone::default()));
    for ((real, fake), simulated) in real.iter().zip(&fake).zip(&simulated) {
        assert_eq!((real, real), (fake, simulated));
    }
    assert!(real.iter().any(|line| line.contains("99999999999999999999.999999999999999999")), "{real:#?}");
    let answer = |what: &str| real.iter().find(|line| line.starts_with(what)).unwrap();
    assert!(answer("the same two again").ends_with(": ok"), "{real:#?}");
    assert!(answer("one of them, and another there").contains("conflict at 0"), "{real:#?}");
    assert!(answer("f: None").ends_with("None"), "{real:#?}");
    assert!(real.contains(&"none: conflict at 1 with Some(Item { key: Key { shelf: Money, pk: \"P\", sk: \"a\" }, version: 2, body: \"z\", counters: {} })".to_owned()), "{real:#?}");
}

#[test]
fn a_transaction_over_both_shelves_is_refused_whole() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let shelves = Shelves::open(folder.path()).unwrap();
    let mut other = item("P", "m", 1, "x");
    other.key.shelf = Shelf::Market;
    let writes = vec![put(item("P", "a", 1, "x"), Condition::Absent), put(other, Condition::Absent)];
    runtime.block_on(async {
        assert!(matches!(shelves.transact(writes).await, Err(TableError::Invalid(_))));
        assert_eq!(shelves.get(&key("P", "a")).await.unwrap(), None);
    });
}

/// A transaction drawn over few keys and few versions, so that conditions fail as often as they hold.
fn drawn(chance: &mut Chance) -> Vec<Write> {
    let mut keys: Vec<&str> = vec!["a", "b", "c", "n#1", "n#2"];
    let count = 1 + chance.below(3);
    let mut writes = Vec::new();
    for _ in 0..count {
        // A transaction names an item once.
        let sk = keys.remove(usize::try_from(chance.below(keys.len() as u64)).unwrap());
        let version = 1 + chance.below(3);
        let body = ["x", "y"][usize::from(chance.bits().is_multiple_of(2))];
        let condition = match version {
            1 => Condition::Absent,
            replaced => Condition::Version(replaced - 1),
        };
        let delta = ["1", "-1", "0.5"][usize::try_from(chance.below(3)).unwrap()];
        writes.push(match (sk.starts_with('n'), chance.below(8)) {
            (_, 0) => Write::Delete { key: key("P", sk) },
            (_, 1) => Write::Check { key: key("P", sk), condition },
            (true, 2..=4) => add(sk, &[("cash", delta)], &[("cash", "1")]),
            (true, _) => add(sk, &[("cash", delta)], &[]),
            (false, _) => put(item("P", sk, version, body), condition),
        });
    }
    writes
}

#[test]
fn all_tables_stay_the_same_under_drawn_transactions() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let shelves = Shelves::open(folder.path()).unwrap();
    let (fake, simulated) = (FakeTable::default(), Alone::default());
    let mut chance = Chance::new(20);
    let (mut applied, mut refused) = (0, 0);
    for step in 0..3_000 {
        let writes = drawn(&mut chance);
        let all = Query {
            shelf: Shelf::Money,
            pk: "P".to_owned(),
            prefix: String::new(),
            after: None,
            descending: chance.bits().is_multiple_of(2),
            limit: 10,
        };
        runtime.block_on(async {
            let real = shelves.transact(writes.clone()).await;
            assert_eq!(real, fake.transact(writes.clone()).await, "{step}: {writes:?}");
            assert_eq!(real, simulated.transact(writes.clone()).await, "{step}: {writes:?}");
            *(if real.is_ok() { &mut applied } else { &mut refused }) += 1;
            let real = shelves.query(&all).await;
            assert_eq!(real, fake.query(&all).await, "{step}: {writes:?}");
            assert_eq!(real, simulated.query(&all).await, "{step}: {writes:?}");
        });
    }
    assert!(applied > 500 && refused > 500, "{applied} applied, {refused} refused");
}

//! What operations cost: counted in steps of `SQLite`'s machine and in writes, not by a clock.

use super::*;
use rusqlite::StatementStatus;
use std::time::Instant;

/// One group of `count` messages behind each other, made in one go.
fn one_long_group(count: i64) -> Queue {
    let queue = Queue::memory().unwrap();
    send_all(&queue, QueueName::Orders, "long", &["first"]);
    let numbers = format!("WITH RECURSIVE n (i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    let rows = "INSERT INTO message SELECT i, 'orders.fifo', 'long', 0, 'blocked' FROM n";
    let tally = format!("UPDATE tally SET sent = {count}");
    queue.lock().execute_batch(&format!("{numbers} {rows}; {tally}")).unwrap();
    queue
}

/// The steps a statement has taken since it was last asked.
fn steps(queue: &Queue, statement: &str) -> i32 {
    queue.lock().prepare_cached(statement).unwrap().reset_status(StatementStatus::VmStep)
}

#[test]
fn a_hundred_thousand_blocked_messages_cost_a_receive_no_step_more_than_ten() {
    let [few, many] = [10, 100_000].map(|count| {
        let queue = one_long_group(count);
        let statements = [receive::STATEMENTS.as_slice(), &settle::STATEMENTS, &send::STATEMENTS].concat();
        let total = |queue: &Queue| statements.iter().map(|statement| steps(queue, statement)).sum::<i32>();
        total(&queue);
        let held = take(&queue, 0);
        assert_eq!(bodies(&held), ["first"]);
        assert!(take(&queue, 1).is_empty());
        queue.release(held[0].id, at(10)).unwrap();
        assert_eq!(bodies(&take(&queue, 10)), ["first"]);
        queue.delete(held[0].id).unwrap();
        send_all(&queue, QueueName::Orders, "long", &["last"]);
        assert_eq!(bodies(&take(&queue, 10)), ["blocked"]);
        total(&queue)
    });
    assert_eq!(few, many);
    assert!(few > 50, "the steps were counted: {few}");
}

#[test]
fn no_statement_scans_a_table_that_grows_or_sorts() {
    let queue = Queue::memory().unwrap();
    let db = queue.lock();
    let hot = [receive::STATEMENTS.as_slice(), &settle::STATEMENTS, &send::STATEMENTS, &report::STATEMENTS].concat();
    for statement in hot {
        let mut explained = db.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
        let nothing = vec![rusqlite::types::Null; explained.parameter_count()];
        let plan = explained.query_map(rusqlite::params_from_iter(nothing), |row| row.get::<_, String>(3)).unwrap();
        for step in plan.map(Result::unwrap) {
            let is_constant = ["SCAN tally", "SCAN CONSTANT ROW"].contains(&step.as_str());
            assert!(is_constant || !(step.contains("SCAN") || step.contains("TEMP B-TREE")), "{step}: {statement}");
        }
    }
}

#[test]
fn an_empty_receive_and_a_duplicate_write_nothing() {
    let (_folder, queue) = on_disk();
    send_all(&queue, QueueName::Orders, "a", &["1", "2"]);
    take(&queue, 0);
    let changes = || queue.lock().query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0)).unwrap();
    let before = changes();
    assert!(!queue.send(QueueName::Orders, "a", "a/1", "1", at(1)).unwrap());
    assert!(take(&queue, 1).is_empty());
    assert_eq!(changes(), before);
    take(&queue, MINUTE);
    assert!(changes() > before, "a receive that finds something writes");
}

fn per_message_us(what: &str, count: u32, mut work: impl FnMut(u32)) {
    let start = Instant::now();
    (0..count).for_each(&mut work);
    eprintln!("{what:>16} {:7.1} us", start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
}

/// `cargo test --release -- --ignored --nocapture microseconds`
#[test]
#[ignore = "a measurement"]
fn microseconds_per_send_receive_and_delete() {
    const COUNT: u32 = 20_000;
    let (_folder, queue) = on_disk();
    let body =
        r#"{"v":1,"kind":"order","account":"paper","symbol":"BTCUSDT","intent":"0123456789abcdef0123456789abcdef"}"#;
    for name in [QueueName::Bars, QueueName::Orders] {
        eprintln!("{name}, {COUNT} messages waiting");
        per_message_us("send", COUNT, |number| {
            let (group, dedup) = (format!("paper#{}", number % 20), format!("order:{number:032}"));
            assert!(queue.send(name, &group, &dedup, body, at(i64::from(number))).unwrap());
        });
        per_message_us("duplicate", COUNT, |number| {
            assert!(!queue.send(name, "g", &format!("order:{number:032}"), body, at(i64::from(number))).unwrap());
        });
        let mut held = Vec::new();
        per_message_us("receive", 20, |_| held.extend(queue.receive(name, 1, MINUTE, at(0)).unwrap()));
        per_message_us("empty receive", COUNT, |_| {
            assert!(queue.receive(QueueName::Exits, 1, MINUTE, at(0)).unwrap().is_empty());
        });
        per_message_us("delete", 20, |number| queue.delete(held[number as usize].id).unwrap());
        per_message_us("receive + delete", COUNT - 20, |_| {
            let received = queue.receive(name, 1, MINUTE, at(0)).unwrap();
            queue.delete(received[0].id).unwrap();
        });
    }
    per_message_us("all three, empty", COUNT, |number| {
        let now = at(DEDUP_WINDOW_MS + i64::from(number) * 100);
        assert!(queue.send(QueueName::Fills, "g", &format!("fill:{number:032}"), body, now).unwrap());
        let received = queue.receive(QueueName::Fills, 1, MINUTE, now).unwrap();
        queue.delete(received[0].id).unwrap();
    });
}

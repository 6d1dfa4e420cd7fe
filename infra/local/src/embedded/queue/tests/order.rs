//! What is handed out, in which order, and when.

use super::*;

#[test]
fn a_message_that_failed_comes_back_before_the_later_ones_of_its_group() {
    let queue = Queue::memory().unwrap();
    send_all(&queue, QueueName::Orders, "a", &["1", "2", "3"]);
    let first = take(&queue, 0);
    assert_eq!((bodies(&first), first[0].receives), (vec!["1"], 1));
    queue.release(first[0].id, at(100)).unwrap();
    assert!(take(&queue, 99).is_empty());
    let again = take(&queue, 100);
    assert_eq!((bodies(&again), again[0].receives, again[0].id), (vec!["1"], 2, first[0].id));
    for (ms, next) in [(200, "2"), (300, "3")] {
        let held = take(&queue, ms);
        assert!(held.is_empty(), "{held:?} while another is in flight");
        queue.delete(first[0].id + i64::from(next == "3")).unwrap();
        assert_eq!(bodies(&take(&queue, ms)), [next]);
    }
}

#[test]
fn a_group_in_flight_is_blocked_while_others_go_on() {
    let queue = Queue::memory().unwrap();
    send_all(&queue, QueueName::Orders, "a", &["a1", "a2"]);
    assert_eq!(bodies(&take(&queue, 0)), ["a1"]);
    send_all(&queue, QueueName::Orders, "b", &["b1", "b2"]);
    send_all(&queue, QueueName::Orders, "a", &["a3"]);
    send_all(&queue, QueueName::Exits, "a", &["out"]);
    assert_eq!(bodies(&take(&queue, 1)), ["b1"]);
    assert!(take(&queue, 2).is_empty());
    let exits = queue.receive(QueueName::Exits, 10, MINUTE, at(2)).unwrap();
    assert_eq!((bodies(&exits), exits[0].queue, exits[0].group.as_str()), (vec!["out"], QueueName::Exits, "a"));
}

#[test]
fn a_group_that_ran_empty_starts_again() {
    let queue = Queue::memory().unwrap();
    for body in ["1", "2"] {
        send_all(&queue, QueueName::Orders, "a", &[body]);
        let held = take(&queue, 0);
        assert_eq!(bodies(&held), [body]);
        queue.delete(held[0].id).unwrap();
    }
    assert!(take(&queue, 0).is_empty());
}

#[test]
fn heads_go_out_in_the_order_of_sending_and_at_most_as_many_as_asked_for() {
    let queue = Queue::memory().unwrap();
    for group in ["d", "b", "c", "a"] {
        send_all(&queue, QueueName::Orders, group, &[group, "later"]);
    }
    let two = queue.receive(QueueName::Orders, 2, MINUTE, at(0)).unwrap();
    assert_eq!(bodies(&two), ["d", "b"]);
    assert!(queue.receive(QueueName::Orders, 0, MINUTE, at(0)).unwrap().is_empty());
    // The later one comes due first; the order is that of sending all the same.
    queue.release(two[1].id, at(10)).unwrap();
    queue.release(two[0].id, at(20)).unwrap();
    assert_eq!(bodies(&take(&queue, 20)), ["d", "b", "c", "a"]);
}

#[test]
fn the_standard_queue_blocks_nothing() {
    let queue = Queue::memory().unwrap();
    send_all(&queue, QueueName::Bars, "a", &["1", "2", "3"]);
    let one = queue.receive(QueueName::Bars, 1, MINUTE, at(0)).unwrap();
    let rest = queue.receive(QueueName::Bars, 10, MINUTE, at(0)).unwrap();
    assert_eq!((bodies(&one), bodies(&rest)), (vec!["1"], vec!["2", "3"]));
    queue.delete(rest[0].id).unwrap();
    queue.check().unwrap();
}

#[test]
fn a_message_comes_back_when_its_visibility_times_out() {
    let queue = Queue::memory().unwrap();
    send_all(&queue, QueueName::Orders, "a", &["1", "2"]);
    assert_eq!(take(&queue, 0)[0].receives, 1);
    assert!(take(&queue, MINUTE - 1).is_empty());
    let again = take(&queue, MINUTE);
    assert_eq!((bodies(&again), again[0].receives), (vec!["1"], 2));
}

#[test]
fn a_clock_that_goes_back_does_not_hide_what_is_ready() {
    let queue = Queue::memory().unwrap();
    send_all(&queue, QueueName::Orders, "a", &["1"]);
    assert_eq!(bodies(&take(&queue, -MINUTE)), ["1"]);
}

#[test]
fn what_was_sent_within_five_minutes_is_dropped_and_not_after() {
    let queue = Queue::memory().unwrap();
    for name in [QueueName::Orders, QueueName::Bars] {
        let send = |ms| queue.send(name, "a", "same", "body", at(ms)).unwrap();
        assert!(send(0));
        for held in queue.receive(name, 1, MINUTE, at(0)).unwrap() {
            queue.delete(held.id).unwrap();
        }
        assert!(!send(0), "even after it was handled");
        assert!(!send(DEDUP_WINDOW_MS - 1));
        assert!(!send(-MINUTE), "by a clock that went back");
        assert!(send(DEDUP_WINDOW_MS), "the window starts with the message that was accepted");
        assert!(!send(2 * DEDUP_WINDOW_MS - 1));
        assert_eq!(counts_of(&queue, name), Counts { sent: 2, handled: 1, dead: 0, waiting: 1 });
    }
}

#[test]
fn deduplication_ids_are_forgotten_a_few_with_each_send() {
    let queue = Queue::memory().unwrap();
    for number in 0..100 {
        queue.send(QueueName::Bars, "a", &format!("old {number}"), "", at(0)).unwrap();
    }
    let remembered = || -> i64 { queue.lock().query_row("SELECT COUNT(*) FROM dedup", [], |row| row.get(0)).unwrap() };
    queue.send(QueueName::Bars, "a", "new", "", at(DEDUP_WINDOW_MS)).unwrap();
    assert_eq!(remembered(), 99);
    for number in 0..98 {
        queue.send(QueueName::Bars, "a", &format!("new {number}"), "", at(DEDUP_WINDOW_MS)).unwrap();
    }
    assert_eq!(remembered(), 99, "only the new ones are left");
}

#[test]
fn a_buried_message_keeps_its_reason_and_its_group_goes_on() {
    let queue = Queue::memory().unwrap();
    send_all(&queue, QueueName::Orders, "a", &["poison", "2"]);
    send_all(&queue, QueueName::Exits, "b", &["worse"]);
    let held = take(&queue, 0);
    queue.bury(held[0].id, "not JSON", at(5)).unwrap();
    assert_eq!(bodies(&take(&queue, 5)), ["2"]);
    let held = queue.receive(QueueName::Exits, 1, MINUTE, at(6)).unwrap();
    queue.bury(held[0].id, "version 99", at(7)).unwrap();
    let letters = queue.dead_letters(10).unwrap();
    assert_eq!(letters.len(), 2);
    let poison = DeadLetter {
        id: 1,
        queue: QueueName::Orders,
        group: "a".into(),
        body: "poison".into(),
        reason: "not JSON".into(),
        at: at(5),
    };
    assert_eq!(letters[1], poison);
    assert_eq!(queue.dead_letters(1).unwrap()[0].reason, "version 99", "the latest first");
    assert_eq!(counts_of(&queue, QueueName::Orders), Counts { sent: 2, handled: 0, dead: 1, waiting: 1 });
}

#[test]
fn settling_what_is_gone_or_blocked_leaves_the_others_alone() {
    let queue = Queue::memory().unwrap();
    send_all(&queue, QueueName::Orders, "a", &["1", "2", "3"]);
    let held = take(&queue, 0);
    queue.delete(held[0].id + 1).unwrap();
    assert!(take(&queue, 0).is_empty(), "the first is still in flight");
    for _ in 0..2 {
        queue.delete(held[0].id).unwrap();
        queue.bury(held[0].id, "late", at(0)).unwrap();
        queue.release(held[0].id, at(0)).unwrap();
    }
    assert_eq!(bodies(&take(&queue, 0)), ["3"]);
    assert_eq!(counts_of(&queue, QueueName::Orders), Counts { sent: 3, handled: 2, dead: 0, waiting: 1 });
    queue.check().unwrap();
}

#[test]
fn the_next_visible_instant_is_that_of_the_first_message_to_be_received() {
    let queue = Queue::memory().unwrap();
    assert_eq!(queue.next_visible().unwrap(), None);
    queue.send(QueueName::Orders, "a", "1", "1", at(10)).unwrap();
    queue.send(QueueName::Orders, "a", "2", "2", at(20)).unwrap();
    assert_eq!(queue.next_visible().unwrap(), Some(at(10)));
    let held = take(&queue, 30);
    assert_eq!(queue.next_visible().unwrap(), Some(at(30 + MINUTE)), "in flight, the other one blocked");
    queue.release(held[0].id, at(5000)).unwrap();
    assert_eq!(queue.next_visible().unwrap(), Some(at(5000)));
    queue.send(QueueName::Fills, "b", "3", "3", at(40)).unwrap();
    let fill = queue.receive(QueueName::Fills, 1, 100, at(50)).unwrap();
    assert_eq!(queue.next_visible().unwrap(), Some(at(150)), "the earliest of all queues");
    queue.delete(fill[0].id).unwrap();
    queue.delete(held[0].id).unwrap();
    assert_eq!(queue.next_visible().unwrap(), Some(at(20)), "no longer blocked");
}

#[test]
fn a_body_may_have_256_kib_and_no_byte_more() {
    let queue = Queue::memory().unwrap();
    let body = "x".repeat(BODY_BYTES_MAX);
    assert!(queue.send(QueueName::Fills, "a", "1", &body, at(0)).unwrap());
    let refused = queue.send(QueueName::Fills, "a", "2", &format!("{body}x"), at(0));
    assert!(matches!(refused, Err(QueueError::TooLarge { bytes: 262_145, limit: 262_144 })));
    assert_eq!(queue.receive(QueueName::Fills, 10, MINUTE, at(0)).unwrap()[0].body, body);
    assert!(queue.send(QueueName::Fills, "a", "2", "fits", at(0)).unwrap(), "what was refused is not remembered");
}

//! The file: what it survives, what it refuses.

use super::*;
use rusqlite::Connection;
use std::fs;
use std::path::PathBuf;

/// What the file system holds when the process is killed now: file and log, without the orderly end of a close.
fn killed(folder: &TempDir) -> PathBuf {
    let (from, to) = (folder.path().join("queue.db"), folder.path().join("killed.db"));
    fs::copy(&from, &to).unwrap();
    fs::copy(from.with_extension("db-wal"), to.with_extension("db-wal")).unwrap();
    to
}

fn open_again(path: &Path) -> Queue {
    let queue = Queue::open(path).unwrap();
    assert_eq!(queue.recover(at(1000)).unwrap(), 2);
    queue.check().unwrap();
    queue
}

#[test]
fn after_a_crash_the_same_messages_go_out_in_the_same_order_and_the_lost_receive_is_not_counted() {
    let (folder, queue) = on_disk();
    send_all(&queue, QueueName::Orders, "a", &["a1", "a2"]);
    send_all(&queue, QueueName::Orders, "b", &["b1", "b2"]);
    send_all(&queue, QueueName::Orders, "c", &["c1"]);
    let before = take(&queue, 0);
    queue.release(before[0].id, at(10)).unwrap();
    queue.release(before[2].id, at(9000)).unwrap();
    assert_eq!(take(&queue, 10)[0].receives, 2);
    let killed = killed(&folder);
    drop(queue);
    for path in [killed, folder.path().join("queue.db")] {
        let queue = open_again(&path);
        let after = take(&queue, 1000);
        assert_eq!(bodies(&after), ["a1", "b1"], "and c1 is still delayed");
        assert_eq!((after[0].id, after[0].receives), (before[0].id, 2), "one that had ended, and this one");
        assert_eq!((after[1].id, after[1].receives), (before[1].id, 1));
        assert_eq!(take(&queue, 9000)[0].receives, 2, "c1 had failed once, and that counts");
    }
}

#[test]
fn what_timed_out_while_the_process_was_dead_was_interrupted_all_the_same() {
    let queue = Queue::memory().unwrap();
    send_all(&queue, QueueName::Orders, "a", &["1"]);
    take(&queue, 0);
    assert_eq!(queue.recover(at(9 * MINUTE)).unwrap(), 1);
    assert_eq!(queue.recover(at(9 * MINUTE)).unwrap(), 0);
    assert_eq!(queue.next_visible().unwrap(), Some(at(9 * MINUTE)));
    assert_eq!(take(&queue, 9 * MINUTE)[0].receives, 1);
}

#[test]
fn deduplication_and_numbers_survive_a_crash() {
    let (folder, queue) = on_disk();
    send_all(&queue, QueueName::Orders, "a", &["1"]);
    let id = take(&queue, 0)[0].id;
    queue.delete(id).unwrap();
    let queue = Queue::open(&killed(&folder)).unwrap();
    assert!(!queue.send(QueueName::Orders, "a", "a/1", "1", at(1)).unwrap());
    send_all(&queue, QueueName::Orders, "a", &["2"]);
    assert!(take(&queue, 0)[0].id > id, "the number of a message that is gone is not given again");
}

#[test]
fn a_newer_file_is_refused_and_left_as_it_is() {
    let (folder, queue) = on_disk();
    queue.lock().execute_batch("PRAGMA user_version = 2").unwrap();
    drop(queue);
    let path = folder.path().join("queue.db");
    let before = fs::read(&path).unwrap();
    assert!(matches!(Queue::open(&path), Err(QueueError::Newer { found: 2, known: 1 })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_no_queue_file_is_refused_and_left_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x); PRAGMA user_version = 7").unwrap();
    for contents in [b"xy".to_vec(), b"no database ".repeat(1000), vec![0; 8192], fs::read(other).unwrap()] {
        fs::write(&path, &contents).unwrap();
        assert!(matches!(Queue::open(&path), Err(QueueError::Corrupt { .. })), "{} bytes", contents.len());
        assert_eq!(fs::read(&path).unwrap(), contents);
        assert!(!path.with_extension("db-wal").exists());
    }
}

#[test]
fn an_empty_file_is_a_creation_that_was_cut_short() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    fs::write(&path, b"").unwrap();
    send_all(&Queue::open(&path).unwrap(), QueueName::Bars, "a", &["1"]);
    assert_eq!(counts_of(&Queue::open(&path).unwrap(), QueueName::Bars).waiting, 1);
    assert!(matches!(Queue::open(&folder.path().join("none/queue.db")), Err(QueueError::Io(_))));
}

#[test]
fn a_damaged_page_is_found() {
    let (folder, queue) = on_disk();
    for number in 0..100 {
        queue.send(QueueName::Orders, "a", &number.to_string(), &"x".repeat(1000), at(0)).unwrap();
    }
    drop(queue);
    let path = folder.path().join("queue.db");
    let mut contents = fs::read(&path).unwrap();
    let middle = contents.len() / 2;
    contents[middle..middle + 8192].fill(0xff);
    fs::write(&path, contents).unwrap();
    assert!(matches!(Queue::open(&path).unwrap().check(), Err(QueueError::Corrupt { .. })));
}

#[test]
fn a_group_without_its_head_and_a_lost_message_are_found() {
    for damage in ["DELETE FROM head", "UPDATE head SET id = 2", "DELETE FROM message WHERE id = 2"] {
        let queue = Queue::memory().unwrap();
        send_all(&queue, QueueName::Orders, "a", &["1", "2"]);
        queue.check().unwrap();
        queue.lock().execute_batch(damage).unwrap();
        assert!(matches!(queue.check(), Err(QueueError::Corrupt { .. })), "{damage}");
    }
}

#[test]
fn a_full_disk_changes_nothing_and_goes_on_when_there_is_room() {
    let (_folder, queue) = on_disk();
    send_all(&queue, QueueName::Orders, "a", &["1"]);
    let pages: i64 = queue.lock().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let limit_pages =
        |pages: i64| queue.lock().query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    limit_pages(pages);
    let large = "x".repeat(100_000);
    assert!(matches!(queue.send(QueueName::Orders, "a", "2", &large, at(0)), Err(QueueError::Full(_))));
    assert_eq!(counts_of(&queue, QueueName::Orders), Counts { sent: 1, handled: 0, dead: 0, waiting: 1 });
    limit_pages(100_000);
    assert!(queue.send(QueueName::Orders, "a", "2", &large, at(0)).unwrap(), "it was not remembered as sent");
    queue.check().unwrap();
}

#[test]
fn another_process_is_shut_out_of_an_open_file() {
    let (folder, queue) = on_disk();
    assert!(queue.send(QueueName::Bars, "a", "1", "1", at(0)).unwrap());
    let other = Connection::open(folder.path().join("queue.db")).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    assert!(other.execute_batch("BEGIN IMMEDIATE").is_err());
    drop(queue);
    other.execute_batch("BEGIN IMMEDIATE; ROLLBACK").unwrap();
}

#[test]
fn a_panic_in_a_transaction_undoes_it_and_the_queue_goes_on() {
    let queue = Queue::memory().unwrap();
    std::thread::scope(|scope| {
        let work = || {
            queue.write(|db| -> Result<(), QueueError> {
                db.execute_batch("INSERT INTO tally VALUES ('bars', 7, 0)")?;
                panic!("on purpose")
            })
        };
        assert!(scope.spawn(work).join().is_err());
    });
    send_all(&queue, QueueName::Bars, "a", &["1"]);
    queue.check().unwrap();
}

#[test]
fn a_backup_is_a_queue_file_and_overwrites_nothing() {
    let (folder, queue) = on_disk();
    send_all(&queue, QueueName::Orders, "a", &["1", "2"]);
    take(&queue, 0);
    let path = folder.path().join("backup.db");
    queue.backup_to(&path).unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(queue.backup_to(&path), Err(QueueError::Io(_))));
    assert_eq!(fs::read(&path).unwrap(), before);
    send_all(&queue, QueueName::Orders, "a", &["3"]);
    let backup = Queue::open(&path).unwrap();
    backup.check().unwrap();
    assert_eq!((backup.recover(at(0)).unwrap(), bodies(&take(&backup, 0))), (1, vec!["1"]));
    assert_eq!(counts_of(&backup, QueueName::Orders).waiting, 2);
}

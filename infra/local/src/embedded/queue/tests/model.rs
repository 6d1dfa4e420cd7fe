//! Five thousand operations in no particular order: nothing is lost, and no group is out of order.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

const OPERATIONS: usize = 5000;

/// Knuth's MMIX generator; the upper bits are the good ones.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn queue(&mut self) -> QueueName {
        QueueName::ALL[usize::try_from(self.below(5)).unwrap()]
    }
}

/// What the test knows without looking into the file.
#[derive(Default)]
struct Model {
    now_ms: i64,
    expected: BTreeMap<QueueName, Counts>,
    /// Per FIFO group the numbers that wait, in order.
    waiting: BTreeMap<(QueueName, String), BTreeSet<i64>>,
    /// Handed out and not settled, with the end of their visibility.
    held: Vec<(Received, i64)>,
    last_id: i64,
}

impl Model {
    fn count(&mut self, name: QueueName) -> &mut Counts {
        self.expected.entry(name).or_default()
    }

    fn send(&mut self, queue: &Queue, lcg: &mut Lcg) {
        let (name, group) = (lcg.queue(), format!("g{}", lcg.below(4)));
        let dedup = format!("{}", lcg.below(2000));
        if queue.send(name, &group, &dedup, "body", at(self.now_ms)).unwrap() {
            self.last_id += 1;
            let count = self.count(name);
            (count.sent, count.waiting) = (count.sent + 1, count.waiting + 1);
            self.waiting.entry((name, group)).or_default().insert(self.last_id);
        }
    }

    fn receive(&mut self, queue: &Queue, lcg: &mut Lcg) {
        let (name, max) = (lcg.queue(), u32::try_from(lcg.below(4)).unwrap());
        let received = queue.receive(name, max, 5000, at(self.now_ms)).unwrap();
        assert!(received.len() <= usize::try_from(max).unwrap() && received.is_sorted_by_key(|message| message.id));
        self.held.retain(|(_, until_ms)| *until_ms > self.now_ms);
        for message in received {
            let waiting = self.waiting.get(&(name, message.group.clone())).unwrap();
            let is_first = waiting.first() == Some(&message.id);
            assert!(waiting.contains(&message.id) && (is_first || !name.is_fifo()), "{message:?} of {waiting:?}");
            assert!(self.held.iter().all(|(held, _)| held.id != message.id), "{message:?} is in flight");
            self.held.push((message, self.now_ms + 5000));
        }
    }

    fn settle(&mut self, queue: &Queue, lcg: &mut Lcg) {
        if self.held.is_empty() {
            return;
        }
        let picked = lcg.below(u64::try_from(self.held.len()).unwrap());
        let (message, _) = self.held.swap_remove(usize::try_from(picked).unwrap());
        let now = at(self.now_ms);
        let count = self.expected.get_mut(&message.queue).unwrap();
        match lcg.below(6) {
            0 => return queue.release(message.id, now.plus_ms(700)).unwrap(),
            1 => {
                queue.bury(message.id, "by chance", now).unwrap();
                count.dead += 1;
            }
            _ => {
                queue.delete(message.id).unwrap();
                count.handled += 1;
            }
        }
        count.waiting -= 1;
        assert!(self.waiting.get_mut(&(message.queue, message.group)).unwrap().remove(&message.id));
    }

    fn crash(&mut self, queue: Queue, folder: &TempDir) -> Queue {
        drop(queue);
        self.held.clear();
        let queue = Queue::open(&folder.path().join("queue.db")).unwrap();
        queue.recover(at(self.now_ms)).unwrap();
        queue
    }

    fn compare(&self, queue: &Queue) {
        queue.check().unwrap();
        for (name, counts) in queue.counts().unwrap() {
            assert_eq!(counts, self.expected.get(&name).copied().unwrap_or_default(), "{name}");
        }
    }
}

#[test]
fn sent_is_handled_and_waiting_and_dead_whatever_happens() {
    let (folder, mut queue) = on_disk();
    let (mut lcg, mut model) = (Lcg(1), Model::default());
    for operation in 0..OPERATIONS {
        model.now_ms += i64::try_from(lcg.below(500)).unwrap();
        match lcg.below(100) {
            0 => queue = model.crash(queue, &folder),
            1..35 => model.send(&queue, &mut lcg),
            35..65 => model.receive(&queue, &mut lcg),
            _ => model.settle(&queue, &mut lcg),
        }
        if operation % 50 == 0 {
            model.compare(&queue);
        }
    }
    model.compare(&queue);
    let all = model.expected.values();
    assert!(all.clone().all(|counts| counts.handled > 100 && counts.dead > 10), "{:?}", model.expected);
    drain(&queue, &mut model);
    assert!(queue.counts().unwrap().values().all(|counts| counts.waiting == 0), "nothing is stuck");
    queue.check().unwrap();
}

/// Handles everything, jumping to the next instant at which there is something.
fn drain(queue: &Queue, model: &mut Model) {
    while let Some(next) = queue.next_visible().unwrap() {
        let now = next.max(at(model.now_ms));
        let received = QueueName::ALL.map(|name| queue.receive(name, 10, 5000, now).unwrap()).concat();
        assert!(!received.is_empty(), "next_visible has promised something at {now}");
        for message in received {
            queue.delete(message.id).unwrap();
        }
    }
}

//! Running a batch of deliveries through a handler, with partial failures.
//!
//! 1. A message that succeeds is done, whatever happens to the others.
//! 2. In a FIFO group nothing is handled behind a failure: the failed message and all after it in the group go back,
//!    in order.
//! 3. A message that can never work, or has been delivered too often, goes to the dead letters, and its group goes on.
//! 4. A message that only waits comes back soon each time, and is let go in the end.

use crate::Failure;
use desk::message::Message;
use desk::time::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;

/// How often a message is delivered before it is buried.
pub const MAX_RECEIVES: u32 = 10;
/// How soon a message that failed is delivered again when nothing says later, after its first delivery; it doubles with each,
/// so that ten deliveries span two minutes: what other messages or a venue bring about meanwhile has its time.
const BACKOFF_MS: i64 = 250;
/// The longest that a message is hidden.
const HIDDEN_MAX_MS: i64 = 900_000;
/// How soon a message that only waits is delivered again at the earliest, and at the latest: what it waits for may end sooner than
/// was told. Ten deliveries span more than the minute after which reconciliation asks again.
const WAIT_MS: (i64, i64) = (1_000, 7_000);

/// A message as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The queue's handle on it.
    pub id: i64,
    /// Its FIFO group; `None` on a standard queue.
    pub group: Option<String>,
    /// What was sent.
    pub body: String,
    /// How often it has been delivered, this time included.
    pub receives: u32,
}

/// What is to be done with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is handled: delete it.
    Done,
    /// It comes back.
    Back(Again, String),
    /// It goes to the dead letters.
    Dead(String),
}

/// When a message that goes back is delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Later with each delivery, and not before the given time: what can be asked again soon may be refused again soon, and
    /// deliveries are few.
    Later(Option<Timestamp>),
    /// At the given time or sooner, each time.
    Soon(Option<Timestamp>),
}

/// For how long a message that goes back is hidden, in milliseconds.
#[must_use]
pub fn hidden_ms(now: Timestamp, again: Again, receives: u32) -> i64 {
    match again {
        Again::Later(not_before) => {
            let backoff = BACKOFF_MS << receives.saturating_sub(1).min(8);
            not_before.map_or(backoff, |at| at.ms_since(now).max(backoff)).min(HIDDEN_MAX_MS)
        }
        Again::Soon(until) => until.map_or(WAIT_MS.1, |at| at.ms_since(now).clamp(WAIT_MS.0, WAIT_MS.1)),
    }
}

/// Runs `handle` over the deliveries, in order, and says what is to be done with each.
///
/// # Errors
/// The reason for which a handler asked the process to stop; what was not answered stays in flight.
pub async fn run<F>(
    deliveries: &[Delivery],
    mut handle: impl FnMut(Message) -> F,
) -> Result<Vec<(i64, Answer)>, Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let mut blocked: BTreeMap<&str, Again> = BTreeMap::new();
    let mut answers = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let group = delivery.group.as_deref();
        if let Some(again) = group.and_then(|group| blocked.get(group)) {
            let reason = "a message before it in its group goes back".to_owned();
            answers.push((delivery.id, Answer::Back(*again, reason)));
            continue;
        }
        let outcome = match Message::decode(&delivery.body) {
            Ok(message) => handle(message).await,
            Err(error) => Err(error.into()),
        };
        let answer = match outcome {
            Ok(()) => Answer::Done,
            Err(Failure::Poison { reason }) => Answer::Dead(reason),
            Err(Failure::Retry { reason, .. }) if delivery.receives >= MAX_RECEIVES => {
                Answer::Dead(format!("delivered {} times: {reason}", delivery.receives))
            }
            Err(Failure::Retry { not_before, reason }) => {
                blocked.extend(group.map(|group| (group, Again::Later(None))));
                Answer::Back(Again::Later(not_before), reason)
            }
            Err(Failure::Wait { .. }) if delivery.receives >= MAX_RECEIVES => Answer::Done,
            Err(Failure::Wait { until, reason }) => {
                blocked.extend(group.map(|group| (group, Again::Soon(until))));
                Answer::Back(Again::Soon(until), reason)
            }
            Err(halt @ Failure::Halt { .. }) => return Err(halt),
        };
        answers.push((delivery.id, answer));
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: i64, group: &str, receives: u32) -> Delivery {
        let body = r#"{"v":1,"kind":"bars","symbol":"BTCUSDT","interval":"1h"}"#.to_owned();
        Delivery { id, group: Some(group.to_owned()), body, receives }
    }

    fn run_with(deliveries: &[Delivery], mut fails: impl FnMut(usize) -> Option<Failure>) -> Vec<(i64, Answer)> {
        let mut call = 0;
        let handled = run(deliveries, |_| {
            let outcome = fails(call).map_or(Ok(()), Err);
            call += 1;
            async move { outcome }
        });
        desk::fake::run(handled).unwrap()
    }

    #[test]
    fn nothing_in_a_group_is_handled_behind_a_failure() {
        let batch = [delivery(1, "a", 1), delivery(2, "b", 1), delivery(3, "a", 1), delivery(4, "b", 1)];
        let answers = run_with(&batch, |call| (call == 0).then(|| Failure::retry("later")));
        let back = |a: &Answer| matches!(a, Answer::Back(..));
        assert_eq!(
            answers.iter().map(|(id, a)| (*id, back(a))).collect::<Vec<_>>(),
            [(1, true), (2, false), (3, true), (4, false)]
        );
    }

    #[test]
    fn poison_is_buried_and_its_group_goes_on() {
        let mut batch = [delivery(1, "a", 1), delivery(2, "a", 1)];
        batch[0].body = "garbage".to_owned();
        let answers = run_with(&batch, |_| None);
        assert!(matches!(answers[0].1, Answer::Dead(_)));
        assert_eq!(answers[1].1, Answer::Done);
    }

    #[test]
    fn ten_deliveries_span_minutes_unless_their_time_is_known() {
        let now = Timestamp::from_ms(1_000_000);
        let later = |at: Option<i64>, receives| hidden_ms(now, Again::Later(at.map(|ms| now.plus_ms(ms))), receives);
        let waits: Vec<i64> = (1..MAX_RECEIVES).map(|receives| later(None, receives)).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000]);
        assert_eq!(later(Some(1_234), 1), 1_234);
        assert_eq!(later(Some(1_234), 9), 64_000);
        assert_eq!(later(Some(-1), 1), 250);
        assert_eq!(later(Some(i64::from(u32::MAX)), 1), 900_000);
    }

    #[test]
    fn what_waits_comes_back_soon_each_time_with_what_is_behind_it_and_is_never_buried() {
        let now = Timestamp::from_ms(1_000_000);
        let until = Some(now.plus_ms(3_000));
        let waits = |_| Some(Failure::Wait { until, reason: "busy".to_owned() });
        let batch = [delivery(1, "a", 9), delivery(2, "a", 9)];
        for (delivery, (_, answer)) in batch.iter().zip(run_with(&batch, waits)) {
            let Answer::Back(again, _) = answer else { panic!("{answer:?}") };
            assert_eq!(hidden_ms(now, again, delivery.receives), 3_000);
        }
        let soon = |ms: Option<i64>| hidden_ms(now, Again::Soon(ms.map(|ms| now.plus_ms(ms))), 9);
        assert_eq!([soon(None), soon(Some(-5)), soon(Some(3_600_000))], [7_000, 1_000, 7_000]);
        assert_eq!(run_with(&[delivery(1, "a", MAX_RECEIVES)], waits)[0].1, Answer::Done);
    }

    #[test]
    fn what_has_been_delivered_too_often_is_buried() {
        let answers = run_with(&[delivery(1, "a", MAX_RECEIVES)], |_| Some(Failure::retry("again")));
        assert!(matches!(&answers[0].1, Answer::Dead(reason) if reason.contains("again")));
    }
}

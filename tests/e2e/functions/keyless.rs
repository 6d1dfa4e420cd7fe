//! The kill switch where a venue is live: it has no keys, so it sends its cancels to `order-placement`, and they wait behind
//! nothing.

use super::permissions::Scenario;
use boot::Failure;
use boot::batch::{self, Answer, Delivery, MAX_RECEIVES};
use desk::message::{Message, QueueName};
use desk::order::{Order, State};
use desk::port::Outgoing;

fn kill(mode: &str) -> String {
    format!(r#"{{"v":1,"action":"kill","mode":"{mode}","by":"ann","reason":"a test"}}"#)
}

/// A desk with a position and its stop, and the stop.
async fn protected() -> (Scenario, Order) {
    let mut scenario = Scenario::new().await;
    scenario.until(true).await;
    let stop = stop_of(&scenario).await;
    assert_eq!(stop.state, State::Open);
    (scenario, stop)
}

async fn stop_of(scenario: &Scenario) -> Order {
    let store = scenario.desk.see("test").0;
    let orders = store.all_orders(&scenario.desk.config.account).await.unwrap();
    orders.into_iter().find(|order| order.intent.leg.protects()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_cancel_goes_through_who_has_the_keys_and_a_sweep_sees_it_done() {
    let (scenario, stop) = protected().await;
    let desk = &scenario.desk;
    let report = desk.kill_switch_without_keys(&kill("all")).await;
    assert_eq!((&report.left, report.ended.len()), (&vec![stop.intent.id.clone()], 0));
    let message = desk.queues.take(QueueName::Exits).unwrap();
    assert!(matches!(&message, Message::Cancel { intent, .. } if *intent == stop.intent.id));
    desk.handle(QueueName::Exits, message.clone()).await.unwrap();
    assert_eq!(stop_of(&scenario).await.state, State::Cancelled);
    let report = desk.kill_switch_without_keys(r#"{"v":1,"action":"sweep"}"#).await;
    assert!(report.left.is_empty() && desk.queues.waiting(QueueName::Exits) == 0);
    // Delivered once more it changes nothing.
    let before = desk.table.items();
    desk.handle(QueueName::Exits, message).await.unwrap();
    assert_eq!(desk.table.items(), before);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_that_arrives_after_the_kill_was_undone_cancels_nothing() {
    let (scenario, stop) = protected().await;
    let desk = &scenario.desk;
    desk.kill_switch_without_keys(&kill("all")).await;
    for by in ["ann", "bob"] {
        desk.kill_switch_without_keys(&format!(r#"{{"v":1,"action":"unkill","by":"{by}","reason":"over"}}"#)).await;
    }
    desk.drain().await;
    assert_eq!(stop_of(&scenario).await.state, State::Open);
    let stray = Outgoing::to_cancel(&stop.intent, stop.intent.decided_at).message;
    desk.handle(QueueName::Exits, stray).await.unwrap();
    assert_eq!(stop_of(&scenario).await.state, State::Open, "nobody has killed anything");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_yet_is_withheld_at_once_and_needs_no_message() {
    let mut scenario = Scenario::new().await;
    scenario.until_message(QueueName::Orders).await;
    let report = scenario.desk.kill_switch_without_keys(&kill("keep_stops")).await;
    assert_eq!((report.ended.len(), report.left.len()), (1, 0));
    assert_eq!(scenario.desk.queues.waiting(QueueName::Exits), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_is_handled_while_everything_before_it_fails() {
    let (scenario, stop) = protected().await;
    let desk = &scenario.desk;
    desk.kill_switch_without_keys(&kill("all")).await;
    let cancel = desk.queues.take(QueueName::Exits).unwrap();
    // Backed up: exits of the same market that can't be placed, delivered before it.
    let exit = Outgoing::to_place(&stop.intent).message;
    let all = [exit.clone(), exit, cancel];
    let delivery = |(id, message): (i64, &Message)| {
        let (group, body) = (Some(message.group()), message.encode().unwrap());
        Delivery { id, group, body, receives: MAX_RECEIVES - 1 }
    };
    let deliveries: Vec<Delivery> = (0..).zip(&all).map(delivery).collect();
    let answers = batch::run(&deliveries, |message| async move {
        match &message {
            Message::Order { .. } => Err(Failure::retry("the venue does not answer")),
            Message::Bars { .. } | Message::Signal { .. } | Message::Cancel { .. } | Message::Fill { .. } => {
                desk.handle(QueueName::Exits, message).await
            }
        }
    });
    let done: Vec<bool> = answers.await.unwrap().iter().map(|(_, answer)| *answer == Answer::Done).collect();
    assert_eq!(done, [false, false, true]);
    assert_eq!(stop_of(&scenario).await.state, State::Cancelled);
}

//! The pieces of the session that need no story; those are in `avaya/tests`.

use super::super::calls::Unseen;
use super::pace::{MOST_OUTSTANDING, Next, Pace};
use super::pending::{Errand, Task};

fn task(number: usize) -> Task {
    Task::new(Errand::Device(number), 0)
}

#[test]
fn what_people_wait_for_goes_before_state_and_state_before_leisure() {
    let mut pace = Pace::new(1000);
    pace.leisure(task(3));
    pace.normal(task(2));
    pace.at_once(task(1));
    let urgent = Task::new(Errand::Call { id: "179".to_owned(), device: None, hint: None::<Unseen> }, 0);
    pace.urgent(urgent.clone());
    let sent: Vec<Next> = (0..5).map(|now| pace.next(now, 0)).collect();
    assert_eq!(sent, [Next::Send(urgent), Next::Send(task(1)), Next::Send(task(2)), Next::Send(task(3)), Next::Idle]);
}

#[test]
fn the_pace_waits_for_its_interval_for_answers_and_for_retries() {
    let mut pace = Pace::new(5);
    pace.normal(task(1));
    pace.normal(task(2));
    assert_eq!(pace.next(0, 0), Next::Send(task(1)));
    assert_eq!(pace.next(50, 0), Next::Wait(150));
    assert_eq!(pace.next(200, MOST_OUTSTANDING), Next::Wait(200));
    assert_eq!(pace.next(200, 0), Next::Send(task(2)));
    pace.later(5000, task(7));
    assert_eq!(pace.next(1000, 0), Next::Wait(4000));
    assert_eq!(pace.next(5000, 0), Next::Send(task(7)));
    assert_eq!(pace.next(9000, 0), Next::Idle);
}

//! Which page each state shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::screen::{Wanted, page_for};
use crate::app::book::ShopEntry;
use crate::app::customer::Visit;
use crate::app::view::OrderFacts;
use crate::http::pages::Page;
use crate::http::pages::view::{AnswerRefused, Answered, AskReason, GoneReason, MoneyState};
use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::Outcome;
use callahead_domain::call_ahead::answer::Source;
use callahead_domain::contact::Language;
use callahead_domain::delivery::proof::Proof;
use callahead_domain::delivery::state::{FailReason, Holder, Parcel, RegionPin};
use callahead_domain::delivery::{Accepted, Command, Context, Delivery, Reply, apply};
use callahead_domain::id::{
    AnswerId, CourierId, DeliveryId, HandOffId, OrderId, ParcelId, PaymentId, PickupPointId, RegionId, ShopId,
};
use callahead_domain::money::Currency;
use callahead_domain::order::{Customer, Item};
use callahead_domain::payment::{Payment, PaymentState};
use callahead_domain::policy::{Policy, Tightening};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

const LINK: &str = "/t/Zm9vYmFyYmF6cXV4Zm9vYg";

fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-05-14T{clock}:00+09:00").parse::<DateTime<Utc>>().unwrap()
}

fn courier() -> CourierId {
    CourierId::from_uuid(Uuid::from_u128(7))
}

fn policy() -> Policy {
    Policy { time_zone: chrono_tz::Asia::Seoul, ..Policy::default() }
}

/// A delivery accepted at 17:00 and promised by 18:35.
fn accepted() -> Delivery {
    let parcel = Parcel {
        id: ParcelId::from_uuid(Uuid::from_u128(5)),
        number: 1,
        barcode: "B1".to_owned(),
        value_minor: None,
        holder: Holder::Shop,
    };
    Delivery::start(&Accepted {
        id: DeliveryId::from_uuid(Uuid::from_u128(1)),
        order: OrderId::from_uuid(Uuid::from_u128(2)),
        shop: ShopId::from_uuid(Uuid::from_u128(3)),
        at: at("17:00"),
        region: Some(RegionPin { region: RegionId::from_uuid(Uuid::from_u128(4)), version: 1 }),
        place: None,
        problem: None,
        ready_at: at("17:10"),
        window: None,
        promised_by: at("18:35"),
        parcels: vec![parcel],
        payment: Payment {
            by: callahead_domain::payment::PayBy::Hold,
            id: PaymentId::from_uuid(Uuid::from_u128(6)),
            amount_minor: 24_000,
            currency: Currency::parse("KRW").unwrap(),
            state: PaymentState::Authorised { until: None },
        },
    })
}

fn visit(delivery: Delivery, now: DateTime<Utc>) -> Visit {
    Visit {
        version: 1,
        order: OrderFacts {
            id: delivery.order,
            external_id: Some("K-2291".to_owned()),
            pickup_point: PickupPointId::from_uuid(Uuid::from_u128(8)),
            customer: Customer { name: "Mira".to_owned(), phone: None, email: None, language: Language::En },
            address: "14 Tidegate Lane".to_owned(),
            note: None,
            items: vec![Item { name: "Bread".to_owned(), quantity: 2 }],
            needs: Vec::new(),
            created_at: at("17:00"),
        },
        shop: ShopEntry {
            name: "Saltmarket Grocer".to_owned(),
            phone: None,
            country: None,
            currency: Currency::parse("KRW").unwrap(),
            language: Language::En,
            time_zone: chrono_tz::Asia::Seoul,
            tightening: Tightening::default(),
            provider: "record".to_owned(),
            provider_url: None,
            provider_secret: None,
        },
        policy: policy(),
        courier: delivery.stage.courier().map(|_| "Odo".to_owned()),
        stops_before: None,
        seen_at: None,
        code: (!delivery.code.locked()).then(|| "482913".to_owned()),
        scan: None,
        form_token: "a-token".to_owned(),
        now,
        closes_at: None,
        delivery,
    }
}

/// A delivery after these steps, each by its clock time and actor.
fn after(steps: &[(&str, Actor, Command)]) -> Delivery {
    let mut delivery = accepted();
    for (clock, actor, command) in steps {
        let context = Context { actor: *actor, now: at(clock), occurred_at: at(clock), policy: &policy() };
        let events =
            apply(&delivery, command, &context).unwrap_or_else(|refusal| panic!("{clock}: {refusal}"));
        events.iter().for_each(|event| delivery.evolve(event));
    }
    delivery
}

const ARRIVE: Command = Command::Arrive { point: None, reason: String::new() };

fn said(number: u128, outcome: Outcome) -> Command {
    let id = AnswerId::from_uuid(Uuid::from_u128(number));
    Command::Answer {
        reply: Reply { id, outcome, note: "Yard".to_owned(), source: Source::Link, region: None },
    }
}

fn to_the_shop() -> Vec<(&'static str, Actor, Command)> {
    vec![
        ("17:05", Actor::System, Command::Assign { courier: courier() }),
        ("17:06", Actor::System, Command::Plan { arrive_at: at("18:25"), leg_s: 600, resequenced: false }),
    ]
}

fn to_the_door() -> Vec<(&'static str, Actor, Command)> {
    let mut steps = to_the_shop();
    steps.push(("17:30", Actor::Customer, said(20, Outcome::HomeNow)));
    steps.push(("17:40", Actor::Courier(courier()), Command::Collect));
    steps.push(("18:15", Actor::Courier(courier()), Command::SetOff { last_in_run: false }));
    steps
}

fn shown(delivery: Delivery, now: &str, wanted: Wanted) -> Page {
    page_for(&visit(delivery, at(now)), wanted, LINK)
}

#[test]
fn an_order_without_a_courier_is_asked_about_with_its_promise() {
    let Page::Ask(view) = shown(accepted(), "17:02", Wanted::Standing) else { panic!("not the question") };
    let window = view.window.unwrap();
    assert_eq!((window.start, window.end, view.reason), (at("17:10"), at("18:35"), AskReason::Plain));
    assert!(view.refused.is_none() && view.change_until.is_none());
}

#[test]
fn a_plan_narrows_the_window_and_says_until_when_to_answer() {
    let Page::Ask(view) = shown(after(&to_the_shop()), "17:20", Wanted::Standing) else {
        panic!("not the question")
    };
    let window = view.window.unwrap();
    assert_eq!((window.start, window.end), (at("18:20"), at("18:35")));
    assert_eq!(view.change_until, Some(at("18:15")));
}

#[test]
fn a_plan_behind_the_promise_is_told_before_asking() {
    let mut steps = to_the_shop();
    steps.push((
        "17:30",
        Actor::System,
        Command::Plan { arrive_at: at("18:50"), leg_s: 600, resequenced: false },
    ));
    let Page::Ask(view) = shown(after(&steps), "17:31", Wanted::Standing) else { panic!("not the question") };
    assert_eq!(view.reason, AskReason::Late);
}

#[test]
fn an_answer_is_shown_with_its_note_and_can_be_changed() {
    let mut steps = to_the_shop();
    steps.push(("17:30", Actor::Customer, said(20, Outcome::HomeNow)));
    let delivery = after(&steps);
    let Page::Answered(view) = shown(delivery.clone(), "17:31", Wanted::Standing) else {
        panic!("not answered")
    };
    assert_eq!((view.answer, view.note.as_deref(), view.code), (Answered::Home, Some("Yard"), None));
    assert!(matches!(shown(delivery.clone(), "17:31", Wanted::Question), Page::Ask(_)));
    assert!(matches!(shown(delivery.clone(), "17:31", Wanted::Later), Page::Later(_)));
    assert!(matches!(shown(delivery.clone(), "17:31", Wanted::NotToday), Page::NotToday(_)));
    assert!(matches!(shown(delivery.clone(), "17:31", Wanted::Other), Page::Other(_)));
    assert!(
        matches!(shown(delivery.clone(), "17:31", Wanted::Cancel), Page::Cancel(view) if !view.carried && view.may_wait)
    );
    // Asking for the code early shows nothing of it.
    assert!(matches!(shown(delivery, "17:31", Wanted::Code), Page::Answered(_)));
}

#[test]
fn the_code_is_shown_at_the_door_or_when_the_customer_says_so_on_the_way() {
    let on_the_way = after(&to_the_door());
    assert!(
        matches!(shown(on_the_way.clone(), "18:16", Wanted::Standing), Page::OnTheWay(view) if view.refreshing && !view.kept)
    );
    assert!(
        matches!(shown(on_the_way.clone(), "18:16", Wanted::Still), Page::OnTheWay(view) if !view.refreshing)
    );
    assert!(
        matches!(shown(on_the_way, "18:16", Wanted::Code), Page::Near(view) if !view.at_door && view.code.is_some())
    );
    let mut steps = to_the_door();
    steps.push(("18:24", Actor::Courier(courier()), ARRIVE));
    let at_door = after(&steps);
    assert!(
        matches!(shown(at_door.clone(), "18:25", Wanted::Standing), Page::Near(view) if view.at_door && view.code.is_some())
    );
    assert!(
        matches!(shown(at_door, "18:25", Wanted::Question), Page::Ask(view) if view.refused == Some(AnswerRefused::AtDoor))
    );
}

#[test]
fn a_locked_code_is_not_shown_even_at_the_door() {
    let mut steps = to_the_door();
    steps.push(("18:24", Actor::Courier(courier()), ARRIVE));
    for number in 0..5 {
        let hand_over = Command::HandOver {
            id: HandOffId::from_uuid(Uuid::from_u128(30 + number)),
            proof: Proof::Code { matches: false },
            plus: Vec::new(),
            parcels: Vec::new(),
        };
        steps.push(("18:25", Actor::Courier(courier()), hand_over));
    }
    assert!(
        matches!(shown(after(&steps), "18:26", Wanted::Standing), Page::Near(view) if view.code.is_none())
    );
}

#[test]
fn an_answer_after_the_courier_set_off_is_said_to_be_kept() {
    let mut steps = to_the_door();
    steps.push(("18:18", Actor::Customer, said(21, Outcome::NotToday { day: None })));
    assert!(matches!(shown(after(&steps), "18:19", Wanted::Standing), Page::OnTheWay(view) if view.kept));
    steps.push(("18:24", Actor::Courier(courier()), ARRIVE));
    assert!(matches!(shown(after(&steps), "18:25", Wanted::Standing), Page::Near(view) if view.kept));
}

#[test]
fn a_missed_customer_is_asked_again_with_the_reason() {
    let mut steps = to_the_door();
    steps.push(("18:24", Actor::Courier(courier()), ARRIVE));
    steps.push(("18:32", Actor::Courier(courier()), Command::FailAttempt { reason: FailReason::NotHome }));
    assert!(
        matches!(shown(after(&steps), "18:33", Wanted::Standing), Page::Ask(view) if view.reason == AskReason::Missed { at: at("18:32") })
    );
}

#[test]
fn a_photo_waits_for_the_shop_and_may_be_objected_to_a_code_may_not() {
    let hand_over = |proof| {
        let mut steps = to_the_door();
        steps.push(("18:24", Actor::Courier(courier()), ARRIVE));
        let id = HandOffId::from_uuid(Uuid::from_u128(31));
        steps.push((
            "18:25",
            Actor::Courier(courier()),
            Command::HandOver { id, proof, plus: Vec::new(), parcels: Vec::new() },
        ));
        match shown(after(&steps), "18:26", Wanted::Standing) {
            Page::Receipt(view) => view,
            other => panic!("{other:?}"),
        }
    };
    let photo = hand_over(Proof::Photo {
        photo: callahead_domain::id::PhotoId::from_uuid(Uuid::from_u128(40)),
        reason: "no phone".to_owned(),
    });
    assert!(photo.may_object && photo.money.first().unwrap().state == MoneyState::WaitingForShop);
    let code = hand_over(Proof::Code { matches: true });
    assert!(!code.may_object && code.money.first().unwrap().state == MoneyState::Held);
    assert_eq!((code.total.as_str(), code.items.first().unwrap().0.as_str()), ("24000 KRW", "Bread × 2"));
}

#[test]
fn a_cancelled_order_says_so_whatever_is_asked_for() {
    let mut steps = to_the_shop();
    steps.push(("17:20", Actor::Customer, Command::Cancel { reason: "no".to_owned() }));
    let cancelled = after(&steps);
    for wanted in [Wanted::Standing, Wanted::Question, Wanted::Later, Wanted::Cancel, Wanted::Code] {
        let Page::Gone(view) = shown(cancelled.clone(), "17:30", wanted) else { panic!("{wanted:?}") };
        assert_eq!(
            (view.reason, view.money.first().unwrap().state),
            (GoneReason::Cancelled, MoneyState::GivenBack)
        );
    }
}

#[test]
fn a_cancellation_of_a_carried_order_says_that_it_goes_back_first() {
    let page = shown(after(&to_the_door()), "18:16", Wanted::Cancel);
    assert!(matches!(page, Page::Cancel(view) if view.carried && !view.may_wait));
}

#[test]
fn an_answer_that_went_stale_is_asked_for_again() {
    let mut steps = to_the_shop();
    steps.push(("17:30", Actor::Customer, said(20, Outcome::HomeNow)));
    let mut delivery = after(&steps);
    let late = at("17:30") + TimeDelta::seconds(policy().answer_valid_s + 1);
    let context = Context { actor: Actor::System, now: late, occurred_at: late, policy: &policy() };
    apply(&delivery, &Command::Wake, &context).unwrap().iter().for_each(|event| delivery.evolve(event));
    assert!(matches!(page_for(&visit(delivery, late), Wanted::Standing, LINK), Page::Ask(_)));
}

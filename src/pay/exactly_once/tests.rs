//! Single rules, then whole runs through a world that loses things, then proof that the world can tell.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::model::{AMOUNT, CAPS, Fault, KEY_TICKS, OP, TICK_S, World, books, currency};
use super::*;

const NO_BOOKS: Caps = Caps { retrieve: false, ..CAPS };

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn queued() -> CommandRecord {
    CommandRecord::queued("stem".into(), OP, AMOUNT, currency())
}

fn sent_once() -> CommandRecord {
    sent(&queued(), 1, at(0))
}

fn unknown(definite: bool) -> Outcome {
    Outcome::Unknown { why: "timeout".into(), definite }
}

fn send_of(generation: u32) -> Step {
    Step::Send { generation, idem_key: format!("stem-g{generation}") }
}

#[test]
fn a_new_command_is_sent_at_once_even_long_after_it_was_queued() {
    assert_eq!(next(&queued(), CAPS, at(0)), send_of(1));
    assert_eq!(next(&queued(), CAPS, at(1_000_000)), send_of(1));
}

#[test]
fn what_was_sent_once_is_looked_up_first() {
    assert_eq!(next(&sent_once(), CAPS, at(1)), Step::RetrieveFirst);
    let record = after(&sent_once(), &unknown(true), at(1));
    assert_eq!(next(&record, CAPS, at(2)), Step::Wait { at: at(6) });
    assert_eq!(next(&record, CAPS, at(6)), Step::RetrieveFirst);
}

#[test]
fn an_effect_found_in_the_books_is_the_end() {
    let step = after_retrieve(&sent_once(), CAPS, &Ok(Some(books(AMOUNT))), at(9));
    assert_eq!(step, Step::Done(books(AMOUNT)));
    let record = settled(&sent_once(), &step);
    assert_eq!(record.state, CommandState::Done);
    assert_eq!(next(&record, CAPS, at(1_000_000)), step);
}

#[test]
fn books_that_cannot_be_asked_mean_waiting() {
    let found = Err(Unavailable { why: "timeout".into() });
    let step = after_retrieve(&sent_once(), CAPS, &found, at(9));
    assert_eq!(step, Step::Wait { at: at(14) });
    assert_eq!(next(&settled(&sent_once(), &step), CAPS, at(13)), step);
}

#[test]
fn a_time_out_keeps_the_key_and_a_definite_failure_changes_it() {
    for nothing in [None, Some(books(0))] {
        let silent = after(&sent_once(), &unknown(false), at(1));
        assert_eq!(after_retrieve(&silent, CAPS, &Ok(nothing.clone()), at(6)), send_of(1));
        let failed = after(&sent_once(), &unknown(true), at(1));
        assert_eq!(after_retrieve(&failed, CAPS, &Ok(nothing), at(6)), send_of(2));
    }
}

#[test]
fn a_key_near_its_end_is_waited_out_and_then_replaced() {
    let record = after(&sent_once(), &unknown(false), at(1));
    let end = i64::try_from(CAPS.key_ttl_s).unwrap();
    let step = |now| after_retrieve(&record, CAPS, &Ok(None), at(now));
    assert_eq!(step(end - 3_601), send_of(1));
    assert_eq!(step(end - 3_600), Step::Wait { at: at(end) });
    assert_eq!(step(end - 1), Step::Wait { at: at(end) });
    assert_eq!(step(end), send_of(2));
    let renewed = sent(&record, 2, at(end));
    assert_eq!((renewed.first_sent_at, renewed.began_at), (Some(at(end)), Some(at(0))));
    assert_eq!((renewed.attempts, renewed.last_definite_failure), (2, false));
}

#[test]
fn a_refusal_for_good_ends_it_and_a_passing_one_asks_for_a_new_key() {
    let refusal = |permanent| Outcome::Refused { code: "no_funds".into(), message: String::new(), permanent };
    let record = after(&sent_once(), &refusal(true), at(1));
    assert_eq!(record.state, CommandState::Refused);
    let wanted = Step::Refused { code: "no_funds".into(), message: String::new() };
    assert_eq!(next(&record, CAPS, at(2)), wanted);
    let record = after(&sent_once(), &refusal(false), at(1));
    assert_eq!(after_retrieve(&record, CAPS, &Ok(None), at(6)), send_of(2));
}

#[test]
fn a_done_with_other_amounts_is_not_believed() {
    let record = after(&sent_once(), &Outcome::Done(books(AMOUNT - 1)), at(1));
    assert_eq!(record.state, CommandState::Unknown);
    let won = Snapshot { currency: Currency::parse("KRW").unwrap(), ..books(AMOUNT) };
    assert_eq!(after(&sent_once(), &Outcome::Done(won.clone()), at(1)).state, CommandState::Unknown);
    for wrong in [books(AMOUNT - 1), won] {
        let step = after_retrieve(&sent_once(), CAPS, &Ok(Some(wrong)), at(6));
        assert!(matches!(step, Step::Dead { why } if why.starts_with("integrity")));
    }
}

#[test]
fn a_capture_of_what_was_given_back_is_refused_and_a_release_of_what_was_taken_is_for_a_person() {
    let given_back = Snapshot { released_minor: AMOUNT, ..books(0) };
    let step = after_retrieve(&sent_once(), CAPS, &Ok(Some(given_back.clone())), at(6));
    assert!(matches!(step, Step::Refused { code, .. } if code == "released"));
    let release = CommandRecord { op: Op::Release, ..sent_once() };
    let step = |found| after_retrieve(&release, CAPS, &Ok(Some(found)), at(6));
    assert_eq!(step(given_back.clone()), Step::Done(given_back));
    assert!(matches!(step(books(AMOUNT)), Step::Dead { .. }));
}

#[test]
fn after_72_hours_a_person_decides_but_only_after_a_last_look() {
    let late = at(i64::try_from(DEAD_AFTER_S).unwrap());
    let record = after(&sent_once(), &unknown(false), at(1));
    assert_eq!(next(&record, CAPS, late), Step::RetrieveFirst);
    assert!(matches!(after_retrieve(&record, CAPS, &Ok(None), late), Step::Dead { .. }));
    let found = Err(Unavailable { why: "timeout".into() });
    let step = after_retrieve(&record, CAPS, &found, late);
    assert_eq!(settled(&record, &step).state, CommandState::Dead);
    assert!(matches!(after_retrieve(&record, CAPS, &Ok(Some(books(AMOUNT))), late), Step::Done(_)));
}

#[test]
fn without_books_only_the_same_key_is_sent_again_and_only_while_it_is_remembered() {
    let record = after(&sent_once(), &unknown(true), at(1));
    assert_eq!(next(&record, NO_BOOKS, at(6)), send_of(1));
    let end = i64::try_from(CAPS.key_ttl_s).unwrap();
    assert!(matches!(next(&record, NO_BOOKS, at(end - 60)), Step::Dead { .. }));
    let forever = Caps { key_ttl_s: u64::MAX, ..NO_BOOKS };
    assert_eq!(next(&record, forever, at(end)), send_of(1));
}

#[test]
fn waits_grow_and_stay_at_six_hours() {
    let waits: Vec<u64> = (1..=10).map(backoff_s).collect();
    assert_eq!(waits, [5, 30, 120, 600, 1_800, 3_600, 7_200, 21_600, 21_600, 21_600]);
}

#[test]
fn keys_fit_every_provider_and_names_read_back() {
    let payment = callahead_domain::id::PaymentId::from_uuid(uuid::Uuid::max());
    let key = idem_key(&key_stem("production-two", &payment, Op::Authorise), u32::MAX);
    assert!(key.len() <= 64, "{key}");
    let usual = idem_key(&key_stem("prod", &payment, Op::Capture), 99);
    assert_eq!(usual, format!("ca-prod-{payment}-capture-g99"));
    assert!(usual.len() <= 64);
    for state in CommandState::ALL {
        assert_eq!(CommandState::parse(state.name()), Some(state));
    }
}

/// Works one command to its end by the rules; faults are drawn one for each send, books fail as told.
fn run_by_the_rules(
    world: &mut World,
    mut fault: impl FnMut() -> Fault,
    mut books_fail: impl FnMut() -> bool,
    mut hint: impl FnMut() -> bool,
) -> CommandRecord {
    let mut record = queued();
    for _ in 0..10_000 {
        let mut step = next(&record, CAPS, world.now());
        if step == Step::RetrieveFirst {
            let found = world.retrieve(!books_fail());
            step = after_retrieve(&record, CAPS, &found, world.now());
        }
        match step {
            Step::Send { generation, idem_key } => {
                record = sent(&record, generation, world.now());
                if let Some(outcome) = world.send(&idem_key, fault()) {
                    record = after(&record, &outcome, world.now());
                }
            }
            Step::Wait { .. } => {
                record = settled(&record, &step);
                // A word of the provider, heard late, twice or without cause, only makes us look sooner.
                if hint() {
                    record.next_at = None;
                } else {
                    world.advance(1);
                }
            }
            ending => {
                record = settled(&record, &ending);
                world.advance(2 * KEY_TICKS);
                return record;
            }
        }
    }
    panic!("the run has no end: {record:?}");
}

fn any_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Clean),
        Just(Fault::LostRequest),
        Just(Fault::LostAnswer),
        (1..=7i64).prop_map(Fault::Delayed),
        Just(Fault::ErrorBefore),
        Just(Fault::ErrorAfter),
        Just(Fault::CrashBefore),
        Just(Fault::CrashAfter),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_course_of_faults_ends_with_one_effect_that_we_know_of(
        faults in proptest::collection::vec(any_fault(), 0..10),
        books in proptest::collection::vec(any::<bool>(), 0..10),
        refuses_second: bool,
    ) {
        let mut world = World::new(refuses_second);
        let (mut faults, mut books) = (faults.into_iter(), books.into_iter());
        let record = run_by_the_rules(
            &mut world,
            || faults.next().unwrap_or(Fault::Clean),
            || books.next().unwrap_or(false),
            || false,
        );
        prop_assert_eq!(world.effects, 1);
        prop_assert_eq!(record.state, CommandState::Done);
    }
}

/// Numbers spread evenly over 0..100, the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 100
    }

    /// 45 % clean, 15 % lost request, 20 % lost answer, 10 % error before, 10 % error after; on top, one in ten
    /// crashes.
    fn fault(&mut self) -> Fault {
        match (self.roll(), self.roll()) {
            (0..5, _) => Fault::CrashBefore,
            (5..10, _) => Fault::CrashAfter,
            (_, 0..45) => Fault::Clean,
            (_, 45..60) => Fault::LostRequest,
            (_, 60..80) => Fault::LostAnswer,
            (_, 80..90) => Fault::ErrorBefore,
            _ => Fault::ErrorAfter,
        }
    }
}

const RUNS: u64 = 20_000;

/// How many of the runs ended lost, doubled, or captured without our knowing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    lost: u32,
    doubled: u32,
    unknown: u32,
}

fn tally(refuses_second: bool, strategy: impl Fn(&mut World, &mut Dice) -> bool) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..RUNS {
        let mut world = World::new(refuses_second);
        let known = strategy(&mut world, &mut Dice(seed << 20));
        world.advance(2 * KEY_TICKS);
        match world.effects {
            0 => tally.lost += 1,
            1 if !known => tally.unknown += 1,
            1 => {}
            _ => tally.doubled += 1,
        }
    }
    tally
}

/// One try, the error logged.
fn one_try(world: &mut World, dice: &mut Dice) -> bool {
    matches!(world.send("k", dice.fault()), Some(Outcome::Done(_)))
}

/// Tries until an answer says done, with the key the try's number is given.
fn until_done(world: &mut World, dice: &mut Dice, key: impl Fn(u32) -> String) -> bool {
    for attempt in 1..=60 {
        if matches!(world.send(&key(attempt), dice.fault()), Some(Outcome::Done(_))) {
            return true;
        }
        world.advance(i64::from(attempt));
    }
    false
}

#[test]
fn in_twenty_thousand_runs_the_rules_give_one_known_effect_each() {
    for refuses_second in [true, false] {
        let result = tally(refuses_second, |world, dice| {
            let mut second = Dice(dice.0 ^ 1);
            let record = run_by_the_rules(world, || dice.fault(), || second.roll() < 10, || false);
            record.state == CommandState::Done
        });
        assert_eq!(result, Tally::default());
    }
}

/// The same world, where requests that were given up on are carried out late, and the provider speaks by itself, early,
/// late and twice.
#[test]
fn late_execution_and_words_of_the_provider_change_nothing_in_twenty_thousand_runs() {
    for refuses_second in [true, false] {
        let result = tally(refuses_second, |world, dice| {
            let (mut second, mut third) = (Dice(dice.0 ^ 1), Dice(dice.0 ^ 2));
            let mut late = Dice(dice.0 ^ 3);
            let mut fault = || match late.roll() {
                0..15 => Fault::Delayed(1 + i64::try_from(late.roll() % 7).unwrap()),
                _ => dice.fault(),
            };
            let record = run_by_the_rules(world, &mut fault, || second.roll() < 10, || third.roll() < 20);
            record.state == CommandState::Done
        });
        assert_eq!(result, Tally::default());
    }
}

#[test]
fn simpler_strategies_lose_or_double_in_the_same_world() {
    let once = tally(false, one_try);
    assert!(once.lost > 1_000 && once.unknown > 1_000, "{once:?}");
    let fresh = tally(false, |world, dice| until_done(world, dice, |attempt| format!("k{attempt}")));
    assert!(fresh.doubled > 1_000, "{fresh:?}");
    let same = tally(false, |world, dice| until_done(world, dice, |_| "k".to_owned()));
    assert!(same.doubled > 1_000, "{same:?}");
}

#[test]
fn a_new_key_after_a_mere_time_out_would_double_when_the_first_request_is_only_slow() {
    let mut world = World::new(false);
    assert!(matches!(world.send("k1", Fault::Delayed(3)), Some(Outcome::Unknown { definite: false, .. })));
    assert_eq!(world.retrieve(true).unwrap().unwrap().captured_minor, 0);
    world.send("k2", Fault::Clean);
    world.advance(5);
    assert_eq!(world.effects, 2);
    assert_eq!(world.now(), at(5 * TICK_S));
}

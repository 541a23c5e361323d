//! Many days, three ways each, compared day by day.

use callahead_domain::dispatch::search::ModelFault;
use serde::Serialize;

use super::figures::{Interval, Measure};
use super::people::{Customer, Spot};
use super::round::{Lived, Moment, live};
use super::scene::{Scene, SceneFault, Silence, Way};
use super::tally::Tally;
use super::tour::share;

/// Why a study cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// A number of the scene.
    #[error(transparent)]
    Scene(#[from] SceneFault),
    /// The optimiser refuses the scene's numbers.
    #[error(transparent)]
    Model(#[from] ModelFault),
}

/// One seed's day under one way.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// Over all couriers.
    pub tally: Tally,
    /// What the first courier did.
    pub first: Vec<Moment>,
}

/// Lives through a seed's day under the ways asked for: the same customers, shared alike.
///
/// # Errors
/// The scene's numbers are out of range.
pub fn day(scene: &Scene, seed: u64, ways: &[Way]) -> Result<Vec<Day>, StudyError> {
    let customers: Vec<Customer> =
        (0_u64..).take(scene.orders).map(|number| Customer::draw(scene, seed, number)).collect();
    let doors: Vec<Spot> = customers.iter().map(|customer| customer.door).collect();
    let shares = share(scene, &doors, seed)?;
    let mut days = Vec::new();
    for way in ways {
        let (mut tally, mut first) = (Tally::default(), None);
        for (courier, numbers) in (0_u64..).zip(&shares) {
            let own = numbers.iter().filter_map(|number| customers.get(*number).cloned()).collect();
            let Lived { tally: part, moments } = live(scene, *way, own, seed.wrapping_mul(1009) + courier)?;
            tally.add(&part);
            first.get_or_insert(moments);
        }
        days.push(Day { tally, first: first.unwrap_or_default() });
    }
    Ok(days)
}

/// One measure: its interval for each way, in the order of [`Way::ALL`], and the paired differences to "no call".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which.
    pub measure: Measure,
    /// Its name.
    pub name: &'static str,
    /// By way; nothing where it has no meaning.
    pub ways: Vec<Option<Interval>>,
    /// Difference to "no call" of the same day, by way but the first.
    pub differences: Vec<Option<Interval>>,
    /// The same as a percentage of "no call".
    pub relative: Vec<Option<Interval>>,
}

/// What many days came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Study {
    /// The scene.
    pub scene: Scene,
    /// The first seed.
    pub seed: u64,
    /// How many.
    pub seeds: u64,
    /// The measures.
    pub rows: Vec<Row>,
    /// The sums of each seed and way.
    pub tallies: Vec<Vec<Tally>>,
    /// The first courier's day of the first seed, by way.
    pub first: Vec<Vec<Moment>>,
}

impl Study {
    /// The row of a measure.
    #[must_use]
    pub fn row(&self, measure: Measure) -> Option<&Row> {
        self.rows.iter().find(|row| row.measure == measure)
    }
}

/// Lives through `seeds` days from `seed` on. `done` is told after each.
///
/// # Errors
/// The scene's numbers are out of range.
pub fn study(scene: &Scene, seed: u64, seeds: u64, done: &mut dyn FnMut(u64)) -> Result<Study, StudyError> {
    scene.check()?;
    let (mut tallies, mut first) = (Vec::new(), Vec::new());
    let at_once = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let numbers: Vec<u64> = (0..seeds).collect();
    for together in numbers.chunks(at_once) {
        for days in side_by_side(scene, seed, together) {
            let days = days?;
            tallies.push(days.iter().map(|day| day.tally).collect::<Vec<_>>());
            if first.is_empty() {
                first = days.into_iter().map(|day| day.first).collect();
            }
        }
        done(u64::try_from(tallies.len()).unwrap_or(seeds));
    }
    let rows = Measure::ALL.map(|measure| row(scene, measure, &tallies)).into();
    Ok(Study { scene: scene.clone(), seed, seeds, rows, tallies, first })
}

/// Days of one scene, each on a thread of its own.
fn side_by_side(scene: &Scene, seed: u64, numbers: &[u64]) -> Vec<Result<Vec<Day>, StudyError>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = numbers
            .iter()
            .map(|number| scope.spawn(move || day(scene, seed.wrapping_add(*number), &Way::ALL)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn row(scene: &Scene, measure: Measure, tallies: &[Vec<Tally>]) -> Row {
    let values = |way: usize| -> Vec<Option<f64>> {
        let of = |tally: &Tally| measure.of(tally, scene.orders);
        tallies.iter().map(|ways| ways.get(way).and_then(of)).collect()
    };
    let plain = values(0);
    let against = |way: usize, by: fn(f64, f64) -> f64| {
        let pairs = values(way).into_iter().zip(&plain);
        let all: Vec<f64> = pairs.filter_map(|(one, base)| Some(by(one?, (*base)?))).collect();
        Interval::of(&all).filter(|interval| interval.mean.is_finite())
    };
    let interval = |way: usize| Interval::of(&values(way).into_iter().flatten().collect::<Vec<_>>());
    Row {
        measure,
        name: measure.name(),
        ways: (0..Way::ALL.len()).map(interval).collect(),
        differences: (1..Way::ALL.len()).map(|way| against(way, |one, base| one - base)).collect(),
        relative: (1..Way::ALL.len())
            .map(|way| against(way, |one, base| (one / base - 1.0) * 100.0))
            .collect(),
    }
}

/// What the gate comes to under other assumptions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// What is different.
    pub name: String,
    /// Share of customers out.
    pub absent: f64,
    /// Share answering by link.
    pub link_answer: f64,
    /// Doors opened the first time without a call, percent.
    pub first_no_call: Option<Interval>,
    /// With the gate, percent.
    pub first_gate: Option<Interval>,
    /// Deliveries per courier-hour, the gate against no call, percent more.
    pub per_hour: Option<Interval>,
    /// The same for the call on the way.
    pub per_hour_on_the_way: Option<Interval>,
    /// Parcels delivered, the gate less no call, points of percent.
    pub delivered: Option<Interval>,
    /// Told arrivals moved, the gate, percent.
    pub moved: Option<Interval>,
}

fn variant(name: String, scene: &Scene, seed: u64, seeds: u64) -> Result<Variant, StudyError> {
    let found = study(scene, seed, seeds, &mut |_| ())?;
    let way = |measure, at: usize| found.row(measure).and_then(|row| *row.ways.get(at)?);
    let relative = |at: usize| found.row(Measure::PerHour).and_then(|row| *row.relative.get(at)?);
    Ok(Variant {
        name,
        absent: scene.absent,
        link_answer: scene.link_answer,
        first_no_call: way(Measure::FirstAttempt, 0),
        first_gate: way(Measure::FirstAttempt, 2),
        per_hour: relative(1),
        per_hour_on_the_way: relative(0),
        delivered: found.row(Measure::Delivered).and_then(|row| *row.differences.get(1)?),
        moved: way(Measure::Moved, 2),
    })
}

/// The scenes of the sensitivity tables: shares out and answering by link, and then the assumptions nobody has measured,
/// each on its own.
#[must_use]
pub fn variants(scene: &Scene) -> Vec<(String, Scene)> {
    let mut all = Vec::new();
    for absent in [0.05, 0.15, 0.30] {
        for link_answer in [0.4, 0.6, 0.8] {
            let name = format!("{:.0} % out, {:.0} % by link", absent * 100.0, link_answer * 100.0);
            all.push((name, Scene { absent, link_answer, ..scene.clone() }));
        }
    }
    let base = || scene.clone();
    let others = [
        ("silence: last", Scene { silence: Silence::Last, ..base() }),
        ("silence: try the door", Scene { silence: Silence::TryDoor, ..base() }),
        ("5 % say yes and are out", Scene { slip_link: 0.05, slip_call: 0.05, ..base() }),
        ("those out answer half as often", Scene { away_reply: 0.5, ..base() }),
        ("those out answer as often", Scene { away_reply: 1.0, ..base() }),
        ("20 % never reached", Scene { silent: 0.2, ..base() }),
        ("half the calls answered", Scene { phone_answer: 0.5, ..base() }),
        ("2 minutes' wait at a closed door", Scene { wait_min: 2.0, ..base() }),
        ("4 minutes' wait at a closed door", Scene { wait_min: 4.0, ..base() }),
        ("nobody is waited for above 10 minutes", Scene { max_wait_min: 10.0, ..base() }),
        ("everybody is waited for, however long", Scene { max_wait_min: f64::INFINITY, ..base() }),
        ("asked 90 minutes ahead", Scene { notice_lead_min: 90.0, ..base() }),
        ("all absences last all day", Scene { all_day: 1.0, ..base() }),
        ("nobody is out all day", Scene { all_day: 0.0, ..base() }),
        ("calls take twice as long", Scene { call_min: 2.0, ring_min: 1.0, ..base() }),
        ("doors twice as far apart", Scene { radius_m: scene.radius_m * 2.0, ..base() }),
        ("one attempt only", Scene { attempts: 1, ..base() }),
    ];
    all.extend(others.into_iter().map(|(name, scene)| (name.to_owned(), scene)));
    all
}

/// The sensitivity tables over `seeds` days each. `done` is told after each scene.
///
/// # Errors
/// The scene's numbers are out of range.
pub fn sensitivity(
    scene: &Scene,
    seed: u64,
    seeds: u64,
    done: &mut dyn FnMut(u64),
) -> Result<Vec<Variant>, StudyError> {
    let mut all = Vec::new();
    for (number, (name, scene)) in (1..).zip(variants(scene)) {
        all.push(variant(name, &scene, seed, seeds)?);
        done(number);
    }
    Ok(all)
}

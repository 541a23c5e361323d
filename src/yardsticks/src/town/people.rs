//! Who is home when, and who answers what. A customer's whole day is drawn before anybody sets off, from a stream of
//! their own; the three ways meet the same people.

use super::chance::Chance;
use super::scene::{ENDS_MIN, Scene};

/// A place in metres from the shop.
pub type Spot = (f64, f64);

/// Nobody says "from" a time after this: 19:30, in minutes from 9:00.
const LATEST_RETURN_MIN: f64 = 630.0;
/// A customer who said yes is in from so long before the told time.
const STAYS_BEFORE_MIN: f64 = 10.0;
/// And until so long after.
const STAYS_AFTER_MIN: f64 = 15.0;

/// What a customer answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    /// There at the time they were asked about.
    Yes,
    /// Home from this minute on.
    From(f64),
    /// Not today.
    NotToday,
}

/// What a customer means to do since they answered.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Word {
    from_min: f64,
    until_min: f64,
    kept: bool,
}

/// A customer and their day.
#[derive(Debug, Clone)]
pub struct Customer {
    /// The door.
    pub door: Spot,
    out_all_day: bool,
    /// Absences by their plan.
    away: Vec<(f64, f64)>,
    reached: bool,
    link: f64,
    link_delay_min: f64,
    calls: Vec<f64>,
    slip: f64,
    return_error_min: f64,
    word: Option<Word>,
    legs: Chance,
    doors: Chance,
}

/// Most calls a customer's chances are drawn for.
const CALLS: usize = 6;

impl Customer {
    /// The `number`-th customer of a seed's day.
    #[must_use]
    pub fn draw(scene: &Scene, seed: u64, number: u64) -> Customer {
        let mut place = Chance::of(seed, 1, number);
        let (radius, angle) = (scene.radius_m * place.unit().sqrt(), std::f64::consts::TAU * place.unit());
        let mut day = Chance::of(seed, 2, number);
        let out_all_day = day.unit() < scene.absent * scene.all_day;
        let mut words = Chance::of(seed, 3, number);
        Customer {
            door: (radius * angle.cos(), radius * angle.sin()),
            out_all_day,
            away: absences(scene, &mut day),
            reached: words.unit() >= scene.silent,
            link: words.unit(),
            link_delay_min: if words.unit() < 0.7 { 10.0 * words.unit() } else { 10.0 + 10.0 * words.unit() },
            slip: words.unit(),
            return_error_min: scene.return_sigma_min * words.normal(),
            calls: (0..CALLS).map(|_| words.unit()).collect(),
            word: None,
            legs: Chance::of(seed, 4, number),
            doors: Chance::of(seed, 5, number),
        }
    }

    /// Whether they are in by their plan.
    #[must_use]
    pub fn plans_home(&self, at_min: f64) -> bool {
        !self.out_all_day && !self.away.iter().any(|(from, to)| (*from..*to).contains(&at_min))
    }

    /// Whether somebody opens.
    #[must_use]
    pub fn is_home(&self, at_min: f64) -> bool {
        match self.word {
            Some(word) if (word.from_min..=word.until_min).contains(&at_min) => word.kept,
            _ => self.plans_home(at_min),
        }
    }

    /// The minute an answer by link comes, asked now; `None` if none does.
    #[must_use]
    pub fn link_reply(&self, scene: &Scene, now_min: f64) -> Option<f64> {
        let chance = scene.reply_chance(scene.link_answer, self.plans_home(now_min));
        (self.reached && self.link < chance).then_some(now_min + self.link_delay_min)
    }

    /// Whether the customer takes the `nth` call, counted from 0.
    #[must_use]
    pub fn takes_call(&self, scene: &Scene, now_min: f64, nth: usize) -> bool {
        let chance = scene.reply_chance(scene.phone_answer, self.plans_home(now_min));
        self.reached && self.calls.get(nth).is_some_and(|draw| *draw < chance)
    }

    /// What they say about a time, and from then on mean to do. `slip` is the share of those who say yes and are out.
    pub fn answer(&mut self, scene: &Scene, about_min: f64, slip: f64) -> Answer {
        let kept = self.slip >= slip;
        let is_by_word = |word: Word| (word.from_min..=word.until_min).contains(&about_min);
        if self.word.is_some_and(is_by_word) || self.plans_home(about_min) {
            let (from_min, until_min) = (about_min - STAYS_BEFORE_MIN, about_min + STAYS_AFTER_MIN);
            self.word = Some(Word { from_min, until_min, kept });
            return Answer::Yes;
        }
        let back = self.away.iter().find(|(from, to)| (*from..*to).contains(&about_min)).map(|(_, to)| *to);
        let Some(back) = back.filter(|back| !self.out_all_day && *back + 10.0 <= LATEST_RETURN_MIN) else {
            return Answer::NotToday;
        };
        let said = ((back + 10.0) / 15.0).ceil() * 15.0;
        let until_min = said + scene.later_min + STAYS_AFTER_MIN;
        self.word = Some(Word { from_min: back + self.return_error_min, until_min, kept });
        // Before they are really back, they are out.
        if self.return_error_min > 0.0 {
            self.away.push((back, back + self.return_error_min));
        }
        Answer::From(said)
    }

    /// The next leg to this door as a factor of its plan.
    pub fn leg_factor(&mut self, scene: &Scene) -> f64 {
        self.legs.factor(scene.leg_sigma)
    }

    /// The next time at this door as a factor of its plan.
    pub fn door_factor(&mut self, scene: &Scene) -> f64 {
        self.doors.factor(scene.door_sigma)
    }
}

/// Absences over the day, in balance from its start.
fn absences(scene: &Scene, chance: &mut Chance) -> Vec<(f64, f64)> {
    let all_day = scene.absent * scene.all_day;
    let share = (scene.absent - all_day) / (1.0 - all_day).max(1e-9);
    if share <= 0.0 {
        return Vec::new();
    }
    let home_min = scene.absence_min * (1.0 - share) / share;
    let mut out = chance.unit() < share;
    let (mut now, mut all) = (0.0, Vec::new());
    while now < ENDS_MIN + 60.0 {
        let until = now + chance.exponential(if out { scene.absence_min } else { home_min });
        if out {
            all.push((now, until));
        }
        (now, out) = (until, !out);
    }
    all
}

//! Shares and means of a day, and intervals over seeds.

use serde::Serialize;

use super::count_f;
use super::tally::Tally;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Of the doors gone to, those opened the first time; percent.
    FirstAttempt,
    /// Parcels handed over in an hour of a courier.
    PerHour,
    /// Of all parcels, those handed over; percent.
    Delivered,
    /// Metres driven for a parcel handed over.
    Metres,
    /// Minutes of a courier for a parcel handed over.
    Minutes,
    /// Attempts at doors for a parcel handed over.
    Attempts,
    /// Of customers told a time after their answer, those for whom it moved by more than 10 minutes; percent.
    Moved,
    /// Of those who asked for a time later today, those not gone to any more; percent.
    LaterMissed,
    /// Of all parcels, those brought back without anybody having gone to the door; percent.
    NotGoneTo,
    /// Of all parcels, those brought back after an attempt; percent.
    BroughtBack,
    /// Courier's calls for each parcel.
    Calls,
    /// Questions, reminders and times sent for each parcel.
    Notices,
    /// Of those minutes of a courier, driving.
    Driving,
    /// At doors that were opened.
    AtOpen,
    /// At doors nobody opened.
    AtClosed,
    /// Calling.
    Calling,
    /// Waiting for a told time.
    Waiting,
}

impl Measure {
    /// All, in the order of the tables.
    pub const ALL: [Measure; 17] = [
        Measure::FirstAttempt,
        Measure::PerHour,
        Measure::Delivered,
        Measure::Metres,
        Measure::Minutes,
        Measure::Attempts,
        Measure::Moved,
        Measure::LaterMissed,
        Measure::NotGoneTo,
        Measure::BroughtBack,
        Measure::Calls,
        Measure::Notices,
        Measure::Driving,
        Measure::AtOpen,
        Measure::AtClosed,
        Measure::Calling,
        Measure::Waiting,
    ];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Measure::FirstAttempt => "first attempt succeeded",
            Measure::PerHour => "deliveries per courier-hour",
            Measure::Delivered => "parcels delivered that day",
            Measure::Metres => "metres per delivery",
            Measure::Minutes => "courier minutes per delivery",
            Measure::Attempts => "attempts per delivery",
            Measure::Moved => "told arrival moved > 10 min after an answer",
            Measure::LaterMissed => "asked for later, not gone to",
            Measure::NotGoneTo => "brought back, nobody went",
            Measure::BroughtBack => "brought back after an attempt",
            Measure::Calls => "courier's calls per parcel",
            Measure::Notices => "notices per parcel",
            Measure::Driving => "minutes driving",
            Measure::AtOpen => "minutes at opened doors",
            Measure::AtClosed => "minutes at closed doors",
            Measure::Calling => "minutes calling",
            Measure::Waiting => "minutes waiting",
        }
    }

    /// Whether it is a share in percent.
    #[must_use]
    pub const fn is_share(self) -> bool {
        matches!(
            self,
            Measure::FirstAttempt
                | Measure::Delivered
                | Measure::Moved
                | Measure::LaterMissed
                | Measure::NotGoneTo
                | Measure::BroughtBack
        )
    }

    /// Its value on a day with so many orders; `None` where there is nothing to divide by.
    #[must_use]
    pub fn of(self, tally: &Tally, orders: usize) -> Option<f64> {
        let orders = count_f(orders);
        let (part, whole) = match self {
            Measure::FirstAttempt => (tally.first_opened, tally.doors),
            Measure::PerHour => (tally.delivered * 60.0, tally.minutes),
            Measure::Delivered => (tally.delivered, orders),
            Measure::Metres => (tally.metres, tally.delivered),
            Measure::Minutes => (tally.minutes, tally.delivered),
            Measure::Attempts => (tally.attempts, tally.delivered),
            Measure::Moved => (tally.moved, tally.told),
            Measure::LaterMissed => (tally.later_missed, tally.later),
            Measure::NotGoneTo => (tally.not_gone_to, orders),
            Measure::BroughtBack => (tally.brought_back, orders),
            Measure::Calls => (tally.calls, orders),
            Measure::Notices => (tally.notices, orders),
            Measure::Driving => (tally.driven, tally.delivered),
            Measure::AtOpen => (tally.at_open, tally.delivered),
            Measure::AtClosed => (tally.at_closed, tally.delivered),
            Measure::Calling => (tally.calling, tally.delivered),
            Measure::Waiting => (tally.waited, tally.delivered),
        };
        let factor = if self.is_share() { 100.0 } else { 1.0 };
        (whole > 0.0).then(|| part / whole * factor)
    }
}

/// A mean with its 95 % interval over seeds (Student's t).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Half the width; infinite of fewer than two.
    pub half: f64,
}

impl Interval {
    /// Of these; `None` of none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Interval> {
        let count = count_f(values.len());
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let half = match values.len() {
            1 => f64::INFINITY,
            _ => student_95(count - 1.0) * (squares / (count - 1.0) / count).sqrt(),
        };
        Some(Interval { mean, half })
    }

    /// Lower end.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.mean - self.half
    }

    /// Upper end.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.mean + self.half
    }
}

/// The 97.5 % quantile of Student's distribution: the exact value for few degrees of freedom, else Cornish and Fisher's
/// expansion (Abramowitz and Stegun 26.7.5).
fn student_95(freedom: f64) -> f64 {
    const FEW: [f64; 6] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447];
    if let Some(exact) = FEW.iter().enumerate().find(|(at, _)| count_f(at + 1) == freedom) {
        return *exact.1;
    }
    let z: f64 = 1.959_964;
    let n = freedom;
    z + (z.powi(3) + z) / (4.0 * n)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n * n)
        + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * n.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_students() {
        for (freedom, quantile) in [(1.0, 12.706), (5.0, 2.571), (9.0, 2.262), (19.0, 2.093), (99.0, 1.984)] {
            assert!((student_95(freedom) - quantile).abs() < 0.003, "{freedom}: {}", student_95(freedom));
        }
        let one = Interval::of(&[3.0]).map(|interval| (interval.mean, interval.half));
        assert_eq!(one, Some((3.0, f64::INFINITY)));
        assert_eq!(Interval::of(&[]), None);
        let five = Interval::of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!(five.is_some_and(|i| i.mean == 3.0 && (i.half - 2.776 * 0.5_f64.sqrt()).abs() < 1e-9));
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        for measure in Measure::ALL {
            let of_nothing = measure.of(&Tally::default(), 0);
            assert_eq!(of_nothing, None, "{}", measure.name());
        }
        let tally = Tally { first_opened: 3.0, doors: 4.0, ..Tally::default() };
        assert_eq!(Measure::FirstAttempt.of(&tally, 4), Some(75.0));
    }
}

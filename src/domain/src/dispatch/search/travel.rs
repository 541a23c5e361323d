//! What it takes to get from one place to another. Places are numbers from 0.

/// Travel between places. `time` counts on the clock, `cost` in the objective; where both are one thing only `time`
/// needs to be written. Neither may be negative or not a number. The search is at its best where a detour is never
/// shorter than the direct way; plans are right without that too.
pub trait Travel {
    /// Both ways between two places are alike. Lets the search look each pair up once.
    const SYMMETRIC: bool;
    /// `cost` is `time`. Lets the search look each pair up once.
    const COST_IS_TIME: bool;

    /// How many places there are.
    fn places(&self) -> usize;

    /// Time units from one place to another. Both numbers are below [`Travel::places`].
    fn time(&self, from: u32, to: u32) -> f64;

    /// The same for a vehicle that takes `slowness` times as long.
    #[inline]
    fn time_at(&self, slowness: f64, from: u32, to: u32) -> f64 {
        self.time(from, to) * slowness
    }

    /// Cost units from one place to another, before [`super::Terms::driving`].
    #[inline]
    fn cost(&self, from: u32, to: u32) -> f64 {
        self.time(from, to)
    }

    /// The same for a vehicle that takes `slowness` times as long: where the cost is the time, so many times the cost.
    #[inline]
    fn cost_at(&self, slowness: f64, from: u32, to: u32) -> f64 {
        if Self::COST_IS_TIME { self.time_at(slowness, from, to) } else { self.cost(from, to) }
    }

    /// A rough measure of how far two places are apart, where there is one that is found faster than `cost`. Stops that
    /// are near one another by it are changed together; nothing else depends on it.
    #[inline]
    fn apart(&self, from: u32, to: u32) -> f64 {
        self.cost(from, to)
    }
}

/// Points on a plane; time and cost are the distance, in double precision as the published benchmarks ask.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plane {
    points: Vec<(f64, f64)>,
}

impl Plane {
    /// A plane with these points, as x and y.
    #[must_use]
    pub const fn new(points: Vec<(f64, f64)>) -> Self {
        Self { points }
    }

    /// The points.
    #[must_use]
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }
}

impl Travel for Plane {
    const SYMMETRIC: bool = true;
    const COST_IS_TIME: bool = true;

    fn places(&self) -> usize {
        self.points.len()
    }

    #[inline]
    fn time(&self, from: u32, to: u32) -> f64 {
        let (a, b) = (self.points[from as usize], self.points[to as usize]);
        let (x, y) = (a.0 - b.0, a.1 - b.1);
        (x * x + y * y).sqrt()
    }
}

/// A table with a time for each ordered pair of places, and a cost where that is something else.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    places: usize,
    times: Vec<f64>,
    costs: Option<Vec<f64>>,
}

impl Matrix {
    /// A table of `places` rows of `places` times: row by origin, column by destination. `None` if a table has another
    /// size, or holds a number below zero or not finite.
    #[must_use]
    pub fn new(places: usize, times: Vec<f64>, costs: Option<Vec<f64>>) -> Option<Self> {
        let size = places.checked_mul(places)?;
        let good = |table: &[f64]| table.len() == size && table.iter().all(|x| x.is_finite() && *x >= 0.0);
        (good(&times) && costs.as_deref().is_none_or(good)).then_some(Self { places, times, costs })
    }

    /// A table filled from a function of origin and destination.
    #[must_use]
    pub fn from_fn(places: usize, time: impl Fn(u32, u32) -> f64) -> Option<Self> {
        let count = u32::try_from(places).ok()?;
        let times = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
        Self::new(places, times.map(|(from, to)| time(from, to)).collect(), None)
    }
}

impl Travel for Matrix {
    const SYMMETRIC: bool = false;
    const COST_IS_TIME: bool = false;

    fn places(&self) -> usize {
        self.places
    }

    #[inline]
    fn time(&self, from: u32, to: u32) -> f64 {
        self.times[from as usize * self.places + to as usize]
    }

    #[inline]
    fn cost(&self, from: u32, to: u32) -> f64 {
        let at = from as usize * self.places + to as usize;
        self.costs.as_ref().map_or_else(|| self.times[at], |costs| costs[at])
    }

    #[inline]
    fn cost_at(&self, slowness: f64, from: u32, to: u32) -> f64 {
        if self.costs.is_none() { self.time_at(slowness, from, to) } else { self.cost(from, to) }
    }
}

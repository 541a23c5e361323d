//! What couriers' finished legs have taught about speeds: for the rounds of assignment, and for people to look at.

use super::App;
use super::error::Error;
use crate::store::deliveries::micros;
use crate::store::legs;
use callahead_domain::courier::Vehicle;
use callahead_domain::geo::travel::speeds::HOURS;
use callahead_domain::geo::travel::{Count, Speeds};
use callahead_domain::id::RegionId;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// Speeds are added up anew after so many seconds; they change slowly.
pub const FRESH_S: i64 = 300;

/// The speeds added up last, and when.
#[derive(Debug, Default)]
pub struct LearnedSpeeds(Mutex<Option<(DateTime<Utc>, Arc<Speeds>)>>);

/// A speed of one vehicle in one region.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SpeedView {
    /// `foot`, `bicycle`, `scooter` or `car`; null for all of them together.
    pub vehicle: Option<&'static str>,
    /// Hour of the day in the region's zone, 0 to 23; null for the whole day.
    pub hour: Option<u32>,
    /// Legs finished in the last eight weeks.
    pub legs: u64,
    /// What is expected without these legs, in kilometres an hour on streets: for an hour the speed of the whole day, for
    /// the whole day the configured one. It weighs as much as twenty legs.
    pub expected_kmh: f64,
    /// What is reckoned with, in kilometres an hour on streets.
    pub speed_kmh: f64,
}

/// What was learned about a region.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SpeedsView {
    /// `reg_…`
    pub region_id: String,
    /// Whether legs are counted, and rounds of assignment use these speeds.
    pub learning: bool,
    /// The speed where nothing was learned, in kilometres an hour on streets.
    pub configured_kmh: f64,
    /// Every vehicle and hour with legs, and the whole day; all vehicles together first.
    pub data: Vec<SpeedView>,
}

impl App {
    /// The speeds a round reckons with; `None` where nothing is learned. When they cannot be read, the last ones hold.
    pub(super) async fn learned_speeds(&self, now: DateTime<Utc>) -> Option<Arc<Speeds>> {
        if !self.config.travel.learn {
            return None;
        }
        let held = self.speeds.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh = |since: DateTime<Utc>| (now - since).abs() < TimeDelta::seconds(FRESH_S);
        if let Some((since, speeds)) = &held
            && fresh(*since)
        {
            return Some(Arc::clone(speeds));
        }
        match self.add_up(now).await {
            Ok(speeds) => {
                let speeds = Arc::new(speeds);
                let new = Some((now, Arc::clone(&speeds)));
                *self.speeds.0.lock().unwrap_or_else(PoisonError::into_inner) = new;
                Some(speeds)
            }
            Err(error) => {
                tracing::warn!(%error, "learned speeds could not be read");
                held.map(|(_, speeds)| speeds)
            }
        }
    }

    /// Adds up all legs that count.
    async fn add_up(&self, now: DateTime<Utc>) -> Result<Speeds, Error> {
        let base = self.travel.base();
        let mut speeds = Speeds::new(base.speed_m_per_s / base.detour);
        for sum in legs::sums(self.db.read(), micros(now)).await? {
            let (vehicle, hour) = (Vehicle::parse(&sum.vehicle), u32::try_from(sum.hour));
            if let (Some(vehicle), Ok(hour)) = (vehicle, hour) {
                let legs = u64::try_from(sum.legs).unwrap_or(0);
                let count = Count { legs, metres: double(sum.metres), seconds: double(sum.seconds) };
                speeds.add(RegionId::from_uuid(sum.region), vehicle, hour, count);
            }
        }
        Ok(speeds)
    }

    /// What was learned about a region, as of now.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such region.
    pub async fn region_speeds(&self, region: RegionId) -> Result<SpeedsView, Error> {
        if !self.book.get().regions.contains_key(&region) {
            return Err(Error::Missing);
        }
        let speeds = self.add_up(self.clock.now()).await?;
        let kmh = |straight: f64| (straight * self.travel.base().detour * 36.0).round() / 10.0;
        let mut data = Vec::new();
        for vehicle in std::iter::once(None).chain(Vehicle::ALL.map(Some)) {
            for hour in std::iter::once(None).chain((0..HOURS).map(Some)) {
                let legs = speeds.count(region, vehicle, hour).legs;
                let expected = match hour {
                    Some(_) => speeds.speed_m_per_s(region, vehicle, None),
                    None => speeds.configured_m_per_s(),
                };
                if legs > 0 {
                    data.push(SpeedView {
                        vehicle: vehicle.map(Vehicle::name),
                        hour,
                        legs,
                        expected_kmh: kmh(expected),
                        speed_kmh: kmh(speeds.speed_m_per_s(region, vehicle, hour)),
                    });
                }
            }
        }
        Ok(SpeedsView {
            region_id: region.to_string(),
            learning: self.config.travel.learn,
            configured_kmh: kmh(speeds.configured_m_per_s()),
            data,
        })
    }
}

/// Sums of metres and seconds stay far below where a double loses whole numbers.
#[expect(clippy::as_conversions, reason = "below 2^53")]
fn double(whole: i64) -> f64 {
    whole as f64
}

//! A position on the earth, checked where it enters, and the distance between two.

use serde::{Deserialize, Serialize};

/// Mean radius of the earth (IUGG), in metres.
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// A position in WGS 84 degrees. Always finite, latitude -90..=90, longitude -180..=180.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPoint")]
pub struct Point {
    lat: f64,
    lon: f64,
}

/// The wire form before it is checked.
#[derive(Deserialize)]
struct RawPoint {
    lat: f64,
    lon: f64,
}

/// Why two numbers are not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointError {
    /// NaN or infinite.
    #[error("latitude and longitude must be finite numbers")]
    NotFinite,
    /// Latitude outside -90..=90.
    #[error("latitude must be between -90 and 90")]
    Latitude,
    /// Longitude outside -180..=180.
    #[error("longitude must be between -180 and 180")]
    Longitude,
}

impl PointError {
    /// The stable code of the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFinite => "not_finite",
            Self::Latitude => "latitude_out_of_range",
            Self::Longitude => "longitude_out_of_range",
        }
    }
}

impl Point {
    /// A position from degrees.
    ///
    /// # Errors
    /// A [`PointError`] when a number is not finite or not on the earth.
    pub fn new(lat: f64, lon: f64) -> Result<Self, PointError> {
        if !lat.is_finite() || !lon.is_finite() {
            return Err(PointError::NotFinite);
        }
        if !(-90.0..=90.0).contains(&lat) {
            return Err(PointError::Latitude);
        }
        if !(-180.0..=180.0).contains(&lon) {
            return Err(PointError::Longitude);
        }
        // Adding zero turns -0.0 into 0.0, so that equal places have equal bits.
        Ok(Self { lat: lat + 0.0, lon: lon + 0.0 })
    }

    /// Latitude in degrees, north positive.
    #[must_use]
    pub const fn lat(self) -> f64 {
        self.lat
    }

    /// Longitude in degrees, east positive.
    #[must_use]
    pub const fn lon(self) -> f64 {
        self.lon
    }

    /// Metres to another point on the great circle.
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        distance_m(self, other)
    }
}

impl TryFrom<RawPoint> for Point {
    type Error = PointError;

    fn try_from(raw: RawPoint) -> Result<Self, PointError> {
        Self::new(raw.lat, raw.lon)
    }
}

/// Metres between two points on the great circle (haversine, mean radius; within 0.6 % of the ellipsoid).
#[must_use]
pub fn distance_m(a: Point, b: Point) -> f64 {
    if a == b {
        return 0.0;
    }
    let half_lat = ((b.lat - a.lat).to_radians() / 2.0).sin();
    let half_lon = ((b.lon - a.lon).to_radians() / 2.0).sin();
    let h = half_lat * half_lat + a.lat.to_radians().cos() * b.lat.to_radians().cos() * half_lon * half_lon;
    2.0 * EARTH_RADIUS_M * h.clamp(0.0, 1.0).sqrt().asin()
}

/// Half the earth's girth is the most there is.
const MOST_M: f64 = 20_100_000.0;

/// Metres as a whole number.
#[must_use]
#[expect(clippy::as_conversions, reason = "clamped to whole metres on the earth before")]
pub fn whole_metres(metres: f64) -> i64 {
    metres.clamp(0.0, MOST_M).round() as i64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::as_conversions)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_point_off_the_earth_is_refused_with_its_reason() {
        assert_eq!(Point::new(f64::NAN, 0.0), Err(PointError::NotFinite));
        assert_eq!(Point::new(0.0, f64::INFINITY), Err(PointError::NotFinite));
        assert_eq!(Point::new(90.1, 0.0), Err(PointError::Latitude));
        assert_eq!(Point::new(0.0, -180.1), Err(PointError::Longitude));
        assert!(Point::new(-90.0, 180.0).is_ok());
    }

    #[test]
    fn reading_json_checks_the_point() {
        let point: Point = serde_json::from_str(r#"{"lat":37.5,"lon":127.0}"#).unwrap();
        assert_eq!(serde_json::to_string(&point).unwrap(), r#"{"lat":37.5,"lon":127.0}"#);
        assert!(serde_json::from_str::<Point>(r#"{"lat":137.5,"lon":127.0}"#).is_err());
    }

    #[test]
    fn paris_to_london_is_344_kilometres() {
        let paris = Point::new(48.8566, 2.3522).unwrap();
        let london = Point::new(51.5074, -0.1278).unwrap();
        assert!((distance_m(paris, london) - 343_560.0).abs() < 500.0);
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_at_most_half_the_earth(
            a in (-90.0..=90.0, -180.0..=180.0), b in (-90.0..=90.0, -180.0..=180.0)
        ) {
            let (a, b) = (Point::new(a.0, a.1).unwrap(), Point::new(b.0, b.1).unwrap());
            prop_assert!((a.distance_m(b) - b.distance_m(a)).abs() < 1e-6);
            prop_assert!(a.distance_m(b) <= 20_015_200.0);
            prop_assert_eq!(a.distance_m(a), 0.0);
        }
    }
}

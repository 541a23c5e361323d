//! Where things are: points, delivery regions, which region a point lies in, and how long a courier takes.
//!
//! Everything is WGS 84 in degrees, edges are straight in longitude and latitude (as GeoJSON, RFC 7946, says),
//! distances are metres on the mean sphere. Come in by:
//!
//! - [`point`] a validated position and the distance between two of them;
//! - [`plausible`] whether somebody can have come from one to the other in a time;
//! - [`region`] the shape of a region, read from GeoJSON with a check that says what is wrong and where;
//! - [`collection`] a whole `FeatureCollection` of regions at once, all its problems listed;
//! - [`index`] which region owns a point, in logarithmic time;
//! - [`travel`] the port every travel time comes through, and its implementations.
//!
//! `rings` is the sweep behind the validity check and has no other use.

pub mod collection;
pub mod index;
pub mod plausible;
pub mod point;
pub mod region;
mod rings;
#[cfg(test)]
mod tests;
pub mod travel;

pub use collection::{ImportedRegion, ShapeProblem, parse_collection};
pub use index::{Located, RegionIndex};
pub use plausible::is_plausible;
pub use point::{Point, PointError, distance_m, whole_metres};
pub use region::{MAX_POINTS, Region, RegionShape, ShapeError, Spot};
pub use travel::{GreatCircle, Learned, TravelTimes};

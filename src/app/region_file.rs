//! A file of regions: read and checked whole, matched with the regions that are there, written in one unit.

use super::ids::Ids;
use super::unit::Unit;
use super::wrong::{Wrong, wrong_knobs};
use super::{App, Error};
use crate::store::deliveries::micros;
use crate::store::guard::guarded_update;
use crate::store::tx::Tx;
use crate::store::{book, regions};
use callahead_domain::geo::collection::{ImportedRegion, ShapeProblem, parse_collection};
use callahead_domain::geo::region::RegionShape;
use callahead_domain::id::RegionId;
use callahead_domain::policy::Policy;
use chrono_tz::Tz;
use entity::{region, region_version};
use sea_orm::ActiveValue::{Set, Unchanged};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use utoipa::ToSchema;
use uuid::Uuid;

/// One region of a file, checked by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// The region it is a drawing of, if the file says so.
    pub id: Option<RegionId>,
    /// Its name.
    pub name: String,
    /// Its priority, if the file says so.
    pub priority: Option<i32>,
    /// Its zone, if the file says so.
    pub time_zone: Option<Tz>,
    /// The rules it sets for itself, as JSON text, if the file says so.
    pub policy: Option<String>,
    /// GeoJSON text, the same for the same drawing wherever its rings begin.
    pub geometry: String,
}

/// What became of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Drawn {
    /// A new region.
    Created,
    /// A new version of a region.
    NewVersion,
    /// The drawing is the one in force.
    Unchanged,
}

/// A region of a file as it stands now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportedView {
    /// The region, with the drawing in force.
    pub region: super::regions::RegionHereView,
    /// What became of the drawing.
    pub result: Drawn,
    /// Open deliveries that keep an older drawing.
    pub affected_open_deliveries: u64,
}

/// Reads a GeoJSON `FeatureCollection`. Takes its time: not for threads that answer requests.
///
/// # Errors
/// Everything that is wrong in the file.
pub fn read(text: &str, default: &Policy) -> Result<Vec<Drawing>, Vec<Wrong>> {
    let imported =
        parse_collection(text).map_err(|found| found.into_iter().map(wrong_feature).collect::<Vec<_>>())?;
    let mut wrong = Vec::new();
    let mut drawings = Vec::with_capacity(imported.len());
    for (place, region) in imported.into_iter().enumerate() {
        match drawing(place, region, default) {
            Ok(drawing) => drawings.push(drawing),
            Err(found) => wrong.extend(found),
        }
    }
    if wrong.is_empty() { Ok(drawings) } else { Err(wrong) }
}

fn wrong_feature(problem: ShapeProblem) -> Wrong {
    let param = problem.feature.map(|place| format!("features[{place}]")).unwrap_or_default();
    let detail = match problem.name {
        Some(name) => format!("{name}: {}", problem.message),
        None => problem.message,
    };
    Wrong::new(param, problem.code, detail)
}

fn drawing(place: usize, region: ImportedRegion, default: &Policy) -> Result<Drawing, Vec<Wrong>> {
    let at = format!("features[{place}].properties");
    let mut wrong = Vec::new();
    // Files from elsewhere number their features in their own way; only an id of ours names a region.
    let own = region.properties.get("id").and_then(Value::as_str).filter(|text| text.starts_with("reg_"));
    let id = own.map(str::parse::<RegionId>).transpose();
    if let Err(error) = &id {
        wrong.push(Wrong::new(format!("{at}.id"), "invalid_id", format!("{}: {error}", region.name)));
    }
    let policy = match region.properties.get("policy") {
        None | Some(Value::Null) => None,
        Some(Value::Object(own)) => {
            wrong.extend(wrong_knobs(own, default, &format!("{at}.policy")));
            Some(own)
        }
        Some(_) => {
            wrong.push(Wrong::new(
                format!("{at}.policy"),
                "wrong_type",
                format!("{}: an object is expected", region.name),
            ));
            None
        }
    };
    match id {
        Ok(id) if wrong.is_empty() => Ok(Drawing {
            id,
            policy: policy.map(|own: &Map<String, Value>| Value::Object(own.clone()).to_string()),
            priority: region.priority,
            time_zone: region.time_zone,
            geometry: canonical(&region.shape),
            name: region.name,
        }),
        _ => Err(wrong),
    }
}

type Corner = (f64, f64);

/// The same text for the same drawing: every ring begins at its least corner, parts and holes are in order.
fn canonical(shape: &RegionShape) -> String {
    let mut parts: Vec<Vec<Vec<Corner>>> = Vec::new();
    for polygon in shape.polygons() {
        let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
        let mut rings: Vec<Vec<Corner>> =
            rings.map(|ring| turned(ring.coords().map(|at| (at.x, at.y)).collect())).collect();
        if let Some((_, holes)) = rings.split_first_mut() {
            holes.sort_by(|a, b| compare(a, b));
        }
        parts.push(rings);
    }
    let outer = |part: &Vec<Vec<Corner>>| part.first().cloned().unwrap_or_default();
    parts.sort_by(|a, b| compare(&outer(a), &outer(b)));
    match parts.as_slice() {
        [only] => json!({ "type": "Polygon", "coordinates": only }).to_string(),
        _ => json!({ "type": "MultiPolygon", "coordinates": parts }).to_string(),
    }
}

/// A closed ring that begins and ends at its least corner.
fn turned(mut ring: Vec<Corner>) -> Vec<Corner> {
    ring.pop();
    let least = (0..ring.len()).min_by(|a, b| {
        let at = |place: &usize| ring.get(*place).copied().unwrap_or_default();
        order(at(a), at(b))
    });
    ring.rotate_left(least.unwrap_or(0));
    ring.extend(ring.first().copied());
    ring
}

fn order(a: Corner, b: Corner) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
}

fn compare(a: &[Corner], b: &[Corner]) -> std::cmp::Ordering {
    let differing = a.iter().zip(b).map(|(a, b)| order(*a, *b)).find(|order| order.is_ne());
    differing.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// Which known region each drawing is of: by id, else by exact name.
fn matched<'a>(
    drawings: &[Drawing],
    known: &'a [region::Model],
) -> Result<Vec<Option<&'a region::Model>>, Vec<Wrong>> {
    let by_id: HashMap<Uuid, &region::Model> = known.iter().map(|row| (row.id, row)).collect();
    let mut by_name: BTreeMap<&str, Vec<&region::Model>> = BTreeMap::new();
    known.iter().for_each(|row| by_name.entry(row.name.as_str()).or_default().push(row));
    let mut found = Vec::with_capacity(drawings.len());
    let mut wrong = Vec::new();
    for (place, drawing) in drawings.iter().enumerate() {
        let same_name = by_name.get(drawing.name.as_str()).map(Vec::as_slice).unwrap_or_default();
        found.push(match (drawing.id, same_name) {
            (Some(id), _) => {
                let row = by_id.get(&id.uuid()).copied();
                if row.is_none() {
                    wrong.push(wrong_id(place, drawing, "unknown", format!("there is no region {id}")));
                }
                row
            }
            (None, []) => None,
            (None, [only]) => Some(*only),
            (None, several) => {
                let detail = format!("{} regions have this name; say which by its id", several.len());
                wrong.push(wrong_id(place, drawing, "name_ambiguous", detail));
                None
            }
        });
    }
    wrong.extend(clashes(drawings, &found, &by_name));
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn wrong_id(place: usize, drawing: &Drawing, code: &'static str, detail: String) -> Wrong {
    Wrong::new(format!("features[{place}].properties.id"), code, format!("{}: {detail}", drawing.name))
}

/// Two drawings of one region, and names that a region outside the file has.
fn clashes(
    drawings: &[Drawing],
    found: &[Option<&region::Model>],
    by_name: &BTreeMap<&str, Vec<&region::Model>>,
) -> Vec<Wrong> {
    let touched: HashSet<Uuid> = found.iter().flatten().map(|row| row.id).collect();
    let mut seen = HashSet::new();
    let mut wrong = Vec::new();
    for (place, (drawing, row)) in drawings.iter().zip(found).enumerate() {
        let Some(row) = row else { continue };
        if !seen.insert(row.id) {
            wrong.push(wrong_id(
                place,
                drawing,
                "region_twice",
                "an earlier feature is of the same region".to_owned(),
            ));
        }
        let others = by_name.get(drawing.name.as_str()).map(Vec::as_slice).unwrap_or_default();
        if drawing.name != row.name && others.iter().any(|other| !touched.contains(&other.id)) {
            let detail = format!("{}: another region has this name", drawing.name);
            wrong.push(Wrong::new(format!("features[{place}].properties.name"), "name_taken", detail));
        }
    }
    wrong
}

struct Import {
    drawings: Vec<Drawing>,
    /// The zone of new regions for which the file names none.
    zone: Tz,
    ids: Ids,
    now: i64,
}

impl Import {
    fn create(&self, tx: &Tx, drawing: &Drawing) -> (Uuid, i32, Drawn) {
        let id = self.ids.make(RegionId::from_parts).uuid();
        tx.insert(region::ActiveModel {
            id: Set(id),
            name: Set(drawing.name.clone()),
            priority: Set(drawing.priority.unwrap_or(0)),
            time_zone: Set(drawing.time_zone.unwrap_or(self.zone).name().to_owned()),
            active: Set(true),
            current: Set(1),
            policy: Set(drawing.policy.clone().unwrap_or_else(|| "{}".to_owned())),
            version: Set(1),
            created_at: Set(self.now),
            updated_at: Set(self.now),
        });
        self.draw(tx, id, 1, drawing);
        (id, 1, Drawn::Created)
    }

    fn draw(&self, tx: &Tx, id: Uuid, number: i32, drawing: &Drawing) {
        tx.insert(region_version::ActiveModel {
            region_id: Set(id),
            number: Set(number),
            geometry: Set(drawing.geometry.clone()),
            created_at: Set(self.now),
        });
    }

    async fn update(
        &self,
        tx: &Tx,
        row: &region::Model,
        drawing: &Drawing,
    ) -> Result<(Uuid, i32, Drawn), Error> {
        let drawn = regions::drawing(tx.reader(), row.id, row.current).await?;
        let redrawn = drawn.as_deref() != Some(drawing.geometry.as_str());
        let current = row.current + i32::from(redrawn);
        let next = region::Model {
            name: drawing.name.clone(),
            priority: drawing.priority.unwrap_or(row.priority),
            time_zone: drawing.time_zone.map_or_else(|| row.time_zone.clone(), |zone| zone.name().to_owned()),
            policy: drawing.policy.clone().unwrap_or_else(|| row.policy.clone()),
            current,
            ..row.clone()
        };
        if next != *row {
            let changes = region::ActiveModel {
                id: Unchanged(row.id),
                name: Set(next.name),
                priority: Set(next.priority),
                time_zone: Set(next.time_zone),
                policy: Set(next.policy),
                current: Set(current),
                updated_at: Set(self.now),
                ..Default::default()
            };
            guarded_update(tx, changes, row.version).await?.ok()?;
        }
        if redrawn {
            self.draw(tx, row.id, current, drawing);
        }
        Ok((row.id, current, if redrawn { Drawn::NewVersion } else { Drawn::Unchanged }))
    }
}

impl Unit for Import {
    type Output = Result<Vec<ImportedView>, Vec<Wrong>>;

    /// Files are written one after the other, so that two of them cannot make the same region.
    fn key(&self) -> Uuid {
        Uuid::nil()
    }

    async fn run(&self, tx: &Tx) -> Result<Self::Output, Error> {
        self.ids.restart();
        // First of all: on PostgreSQL this row is what importers in other processes wait for.
        book::bump(tx).await?;
        let known = regions::all(tx.reader()).await?;
        let found = match matched(&self.drawings, &known) {
            Ok(found) => found,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let mut shown = Vec::with_capacity(self.drawings.len());
        for (drawing, row) in self.drawings.iter().zip(found) {
            let (id, version, result) = match row {
                Some(row) => self.update(tx, row, drawing).await?,
                None => self.create(tx, drawing),
            };
            let affected = if result == Drawn::Created {
                0
            } else {
                regions::count_pinned(tx.reader(), id, version).await?
            };
            let id = RegionId::from_uuid(id).to_string();
            shown.push(ImportedView {
                region: super::regions::RegionHereView { id, version, name: drawing.name.clone() },
                result,
                affected_open_deliveries: affected,
            });
        }
        // A file that waits in the same group must see these regions.
        tx.flush().await?;
        Ok(Ok(shown))
    }
}

impl App {
    /// Reads a file of regions on a thread of its own.
    ///
    /// # Errors
    /// Outside: when the thread ended badly. Inside: everything that is wrong in the file.
    #[expect(clippy::disallowed_methods, reason = "bounded work of a few seconds, waited for by the request")]
    pub async fn read_regions(&self, text: String) -> Result<Result<Vec<Drawing>, Vec<Wrong>>, Error> {
        let default = self.default_policy.clone();
        tokio::task::spawn_blocking(move || read(&text, &default)).await.map_err(Error::internal)
    }

    /// Writes the regions of a file, all or none. Deliveries that are open keep the drawing they were accepted under.
    ///
    /// # Errors
    /// Outside: when the database cannot be written. Inside: every feature that cannot be matched.
    pub async fn import_regions(
        &self,
        drawings: Vec<Drawing>,
    ) -> Result<Result<Vec<ImportedView>, Vec<Wrong>>, Error> {
        let now = self.clock.now();
        let unit =
            Import { drawings, zone: self.default_policy.time_zone, ids: self.ids(), now: micros(now) };
        let outcome = self.lanes.write(unit).await?;
        if outcome.is_ok() {
            self.book_changed().await;
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    fn file(features: &Value) -> String {
        json!({ "type": "FeatureCollection", "features": features }).to_string()
    }

    fn feature(properties: &Value, ring: &Value) -> Value {
        json!({ "type": "Feature", "properties": properties, "geometry": { "type": "Polygon", "coordinates": [ring] } })
    }

    fn square() -> Value {
        json!([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    }

    fn row(number: u128, name: &str) -> region::Model {
        region::Model {
            id: Uuid::from_u128(number),
            name: name.to_owned(),
            priority: 0,
            time_zone: "UTC".to_owned(),
            active: true,
            current: 1,
            policy: "{}".to_owned(),
            version: 1,
            created_at: 0,
            updated_at: 0,
        }
    }

    fn named(name: &str, id: Option<u128>) -> Drawing {
        let features = json!([feature(&json!({ "name": name }), &square())]);
        let drawing = read(&file(&features), &Policy::default()).unwrap().remove(0);
        Drawing { id: id.map(|number| RegionId::from_uuid(Uuid::from_u128(number))), ..drawing }
    }

    fn codes(drawings: &[Drawing], known: &[region::Model]) -> Vec<(String, &'static str)> {
        let wrong = matched(drawings, known).unwrap_err();
        wrong.into_iter().map(|wrong| (wrong.param, wrong.code)).collect()
    }

    #[test]
    fn the_same_drawing_has_the_same_text_wherever_its_rings_begin() {
        let turned = json!([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]);
        let backwards = json!([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]);
        let larger = json!([[0.0, 0.0], [2.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]);
        let features: Vec<Value> = [square(), turned, backwards, larger]
            .iter()
            .enumerate()
            .map(|(number, ring)| feature(&json!({ "name": number.to_string() }), ring))
            .collect();
        let read = read(&file(&json!(features)), &Policy::default()).unwrap();
        assert_eq!(read[0].geometry, read[1].geometry);
        assert_eq!(read[0].geometry, read[2].geometry);
        assert_ne!(read[0].geometry, read[3].geometry);
        let again: Value = serde_json::from_str(&read[0].geometry).unwrap();
        assert_eq!(canonical(&RegionShape::from_geojson(&again).unwrap()), read[0].geometry);
    }

    #[test]
    fn properties_of_other_makers_are_passed_over_and_ours_are_checked() {
        let features = json!([
            feature(&json!({ "name": "a", "id": 17, "population": 3 }), &square()),
            feature(&json!({ "name": "b", "id": "relation/5", "policy": { "max_calls": 1 } }), &square()),
        ]);
        let drawings = read(&file(&features), &Policy::default()).unwrap();
        assert_eq!((drawings[0].id, drawings[0].policy.as_deref()), (None, None));
        assert_eq!(drawings[1].policy.as_deref(), Some(r#"{"max_calls":1}"#));
        let features = json!([
            feature(&json!({ "name": "a", "id": "reg_nonsense" }), &square()),
            feature(&json!({ "name": "b", "policy": [] }), &square()),
            feature(&json!({ "name": "c", "policy": { "max_calls": 99, "reopen_s": -1 } }), &square()),
        ]);
        let wrong = read(&file(&features), &Policy::default()).unwrap_err();
        let params: Vec<&str> = wrong.iter().map(|wrong| wrong.param.as_str()).collect();
        let at = "features[2].properties.policy";
        let wanted = ["features[0].properties.id", "features[1].properties.policy"];
        assert_eq!(params[..2], wanted);
        assert_eq!(params[2..], [format!("{at}.max_calls"), format!("{at}.reopen_s")]);
    }

    #[test]
    fn a_drawing_is_matched_by_id_then_by_name() {
        let known = [row(1, "north"), row(2, "south")];
        let drawings = [named("south", None), named("hills", Some(1)), named("west", None)];
        let found = matched(&drawings, &known).unwrap();
        let ids: Vec<Option<u128>> = found.iter().map(|row| row.map(|row| row.id.as_u128())).collect();
        assert_eq!(ids, [Some(2), Some(1), None]);
        let swapped = [named("south", Some(1)), named("north", Some(2))];
        assert!(matched(&swapped, &known).is_ok());
    }

    #[test]
    fn what_cannot_be_matched_is_named() {
        let known = [row(1, "north"), row(2, "south"), row(3, "twin"), row(4, "twin")];
        let id = |place: usize| format!("features[{place}].properties.id");
        assert_eq!(codes(&[named("x", Some(9))], &known), [(id(0), "unknown")]);
        assert_eq!(codes(&[named("twin", None)], &known), [(id(0), "name_ambiguous")]);
        assert_eq!(
            codes(&[named("north", None), named("hills", Some(1))], &known),
            [(id(1), "region_twice")]
        );
        let taken = codes(&[named("south", Some(1))], &known);
        assert_eq!(taken, [("features[0].properties.name".to_owned(), "name_taken")]);
    }
}

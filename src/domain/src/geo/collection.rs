//! A whole GeoJSON `FeatureCollection` of regions, read at once; every problem in it is listed, not just the first.

use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Map, Value};

use super::region::{RegionShape, ShapeError};

/// Longest region name, in characters.
const MAX_NAME_CHARS: usize = 120;

/// One region read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedRegion {
    /// Property `name` (any case; else `title`), trimmed.
    pub name: String,
    /// Property `priority`, where given: a whole number, the lower the more it owns.
    pub priority: Option<i32>,
    /// Property `time_zone` (or `timezone`, `tz`), where given: an IANA name.
    pub time_zone: Option<Tz>,
    /// The checked shape.
    pub shape: RegionShape,
    /// All properties as given.
    pub properties: Map<String, Value>,
}

/// One thing that is wrong with a file of regions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShapeProblem {
    /// Which feature, counted from 0; none if it is about the whole file.
    pub feature: Option<usize>,
    /// The feature's name, where it has one.
    pub name: Option<String>,
    /// The stable code: that of a [`ShapeError`], or `not_json`, `not_a_feature_collection`, `no_features`,
    /// `unsupported_crs`, `name_missing`, `name_too_long`, `name_twice`, `priority_not_whole`, `time_zone_unknown`.
    pub code: &'static str,
    /// What is wrong, in a sentence, with the place.
    pub message: String,
}

impl ShapeProblem {
    fn of_file(code: &'static str, message: impl Into<String>) -> Self {
        Self { feature: None, name: None, code, message: message.into() }
    }
}

/// Reads a GeoJSON `FeatureCollection` whose features are regions. Names must differ.
///
/// # Errors
/// Everything that is wrong, at most one problem of each kind per feature.
pub fn parse_collection(text: &str) -> Result<Vec<ImportedRegion>, Vec<ShapeProblem>> {
    let text = text.trim_start_matches('\u{feff}');
    let value: Value = serde_json::from_str(text)
        .map_err(|error| vec![ShapeProblem::of_file("not_json", format!("not valid JSON: {error}"))])?;
    let features = features_of(&value).map_err(|problem| vec![problem])?;
    let mut regions = Vec::new();
    let mut problems = Vec::new();
    for (number, feature) in features.iter().enumerate() {
        match read_feature(feature) {
            Ok(region) => regions.push((number, region)),
            Err((name, found)) => problems.extend(found.into_iter().map(|(code, message)| ShapeProblem {
                feature: Some(number),
                name: name.clone(),
                code,
                message,
            })),
        }
    }
    problems.extend(repeated_names(&regions));
    if problems.is_empty() {
        Ok(regions.into_iter().map(|(_, region)| region).collect())
    } else {
        problems.sort_by_key(|problem| problem.feature);
        Err(problems)
    }
}

fn features_of(value: &Value) -> Result<&[Value], ShapeProblem> {
    if value.get("type").and_then(Value::as_str) != Some("FeatureCollection") {
        let message = "the file must be a GeoJSON FeatureCollection";
        return Err(ShapeProblem::of_file("not_a_feature_collection", message));
    }
    check_crs(value)?;
    let features = value.get("features").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if features.is_empty() {
        return Err(ShapeProblem::of_file("no_features", "the collection has no features"));
    }
    Ok(features)
}

/// RFC 7946 knows WGS 84 only; older files name their reference system, and metres must not pass for degrees.
fn check_crs(value: &Value) -> Result<(), ShapeProblem> {
    let name = value.pointer("/crs/properties/name").and_then(Value::as_str);
    let known = |name: &str| name.ends_with("CRS84") || name.ends_with(":4326");
    match name {
        Some(name) if !known(name) => {
            let message = format!("coordinates must be WGS 84 (CRS84 or EPSG:4326), the file says {name}");
            Err(ShapeProblem::of_file("unsupported_crs", message))
        }
        _ => Ok(()),
    }
}

type Found = (&'static str, String);

fn property<'a>(properties: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    let by_name = |wanted: &&str| properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted));
    names.iter().find_map(by_name).map(|(_, value)| value).filter(|value| !value.is_null())
}

fn read_feature(feature: &Value) -> Result<ImportedRegion, (Option<String>, Vec<Found>)> {
    let properties = feature.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let name = read_name(&properties);
    let priority = read_priority(&properties);
    let time_zone = read_time_zone(&properties);
    let shape = read_shape(feature);
    match (name, priority, time_zone, shape) {
        (Ok(name), Ok(priority), Ok(time_zone), Ok(shape)) => {
            Ok(ImportedRegion { name, priority, time_zone, shape, properties })
        }
        (name, priority, time_zone, shape) => {
            let known = name.as_ref().ok().cloned();
            let found = [name.err(), priority.err(), time_zone.err(), shape.err()];
            Err((known, found.into_iter().flatten().collect()))
        }
    }
}

fn read_name(properties: &Map<String, Value>) -> Result<String, Found> {
    let text = property(properties, &["name", "title"]).and_then(Value::as_str).map(str::trim);
    match text.filter(|text| !text.is_empty()) {
        None => Err(("name_missing", "a region needs the property \"name\", a text".to_owned())),
        Some(text) if text.chars().count() > MAX_NAME_CHARS => {
            Err(("name_too_long", format!("a name has at most {MAX_NAME_CHARS} characters")))
        }
        Some(text) => Ok(text.to_owned()),
    }
}

fn read_priority(properties: &Map<String, Value>) -> Result<Option<i32>, Found> {
    let Some(value) = property(properties, &["priority"]) else { return Ok(None) };
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
    let problem = || ("priority_not_whole", "\"priority\" must be a whole number of 32 bits".to_owned());
    number.map(Some).ok_or_else(problem)
}

fn read_time_zone(properties: &Map<String, Value>) -> Result<Option<Tz>, Found> {
    let Some(value) = property(properties, &["time_zone", "timezone", "tz"]) else { return Ok(None) };
    let zone = value.as_str().and_then(|name| name.parse::<Tz>().ok());
    let message = "\"time_zone\" must be an IANA name such as \"Asia/Seoul\"";
    zone.map(Some).ok_or_else(|| ("time_zone_unknown", message.to_owned()))
}

fn read_shape(feature: &Value) -> Result<RegionShape, Found> {
    let geometry = feature.get("geometry").filter(|geometry| !geometry.is_null());
    let shape = match geometry {
        Some(geometry) => RegionShape::from_geojson(geometry),
        None => Err(ShapeError::NotAPolygon { found: "a feature without geometry".to_owned() }),
    };
    shape.map_err(|error| (error.code(), error.to_string()))
}

fn repeated_names(regions: &[(usize, ImportedRegion)]) -> Vec<ShapeProblem> {
    let mut first = std::collections::BTreeMap::new();
    let mut problems = Vec::new();
    for (number, region) in regions {
        let earlier = *first.entry(region.name.as_str()).or_insert(*number);
        if earlier != *number {
            problems.push(ShapeProblem {
                feature: Some(*number),
                name: Some(region.name.clone()),
                code: "name_twice",
                message: format!("feature {earlier} has the same name"),
            });
        }
    }
    problems
}

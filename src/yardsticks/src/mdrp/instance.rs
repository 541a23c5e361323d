//! Reads an instance of the meal delivery routing problem as Grubhub published it: four tab-separated files with a
//! header line, metres and whole minutes. Whatever is wrong is told with its file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A place on the instance's plane, in metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// East.
    pub x: f64,
    /// North.
    pub y: f64,
}

/// One order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Its name in the file.
    pub name: String,
    /// The door.
    pub door: Spot,
    /// Placed at this minute; unknown before.
    pub placed_min: u32,
    /// Its place in [`Instance::restaurants`].
    pub restaurant: usize,
    /// Ready for collection at this minute.
    pub ready_min: u32,
}

/// One courier's shift.
#[derive(Debug, Clone, PartialEq)]
pub struct Courier {
    /// Its name in the file.
    pub name: String,
    /// Where the shift begins.
    pub start: Spot,
    /// First minute on duty.
    pub on_min: u32,
    /// No pick-up after this minute.
    pub off_min: u32,
}

/// One restaurant.
#[derive(Debug, Clone, PartialEq)]
pub struct Restaurant {
    /// Its name in the file.
    pub name: String,
    /// Where it is.
    pub place: Spot,
}

/// The numbers that hold for the whole instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// Speed on the straight line.
    pub metres_per_min: f64,
    /// Minutes at a restaurant, half before and half after the pick-up.
    pub pick_up_service_min: u32,
    /// Minutes at a door, half before and half after the hand-off.
    pub drop_off_service_min: u32,
    /// Wished minutes from placement to door.
    pub target_click_to_door_min: u32,
    /// Undelivered orders count as this many minutes.
    pub most_click_to_door_min: u32,
    /// What a courier gets for an order, in the instance's currency.
    pub pay_per_order: f64,
    /// What a courier gets at least for an hour on duty, in the instance's currency.
    pub guaranteed_pay_per_hour: f64,
}

/// A delivery day.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// The directory's name.
    pub name: String,
    /// By placement, then name.
    pub orders: Vec<Order>,
    /// In the order of the file.
    pub couriers: Vec<Courier>,
    /// In the order of the file.
    pub restaurants: Vec<Restaurant>,
    /// For all.
    pub parameters: Parameters,
}

/// Why an instance cannot be used.
#[derive(Debug, Error)]
pub enum InstanceError {
    /// A file cannot be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not as it should be.
    #[error("{}:{line}: {what}", file.display())]
    Line {
        /// Which file.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong and what is wanted.
        what: String,
    },
}

/// Reads the instance in a directory.
///
/// # Errors
/// An [`InstanceError`] with the file, and the line where there is one.
pub fn read(dir: &Path) -> Result<Instance, InstanceError> {
    let load = |name: &str| {
        let file = dir.join(name);
        fs::read_to_string(&file).map_err(|source| InstanceError::Unreadable { file, source })
    };
    let texts = Texts {
        orders: load("orders.txt")?,
        couriers: load("couriers.txt")?,
        restaurants: load("restaurants.txt")?,
        parameters: load("instance_parameters.txt")?,
    };
    parse(dir, &texts)
}

/// The texts of an instance's files.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// `orders.txt`
    pub orders: String,
    /// `couriers.txt`
    pub couriers: String,
    /// `restaurants.txt`
    pub restaurants: String,
    /// `instance_parameters.txt`
    pub parameters: String,
}

/// Reads an instance from its texts; `dir` is only named in errors and gives the instance its name.
///
/// # Errors
/// An [`InstanceError`] with file and line.
pub fn parse(dir: &Path, texts: &Texts) -> Result<Instance, InstanceError> {
    let restaurants = read_restaurants(&Table::new(
        dir.join("restaurants.txt"),
        &texts.restaurants,
        &["restaurant", "x", "y"],
    )?)?;
    let columns = ["order", "x", "y", "placement_time", "restaurant", "ready_time"];
    let orders = Table::new(dir.join("orders.txt"), &texts.orders, &columns)?;
    let couriers =
        Table::new(dir.join("couriers.txt"), &texts.couriers, &["courier", "x", "y", "on_time", "off_time"])?;
    Ok(Instance {
        name: dir
            .file_name()
            .map_or_else(|| "instance".to_owned(), |name| name.to_string_lossy().into_owned()),
        orders: read_orders(&orders, &restaurants)?,
        couriers: read_couriers(&couriers)?,
        restaurants,
        parameters: read_parameters(dir, &texts.parameters)?,
    })
}

/// A tab-separated file with its header checked.
struct Table<'a> {
    file: PathBuf,
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    line: usize,
    fields: BTreeMap<&'static str, &'a str>,
}

impl<'a> Table<'a> {
    fn new(file: PathBuf, text: &'a str, columns: &[&'static str]) -> Result<Table<'a>, InstanceError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let header: Vec<&str> = lines.next().map_or(Vec::new(), |(_, line)| split(line));
        if let Some(missing) = columns.iter().find(|column| !header.contains(column)) {
            let what = format!("the header names no column '{missing}'; wanted: {}", columns.join(", "));
            return Err(InstanceError::Line { file, line: 1, what });
        }
        let mut rows = Vec::new();
        for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
            let values = split(text);
            if values.len() != header.len() {
                let what = format!("{} fields where the header has {}", values.len(), header.len());
                return Err(InstanceError::Line { file, line, what });
            }
            let value = |column: &&'static str| {
                header
                    .iter()
                    .zip(&values)
                    .find(|(name, _)| *name == column)
                    .map(|(_, value)| (*column, *value))
            };
            rows.push(Row { line, fields: columns.iter().filter_map(value).collect() });
        }
        if rows.is_empty() {
            return Err(InstanceError::Line { file, line: 2, what: "no line after the header".to_owned() });
        }
        Ok(Table { file, rows })
    }

    fn wrong(&self, row: &Row<'_>, what: String) -> InstanceError {
        InstanceError::Line { file: self.file.clone(), line: row.line, what }
    }

    fn text(&self, row: &Row<'a>, column: &'static str) -> &'a str {
        row.fields.get(column).copied().unwrap_or_default()
    }

    fn number(&self, row: &Row<'_>, column: &'static str) -> Result<f64, InstanceError> {
        let text = row.fields.get(column).copied().unwrap_or_default();
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && number.abs() <= 1e6);
        number.ok_or_else(|| {
            self.wrong(row, format!("{column} is '{text}'; wanted: a number of at most 1000000"))
        })
    }

    /// Whole minutes; `10.0` is written for 10 by some who make such files.
    fn minutes(&self, row: &Row<'_>, column: &'static str) -> Result<u32, InstanceError> {
        let text = self.text(row, column);
        let whole = match text.split_once('.') {
            Some((whole, rest)) if rest.bytes().all(|digit| digit == b'0') => whole,
            _ => text,
        };
        let number = whole.parse::<u32>().ok().filter(|number| *number <= 100_000);
        number.ok_or_else(|| {
            self.wrong(row, format!("{column} is '{text}'; wanted: whole minutes from 0 to 100000"))
        })
    }

    fn spot(&self, row: &Row<'_>) -> Result<Spot, InstanceError> {
        Ok(Spot { x: self.number(row, "x")?, y: self.number(row, "y")? })
    }

    fn name(
        &self,
        row: &Row<'a>,
        column: &'static str,
        known: &mut BTreeSet<&'a str>,
    ) -> Result<String, InstanceError> {
        let name = self.text(row, column);
        if name.is_empty() {
            return Err(self.wrong(row, format!("the {column} has no name")));
        }
        if !known.insert(name) {
            return Err(self.wrong(row, format!("the {column} '{name}' stands in the file twice")));
        }
        Ok(name.to_owned())
    }
}

fn split(line: &str) -> Vec<&str> {
    line.split('\t').map(str::trim).collect()
}

fn read_restaurants(table: &Table<'_>) -> Result<Vec<Restaurant>, InstanceError> {
    let mut known = BTreeSet::new();
    let read = |row: &Row<'_>, name: String| Ok(Restaurant { name, place: table.spot(row)? });
    table
        .rows
        .iter()
        .map(|row| table.name(row, "restaurant", &mut known).and_then(|name| read(row, name)))
        .collect()
}

fn read_couriers(table: &Table<'_>) -> Result<Vec<Courier>, InstanceError> {
    let mut known = BTreeSet::new();
    let mut couriers = Vec::new();
    for row in &table.rows {
        let name = table.name(row, "courier", &mut known)?;
        let (on_min, off_min) = (table.minutes(row, "on_time")?, table.minutes(row, "off_time")?);
        if off_min <= on_min {
            return Err(table.wrong(row, format!("off_time {off_min} is not after on_time {on_min}")));
        }
        couriers.push(Courier { name, start: table.spot(row)?, on_min, off_min });
    }
    Ok(couriers)
}

fn read_orders(table: &Table<'_>, restaurants: &[Restaurant]) -> Result<Vec<Order>, InstanceError> {
    let by_name: BTreeMap<&str, usize> =
        restaurants.iter().enumerate().map(|(at, restaurant)| (restaurant.name.as_str(), at)).collect();
    let mut known = BTreeSet::new();
    let mut orders = Vec::new();
    for row in &table.rows {
        let name = table.name(row, "order", &mut known)?;
        let wanted = table.text(row, "restaurant");
        let Some(restaurant) = by_name.get(wanted).copied() else {
            return Err(table.wrong(row, format!("restaurant '{wanted}' does not stand in restaurants.txt")));
        };
        let placed_min = table.minutes(row, "placement_time")?;
        let ready_min = table.minutes(row, "ready_time")?;
        if ready_min < placed_min {
            return Err(
                table.wrong(row, format!("ready_time {ready_min} is before placement_time {placed_min}"))
            );
        }
        orders.push(Order { name, door: table.spot(row)?, placed_min, restaurant, ready_min });
    }
    orders.sort_by(|a, b| (a.placed_min, &a.name).cmp(&(b.placed_min, &b.name)));
    Ok(orders)
}

fn read_parameters(dir: &Path, text: &str) -> Result<Parameters, InstanceError> {
    const SPEED: &str = "meters_per_minute";
    const PICK_UP: &str = "pickup service minutes";
    const DROP_OFF: &str = "dropoff service minutes";
    const TARGET: &str = "target click-to-door";
    const MOST: &str = "maximum click-to-door";
    const ORDER: &str = "pay per order";
    const HOUR: &str = "guaranteed pay per hour";
    let columns = [SPEED, PICK_UP, DROP_OFF, TARGET, MOST, ORDER, HOUR];
    let table = Table::new(dir.join("instance_parameters.txt"), text, &columns)?;
    let empty = InstanceError::Line { file: table.file.clone(), line: 2, what: "no values".to_owned() };
    let row = table.rows.first().ok_or(empty)?;
    let metres_per_min = table.number(row, SPEED)?;
    if metres_per_min <= 0.0 {
        return Err(table.wrong(row, format!("{SPEED} must be above 0")));
    }
    Ok(Parameters {
        metres_per_min,
        pick_up_service_min: table.minutes(row, PICK_UP)?,
        drop_off_service_min: table.minutes(row, DROP_OFF)?,
        target_click_to_door_min: table.minutes(row, TARGET)?.max(1),
        most_click_to_door_min: table.minutes(row, MOST)?.max(1),
        pay_per_order: table.number(row, ORDER)?,
        guaranteed_pay_per_hour: table.number(row, HOUR)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn texts() -> Texts {
        Texts {
            orders: "order\tx\ty\tplacement_time\trestaurant\tready_time\no2\t900\t0\t9\tr1\t20\no1\t0\t500\t3\tr1\t5\n".into(),
            couriers: "courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t0\t90\n".into(),
            restaurants: "restaurant\tx\ty\nr1\t100\t100\n".into(),
            parameters: "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\tmaximum click-to-door\tpay per order\tguaranteed pay per hour\n320\t4\t4\t40\t90\t10\t15\n".into(),
        }
    }

    fn error(texts: &Texts) -> String {
        parse(Path::new("day"), texts).unwrap_err().to_string()
    }

    #[test]
    fn an_instance_is_read_with_its_orders_by_placement() {
        let day = parse(Path::new("some/day"), &texts()).unwrap();
        assert_eq!(day.name, "day");
        assert_eq!(day.orders.iter().map(|order| order.name.as_str()).collect::<Vec<_>>(), ["o1", "o2"]);
        assert_eq!((day.couriers[0].off_min, day.restaurants[0].place.x), (90, 100.0));
        assert_eq!(day.parameters.metres_per_min, 320.0);
        assert_eq!(day.parameters.most_click_to_door_min, 90);
        assert_eq!((day.parameters.pay_per_order, day.parameters.guaranteed_pay_per_hour), (10.0, 15.0));
    }

    #[test]
    fn a_file_from_elsewhere_is_read_all_the_same() {
        let mut foreign = texts();
        foreign.orders = "\u{feff}ready_time\tnote\trestaurant\tplacement_time\ty\tx\torder\r\n\r\n5\t\tr1\t3.0\t500.0\t0\to1\r\n20.\tno onions\tr1\t9\t0.0\t9e2\to2\r\n\r\n  \r\n".into();
        let rest = [&mut foreign.couriers, &mut foreign.restaurants, &mut foreign.parameters];
        rest.into_iter().for_each(|text| *text = text.replace('\n', "\r\n") + "\r\n");
        assert_eq!(parse(Path::new("day"), &foreign).unwrap(), parse(Path::new("day"), &texts()).unwrap());
    }

    #[test]
    fn what_is_wrong_is_told_with_file_and_line() {
        let with = |change: fn(&mut Texts)| {
            let mut all = texts();
            change(&mut all);
            error(&all)
        };
        assert_eq!(
            with(|t| t.orders = t.orders.replace("\t9\tr1", "\t9\tr7")),
            "day/orders.txt:2: restaurant 'r7' does not stand in restaurants.txt"
        );
        assert_eq!(
            with(|t| t.orders = t.orders.replace("\t5\n", "\tsoon\n")),
            "day/orders.txt:3: ready_time is 'soon'; wanted: whole minutes from 0 to 100000"
        );
        for time in ["-5", "5.5", ".", "1e1"] {
            let mut all = texts();
            all.orders = all.orders.replace("\t5\n", &format!("\t{time}\n"));
            assert!(error(&all).contains(&format!("orders.txt:3: ready_time is '{time}'; wanted: whole")));
        }
        assert_eq!(
            with(|t| t.orders = t.orders.replace("\t5\n", "\t1\n")),
            "day/orders.txt:3: ready_time 1 is before placement_time 3"
        );
        assert_eq!(
            with(|t| t.couriers.push_str("c1\t0\t0\t0\t9\n")),
            "day/couriers.txt:3: the courier 'c1' stands in the file twice"
        );
        assert_eq!(
            with(|t| t.couriers = t.couriers.replace("\t90", "\t0")),
            "day/couriers.txt:2: off_time 0 is not after on_time 0"
        );
        assert_eq!(
            with(|t| t.restaurants = "restaurant\tx\nr1\t1\n".into()),
            "day/restaurants.txt:1: the header names no column 'y'; wanted: restaurant, x, y"
        );
        assert_eq!(
            with(|t| t.restaurants.push_str("r2\t1\n")),
            "day/restaurants.txt:3: 2 fields where the header has 3"
        );
        assert_eq!(
            with(|t| t.restaurants = t.restaurants.replace("\t100\t", "\tNaN\t")),
            "day/restaurants.txt:2: x is 'NaN'; wanted: a number of at most 1000000"
        );
        assert_eq!(
            with(|t| t.parameters = t.parameters.replace("\n320", "\n0")),
            "day/instance_parameters.txt:2: meters_per_minute must be above 0"
        );
        assert!(error(&Texts::default()).contains("restaurants.txt:1"));
    }

    #[test]
    fn a_directory_without_the_files_is_told_by_name() {
        let told = read(Path::new("/nowhere/at/all")).unwrap_err().to_string();
        assert!(told.starts_with("/nowhere/at/all/orders.txt: "), "{told}");
    }
}

//! Solomon's instances of vehicle routing with time windows, and those of Gehring and Homberger in the same form.
//!
//! A name; `VEHICLE`, a heading, number and capacity; `CUSTOMER`, a heading, and for each customer: number, x, y, demand,
//! earliest, latest, service. Customer 0 is the depot. Each other becomes a request with a pick-up alone: what
//! counts is the sum of the loads of a route, whichever way they are carried.

use super::benchmark::{Benchmark, REQUEST_COST};
use super::fault::{FormatFault, Problem};
use super::lines::{Fields, filled};
use super::task::Task;
use crate::dispatch::search::{Model, Plane, Request, Terms};

fn customer(line: usize, text: &str) -> Result<Task, FormatFault> {
    let mut fields = Fields::new(line, text);
    let customer = Task::read(line, &mut fields)?;
    fields.end()?;
    Ok(customer)
}

fn request(customer: &Task, place: u32) -> Result<Request, FormatFault> {
    let load = u32::try_from(customer.demand);
    let load =
        load.map_err(|_| Problem::OutOfRange("demand", customer.demand.to_string()).on(customer.line))?;
    let visit = customer.visit(place);
    Ok(Request { drop_off: None, unassigned_cost: REQUEST_COST, ..Request::pair(visit, visit, load) })
}

/// Reads an instance.
///
/// # Errors
/// The first line that is not what it should be.
pub fn read(text: &str) -> Result<Benchmark, FormatFault> {
    let end = text.lines().count();
    let mut lines = filled(text).peekable();
    let is_heading = |line: &str, word: &str| line.trim().eq_ignore_ascii_case(word);
    // The name may be missing.
    lines.next_if(|(_, line)| !is_heading(line, "VEHICLE"));
    let mut heading = |word: &'static str| match lines.next() {
        Some((_, line)) if is_heading(line, word) => {
            // The names of the columns.
            lines.next_if(|(_, line)| line.contains(char::is_alphabetic));
            lines.next().ok_or_else(|| Problem::Missing("line of numbers").on(end))
        }
        found => Err(Problem::NoHeading(word).on(found.map_or(end, |(line, _)| line))),
    };
    let (line, fleet) = heading("VEHICLE")?;
    let mut fields = Fields::new(line, fleet);
    let (vehicles, capacity) = (fields.count("number of vehicles")?, fields.count("capacity")?);
    fields.end()?;
    let (depot_line, depot) = heading("CUSTOMER")?;
    let depot = customer(depot_line, depot)?;
    if depot.number != 0 {
        return Err(Problem::NoDepot.on(depot_line));
    }
    let mut instance = Benchmark {
        model: Model {
            requests: Vec::new(),
            vehicles: Benchmark::fleet(vehicles, capacity, depot.earliest, depot.latest),
            terms: Terms::default(),
        },
        plane: Plane::default(),
        tasks: vec![0],
    };
    let mut points = vec![depot.point];
    let mut seen = std::collections::HashSet::from([0]);
    for ((line, text), place) in lines.zip(1..) {
        let customer = customer(line, text)?;
        if !seen.insert(customer.number) {
            return Err(Problem::Twice(customer.number).on(line));
        }
        points.push(customer.point);
        instance.tasks.push(customer.number);
        instance.model.requests.push(request(&customer, place)?);
    }
    instance.plane = Plane::new(points);
    Ok(instance)
}

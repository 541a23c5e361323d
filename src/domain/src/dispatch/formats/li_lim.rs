//! Li and Lim's pick-up-and-delivery instances.
//!
//! The first line holds vehicles, capacity and speed (not used: time is distance). Each further line is a task: number,
//! x, y, demand, earliest, latest, service, number of its pick-up, number of its drop-off; the one that is 0 tells which
//! of the two the task is. Task 0 is the depot.

use std::collections::HashMap;

use super::benchmark::{Benchmark, REQUEST_COST};
use super::fault::{FormatFault, Problem};
use super::lines::{Fields, filled};
use super::task::Task;
use crate::dispatch::search::{Model, Plane, Request, Terms};

/// One line.
struct Half {
    task: Task,
    pick_up: u32,
    drop_off: u32,
}

impl Half {
    fn read(line: usize, text: &str) -> Result<Self, FormatFault> {
        let mut fields = Fields::new(line, text);
        let task = Task::read(line, &mut fields)?;
        let (pick_up, drop_off) = (fields.count("pick-up number")?, fields.count("drop-off number")?);
        fields.end()?;
        Ok(Self { task, pick_up, drop_off })
    }
}

/// Reads an instance.
///
/// # Errors
/// The first line that is not what it should be.
pub fn read(text: &str) -> Result<Benchmark, FormatFault> {
    let mut lines = filled(text);
    let (line, first) = lines.next().ok_or_else(|| Problem::Missing("number of vehicles").on(0))?;
    let mut fields = Fields::new(line, first);
    let vehicles = fields.count("number of vehicles")?;
    let capacity = fields.count("capacity")?;
    fields.number("speed")?;
    fields.end()?;
    let halves: Vec<Half> = lines.map(|(line, text)| Half::read(line, text)).collect::<Result<_, _>>()?;
    let mut places: HashMap<u32, (u32, &Half)> = HashMap::new();
    for (half, place) in halves.iter().zip(0_u32..) {
        if places.insert(half.task.number, (place, half)).is_some() {
            return Err(Problem::Twice(half.task.number).on(half.task.line));
        }
    }
    let Some(depot) = halves.first().map(|half| &half.task).filter(|task| task.number == 0) else {
        return Err(Problem::NoDepot.on(line + 1));
    };
    let mut requests = Vec::new();
    for (half, place) in halves.iter().zip(0_u32..).skip(1) {
        requests.extend(request(half, place, &places)?);
    }
    Ok(Benchmark {
        model: Model {
            requests,
            vehicles: Benchmark::fleet(vehicles, capacity, depot.earliest, depot.latest),
            terms: Terms::default(),
        },
        plane: Plane::new(halves.iter().map(|half| half.task.point).collect()),
        tasks: halves.iter().map(|half| half.task.number).collect(),
    })
}

/// The request a task is the pick-up of; nothing for a drop-off. Either way its other half has to name it.
fn request(
    half: &Half,
    place: u32,
    places: &HashMap<u32, (u32, &Half)>,
) -> Result<Option<Request>, FormatFault> {
    let task = &half.task;
    let partner = match (half.pick_up, half.drop_off) {
        (0, 0) => return Err(Problem::Unpaired(task.number).on(task.line)),
        (0, drop_off) => drop_off,
        (pick_up, 0) => pick_up,
        _ => return Err(Problem::Unpaired(task.number).on(task.line)),
    };
    let wrong = || Problem::Partner(task.number, partner).on(task.line);
    let (other_place, other) = places.get(&partner).copied().ok_or_else(wrong)?;
    let named =
        if half.pick_up == 0 { (other.pick_up, other.drop_off) } else { (other.drop_off, other.pick_up) };
    if named != (task.number, 0) {
        return Err(wrong());
    }
    if half.pick_up != 0 {
        return Ok(None);
    }
    let load =
        u32::try_from(task.demand).ok().filter(|_| task.demand.checked_neg() == Some(other.task.demand));
    let load = load.ok_or_else(|| Problem::Load(task.number, partner).on(task.line))?;
    let pair = Request::pair(task.visit(place), other.task.visit(other_place), load);
    Ok(Some(Request { unassigned_cost: REQUEST_COST, ..pair }))
}

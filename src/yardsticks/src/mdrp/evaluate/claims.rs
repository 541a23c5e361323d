//! What the three files claim, with every name looked up and every number read.

use std::collections::BTreeMap;

use super::super::instance::{Instance, Spot};
use super::rules::{Rule, Violation};

/// A place that a leg leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stand {
    /// The start of this courier's shift.
    Start(usize),
    /// A restaurant.
    Restaurant(usize),
    /// The door of an order.
    Door(usize),
}

/// A line of the assignments.
#[derive(Debug, Clone)]
pub struct Pickup {
    /// Where it stands, for messages.
    pub line: usize,
    pub assigned: i64,
    pub at: i64,
    pub courier: usize,
    pub orders: Vec<usize>,
}

/// A line of the orders.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub line: usize,
    pub placed: i64,
    pub ready: i64,
    /// Pick-up, drop-off, courier.
    pub done: Option<(i64, i64, usize)>,
}

/// A line of the couriers.
#[derive(Debug, Clone)]
pub struct Move {
    pub line: usize,
    pub courier: usize,
    pub departs: i64,
    pub from: Stand,
    pub to: Stand,
}

/// All claims.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    pub pickups: Vec<Pickup>,
    /// By order of the instance; `None` where no line tells of it.
    pub deliveries: Vec<Option<Delivery>>,
    pub moves: Vec<Move>,
}

/// Where a place lies.
pub fn spot(day: &Instance, stand: Stand) -> Option<Spot> {
    match stand {
        Stand::Start(courier) => day.couriers.get(courier).map(|courier| courier.start),
        Stand::Restaurant(restaurant) => day.restaurants.get(restaurant).map(|restaurant| restaurant.place),
        Stand::Door(order) => day.orders.get(order).map(|order| order.door),
    }
}

struct Names<'a> {
    orders: BTreeMap<&'a str, usize>,
    restaurants: BTreeMap<&'a str, usize>,
    couriers: BTreeMap<&'a str, usize>,
}

type Read<T> = Result<T, (Rule, String)>;

fn number(text: &str) -> Read<i64> {
    text.parse().map_err(|_| (Rule::WholeMinutes, format!("'{text}' is not a whole minute")))
}

fn known(names: &BTreeMap<&str, usize>, kind: &str, name: &str) -> Read<usize> {
    names.get(name).copied().ok_or_else(|| (Rule::KnownNames, format!("no {kind} '{name}'")))
}

fn short() -> (Rule, String) {
    (Rule::WholeLines, "the line is too short or too long".to_owned())
}

impl Names<'_> {
    fn pickup(&self, line: usize, fields: &[&str]) -> Read<Pickup> {
        let [assigned, at, courier, orders @ ..] = fields else { return Err(short()) };
        if orders.is_empty() {
            return Err(short());
        }
        Ok(Pickup {
            line,
            assigned: number(assigned)?,
            at: number(at)?,
            courier: known(&self.couriers, "courier", courier)?,
            orders: orders
                .iter()
                .map(|order| known(&self.orders, "order", order))
                .collect::<Read<Vec<usize>>>()?,
        })
    }

    fn delivery(&self, line: usize, fields: &[&str]) -> Read<(usize, Delivery)> {
        let [order, placed, ready, pick_up, drop_off, courier] = fields else { return Err(short()) };
        let done = match (*pick_up, *drop_off, *courier) {
            ("-", "-", "-") => None,
            _ => Some((number(pick_up)?, number(drop_off)?, known(&self.couriers, "courier", courier)?)),
        };
        let delivery = Delivery { line, placed: number(placed)?, ready: number(ready)?, done };
        Ok((known(&self.orders, "order", order)?, delivery))
    }

    fn stand(&self, name: &str) -> Read<Stand> {
        match self.restaurants.get(name) {
            Some(restaurant) => Ok(Stand::Restaurant(*restaurant)),
            None => known(&self.orders, "place", name).map(Stand::Door),
        }
    }

    fn leg(&self, line: usize, fields: &[&str]) -> Read<Move> {
        let [courier, departs, from, to] = fields else { return Err(short()) };
        let courier = known(&self.couriers, "courier", courier)?;
        let from = if *from == "0" { Stand::Start(courier) } else { self.stand(from)? };
        Ok(Move { line, courier, departs: number(departs)?, from, to: self.stand(to)? })
    }
}

/// The lines after the header, each with its number and its fields.
fn lines(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    let filled = |(_, line): &(usize, &str)| !line.trim().is_empty();
    text.lines()
        .enumerate()
        .skip(1)
        .filter(filled)
        .map(|(at, line)| (at + 1, line.split_whitespace().collect()))
}

/// Reads the texts; lines that cannot be read are violations and claim nothing.
pub fn read(day: &Instance, [assignments, orders, legs]: [&str; 3]) -> (Claims, Vec<Violation>) {
    let names = Names {
        orders: day.orders.iter().enumerate().map(|(at, one)| (one.name.as_str(), at)).collect(),
        restaurants: day.restaurants.iter().enumerate().map(|(at, one)| (one.name.as_str(), at)).collect(),
        couriers: day.couriers.iter().enumerate().map(|(at, one)| (one.name.as_str(), at)).collect(),
    };
    let mut claims = Claims { deliveries: vec![None; day.orders.len()], ..Claims::default() };
    let mut wrong = Vec::new();
    let mut tell = |file: &'static str, line: usize, (rule, what): (Rule, String)| {
        wrong.push(Violation { rule, file, line, what });
    };
    for (line, fields) in lines(assignments) {
        match names.pickup(line, &fields) {
            Ok(pickup) => claims.pickups.push(pickup),
            Err(why) => tell("assignments", line, why),
        }
    }
    for (line, fields) in lines(orders) {
        match names.delivery(line, &fields) {
            Ok((order, delivery)) => match claims.deliveries.get_mut(order) {
                Some(Some(first)) => {
                    let what = format!("the order stands in line {} already", first.line);
                    tell("orders", line, (Rule::WholeLines, what));
                }
                Some(place) => *place = Some(delivery),
                None => {}
            },
            Err(why) => tell("orders", line, why),
        }
    }
    for (line, fields) in lines(legs) {
        match names.leg(line, &fields) {
            Ok(leg) => claims.moves.push(leg),
            Err(why) => tell("couriers", line, why),
        }
    }
    (claims, wrong)
}

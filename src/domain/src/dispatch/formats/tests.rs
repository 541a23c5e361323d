#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::json::{self, JsonFault, PartText, Ways};
use super::{Benchmark, FormatFault, Problem, li_lim, solomon};
use crate::dispatch::search::{Rounds, Settings, check_solution, solve};

const GOOD: &str = "2 10 1\n0 0 0 0 0 100 0 0 0\n1 3 4 5 0 50 2 0 2\n2 6 8 -5 0 60 2 1 0\n\n";

fn wrong(from: &str, to: &str) -> FormatFault {
    assert!(GOOD.contains(from));
    li_lim::read(&GOOD.replacen(from, to, 1)).unwrap_err()
}

#[test]
fn a_pick_up_and_delivery_instance_is_read() {
    let instance: Benchmark = li_lim::read(GOOD).unwrap();
    assert_eq!(instance.model.vehicles.len(), 2);
    let request = &instance.model.requests[0];
    assert_eq!(request.load, 5);
    assert_eq!(request.drop_off.unwrap().latest, 60.0);
    let solution =
        solve(&instance.model, &instance.plane, None, &Settings::default(), &mut Rounds::new(3)).unwrap();
    assert_eq!(check_solution(&instance.model, &instance.plane, &solution), []);
    assert_eq!(instance.routes(&solution), [[1, 2]]);
    assert_eq!((solution.score.vehicles, solution.score.travel), (1, 20.0));
}

#[test]
fn a_fault_names_the_line_and_the_field() {
    let not_a_number = Problem::NotANumber("demand", "five".into());
    assert_eq!(wrong(" 5 0 50", " five 0 50"), FormatFault { line: 3, problem: not_a_number });
    assert_eq!(wrong("-5", "-4"), FormatFault { line: 3, problem: Problem::Load(1, 2) });
    assert_eq!(
        wrong("2 1 0\n", "2 1\n"),
        FormatFault { line: 4, problem: Problem::Missing("drop-off number") }
    );
    assert_eq!(wrong("2 0 2\n", "2 0 2 9\n"), FormatFault { line: 3, problem: Problem::TooMany(9) });
    assert_eq!(wrong("2 0 2\n", "2 0 7\n"), FormatFault { line: 3, problem: Problem::Partner(1, 7) });
    assert_eq!(wrong("2 1 0\n", "2 3 0\n"), FormatFault { line: 3, problem: Problem::Partner(1, 2) });
    assert_eq!(wrong("2 0 2\n", "2 0 0\n"), FormatFault { line: 3, problem: Problem::Unpaired(1) });
    assert_eq!(wrong("0 50 2", "51 50 2"), FormatFault { line: 3, problem: Problem::Window(1) });
    assert_eq!(wrong("\n2 6 8", "\n1 6 8"), FormatFault { line: 4, problem: Problem::Twice(1) });
    assert_eq!(wrong("\n0 0 0", "\n9 0 0"), FormatFault { line: 2, problem: Problem::NoDepot });
    assert_eq!(li_lim::read("\n").unwrap_err().to_string(), "line 1: the number of vehicles is missing");
    let negative = wrong("2 10 1", "2 -10 1").to_string();
    assert_eq!(negative, "line 1: the capacity is out of range: `-10`");
}

const SOLOMON: &str = "R1\n\nVEHICLE\nNUMBER CAPACITY\n 2 10\n\nCUSTOMER\nCUST NO. XCOORD. YCOORD.\n\n\
    0 0 0 0 0 100 0\n 1 3 4 6 0 50 2\n 2 3 4 6 0 60 2\n 3 0 8 3 0 99 2\n";

#[test]
fn a_vehicle_routing_instance_is_read() {
    let instance = solomon::read(SOLOMON).unwrap();
    let Benchmark { model, plane, .. } = &instance;
    let solution = solve(model, plane, None, &Settings::default(), &mut Rounds::new(30)).unwrap();
    assert_eq!(check_solution(model, plane, &solution), []);
    // 6 and 6 do not fit together in 10.
    assert_eq!((solution.score.vehicles, solution.score.travel), (2, 28.0));
    let nameless = SOLOMON.replacen("R1\n", "", 1);
    assert_eq!(solomon::read(&nameless).unwrap(), instance);
}

#[test]
fn a_fault_of_a_vehicle_routing_instance_names_the_line() {
    let wrong = |from: &str, to: &str| {
        assert!(SOLOMON.contains(from));
        solomon::read(&SOLOMON.replacen(from, to, 1)).unwrap_err()
    };
    assert_eq!(wrong("CUSTOMER", "CLIENT"), FormatFault { line: 7, problem: Problem::NoHeading("CUSTOMER") });
    assert_eq!(wrong("2 3 4", "1 3 4"), FormatFault { line: 12, problem: Problem::Twice(1) });
    assert_eq!(wrong("0 60", "61 60"), FormatFault { line: 12, problem: Problem::Window(2) });
    assert_eq!(wrong("0 0 0 0", "4 0 0 0"), FormatFault { line: 10, problem: Problem::NoDepot });
    let demand = wrong("3 0 99", "1.5 0 99");
    assert_eq!(demand.to_string(), "line 13: the demand is out of range: `1.5`");
    let cut = SOLOMON.split("CUSTOMER").next().unwrap();
    assert_eq!(solomon::read(cut).unwrap_err().problem, Problem::NoHeading("CUSTOMER"));
}

const JSON: &str = r#"{
  "points": [[0, 0], [3, 4], [6, 8]],
  "requests": [
    { "id": "a", "pick_up": { "place": 1, "service": 2 }, "drop_off": { "place": 2, "latest": 60 } },
    { "id": "b", "pick_up": { "place": 1 }, "drop_off": { "place": 0 }, "allowed": ["w"], "load": 9 }
  ],
  "vehicles": [{ "id": "v", "start": 0, "capacity": 4 }, { "id": "w", "start": 0, "capacity": 4 }]
}"#;

#[test]
fn a_problem_in_json_is_read_and_its_plan_has_names_and_times() {
    let named = json::read(JSON).unwrap();
    let Ways::Plane(plane) = &named.ways else { panic!("points make a plane") };
    let solution = solve(&named.model, plane, None, &Settings::default(), &mut Rounds::new(5)).unwrap();
    let plan = named.plan(&solution).unwrap();
    assert_eq!(plan.unassigned, ["b"]);
    let [route] = &plan.routes[..] else { panic!("one vehicle is enough: {plan:?}") };
    assert_eq!(route.vehicle, "v");
    let stops: Vec<_> = route.stops.iter().map(|stop| (stop.part, stop.arrive, stop.depart)).collect();
    assert_eq!(stops, [(PartText::PickUp, 5.0, 7.0), (PartText::DropOff, 12.0, 12.0)]);
}

#[test]
fn a_table_in_json_is_read() {
    let table = JSON.replace(r#""points": [[0, 0], [3, 4], [6, 8]]"#, r#""times": [[0, 1], [2, 0]]"#);
    assert_eq!(
        json::read(&table).unwrap_err().to_string(),
        "request 0 is at a place that does not exist: `a`"
    );
    let table = JSON.replace(r#"[[0, 0], [3, 4], [6, 8]]"#, "[]").replace("points", "times");
    assert!(matches!(json::read(&table).unwrap_err(), JsonFault::Part { .. }));
    let square = r#""times": [[0, 1, 2], [1, 0, 1], [2, 1, 0]]"#;
    let good = JSON.replace(r#""points": [[0, 0], [3, 4], [6, 8]]"#, square);
    assert!(matches!(json::read(&good).unwrap().ways, Ways::Matrix(_)));
    assert_eq!(json::read(&good.replace("[2, 1, 0]", "[2, 1]")).unwrap_err(), JsonFault::Table("times"));
}

#[test]
fn a_fault_in_json_names_the_field() {
    let wrong = |from: &str, to: &str| json::read(&JSON.replacen(from, to, 1)).unwrap_err();
    let Form { line, problem } = form(wrong("\"service\"", "\"servise\""));
    assert_eq!(line, 4);
    assert!(problem.contains("unknown field `servise`"), "{problem}");
    assert!(form(wrong("\"start\": 0, ", "")).problem.contains("missing field `start`"));
    assert_eq!(wrong("\"b\"", "\"a\""), JsonFault::Twice("a".into()));
    assert_eq!(wrong("[\"w\"]", "[\"x\"]"), JsonFault::Unknown("x".into()));
    assert_eq!(wrong("points", "costs"), JsonFault::Places);
    assert_eq!(wrong("\"latest\": 60", "\"earliest\": 60.5, \"latest\": 60"), JsonFault::Window("a".into()));
    let nowhere = wrong("\"id\": \"w\", \"start\": 0", "\"id\": \"w\", \"start\": 3");
    assert_eq!(nowhere.to_string(), "vehicle 1 is at a place that does not exist: `w`");
    assert!(json::read("null").unwrap_err().to_string().contains("expected a problem"));
}

struct Form {
    line: usize,
    problem: String,
}

fn form(fault: JsonFault) -> Form {
    match fault {
        JsonFault::Form { line, problem, .. } => Form { line, problem },
        other => panic!("{other}"),
    }
}

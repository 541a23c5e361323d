//! A town's day three ways: `cargo run --release -p callahead-yardsticks --example town -- SEEDS`.

use std::error::Error;
use std::io::{self, Write as _};
use std::time::Instant;

use callahead_yardsticks::town::Scene;
use callahead_yardsticks::town::study::{sensitivity, study};

fn main() -> Result<(), Box<dyn Error>> {
    let seeds = std::env::args().nth(1).map_or(Ok(5), |text| text.parse())?;
    let began = Instant::now();
    let found = study(&Scene::default(), 1, seeds, &mut |_| ())?;
    let mut out = io::stdout().lock();
    for row in &found.rows {
        write!(out, "{:<44}", row.name)?;
        for interval in row.ways.iter().chain(&row.relative) {
            match interval {
                Some(one) => write!(out, "{:>9.2} ±{:>5.2}", one.mean, one.half)?,
                None => write!(out, "{:>16}", "-")?,
            }
        }
        writeln!(out)?;
    }
    if let Some(few) = std::env::args().nth(2) {
        for one in sensitivity(&Scene::default(), 1, few.parse()?, &mut |_| ())? {
            write!(out, "{:<40}", one.name)?;
            for interval in [
                one.first_no_call,
                one.first_gate,
                one.per_hour,
                one.per_hour_on_the_way,
                one.delivered,
                one.moved,
            ]
            .iter()
            .flatten()
            {
                write!(out, "{:>8.2} ±{:>5.2}", interval.mean, interval.half)?;
            }
            writeln!(out)?;
        }
    }
    writeln!(out, "{:.1} s", began.elapsed().as_secs_f64())?;
    Ok(())
}

//! A town's day three ways, as `callahead simulate` lives it:
//! `cargo run --release -p callahead-yardsticks --example town -- FIRST SEEDS [SEEDS OF OTHER ASSUMPTIONS]`.

use std::error::Error;
use std::io::{self, Write as _};
use std::time::Instant;

use callahead_yardsticks::town::study::{sensitivity, study};
use callahead_yardsticks::town::{Scene, page};

fn main() -> Result<(), Box<dyn Error>> {
    let mut given = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut next = |default| given.next().unwrap_or(Ok(default));
    let (first, seeds, few) = (next(1)?, next(5)?, next(0)?);
    let (scene, began) = (Scene::default(), Instant::now());
    let found = study(&scene, first, seeds, &mut |_| ())?;
    let others = if few > 0 { sensitivity(&scene, first, few, &mut |_| ())? } else { Vec::new() };
    let mut out = io::stdout().lock();
    let mut told = Ok(());
    page::tell(&found, &others, &mut |line: &str| {
        if told.is_ok() {
            told = writeln!(out, "{line}");
        }
    });
    told?;
    writeln!(out, "{:.1} s", began.elapsed().as_secs_f64())?;
    Ok(())
}

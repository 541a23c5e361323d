//! Draws the pictures of the documentation from its tables: `cargo run -p callahead-yardsticks --example pictures`.

use std::error::Error;
use std::fs;
use std::path::Path;

use callahead_yardsticks::pictures::all;

fn main() -> Result<(), Box<dyn Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let read = |name: &str| fs::read_to_string(docs.join(name));
    for (name, picture) in all(&read("COMPARISON.md")?, &read("MEASUREMENTS.md")?)? {
        fs::write(docs.join("pictures").join(name), picture)?;
    }
    Ok(())
}

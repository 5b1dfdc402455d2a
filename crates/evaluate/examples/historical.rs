//! Writes a made-up file of people of the past and the map of its columns, for `kinlink evaluate`.
//!
//! ```text
//! cargo run --release -p kinlink-evaluate --example historical -- FOLDER [RECORDS [SEED]]
//! ```

#[path = "../tests/it/historical/mod.rs"]
mod historical;

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("say into which folder")?;
    let records = arguments.next().map_or(Ok(50_000), |text| text.parse())?;
    let seed = arguments.next().map_or(Ok(1), |text| text.parse())?;
    fs::write(Path::new(&folder).join("historical.csv"), historical::csv(records, seed))?;
    fs::write(Path::new(&folder).join("historical.toml"), historical::MAP)?;
    Ok(())
}

//! `callahead import regions FILE`, as a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::disallowed_methods)] // names that differ between processes

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("callahead-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn import(folder: &Folder, file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callahead"))
        .current_dir(&folder.0)
        .env("CALLAHEAD_DATABASE__URL", format!("sqlite://{}", folder.0.join("test.db").display()))
        .env("CALLAHEAD_DATA__DIR", &folder.0)
        .env_remove("DATABASE_URL")
        .args(["import", "regions"])
        .arg(file)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn collection(ring: &str) -> String {
    format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"name":"north"}},
        "geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}"#
    )
}

#[test]
fn a_file_is_imported_once_and_told_line_by_line() {
    let folder = Folder::new("import");
    let file = folder.file("regions.geojson", &collection("[[0,0],[1,0],[1,1],[0,0]]"));
    let first = import(&folder, &file);
    assert!(first.status.success(), "{}", text(&first.stderr));
    let told = text(&first.stdout);
    assert!(
        told.lines().any(|line| line.starts_with("reg_") && line.ends_with(" north (1): created")),
        "{told}"
    );
    let again = text(&import(&folder, &file).stdout);
    assert!(again.contains(" north (1): unchanged"), "{again}");
    let redrawn = folder.file("redrawn.geojson", &collection("[[0,0],[2,0],[1,1],[0,0]]"));
    let redrawn = text(&import(&folder, &redrawn).stdout);
    assert!(redrawn.contains(" north (2): new version"), "{redrawn}");
}

#[test]
fn a_bad_file_is_refused_with_its_faults() {
    let folder = Folder::new("import-bad");
    let file = folder.file("bow.geojson", &collection("[[0,0],[1,1],[1,0],[0,1],[0,0]]"));
    let refused = import(&folder, &file);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(said.contains("nothing was changed"), "{said}");
    assert!(
        said.contains("features[0]: north: part 1, ring 1 (outer ring)") && said.contains("(self_crossing)"),
        "{said}"
    );
    let missing = import(&folder, &folder.0.join("nowhere.geojson"));
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("nowhere.geojson"), "{}", text(&missing.stderr));
}

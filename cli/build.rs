//! Puts the pages of `docs/errors` into the program, so that `relay explain` needs no network and no clone.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name != "README" && path.extension().is_some_and(|extension| extension == "md") {
            pages.push((name, path.canonicalize()?));
        }
    }
    pages.sort();
    let mut code = String::from("&[\n");
    for (name, path) in pages {
        code.push_str(&format!("    ({name:?}, include_str!({path:?})),\n"));
    }
    code.push(']');
    #[expect(clippy::disallowed_methods, reason = "Cargo names the folder for what a build makes")]
    let out = std::env::var("OUT_DIR").unwrap_or_default();
    std::fs::write(Path::new(&out).join("error_pages.rs"), code)
}

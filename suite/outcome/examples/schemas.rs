//! Writes `docs/schemas/*.json` and `docs/rules-reference.md`: `cargo run --example schemas`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
    std::fs::create_dir_all(&folder)?;
    for (file, text) in outcome::schema::all() {
        std::fs::write(folder.join(file), text)?;
    }
    std::fs::write(folder.join("../rules-reference.md"), outcome::schema::reference::page())
}

//! The Python sources, carried in this library and written out for the interpreter.

use std::io;
use std::path::Path;

use tempfile::TempDir;

const FILES: [(&str, &str); 9] = [
    ("api.py", include_str!("../python/api.py")),
    ("attachment.py", include_str!("../python/attachment.py")),
    ("child.py", include_str!("../python/child.py")),
    ("fence.py", include_str!("../python/fence.py")),
    ("frames.py", include_str!("../python/frames.py")),
    ("loopback.py", include_str!("../python/loopback.py")),
    ("scalars.py", include_str!("../python/scalars.py")),
    ("powershell.py", include_str!("../python/powershell.py")),
    ("scripts.py", include_str!("../python/scripts.py")),
];

/// The sources' folder; it goes with the value.
#[derive(Debug)]
pub(crate) struct Sources(TempDir);

impl Sources {
    /// Writes them to a folder of their own in `folder`, which is made if need be.
    pub(crate) fn write(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let sources = tempfile::Builder::new().prefix("python-").tempdir_in(folder)?;
        for (name, text) in FILES {
            std::fs::write(sources.path().join(name), text)?;
        }
        Ok(Self(sources))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }
}

//! The project's own commands. `main.rs` parses the command line; each command has its module here.
//! The end-to-end tests start the local AWS through [`local`].

pub mod aws;
pub mod build;
mod bundle;
pub mod deploy;
pub mod local;
pub mod outcomes;
pub mod process;
pub mod python;
pub mod remediation;
pub mod scenario;
pub mod seed;
pub mod showcase;
pub mod stack;

use std::path::PathBuf;

/// The hub and management account of the local organization.
pub const HUB: &str = "111122223333";

/// The home Region of the local stack.
pub const HOME_REGION: &str = "us-east-1";

/// The project's root folder: the bundle that this program belongs to, else the checkout that it was built in.
pub fn root() -> PathBuf {
    if let Some(bundle) = bundle::own() {
        return bundle.to_owned();
    }
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map_or(here.clone(), PathBuf::from)
}

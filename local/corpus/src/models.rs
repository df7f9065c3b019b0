//! botocore's service models: the shapes of operations' answers, read from an installed botocore when they
//! are first needed.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use serde::Deserialize;

/// The models of a botocore.
#[derive(Debug)]
pub struct Models {
    data: PathBuf,
    read: Mutex<HashMap<String, Option<Arc<Service>>>>,
}

/// A service: its operations and shapes.
#[derive(Debug, Deserialize)]
pub(crate) struct Service {
    operations: HashMap<String, Operation>,
    pub(crate) shapes: HashMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) output: Option<Reference>,
    #[serde(default)]
    pub(crate) errors: Vec<Reference>,
}

/// The use of a shape by its name.
#[derive(Debug, Deserialize)]
pub(crate) struct Reference {
    pub(crate) shape: String,
}

/// A type of a service.
#[derive(Debug, Deserialize)]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) members: BTreeMap<String, Reference>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    pub(crate) member: Option<Reference>,
    pub(crate) key: Option<Reference>,
    pub(crate) value: Option<Reference>,
    #[serde(default, rename = "enum")]
    pub(crate) values: Vec<String>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
}

impl Models {
    /// The models of the botocore that is installed in a virtual environment.
    ///
    /// # Errors
    /// When there is none.
    pub fn of_venv(venv: &Path) -> Result<Arc<Self>> {
        let library = venv.join("lib");
        let pythons =
            std::fs::read_dir(&library).with_context(|| format!("read {}", library.display()))?;
        let mut data =
            pythons.flatten().map(|python| python.path().join("site-packages/botocore/data"));
        let data = data.find(|data| data.is_dir());
        ensure!(data.is_some(), "there is no botocore in {}", venv.display());
        Ok(Arc::new(Self { data: data.unwrap_or_default(), read: Mutex::default() }))
    }

    /// A service by botocore's name, in its newest version; `None` if botocore does not know it.
    pub(crate) fn service(&self, name: &str) -> Option<Arc<Service>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.entry(name.to_owned()).or_insert_with(|| self.load(name)).clone()
    }

    fn load(&self, name: &str) -> Option<Arc<Service>> {
        let versions = std::fs::read_dir(self.data.join(name)).ok()?;
        let newest =
            versions.flatten().map(|version| version.path()).filter(|path| path.is_dir()).max()?;
        let packed = std::fs::File::open(newest.join("service-2.json.gz")).ok()?;
        let mut text = String::new();
        GzDecoder::new(packed).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok().map(Arc::new)
    }
}

impl Service {
    /// An operation in any of the spellings of runbooks: `DescribeInstances`, `describe_instances`,
    /// `describe-instances`.
    pub(crate) fn operation(&self, api: &str) -> Option<&Operation> {
        if let Some(operation) = self.operations.get(api) {
            return Some(operation);
        }
        let wanted = plain(api);
        self.operations.values().find(|operation| plain(&operation.name) == wanted)
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

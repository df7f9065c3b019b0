//! `relay event FILE`: one envelope, delivered as it stands through the deployed rules.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Delivers the envelope in `file` to the default bus of its own account and Region.
pub async fn run(file: &Path, endpoint: &str) -> Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let envelope: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))?;
    let field = |name: &str| {
        envelope[name].as_str().with_context(|| format!("{}: no `{name}`", file.display()))
    };
    let path = format!("events?account={}&region={}", field("account")?, field("region")?);
    crate::local_aws::relay(endpoint, "POST", &path, &envelope).await?;
    println!("delivered {} ({})", field("id")?, field("detail-type")?);
    Ok(())
}

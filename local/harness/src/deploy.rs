//! Packages and deploys templates to the local AWS through CloudFormation, as `sam deploy` would.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, Parameter, StackStatus};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CreateBucketConfiguration;
use futures::{StreamExt, TryStreamExt};
use regex::Regex;
use sha2::{Digest, Sha256};

use crate::{aws, build, root};

/// A stack's outputs by key.
pub type Outputs = BTreeMap<String, String>;

/// Deploys the suite's own template with its functions and state machines.
///
/// # Errors
/// When an artifact is missing or the stack does not become complete: with the events that say why.
pub async fn suite(config: &SdkConfig, parameters: &[(&str, String)]) -> Result<Outputs> {
    // Names of buckets are everybody's; the key of a local account is its id.
    let provider = config.credentials_provider().context("credentials are configured")?;
    let account = provider.provide_credentials().await?;
    let region = config.region().map(AsRef::as_ref).unwrap_or_default();
    let bucket = &format!("runbook-relay-artifacts-{}-{region}", account.access_key_id());
    let s3 = aws::s3(config);
    // In us-east-1 the Region must not be named, elsewhere it must.
    let place = (region != "us-east-1")
        .then(|| CreateBucketConfiguration::builder().location_constraint(region.into()).build());
    let made = s3.create_bucket().bucket(bucket).set_create_bucket_configuration(place);
    match made.send().await.map_err(aws_sdk_s3::Error::from) {
        // From an earlier start with the same state.
        Ok(_) | Err(aws_sdk_s3::Error::BucketAlreadyOwnedByYou(_)) => {}
        Err(error) => return Err(error).context("create the artifact bucket"),
    }
    let template = std::fs::read_to_string(root().join("template.yaml"))?;
    let mut packaged = template.clone();
    let artifact = Regex::new(r"(?m)(CodeUri|DefinitionUri): *(\S+)")?;
    let found: Vec<(String, String)> =
        artifact.captures_iter(&template).map(|c| (c[1].to_owned(), c[2].to_owned())).collect();
    let uploads = futures::stream::iter(found).map(|(kind, path)| {
        let s3 = s3.clone();
        async move {
            let file = match kind.as_str() {
                "CodeUri" => {
                    // `target/lambda/NAME/` in a checkout, `functions/NAME.zip` in a bundle.
                    let name = Path::new(&path).file_stem().context("CodeUri names no function")?;
                    build::archive(&name.to_string_lossy())?
                }
                _ => root().join(&path),
            };
            let bytes = std::fs::read(&file).with_context(|| format!("read {}", file.display()))?;
            let digest = Sha256::digest(&bytes);
            let key = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect::<String>();
            s3.put_object().bucket(bucket).key(&key).body(ByteStream::from(bytes)).send().await?;
            anyhow::Ok((format!("{kind}: {path}"), format!("{kind}: s3://{bucket}/{key}")))
        }
    });
    let replaced: Vec<(String, String)> = uploads.buffer_unordered(4).try_collect().await?;
    for (from, to) in replaced {
        packaged = packaged.replace(&from, &to);
    }
    s3.put_object()
        .bucket(bucket)
        .key("template.yaml")
        .body(ByteStream::from(packaged.into_bytes()))
        .send()
        .await?;
    let endpoint = config.endpoint_url().unwrap_or_default();
    let url = format!("{endpoint}/{bucket}/template.yaml");
    create(config, "runbook-relay", Source::Url(url), parameters).await
}

/// The names of the parameters that the suite's template takes.
///
/// # Errors
/// When it cannot be read.
pub fn parameters() -> Result<Vec<String>> {
    let template = std::fs::read_to_string(root().join("template.yaml"))?;
    let section =
        template.split("\nParameters:\n").nth(1).context("template.yaml has parameters")?;
    let lines = section.lines().take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let name = Regex::new("^  ([A-Za-z0-9]+):")?;
    Ok(lines.filter_map(|line| Some(name.captures(line)?[1].to_owned())).collect())
}

/// Deploys one of the plain templates of `stacks/`.
///
/// # Errors
/// As [`suite`].
pub async fn stack(
    config: &SdkConfig,
    name: &str,
    file: &str,
    parameters: &[(&str, String)],
) -> Result<Outputs> {
    let body = std::fs::read_to_string(root().join("stacks").join(file))
        .with_context(|| format!("read stacks/{file}"))?;
    create(config, name, Source::Body(body), parameters).await
}

enum Source {
    Url(String),
    Body(String),
}

async fn create(
    config: &SdkConfig,
    name: &str,
    source: Source,
    parameters: &[(&str, String)],
) -> Result<Outputs> {
    let client = Client::new(config);
    let mut request = client
        .create_stack()
        .stack_name(name)
        .capabilities(Capability::CapabilityNamedIam)
        .capabilities(Capability::CapabilityAutoExpand);
    request = match source {
        Source::Url(url) => request.template_url(url),
        Source::Body(body) => request.template_body(body),
    };
    for (key, value) in parameters {
        let parameter = Parameter::builder().parameter_key(*key).parameter_value(value).build();
        request = request.parameters(parameter);
    }
    request.send().await.map_err(aws_sdk_cloudformation::Error::from)?;
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let described = client.describe_stacks().stack_name(name).send().await?;
        let stack = described.stacks().first().with_context(|| format!("{name} is gone"))?;
        match stack.stack_status() {
            Some(StackStatus::CreateComplete) => return Ok(outputs_of(stack)),
            Some(StackStatus::CreateInProgress) => {}
            status => bail!("stack {name}: {status:?}\n{}", failures(&client, name).await?),
        }
    }
}

fn outputs_of(stack: &aws_sdk_cloudformation::types::Stack) -> Outputs {
    let pairs = stack.outputs().iter();
    pairs.filter_map(|o| Some((o.output_key()?.into(), o.output_value()?.into()))).collect()
}

/// The outputs of a stack that is there.
///
/// # Errors
/// When it is not there.
pub async fn outputs(config: &SdkConfig, name: &str) -> Result<Outputs> {
    let described = Client::new(config).describe_stacks().stack_name(name).send().await;
    let described = described.map_err(aws_sdk_cloudformation::Error::from)?;
    described.stacks().first().map(outputs_of).with_context(|| format!("{name} is gone"))
}

async fn failures(client: &Client, name: &str) -> Result<String> {
    let events = client.describe_stack_events().stack_name(name).send().await?;
    let lines = events
        .stack_events()
        .iter()
        .filter(|event| event.resource_status().is_some_and(|s| s.as_str().ends_with("FAILED")))
        .map(|event| {
            format!(
                "  {} {}: {}",
                event.resource_type().unwrap_or_default(),
                event.logical_resource_id().unwrap_or_default(),
                event.resource_status_reason().unwrap_or_default()
            )
        });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

//! The few calls of EC2 that the suite makes, over its query protocol.
//!
//! Not `aws-sdk-ec2`: for three calls its 700 operations cost every build minutes and gigabytes
//! (docs/decisions/0014).

use aws_config::SdkConfig;
use roxmltree::{Document, Node};

use crate::signed::Signed;
use crate::{AwsError, AwsErrorKind};

const VERSION: &str = "2016-11-15";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// EC2 in one account and Region.
#[derive(Debug, Clone)]
pub struct Ec2(Signed);

/// The fields of an instance that the suite reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    /// `instanceId`.
    pub id: String,
    /// `instanceType`.
    pub kind: String,
    /// `instanceState.name`.
    pub state: String,
    /// The value of the tag `Name`.
    pub name: Option<String>,
    /// `rootDeviceType` is `instance-store`.
    pub instance_store_root: bool,
    /// The value of the tag `aws:autoscaling:groupName`, which EC2 Auto Scaling sets.
    pub auto_scaling_group: Option<String>,
    /// One of its addresses belongs to Amazon's pool: `ipOwnerId` is `amazon`, not an account.
    pub loose_public_address: bool,
}

impl Ec2 {
    /// From the configuration of an account and Region. Calls nothing.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Signed::new(config, "ec2"))
    }

    /// DescribeInstances of these ids.
    ///
    /// # Errors
    /// When EC2 refuses or does not answer; `InvalidInstanceID.NotFound` is [`AwsErrorKind::NotFound`].
    pub async fn instances(&self, ids: &[String]) -> Result<Vec<Instance>, AwsError> {
        let text = self.call("DescribeInstances", &listed("InstanceId", ids)).await?;
        let document = parse(&text)?;
        let sets = document.descendants().filter(|node| node.has_tag_name("instancesSet"));
        Ok(sets.flat_map(items).map(instance).collect())
    }

    /// DescribeInstanceTypes of one type: how many instance-store volumes it has.
    ///
    /// # Errors
    /// When EC2 refuses or does not answer.
    pub async fn instance_store_volumes(&self, kind: &str) -> Result<u32, AwsError> {
        let kinds = listed("InstanceType", &[kind.to_owned()]);
        let text = self.call("DescribeInstanceTypes", &kinds).await?;
        let document = parse(&text)?;
        let counts = document
            .descendants()
            .filter(|node| node.has_tag_name("disks"))
            .flat_map(items)
            .filter_map(|disk| child_text(disk, "count")?.parse::<u32>().ok());
        Ok(counts.sum())
    }

    /// DescribeInstanceStatus of these ids: for how many both status checks are `ok`. EC2 leaves out
    /// instances that are not running.
    ///
    /// # Errors
    /// When EC2 refuses or does not answer.
    pub async fn passing_both_checks(&self, ids: &[String]) -> Result<usize, AwsError> {
        let text = self.call("DescribeInstanceStatus", &listed("InstanceId", ids)).await?;
        let document = parse(&text)?;
        let ok = |item: Node<'_, '_>, check: &str| {
            let check = item.children().find(|node| node.has_tag_name(check));
            check.and_then(|check| child_text(check, "status")) == Some("ok")
        };
        let set = document.descendants().find(|node| node.has_tag_name("instanceStatusSet"));
        let statuses = set.into_iter().flat_map(items);
        Ok(statuses.filter(|item| ok(*item, "instanceStatus") && ok(*item, "systemStatus")).count())
    }

    async fn call(&self, action: &str, fields: &[(String, String)]) -> Result<String, AwsError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", VERSION)
            .extend_pairs(fields)
            .finish();
        let (status, text) = self.0.post(action, &[("content-type", FORM)], body).await?;
        if (200..300).contains(&status) { Ok(text) } else { Err(refusal(&text, status)) }
    }
}

fn instance(node: Node<'_, '_>) -> Instance {
    let tag = |key: &str| {
        let tags = node.children().filter(|child| child.has_tag_name("tagSet")).flat_map(items);
        let mut of_key = tags.filter(|tag| child_text(*tag, "key") == Some(key));
        of_key.find_map(|tag| child_text(tag, "value")).map(str::to_owned)
    };
    let state = node.children().find(|child| child.has_tag_name("instanceState"));
    let state = state.and_then(|state| child_text(state, "name"));
    let owners = node.descendants().filter(|child| child.has_tag_name("ipOwnerId"));
    Instance {
        id: child_text(node, "instanceId").unwrap_or_default().to_owned(),
        kind: child_text(node, "instanceType").unwrap_or_default().to_owned(),
        state: state.unwrap_or_default().to_owned(),
        name: tag("Name").filter(|name| !name.is_empty()),
        instance_store_root: child_text(node, "rootDeviceType") == Some("instance-store"),
        auto_scaling_group: tag("aws:autoscaling:groupName"),
        loose_public_address: owners.filter_map(|owner| owner.text()).any(|id| id == "amazon"),
    }
}

/// `Name.1=…&Name.2=…`.
fn listed(name: &str, values: &[String]) -> Vec<(String, String)> {
    let numbered = values.iter().enumerate();
    numbered.map(|(index, value)| (format!("{name}.{}", index + 1), value.clone())).collect()
}

fn items<'a, 'input>(list: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    list.children().filter(|child| child.has_tag_name("item"))
}

fn child_text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.children().find(|child| child.has_tag_name(name))?.text()
}

fn parse(text: &str) -> Result<Document<'_>, AwsError> {
    Document::parse(text).map_err(|error| AwsError::unreadable_answer(&error))
}

/// `<Response><Errors><Error><Code/><Message/></Error></Errors></Response>`.
fn refusal(text: &str, status: u16) -> AwsError {
    let document = Document::parse(text).ok();
    let error = document
        .as_ref()
        .and_then(|document| document.descendants().find(|node| node.has_tag_name("Error")));
    let part = |name: &str| error.and_then(|error| child_text(error, name)).map(str::to_owned);
    let code = part("Code").unwrap_or_else(|| format!("Http{status}"));
    AwsError {
        kind: AwsErrorKind::of(&code, status),
        message: part("Message").unwrap_or_else(|| "no message".to_owned()),
        code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_says_its_group_its_root_and_whose_its_address_is() {
        let text = r#"<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
            <reservationSet><item><groupSet/><instancesSet><item>
              <instanceId>i-0123456789abcdef0</instanceId><instanceType>m5d.large</instanceType>
              <instanceState><code>16</code><name>running</name></instanceState>
              <rootDeviceType>instance-store</rootDeviceType>
              <networkInterfaceSet><item><association><ipOwnerId>amazon</ipOwnerId></association>
              </item></networkInterfaceSet>
              <tagSet><item><key>Name</key><value>a</value></item>
                <item><key>aws:autoscaling:groupName</key><value>web</value></item></tagSet>
            </item></instancesSet></item></reservationSet></DescribeInstancesResponse>"#;
        let document = parse(text).unwrap();
        let sets = document.descendants().filter(|node| node.has_tag_name("instancesSet"));
        let found: Vec<Instance> = sets.flat_map(items).map(instance).collect();
        assert_eq!(
            found,
            [Instance {
                id: "i-0123456789abcdef0".into(),
                kind: "m5d.large".into(),
                state: "running".into(),
                name: Some("a".into()),
                instance_store_root: true,
                auto_scaling_group: Some("web".into()),
                loose_public_address: true,
            }]
        );
    }

    #[test]
    fn a_refusal_keeps_ec2s_code() {
        let text = "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>\
                    <Message>gone</Message></Error></Errors></Response>";
        let error = refusal(text, 400);
        assert_eq!((error.kind, error.message.as_str()), (AwsErrorKind::NotFound, "gone"));
        assert_eq!(refusal("", 503).kind, AwsErrorKind::Unavailable);
    }
}

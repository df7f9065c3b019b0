//! Service settings: values of an account in a Region that change how SSM serves it.

use api::{AwsError, Request};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    arn, errors,
    input::{SettingName, UpdateServiceSetting},
    reply::Epoch,
    state::Documents,
};

const PUBLIC_SHARING: &str = "/ssm/documents/console/public-sharing-permission";

/// The settings there are, with their defaults and the values they take (any, where none are
/// named), from the description of `UpdateServiceSetting` in the service model.
const KNOWN: [(&str, &str, &[&str]); 11] = [
    ("/ssm/appmanager/appmanager-enabled", "False", &["True", "False"]),
    ("/ssm/automation/customer-script-log-destination", "None", &["CloudWatch", "None"]),
    ("/ssm/automation/customer-script-log-group-name", "/aws/ssm/automation/executeScript", &[]),
    ("/ssm/automation/enable-adaptive-concurrency", "False", &["True", "False"]),
    // In the user guide only: seconds, 0 to 3600.
    ("/ssm/automation/throttling-retry-time-limit", "0", &[]),
    (PUBLIC_SHARING, "Enable", &["Enable", "Disable"]),
    ("/ssm/managed-instance/activation-tier", "standard", &["standard", "advanced"]),
    ("/ssm/managed-instance/default-ec2-instance-management-role", "$None", &[]),
    ("/ssm/opsinsights/opscenter", "Disabled", &["Enabled", "Disabled"]),
    (
        "/ssm/parameter-store/default-parameter-tier",
        "Standard",
        &["Standard", "Advanced", "Intelligent-Tiering"],
    ),
    ("/ssm/parameter-store/high-throughput-enabled", "false", &["true", "false"]),
];

/// When AWS set the defaults: one of its own examples, in seconds since the epoch.
const DEFAULTS_SINCE: i64 = 1_555_532_571;

/// A value that somebody set.
pub(crate) struct Setting {
    value: String,
    at: Timestamp,
    by: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SettingOut {
    service_setting: ServiceSetting,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceSetting {
    setting_id: &'static str,
    setting_value: String,
    last_modified_date: Epoch,
    last_modified_user: String,
    #[serde(rename = "ARN")]
    arn: String,
    status: &'static str,
}

struct Known {
    id: &'static str,
    default: &'static str,
    values: &'static [&'static str],
}

/// Whether an account's documents may not be shared with all in the request's Region.
pub(crate) fn public_sharing_blocked(documents: &Documents, request: &Request) -> bool {
    documents.set(request, PUBLIC_SHARING).is_some_and(|setting| setting.value == "Disable")
}

/// A setting's id, which a request may name by its ARN.
pub(crate) fn id<'a>(request: &Request, named: &'a str) -> Option<&'a str> {
    let own = arn::ssm(&request.region, &request.account, "servicesetting");
    if named.starts_with("arn:") { named.strip_prefix(&own) } else { Some(named) }
}

/// The value in force for every caller.
pub(crate) fn value(
    documents: &Documents,
    account: &str,
    region: &str,
    id: &str,
) -> Option<String> {
    let (_, default, _) = KNOWN.into_iter().find(|known| known.0 == id)?;
    let key = (account.to_owned(), id.to_owned());
    let set = documents.region(region).and_then(|region| region.settings.get(&key));
    Some(set.map_or_else(|| default.to_owned(), |setting| setting.value.clone()))
}

impl Documents {
    /// `GetServiceSetting`.
    pub(crate) fn setting(
        &self,
        request: &Request,
        input: &SettingName,
    ) -> Result<SettingOut, AwsError> {
        let known = known(request, &input.setting_id)?;
        Ok(SettingOut { service_setting: self.effective(request, &known) })
    }

    /// `UpdateServiceSetting`.
    pub(crate) fn update_setting(
        &mut self,
        request: &Request,
        input: UpdateServiceSetting,
    ) -> Result<(), AwsError> {
        let known = known(request, &input.setting_id)?;
        self.not_busy(request, &format!("servicesetting{}", known.id))?;
        let value = input.setting_value;
        if !known.values.is_empty() && !known.values.contains(&value.as_str()) {
            return Err(errors::validation(format!(
                "Setting value {value} is not valid for {}: it must be one of {}.",
                known.id,
                known.values.join(", ")
            )));
        }
        let key = (request.account.clone(), known.id.to_owned());
        let setting = Setting { value, at: request.now, by: request.principal_arn.clone() };
        self.region_mut(&request.region).settings.insert(key, setting);
        Ok(())
    }

    /// `ResetServiceSetting`: back to AWS's default, which is the reply.
    pub(crate) fn reset_setting(
        &mut self,
        request: &Request,
        input: &SettingName,
    ) -> Result<SettingOut, AwsError> {
        let known = known(request, &input.setting_id)?;
        self.not_busy(request, &format!("servicesetting{}", known.id))?;
        let key = (request.account.clone(), known.id.to_owned());
        self.region_mut(&request.region).settings.remove(&key);
        Ok(SettingOut { service_setting: self.effective(request, &known) })
    }

    fn effective(&self, request: &Request, known: &Known) -> ServiceSetting {
        let arn =
            arn::ssm(&request.region, &request.account, &format!("servicesetting{}", known.id));
        match self.set(request, known.id) {
            Some(setting) => ServiceSetting {
                setting_id: known.id,
                setting_value: setting.value.clone(),
                last_modified_date: Epoch(setting.at),
                last_modified_user: setting.by.clone(),
                arn,
                status: "Customized",
            },
            None => ServiceSetting {
                setting_id: known.id,
                setting_value: known.default.to_owned(),
                last_modified_date: Epoch(
                    Timestamp::from_second(DEFAULTS_SINCE).unwrap_or(Timestamp::UNIX_EPOCH),
                ),
                last_modified_user: "System".to_owned(),
                arn,
                status: "Default",
            },
        }
    }

    fn set(&self, request: &Request, id: &str) -> Option<&Setting> {
        let key = (request.account.clone(), id.to_owned());
        self.region(&request.region)?.settings.get(&key)
    }
}

fn known(request: &Request, named: &str) -> Result<Known, AwsError> {
    let known = id(request, named).and_then(|id| KNOWN.into_iter().find(|known| known.0 == id));
    let (id, default, values) = known.ok_or_else(|| errors::setting_not_found(named))?;
    Ok(Known { id, default, values })
}

//! Adaptive concurrency: a setting of the account and Region, that lets more automations run at once.

use aws::AwsError;
use aws_sdk_ssm::Client;

const SETTING: &str = "/ssm/automation/enable-adaptive-concurrency";

/// Switches it on where it is off. Never off: other runs may count on it.
pub(crate) async fn switch_on(client: &Client) -> Result<(), AwsError> {
    let setting = client.get_service_setting().setting_id(SETTING).send().await?.service_setting;
    let on = setting.and_then(|setting| setting.setting_value);
    if on.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(());
    }
    client.update_service_setting().setting_id(SETTING).setting_value("True").send().await?;
    tracing::info!("adaptive concurrency is on");
    Ok(())
}

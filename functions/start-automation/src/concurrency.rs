//! Adaptive concurrency: a setting of an account and Region that allows more automations at once.

use aws::AwsError;
use aws_sdk_ssm::Client;

const SETTING: &str = "/ssm/automation/enable-adaptive-concurrency";

/// Enables it where it is disabled. Never disables it: other runs may rely on it.
pub(crate) async fn enable(client: &Client) -> Result<(), AwsError> {
    let setting = client.get_service_setting().setting_id(SETTING).send().await?.service_setting;
    let on = setting.and_then(|setting| setting.setting_value);
    if on.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(());
    }
    client.update_service_setting().setting_id(SETTING).setting_value("True").send().await?;
    tracing::info!("adaptive concurrency was enabled");
    Ok(())
}

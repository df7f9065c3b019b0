//! The common parts of the actions on AMIs.

use serde_json::{Value, json};

use super::failure::phrase;
use super::instances::items;
use super::{Call, Done, Failure, outputs};
use crate::ports::ApiError;

/// For so many looks an image that was just made may be unknown to EC2.
const LOOKS_UNTIL_KNOWN: u32 = 10;

/// An image of the account with this name.
pub(super) async fn named(call: &Call<'_>, name: &str) -> Result<Option<String>, ApiError> {
    let filter = json!({"Name": "name", "Values": [name]});
    let parameters = json!({"Owners": ["self"], "Filters": [filter]});
    let answer = call.read("ec2", "DescribeImages", parameters).await?;
    // Compared once more: in a filter `*` and `?` stand for other characters.
    let found = items(&answer, "Images").find(|image| image["Name"] == name);
    Ok(found.and_then(|image| image["ImageId"].as_str()).map(str::to_owned))
}

/// The image of an id; `None` if there is none.
pub(super) async fn find(call: &Call<'_>, id: &str) -> Result<Option<Value>, ApiError> {
    match call.read("ec2", "DescribeImages", json!({"ImageIds": [id]})).await {
        Ok(answer) => Ok(items(&answer, "Images").next().cloned()),
        Err(error)
            if error.code.starts_with("InvalidAMIID.")
                && error.code != "InvalidAMIID.Malformed" =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Waits until an image is available.
pub(super) async fn available(call: &Call<'_>, id: &str) -> Result<Done, Failure> {
    let mut waits = call.waits();
    let mut unknown = 0;
    loop {
        let image = find(call, id).await.map_err(|error| Failure::api(phrase::POLL, &error))?;
        let state = image.as_ref().and_then(|image| image["State"].as_str());
        let told = json!({"ImageId": id, "ImageState": state});
        match state {
            Some("available") => return outputs::fixed(call, told),
            Some("pending" | "transient") => {}
            None if unknown < LOOKS_UNTIL_KNOWN => unknown += 1,
            None => {
                return Err(Failure::unverified(
                    phrase::POLL,
                    &format!("Image {id} does not exist"),
                ));
            }
            Some(state) => {
                let reason =
                    image.as_ref().and_then(|image| image["StateReason"]["Message"].as_str());
                let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                let error = format!("Image {id} entered unexpected state: {state}{reason}");
                return Err(
                    Failure::unverified(phrase::POLL, &error).with_outputs(outputs::map(told))
                );
            }
        }
        waits.pause().await;
    }
}

//! STS: every account has the suite's roles, unless its stack is missing.

use crate::{COPY_ROLE, Call, READ_ROLE, Refusal, Reply, SHARE_ROLE, Served, State};

pub(crate) fn serve(state: &State, call: &Call) -> Served {
    assert_eq!(call.operation, "AssumeRole");
    let arn = call.text("RoleArn");
    let account = arn.split(':').nth(4).unwrap();
    let role = arn.rsplit('/').next().unwrap();
    if state.without_roles.contains(account) || ![READ_ROLE, SHARE_ROLE, COPY_ROLE].contains(&role)
    {
        let what = format!("not authorized to perform: sts:AssumeRole on resource: {arn}");
        return Err(Refusal::new("AccessDenied", &what));
    }
    Ok(Reply::Xml(format!(
        "<Credentials><AccessKeyId>{account}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
    )))
}

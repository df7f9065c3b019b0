//! One account and Region: what its regional services remember.

use std::collections::BTreeMap;

use crate::{Alarm, Instance, Ssm};

#[derive(Debug, Default)]
pub struct Place {
    pub ssm: Ssm,
    /// By the alarm's name.
    pub alarms: BTreeMap<String, Alarm>,
    /// By the instance's id.
    pub instances: BTreeMap<String, Instance>,
}

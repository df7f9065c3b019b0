//! One account and Region: what its regional services remember.

use std::collections::BTreeMap;

use crate::{Alarm, Instance, Ssm};

#[derive(Debug, Default)]
pub struct Place {
    pub ssm: Ssm,
    /// Alarms by name.
    pub alarms: BTreeMap<String, Alarm>,
    /// Instances by id.
    pub instances: BTreeMap<String, Instance>,
}

//! AWS's list prices in us-east-1, dollars each. Written down by hand: look at the pricing pages before relying on them.
//! <https://aws.amazon.com/step-functions/pricing/>, <https://aws.amazon.com/lambda/pricing/>,
//! <https://aws.amazon.com/dynamodb/pricing/on-demand/>, <https://aws.amazon.com/s3/pricing/>.

/// A state transition of a standard workflow.
pub(super) const TRANSITION: f64 = 25e-6;
/// A request to a function.
pub(super) const INVOCATION: f64 = 0.2e-6;
/// A gigabyte for a second, on Arm.
pub(super) const GIGABYTE_SECOND: f64 = 13.333_4e-6;
/// A write to an on-demand table, of up to 1 KB.
pub(super) const WRITE: f64 = 0.625e-6;
/// A consistent read, of up to 4 KB.
pub(super) const READ: f64 = 0.125e-6;
/// A request to a queue.
pub(super) const QUEUE: f64 = 0.4e-6;
/// A request to CloudWatch.
pub(super) const CLOUDWATCH: f64 = 10e-6;
/// An object put into a bucket.
pub(super) const PUT: f64 = 5e-6;
/// A message to a topic.
pub(super) const PUBLISH: f64 = 0.5e-6;
/// A step of a runbook.
pub(super) const STEP: f64 = 2e-3;

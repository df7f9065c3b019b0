//! State Manager associations of Automation documents: run once and on their schedule.

mod check;
mod cron;
mod errors;
mod filters;
mod model;
mod operations;
mod runs;
mod schedule;
mod shapes;

pub(crate) use model::Association;

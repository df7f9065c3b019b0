//! Tests of the engine as a whole, in virtual time, against the world in memory.

mod approval;
mod cancel;
mod children;
mod crash;
mod durable;
mod flow;
mod interactive;
mod limits;
mod locations;
mod loops;
mod retire;
mod rig;
mod start;
mod status;
mod targets;
mod variables;

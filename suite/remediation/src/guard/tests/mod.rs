//! Tests of the guardrails: their order, what a crash leaves behind, and what holds whatever happens
//! in between.

mod crash;
mod each;
mod leases;
mod order;
mod properties;

//! Tests of the brakes: their order, and what holds whatever happens in between.

mod order;

mod properties;

mod table;

//! Rules about a document as a whole.

mod flow;
mod names;

pub(crate) use flow::flow;
pub(crate) use names::names;

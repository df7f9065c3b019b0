//! Measures the functions that share: `cargo xtask bench --only organization` runs it part by part.
//!
//! - `simulate ACCOUNTS UNITS DOCUMENTS COPIED REGIONS SSM ORGANIZATIONS`: calls, states and seconds, with AWS's answers
//!   throttled to so many calls a second;
//! - `memory ACCOUNTS UNITS DOCUMENTS COPIED`: the memory of every function, in one Region;
//! - `invoke`: one invocation, as `memory` asks for it on standard input.
//!
//! Prints one line of JSON.

#![expect(clippy::print_stdout, reason = "it is run to be read")]
#![recursion_limit = "256"]

use std::str::FromStr;

use anyhow::{Context, Result, bail};
use bench_organization::simulation::Rates;
use bench_organization::{Size, memory, simulation};
use runtime::Clock;
use tokio::runtime::Builder;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let part = arguments.next().context("which part?")?;
    let mut number = || next::<usize>(&mut arguments);
    let figures = match part.as_str() {
        "simulate" => {
            let (accounts, units) = (number()?, number()?);
            let (documents, copied, regions) = (number()?, number()?, number()?);
            let size = Size { accounts, units, documents, copied, regions };
            let rates = Rates { ssm: next(&mut arguments)?, organizations: next(&mut arguments)? };
            let runtime = Builder::new_current_thread().enable_all().start_paused(true).build()?;
            runtime.block_on(simulation::run(&size, rates))?
        }
        "memory" => {
            let (accounts, units) = (number()?, number()?);
            let size =
                Size { accounts, units, documents: number()?, copied: number()?, regions: 1 };
            let program = std::env::current_exe()?;
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            let now = Clock::system().now().to_string();
            runtime.block_on(memory::run(&size, program, &now))?
        }
        "invoke" => {
            let request = serde_json::from_reader(std::io::stdin().lock())?;
            // As the functions' own runtime.
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(memory::invoke(request))?
        }
        other => bail!("there is no part {other}"),
    };
    println!("{figures}");
    Ok(())
}

fn next<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    arguments: &mut impl Iterator<Item = String>,
) -> Result<T> {
    let argument = arguments.next().context("an argument is missing")?;
    argument.parse().with_context(|| format!("{argument} is not a number"))
}

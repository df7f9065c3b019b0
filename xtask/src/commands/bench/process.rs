//! The kernel's figures about processes: how much memory they use, and which of them are functions.

use std::path::Path;

/// A process's memory in use, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Memory {
    /// Resident now, in bytes.
    pub(super) now: u64,
    /// At most, since it was started.
    pub(super) peak: u64,
}

/// The memory of a process, while it runs.
pub(super) fn memory(id: u32) -> Option<Memory> {
    parse(&std::fs::read_to_string(format!("/proc/{id}/status")).ok()?)
}

fn parse(status: &str) -> Option<Memory> {
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
    };
    Some(Memory { now: kilobytes("VmRSS")? * 1024, peak: kilobytes("VmHWM")? * 1024 })
}

/// The processes in which the local AWS at `endpoint` runs the function of this name.
pub(super) fn of_function(endpoint: &str, name: &str) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| is_function(*id, endpoint, name).unwrap_or(false)).collect()
}

fn is_function(id: u32, endpoint: &str, name: &str) -> std::io::Result<bool> {
    let folder = format!("/proc/{id}");
    let environment = std::fs::read(Path::new(&folder).join("environ"))?;
    let has = |name: &str, value: &str| {
        let wanted = format!("{name}={value}");
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    };
    Ok(has("AWS_LAMBDA_FUNCTION_NAME", name) && has("AWS_ENDPOINT_URL", endpoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_kernels_lines() {
        let status = "Name:\tbootstrap\nVmHWM:\t   13520 kB\nVmRSS:\t   12000 kB\nThreads:\t3\n";
        assert_eq!(parse(status), Some(Memory { now: 12_288_000, peak: 13_844_480 }));
        assert_eq!(parse("Name:\tzombie\n"), None);
    }

    #[test]
    fn this_process_has_memory_and_is_no_function() {
        assert!(memory(std::process::id()).is_some_and(|memory| memory.peak >= memory.now));
        assert!(of_function("http://127.0.0.1:1", "nobody").is_empty());
    }
}

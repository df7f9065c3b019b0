//! The interpreter of each `Runtime` of `aws:executeScript`.

/// The two kinds of script there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runtime {
    /// `python3.6` to whatever comes: the one Python there is.
    Python,
    /// `PowerShell Core 6.0`, `PowerShell 7.0`, `PowerShell 7.4`: `pwsh`, if it is installed.
    PowerShell,
}

impl Runtime {
    pub(crate) fn of(name: &str) -> Option<Self> {
        if name
            .strip_prefix("python")
            .is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        {
            Some(Self::Python)
        } else if name.starts_with("PowerShell") {
            Some(Self::PowerShell)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runtime_there_was_is_one_of_two() {
        for name in ["python3.6", "python3.7", "python3.8", "python3.10", "python3.11"] {
            assert_eq!(Runtime::of(name), Some(Runtime::Python));
        }
        for name in ["PowerShell Core 6.0", "PowerShell 7.0", "PowerShell 7.4"] {
            assert_eq!(Runtime::of(name), Some(Runtime::PowerShell));
        }
        for name in ["", "python", "nodejs18.x", "ruby"] {
            assert_eq!(Runtime::of(name), None, "{name}");
        }
    }
}

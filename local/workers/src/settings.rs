//! Where Python is, where it may write, and what it talks to.

use std::io;
use std::path::{Path, PathBuf};

use crate::process::Launch;

/// How the processes are started.
#[derive(Clone, Debug)]
pub struct PythonSettings {
    /// The interpreter, with boto3 among its packages.
    pub python: PathBuf,
    /// The local AWS: `http://127.0.0.1:PORT`. The only address that scripts reach.
    pub endpoint: String,
    /// A folder of our own for sources and the scripts' own folders, which go when they are done.
    pub folder: PathBuf,
    /// `PATH` of all processes, scripts included; where `pwsh` is looked for.
    pub path: String,
    /// Loopback ports that scripts may reach beside the endpoint's.
    pub ports: Vec<u16>,
    /// How many processes make API calls. Each makes 64 calls at a time.
    pub api_workers: usize,
    /// How many scripts run at a time. More wait, and that wait does not count towards their time-out.
    pub scripts_at_once: usize,
}

impl PythonSettings {
    /// Two API workers, and as many scripts at a time as an account runs automations: 100.
    pub fn new(python: PathBuf, endpoint: String, folder: PathBuf) -> Self {
        Self {
            python,
            endpoint,
            folder,
            path: "/usr/local/bin:/usr/bin:/bin".into(),
            ports: Vec::new(),
            api_workers: 2,
            scripts_at_once: 100,
        }
    }

    pub(crate) fn api_command(&self, sources: &Path) -> Launch {
        self.launch(sources, "api.py", vec![self.endpoint.clone()])
    }

    /// # Errors
    /// When the endpoint names no port, so that no fence could let it through.
    pub(crate) fn script_command(&self, sources: &Path) -> io::Result<Launch> {
        let port = self.endpoint.trim_end_matches('/').rsplit_once(':').map(|(_, port)| port);
        let port: u16 = port.and_then(|port| port.parse().ok()).ok_or_else(|| {
            let said = format!("{} is not http://127.0.0.1:PORT", self.endpoint);
            io::Error::new(io::ErrorKind::InvalidInput, said)
        })?;
        let ports = [port].iter().chain(&self.ports).map(u16::to_string).collect();
        Ok(self.launch(sources, "scripts.py", ports))
    }

    /// Where a program of a name is on the path.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        std::env::split_paths(&self.path).map(|folder| folder.join(program)).find(|it| it.is_file())
    }

    fn launch(&self, sources: &Path, program: &str, arguments: Vec<String>) -> Launch {
        // Isolated: no user's packages, no PYTHON* variables; and no compiled files beside sources.
        let mut all = vec!["-I".into(), "-B".into(), sources.join(program).into_os_string()];
        all.extend(arguments.into_iter().map(Into::into));
        Launch {
            program: self.python.clone(),
            arguments: all,
            environment: vec![
                ("PATH".into(), self.path.clone().into()),
                ("HOME".into(), self.folder.clone().into()),
                ("TMPDIR".into(), self.folder.clone().into()),
                ("LANG".into(), "C.UTF-8".into()),
                ("AWS_CONFIG_FILE".into(), "/dev/null".into()),
                ("AWS_SHARED_CREDENTIALS_FILE".into(), "/dev/null".into()),
                ("AWS_EC2_METADATA_DISABLED".into(), "true".into()),
                // Every arena of glibc takes 64 MB of the address space that scripts are given.
                ("MALLOC_ARENA_MAX".into(), "2".into()),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(endpoint: &str) -> PythonSettings {
        PythonSettings::new("/p/python".into(), endpoint.into(), "/f".into())
    }

    #[test]
    fn the_fence_has_the_endpoints_port_and_those_named_beside_it() {
        let settings = PythonSettings { ports: vec![8080], ..settings("http://127.0.0.1:4566") };
        let launch = settings.script_command(Path::new("/s")).unwrap();
        assert_eq!(launch.arguments, ["-I", "-B", "/s/scripts.py", "4566", "8080"]);
    }

    #[test]
    fn an_endpoint_without_a_port_is_refused() {
        for endpoint in ["", "http://127.0.0.1", "127.0.0.1:port"] {
            assert!(settings(endpoint).script_command(Path::new("/s")).is_err(), "{endpoint}");
        }
    }

    #[test]
    fn what_is_not_on_the_path_is_not_found() {
        let settings =
            PythonSettings { path: "/nowhere:/dev".into(), ..settings("http://127.0.0.1:1") };
        assert_eq!(settings.find("pwsh"), None);
    }
}

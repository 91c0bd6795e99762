//! A child process that cannot outlive us.
//!
//! The kernel's death signal follows the *thread* that started the child, so each child has a thread of its own that
//! lives as long as the child does and reads its output.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// How much of the child's output is kept for a failure's message.
const LINES: usize = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Ready,
    Gone,
}

/// A running child. Dropping it kills the child.
#[derive(Debug)]
pub(crate) struct Keeper {
    child: Arc<Mutex<Option<Child>>>,
    pid: u32,
    phase: watch::Receiver<Phase>,
    output: Arc<Mutex<Vec<String>>>,
}

impl Keeper {
    /// Starts `command`; it is ready once a line of its output holds `ready_line` (at once where that is empty).
    pub(crate) fn start(command: Command, ready_line: &'static str) -> io::Result<Self> {
        let (phase, phases) = watch::channel(Phase::Starting);
        let child = Arc::new(Mutex::new(None));
        let output = Arc::new(Mutex::new(Vec::new()));
        let (started, wait_for_start) = std::sync::mpsc::sync_channel(1);
        let (child_slot, lines) = (child.clone(), output.clone());
        std::thread::Builder::new().name("keeper".to_owned()).spawn(move || {
            let spawned = spawn_dying_with_this_thread(&command);
            match spawned {
                Err(error) => drop(started.send(Err(error))),
                Ok(mut running) => {
                    let stdout = running.stdout.take();
                    let pid = running.id();
                    *lock(&child_slot) = Some(running);
                    let _ = started.send(Ok(pid));
                    if ready_line.is_empty() {
                        phase.send_replace(Phase::Ready);
                    }
                    read(stdout, ready_line, &phase, &lines);
                    reap(&child_slot);
                    phase.send_replace(Phase::Gone);
                }
            }
        })?;
        let pid = wait_for_start.recv().map_err(io::Error::other)??;
        Ok(Self { child, pid, phase: phases, output })
    }

    /// Waits for the ready line; `false` if the child ended before it.
    pub(crate) async fn ready(&mut self) -> bool {
        self.phase.wait_for(|phase| *phase != Phase::Starting).await.is_ok_and(|phase| *phase == Phase::Ready)
    }

    /// Waits until the child is gone.
    pub(crate) async fn gone(&mut self) {
        let _ = self.phase.wait_for(|phase| *phase == Phase::Gone).await;
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Any signal, by its name without SIG.
    pub(crate) fn signal(&self, name: &str) {
        let _ = Command::new("kill").arg(format!("-{name}")).arg(self.pid.to_string()).status();
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(child) = lock(&self.child).as_mut() {
            let _ = child.kill();
        }
    }

    /// The last lines that the child wrote.
    pub(crate) fn output(&self) -> String {
        lock(&self.output).join("\n")
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.kill();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spawn_dying_with_this_thread(command: &Command) -> io::Result<Child> {
    let mut dying = Command::new("setpriv");
    dying.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        if let Some(value) = value {
            dying.env(key, value);
        }
    }
    dying.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}

fn read(
    stdout: Option<std::process::ChildStdout>,
    ready_line: &str,
    phase: &watch::Sender<Phase>,
    lines: &Mutex<Vec<String>>,
) {
    let Some(stdout) = stdout else { return };
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if !ready_line.is_empty() && line.contains(ready_line) {
            phase.send_replace(Phase::Ready);
        }
        let mut kept = lock(lines);
        if kept.len() == LINES {
            kept.remove(0);
        }
        kept.push(line);
    }
}

/// Waits for the child without holding the lock, so that it can be killed meanwhile (it may have closed its output early).
fn reap(child: &Mutex<Option<Child>>) {
    loop {
        match lock(child).as_mut().map(Child::try_wait) {
            Some(Ok(None)) => {}
            _ => return,
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Starts a shell that removes `directory` as soon as this process is gone or the value is dropped.
pub(crate) fn remove_when_we_are_gone(directory: &Path) -> io::Result<Child> {
    const SCRIPT: &str =
        r#"trap "" INT TERM HUP; read -r _; for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$0" && break; sleep 0.2; done"#;
    Command::new("sh")
        .args(["-c", SCRIPT])
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

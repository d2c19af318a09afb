//! Events as Elastic Defend ships them: process, file, network.

use super::random::Random;
use super::world::{Host, Os, Process, hex, service, token};
use detect::runtime::value::date;
use std::fmt::Write as _;

/// What happened to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Fork,
    Exec,
    End,
}

/// Writes one event; holds what all events of a line have in common.
pub(super) struct Writer<'w> {
    pub(super) out: &'w mut String,
    pub(super) random: &'w mut Random,
    /// Milliseconds since 1970.
    pub(super) time: i64,
}

impl Writer<'_> {
    /// A process event.
    pub(super) fn process(&mut self, host: &mut Host, parent: usize, own: usize, change: Change) {
        let (action, types) = match change {
            Change::Fork => ("fork", "\"start\""),
            Change::Exec => ("exec", "\"start\""),
            Change::End => ("end", "\"end\""),
        };
        self.head(host, "process", &format!("\"{action}\""), types, "process");
        let (process, parent) = (host.processes[own].clone(), host.processes[parent].clone());
        self.out.push_str(",\"process\":{\"Ext\":{\"ancestry\":[");
        for (i, entity) in process.ancestry.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            let _infallible = write!(self.out, "\"{entity}\"");
        }
        let session = hex(self.random, 8);
        let _infallible = write!(self.out, "],\"authentication_id\":\"0x{session}\"}},");
        self.own(&process);
        let _infallible = write!(
            self.out,
            ",\"hash\":{{\"md5\":\"{}\",\"sha1\":\"{}\",\"sha256\":\"{}\"}},\"interactive\":{},\
             \"working_directory\":\"{}\"",
            hash_of(&process.executable, 32),
            hash_of(&process.executable, 40),
            hash_of(&process.executable, 64),
            process.name == "bash",
            process.directory,
        );
        if change == Change::End {
            self.out.push_str(",\"exit_code\":0");
        }
        self.out.push_str(",\"parent\":{");
        self.own(&parent);
        self.leader(&host.processes[0]);
        self.tail(&process);
    }

    /// A file event.
    pub(super) fn file(&mut self, host: &mut Host, own: usize, action: &str, path: &str) {
        let kind = match action {
            "deletion" => "deletion",
            "creation" => "creation",
            _ => "change",
        };
        self.head(host, "file", &format!("\"{action}\""), &format!("\"{kind}\""), "file");
        let process = host.processes[own].clone();
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let size = self.random.range(90, 4_000_000);
        let _infallible = write!(
            self.out,
            ",\"file\":{{\"Ext\":{{\"original\":{{\"gid\":\"0\",\"group\":\"root\",\"mode\":\"0644\",\
             \"owner\":\"{owner}\",\"uid\":\"{uid}\"}}}},\"extension\":\"{extension}\",\"gid\":\"0\",\
             \"group\":\"root\",\"mode\":\"0644\",\"name\":\"{name}\",\"owner\":\"{owner}\",\
             \"path\":\"{path}\",\"size\":{size},\"uid\":\"{uid}\"}}",
            owner = process.user.1,
            uid = process.user.0,
        );
        self.actor(host, &process);
        self.tail(&process);
    }

    /// An outgoing connection.
    pub(super) fn network(&mut self, host: &mut Host, own: usize, address: &str, port: u64) {
        self.head(host, "network", "\"connection_attempted\"", "\"start\"", "network");
        let process = host.processes[own].clone();
        let local = self.random.range(32_768, 61_000);
        let _infallible = write!(
            self.out,
            ",\"destination\":{{\"address\":\"{address}\",\"geo\":{{\"country_iso_code\":\"SE\",\
             \"location\":{{\"lat\":59.33,\"lon\":18.07}},\"timezone\":\"Europe/Stockholm\"}},\
             \"ip\":\"{address}\",\"port\":{port}}},\
             \"network\":{{\"direction\":\"egress\",\"transport\":\"tcp\",\"type\":\"ipv4\"}},\
             \"source\":{{\"address\":\"{ip}\",\"ip\":\"{ip}\",\"port\":{local}}}",
            ip = host.ip,
        );
        self.actor(host, &process);
        self.tail(&process);
    }

    /// The process of a file or network event.
    fn actor(&mut self, host: &Host, process: &Process) {
        self.out.push_str(",\"process\":{\"Ext\":{\"ancestry\":[");
        for (i, entity) in process.ancestry.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            let _infallible = write!(self.out, "\"{entity}\"");
        }
        self.out.push_str("]},");
        self.own(process);
        self.out.push_str(",\"parent\":{");
        self.own(&host.processes[1]);
        self.leader(&host.processes[0]);
    }

    /// Ends the parent, writes the session's leader, ends the process.
    fn leader(&mut self, leader: &Process) {
        let _infallible = write!(
            self.out,
            "}},\"session_leader\":{{\"entity_id\":\"{}\",\"executable\":\"{}\",\"name\":\"{}\",\"pid\":{}}}}}",
            leader.entity, leader.executable, leader.name, leader.pid
        );
    }

    /// Members that describe a process, without braces.
    fn own(&mut self, process: &Process) {
        let out = &mut *self.out;
        let _infallible = write!(
            out,
            "\"entity_id\":\"{}\",\"executable\":\"{}\",\"name\":\"{}\",\"pid\":{},\"args\":[",
            process.entity, process.executable, process.name, process.pid
        );
        for (i, arg) in process.args.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            quoted(arg, out);
        }
        let _infallible = write!(out, "],\"args_count\":{},\"command_line\":", process.args.len());
        quoted(&process.args.join(" "), out);
        let _infallible = write!(
            out,
            ",\"user\":{{\"id\":{id},\"name\":\"{name}\"}}",
            id = process.user.0,
            name = process.user.1
        );
    }

    fn head(&mut self, host: &mut Host, dataset: &str, action: &str, types: &str, category: &str) {
        host.sequence += 1;
        let delay = self.random.range(900, 9_000) as i64;
        let (created, ingested) = (date::print(self.time), date::print(self.time + delay));
        let id = token(self.random, 18);
        let out = &mut *self.out;
        let _infallible = write!(
            out,
            "{{\"@timestamp\":\"{created}\",\
             \"agent\":{{\"id\":\"{agent}\",\"type\":\"endpoint\",\"version\":\"9.1.2\"}},\
             \"data_stream\":{{\"dataset\":\"endpoint.events.{dataset}\",\"namespace\":\"default\",\"type\":\"logs\"}},\
             \"ecs\":{{\"version\":\"8.11.0\"}},\"elastic\":{{\"agent\":{{\"id\":\"{agent}\"}}}},\
             \"event\":{{\"action\":{action},\"agent_id_status\":\"verified\",\"category\":[\"{category}\"],\
             \"created\":\"{created}\",\"dataset\":\"endpoint.events.{dataset}\",\"id\":\"{id}\",\
             \"ingested\":\"{ingested}\",\"kind\":\"event\",\"module\":\"endpoint\",\
             \"outcome\":\"unknown\",\"sequence\":{sequence},\"type\":[{types}]}},\
             \"host\":{{\"architecture\":\"x86_64\",\"hostname\":\"{name}\",\"id\":\"{id_}\",\
             \"ip\":[\"127.0.0.1\",\"{ip}\",\"::1\"],\"mac\":[\"{mac}\"],\"name\":\"{name}\",{os}}},\
             \"message\":\"Endpoint {dataset} event\"",
            agent = host.agent,
            sequence = host.sequence,
            name = host.name,
            id_ = host.id,
            ip = host.ip,
            mac = host.mac,
            os = os_members(host.os),
        );
    }

    fn tail(&mut self, process: &Process) {
        let _infallible = writeln!(
            self.out,
            ",\"user\":{{\"Ext\":{{\"real\":{{\"id\":{id},\"name\":\"{name}\"}}}},\"id\":\"{id}\",\"name\":\"{name}\"}},\
             \"group\":{{\"id\":\"{id}\",\"name\":\"{name}\"}},\"labels\":{{\"service\":\"{service}\"}}}}",
            id = process.user.0,
            name = process.user.1,
            service = service(self.random),
        );
    }
}

fn os_members(os: Os) -> &'static str {
    match os {
        Os::Linux => {
            "\"os\":{\"Ext\":{\"variant\":\"Debian\"},\"family\":\"debian\",\"full\":\"Debian 12.9\",\
             \"kernel\":\"6.1.0-31-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.128-1 (2025-02-07)\",\
             \"name\":\"Linux\",\"platform\":\"debian\",\"type\":\"linux\",\"version\":\"12.9\"}"
        }
        Os::MacOs => {
            "\"os\":{\"Ext\":{\"variant\":\"macOS\"},\"family\":\"macos\",\"full\":\"macOS 15.3.1\",\
             \"kernel\":\"Darwin Kernel Version 24.3.0\",\"name\":\"macOS\",\"platform\":\"macos\",\
             \"type\":\"macos\",\"version\":\"15.3.1\"}"
        }
    }
}

/// Hexadecimal digits that depend on the path alone, as a file's hash does.
fn hash_of(path: &str, digits: usize) -> String {
    let seed = path
        .bytes()
        .fold(digits as u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hex(&mut Random::new(seed), digits)
}

/// Command lines hold quotes and backslashes, and nothing below a space.
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

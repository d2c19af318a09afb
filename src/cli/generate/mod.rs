//! `detect generate`: a stream of events for demonstrations and measurements.

mod event;
mod random;
mod story;
mod world;

use super::args;
use super::failure::Failure;
use clap::Args;
use event::{Change, Writer};
use random::Random;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use story::Story;
use world::{Host, Os, hex, person, service};

/// 2026-03-02T08:00:00Z
const BEGIN: i64 = 1_772_438_400_000;

/// Writes a stream of Elastic-Defend-like events, the same for the same options
#[derive(Args, Debug)]
pub(crate) struct Generate {
    /// How many events
    #[arg(short = 'n', long, default_value_t = 10_000)]
    events: u64,
    /// Another seed gives another stream
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Share of events that match the first rule (a file transfer tool below a shell)
    #[arg(long, default_value_t = 0.002, value_parser = args::share)]
    match_rate: f64,
    /// How many attack stories to weave in
    #[arg(long, default_value_t = 0)]
    stories: u64,
    /// How many hosts
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    hosts: u32,
    /// Events per second of event time
    #[arg(long, default_value_t = 50.0, value_parser = args::rate)]
    rate: f64,
    /// Write to a file instead of standard output
    #[arg(short, long)]
    output: Option<PathBuf>,
}

impl Generate {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut stream = Stream::new(self);
        let mut write = |out: &mut dyn Write| -> std::io::Result<()> {
            let mut lines = String::new();
            while stream.next(&mut lines) {
                out.write_all(lines.as_bytes())?;
                lines.clear();
            }
            out.flush()
        };
        if let Some(path) = &self.output {
            let file = std::fs::File::create(path).map_err(|error| Failure::write(path, error))?;
            write(&mut BufWriter::with_capacity(1 << 20, file))
                .map_err(|error| Failure::write(path, error))
        } else {
            let out = std::io::stdout().lock();
            write(&mut BufWriter::with_capacity(1 << 20, out)).map_err(Failure::output)
        }
    }

    /// All lines of a stream with these numbers and defaults else.
    pub(crate) fn lines(events: u64, seed: u64, match_rate: f64) -> String {
        let options =
            Generate { events, seed, match_rate, stories: 0, hosts: 200, rate: 50.0, output: None };
        let mut stream = Stream::new(&options);
        let mut lines = String::new();
        while stream.next(&mut lines) {}
        lines
    }
}

/// A stream under way.
struct Stream {
    random: Random,
    hosts: Vec<Host>,
    left: u64,
    total: u64,
    match_rate: f64,
    /// Numbers of events before which a story is told, last one first.
    stories: Vec<(u64, Story)>,
    time: i64,
    /// Greatest step from one event to the next, in milliseconds times 1024.
    step: u64,
    fraction: u64,
}

impl Stream {
    fn new(options: &Generate) -> Stream {
        let mut random = Random::new(options.seed);
        let hosts = (0..options.hosts as usize).map(|n| Host::new(n, &mut random)).collect();
        let mut stories: Vec<(u64, Story)> = (0..options.stories)
            .map(|n| {
                let place = (n + 1) * options.events / (options.stories + 1);
                (place, Story::ALL[n as usize % Story::ALL.len()])
            })
            .collect();
        stories.reverse();
        Stream {
            random,
            hosts,
            left: options.events,
            total: options.events,
            match_rate: options.match_rate,
            stories,
            time: BEGIN,
            step: (2.0 * 1024.0 * 1000.0 / options.rate) as u64,
            fraction: 0,
        }
    }

    /// Appends the next event, or a story; false at the end.
    fn next(&mut self, lines: &mut String) -> bool {
        if self.left == 0 {
            return false;
        }
        self.fraction += self.random.below(self.step + 1);
        self.time += (self.fraction / 1024) as i64;
        self.fraction %= 1024;
        let done = self.total - self.left;
        let told = self.stories.last().is_some_and(|(place, _)| *place <= done);
        let matches = !told && self.random.chance(self.match_rate);
        let drawn = self.random.skewed(self.hosts.len());
        let Some(host) = self.host(drawn, told || matches) else { return false };
        // Agents ship in batches: events come up to two seconds out of order.
        let time = self.time - self.random.below(2_000) as i64;
        let host = &mut self.hosts[host];
        let mut writer = Writer { out: lines, random: &mut self.random, time };
        if told {
            if let Some((_, story)) = self.stories.pop() {
                writer.time = self.time;
                self.time = story.tell(host, &mut writer);
            }
            return true;
        }
        self.left -= 1;
        if matches {
            transfer(host, &mut writer);
        } else {
            usual(host, &mut writer);
        }
        true
    }

    /// The drawn host, or the next one with Linux.
    fn host(&self, drawn: usize, linux: bool) -> Option<usize> {
        let admitted = |host: &Host| !linux || host.os == Os::Linux;
        let count = self.hosts.len();
        (drawn..drawn + count).map(|n| n % count).find(|n| admitted(&self.hosts[*n]))
    }
}

/// An event of everyday life; it never matches the first rule.
fn usual(host: &mut Host, writer: &mut Writer<'_>) {
    match writer.random.below(100) {
        0..=34 => {
            let (parent, own) = host.usual(writer.random);
            writer.process(host, parent, own, Change::Exec);
        }
        35..=46 => {
            let (parent, own) = host.usual(writer.random);
            writer.process(host, parent, own, Change::Fork);
        }
        47..=60 => {
            let own = writer.random.below(host.processes.len() as u64) as usize;
            writer.process(host, 0, own, Change::End);
        }
        61 => near_miss(host, writer),
        62..=84 => {
            let own = writer.random.below(host.processes.len() as u64) as usize;
            let action = *writer.random.pick(&["creation", "modification", "rename", "deletion"]);
            let (service, part) = (service(writer.random), hex(writer.random, 8));
            let path = match writer.random.below(4) {
                0 => format!("/var/log/{service}/access.log"),
                1 => format!("/var/cache/{service}/{part}.part"),
                2 => format!("/srv/{service}/data/{part}.json"),
                _ => format!("/tmp/{service}-{part}.tmp"),
            };
            writer.file(host, own, action, &path);
        }
        _ => {
            let own = writer.random.below(host.processes.len() as u64) as usize;
            let neighbour = writer.random.below(200);
            let address = format!("10.20.{neighbour}.{}", writer.random.range(2, 250));
            let port = *writer.random.pick(&[443, 5432, 6379, 9092, 8080, 53, 389]);
            writer.network(host, own, &address, port);
        }
    }
}

/// A file transfer tool as no rule minds it: started by a service, or ending.
fn near_miss(host: &mut Host, writer: &mut Writer<'_>) {
    let args =
        vec!["rsync".to_owned(), "-a".to_owned(), "/srv/".to_owned(), "backup::srv".to_owned()];
    let user = person(writer.random);
    let own = host.start(Some(0), "rsync", "/usr/bin/rsync", args, user, writer.random);
    let change = if writer.random.chance(0.5) { Change::Exec } else { Change::End };
    writer.process(host, 0, own, change);
}

/// A file transfer tool below a shell.
fn transfer(host: &mut Host, writer: &mut Writer<'_>) {
    const TOOLS: [&str; 6] = ["scp", "rsync", "sftp", "ftp", "sftp-server", "vsftpd"];
    let name = TOOLS[writer.random.skewed(TOOLS.len())];
    let user = person(writer.random);
    let executable = match writer.random.below(12) {
        0 => format!("/home/{}/bin/{name}", user.1),
        1 => format!("/opt/{}/tools/{name}", service(writer.random)),
        _ => format!("/usr/bin/{name}"),
    };
    let args =
        vec![name.to_owned(), "-q".to_owned(), format!("/srv/{}.tgz", service(writer.random))];
    let own = host.start(Some(1), name, &executable, args, user, writer.random);
    writer.process(host, 1, own, Change::Exec);
}

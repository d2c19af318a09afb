//! Who acts in the generated stream: hosts, users, programs, processes.

use super::random::Random;
use std::fmt::Write as _;

/// Operating system of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Os {
    Linux,
    MacOs,
}

/// A host with its running processes.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) agent: String,
    pub(super) ip: String,
    pub(super) mac: String,
    pub(super) os: Os,
    pub(super) processes: Vec<Process>,
    /// Counts the events of the host.
    pub(super) sequence: u64,
    next_pid: u64,
}

/// A process.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) pid: u64,
    pub(super) entity: String,
    pub(super) name: String,
    pub(super) executable: String,
    pub(super) args: Vec<String>,
    pub(super) user: (u32, &'static str),
    pub(super) directory: &'static str,
    /// Entity ids from the parent upwards.
    pub(super) ancestry: Vec<String>,
}

const USERS: [(u32, &str); 8] = [
    (0, "root"),
    (33, "www-data"),
    (999, "postgres"),
    (1000, "deploy"),
    (1001, "mira"),
    (1002, "jonas"),
    (1003, "aylin"),
    (1004, "teo"),
];

const ROLES: [&str; 7] = ["web", "db", "build", "cache", "queue", "files", "desk"];

const SITES: [&str; 4] = ["fra", "lis", "osl", "waw"];

/// Most processes that a host keeps as possible parents.
const KEPT: usize = 24;

/// Programs with the words of typical command lines; `%` stands for a service
/// name, `#` for a number.
const PROGRAMS: [(&str, &str, &[&str]); 34] = [
    (
        "bash",
        "/usr/bin/bash",
        &["bash -c /opt/%/bin/probe.sh", "bash --login", "bash /srv/%/start.sh --port #"],
    ),
    ("sh", "/usr/bin/dash", &["sh -c command -v % >/dev/null", "sh /etc/cron.hourly/%"]),
    ("cat", "/usr/bin/cat", &["cat /proc/loadavg", "cat /run/%.pid", "cat /etc/%/%.conf"]),
    (
        "grep",
        "/usr/bin/grep",
        &["grep -c ^processor /proc/cpuinfo", "grep -R \"timeout = #\" /etc/%"],
    ),
    ("awk", "/usr/bin/mawk", &["awk {print$1} /proc/#/stat", "awk -F: $3>=1000 /etc/passwd"]),
    ("ps", "/usr/bin/ps", &["ps -eo pid,comm,rss", "ps -p # -o etimes="]),
    ("sleep", "/usr/bin/sleep", &["sleep #", "sleep 0.#"]),
    ("date", "/usr/bin/date", &["date -u +%s", "date --iso-8601=seconds"]),
    (
        "curl",
        "/usr/bin/curl",
        &[
            "curl -fsS http://127.0.0.1:#/health",
            "curl -H \"Accept: text/plain\" http://localhost:#/metrics",
        ],
    ),
    (
        "python3.12",
        "/usr/bin/python3.12",
        &["python3 -m %.worker --shard #", "python3 /opt/%/manage.py sync"],
    ),
    (
        "node",
        "/usr/bin/node",
        &["node /srv/%/dist/server.js", "node --max-old-space-size=# /srv/%/jobs.js"],
    ),
    (
        "java",
        "/usr/lib/jvm/temurin-21/bin/java",
        &["java -Xmx#m -jar /opt/%/%.jar", "java -cp /opt/%/lib/* com.example.%.Main"],
    ),
    ("git", "/usr/bin/git", &["git fetch --prune origin", "git -C /srv/% status --porcelain"]),
    ("systemctl", "/usr/bin/systemctl", &["systemctl is-active %", "systemctl show % -p MainPID"]),
    ("sshd", "/usr/sbin/sshd", &["sshd: deploy [priv]", "/usr/sbin/sshd -D -R"]),
    ("cron", "/usr/sbin/cron", &["/usr/sbin/cron -f -P"]),
    (
        "containerd-shim",
        "/usr/bin/containerd-shim-runc-v2",
        &[
            "containerd-shim-runc-v2 -namespace k8s.io -id ## -address /run/containerd/containerd.sock",
        ],
    ),
    (
        "runc",
        "/usr/bin/runc",
        &["runc --root /run/containerd/runc/k8s.io exec --process /run/runc-## --detach ##"],
    ),
    ("nginx", "/usr/sbin/nginx", &["nginx: worker process", "nginx -s reload"]),
    (
        "postgres",
        "/usr/lib/postgresql/16/bin/postgres",
        &["postgres: autovacuum worker %", "postgres: % % 10.2.0.9(#) idle"],
    ),
    (
        "find",
        "/usr/bin/find",
        &["find /var/log/% -mtime +# -name *.gz", "find /srv/% -type f -newer /run/%.stamp"],
    ),
    (
        "tar",
        "/usr/bin/tar",
        &["tar -C /srv -czf /var/backups/%-#.tgz %", "tar -tf /var/backups/%-#.tgz"],
    ),
    ("gzip", "/usr/bin/gzip", &["gzip -9 /var/log/%/access.log.#"]),
    ("mv", "/usr/bin/mv", &["mv /var/cache/%/##.part /var/cache/%/##"]),
    ("rm", "/usr/bin/rm", &["rm -f /var/cache/%/##.part"]),
    ("chmod", "/usr/bin/chmod", &["chmod 0640 /etc/%/%.conf", "chmod +x /opt/%/bin/run"]),
    ("openssl", "/usr/bin/openssl", &["openssl x509 -noout -enddate -in /etc/ssl/%.pem"]),
    (
        "kubectl",
        "/usr/local/bin/kubectl",
        &["kubectl get pods -n % -o name", "kubectl rollout status deploy/%"],
    ),
    (
        "sudo",
        "/usr/bin/sudo",
        &["sudo -n systemctl reload %", "sudo -u postgres psql -Atc \"select 1\""],
    ),
    ("make", "/usr/bin/make", &["make -j# all", "make -C /srv/% check"]),
    ("cc1", "/usr/libexec/gcc/x86_64-linux-gnu/14/cc1", &["cc1 -quiet -O2 -o /tmp/cc##.s src/%.c"]),
    ("logrotate", "/usr/sbin/logrotate", &["logrotate /etc/logrotate.conf"]),
    ("id", "/usr/bin/id", &["id -u", "id -Gn www-data"]),
    ("jq", "/usr/bin/jq", &["jq -r .items[].id", "jq -c \"{name: .%, port: #}\""]),
];

const SERVICES: [&str; 12] = [
    "ledger", "basket", "notify", "search", "imager", "gateway", "metrics", "ticket", "parcel",
    "tenant", "mailer", "report",
];

impl Host {
    /// Host number `number` of a world.
    pub(super) fn new(number: usize, random: &mut Random) -> Host {
        let role = ROLES[number % ROLES.len()];
        let os = if role == "desk" && number.is_multiple_of(3) { Os::MacOs } else { Os::Linux };
        let mut host = Host {
            name: format!("{role}-{}-{:02}", SITES[number / 7 % SITES.len()], number / 28 + 1),
            id: hex(random, 32),
            agent: uuid(random),
            ip: format!("10.{}.{}.{}", 20 + number / 250, number % 250, random.range(2, 250)),
            mac: mac(random),
            os,
            processes: Vec::new(),
            sequence: random.range(1_000, 900_000),
            next_pid: random.range(800, 30_000),
        };
        for (name, executable) in [
            ("systemd", "/usr/lib/systemd/systemd"),
            ("bash", "/usr/bin/bash"),
            ("cron", "/usr/sbin/cron"),
        ] {
            let args = vec![name.to_owned()];
            host.start(None, name, executable, args, USERS[0], random);
        }
        host
    }

    /// Starts a process and gives its position among those kept.
    pub(super) fn start(
        &mut self,
        parent: Option<usize>,
        name: &str,
        executable: &str,
        args: Vec<String>,
        user: (u32, &'static str),
        random: &mut Random,
    ) -> usize {
        self.next_pid += random.range(1, 9);
        let mut ancestry = Vec::new();
        if let Some(parent) = parent.and_then(|parent| self.processes.get(parent)) {
            ancestry.push(parent.entity.clone());
            ancestry.extend(parent.ancestry.iter().take(3).cloned());
        }
        let directory = *random.pick(&["/", "/srv", "/root", "/var/lib", "/home/deploy", "/opt"]);
        let process = Process {
            pid: self.next_pid,
            entity: token(random, 36),
            name: name.to_owned(),
            executable: executable.to_owned(),
            args,
            user,
            directory,
            ancestry,
        };
        if self.processes.len() < KEPT {
            self.processes.push(process);
            return self.processes.len() - 1;
        }
        // The first three are those that live as long as the host.
        let place = random.range(3, KEPT as u64) as usize;
        self.processes[place] = process;
        place
    }

    /// A usual process: its parent, and where it is kept.
    pub(super) fn usual(&mut self, random: &mut Random) -> (usize, usize) {
        let parent = random.below(self.processes.len() as u64) as usize;
        let (name, executable, lines) = PROGRAMS[random.skewed(PROGRAMS.len())];
        let template: &str = random.pick::<&str>(lines);
        let line = fill(template, random);
        let args = line.split(' ').map(str::to_owned).collect();
        let user = USERS[random.skewed(USERS.len())];
        (parent, self.start(Some(parent), name, executable, args, user, random))
    }
}

/// A user who is a person.
pub(super) fn person(random: &mut Random) -> (u32, &'static str) {
    *random.pick(&USERS[3..])
}

/// Name of a service.
pub(super) fn service(random: &mut Random) -> &'static str {
    SERVICES[random.skewed(SERVICES.len())]
}

fn fill(template: &str, random: &mut Random) -> String {
    let service = service(random);
    let mut text = String::with_capacity(template.len() + 24);
    let mut rest = template;
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("##") {
            text.push_str(&hex(random, 24));
            rest = behind;
            continue;
        }
        match c {
            '%' => text.push_str(service),
            '#' => {
                let _infallible = write!(text, "{}", random.range(2, 9000));
            }
            c => text.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    text
}

/// Hexadecimal digits.
pub(super) fn hex(random: &mut Random, digits: usize) -> String {
    let mut text = String::with_capacity(digits + 16);
    while text.len() < digits {
        let _infallible = write!(text, "{:016x}", random.next());
    }
    text.truncate(digits);
    text
}

/// Letters and digits as in the ids that Elastic Defend writes.
pub(super) fn token(random: &mut Random, length: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bits = random.next();
        for _ in 0..10.min(length - text.len()) {
            text.push(char::from(LETTERS[(bits & 63) as usize]));
            bits >>= 6;
        }
    }
    text
}

pub(super) fn uuid(random: &mut Random) -> String {
    let digits = hex(random, 32);
    format!(
        "{}-{}-4{}-a{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[13..16],
        &digits[17..20],
        &digits[20..]
    )
}

fn mac(random: &mut Random) -> String {
    let digits = hex(random, 10);
    let pairs: Vec<&str> = (0..5).map(|i| &digits[2 * i..2 * i + 2]).collect();
    format!("02-{}", pairs.join("-"))
}

//! `detect samples`: starting points for unit tests of rules, made from the rules' own
//! literals.
//!
//! How they are found stands in [`detect_compiler::samples`]; here each is tried, in both
//! modes, before it is given out.

use super::failure::Failure;
use super::ruleset::Rules;
use super::{library, output};
use clap::Args;
use detect::runtime::engine::Ruleset;
use detect::runtime::rule_test::Case;
use detect_compiler::compile::Planned;
use detect_compiler::page::{Catalogue, Entry};
use detect_compiler::samples::{self, Sample, Samples, Unsolved};
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Makes documents on which rules alert, and near misses, as cases for `detect test`
#[derive(Args, Debug)]
pub(crate) struct MakeSamples {
    /// Rules by id, name or file, or folders of rules; they have to be compiled in
    #[arg(required = true, value_name = "RULE|PATH")]
    rules: Vec<String>,
    /// Write `RULE.tests.ndjson` files below this folder in place of standard output; files
    /// that are there stay as they are
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Why a rule got no samples.
#[derive(Debug)]
enum Without {
    /// None were found.
    Unsolved(Unsolved),
    /// It is no rule of this program.
    Foreign,
    /// The two modes give different answers to this case.
    Disagree(String),
    /// There are cases already.
    There(PathBuf),
}

impl fmt::Display for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Without::Unsolved(why) => write!(f, "{why}"),
            Without::Foreign => f.write_str("not compiled in as it stands: nothing can be tried"),
            Without::Disagree(case) => {
                write!(f, "compiled and reference mode disagree, please report this: {case}")
            }
            Without::There(path) => write!(f, "`{}` is there already", path.display()),
        }
    }
}

impl MakeSamples {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let (mut with, mut without) = (0_usize, 0_usize);
        for entry in self.entries()? {
            let planned = &entry.planned;
            match self.rule(planned) {
                Ok(samples) => {
                    self.write(planned, &samples)?;
                    with += 1;
                }
                Err(why) => {
                    eprintln!("{}: {why}", planned.rule.path);
                    without += 1;
                }
            }
        }
        eprintln!("{} rules: {with} with samples, {without} without", with + without);
        if without == 0 { Ok(()) } else { Err(Failure::Found) }
    }

    /// The rules that are meant.
    fn entries(&self) -> Result<Vec<Entry>, Failure> {
        let folder = library::folder(None)?;
        let catalogue = Catalogue::of(&folder);
        let mut entries = Vec::new();
        for name in &self.rules {
            let path = Path::new(name);
            if path.is_dir() {
                entries.extend(Catalogue::of(&library::folder(Some(path))?).entries);
            } else {
                entries.push(library::find(&catalogue, &folder, name)?);
            }
        }
        Ok(entries)
    }

    fn rule(&self, planned: &Planned) -> Result<Samples, Without> {
        if let Some(path) = self.target(planned).filter(|path| path.exists()) {
            return Err(Without::There(path));
        }
        if !compiled_in(planned) {
            return Err(Without::Foreign);
        }
        let mut disagree = None;
        let mut trial = |sample: &Sample| match alerts(planned, sample) {
            (true, true) => true,
            (false, false) => false,
            _ => {
                disagree = Some(sample.line(&planned.rule));
                false
            }
        };
        let found = samples::of(planned, &mut trial);
        match disagree {
            Some(line) => Err(Without::Disagree(line)),
            None => found.map_err(Without::Unsolved),
        }
    }

    /// Where the samples of a rule go, if not to standard output.
    fn target(&self, planned: &Planned) -> Option<PathBuf> {
        let file = Path::new(&*planned.rule.path).with_extension("tests.ndjson");
        self.out.as_ref().map(|out| out.join(file))
    }

    fn write(&self, planned: &Planned, samples: &Samples) -> Result<(), Failure> {
        let Samples { alert, miss } = samples;
        let lines = format!("{}\n{}\n", alert.line(&planned.rule), miss.line(&planned.rule));
        let Some(path) = self.target(planned) else {
            return output::line(format_args!("{}", lines.trim_end()));
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Failure::write(folder, error))?;
        }
        // Not there when it was looked for; whoever came in between keeps his own.
        let mut file = std::fs::File::create_new(&path).map_err(|e| Failure::write(&path, e))?;
        file.write_all(lines.as_bytes()).map_err(|error| Failure::write(&path, error))
    }
}

/// Whether the rule is compiled in with this content.
fn compiled_in(planned: &Planned) -> bool {
    let content = planned.rule.content_hash();
    let own = |info: &detect::runtime::alert::RuleInfo| {
        info.id == planned.rule.id.value && info.content == content
    };
    Rules::table().rules.iter().any(|rule| own(rule.info))
}

/// Whether the rule alerts, compiled and in reference mode.
fn alerts(planned: &Planned, sample: &Sample) -> (bool, bool) {
    let Ok(case) = Case::parse(&sample.line(&planned.rule)) else { return (false, false) };
    let alerts = |reference| case.alerts::<Rules>(reference).is_ok_and(|count| count > 0);
    (alerts(false), alerts(true))
}

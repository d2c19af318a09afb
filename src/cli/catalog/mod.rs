//! `detect catalog`: the ruleset as a site that needs no server and no network.
//!
//! | file | page |
//! | --- | --- |
//! | `index` | all rules, with search and filters |
//! | `attack` | the matrix of tactics and techniques, and a page for each technique |
//! | `fields` | what reads which field, and a page for each field |
//! | `indicators` | what several rules look for |
//! | `hygiene` | what is doubtful about rules, alone and together |
//! | `site` | names of files, lists of rules |

mod attack;
mod fields;
mod hygiene;
mod index;
mod indicators;
mod site;

use super::failure::Failure;
use super::html::{self, Place};
use super::hygiene::Given;
use super::{library, output};
use clap::Args;
use detect_compiler::compile::Planned;
use detect_compiler::hygiene::Hygiene;
use detect_compiler::page::Catalogue;
use site::{Site, Written};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Writes the ruleset as a static site: rules, ATT&CK, fields, indicators, hygiene
#[derive(Args, Debug)]
pub(crate) struct Catalog {
    /// Folder to write; what stands there under the same names is replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A folder of rules in place of those that are compiled in
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
}

impl Catalog {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let started = Instant::now();
        let folder = library::folder(self.rules.as_deref())?;
        let catalogue = Catalogue::of(&folder);
        let data = self.given.data()?;
        let planned: Vec<&Planned> = catalogue.entries.iter().map(|entry| &entry.planned).collect();
        let hygiene = Hygiene::of(&planned, &folder, &data);
        let site = Site::of(&catalogue, &hygiene, !data.is_empty());
        for name in ["rules", "attack", "fields"] {
            let path = self.out.join(name);
            std::fs::create_dir_all(&path).map_err(|error| Failure::write(&path, error))?;
        }
        let mut written = Written::default();
        for (name, text) in [
            ("icon.svg", html::ICON.to_owned()),
            ("style.css", html::STYLE.to_owned()),
            ("search.js", html::SEARCH.to_owned()),
            ("words.js", index::words(&site)),
            ("index.html", index::page(&site)),
            ("attack.html", attack::matrix(&site)),
            ("fields.html", fields::overview(&site)),
            ("indicators.html", indicators::page(&site)),
            ("hygiene.html", hygiene::page(&site)),
        ] {
            write(&self.out, name, &text, &mut written)?;
        }
        for (name, text) in attack::pages(&site).into_iter().chain(fields::pages(&site)) {
            write(&self.out, &name, &text, &mut written)?;
        }
        written.add(&rules(&self.out, &site)?);
        eprintln!(
            "{} rules, {} files, {} in {:.1} s: {}",
            catalogue.entries.len(),
            written.files,
            output::bytes(written.bytes as f64),
            started.elapsed().as_secs_f64(),
            self.out.join("index.html").display()
        );
        Ok(())
    }
}

fn write(out: &Path, name: &str, text: &str, written: &mut Written) -> Result<(), Failure> {
    let path = out.join(name);
    std::fs::write(&path, text).map_err(|error| Failure::write(&path, error))?;
    written.files += 1;
    written.bytes += text.len() as u64;
    Ok(())
}

/// Writes the page of each rule, on all cores.
fn rules(out: &Path, site: &Site<'_>) -> Result<Written, Failure> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Written::default(), None));
    let work = || {
        let mut written = Written::default();
        let mut failure = None;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(entry) = site.entries().get(number) else { break };
            let body = html::rule(entry, Place::Below, &hygiene::neighbours(site, number));
            let title = format!("{} · Detection rules", entry.page.identity.name);
            let text = html::document(Place::Below, "index.html", &title, body);
            let name = format!("rules/{}", site.file(number));
            if let Err(error) = write(out, &name, &text, &mut written) {
                failure = Some(error);
                break;
            }
        }
        if let Ok(mut done) = done.lock() {
            done.0.add(&written);
            done.1 = done.1.take().or(failure);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    match done.into_inner().unwrap_or_default() {
        (written, None) => Ok(written),
        (_, Some(failure)) => Err(failure),
    }
}

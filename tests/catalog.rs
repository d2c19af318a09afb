//! The site of `detect catalog` in a real browser, headless Chromium, from the disk:
//! search finds, filters narrow, the matrix leads to rules, the console stays silent.
//! Skipped, saying so, where there is no Chromium.

#![cfg(feature = "cli")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");

/// A folder that is removed at the end of the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn browser() -> Option<&'static str> {
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        let found = Command::new(name).arg("--version").stdout(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    })
}

/// A page as the browser has it once its scripts ran, and what it logged.
fn shown(browser: &str, folder: &Path, page: &str) -> (String, String) {
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--no-first-run", "--disable-background-networking", "--disable-extensions"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}/{page}", folder.display()))
        .stdin(Stdio::null())
        .output()
        .expect("the browser starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Names of the rules that the list shows.
fn listed(dom: &str) -> Vec<String> {
    let list = dom.split_once("id=\"rules\"").expect("the list").1;
    let list = list.split_once("</ul>").expect("its end").0;
    let rows = list.split("<li ").skip(1);
    let row = |row: &str| {
        let (head, rest) = row.split_once('>')?;
        let link = rest.split_once("<a href=\"rules/")?.1;
        let name = link.split_once('>')?.1.split_once("</a>")?.0;
        (!head.contains("hidden")).then(|| name.to_owned())
    };
    rows.filter_map(row).collect()
}

#[test]
fn the_site_in_a_browser() {
    let Some(browser) = browser() else {
        println!("skipped: there is no Chromium");
        return;
    };
    let folder = std::env::temp_dir().join(format!("detect-{}-browser", std::process::id()));
    let folder = Folder(folder);
    let status = Command::new(env!("CARGO_BIN_EXE_detect"))
        .args(["catalog", "--rules", RULES, "--out"])
        .arg(&folder.0)
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()));
    let see = |page: &str| {
        let (dom, log) = shown(browser, &folder.0, page);
        assert!(!log.contains("CONSOLE"), "{page}: {log}");
        dom
    };
    let all = see("index.html");
    let count = listed(&all).len();
    assert!(count >= 5, "{count} rules");
    assert!(all.contains(&format!("{count} rules</output>")), "the count");
    let one = listed(&see("index.html#q=lost%2Bfound"));
    assert_eq!(one, ["File Transfer Utility Launched from Unusual Parent"]);
    let two_words = listed(&see("index.html#q=file+transfer"));
    assert!(two_words.contains(&one[0]) && two_words.len() < count, "{two_words:?}");
    let esql = listed(&see("index.html#type=esql"));
    assert!(esql.contains(&one[0]) && esql.len() < count, "{esql:?}");
    let none = see("index.html#q=nothing-has-this-word");
    assert!(listed(&none).is_empty() && none.contains("0 rules</output>"));
    let matrix = see("attack.html");
    assert!(matrix.contains("href=\"attack/T1048.html\""));
    assert!(see("attack/T1048.html").contains("8eeeda11-dca6-4c3e-910f-7089db412d1c.html"));
    assert!(see("fields/process.name.html").contains(&one[0]));
}

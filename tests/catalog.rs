//! The site of `detect catalog` in a real browser, headless Chromium, from the disk:
//! somebody types into the search, chooses filters, follows the matrix to a rule, goes by
//! keyboard, on a phone, in the dark. The console stays silent and nothing is asked of
//! the network. Skipped, saying so, where there is no Chromium.

#![cfg(feature = "cli")]

mod browser;

use browser::Browser;
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
const SEED: &str = "File Transfer Utility Launched from Unusual Parent";
const ID: &str = "8eeeda11-dca6-4c3e-910f-7089db412d1c";

/// Names of the rules that the list shows.
const LISTED: &str = "[...document.querySelectorAll('#rules > li')]\
    .filter(row => row.getClientRects().length > 0).map(row => row.querySelector('a').textContent)";

/// Pages of every kind.
const PAGES: [&str; 9] = [
    "index.html",
    "attack.html",
    "fields.html",
    "indicators.html",
    "hygiene.html",
    "rules/8eeeda11-dca6-4c3e-910f-7089db412d1c.html",
    "attack/T1048.html",
    "fields/process.name.html",
    "index.html#q=file",
];

/// A folder that is removed at the end of the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// A site of the bundled rules and a browser; `None` where there is no browser.
fn site(name: &str) -> Option<(Folder, Browser, String)> {
    let Some(program) = browser::installed() else {
        println!("skipped: there is no Chromium");
        return None;
    };
    let folder = std::env::temp_dir().join(format!("detect-{}-{name}", std::process::id()));
    let folder = Folder(folder);
    let status = Command::new(env!("CARGO_BIN_EXE_detect"))
        .args(["catalog", "--rules", RULES, "--out"])
        .arg(&folder.0)
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()));
    let browser = Browser::start(program, &folder.0.join("profile"));
    let root = format!("file://{}/", folder.0.display());
    Some((folder, browser, root))
}

/// The console was silent and every address was a file of the site.
fn quiet(browser: &Browser, root: &str) {
    assert_eq!(browser.complaints, [] as [&str; 0]);
    assert!(browser.requests.len() > 1, "requests are seen");
    for address in &browser.requests {
        assert!(address.starts_with(root) || address == "about:blank", "{address}");
    }
}

fn names(listed: &Json) -> Vec<&str> {
    listed.as_array().expect("a list").iter().filter_map(Json::as_str).collect()
}

#[test]
fn search_filters_and_links() {
    let Some((_folder, mut browser, root)) = site("browser") else { return };
    browser.open(&format!("{root}index.html"));
    let all = browser.see(LISTED);
    let all = names(&all);
    assert!(all.len() >= 5 && all.contains(&SEED), "{all:?}");
    let shows = |count: usize| {
        let text = if count == 1 { "1 rule".to_owned() } else { format!("{count} rules") };
        format!("document.getElementById('count').textContent === '{text}'")
    };
    browser.wait_for(&shows(all.len()));

    // Typing narrows: a value of an indicator, then words of a name.
    browser.click("input[type=search]");
    browser.type_text("lost+found");
    browser.wait_for(&shows(1));
    assert_eq!(names(&browser.see(LISTED)), [SEED]);
    assert_eq!(browser.see("location.hash"), "#q=lost%2Bfound");
    browser.click("button[type=reset]");
    browser.wait_for(&shows(all.len()));
    browser.type_text("/");
    assert_eq!(browser.see("document.activeElement.type"), "search", "a slash leads to the search");
    browser.type_text("nothing-has-this-word");
    browser.wait_for(&shows(0));
    assert_eq!(browser.see("document.getElementById('empty').getClientRects().length > 0"), true);
    browser.click("button[type=reset]");
    browser.wait_for(&shows(all.len()));

    // A filter, chosen by its first letter as on any keyboard.
    let esql = browser.see("document.querySelectorAll('#rules > li[data-type=esql]').length");
    let esql = esql.as_u64().expect("a count") as usize;
    assert!((1..all.len()).contains(&esql), "{esql}");
    browser.see("document.querySelector('select[name=type]').focus()");
    browser.type_text("e");
    browser.wait_for("document.querySelector('select[name=type]').value !== ''");
    while browser.see("document.querySelector('select[name=type]').value") != "esql" {
        browser.press("ArrowDown", 40);
    }
    browser.wait_for(&shows(esql));
    assert!(names(&browser.see(LISTED)).contains(&SEED));

    // What was searched stands in the address.
    browser.open("about:blank");
    browser.open(&format!("{root}index.html#q=file+transfer&type=esql"));
    browser.wait_for(&shows(1));
    assert_eq!(browser.see("document.querySelector('select[name=type]').value"), "esql");

    // From the matrix to a technique, to a rule, to a field and back to the rule.
    browser.follow("nav a[href='attack.html']");
    assert_eq!(browser.see("document.querySelector('nav a[aria-current]').textContent"), "ATT&CK");
    browser.follow(".matrix a[href='attack/T1048.html']");
    browser.follow(&format!("a[href='../rules/{ID}.html']"));
    assert_eq!(browser.see("document.querySelector('h1').textContent"), SEED);
    browser.follow("#indicators ~ .scroll a[href='../fields/process.name.html']");
    browser.follow(&format!("a[href='../rules/{ID}.html']"));
    assert_eq!(browser.see("document.querySelector('h1').textContent"), SEED);
    quiet(&browser, &root);
}

/// What a keyboard, a screen reader, a phone and a dark room need.
#[test]
fn for_everybody() {
    let Some((_folder, mut browser, root)) = site("everybody") else { return };
    for page in PAGES {
        browser.open("about:blank");
        browser.open(&format!("{root}{page}"));
        // Each control has a name, each table column a head, one heading begins the page
        // and none is left out on the way down.
        let unnamed = browser.see(
            "[...document.querySelectorAll('a, button, input, select, summary, [role=region]')]\
             .filter(e => !(e.textContent.trim() || e.labels && e.labels.length \
             || e.getAttribute('aria-label') || document.getElementById(e.getAttribute('aria-labelledby'))))\
             .map(e => e.outerHTML)",
        );
        assert_eq!(unnamed, json!([]), "{page}");
        assert_eq!(browser.see("document.querySelectorAll('h1').length"), 1, "{page}");
        let skipped = browser.see(
            "[...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])\
             .filter((level, n, all) => n > 0 && level > all[n - 1] + 1)",
        );
        assert_eq!(skipped, json!([]), "{page}: levels of headings");
        let ids = "[...document.querySelectorAll('[id]')].map(e => e.id)";
        let twice = browser.see(&format!("{ids}.filter((id, n, all) => all.indexOf(id) !== n)"));
        assert_eq!(twice, json!([]), "{page}: ids");
        let bare = "document.querySelectorAll('thead th:not([scope])').length";
        assert_eq!(browser.see(bare), 0, "{page}");
        assert_eq!(browser.see("document.documentElement.lang"), "en");

        // The first stop of the keyboard leads past the head.
        browser.press("Tab", 9);
        assert_eq!(browser.see("document.activeElement.className"), "skip", "{page}");
        assert_eq!(browser.see("document.activeElement.getBoundingClientRect().left >= 0"), true);
        browser.press("Enter", 13);
        browser.wait_for("document.activeElement.id === 'main'");

        // On a phone nothing is wider than the screen.
        let phone = json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true });
        browser.call("Emulation.setDeviceMetricsOverride", phone);
        let wide = browser
            .see("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(wide, 0, "{page} on a phone");
        browser.call("Emulation.clearDeviceMetricsOverride", json!({}));

        // Text stands out from its ground, in the light and in the dark.
        for scheme in ["light", "dark"] {
            let media =
                json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            browser.call("Emulation.setEmulatedMedia", media);
            let faint = browser.see(&faint());
            assert_eq!(faint, json!([]), "{page}, {scheme}");
        }
    }
    quiet(&browser, &root);
}

/// Elements whose own text has less than the contrast of 4.5 to 1 that WCAG 2 asks for.
/// Colours that the browser gives in other forms than `rgb` and `srgb` are passed over.
fn faint() -> String {
    "(() => {
        const parse = (text) => {
            const mixed = /^color\\(srgb ([\\d.]+) ([\\d.]+) ([\\d.]+)\\)$/.exec(text);
            if (mixed) return [...mixed.slice(1).map((n) => n * 255), 1];
            const found = /^rgba?\\(([\\d.]+), ([\\d.]+), ([\\d.]+)(?:, ([\\d.]+))?\\)$/.exec(text);
            return found && found.slice(1).map((n) => n === undefined ? 1 : +n);
        };
        const light = (rgb) => {
            const [r, g, b] = rgb.map((n) => {
                n /= 255;
                return n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = (element) => {
            for (let e = element; e; e = e.parentElement) {
                const colour = getComputedStyle(e).backgroundColor;
                const own = parse(colour);
                if (!own || own[3] === 1) return own;
            }
            return null;
        };
        const found = new Set();
        for (const element of document.querySelectorAll('main *, header *')) {
            const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
            if (!own || !element.getClientRects().length) continue;
            const front = parse(getComputedStyle(element).color);
            const back = ground(element);
            if (!front || !back) continue;
            const [a, b] = [light(front.slice(0, 3)), light(back.slice(0, 3))].sort((x, y) => y - x);
            if ((a + 0.05) / (b + 0.05) < 4.5) {
                found.add(element.tagName + '.' + element.className + ' ' + front + ' on ' + back);
            }
        }
        return [...found];
    })()"
        .to_owned()
}

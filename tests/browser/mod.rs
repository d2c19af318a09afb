//! A headless Chromium that is led over its debugging pipe: messages of the DevTools
//! protocol as JSON, a NUL behind each.
//!
//! The browser reads from descriptor 3 and writes to 4; a shell puts the pipes there.
//! What it logs, which exceptions scripts throw and which addresses it asks for are kept,
//! so that a test can say that there were none.

use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Longest time that anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Arguments beside the folder of the profile.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--remote-debugging-pipe",
];

/// The browser's name, if there is one.
pub(crate) fn installed() -> Option<&'static str> {
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        let found = Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        found.is_ok_and(|status| status.success())
    })
}

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Json>,
    session: Option<String>,
    next: u64,
    /// What the console, the log and exceptions said.
    pub(crate) complaints: Vec<String>,
    /// Addresses that were asked for.
    pub(crate) requests: Vec<String>,
    loaded: bool,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Browser {
    /// Starts a browser with an empty page.
    pub(crate) fn start(name: &str, profile: &Path) -> Browser {
        let arguments = ARGUMENTS.join(" ");
        let script = format!(
            "exec {name} {arguments} --user-data-dir=\"$0\" about:blank 3<&0 4>&1 </dev/null >/dev/null 2>&1"
        );
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .arg(profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let input = child.stdin.take().expect("a pipe");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (send, messages) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while output.read_until(0, &mut bytes).is_ok_and(|read| read > 0) {
                let text = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
                if let Ok(message) = serde_json::from_slice(text)
                    && send.send(message).is_err()
                {
                    break;
                }
                bytes.clear();
            }
        });
        let mut browser = Browser {
            child,
            input,
            messages,
            session: None,
            next: 0,
            complaints: Vec::new(),
            requests: Vec::new(),
            loaded: false,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let to = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", to);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method of the protocol.
    pub(crate) fn call(&mut self, method: &str, parameters: Json) -> Json {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        write!(self.input, "{message}\0").expect("the browser listens");
        self.input.flush().expect("the browser listens");
        let mut answer = None;
        self.until(method, &mut |message| {
            if message["id"] == id {
                answer = Some(message.clone());
            }
            answer.is_some()
        });
        let answer = answer.unwrap_or_default();
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// Notes messages until one of them is the one.
    fn until(&mut self, what: &str, is_it: &mut dyn FnMut(&Json) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left) {
                Ok(message) => {
                    self.note(&message);
                    if is_it(&message) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("the browser does not answer: {what}"),
                Err(RecvTimeoutError::Disconnected) => panic!("the browser is gone: {what}"),
            }
        }
    }

    fn note(&mut self, message: &Json) {
        let parameters = &message["params"];
        match message["method"].as_str() {
            Some("Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded") => {
                self.complaints.push(parameters.to_string());
            }
            Some("Network.requestWillBeSent") => {
                let address = parameters["request"]["url"].as_str().unwrap_or_default();
                self.requests.push(address.to_owned());
            }
            Some("Page.loadEventFired") => self.loaded = true,
            _ => {}
        }
    }

    /// Opens an address and waits until it is loaded.
    pub(crate) fn open(&mut self, address: &str) {
        self.loaded = false;
        self.call("Page.navigate", json!({ "url": address }));
        self.arrive();
    }

    /// Waits until a page that is on its way is loaded.
    pub(crate) fn arrive(&mut self) {
        while !self.loaded {
            let mut seen = false;
            self.until("a page loads", &mut |message| {
                seen = message["method"] == "Page.loadEventFired";
                seen
            });
        }
    }

    /// The value of an expression in the page.
    pub(crate) fn see(&mut self, expression: &str) -> Json {
        let ask = json!({ "expression": expression, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", ask);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let end = Instant::now() + PATIENCE;
        while self.see(expression) != true {
            assert!(Instant::now() < end, "this does not become true: {expression}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types a text, key by key, into what has the focus.
    pub(crate) fn type_text(&mut self, text: &str) {
        for letter in text.chars() {
            let key = json!({ "type": "keyDown", "key": letter, "text": letter });
            self.call("Input.dispatchKeyEvent", key);
            self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": letter }));
        }
    }

    /// Presses a key that has a name and a code (`Tab` 9, `Enter` 13).
    pub(crate) fn press(&mut self, key: &str, code: u32) {
        let mut down =
            json!({ "type": "rawKeyDown", "key": key, "code": key, "windowsVirtualKeyCode": code });
        if key == "Enter" {
            down["type"] = "keyDown".into();
            down["text"] = "\r".into();
        }
        self.call("Input.dispatchKeyEvent", down);
        let up = json!({ "type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code });
        self.call("Input.dispatchKeyEvent", up);
    }

    /// Clicks the middle of the first element that a selector finds.
    pub(crate) fn click(&mut self, selector: &str) {
        let place = self.see(&format!(
            "(() => {{ const e = document.querySelector({}); e.scrollIntoView({{ block: \"center\", \
             behavior: \"instant\" }}); const r = e.getClientRects()[0]; \
             return [r.x + r.width / 2, r.y + r.height / 2]; }})()",
            Json::from(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind,
                "x": place[0],
                "y": place[1],
                "button": "left",
                "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Clicks a link and waits for its page.
    pub(crate) fn follow(&mut self, selector: &str) {
        self.loaded = false;
        self.click(selector);
        self.arrive();
    }
}

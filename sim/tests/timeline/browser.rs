//! Headless Chromium, if there is one: pages are opened, and read as they are after their script ran.

use std::path::PathBuf;
use std::process::Command;

/// The page as the browser has it after a while (of its own, virtual time); nothing without a browser.
/// `name` names the page's file, and `hash` is what follows the `#` of its address.
pub(crate) fn open(name: &str, page: &str, hash: &str) -> Option<String> {
    let Some(chromium) = find("chromium").or_else(|| find("google-chrome")) else {
        println!("no Chromium here: the page is not shown");
        return None;
    };
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("timeline-{name}"));
    std::fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join("page.html");
    std::fs::write(&file, page).expect("a page");
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--window-size=1400,900", "--virtual-time-budget=8000", "--dump-dom"])
        .arg("--timeout=60000") // a page that never ends is shown as it is by then
        .arg(format!("--user-data-dir={}", directory.join("profile").display()))
        .arg(format!("file://{}#{hash}", file.display()))
        .output()
        .expect("a browser");
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        dom.contains("<html"),
        "no page: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(dom)
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}

/// What is between the tags of the element with this id, as HTML.
pub(crate) fn inside<'a>(dom: &'a str, id: &str) -> &'a str {
    let from = dom.find(&format!("id=\"{id}\"")).expect("the element");
    let tag = &dom[..from][dom[..from].rfind('<').expect("a tag") + 1..];
    let tag = tag.split(' ').next().expect("a name");
    let begin = from + dom[from..].find('>').expect("a tag") + 1;
    let end = begin + dom[begin..].find(&format!("</{tag}>")).expect("an end");
    &dom[begin..end]
}

//! The page of a run: what can be told from its text, and (where a Chromium is installed) that a
//! browser shows it and that it does what it should under hands.

#[path = "timeline/browser.rs"]
mod browser;

use std::collections::BTreeSet;

use quorate::NodeId;
use quorate::status::RoleKind;
use quorate_sim::parameters::{Parameters, Profile};
use quorate_sim::trace::{Record, Trace, What};
use quorate_sim::{standard, timeline};
use serde_json::{Value, json};

/// Everything that can happen, once: an election, a drop, a crash, a partition, a violation.
fn everything() -> Trace {
    let leader = What::Role {
        role: RoleKind::Leader,
        term: 2,
        leader: Some(1),
    };
    let candidate = What::Role {
        role: RoleKind::Candidate,
        term: 2,
        leader: None,
    };
    let sent = |message, kind, text: &str| What::Sent {
        message,
        to: 2,
        kind,
        text: text.to_owned(),
    };
    let text = |text: &str| text.to_owned();
    let happened: [(u64, NodeId, What); 23] = [
        (0, 1, candidate),
        (5, 1, sent(1, "RequestVote", "1->2 RequestVote term=2")),
        (9, 2, What::Delivered { message: 1 }),
        (12, 1, leader.clone()),
        (12, 1, leader), // told twice, elected once
        (13, 1, sent(2, "Append", "1->2 Append term=2")),
        (
            13,
            1,
            What::Dropped {
                message: 2,
                why: "loss",
            },
        ),
        (14, 1, sent(3, "Heartbeat", "1->2 Heartbeat term=2")),
        (20, 3, What::Crashed { lost: 4 }),
        (21, 3, What::Restarted),
        (22, 2, What::Paused),
        (23, 2, What::Resumed),
        (24, 1, What::Cut { to: 3 }),
        (24, 3, What::Cut { to: 1 }),
        (25, 1, What::Mended { to: 3 }),
        (26, 1, What::Committed { index: 7 }),
        (27, 1, What::Applied { index: 7 }),
        (28, 1, What::Configured { text: text("1 2 3") }),
        (
            29,
            2,
            What::Called {
                operation: 1,
                text: text("put x = 1"),
            },
        ),
        (
            30,
            2,
            What::Answered {
                operation: 1,
                text: text("ok"),
            },
        ),
        (
            31,
            2,
            What::Note {
                kind: "disk",
                text: text("full"),
            },
        ),
        (u64::MAX, u64::MAX - 2, What::Committed { index: 1 << 53 }),
        (u64::MAX, 1, What::Delivered { message: (1 << 53) - 1 }),
    ];
    let records = happened.into_iter().map(|(at, node, what)| Record { at, node, what });
    Trace {
        seed: u64::MAX,
        profile: text("hot"),
        parameters: text("loss=70%\nreplay: cargo run --release -p quorate-sim -- --seed 1"),
        nodes: vec![1, 2, 3, u64::MAX - 2],
        records: records.collect(),
        violation: Some(text("election safety: two leaders in term 2")),
    }
}

/// Texts that would get out of where they are put, if they could.
const HOSTILE: [&str; 8] = [
    "</script><b>bold</b>",
    "<!-- <script>",
    "</title><img src=x onerror=gone()>",
    "\" ' \\ \\u003c {{script}} {{data}}",
    "line\nline\r\ttab \0 \u{7f} \u{2028}",
    "&lt;b&gt; &amp;",
    "\u{202e}right to left \u{1f980}",
    "$& $1 `${location}`",
];

fn hostile() -> Trace {
    let records = HOSTILE.iter().enumerate().map(|(position, text)| Record {
        at: position as u64,
        node: 1,
        what: What::Note {
            kind: "event",
            text: (*text).to_owned(),
        },
    });
    Trace {
        profile: HOSTILE.concat(),
        parameters: HOSTILE.concat(),
        nodes: vec![1],
        records: records.collect(),
        violation: Some(HOSTILE.concat()),
        ..Trace::default()
    }
}

/// What the page's script is given.
fn data(page: &str) -> Value {
    let (_, rest) = page
        .split_once("<script type=\"application/json\" id=\"run\">")
        .expect("the run");
    let (json, _) = rest.split_once("</script").expect("its end");
    assert!(!json.contains('<'));
    serde_json::from_str(json).expect("JSON")
}

#[test]
fn the_page_holds_the_run_and_numbers_stay_exact() {
    let expected = json!({
        "seed": "18446744073709551615",
        "profile": "hot",
        "parameters": "loss=70%\nreplay: cargo run --release -p quorate-sim -- --seed 1",
        "violation": "election safety: two leaders in term 2",
        "nodes": [1, 2, 3, "18446744073709551613"], // a lane each
        "records": [
            [0, 1, "role", "Candidate", 2, null],
            [5, 1, "sent", 1, 2, "RequestVote", "1->2 RequestVote term=2"],
            [9, 2, "delivered", 1],
            [12, 1, "role", "Leader", 2, 1],
            [12, 1, "role", "Leader", 2, 1],
            [13, 1, "sent", 2, 2, "Append", "1->2 Append term=2"],
            [13, 1, "dropped", 2, "loss"],
            [14, 1, "sent", 3, 2, "Heartbeat", "1->2 Heartbeat term=2"],
            [20, 3, "crashed", 4],
            [21, 3, "restarted"],
            [22, 2, "paused"],
            [23, 2, "resumed"],
            [24, 1, "cut", 3],
            [24, 3, "cut", 1],
            [25, 1, "mended", 3],
            [26, 1, "committed", 7],
            [27, 1, "applied", 7],
            [28, 1, "configured", "1 2 3"],
            [29, 2, "called", 1, "put x = 1"],
            [30, 2, "answered", 1, "ok"],
            [31, 2, "note", "disk", "full"],
            ["18446744073709551615", "18446744073709551613", "committed", "9007199254740992"],
            ["18446744073709551615", 1, "delivered", 9_007_199_254_740_991_u64],
        ],
    });
    assert_eq!(data(&timeline::page(&everything())), expected);
    assert_eq!(data(&timeline::page(&Trace::default()))["violation"], Value::Null);
}

#[test]
fn hostile_texts_stay_texts() {
    let page = timeline::page(&hostile());
    let plain = timeline::page(&Trace::default());
    for tag in ["<script", "</script", "<!--", "<b>", "<img", "</title"] {
        let count = |page: &str| page.matches(tag).count();
        assert_eq!(count(&page), count(&plain), "{tag}");
    }
    let data = data(&page);
    let texts: Vec<_> = (0..HOSTILE.len())
        .map(|position| data["records"][position][4].as_str())
        .collect();
    assert_eq!(texts, HOSTILE.map(Some));
    assert_eq!(data["profile"], HOSTILE.concat());
    assert_eq!(data["violation"], HOSTILE.concat());
}

#[test]
fn nothing_is_fetched() {
    let page = timeline::page(&Trace::default());
    for word in [
        "http:",
        "https:",
        "src=",
        "@import",
        "url(",
        "fetch(",
        "import(",
        "XMLHttp",
        "WebSocket",
        "//cdn",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    assert_eq!(page.matches("href=").count(), page.matches("href=\"data:,\"").count());
    assert!(page.contains("default-src 'none'"), "and the browser is told so");
    assert!(!page.contains("{{"), "a place that was not filled");
}

#[test]
fn it_can_be_written() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("timeline.html");
    timeline::write_page(&everything(), &path).expect("a file");
    assert_eq!(
        std::fs::read_to_string(&path).expect("a text"),
        timeline::page(&everything())
    );
    assert!(timeline::write_page(&everything(), &path.join("below a file")).is_err());
}

// ----- in a browser

/// The page after it was shown; nothing without a browser.
fn shown(name: &str, trace: &Trace, hash: &str) -> Option<String> {
    let dom = browser::open(name, &timeline::page(trace), hash)?;
    assert_eq!(browser::inside(&dom, "status"), status(trace), "{name}");
    Some(dom)
}

/// What the page should count.
fn status(trace: &Trace) -> String {
    let count = |is: fn(&What) -> bool| trace.records.iter().filter(|record| is(&record.what)).count();
    let sent = count(|what| matches!(what, What::Sent { .. }));
    let lost = count(|what| matches!(what, What::Dropped { .. }));
    // One delivery, in `everything`, is of a message that was never sent.
    let strays = count(|what| matches!(what, What::Delivered { message } if *message == (1 << 53) - 1));
    let delivered = count(|what| matches!(what, What::Delivered { .. })) - strays;
    let leads = |what: &What| match what {
        What::Role { role, term, .. } if *role == RoleKind::Leader => Some(*term),
        _ => None,
    };
    let mut elections: Vec<_> = trace
        .records
        .iter()
        .filter_map(|record| Some((leads(&record.what)?, record.node)))
        .collect();
    elections.sort_unstable();
    elections.dedup();
    let seen = trace.records.iter().map(|record| record.node);
    let nodes: BTreeSet<NodeId> = trace.nodes.iter().copied().chain(seen).collect();
    format!(
        "ready: {} lanes, {} records, {delivered} delivered, {lost} dropped, {} in flight, {} elections",
        nodes.len(),
        trace.records.len(),
        sent - delivered - lost,
        elections.len()
    )
}

#[test]
fn a_browser_shows_every_kind_of_run() {
    shown("nothing", &Trace::default(), "");
    shown("everything", &everything(), "pin=1&q=append&off=m:Append,node:3");
    let nodes = (1..=40).chain([u64::MAX - 2]).collect();
    shown("many-nodes", &Trace { nodes, ..everything() }, "t0=1&t1=2");
    if let Some(dom) = shown("bad-address", &everything(), "t0=x&t1=-&pin=99999&q=%zz&off=,,&%") {
        assert!(browser::inside(&dom, "replay").contains("cargo run --release -p quorate-sim -- --seed 1<"));
    }
    if let Some(dom) = shown("network", &everything(), "pin=12") {
        assert!(
            browser::inside(&dom, "pinned").contains("1 ≠ 3"),
            "both ways, with node 2 between them"
        );
    }
    if let Some(dom) = shown("hostile", &hostile(), "pin=0") {
        assert!(browser::inside(&dom, "pinned").contains("&lt;/script&gt;&lt;b&gt;bold&lt;/b&gt;"));
        assert!(!dom.contains("<img") && !dom.contains("<b>bold"));
    }
}

/// A run of the simulator, and how often it tells that a node became leader.
fn simulated(seed: u64) -> (Trace, usize) {
    let driver = standard(&Parameters::draw(seed, Profile::Swarm)).expect("a beginning");
    let trace = driver.traced().run(2_000).trace.expect("it is traced");
    let tells = |record: &&Record| matches!(&record.what, What::Note { text, .. } if text.contains("BecameLeader"));
    let elections = trace.records.iter().filter(tells).count();
    (trace, elections)
}

#[test]
fn a_browser_shows_a_run_of_real_nodes_and_obeys_hands() {
    let mut runs = (0..50).map(simulated);
    let Some((trace, elections)) = runs.find(|(_, elections)| *elections > 1) else {
        panic!("no run is worth looking at");
    };
    let probe = include_str!("timeline/probe.js");
    let page = timeline::page(&trace).replace("</body>", &format!("<script>{probe}</script></body>"));
    let Some(dom) = browser::open("hands", &page, "") else {
        return;
    };
    assert_eq!(browser::inside(&dom, "status"), status(&trace));
    let expected = format!(
        "wheel zooms: true\naround the pointer: true\ndrag pans: true\nhover tells of a message: true\n\
         click pins it: true\n] goes to the next record: true\nEscape unpins: true\nv goes to the end: true\n\
         filters hide: true\nfinds: {elections} matches\nthe list pins: true"
    );
    assert_eq!(browser::inside(&dom, "probe"), expected);
}

/// Whoever looks at a lane sees what the node is from the start on, and what clients asked in words.
#[test]
fn roles_from_the_start_and_operations_in_words() {
    let parameters = Parameters::draw(2, Profile::Disk);
    let trace = standard(&parameters).expect("a cluster").traced().run(5_000).trace;
    let trace = trace.expect("a trace");
    for node in trace.nodes.iter().copied() {
        let mut lane = trace
            .records
            .iter()
            .filter(|record| record.node == node)
            .map(|record| &record.what);
        let first = lane.find(|what| !matches!(what, What::Restarted));
        assert!(matches!(first, Some(What::Role { .. })), "{first:?}");
        let lane: Vec<&What> = trace
            .records
            .iter()
            .filter(|record| record.node == node)
            .map(|record| &record.what)
            .collect();
        for pair in lane.windows(2).filter(|pair| *pair[0] == What::Restarted) {
            assert!(matches!(pair[1], What::Role { .. }), "{pair:?}");
        }
    }
    assert!(trace.records.iter().any(|record| record.what == What::Restarted));
    let texts: Vec<&String> = trace
        .records
        .iter()
        .filter_map(|record| match &record.what {
            What::Called { text, .. } | What::Answered { text, .. } => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(texts.iter().find(|text| text.contains('\\')), None);
    for words in [
        "propose: put key ",
        "propose: append ",
        " if it is ",
        "read: get key ",
        "read: get the list",
        "answered ",
        "refused",
    ] {
        assert!(texts.iter().any(|text| text.contains(words)), "{words}");
    }
}

//! The pages in a headless Chromium, on a real daemon that plays the demo's story (`tests/browser/run.mjs`).
//!
//! Runs when `TRUNKLINE_BROWSER` names the directory that holds `node_modules` with playwright-core; `./test` sets it.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

#[tokio::test]
async fn the_panel_and_the_desk_page_show_the_demos_story() {
    let Some(modules) = std::env::var_os("TRUNKLINE_BROWSER") else { return };
    let mut demo = Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args(["demo", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the demo starts");
    let mut told = BufReader::new(demo.stderr.take().expect("piped")).lines();
    let base = loop {
        let line = told.next_line().await.expect("text").expect("the demo says where its pages are");
        if let Some((_, panel)) = line.split_once("The voice agent's panel:  ") {
            break panel.trim_end_matches("/panel").to_owned();
        }
    };
    // Nobody else reads it, and a full pipe would stop the demo.
    let reading = tokio::spawn(async move { while let Ok(Some(_)) = told.next_line().await {} });
    let play = |arguments: &[&str]| {
        let mut node = Command::new("node");
        node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/run.mjs"))
            .env("TRUNKLINE_BROWSER", &modules)
            .args(["--base", &base])
            .args(arguments)
            .kill_on_drop(true);
        if let Some(shots) = std::env::var_os("TRUNKLINE_SHOTS") {
            node.arg("--shots").arg(shots);
        }
        node.output()
    };
    let remark = "退款订单 20261107，已转财务，三天内回电";
    let watch = ["--scenario", "watch", "--expect", "王梅", "--expect", "我的退款怎么样了？", "--expect", remark];
    let watched = play(&watch).await.expect("node runs");
    assert!(watched.status.success(), "{}", String::from_utf8_lossy(&watched.stderr));
    let desk = "desk?scheme=account_no&value=wang.mei&lang=en";
    let expected = ["王梅", "Calling number", "Alternate number", "8888", "1001", remark, "我的退款怎么样了？"];
    let mut visit = vec!["--scenario", "visit", "--path", desk];
    for text in expected {
        visit.extend(["--expect", text]);
    }
    let visited = play(&visit).await.expect("node runs");
    assert!(visited.status.success(), "{}", String::from_utf8_lossy(&visited.stderr));
    demo.kill().await.expect("it ends");
    reading.abort();
}

//! The README's first command, played through without a person.

use std::process::Command;

#[test]
fn the_demo_plays_its_story_and_says_what_came_of_it_in_one_line() {
    let output = Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args(["demo", "--once", "--json"])
        .output()
        .expect("the daemon's binary runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(text.lines().count(), 1, "the summary alone stands on stdout: {text}");
    let summary: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for (name, wanted) in [("calls", 2), ("chats", 1), ("customers", 1), ("cdrs", 3), ("pops", 2)] {
        assert_eq!(summary[name], wanted, "{name} in {summary}");
    }
    assert_eq!(summary["audit"]["adds_up"], true, "{summary}");
    assert_eq!(summary["audit"]["waiting"], 0, "{summary}");
    assert!(told.contains("Nobody asked her twice."), "the story is told on stderr: {told}");
}

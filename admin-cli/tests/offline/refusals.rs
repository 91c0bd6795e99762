//! What `trunkctl` says when it cannot ask: one sentence with the mend, exit code 2, nothing on stdout.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::command::{Ended, trunkctl, trunkctl_with};

fn refused(ended: &Ended, told: &[&str]) {
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "one sentence: {}", ended.stderr);
    for part in told {
        assert!(ended.stderr.contains(part), "{part:?} is not told in {}", ended.stderr);
    }
}

#[test]
fn without_a_token_it_says_where_to_get_one() {
    refused(&trunkctl(&["audit"]), &["no token", "--token-file <data_dir>/admin.token", "TRUNKLINE_TOKEN"]);
    refused(&trunkctl(&["audit", "--token-file", "/nowhere/token"]), &["cannot read the token file /nowhere/token"]);
    refused(&trunkctl(&["audit", "--token", " "]), &["--token is empty"]);
    refused(&trunkctl(&["audit", "--token", "two words"]), &["copy the token again"]);
    let environment = [("TRUNKLINE_TOKEN_FILE", "/nowhere/other")];
    refused(&trunkctl_with(&environment, &["audit"]), &["/nowhere/other"]);
}

#[test]
fn a_token_given_by_hand_wins_over_the_environment() {
    let environment = [("TRUNKLINE_TOKEN", "from-environment")];
    let ended = trunkctl_with(&environment, &["audit", "--token-file", "/nowhere/token"]);
    refused(&ended, &["/nowhere/token"]);
}

#[test]
fn without_a_daemon_it_says_that_there_is_none() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let ended = trunkctl(&["audit", "--token", "x", "--server", &format!("http://{free}")]);
    refused(&ended, &["no daemon at http://127.0.0.1:", "refused", "--server"]);
    for wrong in ["nonsense", "ftp://127.0.0.1", "localhost:8080", ""] {
        refused(&trunkctl(&["audit", "--token", "x", "--server", wrong]), &["is no address", "http://HOST:PORT"]);
    }
}

/// What `trunkctl` makes of a stranger's answer.
fn asked_of_a_stranger(answer: &'static str, arguments: &[&str]) -> Ended {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let stranger = thread::spawn(move || {
        let (mut peer, _) = listener.accept().expect("trunkctl connects");
        let _ = peer.read(&mut [0; 4096]).expect("it asks");
        peer.write_all(answer.as_bytes()).expect("answered");
    });
    let server = format!("http://{address}");
    let ended = trunkctl(&[arguments, &["--token", "x", "--server", &server]].concat());
    stranger.join().expect("the stranger answered");
    ended
}

#[test]
fn what_is_no_daemon_is_not_taken_for_one() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\nconnection: close\r\n\r\nnot found",
        "HTTP/1.1 301 Moved\r\nlocation: https://elsewhere.example/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    ] {
        let ended = asked_of_a_stranger(answer, &["cdr", "list"]);
        refused(&ended, &["is no Trunkline daemon", "check --server"]);
    }
}

#[test]
fn a_strangers_404_in_json_is_not_taken_for_nothing() {
    let plain = "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 18\r\nconnection: close\r\n\r\n\
                 {\"error\":\"no way\"}";
    let problem = "HTTP/1.1 404 Not Found\r\ncontent-type: application/problem+json\r\ncontent-length: 14\r\n\
                   connection: close\r\n\r\n{\"status\":404}";
    let id = "00000000-0000-0000-0000-000000000001";
    for arguments in [&["customer", "show", id][..], &["cdr", "show", id], &["token", "revoke", id]] {
        refused(&asked_of_a_stranger(plain, arguments), &["is no Trunkline daemon", "check --server"]);
        assert_eq!(asked_of_a_stranger(problem, arguments).code, 1, "a daemon's 404 is a no: {arguments:?}");
    }
    // What every daemon has cannot be missing.
    for arguments in [
        &["cdr", "list"][..],
        &["audit"],
        &["audit", "--json"],
        &["connector", "list"],
        &["bus", "dead", "list"],
        &["bus", "dead", "purge", "--all"],
        &["token", "list"],
        &["customer", "find", "wang"],
    ] {
        for answer in [plain, problem] {
            refused(&asked_of_a_stranger(answer, arguments), &["is no Trunkline daemon", "check --server"]);
        }
    }
}

#[test]
fn a_wrong_handle_and_a_hostile_id_are_refused_before_anything_is_asked() {
    let split = ["customer", "split", "x", "--handle", "13800138000", "--reason", "r", "--token", "x"];
    let ended = trunkctl(&split);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("phone::+8613800138000"), "{}", ended.stderr);
    for id in ["../tokens", "a/b", "x?y", "\u{1b}[2J", ""] {
        refused(&trunkctl(&["customer", "show", id, "--token", "x"]), &["is no id"]);
    }
}

//! `mapping check` and `mapping test`: rules without a daemon.

use std::fs;

use tempfile::TempDir;

use crate::command::{Ended, trunkctl};

const GOOD: &str = "[profile]\nfields = ['level']\n[source]\nconnector = 'crm'\nfields = ['lvl']\n\
    [[rule]]\nfield = 'lvl'\nrename = 'level'\n\
    [[test]]\nname = 'a level is a level'\nevent = 'customer.profile'\nfields = { lvl = '1' }\n\
    expect = { fields = { level = '1' } }\n";

fn rules(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("crm.toml"), text).expect("written");
    fs::write(folder.path().join("README.md"), "not a rule file").expect("written");
    folder
}

fn mapping(command: &str, folder: &TempDir, more: &[&str]) -> Ended {
    let folder = folder.path().to_str().expect("UTF-8");
    trunkctl(&[&["mapping", command, folder], more].concat())
}

#[test]
fn good_rules_are_good_and_their_tests_pass() {
    let folder = rules(GOOD);
    let checked = mapping("check", &folder, &[]);
    assert_eq!((checked.code, checked.stdout.as_str()), (0, "1 rules with 1 tests are good.\n"), "{}", checked.stderr);
    let tested = mapping("test", &folder, &[]);
    assert_eq!((tested.code, tested.stdout.as_str()), (0, "1 tests of 1 rules pass.\n"));
    let json: serde_json::Value = serde_json::from_str(&mapping("test", &folder, &["--json"]).stdout).expect("JSON");
    assert_eq!((json["ok"].as_bool(), json["tests"].as_u64()), (Some(true), Some(1)));
}

#[test]
fn all_that_is_wrong_is_told_with_file_line_and_nearest_name() {
    let folder = rules(&GOOD.replace("rename = 'level'", "renam = 'level'").replace("field = 'lvl'", "field = 'lvll'"));
    let ended = mapping("check", &folder, &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    for told in [
        "crm.toml:7: there is no field \"lvll\"; did you mean \"lvl\"?",
        "crm.toml:8: there is no key \"renam\" here; did you mean \"rename\"?",
        "trunkctl: 3 problems in the rules",
    ] {
        assert!(ended.stderr.contains(told), "{told}: {}", ended.stderr);
    }
    assert_eq!(mapping("test", &folder, &[]).code, 1);
    let json: serde_json::Value = serde_json::from_str(&mapping("check", &folder, &["--json"]).stdout).expect("JSON");
    assert_eq!((json["ok"].as_bool(), json["problems"][0]["line"].as_u64()), (Some(false), Some(6)), "{json}");
}

#[test]
fn a_test_that_fails_says_what_came_otherwise() {
    let folder = rules(&GOOD.replace("level = '1' } }", "level = 'gold' } }"));
    assert_eq!(mapping("check", &folder, &[]).code, 0, "it compiles");
    let ended = mapping("test", &folder, &[]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("crm.toml:9: a level is a level"), "{}", ended.stderr);
    assert!(ended.stderr.contains("fields.level: expected \"gold\", and \"1\" came"), "{}", ended.stderr);
    assert!(ended.stderr.contains("1 of 1 tests fail"), "{}", ended.stderr);
}

#[test]
fn connectors_are_known_where_the_configuration_is_given() {
    let folder = rules(GOOD);
    let config = folder.path().join("trunkline.conf");
    fs::write(&config, "[connectors.crrm]\nkind = 'chat-webhook'\n[connectors.crrm.params]\nsecrets = ['x']\n")
        .expect("written");
    let ended = mapping("check", &folder, &["--config", config.to_str().expect("UTF-8")]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("there is no connector \"crm\"; did you mean \"crrm\"?"), "{}", ended.stderr);
}

#[test]
fn a_folder_that_is_empty_or_not_there_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = mapping("check", &folder, &[]);
    assert_eq!(empty.code, 2);
    assert!(empty.stderr.contains("holds no *.toml"), "{}", empty.stderr);
    let gone = trunkctl(&["mapping", "check", "/nowhere/rules"]);
    assert_eq!(gone.code, 2);
    assert!(gone.stderr.contains("check the path"), "{}", gone.stderr);
}

#[test]
fn the_configurations_own_rules_are_checked_with_it() {
    let folder = rules(&GOOD.replace("field = 'lvl'", "field = 'lvll'"));
    let config = folder.path().join("trunkline.conf");
    let text = format!("[mapping]\nrules = '{}'\n", folder.path().display());
    fs::write(&config, text).expect("written");
    let ended = trunkctl(&["config", "check", "--config", config.to_str().expect("UTF-8")]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    for told in
        ["mapping.rules: crm.toml:4: there is no connector \"crm\"", "mapping.rules: crm.toml:7: there is no field"]
    {
        assert!(ended.stderr.contains(told), "{told}: {}", ended.stderr);
    }
}

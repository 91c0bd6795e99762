//! `config check`: everything that is wrong, at once, each with its key and the mend.

use std::fs;

use crate::command::{Ended, root, trunkctl, trunkctl_with};

fn check(text: &str) -> Ended {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trunkline.toml");
    fs::write(&file, text).expect("written");
    trunkctl(&["config", "check", "--config", file.to_str().expect("UTF-8")])
}

#[test]
fn the_defaults_and_both_examples_are_good() {
    assert_eq!(trunkctl(&["config", "check"]).code, 0);
    for example in ["embedded", "rabbitmq-postgres"] {
        let file = root().join(format!("config/example/{example}.toml"));
        let ended = trunkctl(&["config", "check", "--config", file.to_str().expect("UTF-8")]);
        assert_eq!((ended.code, ended.stdout.as_str()), (0, "The configuration is good.\n"), "{}", ended.stderr);
    }
    let json = trunkctl(&["config", "check", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json.stdout).expect("JSON")["ok"], true);
}

#[test]
fn the_example_of_every_kind_is_good() {
    let kinds = trunkctl(&["connector", "kinds", "--json"]).stdout;
    let kinds: Vec<serde_json::Value> = serde_json::from_str(&kinds).expect("JSON");
    assert!(!kinds.is_empty());
    for kind in kinds {
        let name = kind["name"].as_str().expect("a name");
        let example = trunkctl(&["connector", "example", name]);
        assert_eq!(example.code, 0, "{name}");
        let ended = check(&example.stdout);
        assert_eq!(ended.code, 0, "{name}: {}", ended.stderr);
    }
}

#[test]
fn all_problems_come_at_once_with_key_and_mend() {
    let ended = check(
        "[http]\nlisen = '127.0.0.1:80'\n\
         [bus]\ntransport = 'amqp'\n[bus.amqp]\nhost = 'amqp://mq:5672'\n\
         [store]\nbackend = 'postgres'\n[store.postgres]\npassword_file = '/nowhere/secret'\n\
         [connectors.pbx]\nkind = 'avaya'\n\
         [connectors.aes]\nkind = 'avaya-dmcc'\n[connectors.aes.params]\nhost = 'https://aes/'\nstatons = ['4750']\n\
         [connectors.chat]\nkind = 'chat-webhook'\n[connectors.chat.params]\nsecrets = ['no secret']\n",
    );
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    for told in [
        "http.lisen: is no key; did you mean listen?",
        "bus.amqp.password: is missing",
        "bus.amqp.host: is no host",
        "store.postgres.password_file: cannot read /nowhere/secret",
        "connectors.pbx.kind: \"avaya\" is no kind; kinds are avaya-dmcc, chat-webhook",
        "connectors.aes.params.host: ",
        "connectors.aes.params.user: ",
        "connectors.aes.params.password: ",
        "connectors.aes.params.switch_name: ",
        "connectors.aes.params.staton",
        "stations",
        "connectors.chat.params.secrets: ",
    ] {
        assert!(ended.stderr.contains(told), "{told:?} is not told in\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("no secret\""), "secrets are not repeated:\n{}", ended.stderr);
}

#[test]
fn a_file_that_is_no_toml_or_not_there_is_told_with_its_place() {
    let broken = check("[http\nlisten = 1\n");
    assert!(broken.code == 1 && broken.stderr.contains("trunkline.toml"), "{}", broken.stderr);
    let absent = trunkctl(&["config", "check", "--config", "/nowhere/trunkline.toml"]);
    assert!(absent.code == 1 && absent.stderr.contains("/nowhere/trunkline.toml is no file"), "{}", absent.stderr);
}

#[test]
fn files_that_mapping_reads_are_checked_too() {
    let plans = tempfile::tempdir().expect("a folder");
    fs::write(plans.path().join("beijing.toml"), "site = 7\n").expect("written");
    let text =
        format!("[mapping]\nidentity_rules = '/nowhere/identity.toml'\ndial_plans = '{}'\n", plans.path().display());
    let ended = check(&text);
    assert_eq!(ended.code, 1);
    for told in [
        "mapping.identity_rules: cannot read /nowhere/identity.toml",
        "mapping.dial_plans: ",
        "beijing.toml is no good",
    ] {
        assert!(ended.stderr.contains(told), "{told:?} is not told in\n{}", ended.stderr);
    }
}

#[test]
fn a_wrong_type_hides_neither_files_nor_sites() {
    let ended = check(
        "[http]\nlisten = 'x'\n[mapping]\nidentity_rules = '/nowhere/identity.toml'\n\
         [connectors.a]\nkind = 'avaya-dmcc'\nsite = 'beijing'\n",
    );
    assert_eq!(ended.code, 1);
    for told in [
        "http.listen: ",
        "mapping.identity_rules: cannot read /nowhere/identity.toml",
        "connectors.a.site: there is no dial plan beijing.toml in mapping.dial_plans",
        "connectors.a.params.host: ",
    ] {
        assert!(ended.stderr.contains(told), "{told:?} is not told in\n{}", ended.stderr);
    }
}

#[test]
fn a_site_without_a_dial_plan_is_told_and_one_with_a_broken_plan_only_once() {
    let plans = tempfile::tempdir().expect("a folder");
    fs::write(plans.path().join("beijing.toml"), "site = 7\n").expect("written");
    let text = |site: &str| {
        let chat = "[connectors.chat]\nkind = 'chat-webhook'\n[connectors.chat.params]\n\
                    secrets = ['whsec_dGhpcyBpcyBhbiBleGFtcGxlLCBkbyBub3QgdXNlIGl0IQ==']\n";
        let chat = chat.replace("kind", &format!("site = '{site}'\nkind"));
        format!("[mapping]\ndial_plans = '{}'\n{chat}", plans.path().display())
    };
    let broken = check(&text("beijing"));
    assert!(broken.code == 1 && broken.stderr.contains("beijing.toml is no good"), "{}", broken.stderr);
    assert!(!broken.stderr.contains("connectors.chat.site"), "{}", broken.stderr);
    fs::write(plans.path().join("beijing.toml"), "site = 'beijing'\n").expect("written");
    assert_eq!(check(&text("beijing")).code, 0);
    assert!(check(&text("shanghai")).stderr.contains("connectors.chat.site: "));
}

#[test]
fn the_environment_is_checked_and_tokens_in_it_are_no_settings() {
    let wrong = trunkctl_with(&[("TRUNKLINE_HTTP__LISTEN", "here")], &["config", "check"]);
    assert!(wrong.code == 1 && wrong.stderr.contains("http.listen"), "{}", wrong.stderr);
    let tools = [("TRUNKLINE_TOKEN", "x"), ("TRUNKLINE_SERVER", "http://127.0.0.1:1")];
    assert_eq!(trunkctl_with(&tools, &["config", "check"]).code, 0);
}

#[test]
fn what_is_declared_of_counters_and_silence_is_checked_too() {
    let ended = check(
        "[daemon]\nzone = 'Beijing'\nzones = { south = 'Asia/Shenzen' }\n\
         [silence]\nweeks = 0\nthreshold = 0\nholidays = ['2026-10-01', '1.10.2026']\n\
         [hotspots]\nfactor = 0.5\n[hotspots.keywords]\nfees = ['/(/']\n",
    );
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    for told in [
        "daemon.zone: \"Beijing\" is no time zone",
        "daemon.zones.south: \"Asia/Shenzen\" is no time zone",
        "silence.weeks: lies outside 1 to 52",
        "silence.threshold: is 0",
        "silence.holidays: \"1.10.2026\" is no date",
        "hotspots.factor: is below 1",
        "hotspots.keywords.fees: ",
    ] {
        assert!(ended.stderr.contains(told), "{told:?} is not told in\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("2026-10-01\" is no date"), "{}", ended.stderr);
}

#[test]
fn flaws_of_profile_rules_and_of_the_list_of_agents_are_told_with_file_line_and_nearest_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("profile.toml"), "[fields.city]\ngruop = 'identity'\n").expect("written");
    fs::write(at("agents.csv"), "agent,logins\nzhao,2001\n").expect("written");
    let text = format!("[mapping]\nprofile_rules = '{}'\nagents = '{}'\n", at("profile.toml"), at("agents.csv"));
    let ended = check(&text);
    assert_eq!(ended.code, 1);
    for told in [
        "profile.toml is no good: line 2: fields.city.gruop is no key; did you mean group?",
        "agents.csv is no good: line 2: logins holds \"2001\"; write system/login, like avaya-bj/2001",
    ] {
        assert!(ended.stderr.contains(told), "{told:?} in {}", ended.stderr);
    }
}

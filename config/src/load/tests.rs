use std::fs;

use secrecy::ExposeSecret;

use super::*;

fn with_file(text: &str) -> Result<Settings, Problems> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trunkline.toml");
    fs::write(&file, text).expect("written");
    load(&Sources { file: Some(file), environment: Some(HashMap::new()), ..Sources::default() })
}

fn keys(problems: &Problems) -> Vec<&str> {
    problems.0.iter().map(|problem| problem.key.as_str()).collect()
}

#[test]
fn defaults_alone_are_a_whole_configuration() {
    let settings = load(&Sources { environment: Some(HashMap::new()), ..Sources::default() }).expect("valid");
    assert_eq!(settings.http.listen.to_string(), "127.0.0.1:8080");
    assert!(settings.connectors.is_empty());
}

#[test]
fn all_problems_are_told_at_once_with_the_nearest_name() {
    let text = "[htttp]\nlisten='x'\n[bus]\ntransport='amqp'\n[bus.amqp]\nhots='mq'\nport='high'\nshards=0\npassword='x'\n\
                [connectors.a]\nknd='avaya-dmcc'\n";
    let problems = with_file(text).expect_err("many problems");
    let found = keys(&problems);
    for key in ["htttp", "bus.amqp.hots", "bus.amqp.port", "connectors.a.knd", "connectors.a.kind"] {
        assert!(found.contains(&key), "{key} is missing in {found:?}\n{problems}");
    }
    let text = problems.to_string();
    assert!(text.contains("did you mean host?"), "{text}");
    assert!(text.contains("did you mean http?"), "{text}");
    assert!(text.contains("trunkline.toml"), "the origin is named: {text}");
}

#[test]
fn the_environment_wins_over_files_and_flags_win_over_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trunkline.toml");
    fs::write(&file, "[http]\nlisten='127.0.0.1:1'\nmax_connections=5\n").expect("written");
    let environment = HashMap::from([
        ("TRUNKLINE_HTTP__LISTEN".to_owned(), "127.0.0.1:2".to_owned()),
        ("TRUNKLINE_HTTP__MAX_CONNECTIONS".to_owned(), "007".to_owned()),
    ]);
    let overrides = vec![("http.listen".to_owned(), "127.0.0.1:3".to_owned())];
    let settings = load(&Sources { file: Some(file), overrides, environment: Some(environment) }).expect("valid");
    assert_eq!(settings.http.listen.port(), 3);
    assert_eq!(settings.http.max_connections, 7);
}

#[test]
fn conf_d_files_are_read_in_order_and_connectors_add_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trunkline.toml");
    fs::write(&file, "[connectors.a]\nkind='x'\n").expect("written");
    fs::create_dir(folder.path().join("conf.d")).expect("made");
    fs::write(folder.path().join("conf.d/10-b.toml"), "[connectors.b]\nkind='y'\nenabled=false\n").expect("written");
    fs::write(folder.path().join("conf.d/ignored.txt"), "nonsense").expect("written");
    let settings =
        load(&Sources { file: Some(file), environment: Some(HashMap::new()), ..Sources::default() }).expect("valid");
    assert_eq!(settings.connectors.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert!(!settings.connectors["b"].enabled);
}

#[test]
fn secrets_come_from_files_and_a_missing_one_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret_file = folder.path().join("pw");
    fs::write(&secret_file, "s3cret\n").expect("written");
    let text = format!("[bus]\ntransport='amqp'\n[bus.amqp]\npassword_file='{}'\n", secret_file.display());
    let settings = with_file(&text).expect("valid");
    assert_eq!(settings.bus.amqp.password.as_ref().map(ExposeSecret::expose_secret), Some("s3cret"));
    assert!(!format!("{settings:?}").contains("s3cret"), "a secret shows in Debug");

    let problems = with_file("[bus]\ntransport='amqp'\n[store]\nbackend='postgres'\n").expect_err("secrets missing");
    assert_eq!(keys(&problems), ["bus.amqp.password", "store.postgres.password"]);
    let problems = with_file("[bus.amqp]\npassword_file='/nowhere'\n").expect_err("no file");
    assert_eq!(keys(&problems), ["bus.amqp.password_file"]);
}

#[test]
fn a_file_that_is_no_toml_is_one_clear_sentence() {
    let problems = with_file("[http\nlisten=").expect_err("no TOML");
    assert_eq!(problems.0.len(), 1);
    assert!(!problems.to_string().trim().contains("\n\n"));
    let missing = Sources { file: Some("/nowhere/trunkline.toml".into()), ..Sources::default() };
    assert!(load(&missing).expect_err("no file").to_string().contains("--config"));
}

#[test]
fn a_url_where_a_host_belongs_is_told_and_an_unreadable_secret_is_told_once() {
    let text = "[bus]\ntransport='amqp'\n[bus.amqp]\nhost='amqps://mq.example.com:5671'\npassword_file='/nowhere/secret'\n\
                ca_file='/nowhere/ca.pem'\n[store.postgres]\nhost='db.example.com/trunkline'\nport=0\n";
    let problems = with_file(text).expect_err("refused");
    let mut found = keys(&problems);
    found.sort_unstable();
    let wanted =
        ["bus.amqp.ca_file", "bus.amqp.host", "bus.amqp.password_file", "store.postgres.host", "store.postgres.port"];
    assert_eq!(found, wanted, "{problems}");
}

#[test]
fn names_and_addresses_are_hosts() {
    for host in ["mq", "mq-1.example.com", "192.0.2.7", "2001:db8::7", "[2001:db8::7]"] {
        assert!(is_host(host), "{host}");
    }
    for wrong in ["", "mq:5672", "amqp://mq", "user@mq", "mq/vhost", "m q"] {
        assert!(!is_host(wrong), "{wrong}");
    }
}

#[test]
fn variables_of_our_tools_are_no_settings_and_a_misspelt_one_is_told() {
    let environment = |name: &str| Some(HashMap::from([(name.to_owned(), "x".to_owned())]));
    for name in [
        "TRUNKLINE_TOKEN",
        "TRUNKLINE_SERVER",
        "TRUNKLINE_PEERS",
        "TRUNKLINE_BENCH_SECONDS",
        "TRUNKLINE_FAULTS_SEED",
        "TRUNKLINE_TEST_ANYTHING",
    ] {
        load(&Sources { environment: environment(name), ..Sources::default() }).expect(name);
    }
    let sources = Sources { environment: environment("TRUNKLINE_HTTP_LISTEN"), ..Sources::default() };
    assert_eq!(keys(&load(&sources).expect_err("one underscore is too few")), ["http_listen"]);
}

#[test]
fn connectors_are_asked_about_also_when_other_keys_are_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trunkline.toml");
    fs::write(&file, "[http]\nlisen='x'\n[connectors.a]\nkind='x'\n[connectors.b]\nknd='x'\n").expect("written");
    let sources = Sources { file: Some(file), environment: Some(HashMap::new()), ..Sources::default() };
    let of_connector = |name: &str, connector: &Connector| {
        let key = format!("connectors.{name}.kind");
        vec![Problem { key, sentence: format!("{} is no kind", connector.kind), origin: None }]
    };
    let problems = load_with(&sources, of_connector, |_| Vec::new()).expect_err("three problems");
    let found = keys(&problems);
    for key in ["http.lisen", "connectors.a.kind", "connectors.b.knd", "connectors.b.kind"] {
        assert!(found.contains(&key), "{key} is missing in {found:?}");
    }
    assert!(problems.0.iter().any(|problem| problem.sentence == "x is no kind"), "{problems}");
}

#[test]
fn a_wrong_type_does_not_hide_the_other_problems() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trunkline.toml");
    let text = "log = 5\n[http]\nlisten='x'\nmax_connections=0\n[bus]\ntransport='amqp'\n[bus.amqp]\nport='high'\nshards=0\n\
                [store]\nbackend='postgres'\n[store.postgres]\npassword=['a list']\npassword_file='/nowhere/secret'\n";
    fs::write(&file, text).expect("written");
    let sources = Sources { file: Some(file), environment: Some(HashMap::new()), ..Sources::default() };
    let of_whole = |settings: &Settings| {
        let sentence = format!("{} is the default's", settings.http.listen);
        vec![Problem { key: "whole".into(), sentence, origin: None }]
    };
    let problems = load_with(&sources, |_, _| Vec::new(), of_whole).expect_err("many problems");
    let mut found = keys(&problems);
    found.sort_unstable();
    let wanted = [
        "bus.amqp.password",
        "bus.amqp.port",
        "bus.amqp.shards",
        "http.listen",
        "http.max_connections",
        "log",
        "store.postgres.password",
        "store.postgres.password_file",
        "whole",
    ];
    assert_eq!(found, wanted, "{problems}");
    assert!(problems.to_string().contains("127.0.0.1:8080 is the default's"), "{problems}");
}

#[test]
fn records_are_not_kept_shorter_than_the_events_they_are_made_from() {
    for (text, wrong) in [
        ("events_days=90\nrecords_days=90", false),
        ("events_days=90", false),
        ("records_days=90", true),
        ("events_days=91\nrecords_days=90", true),
    ] {
        let read = with_file(&format!("[cdr.retention]\n{text}\n"));
        assert_eq!(read.is_err(), wrong, "{text}");
        if let Err(problems) = read {
            assert_eq!(keys(&problems), ["cdr.retention.records_days"]);
        }
    }
    assert_eq!(keys(&with_file("[cdr]\nhour=24\n").expect_err("no hour")), ["cdr.hour"]);
}

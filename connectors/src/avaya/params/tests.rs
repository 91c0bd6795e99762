use super::*;

fn read(toml: &str) -> Result<Params, Vec<String>> {
    let value: config::Value = config::Config::builder()
        .add_source(config::File::from_str(toml, config::FileFormat::Toml))
        .build()
        .and_then(|built| built.get("params"))
        .expect("test TOML");
    Params::read(&value).map_err(|error| error.problems.iter().map(ToString::to_string).collect())
}

const GOOD: &str = r#"
[params]
host = "aes.example.test"
user = "trunkline"
password = "s3cret & <more>"
switch_name = "CM1"
stations = ["4750", "4760-4769"]
"#;

#[test]
fn a_small_configuration_has_safe_defaults() {
    let params = read(GOOD).expect("good");
    assert_eq!((params.port, params.settings.session_duration, params.settings.cleanup_delay), (4722, 180, 60));
    assert_eq!(params.settings.rate, 5);
    assert_eq!(params.settings.stations.len(), 11);
    assert!(params.settings.versions[0].ends_with("privA"));
}

#[test]
fn rule_29_tls_is_on_with_its_name_checked_and_plain_text_only_if_asked_for() {
    let tls = read(GOOD).expect("good").tls.expect("tls by default");
    assert!(!tls.insecure_skip_hostname && tls.ca_file.is_none() && tls.server_name.is_none());
    let own_ca = format!(
        "{GOOD}[params.tls]\nca_file = \"/etc/ca.pem\"\nserver_name = \"aes1\"\ninsecure_skip_hostname = true\n"
    );
    let tls = read(&own_ca).expect("good").tls.expect("tls");
    assert!(tls.insecure_skip_hostname && tls.ca_file.is_some() && tls.server_name.as_deref() == Some("aes1"));
    let plain = read(&format!("{GOOD}[params.tls]\nenabled = false\n")).expect("good");
    assert!(plain.tls.is_none());
    assert_eq!(plain.port, 4721);
}

#[test]
fn all_problems_are_told_at_once_each_with_its_key_and_mend() {
    let problems = read("[params]\nhosst = \"x\"\nport = 70000\nvdns = [\"65-x\"]\n[params.tls]\nenable = true\n")
        .expect_err("bad");
    let all = problems.join("\n");
    for expected in [
        "hosst: there is no such key; the nearest is host",
        "host: it is missing; write the AES",
        "user: it is missing",
        "password: there is no secret; write password or password_file",
        "switch_name: it is missing",
        "port: it has to be a whole number from 1 to 65535",
        "vdns: \"65-x\" is no number",
        "stations: it has to name at least one",
        "tls.enable: there is no such key; the nearest is enabled",
    ] {
        assert!(all.contains(expected), "{expected:?} is not in\n{all}");
    }
}

#[test]
fn secondary_hosts_are_names_or_addresses_with_or_without_a_port_of_their_own() {
    let with = |hosts: &str| read(&format!("{GOOD}secondary_hosts = [{hosts}]\n"));
    let hosts = with("\"aes2.example.test\", \"192.0.2.7:4799\", \"2001:db8::7\", \"[2001:db8::8]:4723\"")
        .expect("good")
        .others;
    let hosts: Vec<(&str, u16)> = hosts.iter().map(|(host, port)| (host.as_str(), *port)).collect();
    assert_eq!(hosts, [("aes2.example.test", 4722), ("192.0.2.7", 4799), ("2001:db8::7", 4722), ("2001:db8::8", 4723)]);
    for bad in ["\"https://aes\"", "\"aes2:port\"", "\"\""] {
        assert!(with(bad).expect_err(bad)[0].starts_with("secondary_hosts: each has to be"), "{bad}");
    }
}

#[test]
fn a_password_file_is_read_and_its_absence_is_told_with_its_path() {
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), "from-file\n").expect("written");
    let with = |path: &str| GOOD.replace("password = \"s3cret & <more>\"", &format!("password_file = \"{path}\""));
    let params = read(&with(file.path().to_str().expect("utf-8"))).expect("good");
    assert_eq!(secrecy::ExposeSecret::expose_secret(&params.settings.password), "from-file");
    let problems = read(&with("/nonexistent/secret")).expect_err("missing");
    assert!(problems[0].starts_with("password_file: /nonexistent/secret cannot be read"));
}

#[test]
fn rule_8_the_password_does_not_show_in_debug() {
    let shown = format!("{:?}", read(GOOD).expect("good"));
    assert!(!shown.contains("s3cret"));
}

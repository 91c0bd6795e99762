//! Lists of agents.

use trunkline_mapping::profile::{AgentProfile, Login};

fn flaws(csv: &str) -> Vec<String> {
    let error = AgentProfile::list(csv).expect_err("it is wrong");
    error.0.iter().map(ToString::to_string).collect()
}

#[test]
fn a_list_as_a_spreadsheet_writes_it_is_read() {
    let csv = "\u{feff}agent,name,group,skills,phones,logins\r\n\
               zhao.min,\"Zhao, Min\",Refunds,refund; vip ,13800138009,avaya-bj/2001;web-chat/zhao.min\r\n\
               李娜,,,,,/connectors/wecom/li.na\r\n";
    let agents = AgentProfile::list(csv).expect("good");
    let zhao = &agents[0];
    assert_eq!(
        (zhao.agent.as_str(), zhao.name.as_deref(), zhao.group.as_deref()),
        ("zhao.min", Some("Zhao, Min"), Some("Refunds"))
    );
    assert_eq!(zhao.skills, ["refund", "vip"]);
    let login = |system: &str, login: &str| Login { system: system.into(), login: login.into() };
    assert_eq!(zhao.logins, [login("/connectors/avaya-bj", "2001"), login("/connectors/web-chat", "zhao.min")]);
    assert_eq!((agents[1].agent.as_str(), &agents[1].name), ("李娜", &None));
    assert_eq!(agents[1].logins, [login("/connectors/wecom", "li.na")]);
}

#[test]
fn everything_that_is_wrong_is_told_with_its_line() {
    let csv = "agent,nmae,logins\na/b,,avaya-bj/2001\nzhao.min,,2001\nli.na,,avaya-bj/2001\nli.na,,\n";
    assert_eq!(
        flaws(csv),
        [
            "line 1: nmae is no column; did you mean name?",
            "line 2: agent is \"a/b\"; an id is 1 to 64 letters, digits, '.', '_' and '-'",
            "line 3: logins holds \"2001\"; write system/login, like avaya-bj/2001",
            "line 4: logins gives /connectors/avaya-bj/2001 to li.na, and to a/b before",
            "line 5: agent li.na stands twice",
        ]
    );
    assert_eq!(flaws("name\nLi\n"), ["line 1: agent is the column that must be there: the agent's id here"]);
    let told = flaws("agent,name\nzhao,Zhao,Min\n");
    assert_eq!(told, ["line 2: has 3 columns where the first line has 2; put values with commas in quotes"]);
}

//! What is known of customers and agents, asked for as an administrator does.

use crate::house::{House, li, wang};

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_journey_is_shown_page_by_page() {
    let house = House::open().await;
    let customer = house.chat_of(&wang(), "我的退款怎么样了？").await;
    let first = house.trunkctl(&["customer", "timeline", &customer, "--limit", "2"]).await;
    assert!(first.code == 0 && first.stdout.starts_with("AT") && first.stdout.contains("您好"), "{first:?}");
    let cursor = first.stderr.trim().strip_prefix("there is more: --cursor ").expect("a cursor").to_owned();
    let rest = house.trunkctl(&["customer", "timeline", &customer, "--cursor", &cursor]).await;
    assert!(rest.stdout.contains("chat") && !rest.stdout.contains("您好") && rest.stderr.is_empty(), "{rest:?}");

    let messages = ["customer", "timeline", &customer, "--kind", "message,mail", "--json"];
    let page = house.trunkctl(&messages).await.json();
    let texts: Vec<_> = page["items"].as_array().expect("items").iter().map(|item| item["text"].clone()).collect();
    assert_eq!(texts, ["您好", "我的退款怎么样了？"]);
    let of_agent = house.trunkctl(&["customer", "timeline", &customer, "--agent", "online-7", "--json"]).await.json();
    assert_eq!(of_agent["items"].as_array().map(Vec::len), Some(2), "the chat and the agent's message: {of_agent}");
    let wrong = house.trunkctl(&["customer", "timeline", &customer, "--kind", "fax"]).await;
    assert!(wrong.code == 2 && wrong.stderr.contains("none of call, chat"), "{wrong:?}");
    let nobody = house.trunkctl(&["customer", "timeline", "00000000-0000-4000-8000-000000000000"]).await;
    assert_eq!((nobody.code, nobody.stdout.as_str()), (1, ""), "{nobody:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_shown_with_groups_ages_and_owner() {
    let house = House::open().await;
    let customer = house.chat_of(&wang(), "hello").await;
    let shown = house.trunkctl(&["customer", "show", &customer]).await.stdout;
    for part in ["GROUP", "AGE", "RULE", "identity", "newest", "online-7", "had the last chat at /connectors/web-chat"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let written = house.trunkctl(&["customer", "set", &customer, "level=gold", "--tag", "vip"]).await;
    assert_eq!((written.code, written.stdout.as_str()), (0, "written\n"), "{written:?}");
    let shown = house.trunkctl(&["customer", "show", &customer]).await.stdout;
    for part in ["value", "gold", "/agents/first administrator", "vip"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let wrong = house.trunkctl(&["customer", "set", &customer, "level"]).await;
    assert!(wrong.code == 2 && wrong.stderr.contains("FIELD=VALUE"), "{wrong:?}");
    assert_eq!(house.trunkctl(&["customer", "set", &customer]).await.code, 2, "nothing to write");
    let view = house.trunkctl(&["customer", "show", &customer, "--json"]).await.json();
    assert_eq!(view["owner"]["rule"], "last_chat");
    assert!(view["fields"][0]["age_s"].is_u64(), "{view}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_imported_linked_shown_and_unlinked() {
    let house = House::open().await;
    let customer = house.chat_of(&wang(), "hello").await;
    assert_eq!(house.trunkctl(&["agent", "list"]).await.code, 1, "nobody yet");
    let unlinked = house.trunkctl(&["agent", "list", "--unlinked"]).await.stdout;
    assert!(unlinked.contains("web-chat/online-7") && unlinked.contains("小李"), "{unlinked}");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("agents.csv");
    let path = file.to_str().expect("UTF-8");
    std::fs::write(&file, "agent,nmae\nli,x\n").expect("written");
    let wrong = house.trunkctl(&["agent", "import", path]).await;
    assert!(wrong.code == 1 && wrong.stderr.contains("line 1: nmae is no column; did you mean name?"), "{wrong:?}");
    let lines: Vec<String> = (0..120).map(|number| format!("agent{number},,crm/{number}")).collect();
    std::fs::write(
        &file,
        format!("agent,phones,logins\nxiao.li,13800138009,web-chat/online-7\n{}\n", lines.join("\n")),
    )
    .expect("written");
    assert_eq!(house.trunkctl(&["agent", "import", "--check", path]).await.stdout, "the list is good: 121 agents\n");
    let taken = house.trunkctl(&["agent", "import", path]).await;
    assert_eq!((taken.code, taken.stdout.as_str()), (0, "121 agents taken in\n"), "{taken:?}");

    assert_eq!(house.trunkctl(&["agent", "who", "web-chat/online-7"]).await.stdout, "xiao.li\n");
    let shown = house.trunkctl(&["agent", "show", "xiao.li"]).await.stdout;
    assert!(shown.contains("小李") && shown.contains("file"), "{shown}");
    let owner = house.trunkctl(&["customer", "show", &customer, "--json"]).await.json();
    assert_eq!(owner["owner"]["agent"], "xiao.li");

    let linked = house.trunkctl(&["agent", "link", "ma.li", "web-chat/online-7"]).await;
    assert_eq!(linked.stdout, "web-chat/online-7 is ma.li's now, and no longer xiao.li's\n");
    let unlinked = house.trunkctl(&["agent", "unlink", "ma.li", "web-chat/online-7"]).await;
    assert_eq!((unlinked.code, unlinked.stdout.as_str()), (0, "web-chat/online-7 is nobody's now\n"));
    let again = house.trunkctl(&["agent", "unlink", "ma.li", "web-chat/online-7"]).await;
    assert!(again.code == 1 && again.stderr.contains("there is no login"), "{again:?}");
    let who = house.trunkctl(&["agent", "who", "web-chat/online-7"]).await;
    assert!(who.code == 1 && who.stderr.contains("trunkctl agent link"), "{who:?}");
    assert_eq!(house.trunkctl(&["agent", "who", "online-7"]).await.code, 2);
    let list = house.trunkctl(&["agent", "list", "--json"]).await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(122));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_are_counted_shown_and_exported() {
    let rules = "[segments.chatters]\ntitle = 'Who chats'\nwhen = 'chats > 0'\n";
    let house = House::with_profile_rules(rules).await;
    let customer = house.chat_of(&wang(), "hello").await;
    house.chat_of(&li(), "hello too").await;
    let listed = house.trunkctl(&["segment", "list"]).await.stdout;
    assert!(listed.contains("chatters") && listed.contains("Who chats"), "{listed}");
    assert_eq!(house.trunkctl(&["segment", "count", "chatters"]).await.stdout, "2\n");
    let count = ["segment", "count", "--when", "chats > 0 && profile.name == '王梅'", "--json"];
    assert_eq!(house.trunkctl(&count).await.json()["count"], 1);
    let shown = house.trunkctl(&["segment", "show", "--when", "profile.name == '王梅'"]).await;
    assert!(shown.code == 0 && shown.stdout.contains(&customer), "{shown:?}");
    assert_eq!(house.trunkctl(&["segment", "show", "--when", "calls > 0"]).await.code, 1);

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("out.csv");
    let export = ["segment", "export", "chatters", "--field", "name", "--out", file.to_str().expect("UTF-8")];
    let done = house.trunkctl(&export).await;
    assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (0, "", "2 customers\n"));
    let csv = std::fs::read_to_string(&file).expect("written");
    assert!(csv.starts_with("customer,name,phones,emails,tags,last_contact,name\n"), "{csv}");
    assert!(csv.contains(&format!("{customer},王梅,+8613800138000,,")), "{csv}");
    let again = house.trunkctl(&export).await;
    assert!(again.code == 2 && again.stderr.contains("cannot make"), "a file that is there is left alone: {again:?}");
    let lines = house.trunkctl(&["segment", "export", "chatters", "--format", "jsonl"]).await.stdout;
    assert_eq!(lines.lines().filter(|line| line.starts_with('{') && line.contains("\"fields\"")).count(), 2, "{lines}");

    let wrong = house.trunkctl(&["segment", "count", "--when", "profile.nmae == ''"]).await;
    assert!(wrong.code == 2 && wrong.stderr.contains("name"), "{wrong:?}");
    let missing = house.trunkctl(&["segment", "count", "nobody"]).await;
    assert!(missing.code == 1 && missing.stderr.contains("there is no segment nobody"), "{missing:?}");
    let none = house.trunkctl(&["tag", "list", "--unknown"]).await;
    assert_eq!((none.code, none.stderr.as_str()), (0, "every word is named by a rule\n"));
    house.close().await;
}

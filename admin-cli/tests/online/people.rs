//! Customers and their records: found, shown, explained, and decided on.

use trunkline_simulators::web_chat::story::Visitor;

use crate::house::{House, li, wang};

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_found_shown_and_explained() {
    let house = House::open().await;
    let wang_id = house.chat_of(&wang(), "我的退款怎么样了？").await;
    for text in ["138-0013-8000", "+8613800138000", "wang.mei", "王"] {
        let found = house.trunkctl(&["customer", "find", text]).await;
        assert_eq!(found.code, 0, "{text}: {found:?}");
        assert!(found.stdout.starts_with("CUSTOMER") && found.stdout.contains(&wang_id), "{text}: {found:?}");
    }
    let nobody = house.trunkctl(&["customer", "find", "13900139999"]).await;
    assert_eq!((nobody.code, nobody.stdout.as_str(), nobody.stderr.as_str()), (1, "", "nobody found\n"));

    let shown = house.trunkctl(&["customer", "show", &wang_id]).await;
    for part in ["王梅", "phone::+8613800138000", "account_no::wang.mei", "FIELD", "/connectors/web-chat", "answered"]
    {
        assert!(shown.stdout.contains(part), "{part} in {}", shown.stdout);
    }
    let view = house.trunkctl(&["customer", "show", &wang_id, "--json"]).await.json();
    assert_eq!(view["customer"], wang_id.as_str());
    assert_eq!(view.pointer("/timeline/0/messages/0/text").and_then(|text| text.as_str()), Some("我的退款怎么样了？"));

    let links = house.trunkctl(&["customer", "explain", &wang_id, "--json"]).await.json();
    let verdicts: Vec<_> = links.as_array().expect("an array").iter().map(|link| link["verdict"].clone()).collect();
    assert!(verdicts.iter().any(|verdict| verdict == "joined"), "{links}");
    let table = house.trunkctl(&["customer", "explain", &wang_id]).await.stdout;
    assert!(table.contains("STRENGTH") && table.contains("strong"), "{table}");
    house.close().await;
}

/// The customer of a handle.
async fn whose(house: &House, text: &str) -> String {
    let list = house.trunkctl(&["customer", "find", text, "--json"]).await.json();
    list[0]["customer"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_merged_split_and_both_are_undone() {
    let house = House::open().await;
    let wang_id = house.chat_of(&wang(), "hello").await;
    let li_id = house.chat_of(&li(), "hello too").await;
    assert_ne!(wang_id, li_id);

    let merged =
        house.trunkctl(&["customer", "merge", &wang_id, &li_id, "--reason", "same person", "--json"]).await.json();
    assert_eq!(merged["customers"].as_array().map(Vec::len), Some(1), "{merged}");
    assert_eq!(whose(&house, "wang.mei").await, whose(&house, "li.na@example.com").await);
    let former = house.trunkctl(&["customer", "show", &li_id, "--json"]).await;
    assert_eq!(former.code, 0, "a former id still leads to the customer: {former:?}");

    let directive = merged["directives"][0].as_str().expect("a directive");
    let undone = house.trunkctl(&["customer", "undo", directive, "--reason", "they are two"]).await;
    assert!(undone.code == 0 && undone.stdout.starts_with("undone; customers now: "), "{undone:?}");
    assert_ne!(whose(&house, "wang.mei").await, whose(&house, "li.na@example.com").await);

    let split = ["customer", "split", &wang_id, "--handle", "phone::+8613800138000", "--reason", "sold the number"];
    let split = house.trunkctl(&split).await;
    assert!(split.code == 0 && split.stdout.contains("to take it back: trunkctl customer undo "), "{split:?}");
    assert_ne!(whose(&house, "wang.mei").await, whose(&house, "13800138000").await);
    let told: Vec<&str> = split.stdout.lines().filter_map(|line| line.strip_prefix("to take it back: ")).collect();
    let directive = told[0].split(' ').nth(3).expect("an id");
    let undone = house.trunkctl(&["customer", "undo", directive, "--reason", "no, he kept it"]).await;
    assert_eq!((told.len(), undone.code), (1, 0), "{undone:?}");
    let split = ["customer", "split", &wang_id, "--handle", "phone::+8613800138000", "--reason", "sold it", "--json"];
    let split = house.trunkctl(&split).await.json();
    assert_eq!(split["customers"].as_array().map(Vec::len), Some(2), "{split}");
    let newest = split["directives"][0].as_str().expect("a directive");
    let undone = house.trunkctl(&["customer", "undo", newest, "--reason", "kept", "--json"]).await.json();
    assert_eq!(undone["customers"].as_array().map(Vec::len), Some(1), "{undone}");
    let again = house.trunkctl(&["customer", "undo", directive, "--reason", "no, he kept it"]).await;
    assert!(again.code == 2 && again.stderr.contains("is undone already"), "{again:?}");
    assert_eq!(whose(&house, "wang.mei").await, whose(&house, "13800138000").await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_there_is_told_by_exit_code_one() {
    let house = House::open().await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (arguments, told) in [
        (["customer", "show", nobody].as_slice(), "there is no customer"),
        (&["customer", "explain", nobody], "there is no customer"),
        (&["customer", "explain", "x"], "there is no customer x"),
        (&["customer", "undo", nobody, "--reason", "r"], "there is no directive"),
        (&["cdr", "show", nobody], "there is no record"),
        (&["cdr", "list"], "no records"),
    ] {
        let ended = house.trunkctl(arguments).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(told), "{told:?} in {ended:?}");
    }
    let senseless = house.trunkctl(&["cdr", "list", "--since", "yesterday"]).await;
    assert_eq!((senseless.code, senseless.stderr.contains("RFC 3339")), (2, true), "{senseless:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_listed_by_customer_number_and_medium_and_shown_whole() {
    let house = House::open().await;
    let wang_id = house.chat_of(&wang(), "hello").await;
    house.chat_of(&li(), "hello too").await;
    let all = house.until(&["cdr", "list", "--json"], |list| list.as_array().is_some_and(|list| list.len() == 2)).await;
    let of_wang = house.trunkctl(&["cdr", "list", "--customer", &wang_id, "--medium", "chat", "--json"]).await.json();
    assert_eq!(of_wang.as_array().map(Vec::len), Some(1), "{all}");
    assert_eq!(house.trunkctl(&["cdr", "list", "--medium", "voice"]).await.code, 1);
    let id = of_wang[0]["id"].as_str().expect("an id").to_owned();
    let shown = house.trunkctl(&["cdr", "show", &id]).await;
    assert!(shown.code == 0 && shown.stdout.contains("online-7") && shown.stdout.contains(&wang_id), "{shown:?}");
    let json = house.trunkctl(&["cdr", "show", &id, "--json"]).await.json();
    assert_eq!((json["id"].as_str(), json["medium"].as_str()), (Some(id.as_str()), Some("chat")));
    let table = house.trunkctl(&["cdr", "list"]).await.stdout;
    assert!(table.starts_with("STARTED") && table.lines().count() == 3, "{table}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rules_could_not_decide_is_decided_by_a_person() {
    let house = House::open().await;
    // The CRM has two people with one checked number.
    house.chat_of(&Visitor { crm_id: Some("C-1".into()), ..wang() }, "hello").await;
    let other = Visitor { id: "v-son".into(), name: Some("Wang Lei".into()), account: None, ..wang() };
    house.chat_of(&Visitor { crm_id: Some("C-2".into()), ..other }, "hello too").await;

    let list = house.trunkctl(&["conflict", "list", "--json"]).await.json();
    let conflict = list.as_array().and_then(|list| list.first()).expect("one conflict").clone();
    let id = conflict["id"].as_str().expect("an id");
    assert_eq!(conflict["kind"], "conflict", "{conflict}");
    let table = house.trunkctl(&["conflict", "list"]).await.stdout;
    assert!(table.starts_with("CONFLICT") && table.contains("both sides have a crm_id of their own"), "{table}");

    let shown = house.trunkctl(&["conflict", "show", id]).await.stdout;
    for part in ["C-1", "C-2", "phone::+8613800138000", "STRENGTH", "to decide: trunkctl conflict join"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let parted = house.trunkctl(&["conflict", "part", id, "--reason", "father and son", "--json"]).await.json();
    assert_eq!(parted["customers"].as_array().map(Vec::len), Some(2), "{parted}");
    let none = house.trunkctl(&["conflict", "list"]).await;
    assert_eq!((none.code, none.stderr.as_str()), (1, "no conflicts\n"), "nobody is asked again");

    let directive = parted["directives"][0].as_str().expect("a directive");
    assert_eq!(house.trunkctl(&["customer", "undo", directive, "--reason", "a mistake"]).await.code, 0);
    let joined = house.trunkctl(&["conflict", "join", id, "--reason", "the CRM has him twice", "--json"]).await.json();
    assert_eq!(joined["customers"].as_array().map(Vec::len), Some(1), "{joined}");
    assert_eq!(whose(&house, "C-1").await, whose(&house, "C-2").await);
    let gone = house.trunkctl(&["conflict", "show", "00000000-0000-0000-0000-000000000000"]).await;
    assert_eq!((gone.code, gone.stdout.as_str()), (1, ""));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_rules_is_planned_on_the_customers_that_are_there() {
    let house = House::open().await;
    let wang_id = house.chat_of(&wang(), "hello").await;
    house.chat_of(&li(), "hello too").await;
    let rules = tempfile::NamedTempFile::new().expect("a file");
    let path = rules.path().to_str().expect("UTF-8");
    std::fs::write(path, "[schemes.phone]\nblocked = ['^\\+86138']\n").expect("written");

    let plan = house.trunkctl(&["identity", "plan", path, "--json"]).await.json();
    assert_eq!((&plan["would_part"], &plan["would_join"], &plan["customers_more"]), (&1.into(), &0.into(), &1.into()));
    assert_eq!(plan["samples"][0]["before"][0]["customer"], wang_id.as_str(), "{plan}");
    let table = house.trunkctl(&["identity", "plan", path]).await.stdout;
    assert!(table.contains("customers who would come apart") && table.contains("phone::+8613800138000"), "{table}");
    assert_eq!(whose(&house, "wang.mei").await, whose(&house, "13800138000").await, "nothing was touched");

    std::fs::write(path, "[schemes.phone]\nblokked = ['^1']\n").expect("written");
    let wrong = house.trunkctl(&["identity", "plan", path]).await;
    assert!(wrong.code == 2 && wrong.stderr.contains("blokked"), "{wrong:?}");
    std::fs::write(path, "").expect("written");
    let same = house.trunkctl(&["identity", "plan", path]).await;
    assert!(same.code == 0 && same.stderr.contains("nobody would be another customer than now"), "{same:?}");
    house.close().await;
}

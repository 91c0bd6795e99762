//! Expressions: what compiles, what is told of what does not, and that none of them can do harm.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use trunkline_mapping::expression::{
    Datum, Expression, FUNCTIONS, Facts, Failure, ITEMS, LONGEST, Shape, TEXT, Vocabulary,
};

fn vocabulary() -> Vocabulary {
    Vocabulary::new()
        .with("source", Shape::Text)
        .with("at", Shape::Number)
        .with("verified", Shape::Flag)
        .with("fields", Shape::record_of_texts(["name", "level", "mobile"]))
        .with("pairs", Shape::Map(Box::new(Shape::Text)))
        .with("tags", Shape::texts())
}

fn text(text: &str) -> Datum {
    Datum::Text(text.to_owned())
}

fn facts() -> Facts {
    let map = |pairs: &[(&str, &str)]| {
        Datum::Map(pairs.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect())
    };
    Facts::new()
        .with("source", text("crm"))
        .with("at", Datum::Number(1_700_000_000))
        .with("verified", Datum::Flag(true))
        .with("fields", map(&[("name", " 王梅 "), ("level", "3")]))
        .with("pairs", map(&[("branch", "bj-01")]))
        .with("tags", Datum::List(vec![text("vip"), text("gold")]))
}

fn value(expression: &str) -> Result<Datum, Failure> {
    Expression::compile(expression, &vocabulary())
        .unwrap_or_else(|faults| panic!("{expression}: {faults:?}"))
        .value(&facts())
}

fn faults(expression: &str) -> Vec<String> {
    let told = Expression::compile(expression, &vocabulary()).expect_err(expression);
    told.into_iter().map(|fault| format!("{}: {}", fault.line + 1, fault.sentence)).collect()
}

#[test]
fn an_expression_computes_from_the_facts() {
    let cases = [
        ("fields.name", text(" 王梅 ")),
        ("trim(fields.name) + '/' + source.upper()", text("王梅/CRM")),
        ("fields[\"level\"]", text("3")),
        ("int(fields.level) * 2", Datum::Number(6)),
        ("double(fields.level) / 2.0", Datum::Decimal(1.5)),
        ("has(fields.mobile) ? fields.mobile : 'none'", text("none")),
        ("pairs.branch.split('-')[0]", text("bj")),
        ("pairs['branch'].replace('bj', 'Beijing ').lower()", text("beijing -01")),
        ("tags.map(t, t.upper()).join('+')", text("VIP+GOLD")),
        ("size(tags.filter(t, t.startsWith('v')))", Datum::Number(1)),
        ("'vip' in tags && tags.exists_one(t, t.endsWith('ld'))", Datum::Flag(true)),
        ("tags.all(t, t.contains('o')) || !tags.exists(t, t == 'gold')", Datum::Flag(false)),
        ("digits('(010) 6554-3210')", text("01065543210")),
        ("pairs.branch.matches('^[a-z]{2}-\\\\d+$')", Datum::Flag(true)),
        ("at - days(30) < 1700000000 && bool('true')", Datum::Flag(true)),
        ("string(at) + string(verified)", text("1700000000true")),
        ("{'a': 1}", Datum::Map([("a".to_owned(), Datum::Number(1))].into())),
        ("null", Datum::Nothing),
    ];
    for (expression, expected) in cases {
        assert_eq!(value(expression), Ok(expected), "{expression}");
    }
}

#[test]
fn every_function_of_the_table_can_be_called() {
    for function in FUNCTIONS {
        let called = format!("{}(", function.name);
        assert!(function.usage.contains(&called), "{function:?} says how it is written");
        assert!(value_uses().contains(&called), "{} is called in a test", function.name);
    }
}

/// The expressions of [`an_expression_computes_from_the_facts`], which all have a value.
fn value_uses() -> &'static str {
    let this = include_str!("expression.rs");
    let from = this.find("fn an_expression_computes_from_the_facts").expect("it stands above");
    let to = this.find("fn every_function_of_the_table_can_be_called").expect("this");
    &this[from..to]
}

#[test]
fn a_name_or_function_that_does_not_exist_is_told_with_the_nearest_one() {
    assert_eq!(faults("fields.nmae"), ["1: there is no field fields.nmae; did you mean fields.name?"]);
    assert_eq!(faults("has(fields.levl)"), ["1: there is no field fields.levl; did you mean fields.level?"]);
    assert_eq!(faults("fields['mobil']"), ["1: there is no field fields.mobil; did you mean fields.mobile?"]);
    assert_eq!(faults("sorce == 'crm'"), ["1: there is no variable sorce; did you mean source?"]);
    assert_eq!(faults("lowr(source)"), ["1: there is no function lowr; did you mean lower?"]);
    assert_eq!(faults("_lower(source)"), ["1: there is no function _lower; did you mean lower?"]);
    assert!(
        faults("quite_another(source)")[0].starts_with("1: there is no function quite_another; there are all, bool")
    );
    assert!(faults("x")[0].contains("there are at, fields, pairs, source, tags, verified"), "{:?}", faults("x"));
    assert_eq!(faults("source.name"), ["1: \"name\" is asked of something that has no fields"]);
    assert_eq!(faults("contains(source, 'x')"), ["1: write contains like text.contains(part)"]);
    assert_eq!(faults("replace(source, 'x')"), ["1: write replace like text.replace(old, new)"]);
    assert_eq!(faults("tags.exists(item, itme == 'x')"), ["1: there is no variable itme; did you mean item?"]);
    assert_eq!(faults("tags.all(source)"), ["1: write all like list.all(x, condition)"]);
    assert!(faults("Money{amount: 1}")[0].contains("there is no type \"Money\""));
}

#[test]
fn all_faults_are_told_at_once_each_with_its_line() {
    let told =
        faults("// 中文的说明，很长很长很长\nfields.nmae == '王梅' &&\nsorce == 'crm' ||\n  lowr(source) == 'x'");
    let expected = [
        "2: there is no field fields.nmae; did you mean fields.name?",
        "3: there is no variable sorce; did you mean source?",
        "4: there is no function lowr; did you mean lower?",
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_is_no_expression_is_told_in_a_sentence() {
    for broken in ["source ==", "(source", "source = 'x'", "'open", "a b", "", "   ", "[1,"] {
        let told = faults(broken);
        assert!(!told.is_empty() && told.iter().all(|sentence| !sentence.contains('\n')), "{broken}: {told:?}");
    }
    assert!(faults("source ==")[0].starts_with("1: this is no expression (column "), "{:?}", faults("source =="));
    assert_eq!(faults(""), ["1: the expression is empty"]);
}

#[test]
fn a_pattern_stands_in_the_expression_and_is_read_once() {
    assert_eq!(faults("source.matches(fields.name)"), ["1: the pattern of matches must stand there in quotes"]);
    assert!(faults("source.matches('(')")[0].contains("the pattern \"(\" is no good: unclosed group"));
    assert!(faults("source.matches('(a{500}){500}')")[0].contains("is no good"), "it would take megabytes");
}

#[test]
fn what_the_facts_do_not_have_is_told_apart_from_what_is_wrong() {
    assert_eq!(value("fields.mobile + 'x'"), Err(Failure::Absent("mobile".to_owned())));
    assert_eq!(value("pairs.other == 'x'"), Err(Failure::Absent("other".to_owned())));
    let nothing = Expression::compile("source", &vocabulary()).expect("good").value(&Facts::new());
    assert_eq!(nothing, Err(Failure::Absent("source".to_owned())));
    // A failure never shows a value.
    for (expression, expected) in [
        ("int(fields.name)", "wrong"),
        ("fields.name + 1", "+ does not work on string and int"),
        ("1 / (size(tags) - 2)", "a division by zero"),
        ("tags[7]", "a list has fewer items"),
        ("9223372036854775807 + size(tags)", "a number grows too large"),
        ("tags.map(t, 1).join(',')", "join: an item is no text"),
        ("source.replace('', 'x')", "replace: there is no end of empty texts to replace"),
    ] {
        let Err(Failure::Wrong(sentence)) = value(expression) else { panic!("{expression}") };
        assert!(expected == "wrong" || sentence == expected, "{expression}: {sentence}");
        assert!(!sentence.contains('王') && !sentence.contains("vip"), "{sentence}");
    }
}

#[test]
fn a_condition_is_true_or_false() {
    let holds = |text| Expression::compile(text, &vocabulary()).expect("good").holds(&facts());
    assert_eq!((holds("verified"), holds("source == 'erp'")), (Ok(true), Ok(false)));
    assert_eq!(
        holds("source").expect_err("text").to_string(),
        "a condition must be true or false, and this one is text"
    );
}

#[test]
fn a_value_becomes_text_as_it_is_written() {
    let texts =
        [(text("x"), "x"), (Datum::Number(-3), "-3"), (Datum::Decimal(1.5), "1.5"), (Datum::Flag(true), "true")];
    for (value, expected) in texts {
        assert_eq!(value.into_text().as_deref(), Ok(expected));
    }
    for value in [Datum::List(Vec::new()), Datum::Nothing, Datum::Decimal(f64::NAN)] {
        assert!(value.into_text().is_err());
    }
}

#[test]
fn what_could_take_too_long_or_too_much_memory_is_not_compiled() {
    let ones = format!("[{}]", vec!["1"; 150].join(","));
    let loops = format!("{ones}.all(a, {ones}.all(b, {ones}.all(c, a + b + c > 0)))");
    assert!(faults(&loops)[0].contains("could take too long"), "{:?}", faults(&loops));
    let four = "tags.all(a, tags.all(b, tags.all(c, tags.all(d, a == d))))";
    assert!(faults(four)[0].contains("at most 3 loops"), "{:?}", faults(four));
    let grown = "tags.map(a, tags.map(b, a + b + fields.name + fields.level + fields.mobile))";
    assert!(faults(grown).iter().any(|told| told.contains("could")), "{:?}", faults(grown));
    assert!(faults(&"x".repeat(LONGEST + 1))[0].contains("at most 2000 are allowed"));
    let deep = format!("{}1{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(faults(&deep), ["1: more than 24 brackets are open at once"]);
    let long = vec!["at"; 300].join("+");
    assert!(faults(&long)[0].contains("more than 100 operations"), "{:?}", faults(&long));
    value(&vec!["at"; 90].join(" / ")).expect("deep enough for anybody");
    // What people write is far below the limits.
    value("tags.exists(t, tags.exists(u, t == u && t in ['vip', 'gold']))").expect("cheap");
    value("tags.exists(t, t.lower().contains('vip') || t.matches('^g.*d$'))").expect("cheap");
}

#[test]
fn what_grows_while_it_runs_is_stopped() {
    let grow = |times: usize| format!("source{}", ".replace('r', 'rrrrrrrrrrrrrrrrrrrr')".repeat(times));
    assert!(matches!(value(&grow(3)), Ok(Datum::Text(_))));
    assert_eq!(value(&grow(5)), Err(Failure::Wrong("replace: the result is too long".to_owned())));
}

#[test]
fn facts_beyond_their_limits_are_not_read() {
    let compiled = Expression::compile("source == 'x' || verified", &vocabulary()).expect("good");
    let long = facts().with("source", text(&"x".repeat(TEXT + 1)));
    assert_eq!(compiled.holds(&long), Err(Failure::Wrong("source is larger than an expression may read".to_owned())));
    let other = Expression::compile("verified", &vocabulary()).expect("good");
    assert_eq!(other.holds(&long), Ok(true), "what does not read it is not concerned");
    let many = facts().with("tags", Datum::List(vec![text("t"); ITEMS + 1]));
    assert!(Expression::compile("'t' in tags", &vocabulary()).expect("good").holds(&many).is_err());
    assert_eq!(compiled.holds(&long.with("source", text("x"))), Ok(true), "a later value takes its place");
}

/// The dearest expression that compiles, on the largest facts, takes milliseconds.
#[test]
fn the_largest_facts_are_evaluated_in_a_moment() {
    let largest = facts().with("tags", Datum::List(vec![text(&"t".repeat(TEXT)); ITEMS]));
    let compiled = Expression::compile("tags.all(a, tags.exists(b, a != b || true))", &vocabulary());
    let compiled = compiled.or_else(|_| Expression::compile("tags.all(a, a.lower() != source)", &vocabulary()));
    let begun = Instant::now();
    assert_eq!(compiled.expect("good").holds(&largest), Ok(true));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z(){}\\[\\].,?:!&|=<>+*/%'\"0-9 \\\\-]{0,12}",
        (0..FUNCTIONS.len()).prop_map(|at| FUNCTIONS[at].usage.to_owned()),
        prop::sample::select(vec!["fields.name", "tags", "pairs", "at", "source", " && ", " in ", "[", "]", "(", ")"])
            .prop_map(str::to_owned),
    ]
}

proptest! {
    /// Whatever is written, it compiles or is told to be wrong, and has a value or fails, without harm.
    #[test]
    fn nothing_that_is_written_does_harm(pieces in prop::collection::vec(piece(), 0..12)) {
        let written = pieces.concat();
        match Expression::compile(&written, &vocabulary()) {
            Ok(compiled) => drop(compiled.value(&facts())),
            Err(faults) => prop_assert!(faults.iter().all(|fault| !fault.sentence.is_empty())),
        }
    }
}

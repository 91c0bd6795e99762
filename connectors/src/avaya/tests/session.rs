//! The session: rules 4, 8–11, 13.

use secrecy::ExposeSecret;

use super::calls::wang_rings;
use super::compose::event_frame;
use super::line::{Line, SITE, answer, error, params, refused};
use crate::avaya::wire::frame::{EVENT, frame};
use crate::contract::{Disposition, Input};

const NEGATIVE: &str = "StartApplicationSessionNegResponse";

fn refused_with(answers: &[String]) -> Line {
    let mut line = Line::new(SITE);
    line.aes.scripted.insert("StartApplicationSession".to_owned(), answers.to_vec());
    line.open();
    line
}

fn outcome(line: &Line) -> Option<Disposition> {
    line.errors.last().map(|error| error.disposition)
}

#[test]
fn rule_4_an_answer_that_nobody_waits_for_is_dropped() {
    let mut line = Line::ready();
    let late = answer("MonitorStartResponse", "<monitorCrossRefID>x99</monitorCrossRefID>");
    line.frame(&frame(4321, &late).expect("fits"));
    assert_eq!((line.story().len(), line.errors.len()), (0, 0));
    line.frame(&wang_rings("4750").by("x99").frame());
    assert_eq!(line.story(), ["opaque DeliveredEvent"], "x99 did not become a monitor");
}

#[test]
fn rule_8_login_is_escaped_and_the_password_never_told() {
    let line = Line::ready();
    let login = line.requests("StartApplicationSession")[0];
    assert!(login.body.contains("<a:password>s3cret &amp; &lt;more&gt;</a:password>"));
    let document = crate::avaya::wire::xml::Document::parse(login.body.as_bytes()).expect("well-formed");
    let password = document.root().find("password").map(|password| password.text().to_owned());
    assert_eq!(password.as_deref(), Some(params(SITE).settings.password.expose_secret()));
    let text = "User trunkline with s3cret & <more> is not authenticated";
    let line = refused_with(&[answer(
        NEGATIVE,
        &format!("<errorCode><applError>{}</applError></errorCode>", super::compose::escape(text)),
    )]);
    let told = &line.errors.last().expect("refused").reason;
    assert!(!told.contains("s3cret") && !told.contains("trunkline with"), "{told}");
    assert_eq!(outcome(&line), Some(Disposition::Denied));
}

#[test]
fn rule_8_every_field_of_every_request_is_escaped() {
    let site = "stations = [\"*#+\"]\nswitch_ip = \"<ip & more>\"\n";
    let mut line = Line::new(site);
    line.dmcc = crate::avaya::protocol::Dmcc::new(&crate::contract::SourceId::new("a").expect("a name"), {
        let mut settings = params(site).settings;
        settings.user = "<user> & 'co'".to_owned();
        settings.switch_name = "C&M<1>".to_owned();
        settings.versions = vec!["<3.0>&".to_owned()];
        settings
    });
    let strange = "<sessionID>&lt;id&gt;&amp;</sessionID><actualProtocolVersion>x</actualProtocolVersion><actualSessionDuration>180</actualSessionDuration>";
    line.aes
        .scripted
        .insert("StartApplicationSession".to_owned(), vec![answer("StartApplicationSessionPosResponse", strange)]);
    let invalid = error("operation", "invalidDeviceID");
    line.aes.scripted.insert("MonitorStart".to_owned(), vec![invalid]);
    line.aes.sessions.insert("<id>&".to_owned());
    line.open();
    line.pass(31_000);
    line.give(Input::Stopping);
    // `Line` reads back each request that is sent, so all of them are well-formed.
    let text = |root: &str, field: &str| {
        let body = line.requests(root)[0].body.clone();
        let document = crate::avaya::wire::xml::Document::parse(body.as_bytes()).expect("well-formed");
        document.root().find(field).map(|found| found.text().to_owned()).unwrap_or_default()
    };
    assert_eq!(text("StartApplicationSession", "userName"), "<user> & 'co'");
    assert_eq!(text("StartApplicationSession", "protocolVersion"), "<3.0>&");
    assert_eq!(text("ResetApplicationSessionTimer", "sessionID"), "<id>&");
    assert_eq!(text("StopApplicationSession", "sessionID"), "<id>&");
    assert_eq!(text("MonitorStart", "deviceObject"), "*#+:C&M<1>:<ip & more>:0");
    assert_eq!(text("GetThirdPartyDeviceId", "switchName"), "C&M<1>");
    assert_eq!(text("SystemRegister", "switchName"), "C&M<1>");
}

/// Where a log goes that a test reads.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test broke it").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn rule_8_logs_hold_no_secret_no_caller_and_no_text() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    tracing::subscriber::with_default(subscriber.finish(), || {
        let text = "User trunkline with s3cret &amp; &lt;more&gt; is not authenticated";
        refused_with(&[answer(NEGATIVE, &format!("<errorCode><applError>{text}</applError></errorCode>"))]);
        let mut line = Line::new(SITE);
        let wrong = error("security", "privilegeViolationSpecifiedDevice");
        line.aes.scripted.insert("MonitorStart".to_owned(), vec![wrong]);
        line.open();
        line.frame(&wang_rings("4750").by("nobody's").frame());
        line.hear("device 4750", wang_rings("4750"));
        line.frame(&event_frame("<X>13800138000 s3cret \u{1}</X>"));
        line.frame(&event_frame(&answer("LinkDownEvent", "<linkName>CM1</linkName>")));
        line.aes.sessions.clear();
        line.pass(31_000);
        line.close();
        line.frame(b"13800138000 is no frame");
        Line::restored(SITE, Some(b"13800138000"), line.now);
    });
    let told = String::from_utf8(log.0.lock().expect("no test broke it").clone()).expect("UTF-8");
    assert!(told.contains("session started") && told.contains("session lost"), "{told}");
    for secret in ["s3cret", "trunkline with", "13800138000", "OR42", "4F523432"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[test]
fn rule_9_refusals_are_told_apart() {
    let busy = refused_with(&[refused(NEGATIVE, "serverResourcesBusy")]);
    assert_eq!(outcome(&busy), Some(Disposition::Reset));
    let full = refused_with(&[refused(NEGATIVE, "maxNumberSessions")]);
    assert_eq!(outcome(&full), Some(Disposition::Reset));
    let credentials = refused_with(&[refused(NEGATIVE, "invalidApplicationInfo")]);
    assert_eq!(outcome(&credentials), Some(Disposition::Denied));
    let security = refused_with(&[error("security", "generic")]);
    assert_eq!(outcome(&security), Some(Disposition::Denied));
    let one_version = format!("{SITE}protocol_versions = [\"3.0\"]\n");
    let mut version = Line::new(&one_version);
    let no = refused(NEGATIVE, "requestedProtocolVersionNotSupported");
    version.aes.scripted.insert("StartApplicationSession".to_owned(), vec![no]);
    version.open();
    assert_eq!(outcome(&version), Some(Disposition::Fatal));
}

#[test]
fn rule_9_all_versions_are_offered_at_once_and_then_one_by_one() {
    let no = refused(NEGATIVE, "requestedProtocolVersionNotSupported");
    let line = refused_with(&[no.clone(), no]);
    let offers: Vec<usize> = line
        .requests("StartApplicationSession")
        .iter()
        .map(|request| request.body.matches("<protocolVersion>").count())
        .collect();
    assert_eq!(offers, [12, 1, 1]);
    assert!(line.requests("StartApplicationSession")[2].body.contains("ed3/priv9"));
    assert_eq!(line.errors.len(), 0, "the third was accepted");
}

#[test]
fn rule_9_the_edition_of_the_answer_is_spoken() {
    let mut line = Line::new(SITE);
    let old = "<sessionID>A-1</sessionID><actualProtocolVersion>http://www.ecma-international.org/standards/ecma-323/csta/ed2/priv1</actualProtocolVersion><actualSessionDuration>30</actualSessionDuration>";
    line.aes
        .scripted
        .insert("StartApplicationSession".to_owned(), vec![answer("StartApplicationSessionPosResponse", old)]);
    line.open();
    assert!(
        line.requests("MonitorStart")[0]
            .body
            .contains("xmlns=\"http://www.ecma-international.org/standards/ecma-323/csta/ed2\"")
    );
    assert!(line.due("keep-alive").is_some_and(|due| due <= 15_000), "half of the granted duration at most");
}

#[test]
fn rule_10_the_timer_is_reset_and_two_missed_answers_reset_the_link() {
    let mut line = Line::ready();
    line.aes.sessions.insert("kept".to_owned());
    line.pass(61_000);
    assert_eq!(line.requests("ResetApplicationSessionTimer").len(), 2, "every 30 s");
    line.aes.silent.insert("ResetApplicationSessionTimer".to_owned());
    line.pass(60_000);
    assert_eq!(line.errors.len(), 0, "one missed answer is no death");
    line.pass(30_000);
    assert_eq!(outcome(&line), Some(Disposition::Reset));
    assert!(line.errors[0].reason.contains("keep-alives"));
}

#[test]
fn rule_10_an_unknown_session_is_started_anew_with_a_gap() {
    let mut line = Line::ready();
    line.aes.sessions.clear();
    line.pass(31_000);
    assert_eq!(line.requests("StartApplicationSession").len(), 2);
    assert!(line.requests("StartApplicationSession")[1].body.contains("<a:sessionID></a:sessionID>"));
    assert_eq!(line.requests("MonitorStart").len(), 10, "all five monitors again");
    assert_eq!(line.story(), ["gap", "resynced vanished 0"]);
}

#[test]
fn rule_10_a_timer_that_is_not_reset_recovers_the_session_and_keeps_its_monitors() {
    let mut line = Line::ready();
    let no = refused("ResetApplicationSessionTimerNegResponse", "serverCannotResetSessionTimer");
    line.aes.scripted.insert("ResetApplicationSessionTimer".to_owned(), vec![no]);
    line.pass(31_000);
    let starts = line.requests("StartApplicationSession");
    assert!(starts[1].body.contains("<a:sessionID>469421A9364D46D6444524AE41BEAD72-1</a:sessionID>"));
    assert_eq!(line.requests("MonitorStart").len(), 5, "kept");
    assert_eq!(line.story(), ["resynced vanished 0"], "nothing was missed");
}

#[test]
fn rule_10_answers_that_wait_unread_while_events_find_no_room_are_not_missed() {
    let mut line = Line::ready();
    line.aes.silent.insert("ResetApplicationSessionTimer".to_owned());
    line.reading = false;
    line.pass(300_000);
    assert_eq!(line.errors.len(), 0, "nobody listens");
    line.reading = true;
    line.pass(60_000);
    assert_eq!(line.errors.len(), 0, "the first answer may still be on its way");
    line.pass(30_000);
    assert_eq!(outcome(&line), Some(Disposition::Reset), "but then the link is dead");
}

#[test]
fn rule_11_the_session_is_recovered_with_its_monitors_after_a_broken_connection() {
    let mut line = Line::ready();
    line.close();
    line.pass(5_000);
    line.open();
    let starts = line.requests("StartApplicationSession");
    assert!(starts[1].body.contains("<a:sessionID>469421A9364D46D6444524AE41BEAD72-1</a:sessionID>"));
    assert_eq!(line.requests("MonitorStart").len(), 5, "kept");
    assert_eq!(line.story(), ["resynced vanished 0"]);
    line.hear("device 4750", wang_rings("4750"));
    assert_eq!(line.story().len(), 2);
}

#[test]
fn rule_11_a_refused_recovery_starts_a_new_session_with_all_monitors() {
    let mut line = Line::ready();
    line.close();
    line.aes.sessions.clear();
    line.open();
    assert_eq!(line.requests("StartApplicationSession").len(), 3);
    assert_eq!(line.requests("MonitorStart").len(), 10);
    assert_eq!(line.story(), ["gap", "resynced vanished 0"]);
}

#[test]
fn rule_11_pending_requests_die_with_the_connection() {
    let mut line = Line::new(SITE);
    line.aes.silent.insert("MonitorStart".to_owned());
    line.open();
    line.close();
    line.aes.silent.clear();
    line.open();
    line.frame(&frame(2, &answer("MonitorStartResponse", "<monitorCrossRefID>old</monitorCrossRefID>")).expect("fits"));
    line.frame(&wang_rings("4750").by("old").frame());
    assert_eq!(line.story(), ["resynced vanished 0", "opaque DeliveredEvent"]);
}

#[test]
fn rule_13_a_session_ended_by_the_server_is_started_anew_and_told_as_a_gap() {
    let mut line = Line::ready();
    line.pass(1000);
    line.aes.sessions.clear();
    let terminated = answer(
        "ApplicationSessionTerminated",
        "<sessionID>x</sessionID><sessionTermReason><definedTermReason>resourceLimitation</definedTermReason></sessionTermReason>",
    );
    line.frame(&event_frame(&terminated));
    line.settle();
    assert_eq!(line.story(), ["gap", "resynced vanished 0"]);
    line.frame(&event_frame(&terminated));
    assert_eq!(outcome(&line), Some(Disposition::Reset), "twice in a minute is for the back-off");
}

#[test]
fn rule_13_system_status_is_answered_and_a_lost_switch_is_a_gap() {
    let mut line = Line::ready();
    let status = |value: &str| {
        answer("SystemStatus", &format!("<sysStatRegisterID>5</sysStatRegisterID><systemStatus>{value}</systemStatus>"))
    };
    line.frame(&frame(77, &status("disabled")).expect("fits"));
    let answered = line.requests("SystemStatusResponse");
    assert_eq!(answered.iter().map(|sent| sent.invoke).collect::<Vec<_>>(), [77]);
    line.frame(&frame(78, &status("disabled")).expect("fits"));
    assert_eq!(line.story(), ["down switch CM1"]);
    line.pass(2000);
    line.frame(&frame(79, &status("enabled")).expect("fits"));
    line.settle();
    assert_eq!(line.story(), ["up switch CM1", "gap", "resynced vanished 0"]);
}

#[test]
fn rule_13_link_events_and_lost_messages_count_too() {
    let mut line = Line::ready();
    line.frame(&event_frame(&answer("LinkDownEvent", "<linkName>CM1</linkName>")));
    line.frame(&event_frame(&answer("LinkUpEvent", "<linkName>CM1</linkName>")));
    line.settle();
    assert_eq!(line.story(), ["down switch CM1", "up switch CM1", "gap", "resynced vanished 0"]);
    line.frame(&event_frame(&answer("SystemStatus", "<systemStatus>messagesLost</systemStatus>")));
    line.settle();
    assert_eq!(line.story(), ["gap", "resynced vanished 0"]);
}

#[test]
fn rule_13_a_switch_whose_return_nobody_heard_is_back_when_it_speaks() {
    let lost = |line: &mut Line| {
        line.frame(&event_frame(&answer("LinkDownEvent", "<linkName>CM1</linkName>")));
        line.pass(1_000);
        line.close();
    };
    let mut line = Line::ready();
    lost(&mut line);
    line.open();
    assert_eq!(line.story(), ["down switch CM1", "up switch CM1", "gap", "resynced vanished 0"], "stations are told");
    let mut line = Line::ready_with("vdns = [\"65067\"]");
    lost(&mut line);
    line.open();
    assert_eq!(line.story(), ["down switch CM1", "resynced vanished 0"], "nobody knows, so the gap is open");
    line.hear("call 65067", super::calls::wang_at_vdn());
    line.settle();
    let end = line.story();
    assert_eq!(end[1..], ["up switch CM1", "gap", "resynced vanished 0"], "{end:?}");
    let mut line = Line::ready_with("vdns = [\"65067\"]");
    lost(&mut line);
    line.aes.sessions.clear();
    line.open();
    assert_eq!(line.story(), ["down switch CM1", "up switch CM1", "gap", "resynced vanished 0"], "a new session");
}

#[test]
fn rule_13_late_words_do_not_make_a_lost_switch_come_back() {
    let mut line = Line::ready();
    line.frame(&event_frame(&answer("LinkDownEvent", "<linkName>CM1</linkName>")));
    line.hear("device 4750", wang_rings("4750"));
    let story = line.story();
    assert!(!story.contains(&"up switch CM1".to_owned()), "{story:?}");
}

#[test]
fn a_server_request_with_the_number_of_ours_is_not_taken_for_an_answer() {
    let mut line = Line::new(SITE);
    line.aes.silent.insert("SystemRegister".to_owned());
    line.open();
    let register = line.requests("SystemRegister")[0].invoke;
    line.frame(&frame(register, &answer("SystemStatus", "<systemStatus>normal</systemStatus>")).expect("fits"));
    assert_eq!(line.requests("SystemStatusResponse")[0].invoke, register);
    assert_ne!(register, EVENT);
}

#[test]
fn rule_14_a_graceful_stop_gives_everything_back() {
    let mut line = Line::ready();
    line.give(Input::Stopping);
    assert_eq!(line.requests("MonitorStop").len(), 5);
    assert_eq!(line.requests("StopApplicationSession").len(), 1);
    let saved = String::from_utf8(line.checkpoint.clone().expect("saved")).expect("JSON");
    assert!(!saved.contains("469421A9"), "a stopped session is not recovered: {saved}");
}

#[test]
fn an_unanswered_login_resets_the_link() {
    let mut line = Line::new(SITE);
    line.aes.silent.insert("StartApplicationSession".to_owned());
    line.open();
    line.pass(15_000);
    assert_eq!(outcome(&line), Some(Disposition::Reset));
}

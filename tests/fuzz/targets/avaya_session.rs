//! A whole Avaya connector with its session: the first byte says how its input is cut, timers fire in between.
#![no_main]

use std::sync::LazyLock;

use config::{Config, File, FileFormat, Value};
use libfuzzer_sys::fuzz_target;
use trunkline_connectors::avaya::AvayaDmcc;
use trunkline_connectors::contract::{Action, Actions, Input, Kind, Protocol, SourceId};
use trunkline_events::Timestamp;

const PARAMS: &str = "[params]\nhost = 'aes.example.test'\nuser = 'trunkline'\npassword = 'change-me'\n\
                      switch_name = 'CM1'\nstations = ['4750', '4760-4762']\nskills = ['601']\nvdns = ['65067']\n";

static PARAMS_READ: LazyLock<Value> = LazyLock::new(|| {
    let config = Config::builder().add_source(File::from_str(PARAMS, FileFormat::Toml)).build();
    config.expect("TOML").get("params").expect("a table")
});

struct Line {
    protocol: Box<dyn Protocol>,
    seconds: i64,
    timers: Vec<&'static str>,
}

impl Line {
    fn give(&mut self, input: Input<'_>) {
        self.seconds += 1;
        let now = Timestamp::from_unix_seconds(self.seconds).expect("an instant");
        let mut actions = Actions::new(now);
        let failed = self.protocol.on(input, &mut actions).is_err();
        let mut reset = failed;
        for action in actions.into_list() {
            match action {
                Action::Timer { timer, after: Some(_) } if !self.timers.contains(&timer) => self.timers.push(timer),
                Action::Reset { .. } => reset = true,
                _ => {}
            }
        }
        if reset {
            self.again();
        }
    }

    /// What a driver does after a fault.
    fn again(&mut self) {
        for input in [Input::Closed { reason: "fault" }, Input::Opened { peer: "192.0.2.1:4722" }] {
            self.seconds += 1;
            let now = Timestamp::from_unix_seconds(self.seconds).expect("an instant");
            let _ = self.protocol.on(input, &mut Actions::new(now));
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((cut, bytes)) = data.split_first() else { return };
    let id = SourceId::new("fuzz").expect("a name");
    let built = AvayaDmcc.build(&id, &PARAMS_READ).expect("good parameters");
    let mut line = Line { protocol: built.protocol, seconds: 1_770_000_000, timers: Vec::new() };
    line.give(Input::Restored(None));
    line.give(Input::Opened { peer: "192.0.2.1:4722" });
    for part in bytes.chunks(usize::from(*cut) * 8 + 1) {
        line.give(Input::Bytes(part));
        if part[0] & 1 == 1
            && let Some(timer) = line.timers.pop()
        {
            line.give(Input::Tick { timer });
        }
    }
    line.give(Input::Stopping);
});

//! What may stand on the command line; help, completions and the man page come from here.

mod figures;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod known;

pub(crate) use known::{AgentCommand, ExportForm, Members, SegmentCommand, SetArgs, TagCommand, TimelineArgs};
use trunkline_events::customer::RawHandle;

mod cdr;

pub(crate) use cdr::{
    CdrCommand, CdrFilter, ExportArgs, ExportFormat, ImportFormat, MediumArg, RebuildArgs, ReconcileArgs,
};
pub(crate) use figures::{AuditArgs, BooksBy, HotspotCommand, RecordArgs, ReplayArgs, SeriesCommand, Speed};

/// Rules Trunkline from a terminal: mappings, customers, records, connectors, dead letters, books.
///
/// Exit codes: 0 done; 1 the answer is no (not found, does not add up, configuration wrong); 2 it could not be done
/// (usage, daemon not reachable, token refused).
#[derive(Debug, Parser)]
#[command(name = "trunkctl", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Where and how to ask.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Address of the daemon's HTTP API.
    #[arg(long, global = true, env = "TRUNKLINE_SERVER", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub(crate) server: String,
    /// Token. Other users of this machine see the command line: a file or TRUNKLINE_TOKEN is better.
    #[arg(long, global = true, value_name = "TOKEN", conflicts_with = "token_file")]
    pub(crate) token: Option<String>,
    /// File whose first line is the token; the daemon writes its first one to <data_dir>/admin.token. Else
    /// TRUNKLINE_TOKEN, else TRUNKLINE_TOKEN_FILE.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// JSON instead of a table.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// The nouns.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Links to outside systems.
    #[command(subcommand)]
    Connector(ConnectorCommand),
    /// Customers: who is who, and why.
    #[command(subcommand)]
    Customer(CustomerCommand),
    /// What the rules could not decide, put before a person.
    #[command(subcommand)]
    Conflict(ConflictCommand),
    /// Conversation records.
    #[command(subcommand)]
    Cdr(CdrCommand),
    /// Our agents: who is who in which system.
    #[command(subcommand)]
    Agent(AgentCommand),
    /// Tags, in each system's own words.
    #[command(subcommand)]
    Tag(TagCommand),
    /// Customers by what is known of them.
    #[command(subcommand)]
    Segment(SegmentCommand),
    /// The bus.
    #[command(subcommand)]
    Bus(BusCommand),
    /// A recording in, canonical events as JSON lines out. Needs no daemon.
    Decode(DecodeArgs),
    /// Identity rules: tried on a file of evidence, or on the customers that are stored.
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Mapping rules: what becomes of fields, tags and attributes.
    #[command(subcommand)]
    Mapping(MappingCommand),
    /// Books: taken = stored + duplicate + rejected + waiting. Exit code 1 when they do not add up or something is lost.
    Audit(AuditArgs),
    /// Counters of tags, words and queues by day.
    #[command(subcommand)]
    Hotspot(HotspotCommand),
    /// Series of numbers by hour.
    #[command(subcommand)]
    Series(SeriesCommand),
    /// Records what a connector tells, with personal data masked, into a file.
    Record(RecordArgs),
    /// Plays a recording into a test system.
    Replay(ReplayArgs),
    /// Tokens for people and programs.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Completions for a shell, on stdout.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// The man page, on stdout.
    Man,
}

/// `trunkctl config`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Tells everything that is wrong, at once. Needs no daemon.
    Check {
        /// The daemon's configuration file.
        #[arg(long, short, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Prints the embedded defaults, which name every key. Needs no daemon.
    Default,
}

/// `trunkctl connector`
#[derive(Debug, Subcommand)]
pub(crate) enum ConnectorCommand {
    /// Kinds that are built in. Needs no daemon.
    Kinds,
    /// An example entry of one kind. Needs no daemon.
    Example {
        /// One of `connector kinds`.
        kind: String,
    },
    /// Connectors of the daemon and how they are.
    List,
    /// Stops one connector until it is resumed.
    Pause {
        /// Its name.
        name: String,
    },
    /// Starts a paused connector.
    Resume {
        /// Its name.
        name: String,
    },
}

/// `trunkctl customer`
#[derive(Debug, Subcommand)]
pub(crate) enum CustomerCommand {
    /// By phone number in any spelling, e-mail, account, CRM id, or the beginning of a name.
    Find {
        /// What to look for.
        text: String,
    },
    /// Handles, profile, tags and journey of one customer.
    Show {
        /// Customer id; former ids count.
        customer: String,
    },
    /// Everything that happened with one customer, the newest first: calls, chats, messages, mails, tickets, pages, tags,
    /// remarks.
    Timeline(TimelineArgs),
    /// Writes profile fields and tags of one customer, as an agent does.
    Set(SetArgs),
    /// Why these handles are one customer, and what was refused.
    Explain {
        /// Customer id; former ids count.
        customer: String,
    },
    /// Makes two customers one, whatever the rules say.
    Merge {
        /// Customer id.
        customer: String,
        /// The other's id.
        other: String,
        /// Why; kept in the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Takes handles out of a customer for good.
    Split {
        /// Customer id.
        customer: String,
        /// A handle that leaves, as `customer show` prints it: scheme:scope:value, `phone::+8613800138000`.
        #[arg(long = "handle", required = true, value_name = "HANDLE", value_parser = handle)]
        handles: Vec<RawHandle>,
        /// Why; kept in the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Takes back a merge or a split.
    Undo {
        /// The directive's id, as merge, split and explain print it.
        directive: String,
        /// Why; kept in the audit log.
        #[arg(long)]
        reason: String,
    },
}

/// `trunkctl conflict`
#[derive(Debug, Subcommand)]
pub(crate) enum ConflictCommand {
    /// Evidence that a rule stood against, latest first: something is wrong with one of the two sides.
    List {
        /// Instead, evidence that proves too little: two known customers name one contact.
        #[arg(long)]
        candidates: bool,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One of them, with the evidence on both sides.
    Show {
        /// Its id.
        id: String,
    },
    /// Decides: the two sides are one person.
    Join {
        /// Its id.
        id: String,
        /// Why; kept in the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Decides: the two sides are two people. Nobody is asked again.
    Part {
        /// Its id.
        id: String,
        /// Why; kept in the audit log.
        #[arg(long)]
        reason: String,
    },
}

/// `scheme:scope:value`; only the value may hold colons of its own.
fn handle(text: &str) -> Result<RawHandle, String> {
    let mut parts = text.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(scheme), Some(scope), Some(value)) if !scheme.is_empty() && !value.is_empty() => Ok(RawHandle {
            scheme: scheme.to_owned(),
            scope: scope.to_owned(),
            value: value.to_owned(),
            verified: false,
        }),
        _ => Err("write scheme:scope:value as 'customer show' prints it, like phone::+8613800138000".to_owned()),
    }
}

/// `trunkctl bus`
#[derive(Debug, Subcommand)]
pub(crate) enum BusCommand {
    /// Messages that nobody could take, each with its reason.
    #[command(subcommand)]
    Dead(DeadCommand),
}

/// `trunkctl bus dead`
#[derive(Debug, Subcommand)]
pub(crate) enum DeadCommand {
    /// What lies there.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// One message with its body.
    Show {
        /// Message id.
        id: String,
    },
    /// Puts messages back where they came from.
    Replay(DeadSelection),
    /// Throws messages away.
    Purge(DeadSelection),
}

/// Which dead letters.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct DeadSelection {
    /// Message ids.
    pub(crate) ids: Vec<String>,
    /// All of them.
    #[arg(long)]
    pub(crate) all: bool,
}

/// `trunkctl decode`
#[derive(Debug, Args)]
pub(crate) struct DecodeArgs {
    /// One of `connector kinds`: what the bytes in the file mean. Not needed for what `trunkctl record` wrote.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// The recording; `-` for standard input.
    pub(crate) file: PathBuf,
    /// Name of the connector in the events.
    #[arg(long, default_value = "recording")]
    pub(crate) source: String,
    /// Instant of events in recordings that carry no time (RFC 3339).
    #[arg(long, default_value = "1970-01-01T00:00:00Z")]
    pub(crate) start: String,
}

/// `trunkctl identity`
#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// JSON lines of evidence in, one JSON line a customer out. Needs no daemon.
    Resolve {
        /// The evidence; `-` for standard input.
        file: PathBuf,
        /// Scheme rules instead of the built-in ones.
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
        /// Dial plan instead of the built-in one.
        #[arg(long, value_name = "FILE")]
        dial_plan: Option<PathBuf>,
    },
    /// What a change of the rules would do to the customers that are stored: who would join, who would part. Nothing is
    /// touched.
    Plan {
        /// Identity rules, as the configuration's mapping.identity_rules names them.
        rules: PathBuf,
        /// Show at most so many of the changes.
        #[arg(long, default_value_t = 10)]
        samples: usize,
    },
}

/// `trunkctl mapping`
#[derive(Debug, Subcommand)]
pub(crate) enum MappingCommand {
    /// Tells everything that is wrong with rule files, with file, line and nearest name. Needs no daemon.
    Check {
        /// Folder with the rule files.
        folder: PathBuf,
        /// The daemon's configuration file, to know which connectors there are.
        #[arg(long, short, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Runs the tests beside the rules. Needs no daemon.
    Test {
        /// Folder with the rule files.
        folder: PathBuf,
    },
    /// What differs from the rules that count; exit code 1 if anything does.
    Diff {
        /// Folder with the rule files.
        folder: PathBuf,
    },
    /// Runs stored events through the rules that count and through these: what would come out otherwise. Changes nothing.
    Plan {
        /// Folder with the rule files.
        folder: PathBuf,
        /// Only events received then or later (RFC 3339).
        #[arg(long, value_name = "INSTANT")]
        since: Option<String>,
        /// At most so many events, the latest.
        #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
        last: u32,
        /// Shows values of a few events, which may be personal data; stands in the audit log.
        #[arg(long)]
        show: bool,
    },
    /// Makes rules count, if nothing is wrong and all tests pass. Every daemon maps by them within a second.
    Apply {
        /// Folder with the rule files.
        folder: PathBuf,
        /// Why; kept with the version and in the audit log.
        #[arg(long)]
        note: String,
    },
    /// Applied versions, the newest first.
    History {
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// The files of a version.
    Show {
        /// Its number, or active.
        #[arg(value_name = "VERSION", default_value = "active")]
        number: String,
    },
    /// Makes the files of an old version count again, as a new version.
    Rollback {
        /// Its number.
        #[arg(value_name = "VERSION")]
        number: i64,
        /// Why; kept with the version and in the audit log.
        #[arg(long)]
        note: String,
    },
    /// By which rules a stored event was mapped.
    Event {
        /// The event's id.
        event: String,
    },
}

/// `trunkctl token`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Makes a token; its secret is shown this once.
    Create {
        /// What it is for; stands in the audit log.
        #[arg(long)]
        name: String,
        /// What it may do.
        #[arg(long = "scope", required = true)]
        scopes: Vec<ScopeArg>,
        /// For scope agent: his extension.
        #[arg(long)]
        extension: Option<String>,
        /// For scope agent: his login id.
        #[arg(long)]
        agent: Option<String>,
        /// Days until it expires; never when left out.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
    },
    /// Tokens, without their secrets.
    List,
    /// Ends a token at once.
    Revoke {
        /// Token id.
        id: String,
    },
}

/// What a token may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ScopeArg {
    /// Own pops and the customers of own calls; needs --extension or --agent.
    Agent,
    /// The online agents' page: customers, their records, remarks.
    Desk,
    /// Reads customers and records.
    Integrator,
    /// Everything.
    Admin,
}

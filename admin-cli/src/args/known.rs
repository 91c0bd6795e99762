//! What is known of customers and agents: arguments of `customer timeline`, `agent`, `tag`, `segment`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `trunkctl customer timeline`
#[derive(Debug, Args)]
pub(crate) struct TimelineArgs {
    /// Customer id; former ids count.
    pub(crate) customer: String,
    /// These kinds only: call, chat, message, mail, ticket, online, page, offline, breakpoint, tag, remark.
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    pub(crate) kinds: Vec<String>,
    /// voice, chat, mail, ticket, app or tag.
    #[arg(long)]
    pub(crate) medium: Option<String>,
    /// With this agent: his id here, which stands for all his logins, or a login.
    #[arg(long)]
    pub(crate) agent: Option<String>,
    /// At or after (RFC 3339).
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// Before (RFC 3339).
    #[arg(long)]
    pub(crate) until: Option<String>,
    /// Where the page before ended, as it was printed.
    #[arg(long)]
    pub(crate) cursor: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: u32,
}

/// `trunkctl customer set`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("written").args(["fields", "tags", "untags"]).required(true).multiple(true))]
pub(crate) struct SetArgs {
    /// Customer id; former ids count.
    pub(crate) customer: String,
    /// A field and its value; `level=` empties it.
    #[arg(value_name = "FIELD=VALUE", value_parser = field)]
    pub(crate) fields: Vec<(String, String)>,
    /// Sets a tag, by its name here.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Takes a tag away.
    #[arg(long = "untag", value_name = "TAG")]
    pub(crate) untags: Vec<String>,
}

fn field(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or("write FIELD=VALUE, like level=gold")?;
    if field.trim().is_empty() {
        return Err("write FIELD=VALUE, like level=gold".to_owned());
    }
    Ok((field.trim().to_owned(), value.to_owned()))
}

/// `trunkctl agent`
#[derive(Debug, Subcommand)]
pub(crate) enum AgentCommand {
    /// All agents.
    List {
        /// Instead, logins that events told of and that are nobody's.
        #[arg(long)]
        unlinked: bool,
    },
    /// One agent with his logins.
    Show {
        /// His id here.
        agent: String,
    },
    /// Whose login it is. Exit code 1 if it is nobody's.
    Who {
        /// system/login, like avaya-bj/2001.
        login: String,
    },
    /// Gives a login to an agent, who is made if there is none of this id.
    Link {
        /// His id here.
        agent: String,
        /// system/login, like avaya-bj/2001.
        login: String,
    },
    /// Takes a login from an agent.
    Unlink {
        /// His id here.
        agent: String,
        /// system/login, like avaya-bj/2001.
        login: String,
    },
    /// Takes in a list (CSV: agent,name,group,skills,extension,phones,emails,logins). Agents that it does not name stay as
    /// they are.
    Import {
        /// The list; `-` for standard input.
        file: PathBuf,
        /// Only tells what is wrong with it. Needs no daemon.
        #[arg(long)]
        check: bool,
    },
}

/// `trunkctl tag`
#[derive(Debug, Subcommand)]
pub(crate) enum TagCommand {
    /// Every word that a system ever used for a tag, and the tag that it stands for.
    List {
        /// Only words that no rule names.
        #[arg(long)]
        unknown: bool,
    },
}

/// `trunkctl segment`
#[derive(Debug, Subcommand)]
pub(crate) enum SegmentCommand {
    /// The declared segments.
    List,
    /// How many customers belong to a segment.
    Count(Members),
    /// Customers of a segment.
    Show {
        /// Which segment.
        #[command(flatten)]
        members: Members,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Customers of a segment, all of them, to standard output or a file.
    Export {
        /// Which segment.
        #[command(flatten)]
        members: Members,
        /// CSV or JSON lines.
        #[arg(long, value_enum, default_value_t = ExportForm::Csv)]
        format: ExportForm,
        /// Profile fields to add to the CSV, each a column.
        #[arg(long = "field", value_name = "FIELD", value_delimiter = ',')]
        fields: Vec<String>,
        /// File to write; it must not be there yet.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Who belongs to it.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Members {
    /// A declared segment.
    pub(crate) segment: Option<String>,
    /// A condition instead, in CEL: '"vip" in tags && last_call_days < 30 && profile.city == "Shanghai"'.
    #[arg(long, value_name = "CONDITION")]
    pub(crate) when: Option<String>,
}

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportForm {
    /// Comma-separated values; a cell that a spreadsheet would take for a formula begins with an apostrophe.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

//! `trunkctl cdr`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `trunkctl cdr`
#[derive(Debug, Subcommand)]
pub(crate) enum CdrCommand {
    /// Records, newest first.
    List(CdrFilter),
    /// One record with its legs.
    Show {
        /// Record id.
        id: String,
        /// What each revision changed, when and why, instead of the record.
        #[arg(long)]
        revisions: bool,
    },
    /// Makes records anew from their raw events, page by page, while events flow.
    Rebuild(RebuildArgs),
    /// Brings a switch's own records (CDR, SMDR, bills) into the store.
    Import {
        /// The switch's file.
        file: PathBuf,
        /// What it is.
        #[arg(long)]
        format: ImportFormat,
        /// Which column means what, in which zone: see docs/records.md.
        #[arg(long, value_name = "FILE")]
        mapping: PathBuf,
    },
    /// Holds records against the switches' own. Exit code 1 if one side has more, or they differ.
    Reconcile(ReconcileArgs),
    /// Removes what the retention policy says is old; the daemon does it each night.
    Retention {
        /// Only says what would be removed.
        #[arg(long)]
        dry_run: bool,
    },
    /// Records to a file or to stdout, newest first.
    Export(ExportArgs),
}

/// Which records.
#[derive(Debug, Args)]
pub(crate) struct CdrFilter {
    /// Of one customer.
    #[arg(long)]
    pub(crate) customer: Option<String>,
    /// Of one number, in any spelling.
    #[arg(long)]
    pub(crate) number: Option<String>,
    /// Of one agent.
    #[arg(long)]
    pub(crate) agent: Option<String>,
    /// Started at or after (RFC 3339).
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// Started before (RFC 3339).
    #[arg(long)]
    pub(crate) until: Option<String>,
    /// Calls or chats only.
    #[arg(long)]
    pub(crate) medium: Option<MediumArg>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u32,
}

/// Voice or chat.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum MediumArg {
    /// Calls.
    Voice,
    /// Chats.
    Chat,
}

/// What is made anew.
#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// Conversations that began then or later (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Of one connector.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// Goes on after this conversation, where an earlier run stopped.
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
    /// Conversations in one transaction.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) page: u32,
    /// Only says what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// A switch's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFormat {
    /// Comma-separated, names in the first line.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Which records are compared.
#[derive(Debug, Args)]
#[group(id = "when", required = true)]
pub(crate) struct ReconcileArgs {
    /// A day of the configured zone, 2026-11-21. Its report is kept.
    #[arg(long, value_name = "DATE", group = "when", conflicts_with_all = ["since", "until", "report"])]
    pub(crate) day: Option<String>,
    /// Calls that ended then or later (RFC 3339).
    #[arg(long, value_name = "TIME", group = "when", requires = "until")]
    pub(crate) since: Option<String>,
    /// Calls that ended before (RFC 3339).
    #[arg(long, value_name = "TIME", requires = "since")]
    pub(crate) until: Option<String>,
    /// Shows the kept report of a day, as the night made it.
    #[arg(long, value_name = "DATE", group = "when", conflicts_with_all = ["since", "until", "dry_run"])]
    pub(crate) report: Option<String>,
    /// Only compares: records do not get the switch's figures, no report is kept.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What is exported, and how.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// How it is written.
    #[arg(long)]
    pub(crate) format: ExportFormat,
    /// Started at or after (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Started before (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// To this file, which is whole when it is there; to stdout, if left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One line a record, names in the first; safe to open in a spreadsheet.
    Csv,
    /// One JSON object a line: the whole record with its legs.
    Jsonl,
    /// Columns for analysis.
    Parquet,
}

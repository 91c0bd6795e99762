//! The man page: all commands on one page, as few are as small as most of ours.

use anyhow::Result;
use clap::CommandFactory;
use clap_mangen::Man;

use crate::args::Cli;

/// The page in roff: the program, then each command that does something under a heading of its own.
pub(super) fn page() -> Result<String> {
    let root = Cli::command();
    let mut page = Vec::new();
    Man::new(root.clone()).render(&mut page)?;
    for (name, command) in leaves(&root, root.get_name()) {
        let mut section = Vec::new();
        let man = Man::new(command.clone().bin_name(&name).display_name(&name));
        man.render_synopsis_section(&mut section)?;
        man.render_description_section(&mut section)?;
        man.render_options_section(&mut section)?;
        let section = String::from_utf8_lossy(&section).replace(".SH ", ".SS ");
        page.extend(format!(".SH {}\n{section}", name.to_uppercase().replace('-', "\\-")).bytes());
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Every command without commands of its own, by its whole name.
fn leaves(command: &clap::Command, name: &str) -> Vec<(String, clap::Command)> {
    command
        .get_subcommands()
        .flat_map(|inner| {
            let name = format!("{name} {}", inner.get_name());
            if inner.has_subcommands() { leaves(inner, &name) } else { vec![(name, inner.clone())] }
        })
        .collect()
}

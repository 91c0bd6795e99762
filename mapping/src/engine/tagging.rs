//! The words that sources use for tags.

use super::records::Records;
use crate::store::{StoreError, WordRow, tags};
use crate::view::TagWordView;

impl Records {
    /// Every word that a source ever used for a tag, by source; with the tag that it stands for, where a rule names it.
    pub async fn tag_words(&self) -> Result<Vec<TagWordView>, StoreError> {
        let words = self.store.reading().ask(tags::words()).await?;
        let view = |WordRow { source, word, first_seen }: WordRow| {
            let tag = self.current.knowledge.profile.tag(&source, &word).map(str::to_owned);
            TagWordView { source, word, tag, first_seen }
        };
        Ok(words.into_iter().map(view).collect())
    }
}

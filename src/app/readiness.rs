//! What must be well before work is taken.

use super::App;

impl App {
    /// `(check, whether it is well, what was found)`.
    pub async fn readiness(&self) -> Vec<(&'static str, bool, String)> {
        let mut checks = Vec::new();
        match self.db.ping().await {
            Ok(()) => checks.push(("database", true, "answers".to_owned())),
            Err(error) => {
                tracing::warn!(%error, "database not ready");
                checks.push(("database", false, "does not answer".to_owned()));
                return checks;
            }
        }
        match self.db.check_durability().await {
            Ok(problems) if problems.is_empty() => {
                checks.push(("durability", true, "commits are synced".to_owned()))
            }
            Ok(problems) => {
                let found: Vec<_> = problems
                    .iter()
                    .map(|p| format!("{} is {}, must be {}", p.setting, p.found, p.wanted))
                    .collect();
                checks.push(("durability", false, found.join("; ")));
            }
            Err(error) => {
                tracing::warn!(%error, "durability not checked");
                checks.push(("durability", false, "cannot be checked".to_owned()));
            }
        }
        // Straight lines take the place of whatever fails there, so it never keeps the service from work.
        checks.push(("travel_times", true, self.travel.told()));
        checks.push(("running", !self.shutdown.is_triggered(), "taking work unless stopping".to_owned()));
        checks
    }
}

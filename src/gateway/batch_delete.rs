//! DeleteObjects: each key judged by itself, the allowed ones sent, the answers merged (DESIGN section 7).

use super::buckets::Place;
use super::data_plane::{Call, pass};
use super::facts::{About, Seen};
use super::{Fault, Gateway, Scene};
use crate::authz::Permit;
use crate::s3::{self, Body, DeleteBody, merge_delete_result, parse_delete_result};
use crate::types::Requirement;
use crate::wire::Response;

impl Gateway {
    pub(super) async fn delete_objects(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Response, Fault> {
        let place = self.place(call.request.bucket()).await?;
        let Some(Body::Delete(delete)) = self.read_deciding_body(scene, call, &place).await? else {
            return Err(Fault::NothingRequired);
        };
        let (permits, refusals) = self.judge_entries(scene, call, &delete, &place).await?;
        if !permits.is_empty() {
            self.there(call, &place)?;
        }
        let outcomes = match permits.first() {
            // Nothing was allowed: the backend hears of nothing.
            None => Vec::new(),
            Some(permit) => {
                let document = delete.to_xml(|at| refusals.get(at).is_some_and(Option::is_none));
                let answer = self.send(permit, call, document).await?;
                if answer.status != 200 {
                    return Ok(pass(answer));
                }
                parse_delete_result(&answer.body)?
            }
        };
        let merged = merge_delete_result(&delete, |at| refusals.get(at).cloned().flatten(), &outcomes);
        Ok(Response::new(200, "application/xml", merged))
    }

    /// A permit for each allowed entry, and for each entry in order the message of its refusal. The bucket's tags are
    /// asked for once; those of the objects are no condition on deleting them, as with AWS.
    async fn judge_entries(
        &self,
        scene: &mut Scene<'_>,
        call: &Call<'_>,
        delete: &DeleteBody,
        place: &Place,
    ) -> Result<(Vec<Permit>, Vec<Option<String>>), Fault> {
        let mut seen = Seen::default();
        let mut permits = Vec::new();
        let mut refusals = Vec::with_capacity(delete.entries.len());
        for entry in &delete.entries {
            let needs = || s3::entry_requirements(call.request, entry);
            let about = |_: &Requirement| About { entry: Some(entry), ..About::bucket(place) };
            refusals.push(match self.judge(scene, call, &mut seen, needs, about).await? {
                Some(Ok(permit)) => {
                    scene.trace.allowed(&permit);
                    permits.push(permit);
                    None
                }
                Some(Err(denied)) => {
                    scene.trace.partly_denied(&denied);
                    Some(denied.message())
                }
                // An entry that needs nothing is never deleted.
                None => Some(Fault::NothingRequired.to_string()),
            });
        }
        Ok((permits, refusals))
    }
}
